//! AWS Certificate Manager.

use std::time::Duration;

use aws_sdk_acm::Client;
use aws_sdk_acm::config::retry::RetryConfig;
use aws_sdk_acm::error::ProvideErrorMetadata;
use aws_sdk_acm::primitives::{Blob, DateTime};
use aws_sdk_acm::types::{CertificateSummary, CertificateType, Filters, KeyAlgorithm, SortBy, SortOrder, Tag};
use domain::health::CertificateUse;
use domain::ports::{
    Candidate, CertificateInspector, CertificateStore, Deletion, FaultKind, HeldCertificate, ImportMaterial,
    OwnCertificate, OwnCertificates, ServiceFault,
};
use vocabulary::certificate::chain::leaf_serial;
use vocabulary::certificate::{CertificateTags, CertificateUsages, ImportedLife};
use vocabulary::names::EndpointId;

use time::OffsetDateTime;

use crate::aws::fault;

/// Names the stack that a certificate belongs to; the functions' roles may touch only certificates with this tag.
const OWNER_TAG: &str = "managed-https";
const ENDPOINT_TAG: &str = "managed-https:endpoint";

/// How long ACM may take to show what was just imported: the wait after each read.
const READ_BACK: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(900),
    Duration::from_millis(2700),
    Duration::ZERO,
];

/// The certificates of one account and region.
#[derive(Clone, Debug)]
pub struct Acm {
    client: Client,
    /// The stack's name.
    owner: String,
}

impl Acm {
    pub fn new(client: Client, owner: String) -> Self {
        Self { client, owner }
    }
}

/// ACM lists only certificates with RSA keys, unless the request names the key types.
const ALL_KEYS: [KeyAlgorithm; 7] = [
    KeyAlgorithm::EcPrime256v1,
    KeyAlgorithm::EcSecp384r1,
    KeyAlgorithm::EcSecp521r1,
    KeyAlgorithm::Rsa1024,
    KeyAlgorithm::Rsa2048,
    KeyAlgorithm::Rsa3072,
    KeyAlgorithm::Rsa4096,
];

