use super::*;
use crate::testing::{change, run, run_at_pace};
use domain::ports::{AttemptJournal, DueIndex};
use testkit::Fixture;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{Reachability, RenewalAdvice, RenewalWindow};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;

/// With a certificate from the CA at `directory` whose renewal is due.
async fn renewing(directory: Option<String>) -> Fixture {
    let fixture = Fixture::new(Reachability::Internal).await;
    let endpoint = fixture.endpoint().await;
    let held = InstalledCertificate {
        directory,
        renewal_id: Some("key.serial".into()),
        renew_at: fixture.now,
        ..testkit::installed(&endpoint, fixture.now)
    };
    fixture.endpoints.record_certificate(&endpoint.id, fixture.input.attempt, &held).await.expect("ours");
    fixture
}

/// Runs the step, which dies right after so many side effects. Whether it did.
async fn dies_after(fixture: &Fixture, effects: u32, pace: &Pace) -> bool {
    use futures::FutureExt;
    fixture.fuse.set(Some(effects));
    let died = std::panic::AssertUnwindSafe(run_at_pace(fixture, pace)).catch_unwind().await.is_err();
    fixture.fuse.set(None);
    died
}

#[tokio::test]
async fn a_run_that_dies_after_any_side_effect_takes_each_token_once() {
    let pace = pace(LIMITED);
    for effects in 1.. {
        let fixture = Fixture::new(Reachability::Internal).await;
        let died = dies_after(&fixture, effects, &pace).await;
        run_at_pace(&fixture, &pace).await.expect("opened");
        assert_eq!(left(&fixture, &pace).await, [1, 2, 3, 3], "names, domain, tenant, account; dead after {effects}");
        assert!(fixture.endpoint().await.held_tokens.is_empty(), "they are the order's");
        if !died {
            assert!(effects > 10, "it has more side effects than {effects}");
            return;
        }
    }
}

#[tokio::test]
async fn the_next_attempt_returns_the_tokens_of_one_that_was_never_settled() {
    let pace = pace(LIMITED);
    let mut short = Vec::new();
    for effects in 1.. {
        let mut fixture = Fixture::new(Reachability::Internal).await;
        let died = dies_after(&fixture, effects, &pace).await;
        fixture.endpoints.release(&fixture.input.endpoint, fixture.input.attempt, fixture.now).await.expect("free");
        crate::testing::claim(&mut fixture).await;
        run_at_pace(&fixture, &pace).await.expect("opened");
        let left = left(&fixture, &pace).await;
        assert_eq!(left[..2], [1, 2], "of certificates, one of each; dead after {effects}");
        short.push(6 - left[2] - left[3]);
        if !died {
            break;
        }
    }
    // Dead between the last take and the order's record, nobody knows whether the CA counts an order.
    assert!(short.iter().all(|short| [0, 2].contains(short)), "{short:?}");
    assert!(short.iter().filter(|short| **short == 2).count() <= 2, "{short:?}");
}

#[tokio::test]
async fn the_tokens_of_a_refused_order_are_returned_once_wherever_the_run_dies() {
    let pace = pace(LIMITED);
    for effects in 1.. {
        let fixture = Fixture::new(Reachability::Internal).await;
        let refusal = refused(400, "rejectedIdentifier", "Cannot issue for \"example.com\"", None);
        fixture.ca.refuse_orders_with(Some(refusal));
        let died = dies_after(&fixture, effects, &pace).await;
        run_at_pace(&fixture, &pace).await.expect_err("refused");
        assert_eq!(left(&fixture, &pace).await, [2, 3, 4, 4], "dead after {effects}");
        if !died {
            return;
        }
    }
}

#[tokio::test]
async fn an_order_that_the_ca_has_forgotten_is_created_again_with_a_new_key() {
    let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await.with_publications().await;
    fixture.now += Duration::hours(2);
    fixture.ca.set_time(fixture.now);
    run(&fixture).await.expect("opened");
    let order = fixture.order().await;
    assert_eq!((fixture.ca.orders(), order.generation), (2, 2));
    assert_eq!(order.stale.len(), 2, "what the old one published is not forgotten");
}

