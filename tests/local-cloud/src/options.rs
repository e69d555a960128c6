//! What can be chosen about a cloud.

use std::path::PathBuf;
use std::time::Duration;

pub const REGION: &str = "eu-central-1";
use crate::ports::Ports;

/// The name of the cloud that the make targets mean.
pub const DEFAULT_NAME: &str = "default";

/// Name of the stack in every cloud: each has an AWS of its own.
pub const STACK_NAME: &str = "managed-https";

#[derive(Clone, Debug)]
pub struct Options {
    /// Distinguishes clouds that run side by side, and names the folder under `.local/clouds`.
    pub name: String,
    pub ports: Ports,
    pub ca: CaOptions,
    /// Zone that customers delegate their challenges to.
    pub delegation_zone: String,
    /// Host that customers' external endpoints point at. Resolves to the edge.
    pub endpoint_target: String,
    /// Profile that is ordered. `None` is the CA's default.
    pub profile: Option<String>,
    /// How often the scan runs, as EventBridge Scheduler writes it.
    pub schedule: String,
    /// How often the scheduler looks for endpoints due for a health check.
    pub health_schedule: String,
    /// What the state machine waits, as a part of what its definition says: before it retries a step, and before it asks
    /// the CA again.
    pub flow_waits: f64,
    /// Executions of functions that the account may have at once. As most accounts have it; new ones have 10.
    pub concurrency: u32,
    /// Additional stack parameters. They win over the cloud's own.
    pub parameters: Vec<(String, String)>,
    /// The built template, when it is not the project's.
    pub template: Option<PathBuf>,
    pub deployment: Deployment,
    /// Says on standard error what is ready, and how long it took.
    pub progress: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: DEFAULT_NAME.into(),
            ports: Ports::default(),
            ca: CaOptions::default(),
            delegation_zone: "acme.platform.test".into(),
            endpoint_target: "edge.platform.test".into(),
            // Pebble draws one at random where none is named.
            profile: Some("default".into()),
            schedule: "rate(1 minute)".into(),
            health_schedule: "rate(5 minutes)".into(),
            flow_waits: 1.0,
            concurrency: 1000,
            parameters: Vec::new(),
            template: None,
            deployment: Deployment::Sam,
            progress: false,
        }
    }
}

impl Options {
    /// A cloud with a name that no other has, for tests.
    pub fn unique() -> Self {
        let nonce = getrandom::u32().expect("the system has random numbers");
        // No scheduled check notifies of what a test breaks on purpose: tests of notifications run the function themselves.
        let health_schedule = "rate(23 hours)".into();
        Self {
            name: format!("test-{}-{nonce:08x}", std::process::id()),
            health_schedule,
            deployment: Deployment::CreateStack,
            ..Self::default()
        }
    }
}

impl Options {
    /// As [`Self::unique`], with tenants that are all the platform's own: a host that leads to it has a certificate without
    /// the delegation.
    pub fn trusting() -> Self {
        Self { parameters: vec![("TenantProof".into(), "off".into())], ..Self::unique() }
    }
}

/// How the CA behaves. Validation is always real.
#[derive(Clone, Debug)]
pub struct CaOptions {
    /// Part of good nonces that are refused, in percent.
    pub nonce_reject_percent: u8,
    /// Part of orders that reuse valid authorizations, in percent.
    pub authz_reuse_percent: u8,
    /// Lifetime of certificates of the profile `default`.
    pub default_lifetime: Duration,
    /// Lifetime of certificates of the profile `minutes`.
    pub minutes_lifetime: Duration,
    /// Advised in Retry-After for orders and authorizations, in seconds.
    pub retry_after_seconds: u32,
    /// Key id and MAC key (base64url) that new accounts must bind to.
    pub external_account: Option<(String, String)>,
    /// Domains that the CA refuses to issue for.
    pub blocked_domains: Vec<String>,
    /// Where it fetches HTTP-01 responses, if not at the edge: a CA that sees something else than we do.
    pub http01_port: Option<u16>,
}

impl Default for CaOptions {
    fn default() -> Self {
        Self {
            nonce_reject_percent: 5,
            authz_reuse_percent: 50,
            default_lifetime: Duration::from_secs(90 * 24 * 3600),
            minutes_lifetime: Duration::from_secs(4 * 60),
            retry_after_seconds: 1,
            external_account: None,
            blocked_domains: vec!["blocked.test".into()],
            http01_port: None,
        }
    }
}

/// How the built template becomes a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// `sam deploy`, with the functions zipped: what is done on AWS.
    Sam,
    /// CloudFormation's `CreateStack`, with functions that lead to the programs on this machine.
    CreateStack,
}

/// Where the functions' code is uploaded to: CloudFormation takes it from a bucket of its own region.
pub(crate) const ARTIFACT_BUCKET: &str = "sam-artifacts";

pub(crate) fn artifact_bucket(region: &str) -> String {
    match region {
        REGION => ARTIFACT_BUCKET.to_owned(),
        elsewhere => format!("{ARTIFACT_BUCKET}-{elsewhere}"),
    }
}
