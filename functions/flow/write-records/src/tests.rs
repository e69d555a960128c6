//! Many orders at once: what they cost, and that none of them harms another.

use super::*;
use domain::endpoint::{Endpoint, LEASE};
use domain::flow::PUBLISHING_AWAITED;
use domain::ports::{AttemptJournal, DueEntry, DueIndex, EndpointReader, Registry};
use testkit::{Fixture, MemoryEndpoints};
use vocabulary::acme::Reachability;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

/// As if time stood still.
const AT_ONCE: Waits = Waits {
    again: [std::time::Duration::ZERO; 3],
    gather: std::time::Duration::ZERO,
    not_yet: std::time::Duration::ZERO,
};

/// One order of a fixture, and as many more beside it.
struct Crowd {
    fixture: Fixture,
    memory: Memory,
    jobs: Vec<RecordJob>,
}

fn job(input: &StepInput, work: RecordWork) -> RecordJob {
    RecordJob { task_token: "token".into(), work, input: input.clone(), sent_at: None }
}

impl Crowd {
    async fn of(count: u32) -> Self {
        let fixture = Fixture::new(Reachability::Internal).await.with_order().await;
        let mut jobs = Vec::new();
        for n in 0..count {
            jobs.push(job(&open(&fixture, n).await, RecordWork::Publish));
        }
        Self { fixture, memory: Memory::new(AT_ONCE), jobs }
    }

    async fn run(&self) -> Vec<Result<Progress, Failure>> {
        run(&self.fixture, &self.memory, &self.jobs).await
    }

    /// As the flow does: what came back is what the next message has.
    async fn go_on(&mut self) {
        let results = self.run().await;
        for (job, result) in self.jobs.iter_mut().zip(results) {
            job.input.progress = result.expect("no fault");
        }
    }

    fn switch_to(&mut self, work: RecordWork) {
        for job in &mut self.jobs {
            (job.work, job.input.progress) = (work, Progress::default());
        }
    }

    async fn target(&self, index: usize) -> String {
        let endpoint = self.fixture.endpoints.find(&self.jobs[index].input.endpoint).await.expect("in memory");
        endpoint.expect("there").label.target(Fixture::ZONE)
    }
}

async fn run(fixture: &Fixture, memory: &Memory, jobs: &[RecordJob]) -> Vec<Result<Progress, Failure>> {
    let ports = Ports { journal: &fixture.endpoints, zone: &fixture.zone, delegation_zone: Fixture::ZONE, memory };
    write_records(&ports, jobs, fixture.now).await
}

async fn run_one(fixture: &Fixture, work: RecordWork) -> Result<Progress, Failure> {
    run(fixture, &Memory::new(AT_ONCE), &[job(&fixture.input, work)]).await.remove(0)
}

/// An endpoint with an attempt and an order whose values are to be published.
async fn open(fixture: &Fixture, n: u32) -> StepInput {
    let names = EndpointNames::parse(&format!("n{n}.example.org"), &[], 9).expect("valid");
    let random = u128::from(n) + 1000;
    let (id, label) =
        (EndpointId::from_random(random.to_be_bytes()), DelegationLabel::from_random(random.to_be_bytes()));
    let endpoint = Endpoint::register(
        id.clone(),
        "default".parse().expect("one"),
        names,
        Reachability::Internal,
        label,
        fixture.now,
    );
    let endpoints: &MemoryEndpoints = &fixture.endpoints;
    endpoints.register(&endpoint, &testkit::contracts::registered(&endpoint), None).await.expect("registered");
    let entry = DueEntry { endpoint: id.clone(), due_at: fixture.now };
    let attempt = endpoints.claim(&entry, fixture.now, fixture.now + LEASE).await.expect("in memory").expect("free");
    let mut order = fixture.order().await;
    order.names = endpoint.names.iter().cloned().collect();
    order.authorizations.truncate(1);
    order.authorizations[0].name = order.names[0].clone();
    order.authorizations[0].challenge.as_mut().expect("chosen").response = format!("{n:043}");
    endpoints.save_order(&id, attempt, &order).await.expect("ours");
    StepInput::start(id, attempt)
}