fn imported_life(summary: &CertificateSummary) -> Option<ImportedLife> {
    let moment = |at: &DateTime| OffsetDateTime::from_unix_timestamp(at.secs()).ok();
    (summary.r#type() == Some(&CertificateType::Imported)).then_some(())?;
    Some(ImportedLife {
        not_before: summary.not_before().and_then(moment)?,
        not_after: summary.not_after().and_then(moment)?,
        created_at: summary.created_at().and_then(moment),
    })
}

impl CertificateStore for Acm {
    #[expect(
        clippy::disallowed_methods,
        reason = "ACM shows what it was given within moments; no flow waits for so little"
    )]
    async fn import(&self, arn: Option<&str>, material: ImportMaterial<'_>) -> Result<HeldCertificate, ServiceFault> {
        // ACM rejects tags on a re-import.
        let tags = arn.is_none().then(|| {
            let own = self.tags_of(material.endpoint);
            let own = own.iter().map(|(key, value)| built(key, value));
            own.chain(material.tags.iter().map(|(key, value)| built(key, value))).collect()
        });
        let chain = Some(material.issuers_pem).filter(|pem| !pem.is_empty()).map(Blob::new);
        let output = self
            .client
            .import_certificate()
            .set_certificate_arn(arn.map(str::to_owned))
            .certificate(Blob::new(material.leaf_pem))
            .private_key(Blob::new(material.key.to_pem()))
            .set_certificate_chain(chain)
            .set_tags(tags)
            .customize()
            // No SDK retries; the state machine repeats the step. So a refusal is the answer to this request, not the result of
            // a second request after a first one that succeeded without an answer.
            .config_override(aws_sdk_acm::config::Builder::new().retry_config(RetryConfig::disabled()))
            .send()
            .await
            .map_err(|error| fault("acm:ImportCertificate", error))?;
        let unavailable =
            |detail: String| ServiceFault { operation: "acm:ImportCertificate", kind: FaultKind::Unavailable, detail };
        let arn = output.certificate_arn.ok_or_else(|| unavailable("the answer has no ARN".into()))?;
        for wait in READ_BACK {
            if let Some(held) = self.describe(&arn).await? {
                return Ok(held);
            }
            tokio::time::sleep(wait).await;
        }
        Err(unavailable(format!("{arn} was imported but cannot be read")))
    }

    async fn describe(&self, arn: &str) -> Result<Option<HeldCertificate>, ServiceFault> {
        // Reads the certificate itself, not ACM's description of it: listeners serve the certificate.
        let output = match self.client.get_certificate().certificate_arn(arn).send().await {
            Ok(output) => output,
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(fault("acm:GetCertificate", error)),
        };
        let pem = output.certificate.unwrap_or_default();
        let usages = CertificateUsages::of(&pem);
        Ok(leaf_serial(&pem).map(|serial| HeldCertificate { arn: arn.to_owned(), serial, usages }))
    }

    async fn find(&self, domain: &str, serial: &str) -> Result<Option<HeldCertificate>, ServiceFault> {
        // By default ACM lists RSA keys only.
        let filters = Filters::builder().key_types(KeyAlgorithm::EcPrime256v1).build();
        let mut pages = self
            .client
            .list_certificates()
            .includes(filters)
            .sort_by(SortBy::CreatedAt)
            .sort_order(SortOrder::Descending)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| fault("acm:ListCertificates", error))?;
            for summary in page.certificate_summary_list().iter().filter(|summary| names(summary, domain)) {
                let Some(arn) = summary.certificate_arn() else { continue };
                if let Some(held) = self.describe(arn).await?.filter(|held| held.serial == serial) {
                    return Ok(Some(held));
                }
            }
        }
        Ok(None)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "ACM shows what it was given within moments; no flow waits for so little"
    )]
    async fn delete(&self, arn: &str) -> Result<Deletion, ServiceFault> {
        // A deleted certificate has no tags, and our role may delete a certificate only by its tag: AWS would deny the call
        // instead of saying that the certificate is gone.
        if self.describe(arn).await?.is_none() {
            return Ok(Deletion::Gone);
        }
        // A listener that has just lost the certificate still counts as a user for a short time.
        for wait in READ_BACK {
            match self.client.delete_certificate().certificate_arn(arn).send().await {
                Ok(_) => return Ok(Deletion::Gone),
                Err(error) => match error.code() {
                    Some("ResourceNotFoundException") => return Ok(Deletion::Gone),
                    Some("ResourceInUseException") => tokio::time::sleep(wait).await,
                    _ => return Err(fault("acm:DeleteCertificate", error)),
                },
            }
        }
        Ok(Deletion::InUse)
    }

    async fn candidate(&self, arn: &str) -> Result<Option<Candidate>, ServiceFault> {
        let (pem, given_to) = futures::join!(self.pem_of(arn), self.owner_of(arn));
        let Some(pem) = pem? else { return Ok(None) };
        Ok(Some(Candidate { given_to: given_to?, pem }))
    }

    async fn tag(&self, arn: &str, before: &CertificateTags, wanted: &CertificateTags) -> Result<(), ServiceFault> {
        let gone: Vec<Tag> =
            before.keys_beyond(wanted).map(|key| Tag::builder().key(key).build().expect("the key is set")).collect();
        // Removes tags first: old and new tags together might exceed ACM's limit.
        if !gone.is_empty() {
            let remove = self.client.remove_tags_from_certificate().certificate_arn(arn).set_tags(Some(gone));
            remove.send().await.map_err(|error| fault("acm:RemoveTagsFromCertificate", error))?;
        }
        if !wanted.is_empty() {
            // Sends the owner tag along, which the certificate already has: only with it may the role add tags.
            let tags = [built(OWNER_TAG, &self.owner)].into_iter();
            let tags = tags.chain(wanted.iter().map(|(key, value)| built(key, value))).collect();
            let add = self.client.add_tags_to_certificate().certificate_arn(arn).set_tags(Some(tags));
            add.send().await.map_err(|error| fault("acm:AddTagsToCertificate", error))?;
        }
        Ok(())
    }

    fn tags_of(&self, endpoint: &EndpointId) -> [(&'static str, String); 2] {
        [(OWNER_TAG, self.owner.clone()), (ENDPOINT_TAG, endpoint.to_string())]
    }
}

