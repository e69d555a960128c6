//! All accounts and regions that certificates go to: clients for each, and the roles for other accounts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use aws_types::region::Region as SdkRegion;
use domain::ports::{Destinations, FaultKind, ServiceFault};
use serde_json::json;
use vocabulary::certificate::{Region, RoleArn, Target};
use vocabulary::text::printable;

use crate::acm::Acm;
use crate::aws::fault;
use crate::elb::LoadBalancers;
use crate::service_quotas::AccountQuotas;

/// What a function does in other accounts. Its sessions there allow nothing else, whatever the role allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reads certificates, listeners and quotas.
    Inspect,
    /// Imports certificates and installs them on listeners.
    Install,
    /// Takes them off listeners and deletes them.
    Remove,
}

impl Purpose {
    fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Inspect => &[
                "acm:DescribeCertificate",
                "acm:GetCertificate",
                "acm:ListCertificates",
                "elasticloadbalancing:DescribeListenerCertificates",
                "elasticloadbalancing:DescribeListeners",
                "servicequotas:GetServiceQuota",
            ],
            Self::Install => &[
                "acm:AddTagsToCertificate",
                "acm:DeleteCertificate",
                "acm:DescribeCertificate",
                "acm:GetCertificate",
                "acm:ImportCertificate",
                "acm:ListCertificates",
                "acm:RemoveTagsFromCertificate",
                "elasticloadbalancing:AddListenerCertificates",
                "elasticloadbalancing:DescribeListenerCertificates",
                "elasticloadbalancing:RemoveListenerCertificates",
            ],
            Self::Remove => &[
                "acm:DeleteCertificate",
                "acm:DescribeCertificate",
                "acm:GetCertificate",
                "elasticloadbalancing:DescribeListenerCertificates",
                "elasticloadbalancing:RemoveListenerCertificates",
            ],
        }
    }

    /// The session policy (STS `AssumeRole`): a session may do what both role and policy allow.
    fn session_policy(self) -> String {
        json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": self.actions(), "Resource": "*" }],
        })
        .to_string()
    }
}

/// Nothing is started with a session that expires within this time.
const RESERVE: Duration = Duration::from_secs(300);
/// Of a session name (STS `AssumeRole`).
const LONGEST_NAME: usize = 64;

#[derive(Clone, Debug)]
pub struct Places {
    /// All targets share its HTTP client, and so its connections.
    sdk: SdkConfig,
    home: Region,
    /// The stack's name: the owner of the certificates, and the session name and external id when a role is assumed.
    owner: String,
    /// The only roles that are ever assumed.
    roles: Vec<RoleArn>,
    purpose: Purpose,
    /// The domain suffix of AWS's services in this partition.
    url_suffix: String,
    sessions: Arc<Mutex<HashMap<RoleArn, Credentials>>>,
}

impl Places {
    pub fn new(sdk: SdkConfig, home: Region, owner: String, roles: Vec<RoleArn>, purpose: Purpose) -> Self {
        Self { sdk, home, owner, roles, purpose, url_suffix: String::new(), sessions: Arc::default() }
    }

    /// For functions that query Service Quotas: the suffix is part of its host name.
    pub fn with_url_suffix(self, url_suffix: String) -> Self {
        Self { url_suffix, ..self }
    }

    async fn sdk_at(&self, place: &Target) -> Result<SdkConfig, ServiceFault> {
        let builder = self.sdk.clone().into_builder().region(SdkRegion::new(place.region.to_string()));
        let Some(role) = &place.role else { return Ok(builder.build()) };
        let session = self.session(role).await?;
        Ok(builder.credentials_provider(SharedCredentialsProvider::new(session)).build())
    }

    /// Requested in advance, so that a refusal is reported as STS's and not as another call's.
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
        let assumed = aws_sdk_sts::Client::new(&self.sdk)
            .assume_role()
            .role_arn(role.as_str())
            .role_session_name(name)
            .external_id(&self.owner)
            .policy(self.purpose.session_policy())
            .send()
            .await
            .map_err(|error| of_role(role, fault(ASSUME, error)))?;
        let none = || {
            let detail = format!("{role}: STS answers without a session");
            ServiceFault { operation: ASSUME, kind: FaultKind::Unavailable, detail }
        };
        let session = assumed.credentials.ok_or_else(none)?;
        let session = Credentials::new(
            session.access_key_id,
            session.secret_access_key,
            Some(session.session_token),
            SystemTime::try_from(session.expiration).ok(),
            ASSUME,
        );
        self.sessions.lock().expect("nothing panics in here").insert(role.clone(), session.clone());
        Ok(session)
    }
}

impl Destinations for Places {
    type Certificates = Acm;
    type Listeners = LoadBalancers;
    type Quotas = AccountQuotas;

    fn home(&self) -> &Region {
        &self.home
    }

    async fn certificates(&self, place: &Target) -> Result<Acm, ServiceFault> {
        Ok(Acm::new(aws_sdk_acm::Client::new(&self.sdk_at(place).await?), self.owner.clone()))
    }

