//! The certificate and the order that tests begin with.

use time::{Duration, OffsetDateTime};
use vocabulary::acme::{OpenOrder, OrderStatus};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::CertificateName;

/// Issued and imported `at`, for `lifetime`; its renewal is due when a third is left.
pub(crate) fn certificate(
    names: impl IntoIterator<Item = CertificateName>,
    at: OffsetDateTime,
    lifetime: Duration,
) -> InstalledCertificate {
    InstalledCertificate {
        arn: "arn:aws:acm:x".into(),
        serial: "AB".into(),
        issuer: "CN=CA".into(),
        names: names.into_iter().collect(),
        not_before: at,
        not_after: at + lifetime,
        imported_at: at,
        renew_at: at + lifetime * 2 / 3,
        directory: None,
        renewal_id: None,
        advice: None,
        leaf: None,
        generation: 1,
        renewal: false,
        announced: true,
        copies: vec![],
        listeners: vec![],
        retired: vec![],
        authorizations: vec![],
        export: None,
        tags: vocabulary::certificate::CertificateTags::default(),
    }
}

/// Opened, and nothing else.
pub(crate) fn order() -> OpenOrder {
    OpenOrder {
        taken: vec![],
        owed: vec![],
        former: vec![],
        url: "https://ca.example/order/1".into(),
        finalize_url: "https://ca.example/order/1/finalize".into(),
        directory: "https://ca.example/dir".into(),
        generation: 1,
        names: vec![],
        status: OrderStatus::Pending,
        opened_at: OffsetDateTime::UNIX_EPOCH,
        expires: None,
        authorizations: vec![],
        stale: vec![],
        nonce: None,
        withdrawn: false,
        chain: None,
        importing: false,
    }
}
