//! TXT records in the delegation zone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_route53::Client;
use aws_sdk_route53::error::ProvideErrorMetadata;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
};
use domain::installation::{HostedZone, Observed};
use domain::ports::{ChangeState, ServiceFault, TxtZone};

use crate::aws::fault;

/// Seconds. A CA asks the authoritative servers, so this only matters to people who look.
const TTL: i64 = 30;

#[derive(Clone, Debug)]
pub struct DelegationZone {
    client: Client,
    zone_id: String,
    calls: Arc<AtomicU32>,
}

impl DelegationZone {
    pub fn new(client: Client, zone_id: String) -> Self {
        Self { client, zone_id, calls: Arc::default() }
    }

    /// Calls made so far.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The zone itself, and the name servers it should be delegated to.
    pub async fn describe(&self) -> Observed<HostedZone> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let output = self.client.get_hosted_zone().id(&self.zone_id).send().await;
        let output = output.map_err(|error| fault("route53:GetHostedZone", error))?;
        let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        let zone = output.hosted_zone.as_ref();
        Ok(HostedZone {
            name: zone.map(|zone| plain(zone.name())).unwrap_or_default(),
            private: zone.and_then(|zone| zone.config()).is_some_and(|config| config.private_zone),
            name_servers: output.delegation_set.iter().flat_map(|set| set.name_servers()).map(|n| plain(n)).collect(),
        })
    }

    async fn change(
        &self,
        action: ChangeAction,
        set: ResourceRecordSet,
    ) -> Result<
        String,
        aws_sdk_route53::error::SdkError<
            aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsError,
        >,
    > {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let change = Change::builder().action(action).resource_record_set(set).build().expect("both are set");
        let batch = ChangeBatch::builder().changes(change).build().expect("one change is set");
        let output =
            self.client.change_resource_record_sets().hosted_zone_id(&self.zone_id).change_batch(batch).send().await?;
        Ok(output.change_info.map(|info| info.id).unwrap_or_default())
    }

    /// The TXT set at exactly `name`, if there is one.
    async fn current(&self, name: &str) -> Result<Option<ResourceRecordSet>, ServiceFault> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let output = self
            .client
            .list_resource_record_sets()
            .hosted_zone_id(&self.zone_id)
            .start_record_name(name)
            .start_record_type(RrType::Txt)
            .max_items(1)
            .send()
            .await
            .map_err(|error| fault("route53:ListResourceRecordSets", error))?;
        let same = |set: &ResourceRecordSet| {
            set.r#type == RrType::Txt && set.name.trim_end_matches('.').eq_ignore_ascii_case(name.trim_end_matches('.'))
        };
        Ok(output.resource_record_sets.into_iter().find(same))
    }
}

impl TxtZone for DelegationZone {
    async fn publish(&self, name: &str, values: &[String]) -> Result<String, ServiceFault> {
        self.change(ChangeAction::Upsert, txt_set(name, TTL, values))
            .await
            .map_err(|error| fault("route53:ChangeResourceRecordSets", error))
    }

    async fn change_state(&self, change: &str) -> Result<ChangeState, ServiceFault> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let output =
            self.client.get_change().id(change).send().await.map_err(|error| fault("route53:GetChange", error))?;
        match output.change_info.map(|info| info.status) {
            Some(ChangeStatus::Insync) => Ok(ChangeState::InSync),
            _ => Ok(ChangeState::Pending),
        }
    }

    async fn withdraw(&self, name: &str, values: &[String]) -> Result<(), ServiceFault> {
        // Nearly always the set is just what was published: one call. Route53 refuses a DELETE that does not
        // match to the letter, and only then is it worth a look.
        match self.change(ChangeAction::Delete, txt_set(name, TTL, values)).await {
            Ok(_) => return Ok(()),
            Err(error) if error.code() == Some("InvalidChangeBatch") => {}
            Err(error) => return Err(fault("route53:ChangeResourceRecordSets", error)),
        }
        let Some(set) = self.current(name).await? else { return Ok(()) };
        let ours: Vec<String> = values.iter().map(|value| quoted(value)).collect();
        let held = set.resource_records.as_deref().unwrap_or_default();
        let others: Vec<_> = held.iter().filter(|record| !ours.contains(&record.value)).cloned().collect();
        if others.len() == held.len() {
            return Ok(());
        }
        let (action, set) = match others.is_empty() {
            true => (ChangeAction::Delete, set),
            false => {
                let mut kept = set;
                kept.resource_records = Some(others);
                (ChangeAction::Upsert, kept)
            }
        };
        self.change(action, set).await.map_err(|error| fault("route53:ChangeResourceRecordSets", error))?;
        Ok(())
    }
}

fn txt_set(name: &str, ttl: i64, values: &[String]) -> ResourceRecordSet {
    let records = values
        .iter()
        .map(|value| ResourceRecord::builder().value(quoted(value)).build().expect("the value is set"))
        .collect();
    ResourceRecordSet::builder()
        .name(name)
        .r#type(RrType::Txt)
        .ttl(ttl)
        .set_resource_records(Some(records))
        .build()
        .expect("name and type are set")
}

/// Route53 takes TXT data in its presentation form (RFC 1035 §5.1). Our values are base64url: nothing to escape.
fn quoted(value: &str) -> String {
    format!("\"{value}\"")
}
