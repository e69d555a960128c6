//! The flow at a CA that answers as Let's Encrypt's server does, over HTTP: what it says when something is wrong, its limits by its
//! rules, and what our side makes of it.

mod failures;
mod limits;
mod orders;

use std::sync::Arc;

use adapters::acme::{AcmeAuthority, AcmeConfig, standing};
use adapters::secrets_manager::AccountSecret;
use boulder::{Boulder, Lookup, Problem};
use domain::endpoint::{Endpoint, Outcome};
use domain::installation::Standing;
use domain::ports::{AuthoritativeDns, Registry, TokenStore};
use futures::FutureExt;
use local_cloud::Aws;
use testkit::{MemoryDns, MemoryTokens};
use time::OffsetDateTime;
use vocabulary::acme::Reachability;
use vocabulary::dns::RecordKind;
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