#[tokio::test]
async fn a_renewal_names_the_certificate_it_replaces_only_to_the_ca_that_issued_it() {
    let fixture = renewing(Some("memory://ca/directory".into())).await;
    run(&fixture).await.expect("opened");
    assert_eq!(fixture.ca.replaced(), ["key.serial"]);
    for other in [None, Some("https://another.example/directory".to_owned())] {
        let fixture = renewing(other).await;
        run(&fixture).await.expect("opened");
        assert!(fixture.ca.replaced().is_empty() && fixture.ca.orders() == 1);
    }
}

#[tokio::test]
async fn a_change_of_names_creates_a_new_order_and_remembers_what_the_old_one_published() {
    let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await.with_publications().await;
    let before = fixture.order().await;
    change(&mut fixture, &[], Reachability::Internal.into()).await;
    run(&fixture).await.expect("opened");
    let order = fixture.order().await;
    assert_eq!((fixture.ca.orders(), order.generation, order.names.len()), (2, 2, 1));
    assert!(before.txt_values().iter().all(|value| order.published_txt_values().contains(value)));
    assert!(
        order.txt_values().iter().all(|value| !before.txt_values().contains(value)),
        "but it is not published anew"
    );
}

#[tokio::test]
async fn a_ca_that_rejects_the_replacement_gets_the_order_once_more_without_it() {
    use vocabulary::failure::Problem;
    let refused = |status, kind: &str| refused(status, kind, "no", None);
    let away = || CaError::Unavailable { detail: "HTTP status 500".into(), retry_after: None };
    for (error, tries, asked_without) in [
        (refused(409, "alreadyReplaced"), 1, true),
        (refused(401, "unauthorized"), 1, true),
        (refused(400, "malformed"), 1, true),
        (CaError::OrderLost { problem: Problem::new("malformed", "no such certificate") }, 1, true),
        (CaError::NotEchoed, 1, true),
        (self::refused(409, "alreadyReplaced", "no", Some(OffsetDateTime::UNIX_EPOCH)), 1, true),
        (refused(503, "serverInternal"), 1, false),
        (refused(503, "serverInternal"), 2, true),
        (refused(500, "serverInternal"), 1, false),
        (refused(500, "serverInternal"), 2, true),
        (away(), 1, false),
        (away(), 2, true),
        (refused(429, "rateLimited"), 2, false),
        (CaError::NotSent { detail: "a defect".into() }, 2, false),
    ] {
        let mut fixture = renewing(Some("memory://ca/directory".into())).await;
        fixture.ca.refuse_replacements_with(Some(error.clone()));
        fixture.input.retries = tries - 1;
        let opened = run(&fixture).await;
        assert_eq!((opened.is_ok(), fixture.ca.orders()), (asked_without, usize::from(asked_without)), "{error:?}");
    }
}

/// As Boulder answers: each internal error names a minute, so the flow does not repeat the step.
#[tokio::test]
async fn an_internal_error_that_repeats_at_the_next_attempt_is_retried_without_the_replacement() {
    let mut fixture = renewing(Some("memory://ca/directory".into())).await;
    let soon = Some(fixture.now + Duration::MINUTE);
    fixture.ca.refuse_replacements_with(Some(refused(500, "serverInternal", "Error creating new order", soon)));
    let failure = run(&fixture).await.expect_err("once may be chance");
    assert_eq!((failure.name, fixture.ca.orders()), (FailureName::CaUnavailable, 0));
    crate::testing::fail_with(&mut fixture, failure).await;
    run(&fixture).await.expect("opened without");
    assert_eq!(fixture.ca.orders(), 1);
}

const LIMITED: &str = "orders=4/4h,domain=3/3d,names=2/2d";

fn pace(limits: &str) -> Pace {
    Pace { limits: limits.parse().expect("limits"), tenant_share: 100 }
}

/// What is left in each bucket of the endpoint's.
async fn left(fixture: &Fixture, pace: &Pace) -> Vec<u32> {
    let takes = pace.takes(&fixture.endpoint().await, "memory://ca/directory", fixture.now);
    takes.iter().map(|take| fixture.rate_limits.tokens(take, fixture.now)).collect()
}

#[tokio::test]
async fn an_order_takes_its_tokens_once_and_not_again_when_it_is_resumed() {
    let (fixture, pace) = (Fixture::new(Reachability::Internal).await, pace(LIMITED));
    run_at_pace(&fixture, &pace).await.expect("opened");
    assert_eq!(left(&fixture, &pace).await, [1, 2, 3, 3], "names, domain, tenant, account");
    run_at_pace(&fixture, &pace).await.expect("resumed");
    assert_eq!(left(&fixture, &pace).await, [1, 2, 3, 3]);
    assert_eq!(fixture.ca.orders(), 1);
}

