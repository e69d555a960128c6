use domain::ports::Pacing;
use time::Duration;

use super::whole_second;

/// Takes slots of a name that has `seed` in it.
pub async fn pacing(pacing: &(impl Pacing + Sync), seed: u64) {
    let (what, now) = (format!("call-{seed}"), whole_second());
    let slot = async |at| pacing.slot(&what, Duration::SECOND, at).await.expect("answers");
    assert_eq!(slot(now).await, now, "the first is free");
    assert_eq!(slot(now).await, now + Duration::SECOND);
    assert_eq!(slot(now + Duration::milliseconds(1500)).await, now + Duration::seconds(2), "they wait in line");
    let later = now + Duration::seconds(10);
    assert_eq!(slot(later).await, later, "what nobody took is not made up for");
    let other = format!("other-{seed}");
    assert_eq!(
        pacing.slot(&other, Duration::SECOND, later).await.expect("answers"),
        later,
        "each has a line of its own"
    );
    let at_once: Vec<_> = (0..10).map(|_| slot(later)).collect();
    let mut slots = futures::future::join_all(at_once).await;
    slots.sort_unstable();
    let expected: Vec<_> = (1..=10).map(|n| later + Duration::seconds(n)).collect();
    assert_eq!(slots, expected, "however many take at once, each has one of its own");
}
