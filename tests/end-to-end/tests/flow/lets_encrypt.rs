//! The flow at a CA that answers as Let's Encrypt's server does, over HTTP: what it says when something is wrong, its limits by its
//! rules, and what our side makes of it.

use std::sync::Arc;

use adapters::acme::{AcmeAuthority, AcmeConfig, standing};
use adapters::secrets_manager::AccountSecret;
use boulder::{Boulder, Injected, Lookup, Problem};
use domain::alert::AlertKind;
use domain::endpoint::{Endpoint, Outcome};
use domain::installation::Standing;
use domain::ports::{AuthoritativeDns, Registry, TokenStore};
use futures::FutureExt;
use local_cloud::Aws;
use testkit::{MemoryDns, MemoryTokens};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::Reachability;
use vocabulary::certificate::{Revocation, RevocationReason};
use vocabulary::dns::RecordKind;
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{EndpointId, EndpointNames};

use crate::world::{AnyCa, Chaos, World};
use crate::{is_settled, secret};

struct Stage {
    world: World,
    ca: Boulder,
    account: AccountSecret,
    config: AcmeConfig,
}

impl Stage {
    async fn new() -> Self {
        // The adapter's own clock is the machine's.
        let now = OffsetDateTime::now_utc().replace_nanosecond(0).expect("a time");
        let world = World::new(Chaos::default());
        let (tokens, dns) = (world.tokens.clone(), world.dns.clone());
        let ca = Boulder::start(now, Box::new(move |lookup| look(&tokens, &dns, lookup))).await;
        let secrets = Aws::at(&secret::start().await).secrets;
        let account = AccountSecret::new(secrets, "account".into(), None);
        let config = AcmeConfig {
            directory: ca.directory(),
            contact: Some("ops@example.net".into()),
            profile: None,
            trust_anchor: None,
            may_register: true,
            first: true,
        };
        let world = world.at(&ca, now);
        let stage = Self { world, ca, account, config };
        stage.new_process();
        stage
    }

    /// Forgets what the processes had in memory: the account, the directory, the nonces.
    fn new_process(&self) {
        let authority = AcmeAuthority::new(self.config.clone(), self.account.clone()).expect("no private root");
        self.world.use_ca(AnyCa::Http(Arc::new(authority)));
    }

    async fn register(&self, number: u128, domain: &str, also: &[&str]) -> EndpointId {
        let also: Vec<String> = also.iter().map(ToString::to_string).collect();
        let names = EndpointNames::parse(domain, &also, 100).expect("valid names");
        self.world.register_for("default", number, names, Reachability::Internal, true).await
    }

    async fn issued(&self, number: u128, domain: &str) -> EndpointId {
        let id = self.register(number, domain, &[]).await;
        self.world.run_until(&id, is_settled).await;
        id
    }

    async fn endpoint(&self, id: &EndpointId) -> Endpoint {
        self.world.endpoint(id).await.expect("it is there")
    }

    /// One round of the scan, at the endpoint's due time.
    async fn next(&self, id: &EndpointId) -> Endpoint {
        let due = self.endpoint(id).await.due_at.expect("it is due some time");
        self.world.set_time(due.max(self.world.now()));
        self.world.scan_and_run().await;
        self.endpoint(id).await
    }

    /// The renewal of `id` is due by now, with another certificate at its end.
    async fn renew(&self, id: &EndpointId) -> Endpoint {
        let before = self.endpoint(id).await.certificate.expect("held");
        self.world.set_time(before.renew_at.max(self.world.now()));
        let other = |endpoint: Option<&Endpoint>| {
            is_settled(endpoint)
                && endpoint.is_some_and(|e| e.certificate.as_ref().is_some_and(|held| held.serial != before.serial))
        };
        self.world.run_until(id, other).await;
        self.endpoint(id).await
    }

    async fn last_outcome(&self, id: &EndpointId) -> Outcome {
        self.world.endpoints.attempts(id, 1).await.expect("in memory").remove(0).outcome
    }

    async fn standing(&self) -> Standing {
        standing::describe(&self.config, &self.account).await
    }
}

