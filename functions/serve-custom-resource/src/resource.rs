//! One resource of a stack, and the endpoint behind it.

use std::str::FromStr;
use std::time::Duration;

use api::{Ports, Problem, Service};
use domain::endpoint::Endpoint;
use domain::ports::{EndpointReader, Registry, ServiceFault};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use vocabulary::names::{Caller, CertificateName, EndpointId, Origin, Scope, StackResource};
use vocabulary::text::printable;
use wire::EndpointView;

use crate::event::Event;
use crate::wanted::Wanted;

/// Refusals that end soon: an attempt ends, a removal is finished, a service answers again.
const PASSING: [&str; 4] = ["attempt-running", "being-removed", "import-unfinished", "temporarily-unavailable"];

/// Why a request was not done.
#[derive(Debug)]
struct Refusal {
    problem: Problem,
    passes: bool,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let passes = PASSING.iter().any(|name| is(&problem, name));
        Self { problem, passes }
    }
}

impl From<ServiceFault> for Refusal {
    fn from(fault: ServiceFault) -> Self {
        Problem::from(fault).into()
    }
}

fn is(problem: &Problem, name: &str) -> bool {
    problem.kind.strip_prefix("urn:managed-https:problem:") == Some(name)
}

pub(crate) struct Resource<'a, P> {
    service: &'a Service<P>,
    event: &'a Event,
    owner: StackResource,
    caller: Caller,
    /// Between two tries of a request that is refused temporarily.
    pause: Duration,
    /// When temporary refusals are no longer retried.
    until: Instant,
}

impl<'a, P: Ports> Resource<'a, P> {
    pub(crate) fn new(service: &'a Service<P>, event: &'a Event, pause: Duration, until: Instant) -> Self {
        let owner = StackResource { stack: event.stack_id.clone(), resource: event.logical_resource_id.clone() };
        // Whoever may invoke the function acts for the account that the installation is in.
        let origin = Origin { who: printable(&owner.to_string(), 400), address: None, operator: true };
        Self { service, event, owner, caller: Caller { scope: Scope::Everything, origin }, pause, until }
    }

    /// Registers what is wanted. A second delivery of the request finds what the first one has registered.
    pub(crate) async fn create(&self, wanted: &Wanted) -> Result<EndpointView, Problem> {
        self.patiently(async || self.register(wanted).await).await
    }

    /// Changes the endpoint, or registers another one beside it where another domain or tenant is wanted: CloudFormation
    /// then has the former one deleted.
    pub(crate) async fn update(&self, wanted: &Wanted, before: Option<&Wanted>) -> Result<EndpointView, Problem> {
        self.patiently(async || match self.present().await? {
            Some(there) if !there.removing && wanted.is_of(&there) => self.change(&there, wanted, before).await,
            _ => self.register(wanted).await,
        })
        .await
    }

    /// Removes the endpoint, if there is one of this resource. Its clean-up goes on after that.
    pub(crate) async fn delete(&self) -> Result<(), Problem> {
        self.patiently(async || {
            let Some(there) = self.present_or_left_behind().await? else { return Ok(()) };
            if there.stack.as_ref() != Some(&self.owner) {
                tracing::warn!(endpoint = %there.id, "not removed: it is of no such resource");
                return Ok(());
            }
            self.service.remove(&self.caller, there.id.as_str(), None, OffsetDateTime::now_utc()).await?;
            Ok(())
        })
        .await
    }

    async fn register(&self, wanted: &Wanted) -> Result<EndpointView, Refusal> {
        let (request, key) = (wanted.registration(), crate::request_key(self.event));
        let now = OffsetDateTime::now_utc();
        let registered = self.service.register_for(&self.caller, request, Some(&key), Some(&self.owner), now).await;
        let problem = match registered {
            Ok(view) => return Ok(view),
            Err(problem) => problem,
        };
        let Some(id) = problem.endpoint.as_ref().filter(|_| is(&problem, "name-taken")) else {
            return Err(problem.into());
        };
        match self.find(id).await? {
            // Gone in the meantime, or about to be: of a stack that is deployed again, say.
            None => Err(Refusal { problem, passes: true }),
            Some(there) if there.removing => Err(Refusal { problem, passes: true }),
            // Left by a request that this one takes back (a rollback), or whose answer was lost.
            Some(there) if there.stack.as_ref() == Some(&self.owner) && wanted.is_of(&there) => {
                self.change(&there, wanted, None).await
            }
            Some(_) => Err(problem.into()),
        }
    }

    async fn change(
        &self,
        there: &Endpoint,
        wanted: &Wanted,
        before: Option<&Wanted>,
    ) -> Result<EndpointView, Refusal> {
        let now = OffsetDateTime::now_utc();
        Ok(self.service.change(&self.caller, there.id.as_str(), wanted.wish(before), now).await?)
    }

    /// The endpoint that an earlier answer has named.
    async fn present(&self) -> Result<Option<Endpoint>, ServiceFault> {
        let id = self.event.physical_resource_id.as_deref().and_then(|id| EndpointId::from_str(id).ok());
        match id {
            Some(id) => self.find(&id).await,
            None => Ok(None),
        }
    }

    /// The same; or the one that was registered by a request whose answer said that it failed, or never came.
    async fn present_or_left_behind(&self) -> Result<Option<Endpoint>, ServiceFault> {
        let named = self.event.physical_resource_id.as_deref().is_some_and(|id| EndpointId::from_str(id).is_ok());
        let wanted = Wanted::read(&self.event.resource_properties).ok();
        let domain = wanted.as_ref().and_then(|wanted| wanted.registration().domain.parse::<CertificateName>().ok());
        match (named, wanted.and_then(|wanted| wanted.tenant()), domain) {
            (false, Some(tenant), Some(domain)) => {
                match self.service.ports.store().registered_by(&tenant, &domain.base).await? {
                    Some(id) => self.find(&id).await,
                    None => Ok(None),
                }
            }
            _ => self.present().await,
        }
    }

    async fn find(&self, id: &EndpointId) -> Result<Option<Endpoint>, ServiceFault> {
        self.service.ports.store().find(id).await
    }

    /// Retries while the refusal is temporary, as long as there is time.
    #[expect(clippy::disallowed_methods, reason = "CloudFormation waits for the answer to this very request")]
    async fn patiently<T>(&self, act: impl AsyncFn() -> Result<T, Refusal>) -> Result<T, Problem> {
        loop {
            match act().await {
                Ok(done) => return Ok(done),
                Err(refusal) if refusal.passes && Instant::now() + self.pause < self.until => {
                    tracing::info!(problem = refusal.problem.kind, "tried again in a moment");
                    sleep(self.pause).await;
                }
                Err(refusal) => return Err(refusal.problem),
            }
        }
    }
}
