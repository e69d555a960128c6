//! More due than one run can check.

use std::sync::Mutex;

use super::*;

/// Remembers for which shards a run was begun, or begins none.
#[derive(Default)]
pub(super) struct Runs {
    begun: Mutex<Vec<u32>>,
    refuses: bool,
}

impl HealthRuns for Runs {
    async fn begin(&self, shard: u32) -> Result<(), ServiceFault> {
        if self.refuses {
            return Err(fault("lambda:InvokeFunction"));
        }
        self.begun.lock().expect("no test panics in here").push(shard);
        Ok(())
    }
}

#[tokio::test]
async fn a_run_that_has_fallen_behind_begins_one_for_each_shard_and_those_check_everything_once() {
    let fixture = Fixture::new(400).await;
    let (in_time, late) = (LATER + FALLEN_BEHIND - Duration::SECOND, LATER + FALLEN_BEHIND);
    let runs = Runs::default();
    let none = fixture.run_share(Share::All(&runs), in_time, || false).await;
    assert!(!none.handed_over && none.more, "not late yet: {none:?}");
    let handed = fixture.run_share(Share::All(&runs), late, || true).await;
    assert_eq!((handed.handed_over, handed.checked), (true, 0));
    let begun = runs.begun.lock().expect("no test panics in here").clone();
    assert_eq!(begun, (0..DUE_SHARDS).collect::<Vec<_>>());
    let mut checked = 0;
    for shard in begun {
        let report = fixture.run_share(Share::Shard(shard), late, || true).await;
        assert!(report.checked > 0 && !report.handed_over && !report.more, "{report:?}");
        checked += report.checked;
    }
    assert_eq!(checked, 400);
    assert_eq!(fixture.run(late).await.checked, 0, "nothing is left");
}

#[tokio::test]
async fn a_run_that_cannot_begin_others_goes_on_alone() {
    let fixture = Fixture::new(400).await;
    let runs = Runs { refuses: true, ..Runs::default() };
    let report = fixture.run_share(Share::All(&runs), LATER + FALLEN_BEHIND, || true).await;
    assert_eq!((report.handed_over, report.checked), (false, 400));
}

#[tokio::test]
async fn with_more_due_than_a_run_can_check_no_shard_waits_for_another() {
    let fixture = Fixture::new(800).await;
    let due = async || {
        let shards = (0..DUE_SHARDS).map(|shard| fixture.store.inner.health_due(shard, LATER, 1000));
        let due: Vec<_> = futures::future::try_join_all(shards).await.expect("in memory");
        due.iter().map(Vec::len).collect::<Vec<_>>()
    };
    let mut before = due().await;
    for run in 1..=3 {
        let left = AtomicU32::new(200);
        let has_time = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let report = fixture.run_while(LATER, has_time).await;
        assert!(report.more && report.checked > 150, "run {run}: {report:?}");
        let after = due().await;
        let idle: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before == after).collect();
        assert!(idle.is_empty(), "run {run}: of {before:?} due, {after:?} are left");
        before = after;
    }
}