/// As the CA's servers look: at the tokens, or through the delegation at the zone.
fn look(tokens: &MemoryTokens, dns: &MemoryDns, lookup: &Lookup) -> Result<(), Problem> {
    let at_once = "the world is in memory";
    let records = |name: &str, kind| {
        let answers = dns.ask(name, kind).now_or_never().expect(at_once);
        answers.into_iter().flat_map(|server| server.answer.records().to_vec()).collect::<Vec<_>>()
    };
    match lookup.kind.as_str() {
        "http-01" => {
            let host = lookup.name.parse().expect("a name");
            let body = tokens.read(&host, &lookup.token).now_or_never().expect(at_once).expect("in memory");
            match body.as_ref() == Some(&lookup.expected) {
                true => Ok(()),
                false => Err(Problem::new(403, "unauthorized", "Invalid response: 404")),
            }
        }
        _ => {
            let challenge = format!("_acme-challenge.{}", lookup.name);
            let targets = records(&challenge, RecordKind::Cname);
            let values = targets.iter().flat_map(|target| records(target, RecordKind::Txt)).collect::<Vec<_>>();
            match values.contains(&lookup.expected) {
                true => Ok(()),
                false => {
                    let detail = format!("DNS problem: NXDOMAIN looking up TXT for {challenge}");
                    Err(Problem::new(400, "dns", detail))
                }
            }
        }
    }
}

fn run(test: impl AsyncFnOnce(Stage)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { test(Stage::new().await).await });
}

fn failing(endpoint: &Endpoint) -> &vocabulary::failure::Failure {
    &endpoint.failing.as_ref().expect("it fails").failure
}

#[test]
fn it_issues_renews_and_says_what_it_replaces_without_a_refused_nonce() {
    run(async |stage| {
        let id = stage.issued(1, "www.example.com").await;
        stage.new_process();
        let first = stage.endpoint(&id).await.certificate.expect("held");
        stage.renew(&id).await;
        assert_eq!(stage.ca.replaced(), [first.serial]);
        assert_eq!(stage.ca.refused("badNonce"), 0);
        assert_eq!(stage.last_outcome(&id).await, Outcome::Renewed);
    });
}

#[test]
fn a_ca_without_renewal_information_is_told_of_no_replacement() {
    run(async |stage| {
        stage.ca.set(|knobs| knobs.ari = false);
        let id = stage.issued(1, "www.example.com").await;
        stage.renew(&id).await;
        assert!(stage.ca.replaced().is_empty());
    });
}

#[test]
fn a_replacement_that_is_refused_in_any_way_is_ordered_once_more_without() {
    run(async |stage| {
        for (number, domain) in
            ["forgotten.example.com", "taken.example.com", "silent.example.com", "other.example.com"]
                .into_iter()
                .enumerate()
        {
            let id = stage.issued(number as u128 + 1, domain).await;
            match number {
                0 => stage.ca.forget_certificates(),
                1 => stage.ca.mark_replaced(),
                2 => stage.ca.set(|knobs| knobs.echoes_replaces = false),
                _ => {
                    let refusal = Problem::new(400, "malformed", "While parsing ARI CertID an error occurred");
                    stage.ca.inject("/new-order", Injected::once(refusal));
                }
            }
            stage.renew(&id).await;
            stage.ca.set(|knobs| knobs.echoes_replaces = true);
        }
    });
}

#[test]
fn a_certificate_is_replaced_by_a_shorter_one_when_it_is_due_and_an_earlier_one_when_it_is_revoked() {
    run(async |stage| {
        let id = stage.issued(1, "www.example.com").await;
        let before = stage.endpoint(&id).await.certificate.expect("held");
        stage.ca.set(|knobs| knobs.lifetime = Duration::days(6));
        stage.world.certificates.allow_shorter();
        let after = stage.renew(&id).await.certificate.expect("held");
        assert!(after.not_after < before.not_after, "{} after {}", after.not_after, before.not_after);
    });
}

#[test]
fn an_order_that_the_ca_hands_out_again_is_gone_on_with() {
    run(async |stage| {
        let id = stage.register(1, "www.example.com", &[]).await;
        stage.ca.inject("/chall", Injected::once(Problem::new(500, "serverInternal", "Internal error")));
        stage.world.scan_and_run().await;
        stage.world.forget_order(&id);
        stage.new_process();
        stage.world.run_until(&id, is_settled).await;
        assert_eq!(stage.ca.orders(), 1, "the CA gave the same one");
    });
}