#[tokio::test]
async fn a_thousand_orders_cost_less_than_a_tenth_of_a_call_each() {
    let mut crowd = Crowd::of(1000).await;
    // The messages of a change come shortly one after the other.
    crowd.memory = Memory::new(Waits { not_yet: std::time::Duration::from_secs(3600), ..AT_ONCE });
    crowd.fixture.zone.set_pending(true);
    // As the queue hands them over: two hundred at a time. A change takes forty seconds.
    let jobs = std::mem::take(&mut crowd.jobs);
    let mut parts: Vec<Vec<RecordJob>> = jobs.chunks(200).map(<[_]>::to_vec).collect();
    let mut waited = 0;
    while parts.iter().flatten().any(|job| job.input.progress.status != Status::Presented) {
        let mut longest = 0;
        for part in &mut parts {
            crowd.jobs = std::mem::take(part);
            crowd.go_on().await;
            *part = std::mem::take(&mut crowd.jobs);
            longest = longest.max(part[0].input.progress.wait_seconds);
        }
        waited += longest;
        crowd.fixture.zone.set_pending(waited < 40);
        crowd.memory = Memory::new(crowd.memory.waits);
    }
    assert_eq!(crowd.fixture.zone.requests(), [100; 10]);
    for part in parts {
        crowd.jobs = part;
        crowd.switch_to(RecordWork::Withdraw);
        crowd.go_on().await;
        assert!(crowd.jobs.iter().all(|job| job.input.progress.status == Status::Clean));
    }
    assert!(crowd.fixture.zone.is_empty());
    assert!(crowd.fixture.zone.calls() <= 100, "{} calls for 1000 orders", crowd.fixture.zone.calls());
}

#[tokio::test]
async fn all_values_of_the_one_txt_name_go_out_in_one_write_and_are_waited_for() {
    let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await;
    let first = run_one(&fixture, RecordWork::Publish).await.expect("written");
    assert_eq!((first.status, first.wait_seconds), (Status::Waiting, FIRST_WAIT));
    assert_eq!(fixture.zone.values(&fixture.target().await).len(), 2, "apex and wildcard");
    assert_eq!(fixture.zone.calls(), 1);
    fixture.input.progress = first;
    fixture.zone.set_pending(true);
    assert_eq!(run_one(&fixture, RecordWork::Publish).await.expect("on its way").wait_seconds, NEXT_WAIT);
    fixture.now += PATIENCE;
    assert_eq!(run_one(&fixture, RecordWork::Publish).await.expect_err("an incident").name, FailureName::TimedOut);
    fixture.zone.set_pending(false);
    assert_eq!(run_one(&fixture, RecordWork::Publish).await.expect("there").status, Status::Presented);
    assert_eq!(fixture.zone.requests(), [1], "it was written once");
}

#[tokio::test]
async fn an_attempt_that_resumes_an_order_writes_its_values_again() {
    let fixture = Fixture::new(Reachability::Internal).await.with_order().await.with_publications().await;
    assert_eq!(run_one(&fixture, RecordWork::Withdraw).await.expect("clean").status, Status::Clean);
    assert!(fixture.zone.is_empty());
    assert_eq!(run_one(&fixture, RecordWork::Publish).await.expect("written").status, Status::Waiting);
    assert!(!fixture.zone.is_empty());
}

#[tokio::test]
async fn one_record_that_route_53_refuses_stops_no_other() {
    let crowd = Crowd::of(20).await;
    let refused = crowd.target(7).await;
    crowd.fixture.zone.refuse(&refused);
    let results = crowd.run().await;
    let failed: Vec<_> = results.iter().enumerate().filter(|(_, result)| result.is_err()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].0, failed[0].1.as_ref().expect_err("refused").name), (7, FailureName::Misconfigured));
    assert_eq!(crowd.fixture.zone.requests().iter().sum::<usize>(), 19);
}

#[tokio::test]
async fn the_pause_after_a_batch_grows_with_what_was_written_lately_and_is_none_for_a_few() {
    let crowd = Crowd::of(40).await;
    let memory = Memory::new(Waits { gather: std::time::Duration::from_millis(100), ..AT_ONCE });
    for few in 0..10 {
        run(&crowd.fixture, &memory, &crowd.jobs[few..=few]).await;
        assert_eq!(memory.pause().await, std::time::Duration::ZERO, "nobody waits who comes alone");
    }
    run(&crowd.fixture, &memory, &crowd.jobs[10..]).await;
    assert_eq!(memory.pause().await, std::time::Duration::from_secs(4));
    memory.wrote(1000).await;
    assert_eq!(memory.pause().await, std::time::Duration::from_secs(30), "no longer than that");
}

#[tokio::test]
async fn what_is_published_and_what_is_withdrawn_share_one_change() {
    let mut crowd = Crowd::of(20).await;
    let later = crowd.jobs.split_off(10);
    crowd.go_on().await;
    crowd.switch_to(RecordWork::Withdraw);
    crowd.jobs.extend(later);
    let results: Vec<_> = crowd.run().await.into_iter().map(|result| result.expect("no fault")).collect();
    assert_eq!(crowd.fixture.zone.requests(), [10, 20]);
    assert!(results[..10].iter().all(|one| one.status == Status::Clean && one.withdrawn));
    assert!(results[10..].iter().all(|one| one.wait_seconds == FIRST_WAIT_OF_MANY && !one.withdrawn));
    for index in 0..20 {
        let target = crowd.target(index).await;
        assert_eq!(crowd.fixture.zone.values(&target).is_empty(), index < 10, "{index}");
    }
}

