//! The flow at a CA that answers as Let's Encrypt's server does, over HTTP: what it says when something is wrong, its
//! limits by its rules, and what our side makes of it.

mod failures;
mod limits;
mod orders;
mod validation;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use adapters::acme::{AcmeAuthority, AcmeConfig, standing};
use adapters::secrets_manager::AccountSecret;
use boulder::{Boulder, Lookup, Problem, WebAnswer, http01};
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

use crate::simulation::{AnyCa, Chaos, Simulation};
use crate::{is_settled, secret};

struct Fixture {
    simulation: Simulation,
    ca: Boulder,
    account: AccountSecret,
    config: AcmeConfig,
    internet: Arc<Mutex<Internet>>,
}

/// What lies between the CA and the hosts.
#[derive(Default)]
struct Internet {
    /// Status and target of the redirect by which a host answers; the path is appended.
    redirects: BTreeMap<String, (u16, String)>,
    /// The CA's perspectives that reach nothing.
    cut_off: BTreeSet<usize>,
}

impl Fixture {
    async fn new() -> Self {
        // The adapter's own clock is the machine's.
        let now = OffsetDateTime::now_utc().replace_nanosecond(0).expect("a time");
        let simulation = Simulation::new(Chaos::default());
        let (tokens, dns) = (simulation.tokens.clone(), simulation.dns.clone());
        let internet = Arc::<Mutex<Internet>>::default();
        let between = internet.clone();
        let reach =
            move |lookup: &Lookup| inspect(&tokens, &dns, &between.lock().expect("no test panics in here"), lookup);
        let ca = Boulder::start(now, Box::new(reach)).await;
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
        let simulation = simulation.at(&ca, now);
        let fixture = Self { simulation, ca, account, config, internet };
        fixture.new_process();
        fixture
    }

    /// Forgets what the processes had in memory: the account, the directory, the nonces.
    fn new_process(&self) {
        let authority = AcmeAuthority::new(self.config.clone(), self.account.clone()).expect("no private root");
        self.simulation.use_ca(AnyCa::Http(Arc::new(authority)));
    }

    fn internet(&self, change: impl FnOnce(&mut Internet)) {
        change(&mut self.internet.lock().expect("no test panics in here"));
    }

    async fn register(&self, number: u128, domain: &str, also: &[&str]) -> EndpointId {
        self.register_as(Reachability::Internal, number, domain, also).await
    }

    async fn register_as(&self, reachability: Reachability, number: u128, domain: &str, also: &[&str]) -> EndpointId {
        let also: Vec<String> = also.iter().map(ToString::to_string).collect();
        let names = EndpointNames::parse(domain, &also, 100).expect("valid names");
        self.simulation.register_for("default", number, names, reachability, true).await
    }

    async fn issued(&self, number: u128, domain: &str) -> EndpointId {
        let id = self.register(number, domain, &[]).await;
        self.simulation.run_until(&id, is_settled).await;
        id
    }

    async fn endpoint(&self, id: &EndpointId) -> Endpoint {
        self.simulation.endpoint(id).await.expect("it is there")
    }

    /// One round of the scan, at the endpoint's due time.
    async fn next(&self, id: &EndpointId) -> Endpoint {
        let due = self.endpoint(id).await.due_at.expect("it is due some time");
        self.simulation.set_time(due.max(self.simulation.now()));
        self.simulation.scan_and_run().await;
        self.endpoint(id).await
    }

    /// The renewal of `id` is due by now, with another certificate at its end.
    async fn renew(&self, id: &EndpointId) -> Endpoint {
        let before = self.endpoint(id).await.certificate.expect("held");
        self.simulation.set_time(before.renew_at.max(self.simulation.now()));
        let other = |endpoint: Option<&Endpoint>| {
            is_settled(endpoint)
                && endpoint.is_some_and(|e| e.certificate.as_ref().is_some_and(|held| held.serial != before.serial))
        };
        self.simulation.run_until(id, other).await;
        self.endpoint(id).await
    }

    async fn last_outcome(&self, id: &EndpointId) -> Outcome {
        self.simulation.endpoints.attempts(id, 1).await.expect("in memory").remove(0).outcome
    }

    /// Another entry in the directory as it is stored beside the account.
    async fn spoil_stored_directory(&self, entry: &str, url: &str) {
        let accounts = self.account.load().await.expect("answers");
        let mut next = accounts.clone();
        let stored = next.accounts.get_mut(&self.config.directory).expect("registered");
        let directory = stored.directory.as_deref().expect("stored with the account");
        let mut directory: serde_json::Value = serde_json::from_str(directory).expect("JSON");
        directory[entry] = url.into();
        stored.directory = Some(directory.to_string());
        self.account.replace(&accounts, &next).await.expect("answers");
    }

    async fn account_status(&self) -> Standing {
        standing::describe(&self.config, &self.account).await
    }
}

/// What the CA's servers see: the tokens, or the zone through the delegation.
fn inspect(tokens: &MemoryTokens, dns: &MemoryDns, internet: &Internet, lookup: &Lookup) -> Result<(), Problem> {
    let at_once = "the simulation is in memory";
    if internet.cut_off.contains(&lookup.perspective) {
        let detail = "198.51.100.7: Timeout during connect (likely firewall problem)";
        return Err(Problem::new(400, "connection", detail));
    }
    let records = |name: &str, kind| {
        let answers = dns.query(name, kind).now_or_never().expect(at_once);
        answers.into_iter().flat_map(|server| server.answer.records().to_vec()).collect::<Vec<_>>()
    };
    match lookup.kind.as_str() {
        "http-01" => {
            let host = lookup.name.parse().expect("a name");
            let body = tokens.read(&host, &lookup.token).now_or_never().expect(at_once).expect("in memory");
            let web = |url: &url::Url| {
                let redirect = internet.redirects.get(url.host_str()?);
                let location = redirect.map(|(_, target)| format!("{target}{}", url.path()));
                let status = match (redirect, &body) {
                    (Some((status, _)), _) => *status,
                    (None, Some(_)) => 200,
                    (None, None) => 404,
                };
                Some(WebAnswer { status, location, body: body.clone().unwrap_or_default() })
            };
            http01(&web, &lookup.name, &lookup.token, &lookup.expected)
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

fn run(test: impl AsyncFnOnce(Fixture)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { test(Fixture::new().await).await });
}

fn failing(endpoint: &Endpoint) -> &vocabulary::failure::Failure {
    &endpoint.failing.as_ref().expect("it fails").failure
}
