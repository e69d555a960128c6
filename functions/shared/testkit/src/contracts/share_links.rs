use domain::endpoint::{Event, EventKind, Share};
use domain::ports::{AuditTrail, ShareLinks};
use time::Duration;
use vocabulary::names::Origin;

use super::{endpoint, whole_second};

/// `seed` is one that no other test uses.
pub async fn share_links(links: &(impl ShareLinks + AuditTrail), seed: u64) {
    let now = whole_second();
    let (id, other) = (endpoint(seed, now).id, endpoint(seed + 1, now).id);
    let by = Origin { who: "ann".into(), address: None, operator: false };
    let share = |name: &str, hours: i64| Share {
        id: name.repeat(64),
        created_by: by.clone(),
        created_at: now + Duration::seconds(hours),
        expires_at: now + Duration::hours(hours),
    };
    let event = |kind, salt| Event::act(kind, by.clone(), "A link.", now, salt);
    let (short, long) = (share("a", 1), share("b", 2));
    assert_eq!(links.link(&id, &short.id).await, Ok(None), "nothing is there before");
    for (share, salt) in [(&short, 1), (&long, 2)] {
        links.create(&id, share, &event(EventKind::LinkCreated, salt)).await.expect("created");
    }
    assert_eq!(links.link(&id, &short.id).await, Ok(Some(short.clone())), "it reads as it was written");
    assert_eq!(links.link(&other, &short.id).await, Ok(None), "a link is of one endpoint");

    assert_eq!(links.links(&id, now).await, Ok(vec![long.clone(), short.clone()]), "newest first");
    assert_eq!(links.links(&id, short.expires_at).await, Ok(vec![long.clone()]), "at its end a link is no longer open");
    assert_eq!(links.links(&other, now).await, Ok(vec![]));

    let revoked = event(EventKind::LinkRevoked, 3);
    assert_eq!(links.revoke(&other, &long.id, &revoked).await, Ok(false), "nobody else's link is revoked");
    assert_eq!(links.revoke(&id, &long.id, &revoked).await, Ok(true));
    assert_eq!(links.revoke(&id, &long.id, &event(EventKind::LinkRevoked, 4)).await, Ok(false), "once");
    assert_eq!(links.link(&id, &long.id).await, Ok(None), "it is gone at once");
    let kinds: Vec<_> =
        links.events(&id, None, 9).await.expect("answers").into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::LinkRevoked, EventKind::LinkCreated, EventKind::LinkCreated], "each is in the trail");
    assert_eq!(links.events(&other, None, 9).await, Ok(vec![]), "and what did not happen is not");
}
