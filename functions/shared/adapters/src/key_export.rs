//! Exported keys: one secret for each endpoint that requests it, readable by one role.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::types::Tag;
use aws_smithy_types::retry::ProvideErrorKind;
use domain::ports::{ExportMaterial, FaultKind, KeyExport, ServiceFault};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use vocabulary::certificate::RoleArn;
use vocabulary::names::EndpointId;

use crate::aws::fault;

const CREATE: &str = "secretsmanager:CreateSecret";
const GUARD: &str = "secretsmanager:PutResourcePolicy";
const WRITE: &str = "secretsmanager:PutSecretValue";

/// The secrets of a stack's exported keys.
#[derive(Clone, Debug)]
pub struct ExportSecrets {
    client: Client,
    /// The stack's name, the prefix of the secrets' names: see `template.yaml`.
    owner: String,
    kms_key: String,
    reader: Option<RoleArn>,
}

impl ExportSecrets {
    /// `kms_key` is not used by a function that only deletes.
    pub fn new(client: Client, owner: String, kms_key: String, reader: Option<RoleArn>) -> Self {
        Self { client, owner, kms_key, reader }
    }

    async fn create(&self, endpoint: &EndpointId, domain: &str) -> Result<(), ServiceFault> {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let created = self
            .client
            .create_secret()
            .name(self.name_of(endpoint))
            .description(format!("Certificate and private key of {domain}. Written by {}; do not edit.", self.owner))
            .kms_key_id(&self.kms_key)
            .tags(tag("managed-https", &self.owner))
            .tags(tag("managed-https:endpoint", endpoint.as_str()))
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceExistsException") => Ok(()),
            // Our own deletion, still running; or somebody else has scheduled one, which would block the name for weeks.
            Err(error) if error.code() == Some("InvalidRequestException") => {
                self.withdraw(endpoint, None).await?;
                Err(passing(CREATE, error))
            }
            Err(error) => Err(passing(CREATE, error)),
        }
    }
}

impl KeyExport for ExportSecrets {
    fn reader(&self) -> Option<RoleArn> {
        self.reader.clone()
    }

    fn name_of(&self, endpoint: &EndpointId) -> String {
        format!("{}/export/{endpoint}", self.owner)
    }

    /// Creates the secret without a lookup first: for a missing secret AWS only says that access is denied.
    async fn prepare(&self, endpoint: &EndpointId, domain: &str) -> Result<String, ServiceFault> {
        let Some(reader) = &self.reader else {
            let detail = "the stack's parameter ExportRoleArn is empty".to_owned();
            return Err(ServiceFault { operation: CREATE, kind: FaultKind::Denied, detail });
        };
        self.create(endpoint, domain).await?;
        let guarded = self
            .client
            .put_resource_policy()
            .secret_id(self.name_of(endpoint))
            .resource_policy(policy(reader))
            .block_public_policy(true)
            .send()
            .await;
        match guarded {
            Ok(output) => Ok(output.arn.unwrap_or_default()),
            // `create` has just made or found it: try again.
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                Err(ServiceFault { kind: FaultKind::Unavailable, ..fault(GUARD, error) })
            }
            Err(error) => Err(passing(GUARD, error)),
        }
    }

    async fn write(&self, secret: &str, material: ExportMaterial<'_>) -> Result<(), ServiceFault> {
        let written = self
            .client
            .put_secret_value()
            .secret_id(secret)
            .secret_string(content(&material))
            // The same content under the same token is ignored: one version for each key.
            .client_request_token(version(&material))
            .send()
            .await;
        match written {
            Ok(_) => Ok(()),
            // Written before, in another release's form: the certificate and key are the same.
            Err(error) if error.code() == Some("ResourceExistsException") => Ok(()),
            Err(error) => Err(passing(WRITE, error)),
        }
    }

    async fn withdraw(&self, endpoint: &EndpointId, secret: Option<&str>) -> Result<(), ServiceFault> {
        let deleted = self
            .client
            .delete_secret()
            .secret_id(secret.map_or_else(|| self.name_of(endpoint), str::to_owned))
            // During a recovery window, anybody who may restore it would have the key.
            .force_delete_without_recovery(true)
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(()),
            Err(error) => match fault("secretsmanager:DeleteSecret", error) {
                fault if fault.kind == FaultKind::Denied && secret.is_none() => {
                    tracing::warn!(%fault, "a secret that was to be made and never had a value is taken for gone");
                    Ok(())
                }
                fault => Err(fault),
            },
        }
    }
}

