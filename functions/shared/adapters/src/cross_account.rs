//! All accounts and regions that certificates go to: clients for each, and the roles that lead there.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region as SdkRegion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use domain::ports::{Destinations, FaultKind, ServiceFault};
use vocabulary::certificate::{Region, RoleArn, Target};
use vocabulary::text::printable;

use crate::acm::Acm;
use crate::elb::LoadBalancers;

/// A session is not begun anything with that ends within this time.
const RESERVE: Duration = Duration::from_secs(300);
/// Of a session's name (STS `AssumeRole`).
const LONGEST_NAME: usize = 64;

#[derive(Clone, Debug)]
pub struct Places {
    /// Its HTTP client, and so its connections, are those of all places.
    sdk: SdkConfig,
    home: Region,
    /// The stack's name: it owns the certificates, and is session name and external id where a role is assumed.
    owner: String,
    /// The only roles that are ever assumed.
    roles: Vec<RoleArn>,
    sessions: Arc<Mutex<HashMap<RoleArn, Credentials>>>,
}

impl Places {
    pub fn new(sdk: SdkConfig, home: Region, owner: String, roles: Vec<RoleArn>) -> Self {
        Self { sdk, home, owner, roles, sessions: Arc::default() }
    }

    async fn sdk_at(&self, place: &Target) -> Result<SdkConfig, ServiceFault> {
        let builder = self.sdk.clone().into_builder().region(SdkRegion::new(place.region.to_string()));
        let Some(role) = &place.role else { return Ok(builder.build()) };
        let session = self.session(role).await?;
        Ok(builder.credentials_provider(SharedCredentialsProvider::new(session)).build())
    }

    /// Asked for before it is needed, so that a refusal is told as what it is and not as that of another call.
    async fn session(&self, role: &RoleArn) -> Result<Credentials, ServiceFault> {
        if !self.roles.contains(role) {
            let detail = format!("{role} is not among the stack's DeploymentRoleArns");
            return Err(ServiceFault { operation: ASSUME, kind: FaultKind::Denied, detail });
        }
        let known = self.sessions.lock().expect("nothing panics in here").get(role).cloned();
        let lasts = |session: &Credentials| session.expiry().is_none_or(|end| end > SystemTime::now() + RESERVE);
        if let Some(session) = known.filter(lasts) {
            return Ok(session);
        }
        let name: String = self.owner.chars().take(LONGEST_NAME).collect();
        let provider = AssumeRoleProvider::builder(role.as_str()).configure(&self.sdk);
        let provider = provider.session_name(name).external_id(&self.owner).build().await;
        let session = provider.provide_credentials().await.map_err(|error| refusal(role, &error))?;
        self.sessions.lock().expect("nothing panics in here").insert(role.clone(), session.clone());
        Ok(session)
    }
}

impl Destinations for Places {
    type Certificates = Acm;
    type Listeners = LoadBalancers;

    fn home(&self) -> &Region {
        &self.home
    }

    async fn certificates(&self, place: &Target) -> Result<Acm, ServiceFault> {
        Ok(Acm::new(aws_sdk_acm::Client::new(&self.sdk_at(place).await?), self.owner.clone()))
    }

    async fn listeners(&self, place: &Target) -> Result<LoadBalancers, ServiceFault> {
        Ok(LoadBalancers::new(aws_sdk_elasticloadbalancingv2::Client::new(&self.sdk_at(place).await?)))
    }
}

const ASSUME: &str = "sts:AssumeRole";

/// The provider wraps what STS said: its words are at the bottom.
fn refusal(role: &RoleArn, error: &(dyn Error + 'static)) -> ServiceFault {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    let words = words.join(": ");
    let kind = match words.contains("AccessDenied") || words.contains("RegionDisabled") {
        true => FaultKind::Denied,
        false => FaultKind::Unavailable,
    };
    ServiceFault { operation: ASSUME, kind, detail: printable(&format!("{role}: {words}"), 500) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_role_that_the_stack_does_not_name_is_never_asked_for() {
        let sdk = SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
        let places = Places::new(sdk, "eu-central-1".parse().expect("a region"), "stack".into(), vec![]);
        let role = "arn:aws:iam::111122223333:role/elsewhere".parse().expect("a role");
        let place = Target { region: places.home().clone(), role: Some(role) };
        let refused = places.certificates(&place).await.expect_err("refused");
        assert_eq!((refused.operation, refused.kind), (ASSUME, FaultKind::Denied));
        assert!(refused.detail.contains("DeploymentRoleArns"));
    }

    #[test]
    fn what_sts_says_at_the_bottom_decides() {
        #[derive(Debug, thiserror::Error)]
        #[error("an error occurred while loading credentials")]
        struct Outer(#[source] std::io::Error);
        let role: RoleArn = "arn:aws:iam::111122223333:role/there".parse().expect("a role");
        let told = |words: &str| refusal(&role, &Outer(std::io::Error::other(words.to_owned())));
        let denied = told("AccessDenied: not authorized to perform sts:AssumeRole");
        assert_eq!(denied.kind, FaultKind::Denied);
        assert!(denied.detail.contains("not authorized") && denied.detail.contains(role.as_str()));
        assert_eq!(told("dispatch failure").kind, FaultKind::Unavailable);
    }
}
