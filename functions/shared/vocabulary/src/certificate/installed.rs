//! The certificate in ACM, and its other targets.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::acme::authorizations::KnownAuthorization;
use crate::acme::renewal_info::RenewalAdvice;
use crate::certificate::arn::{ListenerArn, Region, region_of};
use crate::certificate::deployment::Deployment;
use crate::certificate::tags::CertificateTags;
use crate::names::certificate_name::CertificateName;

/// The certificate an endpoint has in ACM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstalledCertificate {
    /// In the installation's own region, in the account of the endpoint's role if it has one.
    pub arn: String,
    /// See [`normalize_serial`].
    pub serial: String,
    pub issuer: String,
    pub names: Vec<CertificateName>,
    #[serde(with = "time::serde::rfc3339")]
    pub not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub not_after: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub imported_at: OffsetDateTime,
    /// When its renewal begins.
    #[serde(with = "time::serde::rfc3339")]
    pub renew_at: OffsetDateTime,
    /// Directory URL of the CA that issued it; absent from before this was recorded.
    #[serde(default)]
    pub directory: Option<String>,
    /// Its identifier at that CA (RFC 9773 §4.1).
    #[serde(default)]
    pub renewal_id: Option<String>,
    /// When that CA wants it renewed; `renew_at` follows it.
    #[serde(default)]
    pub advice: Option<RenewalAdvice>,
    /// The certificate itself, DER in base64url without padding, as a CA gets it for a revocation. Absent if the chain is
    /// stored beside the endpoint, and from before either was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<String>,
    /// The key it was issued for.
    pub generation: u64,
    /// Whether it replaced another one.
    pub renewal: bool,
    /// Whether its issuance was settled: recorded in the history, and people were notified.
    pub announced: bool,
    /// The copies in additional regions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<CertificateCopy>,
    /// The listeners that have it, or may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<ListenerUse>,
    /// Earlier certificates whose ARN it could not take over, while they are still in ACM.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<RetiredCertificate>,
    /// What its CAs still have on record as validated for this registration, until deactivated; empty from before this was
    /// recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorizations: Vec<KnownAuthorization>,
    /// The secret to which it is exported, or may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<ExportedKey>,
    /// The endpoint's tags that it has in ACM. While they change, also the previous ones.
    #[serde(default, skip_serializing_if = "CertificateTags::is_empty")]
    pub tags: CertificateTags,
}

/// A secret with a certificate, its chain and its private key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedKey {
    /// ARN of the secret; absent while it may not exist yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Of the certificate in it; absent likewise. If it differs from the certificate's, the export is still due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

/// A certificate that ACM's rules did not allow to be replaced under its ARN: it is deleted when nothing uses it any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredCertificate {
    pub arn: String,
    /// Since when another one has replaced it.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Listeners that were full: it was detached before the new one was attached, and briefly they had neither.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub swapped: Vec<ListenerArn>,
}

impl RetiredCertificate {
    pub fn new(arn: String, since: OffsetDateTime) -> Self {
        Self { arn, since, swapped: Vec::new() }
    }

    pub fn region(&self) -> Option<Region> {
        region_of(&self.arn)?.parse().ok()
    }

    /// Whether other users of it have had enough time at `now`.
    pub fn may_go(&self, now: OffsetDateTime) -> bool {
        self.since + RETIRED_FOR <= now
    }

    /// When to try the deletion next: after its grace period, then daily while something uses it.
    pub fn goes_at(&self, now: OffsetDateTime) -> OffsetDateTime {
        if self.may_go(now) { now + RETIRED_FOR } else { self.since + RETIRED_FOR }
    }
}

/// How long a retired certificate is kept for other users of it.
const RETIRED_FOR: Duration = Duration::DAY;

/// A serial number as upper-case hex without separators or leading zeros, from any notation.
pub fn normalize_serial(text: &str) -> String {
    let hex: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    hex.trim_start_matches('0').to_ascii_uppercase()
}

/// The certificate in an additional region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateCopy {
    pub region: Region,
    pub arn: String,
    /// As [`crate::certificate::installed::normalize_serial`] writes it. If not the certificate's, the import is still due.
    pub serial: String,
}

/// A listener that the certificate is attached to, or may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerUse {
    pub listener: ListenerArn,
    /// Since when it is known to have it; absent while it is only intended, or has failed.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub attached_at: Option<OffsetDateTime>,
}

impl InstalledCertificate {
    /// The region of its first import.
    pub fn home_region(&self) -> &str {
        region_of(&self.arn).unwrap_or_default()
    }

    /// Its ARN in `region`, however old the certificate there is.
    pub fn arn_in(&self, region: &Region) -> Option<&str> {
        match region.as_str() == self.home_region() {
            true => Some(&self.arn),
            false => self.copies.iter().find(|copy| copy.region == *region).map(|copy| copy.arn.as_str()),
        }
    }

    /// Whether `deployment` wants it exported, but the secret does not have it, or only the previous one.
    pub fn lacks_export(&self, deployment: &Deployment) -> bool {
        let exported = self.export.as_ref().and_then(|export| export.serial.as_deref());
        deployment.export_key && exported != Some(&self.serial)
    }

    /// The regions where `deployment` wants it, but where it is missing, or only the previous one is.
    pub fn lacking<'a>(&self, deployment: &'a Deployment) -> BTreeSet<&'a Region> {
        let mut wanted = deployment.further_regions(self.home_region());
        wanted.retain(|region| !self.copies.iter().any(|copy| copy.region == **region && copy.serial == self.serial));
        wanted
    }
}
