use domain::ports::{TokenStore, TxtZone};
use vocabulary::names::DomainName;

/// `host` is one that no other test uses.
pub async fn token_store(tokens: &impl TokenStore, host: &DomainName) {
    let other: DomainName = format!("other.{host}").parse().expect("a valid name");
    assert_eq!(tokens.read(host, "token").await, Ok(None), "nothing is there before");
    tokens.withdraw(host, "token").await.expect("withdrawing nothing is fine");

    tokens.publish(host, "token", "first").await.expect("published");
    tokens.publish(host, "token", "second").await.expect("published again");
    assert_eq!(tokens.read(host, "token").await, Ok(Some("second".into())), "the later body replaces the earlier");
    assert_eq!(tokens.read(&other, "token").await, Ok(None), "a token is for one host");
    assert_eq!(tokens.read(host, "token2").await, Ok(None), "and exactly itself");

    tokens.withdraw(host, "token").await.expect("withdrawn");
    tokens.withdraw(host, "token").await.expect("withdrawn twice");
    assert_eq!(tokens.read(host, "token").await, Ok(None), "it is gone");
}

/// `name` is in the zone, and no other test uses it; `read` shows the TXT values there.
pub async fn txt_zone(zone: &impl TxtZone, name: &str, read: impl AsyncFn(&str) -> Vec<String>) {
    let values = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
    zone.withdraw(name, &values(&["a"])).await.expect("withdrawing nothing is fine");

    let change = zone.publish(name, &values(&["old"])).await.expect("published");
    assert!(!change.is_empty(), "a change has an id");
    zone.change_state(&change).await.expect("the change is known");
    zone.publish(name, &values(&["a", "b"])).await.expect("published again");
    assert_eq!(read(name).await, ["a", "b"], "the set is replaced as a whole");
    zone.publish(name, &values(&["a", "b"])).await.expect("the same again");

    zone.withdraw(name, &values(&["a", "never there"])).await.expect("withdrawn");
    assert_eq!(read(name).await, ["b"], "values of others stay");
    zone.withdraw(name, &values(&["a"])).await.expect("withdrawn twice");
    assert_eq!(read(name).await, ["b"]);
    zone.withdraw(name, &values(&["b"])).await.expect("the rest");
    assert!(read(name).await.is_empty(), "no empty set is left");
}