#[tokio::test]
async fn an_order_that_is_ready_is_so_without_its_values() {
    let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await.with_publications().await;
    fixture.input.progress.status = Status::OrderReady;
    let progress = run_one(&fixture, RecordWork::Withdraw).await.expect("withdrawn");
    assert_eq!((progress.status, progress.withdrawn), (Status::OrderReady, true));
    assert!(fixture.zone.is_empty());
}

#[tokio::test]
async fn values_whose_withdrawal_comes_in_the_same_batch_are_gone_after_it() {
    let fixture = Fixture::new(Reachability::Internal).await.with_order().await.with_publications().await;
    for order in [[RecordWork::Publish, RecordWork::Withdraw], [RecordWork::Withdraw, RecordWork::Publish]] {
        let jobs = order.map(|work| job(&fixture.input, work));
        run(&fixture, &Memory::new(AT_ONCE), &jobs).await;
        assert!(fixture.zone.is_empty(), "{order:?}");
    }
}

/// A message comes again minutes later if the process died that had it.
#[tokio::test]
async fn a_message_that_comes_again_after_its_flow_has_gone_on_publishes_nothing() {
    let fixture = Fixture::new(Reachability::Internal).await.with_order().await;
    let sent = |ago: Duration, work| RecordJob { sent_at: Some(fixture.now - ago), ..job(&fixture.input, work) };
    let memory = Memory::new(AT_ONCE);
    let late = run(&fixture, &memory, &[sent(PUBLISHING_AWAITED, RecordWork::Publish)]).await.remove(0);
    assert_eq!(late.expect_err("too late").name, FailureName::Unavailable);
    assert!(fixture.zone.is_empty());
    let in_time = run(&fixture, &memory, &[sent(Duration::minutes(4), RecordWork::Publish)]).await.remove(0);
    assert_eq!(in_time.expect("written").status, Status::Waiting);
    let withdrawn = run(&fixture, &memory, &[sent(PUBLISHING_AWAITED, RecordWork::Withdraw)]).await.remove(0);
    assert_eq!(withdrawn.expect("clean").status, Status::Clean, "it is never too late to take them away");
    assert!(fixture.zone.is_empty());
}

#[tokio::test]
async fn a_value_withdrawn_twice_is_removed_once_and_a_foreign_value_stays() {
    let mut crowd = Crowd::of(5).await;
    crowd.go_on().await;
    let stranger = crowd.target(0).await;
    let mut values: Vec<_> = crowd.fixture.zone.values(&stranger).into_iter().collect();
    values.push("stranger".into());
    crowd.fixture.zone.change(&[TxtChange::publish(&*stranger, &values)]).await.expect("in memory");
    crowd.switch_to(RecordWork::Withdraw);
    crowd.jobs.extend(crowd.jobs.clone());
    assert!(crowd.run().await.iter().all(|result| result.as_ref().is_ok_and(|p| p.status == Status::Clean)));
    assert!(crowd.run().await.iter().all(Result::is_ok), "and delivered again");
    let left: Vec<_> = crowd.fixture.zone.values(&stranger).into_iter().collect();
    assert_eq!(left, ["stranger"]);
    for index in 1..5 {
        assert!(crowd.fixture.zone.values(&crowd.target(index).await).is_empty());
    }
}

#[tokio::test]
async fn a_throttled_change_is_retried_for_all_and_then_left_to_the_flow() {
    let crowd = Crowd::of(30).await;
    crowd.fixture.zone.throttle(3);
    assert!(crowd.run().await.iter().all(Result::is_ok));
    assert_eq!(crowd.fixture.zone.calls(), 4);
    crowd.fixture.zone.throttle(4);
    let names: Vec<_> = crowd.run().await.into_iter().map(|result| result.expect_err("throttled").name).collect();
    assert_eq!(names, [FailureName::Throttled; 30]);
}

#[tokio::test]
async fn an_older_attempt_writes_nothing_and_takes_nothing_away() {
    let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await.with_publications().await;
    fixture.input.attempt -= 1;
    let before = fixture.zone.calls();
    for work in [RecordWork::Publish, RecordWork::Withdraw] {
        assert_eq!(run_one(&fixture, work).await.expect_err("not ours").name, FailureName::Superseded);
    }
    assert_eq!(fixture.zone.calls(), before);
}
