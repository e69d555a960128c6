use domain::endpoint::{Event, EventKind};
use domain::ports::AuditTrail;
use time::Duration;
use vocabulary::names::Origin;

use super::{endpoint, whole_second};

/// `seed` is one that no other test uses.
pub async fn audit_trail(trail: &impl AuditTrail, seed: u64) {
    let now = whole_second();
    let (id, other) = (endpoint(seed, now).id, endpoint(seed + 1, now).id);
    assert_eq!(trail.events(&id, None, 9).await, Ok(vec![]), "nothing is there before");

    let who = "arn:aws:iam::123456789012:user/ann".into();
    let by = Origin { who, address: Some("192.0.2.1".into()), operator: true };
    let event =
        |n: i64| Event::act(EventKind::Changed, by.clone(), format!("Change {n}."), now + Duration::seconds(n), 7);
    for n in [2, 0, 1, 3] {
        trail.record(&id, &event(n)).await.expect("recorded");
    }
    trail.record(&id, &event(3)).await.expect("recorded twice");
    trail.record(&other, &event(9)).await.expect("recorded");

    let events = async |after: Option<&str>, limit| trail.events(&id, after, limit).await.expect("answers");
    assert_eq!(events(None, 9).await, [event(3), event(2), event(1), event(0)], "newest first, each once");
    assert_eq!(events(None, 2).await, [event(3), event(2)], "the newest, if there are more");
    assert_eq!(events(Some(&event(1).id), 9).await, [event(3), event(2)], "those later than one");
    assert_eq!(events(Some(&event(0).id), 2).await, [event(2), event(1)], "the next ones, so that none is passed over");
    assert_eq!(events(Some(&event(3).id), 9).await, []);
    assert_eq!(trail.events(&other, None, 9).await, Ok(vec![event(9)]), "an endpoint's events are its own");

    // Other tests may write at the same time: this one reads only its own events.
    let now = now + Duration::seconds(20);
    let recent = async |after: Option<&str>, limit| {
        let all = trail.recent(after, limit, now).await.expect("answers");
        let own = |(whose, event)| (whose == id || whose == other).then_some(event);
        all.into_iter().filter_map(own).collect::<Vec<_>>()
    };
    let before = Event::act(EventKind::Changed, by.clone(), "Before.", whole_second() - Duration::HOUR, 0);
    let mut seen = recent(Some(&before.id), 1000).await;
    // An index may lag behind.
    for _ in 0..20 {
        if seen.len() == 5 {
            break;
        }
        seen = recent(Some(&before.id), 1000).await;
    }
    assert_eq!(seen, [event(9), event(3), event(2), event(1), event(0)], "of all endpoints, newest first");
    assert_eq!(recent(Some(&event(3).id), 1000).await, [event(9)], "those later than one");
}
