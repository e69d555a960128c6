//! The customers' zones: ordinary hosted zones, edited as a customer edits them.

use anyhow::{Context, Result};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};

use crate::aws::Aws;

/// Short, as nothing is remembered here.
const TTL_SECONDS: i64 = 1;

/// Address of a host that the CA cannot reach: nothing listens there.
pub const UNREACHABLE: &str = "127.0.0.2";

#[derive(Clone, Debug)]
pub struct OwnerZone {
    pub domain: String,
    pub id: String,
    route53: aws_sdk_route53::Client,
}

impl OwnerZone {
    pub(crate) async fn create(aws: &Aws, domain: &str) -> Result<Self> {
        let created = aws
            .route53
            .create_hosted_zone()
            .name(domain)
            .caller_reference(format!("{domain}-{:08x}", getrandom::u32()?))
            .send()
            .await
            .with_context(|| format!("CreateHostedZone {domain}"))?;
        let zone = created.hosted_zone.context("CreateHostedZone answers without a zone")?;
        let id = zone.id.trim_start_matches("/hostedzone/").to_owned();
        Ok(Self { domain: domain.to_owned(), id, route53: aws.route53.clone() })
    }

    /// The hosted zone of exactly this domain.
    pub(crate) async fn find(aws: &Aws, domain: &str) -> Result<Self> {
        let name = format!("{domain}.");
        let listed = aws.route53.list_hosted_zones().send().await.context("ListHostedZones")?;
        let zone = listed.hosted_zones.into_iter().find(|zone| zone.name() == name);
        let zone = zone.with_context(|| format!("there is no hosted zone {domain}"))?;
        let id = zone.id.trim_start_matches("/hostedzone/").to_owned();
        Ok(Self { domain: domain.to_owned(), id, route53: aws.route53.clone() })
    }

    /// Makes `values` the records of a name and type, as Route 53 writes them (TXT in quotes).
    pub async fn upsert(&self, name: &str, record_type: RrType, values: &[&str]) -> Result<()> {
        self.change(ChangeAction::Upsert, record_set(name, record_type, values)?).await
    }

    /// Removes the records of a name and type, if there are any.
    pub async fn remove(&self, name: &str, record_type: RrType) -> Result<()> {
        let wanted = format!("{}.", name.trim_end_matches('.'));
        for set in self.records().await? {
            if set.name() == wanted && *set.r#type() == record_type {
                self.change(ChangeAction::Delete, set).await?;
            }
        }
        Ok(())
    }

    /// Takes the zone away, with everything in it.
    pub async fn delete(self) -> Result<()> {
        let apex = format!("{}.", self.domain);
        for set in self.records().await? {
            if set.name() != apex || !matches!(set.r#type(), RrType::Soa | RrType::Ns) {
                self.change(ChangeAction::Delete, set).await?;
            }
        }
        let deleted = self.route53.delete_hosted_zone().id(&self.id).send().await;
        deleted.with_context(|| format!("DeleteHostedZone {}", self.domain))?;
        Ok(())
    }

    /// Every record set of the zone, its own SOA and NS too.
    pub async fn records(&self) -> Result<Vec<ResourceRecordSet>> {
        record_sets(&self.route53, &self.id).await
    }

    /// What the zone above delegates to.
    pub async fn name_servers(&self) -> Result<Vec<String>> {
        let apex = format!("{}.", self.domain);
        let sets = self.records().await?;
        let own = sets.iter().filter(|set| set.name() == apex && *set.r#type() == RrType::Ns);
        Ok(own.flat_map(ResourceRecordSet::resource_records).map(|record| record.value().to_owned()).collect())
    }

    async fn change(&self, action: ChangeAction, set: ResourceRecordSet) -> Result<()> {
        let name = set.name().to_owned();
        let change = Change::builder().action(action).resource_record_set(set).build()?;
        self.route53
            .change_resource_record_sets()
            .hosted_zone_id(&self.id)
            .change_batch(ChangeBatch::builder().changes(change).build()?)
            .send()
            .await
            .with_context(|| format!("ChangeResourceRecordSets {name}"))?;
        Ok(())
    }
}

fn record_set(name: &str, record_type: RrType, values: &[&str]) -> Result<ResourceRecordSet> {
    let records = values.iter().map(|value| ResourceRecord::builder().value(*value).build());
    Ok(ResourceRecordSet::builder()
        .name(name)
        .r#type(record_type)
        .ttl(TTL_SECONDS)
        .set_resource_records(Some(records.collect::<Result<_, _>>()?))
        .build()?)
}

pub(crate) async fn record_sets(route53: &aws_sdk_route53::Client, id: &str) -> Result<Vec<ResourceRecordSet>> {
    let mut sets = Vec::new();
    let mut request = route53.list_resource_record_sets().hosted_zone_id(id);
    loop {
        let page = request.send().await.context("ListResourceRecordSets")?;
        sets.extend(page.resource_record_sets);
        if !page.is_truncated {
            return Ok(sets);
        }
        request = route53
            .list_resource_record_sets()
            .hosted_zone_id(id)
            .set_start_record_name(page.next_record_name)
            .set_start_record_type(page.next_record_type)
            .set_start_record_identifier(page.next_record_identifier);
    }
}
