use std::net::IpAddr;

use adapters::acm::Acm;
use adapters::address_filter::Reach;
use adapters::alerts::AlertChannels;
use adapters::attempt_room::AttemptRoom;
use adapters::cloudformation::Responses;
use adapters::cross_account::{Places, Purpose};
use adapters::dns::{DNS_PORT, Dns, Roots};
use adapters::domain_connect::Discovery;
use adapters::dynamodb::EndpointsTable;
use adapters::event_bridge::EventBus;
use adapters::http_probe::Probe;
use adapters::key_export::ExportSecrets;
use adapters::key_vault::EncryptedKeys;
use adapters::lambda::OwnFunction;
use adapters::oidc::OpenIdProvider;
use adapters::otlp::{Collector, CollectorHeaders};
use adapters::probe::EndpointProber;
use adapters::route53::DelegationZone;
use adapters::s3::ChallengeBucket;
use adapters::secrets_manager::AccountSecret;
use adapters::sns::AlertsTopic;
use adapters::step_functions::{StateMachine, Tasks};
use adapters::tls_probe::TlsProbe;
use aws_types::SdkConfig;
use domain::acts::{Counting, MOVE_GRACE};
use domain::alert::Sender;
use domain::endpoint::UNPROVEN_PATIENCE;
use domain::issues::DEFAULT_SETUP_PATIENCE;
use ipnet::IpNet;
use time::Duration;
use vocabulary::certificate::{AcmQuotas, ListenerPools, Region, RoleArn, TenantLimits};
use vocabulary::dns::{ConnectTemplates, EndpointTarget, Issuer, Platform, TenantProof};
use vocabulary::names::{DomainName, NameError};

use crate::environment::{ConfigurationError, Environment, Wired, anchor, first_issuer};
use crate::metrics::Metrics;
use crate::sdk;
use crate::settings::{self, SETTINGS};

/// The variable of a private CA's root.
const ROOT: &str = "ACME_TRUST_ANCHOR";

/// Route 53 takes five calls a second from an account. Two writers run at the most (`MaximumConcurrency` of their queue), and
/// one call a second is left to others.
const BETWEEN_CALLS: std::time::Duration = std::time::Duration::from_millis(500);

/// Makes the adapters a function needs, from its environment.
pub struct Wiring {
    environment: Environment,
    pub(crate) sdk: SdkConfig,
}

impl Wiring {
    pub(crate) async fn new(environment: Environment) -> Wired<Self> {
        let sdk = sdk::config(&environment)?;
        let environment = match environment.optional(SETTINGS) {
            None => environment,
            Some(secret) => environment.with(settings::read(aws_sdk_secretsmanager::Client::new(&sdk), secret).await?),
        };
        Ok(Self { environment, sdk })
    }

    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    pub fn metrics(&self) -> Wired<Metrics> {
        self.environment.required("STACK_NAME").map(Metrics::new)
    }

    pub fn delegation_zone_name(&self) -> Wired<String> {
        self.environment.required("DELEGATION_ZONE")
    }

    /// What is asked of the records of domain owners.
    pub fn platform(&self) -> Wired<Platform> {
        let target: Option<EndpointTarget> = self.environment.parsed("ENDPOINT_TARGET")?;
        Ok(Platform {
            delegation_zone: self.delegation_zone_name()?,
            endpoint_target: target.ok_or(ConfigurationError::Missing("ENDPOINT_TARGET"))?,
            tenant_proof: self.environment.parsed("TENANT_PROOF")?.unwrap_or(TenantProof::On),
            reserved: self.reserved_names()?,
        })
    }

