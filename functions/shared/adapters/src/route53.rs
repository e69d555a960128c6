//! TXT records in the delegation zone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_route53::Client;
use aws_sdk_route53::error::ProvideErrorMetadata;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
};
use domain::installation::{HostedZone, Observed};
use domain::ports::{ChangeState, ServiceFault, TxtChange, TxtZone, ZoneError};
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant, sleep_until};

use crate::aws::fault;

/// Seconds. A CA queries the authoritative servers, so this only matters to people who look the record up.
const TTL: i64 = 30;

const CHANGE: &str = "route53:ChangeResourceRecordSets";

#[derive(Clone, Debug)]
pub struct DelegationZone {
    client: Client,
    zone_id: String,
    calls: Arc<AtomicU32>,
    pace: Pace,
}

/// Starts at most one call in this time. Route 53 allows five a second per account, from all senders.
#[derive(Clone, Debug, Default)]
struct Pace {
    every: Duration,
    next: Arc<Mutex<Option<Instant>>>,
}

impl Pace {
    #[expect(clippy::disallowed_methods, reason = "half a second at the most between two calls of one batch")]
    async fn turn(&self) {
        let mut next = self.next.lock().await;
        if let Some(next) = *next {
            sleep_until(next).await;
        }
        *next = Some(Instant::now() + self.every);
    }
}

impl DelegationZone {
    pub fn new(client: Client, zone_id: String) -> Self {
        Self { client, zone_id, calls: Arc::default(), pace: Pace::default() }
    }

    /// Starts at most one call per `every`. The client must not retry automatically: retries would not be counted.
    pub fn paced(mut self, every: Duration) -> Self {
        self.pace.every = every;
        self
    }

    /// Calls made so far.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The zone itself, and the name servers that it should be delegated to.
    pub async fn describe(&self) -> Observed<HostedZone> {
        self.count().await;
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

    /// Waits until the next call may start.
    async fn count(&self) {
        self.pace.turn().await;
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    async fn send(
        &self,
        changes: Vec<Change>,
    ) -> Result<
        String,
        aws_sdk_route53::error::SdkError<
            aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsError,
        >,
    > {
        self.count().await;
        let batch = ChangeBatch::builder().set_changes(Some(changes)).build().expect("changes are set");
        let output =
            self.client.change_resource_record_sets().hosted_zone_id(&self.zone_id).change_batch(batch).send().await?;
        Ok(output.change_info.map(|info| info.id).unwrap_or_default())
    }

    /// The TXT set at exactly `name`, if there is one.
    async fn current(&self, name: &str) -> Result<Option<ResourceRecordSet>, ServiceFault> {
        self.count().await;
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
    async fn change(&self, changes: &[TxtChange]) -> Result<String, ZoneError> {
        let changes = changes.iter().map(|one| match one {
            TxtChange::Publish { name, values } => change(ChangeAction::Upsert, txt_set(name, TTL, values)),
            TxtChange::Withdraw { name, values } => change(ChangeAction::Delete, txt_set(name, TTL, values)),
        });
        match self.send(changes.collect()).await {
            Ok(id) => Ok(id),
            Err(error) if error.code() == Some("InvalidChangeBatch") => {
                Err(ZoneError::Refused(fault(CHANGE, error).detail))
            }
            Err(error) => Err(fault(CHANGE, error).into()),
        }
    }

    async fn change_state(&self, change: &str) -> Result<ChangeState, ServiceFault> {
        self.count().await;
        let output =
            self.client.get_change().id(change).send().await.map_err(|error| fault("route53:GetChange", error))?;
        match output.change_info.map(|info| info.status) {
            Some(ChangeStatus::Insync) => Ok(ChangeState::InSync),
            _ => Ok(ChangeState::Pending),
        }
    }

    async fn withdraw(&self, name: &str, values: &[String]) -> Result<(), ServiceFault> {
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
        self.send(vec![change(action, set)]).await.map_err(|error| fault(CHANGE, error))?;
        Ok(())
    }
}

fn change(action: ChangeAction, set: ResourceRecordSet) -> Change {
    Change::builder().action(action).resource_record_set(set).build().expect("both are set")
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

/// Route 53 takes TXT data in presentation form (RFC 1035 §5.1). Our values are base64url: nothing to escape.
fn quoted(value: &str) -> String {
    format!("\"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_begin_no_closer_than_the_pace_however_many_come_at_once() {
        let pace = Pace { every: Duration::from_millis(30), ..Pace::default() };
        let began = Instant::now();
        let calls = (0..5).map(|_| async {
            pace.turn().await;
            began.elapsed()
        });
        let mut at = futures::future::join_all(calls).await;
        at.sort();
        assert!(at[0] < Duration::from_millis(30), "the first need not wait: {at:?}");
        assert!(at.windows(2).all(|two| two[1] - two[0] >= Duration::from_millis(25)), "{at:?}");
    }
}