#[test]
fn the_retry_after_of_an_order_in_processing_is_obeyed() {
    run(async |stage| {
        stage.ca.set(|knobs| (knobs.processing, knobs.retry_after) = (Duration::seconds(25), 30));
        let id = stage.issued(1, "www.example.com").await;
        assert_eq!(stage.last_outcome(&id).await, Outcome::Issued);
        let asked = stage.ca.seen().iter().filter(|seen| seen.starts_with("POST /order/")).count();
        assert!(asked <= 3, "it was asked {asked} times while it said to come in thirty seconds");
    });
}

#[test]
fn an_account_that_is_not_accepted_is_one_cause_and_doctor_knows_it_before_an_order_does() {
    type Spoil = fn(&Boulder);
    let cases: [(&str, Spoil); 4] = [
        ("deactivated", |ca| ca.deactivate_accounts()),
        ("not found", |ca| ca.forget_accounts()),
        ("JWS verification error", |ca| ca.change_keys()),
        ("Terms of service", |ca| ca.set(|knobs| knobs.new_terms = true)),
    ];
    for (words, spoil) in cases {
        run(async |stage| {
            assert_eq!(stage.standing().await, Standing::NotAsked);
            stage.issued(1, "first.example.com").await;
            assert_eq!(stage.standing().await, Standing::Valid);
            spoil(&stage.ca);
            let Standing::Refused(seen) = stage.standing().await else { panic!("{words}: doctor says nothing") };
            assert!(seen.guidance.summary.contains(words), "{seen:?}");
            stage.new_process();
            let before = stage.world.notifier.alerts().len();
            for number in 2..5 {
                let id = stage.register(number, &format!("n{number}.example.com"), &[]).await;
                let endpoint = stage.next(&id).await;
                let failure = failing(&endpoint);
                assert_eq!(
                    (failure.name, failure.waiting_on()),
                    (FailureName::AccountRefused, WaitingOn::Operator),
                    "{words}"
                );
            }
            let told = stage.world.notifier.alerts().len() - before;
            assert_eq!(told, 1, "{words}: one cause for all endpoints");
        });
    }
}

#[test]
fn what_the_cas_own_servers_fail_by_is_told_as_the_cas() {
    run(async |stage| {
        stage.ca.set(|knobs| knobs.validation_down = true);
        let id = stage.register(1, "www.example.com", &[]).await;
        let endpoint = stage.next(&id).await;
        assert_eq!(
            (failing(&endpoint).name, failing(&endpoint).waiting_on()),
            (FailureName::CaUnavailable, WaitingOn::Ca)
        );
        assert!(
            !stage.world.notifier.kinds().contains(&AlertKind::ActionRequired),
            "the owner is not asked for anything"
        );
        stage.ca.set(|knobs| knobs.validation_down = false);
        stage.world.run_until(&id, is_settled).await;
    });
}

#[test]
fn caa_that_forbids_at_the_last_moment_is_told_as_the_domain_owners() {
    run(async |stage| {
        stage.ca.set(|knobs| {
            knobs.caa_forbids.insert("www.example.com".into());
        });
        let id = stage.register(1, "www.example.com", &[]).await;
        let endpoint = stage.next(&id).await;
        let failure = failing(&endpoint);
        assert_eq!(
            (failure.name, failure.waiting_on()),
            (FailureName::CaRefused, WaitingOn::DomainOwner),
            "{failure:?}"
        );
    });
}

#[test]
fn of_several_names_that_the_ca_does_not_issue_for_each_is_told() {
    run(async |stage| {
        let id = stage.register(1, "www.example.com", &["a.printer.local", "b.printer.local"]).await;
        let endpoint = stage.next(&id).await;
        let failure = failing(&endpoint);
        for name in ["a.printer.local", "b.printer.local"] {
            let told = format!("{} {:?}", failure.guidance.summary, failure.guidance.action);
            assert!(told.contains(name), "{told}");
        }
        assert_eq!(failure.waiting_on(), WaitingOn::DomainOwner);
    });
}

