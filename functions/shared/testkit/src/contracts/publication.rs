use domain::ports::{TokenStore, TxtChange, TxtZone, ZoneError};
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

/// `name` is in the zone, and no other test uses it or a name under it; `read` shows the TXT values there.
pub async fn txt_zone(zone: &impl TxtZone, name: &str, read: impl AsyncFn(&str) -> Vec<String>) {
    let values = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
    let publish = |list: &[&str]| TxtChange::publish(name, &values(list));
    zone.withdraw(name, &values(&["a"])).await.expect("withdrawing nothing is fine");

    let change = zone.change(&[publish(&["old"])]).await.expect("published");
    assert!(!change.is_empty(), "a change has an id");
    zone.change_state(&change).await.expect("the change is known");
    zone.change(&[publish(&["a", "b"])]).await.expect("published again");
    assert_eq!(read(name).await, ["a", "b"], "the set is replaced as a whole");
    zone.change(&[publish(&["a", "b"])]).await.expect("the same again");

    zone.withdraw(name, &values(&["a", "never there"])).await.expect("withdrawn");
    assert_eq!(read(name).await, ["b"], "values of others stay");
    zone.withdraw(name, &values(&["a"])).await.expect("withdrawn twice");
    assert_eq!(read(name).await, ["b"]);
    zone.withdraw(name, &values(&["b"])).await.expect("the rest");
    assert!(read(name).await.is_empty(), "no empty set is left");

    // Several names in one request, all or none.
    let names: Vec<String> = (0..3).map(|n| format!("n{n}.{name}")).collect();
    let all: Vec<_> = names.iter().map(|name| TxtChange::publish(name, &values(&["x"]))).collect();
    zone.change(&all).await.expect("published together");
    let mut gone: Vec<_> = names.iter().map(|name| TxtChange::withdraw(name, &values(&["x"]))).collect();
    gone.push(TxtChange::withdraw(name, &values(&["never there"])));
    let refused = zone.change(&gone).await;
    assert!(matches!(refused, Err(ZoneError::Refused(_))), "{refused:?}");
    assert_eq!(read(&names[0]).await, ["x"], "of a request that is refused nothing is done");
    gone.pop();
    zone.change(&gone).await.expect("withdrawn together");
    assert!(read(&names[2]).await.is_empty());
}
