//! A platform team at work on a local cloud: registers endpoints, creates records, checks the results.

pub mod balancer;
pub mod browser;
pub mod drill;
mod events;
pub mod failure_drills;
mod inbox;
pub mod meter;
pub mod million;
pub mod web_server;

use std::time::Duration;

use adapters::dns::{Dns, Roots};
use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_route53::types::RrType;
use local_cloud::{Ca, LocalCloud, NameServers, Options, OwnerZone, VerifiedChain, wait_until};
use reqwest::Method;
use serde_json::{Value, json};
use vocabulary::record::quoted;

pub use events::alert;
pub use inbox::{Inbox, Queue};

/// How long an attempt may take here, retries of the flow included.
const ATTEMPT: Duration = Duration::from_secs(150);

/// The DNS of a local cloud, as the functions see it.
pub fn dns(servers: &NameServers) -> Result<Dns> {
    let roots = Roots::Own { servers: servers.roots(), trust: Some(servers.trust_anchor()?.parse()?) };
    Ok(Dns::from_roots(roots, servers.port(), vec!["127.0.0.0/8".parse()?]))
}

/// A cloud with the stack, and the API as its client.
pub struct Platform {
    pub cloud: LocalCloud,
    http: reqwest::Client,
}

/// An answer of the API.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Platform {
    pub async fn start(options: Options) -> Result<Self> {
        Self::of(LocalCloud::start(options).await?)
    }

    /// The team of a stack that is there.
    pub fn of(cloud: LocalCloud) -> Result<Self> {
        let http = cloud.http_client()?;
        Ok(Self { cloud, http })
    }

    /// Simulates the passing of time, or sets a value: `assignment` of the endpoint's item, with `:value` for the value.
    pub async fn set(&self, id: &str, assignment: &str, value: AttributeValue) -> Result<()> {
        self.set_item(id, "ENDPOINT", assignment, value).await
    }

    /// Makes the endpoint due: `health_at`, or `advice_at`.
    pub async fn set_due(&self, id: &str, of: &str) -> Result<()> {
        self.set_item(id, "ENDPOINT#TIMES", &format!("{of} = :value"), AttributeValue::N("1".into())).await
    }

    async fn set_item(&self, id: &str, sk: &str, assignment: &str, value: AttributeValue) -> Result<()> {
        let update = self.cloud.aws().dynamodb.update_item().table_name(self.cloud.resource("EndpointsTable")?);
        let update = update
            .key("pk", AttributeValue::S(format!("ENDPOINT#{id}")))
            .key("sk", AttributeValue::S(sk.into()))
            .condition_expression("attribute_exists(pk)")
            .update_expression(format!("SET {assignment}"))
            .expression_attribute_values(":value", value);
        update.send().await.context("UpdateItem")?;
        Ok(())
    }

    /// Makes a CA the only fallback, in the form of the parameter `FallbackAuthorities`: as an update of the stack writes it.
    /// Processes that have read the old text are replaced.
    pub async fn use_fallback(&self, authority: &Value) -> Result<()> {
        let cloud = &self.cloud;
        let (secrets, settings) = (&cloud.aws().secrets, cloud.resource("Settings")?);
        let text = secrets.get_secret_value().secret_id(settings).send().await?.secret_string.unwrap_or_default();
        ensure!(text.contains("FALLBACK_AUTHORITIES=\n"), "{text}");
        let list = json!([authority]);
        let text = text.replace("FALLBACK_AUTHORITIES=", &format!("FALLBACK_AUTHORITIES={list}"));
        secrets.put_secret_value().secret_id(settings).secret_string(text).send().await?;
        for step in ["OpenOrder", "SubmitChallenge", "FinalizeOrder", "PollRenewalInfo"] {
            cloud.kill_function(&format!("{step}Function"))?;
        }
        Ok(())
    }

    /// Calls the API. The emulator asks for a signature, but does not check it; `tests/cli.rs` does.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer> {
        let url = format!("{}/v1/{path}", self.cloud.description().api);
        let scope = format!("test/20260101/{}/execute-api/aws4_request", self.cloud.description().region);
        let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let request = self.http.request(method, url).header("authorization", signature);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.context("calling the API")?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        let body = serde_json::from_str(&text).with_context(|| format!("the API answered {status} with {text}"))?;
        Ok(Answer { status, body })
    }

    /// Registers an endpoint. Its first attempt starts at once.
    pub async fn register(&self, domain: &str, also: &[&str], reachability: &str) -> Result<Value> {
        let body = json!({"domain": domain, "also": also, "reachability": reachability});
        let answer = self.call(Method::POST, "endpoints", Some(body)).await?;
        ensure!(answer.status == 201, "registering {domain}: {answer:?}");
        Ok(answer.body)
    }

    /// Registers an endpoint, and creates its records once its first attempt has missed them: the next one asks the CA.
    pub async fn register_proven(&self, zone: &OwnerZone, domain: &str, reachability: &str) -> Result<Value> {
        let endpoint = self.register(domain, &[], reachability).await?;
        self.attempt(domain, 1).await?;
        self.create_records(zone, &endpoint).await?;
        Ok(endpoint)
    }

    /// Registers an endpoint, creates its records, and brings it to its certificate.
    pub async fn issue(&self, zone: &OwnerZone, domain: &str, also: &[&str], reachability: &str) -> Result<Value> {
        let endpoint = self.register(domain, also, reachability).await?;
        self.create_records(zone, &endpoint).await?;
        self.attempt(domain, 1).await?;
        if self.endpoint(domain).await?["certificate"]["arn"].is_null() {
            self.run(domain).await?;
        }
        self.endpoint(domain).await
    }

    pub async fn endpoint(&self, domain: &str) -> Result<Value> {
        let answer = self.call(Method::GET, &format!("endpoints/{domain}"), None).await?;
        ensure!(answer.status == 200, "{domain}: {answer:?}");
        Ok(answer.body)
    }

    /// Starts an attempt now, and waits for its end.
    pub async fn run(&self, domain: &str) -> Result<Value> {
        let number = self.start_attempt(domain).await?;
        self.attempt(domain, number).await
    }

    /// Starts an attempt now.
    pub async fn start_attempt(&self, domain: &str) -> Result<u64> {
        let answer = self.call(Method::POST, &format!("endpoints/{domain}/renew"), None).await?;
        ensure!(answer.status == 202, "renewing {domain}: {answer:?}");
        answer.body["attempt"].as_u64().context("an attempt has a number")
    }

    /// The record of attempt `number`, once it has ended.
    pub async fn attempt(&self, reference: &str, number: u64) -> Result<Value> {
        wait_until(&format!("the end of attempt {number} of {reference}"), ATTEMPT, async || {
            let attempts = self.attempts(reference).await?;
            let found = attempts.into_iter().find(|a| a["attempt"] == number && !a["finished_at"].is_null());
            Ok(found)
        })
        .await
    }

    /// The record of the first attempt after `before`, once it has ended. A change skips a number, so that an attempt that
    /// still runs writes nothing more.
    pub async fn attempt_after(&self, reference: &str, before: &Value) -> Result<Value> {
        let before = before["attempt"].as_u64().context("the number of its last attempt")?;
        wait_until(&format!("the end of an attempt after {before} of {reference}"), ATTEMPT, async || {
            let attempts = self.attempts(reference).await?;
            let is_later = |a: &Value| a["attempt"].as_u64().is_some_and(|number| number > before);
            Ok(attempts.into_iter().find(|a| is_later(a) && !a["finished_at"].is_null()))
        })
        .await
    }

    /// Newest first.
    pub async fn attempts(&self, reference: &str) -> Result<Vec<Value>> {
        let answer = self.call(Method::GET, &format!("endpoints/{reference}/attempts"), None).await?;
        ensure!(answer.status == 200, "{answer:?}");
        Ok(answer.body["attempts"].as_array().cloned().unwrap_or_default())
    }

    /// Creates the records that the endpoint asks for, as the customer would.
    pub async fn create_records(&self, zone: &OwnerZone, endpoint: &Value) -> Result<()> {
        for record in endpoint["dns"]["records"].as_array().context("records")? {
            let (name, value) = (text(&record["name"]), text(&record["value"]));
            match text(&record["type"]) {
                // Route 53 aliases lead to AWS resources only: an address does the same here.
                "ALIAS" => zone.upsert(name, RrType::A, &["127.0.0.1"]).await?,
                "TXT" => zone.upsert(name, RrType::Txt, &[&quoted(value)]).await?,
                _ => zone.upsert(name, RrType::Cname, &[value]).await?,
            }
        }
        Ok(())
    }

    /// The endpoint's certificate in ACM, its chain verified up to the root of `ca`.
    pub async fn certificate(&self, endpoint: &Value, ca: &Ca) -> Result<VerifiedChain> {
        self.cloud.verified_certificate(text(&endpoint["certificate"]["arn"]), ca).await
    }

    /// Checks that the endpoint has a certificate for its names from `ca`, and that nothing is left lying.
    pub async fn check_at_rest(&self, domain: &str, ca: &Ca) -> Result<VerifiedChain> {
        let endpoint = self.endpoint(domain).await?;
        ensure!(is_at_rest(&endpoint), "{domain} is not at rest: {endpoint:#}");
        let verified = self.certificate(&endpoint, ca).await?;
        let mut names: Vec<_> = endpoint["names"].as_array().context("names")?.iter().map(text).collect();
        names.sort_unstable();
        ensure!(verified.names == names, "the certificate of {domain} has other names: {:?}", verified.names);
        ensure!(
            verified.serial.trim_start_matches('0').eq_ignore_ascii_case(text(&endpoint["certificate"]["serial"])),
            "ACM has another certificate for {domain} than the one recorded"
        );
        self.check_nothing_published(domain).await?;
        Ok(verified)
    }

    /// Checks that no token of `domain` and no TXT record at its delegated name is left.
    pub async fn check_nothing_published(&self, domain: &str) -> Result<()> {
        let tokens = self.cloud.tokens().await?;
        let own: Vec<_> = tokens.iter().filter(|key| key.starts_with(&format!("challenges/{domain}/"))).collect();
        ensure!(own.is_empty(), "tokens of {domain} are left: {own:?}");
        let answer = self.call(Method::GET, &format!("endpoints/{domain}"), None).await?;
        for (name, values) in self.cloud.txt_records().await? {
            let records = answer.body["dns"]["records"].as_array().cloned().unwrap_or_default();
            ensure!(records.iter().all(|r| text(&r["value"]) != name), "TXT of {domain} are left: {values:?}");
        }
        Ok(())
    }

    /// CA requests of an attempt, all steps together.
    pub fn ca_requests(attempt: &Value) -> u64 {
        let steps = attempt["steps"].as_array().into_iter().flatten();
        steps.filter_map(|step| step["ca_requests"].as_u64()).sum()
    }

    /// Ends the processes of all functions: whatever comes next starts cold.
    pub fn kill_all_functions(&self) -> Result<()> {
        for id in self.cloud.description().resources.keys().filter(|id| id.ends_with("Function")) {
            self.cloud.kill_function(id)?;
        }
        Ok(())
    }
}

/// Whether the endpoint has a certificate, its last attempt did not fail, and none is running.
pub fn is_at_rest(endpoint: &Value) -> bool {
    !endpoint["certificate"]["arn"].is_null() && endpoint["failure"].is_null() && !endpoint["next_attempt_at"].is_null()
}

/// Whether its last attempt failed, and none is running.
pub fn is_failing(endpoint: &Value) -> bool {
    !endpoint["failure"].is_null() && !endpoint["next_attempt_at"].is_null()
}

/// The text of a JSON value; empty if it is none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
