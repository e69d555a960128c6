//! Certificate keys: encrypted by KMS, kept in their own table.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob as Bytes;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::KeyState;
use domain::installation::{Observed, ResourceState};
use domain::ports::{FaultKind, KeyVault, ServiceFault};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::CertificateKey;
use vocabulary::names::EndpointId;

use crate::aws::{conditional, fault};

/// How long a key is kept at most: one day beyond the 14 in which Step Functions can redrive an execution.
const KEPT: Duration = Duration::days(15);

/// The keys table and the KMS key that its contents are encrypted with.
#[derive(Clone, Debug)]
pub struct EncryptedKeys {
    table_client: aws_sdk_dynamodb::Client,
    table: String,
    kms: aws_sdk_kms::Client,
    kms_key: String,
}

impl EncryptedKeys {
    pub fn new(
        table_client: aws_sdk_dynamodb::Client,
        table: String,
        kms: aws_sdk_kms::Client,
        kms_key: String,
    ) -> Self {
        Self { table_client, table, kms, kms_key }
    }

    /// Whether the table is usable.
    pub async fn describe_table(&self) -> Observed<ResourceState> {
        crate::dynamodb::describe(&self.table_client, &self.table).await
    }

    /// Whether the KMS key can be used.
    pub async fn describe_kms_key(&self) -> Observed<ResourceState> {
        let output = self.kms.describe_key().key_id(&self.kms_key).send().await;
        let state = output.map_err(|error| fault("kms:DescribeKey", error))?.key_metadata.and_then(|key| key.key_state);
        match state {
            Some(KeyState::Enabled) => Ok(ResourceState::Ready),
            other => Ok(ResourceState::NotReady(other.map(|state| state.as_str().to_owned()).unwrap_or_default())),
        }
    }

    async fn stored(&self, endpoint: &EndpointId, generation: u64) -> Result<Option<Vec<u8>>, ServiceFault> {
        let output = self
            .table_client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(endpoint, generation)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:GetItem", error))?;
        let ciphertext = output.item.and_then(|mut item| item.remove("ciphertext"));
        Ok(ciphertext.and_then(|value| value.as_b().ok().map(|blob| blob.as_ref().to_vec())))
    }
}

impl KeyVault for EncryptedKeys {
    async fn ensure(
        &self,
        endpoint: &EndpointId,
        generation: u64,
        make: impl FnOnce() -> CertificateKey + Send,
    ) -> Result<(), ServiceFault> {
        if self.stored(endpoint, generation).await?.is_some() {
            return Ok(());
        }
        let encrypted = self
            .kms
            .encrypt()
            .key_id(&self.kms_key)
            .plaintext(Blob::new(make().to_pkcs8()))
            .set_encryption_context(Some(context(endpoint, generation)))
            .send()
            .await
            .map_err(|error| fault("kms:Encrypt", error))?;
        let ciphertext = encrypted.ciphertext_blob.map(Blob::into_inner).unwrap_or_default();
        let mut item = key(endpoint, generation);
        item.insert("ciphertext".into(), AttributeValue::B(Bytes::new(ciphertext)));
        let expires = (OffsetDateTime::now_utc() + KEPT).unix_timestamp();
        item.insert("expires_at".into(), AttributeValue::N(expires.to_string()));
        let put = self
            .table_client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(endpoint)")
            .send()
            .await;
        // If another process stored one first, that one counts.
        conditional("dynamodb:PutItem", put).map(drop)
    }

    async fn load(&self, endpoint: &EndpointId, generation: u64) -> Result<Option<CertificateKey>, ServiceFault> {
        let Some(ciphertext) = self.stored(endpoint, generation).await? else { return Ok(None) };
        let decrypted = self
            .kms
            .decrypt()
            .key_id(&self.kms_key)
            .ciphertext_blob(Blob::new(ciphertext))
            .set_encryption_context(Some(context(endpoint, generation)))
            .send()
            .await
            .map_err(|error| fault("kms:Decrypt", error))?;
        let pkcs8 = decrypted.plaintext.map(Blob::into_inner).unwrap_or_default();
        CertificateKey::from_pkcs8(&pkcs8).map(Some).map_err(|error| ServiceFault {
            operation: "kms:Decrypt",
            kind: FaultKind::Refused,
            detail: error.to_string(),
        })
    }

    async fn forget(&self, endpoint: &EndpointId, generation: u64) -> Result<(), ServiceFault> {
        let output = self
            .table_client
            .query()
            .table_name(&self.table)
            .key_condition_expression("endpoint = :endpoint AND generation <= :generation")
            .expression_attribute_values(":endpoint", AttributeValue::S(endpoint.to_string()))
            .expression_attribute_values(":generation", AttributeValue::N(generation.to_string()))
            .projection_expression("endpoint, generation")
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        for item in output.items.unwrap_or_default() {
            self.table_client
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(item))
                .send()
                .await
                .map_err(|error| fault("dynamodb:DeleteItem", error))?;
        }
        Ok(())
    }
}

fn key(endpoint: &EndpointId, generation: u64) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("endpoint".into(), AttributeValue::S(endpoint.to_string())),
        ("generation".into(), AttributeValue::N(generation.to_string())),
    ])
}

/// Binds a ciphertext to its endpoint and generation: one moved to another endpoint does not decrypt.
fn context(endpoint: &EndpointId, generation: u64) -> HashMap<String, String> {
    HashMap::from([("endpoint".into(), endpoint.to_string()), ("generation".into(), generation.to_string())])
}