#[tokio::test]
async fn without_a_token_the_ca_is_not_contacted_and_the_failure_says_until_when() {
    for (limits, whose) in
        [("orders=1/3h", "Tenant default"), ("domain=1/7d", "\"example.com\""), ("names=1/7d", "same names")]
    {
        let (mut fixture, pace) = (Fixture::new(Reachability::Internal).await, pace(limits));
        run_at_pace(&fixture, &pace).await.expect("opened");
        fixture.now += Duration::hours(2);
        fixture.ca.set_time(fixture.now);
        let failure = run_at_pace(&fixture, &pace).await.expect_err("the order has expired, and there is no token");
        assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::BudgetSpent, WaitingOn::Ca));
        assert!(failure.guidance.summary.contains(whose), "{failure}");
        assert_eq!(fixture.ca.orders(), 1);
        fixture.now = failure.retry_after.expect("it says until when");
        fixture.ca.set_time(fixture.now);
        run_at_pace(&fixture, &pace).await.expect("and then there is one");
    }
}

#[tokio::test]
async fn tokens_that_the_ca_did_not_count_are_returned() {
    let (fixture, pace) = (Fixture::new(Reachability::Internal).await, pace(LIMITED));
    fixture.ca.set_unavailable(true);
    for _ in 0..3 {
        assert_eq!(run_at_pace(&fixture, &pace).await.expect_err("away").name, FailureName::Unavailable);
    }
    let left = left(&fixture, &pace).await;
    assert_eq!(left, [2, 3, 1, 1], "no certificate can come of it; an order may have been counted");
}

#[tokio::test]
async fn an_order_that_the_ca_refuses_takes_no_token() {
    let (fixture, pace) = (Fixture::new(Reachability::Internal).await, pace(LIMITED));
    fixture.ca.refuse_orders_with(Some(refused(400, "rejectedIdentifier", "Cannot issue for \"example.com\"", None)));
    for _ in 0..9 {
        assert_eq!(run_at_pace(&fixture, &pace).await.expect_err("refused").name, FailureName::CaRefused);
    }
    assert_eq!(left(&fixture, &pace).await, [2, 3, 4, 4]);
}

#[tokio::test]
async fn a_429_of_the_account_is_learned_and_other_orders_are_not_sent() {
    for limits in ["orders=9/9h", "unlimited"] {
        let (mut fixture, pace) = (Fixture::new(Reachability::Internal).await, pace(limits));
        let until = fixture.now + Duration::hours(2);
        let words = "too many new orders (300) from this account in the last 3h0m0s";
        fixture.ca.refuse_orders_with(Some(refused(429, "rateLimited", words, Some(until))));
        let failure = run_at_pace(&fixture, &pace).await.expect_err("limited");
        assert_eq!((failure.name, failure.retry_after), (FailureName::RateLimited, Some(until)));
        fixture.ca.refuse_orders_with(None);
        let requests = fixture.ca.requests();
        let failure = run_at_pace(&fixture, &pace).await.expect_err("it is known by now");
        assert_eq!((failure.name, fixture.ca.requests()), (FailureName::BudgetSpent, requests), "{limits}");
        let turn = failure.retry_after.expect("until when");
        match limits {
            "unlimited" => {
                assert!((until..=until + Duration::HOUR).contains(&turn), "within the hour after it: {turn}")
            }
            // Of the first tokens that come back, a third is for renewals.
            _ => assert_eq!(turn, until + Duration::SECOND + Duration::hours(3)),
        }
        fixture.now = turn;
        fixture.ca.set_time(turn);
        crate::testing::fail_with(&mut fixture, failure).await;
        run_at_pace(&fixture, &pace).await.expect("its time has come");
    }
}

