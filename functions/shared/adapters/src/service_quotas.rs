//! Service Quotas: what AWS allows an account to have, in one region.
//!
//! Without the SDK (see `aws_json.rs`): it is one call, once an hour.

use aws_types::SdkConfig;
use domain::ports::{QuotaOf, ServiceFault, ServiceQuotas};
use serde::Deserialize;
use serde_json::json;

use crate::aws_json::{JsonCall, JsonClient};

const OPERATION: &str = "servicequotas:GetServiceQuota";

/// The service of one account and region.
#[derive(Clone, Debug)]
pub struct AccountQuotas {
    client: JsonClient,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    quota: Option<Applied>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Applied {
    value: Option<f64>,
}

/// Codes of services and quotas, as in the AWS General Reference pages of ACM and Elastic Load Balancing.
fn codes(of: QuotaOf) -> (&'static str, &'static str) {
    match of {
        QuotaOf::AcmCertificates => ("acm", "L-D2CB7DE9"),
        QuotaOf::AcmImports => ("acm", "L-3808DC70"),
        QuotaOf::ApplicationBalancer => ("elasticloadbalancing", "L-9365A611"),
        QuotaOf::NetworkBalancer => ("elasticloadbalancing", "L-52964454"),
    }
}

impl AccountQuotas {
    /// `url_suffix`: the domain suffix of AWS's services in this partition.
    pub fn new(sdk: SdkConfig, url_suffix: String) -> Self {
        let call = JsonCall {
            operation: OPERATION,
            service: "servicequotas",
            target: "ServiceQuotasV20190624.GetServiceQuota",
            version: "1.1",
        };
        Self { client: JsonClient::new(sdk, call, url_suffix) }
    }
}

impl ServiceQuotas for AccountQuotas {
    async fn quota(&self, of: QuotaOf) -> Result<Option<u32>, ServiceFault> {
        let (service, quota) = codes(of);
        match self.client.send::<Answer>(&json!({"ServiceCode": service, "QuotaCode": quota})).await {
            Ok(answer) => Ok(answer.quota.and_then(|applied| applied.value).and_then(whole)),
            // If only the default applies, the service may return no value.
            Err(fault) if fault.detail.starts_with("NoSuchResourceException") => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

/// Quotas of whole things come as `25.0`.
fn whole(value: f64) -> Option<u32> {
    // A value within these bounds fits: the cast only drops its fraction.
    (1.0..=f64::from(u32::MAX)).contains(&value).then_some(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_service_quotas_is_read() {
        let read = |body: &str| serde_json::from_str::<Answer>(body).expect("JSON").quota.and_then(|quota| quota.value);
        let body = r#"{"Quota":{"ServiceCode":"acm","QuotaCode":"L-D2CB7DE9","Value":2500.0,"Adjustable":true}}"#;
        assert_eq!(read(body).and_then(whole), Some(2500));
        assert_eq!(read("{}"), None);
        assert_eq!([0.0, -1.0, 1e12, f64::NAN].map(whole), [None; 4], "no quota that anybody has");
    }
}
