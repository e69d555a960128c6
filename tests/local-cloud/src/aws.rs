//! Clients of the emulated services.

use aws_sdk_route53::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;

use crate::emulators::{ACCESS_KEY, REGION, SECRET_KEY};

/// One client for each service of a cloud.
#[derive(Clone, Debug)]
pub struct Aws {
    /// For clients of other services, or with other settings. ACM has another endpoint.
    pub config: SdkConfig,
    pub acm: aws_sdk_acm::Client,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub kms: aws_sdk_kms::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub route53: aws_sdk_route53::Client,
    pub s3: aws_sdk_s3::Client,
    pub scheduler: aws_sdk_scheduler::Client,
    pub secrets: aws_sdk_secretsmanager::Client,
    pub sfn: aws_sdk_sfn::Client,
    pub sns: aws_sdk_sns::Client,
    pub sqs: aws_sdk_sqs::Client,
}

impl Aws {
    /// For whatever answers at `endpoint`.
    pub fn at(endpoint: &str) -> Self {
        Self::new(endpoint, endpoint, REGION)
    }

    pub(crate) fn new(endpoint: &str, acm_endpoint: &str, region: &str) -> Self {
        let config = config(endpoint, region);
        Self {
            acm: aws_sdk_acm::Client::new(&self::config(acm_endpoint, region)),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            route53: aws_sdk_route53::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(
                // Bucket names are no host names here.
                aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build(),
            ),
            scheduler: aws_sdk_scheduler::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            sfn: aws_sdk_sfn::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            config,
        }
    }
}

/// Nothing of the user's own AWS settings counts: the cloud must not be taken for another one.
pub(crate) fn config(endpoint: &str, region: &str) -> SdkConfig {
    let credentials = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "local cloud");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(sdk_http::client())
        .build()
}
