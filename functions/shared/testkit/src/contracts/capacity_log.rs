use domain::installation::Capacity;
use domain::ports::CapacityLog;

use super::whole_second;

/// Nothing else may change what is kept at the same time.
pub async fn capacity_log(log: &impl CapacityLog) {
    let before = log.capacity().await.expect("read");
    let changed = Capacity { listed_at: Some(whole_second()), ..before.clone() };
    assert_eq!(log.save_capacity(&changed).await, Ok(true));
    let kept = log.capacity().await.expect("read");
    assert_eq!(kept, Capacity { version: before.version + 1, ..changed.clone() });
    assert_eq!(log.save_capacity(&changed).await, Ok(false), "whoever has read what was before changes nothing");
    assert_eq!(log.capacity().await, Ok(kept.clone()));
    assert_eq!(log.save_capacity(&kept).await, Ok(true), "and whoever has read it anew does");
}