    async fn listeners(&self, place: &Target) -> Result<LoadBalancers, ServiceFault> {
        Ok(LoadBalancers::new(aws_sdk_elasticloadbalancingv2::Client::new(&self.sdk_at(place).await?)))
    }

    async fn quotas(&self, place: &Target) -> Result<AccountQuotas, ServiceFault> {
        Ok(AccountQuotas::new(self.sdk_at(place).await?, self.url_suffix.clone()))
    }
}

const ASSUME: &str = "sts:AssumeRole";

/// STS's error, with the role that it is about.
fn of_role(role: &RoleArn, fault: ServiceFault) -> ServiceFault {
    ServiceFault { detail: printable(&format!("{role}: {}", fault.detail), 500), ..fault }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sts::config::BehaviorVersion;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_role_that_the_stack_does_not_name_is_never_assumed() {
        let sdk = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
        let home = "eu-central-1".parse().expect("a region");
        let places = Places::new(sdk, home, "stack".into(), vec![], Purpose::Install);
        let role = "arn:aws:iam::111122223333:role/elsewhere".parse().expect("a role");
        let place = Target { region: places.home().clone(), role: Some(role) };
        let refused = places.certificates(&place).await.expect_err("refused");
        assert_eq!((refused.operation, refused.kind), (ASSUME, FaultKind::Denied));
        assert!(refused.detail.contains("DeploymentRoleArns"));
    }

    #[tokio::test]
    async fn the_error_code_of_sts_decides_the_kind_of_fault() {
        for (code, status, kind) in [
            ("AccessDenied", "403 Forbidden", FaultKind::Denied),
            ("RegionDisabledException", "403 Forbidden", FaultKind::Denied),
            ("ExpiredTokenException", "400 Bad Request", FaultKind::Denied),
            ("Throttling", "400 Bad Request", FaultKind::Throttled),
            ("MalformedPolicyDocument", "400 Bad Request", FaultKind::Refused),
            ("PackedPolicyTooLarge", "400 Bad Request", FaultKind::Refused),
            ("IDPCommunicationError", "400 Bad Request", FaultKind::Unavailable),
            ("InternalFailure", "500 Internal Server Error", FaultKind::Unavailable),
        ] {
            let (_, fault) = assume(Purpose::Inspect, status, code).await;
            assert_eq!((fault.operation, fault.kind), (ASSUME, kind), "{code}: {fault}");
            assert!(fault.detail.contains(":role/there") && fault.detail.contains("said so"), "{}", fault.detail);
        }
    }

    /// What STS receives when a session is requested, and what results from a refusal.
    async fn assume(purpose: Purpose, status: &str, code: &str) -> (HashMap<String, String>, ServiceFault) {
        let error =
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>said so</Message></Error></ErrorResponse>");
        let (length, close) = (error.len(), "content-type: text/xml\r\nconnection: close");
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{close}\r\n\r\n{error}");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let taken = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut bytes = Vec::new();
            let form = loop {
                let mut chunk = [0; 4096];
                let read = stream.read(&mut chunk).await.expect("a request");
                bytes.extend_from_slice(&chunk[..read]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())?.ok()
                });
                if body.len() >= length.expect("a length") {
                    break body.to_owned();
                }
            };
            stream.write_all(answer.as_bytes()).await.expect("sent");
            url::form_urlencoded::parse(form.as_bytes()).into_owned().collect()
        });
        let credentials = Credentials::new("key", "secret", None, None, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(format!("http://{address}"))
            .http_client(sdk_http::client())
            .region(SdkRegion::new("eu-central-1"))
            .retry_config(aws_sdk_sts::config::retry::RetryConfig::disabled())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let role: RoleArn = "arn:aws:iam::111122223333:role/there".parse().expect("a role");
        let home: Region = "eu-central-1".parse().expect("a region");
        let places = Places::new(sdk, home.clone(), "stack".into(), vec![role.clone()], purpose);
        let fault = places.certificates(&Target { region: home, role: Some(role) }).await.expect_err("refused");
        (taken.await.expect("a form"), fault)
    }

    #[tokio::test]
    async fn a_session_may_do_what_its_function_is_for_and_no_more() {
        for purpose in [Purpose::Inspect, Purpose::Install, Purpose::Remove] {
            let (form, _) = assume(purpose, "403 Forbidden", "AccessDenied").await;
            let policy: serde_json::Value = serde_json::from_str(&form["Policy"]).expect("JSON");
            assert_eq!(policy["Statement"][0]["Action"], json!(purpose.actions()), "{purpose:?}");
            assert_eq!(form["ExternalId"], "stack");
        }
    }

    #[test]
    fn a_session_for_inspection_changes_nothing() {
        let reads = |action: &&str| {
            let (_, operation) = action.split_once(':').expect("service:Operation");
            ["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb))
        };
        assert!(Purpose::Inspect.actions().iter().all(reads));
        assert!(!Purpose::Remove.actions().iter().any(|action| action.contains("Import") || action.contains("Add")));
        // STS takes 2,048 characters.
        assert!(Purpose::Install.session_policy().len() < 2048);
    }
}