#[tokio::test]
async fn after_a_429_of_the_account_each_waiting_endpoint_has_its_own_turn() {
    let pace = pace("unlimited");
    let words = "too many new orders (300) from this account in the last 3h0m0s";
    let mut first = Fixture::new(Reachability::Internal).await;
    let until = first.now + Duration::minutes(30);
    first.ca.refuse_orders_with(Some(refused(429, "rateLimited", words, Some(until))));
    let failure = run_at_pace(&first, &pace).await.expect_err("limited");
    crate::testing::fail_with(&mut first, failure).await;
    let early = run_at_pace(&first, &pace).await.expect_err("it is known by now");
    assert_eq!(early.retry_after, Some(until), "an early retry of the one that was refused changes nothing");

    let mut other = Fixture::new(Reachability::Internal).await;
    other.rate_limits.hold("memory://ca/directory", None, until).await.expect("kept");
    let failure = run_at_pace(&other, &pace).await.expect_err("the account is held");
    let turn = failure.retry_after.expect("its turn");
    let own = other.input.endpoint.phase(Duration::minutes(30));
    assert_eq!(turn, until + Duration::SECOND + own, "endpoints share the time that they wait");
    crate::testing::fail_with(&mut other, failure).await;
    other.now += Duration::minutes(20);
    other.ca.set_time(other.now);
    let early = run_at_pace(&other, &pace).await.expect_err("still held").retry_after.expect("its turn");
    assert!((until..=turn).contains(&early), "an early retry of one that waits loses nothing: {early}");
}

#[tokio::test]
async fn an_early_attempt_keeps_its_place_in_the_queue() {
    let (mut fixture, pace) = (Fixture::new(Reachability::Internal).await, pace("orders=1/3h"));
    run_at_pace(&fixture, &pace).await.expect("opened");
    fixture.now += Duration::hours(2);
    fixture.ca.set_time(fixture.now);
    let waits = run_at_pace(&fixture, &pace).await.expect_err("no token");
    let until = waits.retry_after;
    let mut failure = waits;
    for _ in 0..5 {
        crate::testing::fail_with(&mut fixture, failure).await;
        fixture.now += Duration::MINUTE;
        fixture.ca.set_time(fixture.now);
        failure = run_at_pace(&fixture, &pace).await.expect_err("still none");
        assert_eq!(failure.retry_after, until, "the same place");
    }
}

/// A refusal of the CA.
fn refused(status: u16, kind: &str, words: &str, retry_after: Option<OffsetDateTime>) -> CaError {
    use vocabulary::acme::Refusal;
    use vocabulary::failure::Problem;
    CaError::Refused { refusal: Refusal { problem: Problem::new(kind, words), status: Some(status), retry_after } }
}

#[tokio::test]
async fn a_renewal_in_the_suggested_window_is_exempt_while_the_ca_accepts_it_as_one() {
    let pace = pace("orders=1/3h,domain=1/7d,names=1/7d");
    for (from, exempt) in [(-1, true), (0, true), (1, false)] {
        let fixture = renewing(Some("memory://ca/directory".into())).await;
        advise(&fixture, fixture.now + Duration::HOUR * from).await;
        run_at_pace(&fixture, &pace).await.expect("opened");
        assert_eq!(fixture.rate_limits.is_empty(), exempt, "{from}");
    }
    // One that the CA does not take for a renewal is an order like any other.
    let fixture = renewing(Some("memory://ca/directory".into())).await;
    advise(&fixture, fixture.now).await;
    fixture.ca.refuse_replacements(true);
    run_at_pace(&fixture, &pace).await.expect("opened");
    assert_eq!(left(&fixture, &pace).await, [0], "of the same names: the exact set alone counts");
    assert_eq!(fixture.rate_limits.len(), 1);
    let failure = {
        let fixture = renewing(Some("memory://ca/directory".into())).await;
        advise(&fixture, fixture.now).await;
        fixture.ca.refuse_replacements(true);
        let takes = pace.takes(&fixture.endpoint().await, "memory://ca/directory", fixture.now);
        take_all(&fixture.rate_limits, &takes, fixture.now).await.expect("in memory").expect("full");
        let failure = run_at_pace(&fixture, &pace).await.expect_err("nothing is left");
        assert_eq!(fixture.ca.orders(), 0);
        failure
    };
    assert_eq!(failure.name, FailureName::BudgetSpent);
}

/// The CA wants it renewed within an hour from `from`.
async fn advise(fixture: &Fixture, from: OffsetDateTime) {
    let endpoint = fixture.endpoint().await;
    let window = RenewalWindow { start: from, end: from + Duration::HOUR + Duration::SECOND };
    let held = endpoint.certificate.expect("renewing");
    let advice = Some(RenewalAdvice { window, renew_at: held.renew_at, explanation: None });
    let held = InstalledCertificate { advice, ..held };
    fixture.endpoints.record_certificate(&endpoint.id, fixture.input.attempt, &held).await.expect("ours");
}