    /// Names that only operators may register, besides those of records.
    fn reserved_names(&self) -> Wired<Vec<DomainName>> {
        let listed = self.environment.optional("RESERVED_NAMES").unwrap_or_default();
        let listed: Result<Vec<DomainName>, _> =
            listed.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::parse).collect();
        let malformed =
            |error: NameError| ConfigurationError::Malformed { name: "RESERVED_NAMES", why: error.to_string() };
        let mut names = listed.map_err(malformed)?;
        let pools = self.listener_pools()?;
        names.extend(pools.all().map(|(_, member)| member.target.base().clone()));
        // An address is nobody's domain.
        names.extend(self.environment.optional("BASE_URL").and_then(|url| host_of(&url)?.parse().ok()));
        Ok(names)
    }

    pub fn endpoints(&self) -> Wired<EndpointsTable> {
        let table = self.environment.required("ENDPOINTS_TABLE")?;
        Ok(EndpointsTable::new(aws_sdk_dynamodb::Client::new(&self.sdk), table))
    }

    pub fn keys(&self) -> Wired<EncryptedKeys> {
        let table = self.environment.required("KEYS_TABLE")?;
        // A function that only deletes keys has no use for the KMS key.
        let kms_key = self.environment.optional("KEYS_KMS_KEY").unwrap_or_default();
        let (dynamodb, kms) = (aws_sdk_dynamodb::Client::new(&self.sdk), aws_sdk_kms::Client::new(&self.sdk));
        Ok(EncryptedKeys::new(dynamodb, table, kms, kms_key))
    }

    /// The secrets of exported keys. Without `EXPORT_ROLE` nothing is exported, and what was is deleted all the same.
    pub fn exports(&self) -> Wired<ExportSecrets> {
        let owner = self.environment.required("STACK_NAME")?;
        // A function that only deletes secrets has no use for the KMS key.
        let kms_key = self.environment.optional("KEYS_KMS_KEY").unwrap_or_default();
        let secrets = aws_sdk_secretsmanager::Client::new(&self.sdk);
        Ok(ExportSecrets::new(secrets, owner, kms_key, self.export_role()?))
    }

    /// The one role that reads exported keys. `None`: no key leaves the installation.
    pub fn export_role(&self) -> Wired<Option<RoleArn>> {
        self.environment.parsed("EXPORT_ROLE")
    }

    pub(crate) fn account_secret(&self) -> Wired<AccountSecret> {
        let account = self.environment.required("ACCOUNT_SECRET")?;
        let secrets = aws_sdk_secretsmanager::Client::new(&self.sdk);
        Ok(AccountSecret::new(secrets, account, self.environment.optional("EAB_SECRET")))
    }

    pub fn delegation_zone(&self) -> Wired<DelegationZone> {
        let id = self.environment.required("DELEGATION_HOSTED_ZONE_ID")?;
        Ok(DelegationZone::new(aws_sdk_route53::Client::new(&self.sdk), id))
    }

    /// For the zone's writer: a call is sent once, and no more calls in a second than its share of Route 53's five.
    pub fn zone_writer(&self) -> Wired<DelegationZone> {
        let id = self.environment.required("DELEGATION_HOSTED_ZONE_ID")?;
        let once = aws_sdk_route53::config::retry::RetryConfig::disabled();
        let config = aws_sdk_route53::config::Builder::from(&self.sdk).retry_config(once).build();
        Ok(DelegationZone::new(aws_sdk_route53::Client::from_conf(config), id).paced(BETWEEN_CALLS))
    }

    /// For a function that answers steps of the flow.
    pub fn tasks(&self) -> Tasks {
        Tasks::new(aws_sdk_sfn::Client::new(&self.sdk))
    }

    pub fn tokens(&self) -> Wired<ChallengeBucket> {
        let bucket = self.environment.required("TOKEN_BUCKET")?;
        Ok(ChallengeBucket::new(aws_sdk_s3::Client::new(&self.sdk), bucket))
    }

    /// Those of the installation that takes this one's place, `REGION/BUCKET`; `None`: there is none.
    pub fn successors_tokens(&self) -> Wired<Option<ChallengeBucket>> {
        let Some(text) = self.environment.optional("SUCCESSOR_BUCKET") else { return Ok(None) };
        let wrong = || ConfigurationError::Malformed { name: "SUCCESSOR_BUCKET", why: "not REGION/BUCKET".to_owned() };
        let (region, bucket) = text.split_once('/').ok_or_else(wrong)?;
        let config = aws_sdk_s3::config::Builder::from(&self.sdk);
        let config = config.region(aws_sdk_s3::config::Region::new(region.to_owned())).build();
        Ok(Some(ChallengeBucket::new(aws_sdk_s3::Client::from_conf(config), bucket.to_owned())))
    }

    pub fn dns(&self) -> Wired<Dns> {
        let port = self.environment.parsed("DNS_PORT")?.unwrap_or(DNS_PORT);
        Ok(Dns::from_roots(self.roots()?, port, self.networks("PREFLIGHT_ALLOWED_NETWORKS")?))
    }

    /// The IANA's, unless `DNS_ROOTS` has others; then `DNS_TRUST_ANCHOR` has their keys.
    fn roots(&self) -> Wired<Roots> {
        let servers = self.environment.optional("DNS_ROOTS").unwrap_or_default();
        let servers: Result<Vec<IpAddr>, _> = servers.split(',').filter(|it| !it.is_empty()).map(str::parse).collect();
        let servers =
            servers.map_err(|error| ConfigurationError::Malformed { name: "DNS_ROOTS", why: error.to_string() })?;
        match servers.as_slice() {
            [] => Ok(Roots::Iana),
            _ => Ok(Roots::Own { servers, trust: self.environment.parsed("DNS_TRUST_ANCHOR")? }),
        }
    }

    pub fn probe(&self) -> Wired<Probe> {
        let port = self.environment.parsed("HTTP01_PORT")?.unwrap_or(80);
        Ok(Probe::new(self.reach()?, port))
    }

    fn reach(&self) -> Wired<Reach> {
        Ok(Reach::new(self.dns()?, self.networks("PREFLIGHT_ALLOWED_NETWORKS")?))
    }

    /// Networks in CIDR form with commas between them.
    fn networks(&self, name: &'static str) -> Wired<Vec<IpNet>> {
        let networks = self.environment.optional(name).unwrap_or_default();
        let networks: Result<_, _> = networks.split(',').filter(|s| !s.is_empty()).map(str::parse).collect();
        networks.map_err(|error: ipnet::AddrParseError| ConfigurationError::Malformed { name, why: error.to_string() })
    }

    fn https_port(&self) -> Wired<u16> {
        Ok(self.environment.parsed("HTTPS_PORT")?.unwrap_or(443))
    }

    /// As [`Self::prober`], and what internal hosts present is checked if they are in `INTERNAL_NETWORKS`.
    pub fn prober_inside(&self) -> Wired<EndpointProber> {
        let (prober, networks, port) = (self.prober()?, self.networks("INTERNAL_NETWORKS")?, self.https_port()?);
        if networks.is_empty() || port == 0 {
            return Ok(prober);
        }
        Ok(prober.with_inside(TlsProbe::new(Reach::new(self.dns()?, networks), port)))
    }

    /// What checks an endpoint afresh. `HTTPS_PORT` 0: what hosts present is not checked.
    pub fn prober(&self) -> Wired<EndpointProber> {
        let port = self.https_port()?;
        let tls = if port == 0 { None } else { Some(TlsProbe::new(self.reach()?, port)) };
        let prober = EndpointProber::new(self.dns()?, self.probe()?, tls, self.issuer());
        Ok(prober.with_connect(self.connect(if port == 0 { 443 } else { port })?))
    }

    /// The platform's templates at DNS providers. `None`: it has none.
    pub fn connect_templates(&self) -> Wired<Option<ConnectTemplates>> {
        self.environment.parsed("DOMAIN_CONNECT")
    }

    fn connect(&self, port: u16) -> Wired<Option<Discovery>> {
        let Some(templates) = self.connect_templates()? else { return Ok(None) };
        // A private root is that of the house: its DNS provider may have a certificate of it, too.
        let root = anchor(ROOT, self.environment.optional(ROOT))?;
        let tls = adapters::tls::client_config(root.as_deref())
            .map_err(|error| ConfigurationError::Malformed { name: ROOT, why: error.to_string() })?;
        Ok(Some(Discovery::new(self.reach()?, port, tls, templates)))
    }

    /// As [`Self::prober`], and what hosts present over TLS is not checked.
    pub fn prober_of_records(&self) -> Wired<EndpointProber> {
        Ok(EndpointProber::new(self.dns()?, self.probe()?, None, self.issuer()))
    }

    /// The first CA and our account there, as CAA and persistent records name them.
    pub fn issuer(&self) -> Issuer {
        first_issuer(&self.environment)
    }

    /// For a function that serves resources of stacks.
    pub fn stack_responses(&self) -> Wired<Responses> {
        let emulator = self.environment.parsed("EMULATOR_URL")?;
        Ok(Responses::new(self.environment.required("URL_SUFFIX")?, emulator.as_ref()))
    }

    /// ACM in this account and region, for a function that only reads what is there.
    pub fn acm(&self) -> Wired<Acm> {
        let owner = self.environment.required("STACK_NAME")?;
        Ok(Acm::new(aws_sdk_acm::Client::new(&self.sdk), owner))
    }

    /// Where certificates go: this account and region, others of its regions, and what roles lead to.
    ///
    /// `purpose` bounds what is done in other accounts.
    pub fn destinations(&self, purpose: Purpose) -> Wired<Places> {
        let owner = self.environment.required("STACK_NAME")?;
        let places = Places::new(self.sdk.clone(), self.region()?, owner, self.deployment_roles()?, purpose);
        Ok(places.with_url_suffix(self.environment.optional("URL_SUFFIX").unwrap_or_default()))
    }

    /// The region that the functions run in; Lambda says it.
    pub fn region(&self) -> Wired<Region> {
        self.environment.parsed("AWS_REGION")?.ok_or(ConfigurationError::Missing("AWS_REGION"))
    }

    /// The roles that certificates may be put into other accounts by. None: they stay in this one.
    pub fn deployment_roles(&self) -> Wired<Vec<RoleArn>> {
        let roles = self.environment.optional("DEPLOYMENT_ROLES").unwrap_or_default();
        let roles: Result<_, _> = roles.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::parse).collect();
        roles.map_err(|error: vocabulary::certificate::RoleArnError| ConfigurationError::Malformed {
            name: "DEPLOYMENT_ROLES",
            why: error.to_string(),
        })
    }

    pub fn alerts(&self) -> Wired<AlertChannels> {
        let sns = aws_sdk_sns::Client::new(&self.sdk);
        let sender = self.sender();
        let topic = |name| Ok(AlertsTopic::new(sns.clone(), self.environment.required(name)?, sender.clone()));
        let bus = self.environment.required("ALERTS_BUS")?;
        let bus = EventBus::new(aws_sdk_eventbridge::Client::new(&self.sdk), bus);
        let (people, chat, tenants) = (topic("ALERTS_TOPIC")?, topic("CHAT_TOPIC")?, topic("TENANTS_TOPIC")?);
        Ok(AlertChannels::new(people, chat, tenants, bus, self.endpoints()?))
    }

    /// For a function that only reads who is subscribed.
    pub(crate) fn alerts_topic(&self) -> Wired<AlertsTopic> {
        let topic = self.environment.required("ALERTS_TOPIC")?;
        Ok(AlertsTopic::new(aws_sdk_sns::Client::new(&self.sdk), topic, self.sender()))
    }

    /// How messages name the installation, and where their runbooks are: at the API, unless the operator keeps them elsewhere.
    fn sender(&self) -> Sender {
        Sender {
            stack: self.environment.optional("STACK_NAME").unwrap_or_default(),
            runbooks: self
                .environment
                .optional("RUNBOOK_URL")
                .filter(|url| url.starts_with("https://") || url.starts_with("http://")),
            ..Sender::default()
        }
    }

    /// How long a new endpoint may wait for its first DNS records before anybody is notified.
    pub fn setup_patience(&self) -> Wired<Duration> {
        let hours = self.environment.parsed("SETUP_PATIENCE_HOURS")?;
        Ok(hours.map_or(DEFAULT_SETUP_PATIENCE, Duration::hours))
    }

    /// How long a certificate stays whose names the domain owner has moved to another registration.
    pub fn move_grace(&self) -> Wired<Duration> {
        let hours = self.environment.parsed("MOVE_GRACE_HOURS")?;
        Ok(hours.map_or(MOVE_GRACE, Duration::hours))
    }

    /// The pools that registrations may name instead of a listener.
    pub fn listener_pools(&self) -> Wired<ListenerPools> {
        Ok(self.environment.parsed("LISTENER_POOLS")?.unwrap_or_default())
    }

    /// ACM's quotas at home as the operator typed them; `None`: AWS is asked. Releases that could not ask had AWS's defaults
    /// as the parameter's default, which an update keeps.
    pub fn acm_quotas(&self) -> Wired<Option<AcmQuotas>> {
        let typed: Option<AcmQuotas> = self.environment.parsed("ACM_QUOTAS")?;
        Ok(typed.filter(|quotas| *quotas != AcmQuotas::default()))
    }

    /// For a function that counts the room for certificates.
    pub fn counting(&self) -> Wired<Counting> {
        Ok(Counting { pools: self.listener_pools()?, roles: self.deployment_roles()? })
    }

    /// What one tenant may have and ask for.
    pub fn tenant_limits(&self) -> Wired<TenantLimits> {
        Ok(self.environment.parsed("TENANT_LIMITS")?.unwrap_or_default())
    }

    /// How long a registration may be unproven before it is paused.
    pub fn unproven_patience(&self) -> Wired<Duration> {
        let hours = self.environment.parsed("UNPROVEN_HOURS")?;
        Ok(hours.map_or(UNPROVEN_PATIENCE, Duration::hours))
    }

    /// Base URL of the dashboard, for links. `None`: nobody can sign in there.
    pub fn dashboard(&self) -> Option<String> {
        self.environment.optional("DASHBOARD_URL")
    }

    /// The platform's own token issuer. `None`: the installation has none.
    pub fn open_id_provider(&self) -> Wired<Option<OpenIdProvider>> {
        let Some(issuer) = self.environment.optional("OIDC_ISSUER") else { return Ok(None) };
        let client = self.environment.required("OIDC_CLIENT_ID")?;
        let malformed = |why: String| ConfigurationError::Malformed { name: "OIDC_ISSUER", why };
        OpenIdProvider::new(&issuer, &client).map(Some).map_err(|fault| malformed(fault.to_string()))
    }

    /// Who takes the traces of attempts. `None`: nobody.
    ///
    /// Headers that cannot be read cost the traces, not the attempts.
    pub async fn traces(&self) -> Wired<Option<Collector>> {
        let Some(endpoint) = self.environment.optional("OTLP_ENDPOINT") else { return Ok(None) };
        let headers = match self.environment.optional("OTLP_HEADERS_SECRET") {
            None => CollectorHeaders::default(),
            Some(secret) => {
                let secrets = aws_sdk_secretsmanager::Client::new(&self.sdk);
                match CollectorHeaders::read(&secrets, &secret).await {
                    Ok(headers) => headers,
                    Err(why) => {
                        tracing::error!(%why, "no traces are sent: the collector's headers cannot be read");
                        return Ok(None);
                    }
                }
            }
        };
        let malformed = |why: String| ConfigurationError::Malformed { name: "OTLP_ENDPOINT", why };
        let collector = Collector::new(&endpoint, &self.environment.required("STACK_NAME")?, headers);
        collector.map(Some).map_err(|error| malformed(error.to_string()))
    }

    /// For a function that starts attempts, where there is room. `ATTEMPTS_AT_ONCE` 0: by the account's Lambda quota.
    pub fn room(&self) -> Wired<AttemptRoom> {
        let most = self.environment.parsed("ATTEMPTS_AT_ONCE")?.filter(|most| *most > 0);
        let lambda = aws_sdk_lambda::Client::new(&self.sdk);
        Ok(AttemptRoom::new(lambda, self.state_machine()?, self.endpoints()?, most))
    }

    /// Further runs of this very function. Lambda says what it is called.
    pub fn health_runs(&self) -> Wired<OwnFunction> {
        let name = self.environment.required("AWS_LAMBDA_FUNCTION_NAME")?;
        Ok(OwnFunction::new(aws_sdk_lambda::Client::new(&self.sdk), name))
    }

    pub fn state_machine(&self) -> Wired<StateMachine> {
        let arn = self.environment.required("STATE_MACHINE_ARN")?;
        Ok(StateMachine::new(aws_sdk_sfn::Client::new(&self.sdk), arn))
    }
}

fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', ':']).next()
}