impl Acm {
    async fn owner_of(&self, arn: &str) -> Result<Option<EndpointId>, ServiceFault> {
        let output = match self.client.list_tags_for_certificate().certificate_arn(arn).send().await {
            Ok(output) => output,
            // It was deleted since it was listed.
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(fault("acm:ListTagsForCertificate", error)),
        };
        let value = |key: &str| output.tags().iter().find(|tag| tag.key() == key).and_then(Tag::value);
        let ours = value(OWNER_TAG) == Some(self.owner.as_str());
        Ok(value(ENDPOINT_TAG).filter(|_| ours).and_then(|id| id.parse().ok()))
    }

    async fn pem_of(&self, arn: &str) -> Result<Option<String>, ServiceFault> {
        match self.client.get_certificate().certificate_arn(arn).send().await {
            Ok(output) => Ok(output.certificate),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(fault("acm:GetCertificate", error)),
        }
    }
}

impl CertificateInspector for Acm {
    async fn inspect_certificate(&self, arn: &str) -> Result<Option<CertificateUse>, ServiceFault> {
        // Listeners serve the certificate itself; only the description says which listeners those are.
        let described = self.client.describe_certificate().certificate_arn(arn).send();
        let (held, described) = futures::join!(self.describe(arn), described);
        let Some(held) = held? else { return Ok(None) };
        match described {
            Ok(output) => {
                let used_by = output.certificate.and_then(|detail| detail.in_use_by).unwrap_or_default();
                Ok(Some(CertificateUse { serial: held.serial, used_by }))
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(fault("acm:DescribeCertificate", error)),
        }
    }

    async fn imported(&self) -> Result<Vec<ImportedLife>, ServiceFault> {
        let filters = Filters::builder().set_key_types(Some(ALL_KEYS.to_vec())).build();
        let mut pages = self.client.list_certificates().includes(filters).max_items(1000).into_paginator().send();
        let mut lives = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| fault("acm:ListCertificates", error))?;
            lives.extend(page.certificate_summary_list().iter().filter_map(imported_life));
        }
        Ok(lives)
    }
}

/// Certificates per page. Each may need a request for its tags, of which ACM allows ten a second.
const PAGE: i32 = 50;

impl OwnCertificates for Acm {
    async fn page(&self, after: Option<&str>) -> Result<(Vec<OwnCertificate>, Option<String>), ServiceFault> {
        let filters = Filters::builder().set_key_types(Some(ALL_KEYS.to_vec())).build();
        let output = self
            .client
            .list_certificates()
            .includes(filters)
            .max_items(PAGE)
            .set_next_token(after.map(str::to_owned))
            .send()
            .await
            .map_err(|error| fault("acm:ListCertificates", error))?;
        let listed = output.certificate_summary_list.unwrap_or_default();
        Ok((listed.iter().filter_map(own_certificate).collect(), output.next_token))
    }

    async fn owner(&self, arn: &str) -> Result<Option<EndpointId>, ServiceFault> {
        self.owner_of(arn).await
    }

    async fn read(&self, arn: &str) -> Result<Option<String>, ServiceFault> {
        self.pem_of(arn).await
    }
}

fn built(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().expect("the key is set")
}

fn own_certificate(summary: &CertificateSummary) -> Option<OwnCertificate> {
    (summary.r#type() == Some(&CertificateType::Imported)).then_some(())?;
    Some(OwnCertificate {
        arn: summary.certificate_arn()?.to_owned(),
        domain: summary.domain_name()?.to_owned(),
        not_after: OffsetDateTime::from_unix_timestamp(summary.not_after()?.secs()).ok()?,
    })
}

fn names(summary: &CertificateSummary, domain: &str) -> bool {
    summary.domain_name() == Some(domain)
        || summary.subject_alternative_name_summaries().iter().any(|name| name == domain)
}
