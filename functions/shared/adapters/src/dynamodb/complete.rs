//! An endpoint is three items. A registration writes the first one together with the claims of its names, which fill a
//! transaction. Readers add missing items: of a registration that died in between, and of endpoints that an earlier release
//! kept in one item.

use aws_sdk_dynamodb::types::ReturnValue;
use domain::endpoint::Endpoint;
use domain::health::pace::first_check;
use domain::ports::ServiceFault;
use time::OffsetDateTime;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::EndpointId;

use super::chain::{Chain, to_chain};
use super::items::{self, Item};
use super::{EndpointsTable, number};
use crate::aws::{conditional, fault};

/// Which parts of an endpoint are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pieces {
    Endpoint,
    /// Also the last issued chains.
    AndItsChains,
}

/// When the CA is next queried for renewal information, and when the next health check is due.
type CertificateTimes = (Option<OffsetDateTime>, Option<OffsetDateTime>);

impl EndpointsTable {
    /// The endpoint as its items are now, strongly consistent, with its chains if `pieces` includes them.
    pub(super) async fn read(
        &self,
        id: &EndpointId,
        pieces: Pieces,
    ) -> Result<Option<(Endpoint, Vec<Chain>)>, ServiceFault> {
        let last = match pieces {
            Pieces::Endpoint => items::TIMES_OF,
            Pieces::AndItsChains => items::CHAINS[1],
        };
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", items::endpoint_pk(id))
            .expression_attribute_values(":first", items::text(items::ENDPOINT))
            .expression_attribute_values(":last", items::text(last))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault("dynamodb:Query", error))?;
        let is_chain = |item: &Item| items::CHAINS.iter().any(|sk| item.get("sk") == Some(&items::text(*sk)));
        let (chains, found): (Vec<_>, Vec<_>) = output.items.unwrap_or_default().into_iter().partition(is_chain);
        let chains = chains.iter().map(to_chain).collect::<Result<Vec<_>, _>>()?;
        let of_one_piece = found.iter().any(items::is_of_one_piece);
        let whole = found.len() == items::PIECES && !of_one_piece;
        let timed = items::generation_of_times(&found);
        let Some(mut endpoint) = items::assemble(found)? else { return Ok(None) };
        if !self.completes {
            return Ok(Some((endpoint, chains)));
        }
        if !whole {
            self.complete(&endpoint, of_one_piece).await?;
        }
        if let Some(held) = endpoint.certificate.clone()
            && timed != Some(held.generation)
            && (whole || endpoint.health_at.is_none())
        {
            // The process that recorded the certificate died before it set the times, or is about to.
            match self.time_certificate(id, &held).await {
                Ok(Some((advice_at, health_at))) => (endpoint.advice_at, endpoint.health_at) = (advice_at, health_at),
                Ok(None) => {}
                Err(fault) => tracing::warn!(endpoint = %id, %fault, "the times of a certificate are still to be set"),
            }
        }
        Ok(Some((endpoint, chains)))
    }

    /// Sets the times of a recorded certificate. `None` if the endpoint is gone, or has a newer one.
    ///
    /// Renewal information for a first certificate is due at once; for a later one the due time stays as it is.
    pub(super) async fn time_certificate(
        &self,
        id: &EndpointId,
        held: &InstalledCertificate,
    ) -> Result<Option<CertificateTimes>, ServiceFault> {
        let result = self
            .update_times(id)
            .update_expression(
                "SET advice_at = if_not_exists(advice_at, :now), health_at = :check, generation = :generation",
            )
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(generation) OR generation <= :generation)",
            )
            .expression_attribute_values(":now", number(held.imported_at.unix_timestamp()))
            .expression_attribute_values(":check", number(first_check(id, held).unix_timestamp()))
            .expression_attribute_values(":generation", number(held.generation))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let Some(written) = conditional("dynamodb:UpdateItem", result)? else { return Ok(None) };
        let item = written.attributes.unwrap_or_default();
        let time = |name: &str| items::to_time(item.get(name)?);
        Ok(Some((time("advice_at"), time("health_at"))))
    }

    /// Writes the endpoint's missing items.
    pub(super) async fn complete(&self, endpoint: &Endpoint, of_one_piece: bool) -> Result<(), ServiceFault> {
        let [_, mut times, listed] = items::endpoint_items(endpoint);
        if endpoint.health_at.is_none() {
            // Its times are not set yet.
            times.remove("generation");
        }
        for item in [times, listed] {
            self.put_missing(item).await?;
        }
        if of_one_piece {
            let result = self
                .update(&endpoint.id)
                .update_expression("REMOVE listing, #domain, advice_at, health_at")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_names("#domain", "domain")
                .send()
                .await;
            conditional("dynamodb:UpdateItem", result)?;
        }
        Ok(())
    }

    async fn put_missing(&self, item: Item) -> Result<(), ServiceFault> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let result = put.condition_expression("attribute_not_exists(pk)").send().await;
        conditional("dynamodb:PutItem", result).map(drop)
    }
}
