//! What domain owners and people do with a cloud: zones of theirs, tokens of theirs.

use ::issuer::Person;
use anyhow::{Context, Result};
use aws_sdk_route53::types::RrType;

use crate::cloud::LocalCloud;
use crate::dns::OWNERS_SERVERS;
use crate::zones::{OwnerZone, record_sets};

impl LocalCloud {
    /// Makes a hosted zone for a customer's domain. DNS serves it from then on; below another zone, as soon as that
    /// one delegates it.
    pub async fn create_zone(&self, domain: &str) -> Result<OwnerZone> {
        let zone = OwnerZone::create(self.aws(), domain).await?;
        // Where the platform's zones are, a domain owner's seldom is.
        zone.upsert(domain, RrType::Ns, &OWNERS_SERVERS).await?;
        Ok(zone)
    }

    /// A hosted zone that is there already: that of the platform, or the delegation zone.
    pub async fn zone(&self, domain: &str) -> Result<OwnerZone> {
        OwnerZone::find(self.aws(), domain).await
    }

    /// TXT records in the delegation zone: owner without the dot at the end, and values without quotes.
    pub async fn txt_records(&self) -> Result<Vec<(String, Vec<String>)>> {
        let sets = record_sets(&self.aws().route53, &self.description().delegation_zone_id).await?;
        let txt = sets.into_iter().filter(|set| *set.r#type() == RrType::Txt);
        Ok(txt
            .map(|set| {
                let values = set.resource_records().iter().map(|record| record.value().trim_matches('"').to_owned());
                (set.name().trim_end_matches('.').to_owned(), values.collect())
            })
            .collect())
    }

    /// Keys of the HTTP-01 responses in the bucket.
    pub async fn tokens(&self) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        let mut pages = self.aws().s3.list_objects_v2().bucket(self.resource("TokenBucket")?).into_paginator().send();
        while let Some(page) = pages.next().await {
            keys.extend(
                page.context("ListObjectsV2")?.contents.unwrap_or_default().into_iter().filter_map(|object| object.key),
            );
        }
        Ok(keys)
    }

    /// A token of somebody, as the issuer gives it out: for `Authorization: Bearer` at the API.
    pub fn token(&self, person: &Person) -> Result<String> {
        self.description().issuer.token(person)
    }
}