/// Secrets Manager takes a while to delete a secret after its response; until then the name is taken.
fn passing<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> ServiceFault
where
    E: ProvideErrorMetadata + ProvideErrorKind + std::error::Error,
{
    let passes = error.code() == Some("InvalidRequestException");
    let fault = fault(operation, error);
    if passes { ServiceFault { kind: FaultKind::Unavailable, ..fault } } else { fault }
}

/// 32 to 64 characters.
fn version(material: &ExportMaterial<'_>) -> String {
    format!("{}-{:010}", material.endpoint, material.generation)
}

/// Only one role reads. Administrators can still change this policy, but cannot read without doing so.
fn policy(reader: &RoleArn) -> String {
    let action = "secretsmanager:GetSecretValue";
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OneRoleReads",
                "Effect": "Allow",
                "Principal": { "AWS": reader.as_str() },
                "Action": action,
                "Resource": "*",
            },
            {
                "Sid": "NobodyElseReads",
                "Effect": "Deny",
                "Principal": { "AWS": "*" },
                "Action": action,
                "Resource": "*",
                "Condition": { "ArnNotEquals": { "aws:PrincipalArn": reader.as_str() } },
            },
        ],
    })
    .to_string()
}

/// The fields that `docs/how-to/export.md` names.
fn content(material: &ExportMaterial<'_>) -> String {
    let ExportMaterial { domain, leaf_pem, issuers_pem, key, serial, not_after, .. } = *material;
    json!({
        "domain": domain,
        "serial": serial,
        "expires_at": not_after.format(&Rfc3339).unwrap_or_default(),
        "certificate": leaf_pem,
        "chain": issuers_pem,
        "full_chain": joined(leaf_pem, issuers_pem),
        "private_key": key.to_pem(),
    })
    .to_string()
}

fn joined(leaf: &str, issuers: &str) -> String {
    match leaf.ends_with('\n') {
        true => format!("{leaf}{issuers}"),
        false => format!("{leaf}\n{issuers}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use vocabulary::certificate::CertificateKey;

    #[test]
    fn a_version_has_what_a_server_needs_and_the_same_key_is_the_same_version() {
        let (endpoint, key) = (EndpointId::from_random([7; 16]), CertificateKey::generate());
        let material = ExportMaterial {
            endpoint: &endpoint,
            domain: "www.example.com",
            leaf_pem: "LEAF\n",
            issuers_pem: "ISSUER\n",
            key: &key,
            generation: u64::from(u32::MAX),
            serial: "AB",
            not_after: datetime!(2026-12-24 06:00 UTC),
        };
        let token = version(&material);
        assert!((32..=64).contains(&token.len()), "{token}");
        assert_eq!(content(&material), content(&material), "another content under the same token would be refused");
        let content: serde_json::Value = serde_json::from_str(&content(&material)).expect("JSON");
        assert_eq!(content["full_chain"], "LEAF\nISSUER\n");
        assert_eq!(content["expires_at"], "2026-12-24T06:00:00Z");
        assert!(content["private_key"].as_str().is_some_and(|pem| pem.contains("PRIVATE KEY")));
        assert_eq!(joined("LEAF", "ISSUER"), "LEAF\nISSUER");
    }

    #[test]
    fn the_policy_names_one_role_twice() {
        let reader: RoleArn = "arn:aws:iam::111122223333:role/app/reader".parse().expect("a role");
        let policy: serde_json::Value = serde_json::from_str(&policy(&reader)).expect("JSON");
        let [allow, deny] = [0, 1].map(|index| policy["Statement"][index].clone());
        assert_eq!((allow["Effect"].as_str(), deny["Effect"].as_str()), (Some("Allow"), Some("Deny")));
        assert_eq!(allow["Principal"]["AWS"], reader.as_str());
        assert_eq!(deny["Condition"]["ArnNotEquals"]["aws:PrincipalArn"], reader.as_str());
    }
}
