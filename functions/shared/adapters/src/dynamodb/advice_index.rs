use aws_sdk_dynamodb::types::AttributeValue;
use domain::ports::{AdviceIndex, DueEntry, ServiceFault};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vocabulary::acme::RenewalAdvice;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::EndpointId;

use super::items::{self, text};
use super::{EndpointsTable, number};
use crate::aws::conditional;

impl AdviceIndex for EndpointsTable {
    async fn advice_due(&self, shard: u32, now: OffsetDateTime, limit: u32) -> Result<Vec<DueEntry>, ServiceFault> {
        self.entries("advice", shard, now, limit).await
    }

    async fn record_advice(
        &self,
        id: &EndpointId,
        held: &InstalledCertificate,
        advice: &RenewalAdvice,
        ask_again_at: OffsetDateTime,
    ) -> Result<bool, ServiceFault> {
        let written = |at: OffsetDateTime| text(at.format(&Rfc3339).expect("a year of four digits"));
        let update = |set: &str, condition: &str| {
            self.update(id)
                .update_expression(format!("SET certificate.advice = :advice, certificate.renew_at = :renew{set}"))
                .condition_expression(format!(
                    "certificate.generation = :generation AND certificate.renew_at = :seen \
                     AND attribute_not_exists(lease_until) AND {condition}"
                ))
                .expression_attribute_values(":advice", items::attribute(advice))
                .expression_attribute_values(":renew", written(advice.renew_at))
                .expression_attribute_values(":seen", written(held.renew_at))
                .expression_attribute_values(":generation", number(held.generation))
        };
        let at_rest = update(", due_at = :due", "attribute_not_exists(failing) AND removing = :no")
            .expression_attribute_values(":due", number(advice.renew_at.unix_timestamp()))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .send()
            .await;
        let kept = match conditional("dynamodb:UpdateItem", at_rest)? {
            Some(_) => true,
            None => {
                // Its due time is that of the next attempt.
                let failing = update("", "attribute_exists(failing)").send().await;
                conditional("dynamodb:UpdateItem", failing)?.is_some()
            }
        };
        if kept {
            // Second: if a run dies in between, the next one queries the CA again, and changes nothing.
            self.postpone_advice(id, ask_again_at).await?;
        }
        Ok(kept)
    }

    async fn postpone_advice(&self, id: &EndpointId, ask_again_at: OffsetDateTime) -> Result<(), ServiceFault> {
        let result = self
            .update_times(id)
            .update_expression("SET advice_at = :ask")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":ask", number(ask_again_at.unix_timestamp()))
            .send()
            .await;
        conditional("dynamodb:UpdateItem", result).map(drop)
    }
}
