use domain::ports::{DigestLog, Registry};
use vocabulary::certificate::TenantUsage;

use super::{endpoint, whole_second};

/// `seed` is one that no other test uses.
pub async fn digest_log(log: &(impl DigestLog + Registry), seed: u64) {
    let now = whole_second();
    let (one, other) = (endpoint(seed, now).tenant, endpoint(seed + 1, now).tenant);
    let today = now.date();
    let tomorrow = today.next_day().expect("there is one");
    assert_eq!(log.was_sent(&one, today).await, Ok(false), "nothing is there before");
    log.record_sent(&one, today).await.expect("recorded");
    log.record_sent(&one, today).await.expect("recorded twice");
    assert_eq!(log.was_sent(&one, today).await, Ok(true));
    assert_eq!(log.was_sent(&one, tomorrow).await, Ok(false), "a day is a day");
    let counted = TenantUsage { endpoints: 7, names: 9 };
    log.record_usage(&one, counted).await.expect("recorded");
    assert_eq!(log.usage(&one).await, Ok(counted), "what was counted anew goes before");
    assert_eq!(log.was_sent(&other, today).await, Ok(false), "and a tenant is a tenant");
}
