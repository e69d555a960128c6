use domain::endpoint::EndpointStatus;
use domain::overview::Summary;
use domain::ports::{Position, Registry, SUMMARY_PARTS, Summaries, SummaryPart};
use domain::status::status_of;
use time::Duration;
use vocabulary::names::Scope;

use super::{endpoint, registered, whole_second};

/// `seed` is one that no other test uses, nor the nineteen numbers after it.
pub async fn summaries(store: &(impl Summaries + Registry), seed: u64) {
    let now = whole_second();
    let all: Vec<_> = (seed..seed + 20).map(|seed| endpoint(seed, now)).collect();
    for endpoint in &all {
        store.register(endpoint, &registered(endpoint), None).await.expect("registered");
    }
    let mut found = Vec::new();
    for part in 0..SUMMARY_PARTS {
        let (mut of_part, mut after): (Vec<_>, Option<Position>) = (Vec::new(), None);
        loop {
            let page = store.list_part(part, after.as_ref(), 3).await.expect("answers");
            of_part.extend(page.endpoints);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert!(of_part.is_sorted_by_key(Position::of), "a part is sorted by domain");
        found.extend(of_part.into_iter().map(|endpoint| endpoint.id).filter(|id| all.iter().any(|one| one.id == *id)));
    }
    found.sort();
    let mut expected: Vec<_> = all.iter().map(|endpoint| endpoint.id.clone()).collect();
    expected.sort();
    assert_eq!(found, expected, "every endpoint is in one part");

    let own = Scope::Tenant(all[0].tenant.clone());
    assert_eq!(store.summaries(&own).await, Ok(vec![]), "nothing is kept before");
    let mut summary = Summary::default();
    summary.add(&all[0], &status_of(&all[0], now), now);
    let part = |part, as_of| SummaryPart { part, as_of, summary: summary.clone() };
    store.save_summary(&own, &part(1, now)).await.expect("saved");
    store.save_summary(&own, &part(2, now)).await.expect("saved");
    store.save_summary(&own, &part(2, now - Duration::MINUTE)).await.expect("it is older, and not kept");
    let mut kept = store.summaries(&own).await.expect("answers");
    kept.sort_by_key(|part| part.part);
    assert_eq!(kept, [part(1, now), part(2, now)], "it reads as it was written");
    store.save_summary(&own, &part(2, now + Duration::MINUTE)).await.expect("saved");
    let kept = store.summaries(&own).await.expect("answers");
    assert!(kept.contains(&part(2, now + Duration::MINUTE)));
    let another = Scope::Tenant(all[1].tenant.clone());
    assert_eq!(store.summaries(&another).await, Ok(vec![]), "each scope has its own");

    store.note_change(&all[0], None, now).await.expect("noted");
    store.note_change(&all[0], Some(EndpointStatus::Issuing), now + Duration::SECOND).await.expect("noted");
    store.note_change(&all[1], None, now).await.expect("noted");
    let recent = store.recent_changes(&own, 9).await.expect("answers");
    let of_own: Vec<_> = recent.iter().map(|change| (&change.endpoint, change.was, change.at)).collect();
    let id = &all[0].id;
    assert_eq!(
        of_own,
        [(id, Some(EndpointStatus::Issuing), now + Duration::SECOND), (id, None, now)],
        "the newest comes first"
    );
    assert_eq!(store.recent_changes(&own, 1).await.expect("answers").len(), 1);
    let of_all = store.recent_changes(&Scope::Everything, 99).await.expect("answers");
    assert!(of_all.iter().any(|change| change.endpoint == all[1].id), "operators see those of all");
}
