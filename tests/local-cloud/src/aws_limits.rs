//! What a test asks of the gate: limits of AWS, a permission more, the refusals that it has provoked.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cloud::LocalCloud;
use crate::gate::Refusal;
use crate::stack::query;

/// The quota of certificates per Application Load Balancer, without the default ones.
pub const BALANCER_QUOTA: &str = "elasticloadbalancing/L-9365A611";
/// The quota of imported certificates.
pub const CERTIFICATES_QUOTA: &str = "acm/L-D2CB7DE9";
/// The quota of imports within a year.
pub const IMPORTS_QUOTA: &str = "acm/L-3808DC70";

/// Limits of AWS that the gate plays. `None` and empty ones do not limit anything.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AwsLimits {
    /// Of all operations of Route 53 together. AWS takes 5 for an account.
    pub route53_calls_per_second: Option<u32>,
    /// A zone refuses a change while the one before is worked on, as `PriorRequestNotComplete`.
    pub prior_request_seconds: Option<f64>,
    /// A change is `PENDING` so long. AWS needs up to a minute.
    pub insync_seconds: Option<f64>,
    pub acm_imports_per_minute: Option<u32>,
    /// ACM documents one.
    pub acm_imports_per_second: Option<f64>,
    /// A load balancer does not find a certificate so long after its import.
    pub elb_delay_seconds: Option<f64>,
    /// Quotas that were granted, by [`BALANCER_QUOTA`] and the like; of the others, AWS's default. ACM's are enforced where
    /// they are here; its imports are counted since the cloud began.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub quotas: BTreeMap<&'static str, u32>,
    /// Operations that are throttled, and how often.
    pub throttle: Vec<Throttle>,
}

/// The next calls of one operation are answered as throttled.
#[derive(Clone, Debug, Serialize)]
pub struct Throttle {
    /// `kms:Encrypt`
    pub operation: &'static str,
    pub times: u32,
}

/// What calls of one operation have cost, as DynamoDB counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct Units {
    pub calls: u32,
    pub reads: f64,
    pub writes: f64,
}

impl LocalCloud {
    /// Begins to count the units of DynamoDB that functions use.
    pub async fn count_units(&self) -> Result<()> {
        let url = format!("{}/_gate/units", self.description().gate);
        self.http_client()?.put(url).send().await?.error_for_status().context("counting units")?;
        Ok(())
    }

    /// Those used since the last call, by role and operation.
    pub async fn take_units(&self) -> Result<BTreeMap<String, BTreeMap<String, Units>>> {
        let url = format!("{}/_gate/units", self.description().gate);
        let answer = self.http_client()?.get(url).send().await?.error_for_status().context("counting units")?;
        Ok(answer.json().await?)
    }

    /// Replaces all limits of AWS.
    pub async fn limit(&self, limits: &AwsLimits) -> Result<()> {
        let url = format!("{}/_gate/limits", self.description().gate);
        let body = serde_json::to_string(limits)?;
        self.http_client()?.put(url).body(body).send().await?.error_for_status().context("setting limits")?;
        Ok(())
    }

    /// How many imports into ACM the limits have refused since they were set.
    pub async fn imports_refused(&self) -> Result<u32> {
        #[derive(Deserialize)]
        struct Refused {
            imports_refused: u32,
        }
        let url = format!("{}/_gate/limits", self.description().gate);
        let answer = self.http_client()?.get(url).send().await?.error_for_status().context("reading limits")?;
        Ok(answer.json::<Refused>().await?.imports_refused)
    }

    /// Allows the function `logical_id` one more action, as a parameter does that the stack was not deployed with.
    pub async fn allow(&self, logical_id: &str, action: &str, resource: &str) -> Result<()> {
        self.put_policy(logical_id, &json!({"Effect": "Allow", "Action": action, "Resource": resource})).await
    }

    /// Denies the function `logical_id` these actions, as somebody does who changes its role by hand. None: what was denied is
    /// allowed again.
    pub async fn deny(&self, logical_id: &str, actions: &[&str]) -> Result<()> {
        // A policy needs a statement.
        let actions = if actions.is_empty() { &["none:None"] } else { actions };
        self.put_policy(logical_id, &json!({"Effect": "Deny", "Action": actions, "Resource": "*"})).await?;
        let url = format!("{}/_gate/policies", self.description().gate);
        self.http_client()?.put(url).send().await?.error_for_status().context("reading policies again")?;
        Ok(())
    }

    async fn put_policy(&self, logical_id: &str, statement: &serde_json::Value) -> Result<()> {
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let role = self.resource(&format!("{logical_id}Role"))?;
        let fields = [
            ("Action", "PutRolePolicy"),
            ("Version", "2010-05-08"),
            ("RoleName", role),
            ("PolicyName", "of-a-test"),
            ("PolicyDocument", &document),
        ];
        query(&self.http_client()?, &self.description().aws, "iam", &fields).await.map(drop)
    }

    /// Removes the refusals that a test has provoked from the record: any that is left fails it when the cloud ends.
    pub fn take_refusals(&self, provoked: impl Fn(&Refusal) -> bool) -> Result<Vec<Refusal>> {
        let file = self.folder().refusals();
        let text = fs::read_to_string(&file)?;
        let (mut taken, mut left) = (Vec::new(), String::new());
        for line in text.lines() {
            let refusal: Refusal = serde_json::from_str(line)?;
            match provoked(&refusal) {
                true => taken.push(refusal),
                false => left = left + line + "\n",
            }
        }
        fs::write(&file, left)?;
        Ok(taken)
    }
}