#[test]
fn a_pause_and_too_many_failed_validations_keep_the_time_or_the_link_that_the_ca_gives() {
    run(async |stage| {
        stage.ca.set(|knobs| {
            knobs.paused.insert("paused.example.com".into());
        });
        let id = stage.register(1, "paused.example.com", &[]).await;
        let endpoint = stage.next(&id).await;
        let failure = failing(&endpoint);
        assert_eq!((failure.name, failure.waiting_on()), (FailureName::RateLimited, WaitingOn::Operator));
        assert!(
            failure.guidance.action.as_ref().is_some_and(|action| action.contains("/sfe/v1/unpause")),
            "{failure:?}"
        );

        stage.ca.set(|knobs| knobs.limits.failed_validations.count = 0);
        let id = stage.register(2, "failed.example.com", &[]).await;
        stage.ca.fail_validations("failed.example.com", 1);
        let endpoint = stage.next(&id).await;
        let wait = endpoint.due_at.expect("due") - stage.world.now();
        assert_eq!(failing(&endpoint).name, FailureName::RateLimited, "{:?}", failing(&endpoint));
        assert!(wait <= Duration::minutes(75), "the CA said an hour: {wait}");
        stage.ca.set(|knobs| knobs.limits.failed_validations.count = 5);
        stage.world.run_until(&id, is_settled).await;
    });
}

#[test]
fn a_limit_of_the_account_is_learned_once_for_all_endpoints() {
    run(async |stage| {
        stage.issued(1, "first.example.com").await;
        stage.ca.set(|knobs| knobs.limits.orders_per_account.count = 1);
        let id = stage.register(2, "second.example.org", &[]).await;
        let endpoint = stage.next(&id).await;
        assert_eq!(failing(&endpoint).name, FailureName::RateLimited, "{:?}", failing(&endpoint));
        let before = stage.ca.seen().len();
        for number in 3..6 {
            let id = stage.register(number, &format!("n{number}.example.net"), &[]).await;
            let endpoint = stage.next(&id).await;
            assert_eq!(
                (failing(&endpoint).name, failing(&endpoint).waiting_on()),
                (FailureName::BudgetSpent, WaitingOn::Ca)
            );
        }
        assert_eq!(stage.ca.seen().len(), before, "the CA hears of none of them");
    });
}

#[test]
fn renewals_of_the_same_names_count_against_no_limit_of_the_account_or_the_domain() {
    run(async |stage| {
        let mut ids = Vec::new();
        for number in 1..=4 {
            ids.push(stage.issued(number, &format!("n{number}.example.com")).await);
        }
        stage.ca.set(|knobs| {
            knobs.limits.orders_per_account.count = 0;
            knobs.limits.certificates_per_domain.count = 0;
            // A mass revocation has a window that is all in the past: no order is exempt by it.
            knobs.ari = false;
        });
        for id in ids {
            stage.renew(&id).await;
        }
        assert_eq!(stage.ca.refused("rateLimited"), 0);
    });
}

#[test]
fn a_certificate_is_revoked_once_another_has_its_place_and_with_an_endpoint_that_goes() {
    run(async |stage| {
        let id = stage.issued(1, "www.example.com").await;
        let revoke = async |reason| {
            let held = stage.endpoint(&id).await.certificate.expect("held");
            let revocation = Revocation {
                serial: held.serial.clone(),
                certificate: held.leaf.expect("it is kept"),
                directory: held.directory.expect("it is known"),
                reason,
                requested_at: stage.world.now(),
            };
            let event = testkit::contracts::registered(&stage.endpoint(&id).await);
            let now = stage.world.now();
            stage.world.endpoints.request_revocation(&id, &revocation, &event, now).await.expect("idle");
            held.serial
        };
        let first = revoke(RevocationReason::KeyCompromise).await;
        stage
            .world
            .run_until(&id, |endpoint| is_settled(endpoint) && endpoint.is_some_and(|e| e.revocation.is_none()))
            .await;
        assert_ne!(stage.endpoint(&id).await.certificate.expect("held").serial, first, "it was replaced first");
        assert_eq!(stage.ca.revoked(), [(first.clone(), 1)]);

        let second = revoke(RevocationReason::CessationOfOperation).await;
        stage.world.endpoints.begin_removal(&id, stage.world.now()).await.expect("in memory");
        stage.world.run_until(&id, |endpoint| endpoint.is_none()).await;
        assert_eq!(stage.ca.revoked(), [(first, 1), (second, 5)]);
    });
}

#[test]
fn a_nonce_that_a_failed_step_has_used_is_not_used_again() {
    run(async |stage| {
        let id = stage.register(1, "www.example.com", &[]).await;
        for path in ["/chall", "/finalize"] {
            stage
                .ca
                .inject(path, Injected::once(Problem::new(503, "rateLimited", "Service busy; retry later.").after(20)));
        }
        stage.world.run_until(&id, is_settled).await;
        assert_eq!(stage.ca.refused("badNonce"), 0);
    });
}
