use domain::attempt::Attempt;
use domain::names::most_names;
use domain::ports::{DueEntry, DueIndex, EndpointPage, FlowStarter, RegisterError, Registry};
use domain::starting::start_attempt;
use domain::{CertificateName, DelegationLabel, DomainName, Endpoint, EndpointId, EndpointNames, Reachability};
use serde::Deserialize;
use time::OffsetDateTime;

use crate::problem::Problem;

/// Whose endpoints these are, while an installation has one owner.
const TENANT: &str = "default";
/// DynamoDB takes 100 writes in one transaction, and one of them is the endpoint itself.
const MOST_BASES: usize = 99;
/// Attempts shown in a history.
const HISTORY: u32 = 50;

/// What is the same for all endpoints of an installation.
#[derive(Clone, Debug)]
pub struct Installation {
    pub delegation_zone: String,
    /// What an external host's own record leads to.
    pub endpoint_target: String,
    /// The ACME profile, which limits how many names a certificate has.
    pub profile: Option<String>,
}

/// The operations behind the routes.
#[derive(Clone, Debug)]
pub struct Service<R, F> {
    pub registry: R,
    pub flows: F,
    pub installation: Installation,
}

/// What a registration says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    domain: String,
    #[serde(default)]
    also: Vec<String>,
    reachability: Reachability,
}

impl Registration {
    /// The input field that `base` comes from.
    fn field_of(&self, base: &DomainName) -> String {
        let holds = |text: &String| text.parse::<CertificateName>().is_ok_and(|name| name.base == *base);
        match self.also.iter().position(holds) {
            Some(i) if !holds(&self.domain) => format!("also[{i}]"),
            _ => "domain".to_owned(),
        }
    }
}

impl<R: Registry + DueIndex, F: FlowStarter> Service<R, F> {
    /// Registers an endpoint and starts its first attempt; if that cannot be started, the next scan does.
    pub(crate) async fn register(&self, request: Registration, now: OffsetDateTime) -> Result<Endpoint, Problem> {
        let most = most_names(self.installation.profile.as_deref());
        let names = EndpointNames::parse(&request.domain, &request.also, most)
            .map_err(|error| Problem::invalid(error.to_string()).with_field(error.field()))?;
        if names.bases().len() > MOST_BASES {
            let detail = format!("More than {MOST_BASES} different names; register a second endpoint.");
            return Err(Problem::invalid(detail).with_field("also"));
        }
        // Seconds are what the due index compares.
        let now = now.replace_nanosecond(0).expect("zero is a nanosecond");
        let (id, label) = (EndpointId::from_random(random()), DelegationLabel::from_random(random()));
        let endpoint = Endpoint::register(id, domain::TenantId::fallback(), names, request.reachability, label, now);
        self.registry.register(&endpoint).await.map_err(|error| match error {
            RegisterError::NameTaken(name) => Problem::conflict(
                "name-taken",
                "The name is registered already",
                format!("{name} (or its wildcard) belongs to a registered endpoint."),
                "Show that endpoint with this name; remove it first if it is to be registered anew, with all its names together.",
            )
            .with_field(request.field_of(&name)),
            RegisterError::Fault(fault) => fault.into(),
        })?;
        let entry = DueEntry { endpoint: endpoint.id.clone(), due_at: now };
        if let Err(fault) = start_attempt(&self.registry, &self.flows, &entry, now).await {
            tracing::warn!(endpoint = %endpoint.id, %fault, "left to the next scan");
        }
        self.find(endpoint.id.as_str()).await
    }

    /// The endpoint that a domain or an id names.
    pub(crate) async fn find(&self, reference: &str) -> Result<Endpoint, Problem> {
        let unknown = || Problem::unknown_endpoint(reference);
        let id = match reference.parse::<EndpointId>() {
            Ok(id) => id,
            Err(_) => {
                let name: CertificateName = reference.parse().map_err(|_| unknown())?;
                self.registry.holder(&name.base).await?.ok_or_else(unknown)?
            }
        };
        self.registry.find(&id).await?.ok_or_else(unknown)
    }

    pub(crate) async fn list(&self, cursor: Option<&str>, limit: u32) -> Result<EndpointPage, Problem> {
        Ok(self.registry.list(TENANT, cursor, limit).await?)
    }

    pub(crate) async fn history(&self, reference: &str) -> Result<Vec<Attempt>, Problem> {
        let endpoint = self.find(reference).await?;
        Ok(self.registry.attempts(&endpoint.id, HISTORY).await?)
    }

    /// Starts an attempt now, though the certificate may be good for long.
    pub(crate) async fn renew(&self, reference: &str, now: OffsetDateTime) -> Result<(EndpointId, u64), Problem> {
        let endpoint = self.find(reference).await?;
        if endpoint.removing {
            return Err(Problem::conflict(
                "being-removed",
                "The endpoint is being removed",
                "It cannot be renewed any more.",
                "Register it anew when it is gone.",
            ));
        }
        if endpoint.is_leased(now) {
            return Err(running(&endpoint));
        }
        self.registry.open_renewal(&endpoint.id, now).await?;
        match self.start(&endpoint, now).await? {
            Some(attempt) => Ok((endpoint.id, attempt)),
            None => Err(running(&endpoint)),
        }
    }

    /// Marks the endpoint as going; a running attempt notices, otherwise one is started to clean up.
    pub(crate) async fn remove(&self, reference: &str, now: OffsetDateTime) -> Result<Endpoint, Problem> {
        let endpoint = self.find(reference).await?;
        self.registry.begin_removal(&endpoint.id, now).await?;
        let going = self.find(endpoint.id.as_str()).await?;
        if !going.is_leased(now)
            && let Err(problem) = self.start(&going, now).await
        {
            tracing::warn!(endpoint = %going.id, detail = problem.detail, "left to the next scan");
        }
        Ok(going)
    }

    async fn start(&self, endpoint: &Endpoint, now: OffsetDateTime) -> Result<Option<u64>, Problem> {
        let Some(due_at) = endpoint.due_at else { return Ok(None) };
        let entry = DueEntry { endpoint: endpoint.id.clone(), due_at };
        Ok(start_attempt(&self.registry, &self.flows, &entry, now).await?)
    }
}

fn running(endpoint: &Endpoint) -> Problem {
    Problem::conflict(
        "attempt-running",
        "An attempt is running",
        format!("Attempt {} of {} is at work.", endpoint.attempt, endpoint.names.primary()),
        "Wait for it: its history shows how it goes.",
    )
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}
