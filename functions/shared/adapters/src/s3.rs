//! HTTP-01 responses in a bucket, one object per host and token.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use domain::installation::{Observed, ResourceState};
use domain::ports::{FaultKind, ServiceFault, TokenStore};
use vocabulary::names::DomainName;

use crate::aws::fault;

/// A key authorization is under 200 octets; anything larger is not ours.
const LARGEST_BODY: i64 = 1024;

#[derive(Clone, Debug)]
pub struct ChallengeBucket {
    client: Client,
    bucket: String,
}

impl ChallengeBucket {
    pub fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket }
    }

    /// Whether the bucket exists.
    pub async fn describe(&self) -> Observed<ResourceState> {
        let output = self.client.get_bucket_location().bucket(&self.bucket).send().await;
        output.map(|_| ResourceState::Ready).map_err(|error| fault("s3:GetBucketLocation", error))
    }
}

impl TokenStore for ChallengeBucket {
    async fn publish(&self, host: &DomainName, token: &str, body: &str) -> Result<(), ServiceFault> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(object_key(host, token))
            .content_type("application/octet-stream")
            .body(ByteStream::from(body.as_bytes().to_vec()))
            .send()
            .await
            .map_err(|error| fault("s3:PutObject", error))?;
        Ok(())
    }

    async fn read(&self, host: &DomainName, token: &str) -> Result<Option<String>, ServiceFault> {
        let object = match self.client.get_object().bucket(&self.bucket).key(object_key(host, token)).send().await {
            Ok(object) => object,
            // Without permission to list, S3 says “access denied” for a key that does not exist.
            Err(error) if matches!(error.code(), Some("NoSuchKey" | "AccessDenied")) => return Ok(None),
            Err(error) => return Err(fault("s3:GetObject", error)),
        };
        if object.content_length().is_some_and(|length| length > LARGEST_BODY) {
            return Ok(None);
        }
        let unreadable =
            |detail: String| ServiceFault { operation: "s3:GetObject", kind: FaultKind::Unavailable, detail };
        let bytes = object.body.collect().await.map_err(|error| unreadable(error.to_string()))?;
        Ok(String::from_utf8(bytes.to_vec()).ok())
    }

    async fn withdraw(&self, host: &DomainName, token: &str) -> Result<(), ServiceFault> {
        self.client
            .delete_object()
            .bucket(&self.bucket)
            .key(object_key(host, token))
            .send()
            .await
            .map_err(|error| fault("s3:DeleteObject", error))?;
        Ok(())
    }
}

/// By host and token, so that a token made for one host is not served at another.
fn object_key(host: &DomainName, token: &str) -> String {
    format!("challenges/{host}/{token}")
}
