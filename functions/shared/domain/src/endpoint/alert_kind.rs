//! What an event is about. Subscriptions filter by it.

/// What an event is about. Subscriptions filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertKind {
    /// The endpoint has its first certificate.
    CertificateIssued,
    /// A newer certificate replaced the previous one.
    CertificateRenewed,
    /// There is no certificate, and not because of the domain owner.
    IssuanceFailed,
    /// As above, while an older certificate still serves.
    RenewalFailed,
    /// Somebody must act, or the next certificate cannot be issued.
    ActionRequired,
    /// An issue that was notified lasts, and the certificate expires soon; or no renewal has started although it is due.
    ExpiryApproaching,
    /// What was notified before is resolved.
    Recovered,
    /// ACM has the certificate, and the host serves a different one.
    ServedCertificateDiffers,
    /// The certificate is gone from ACM, or is another one there.
    CertificateMissing,
    /// A check of the installation itself fails.
    InstallationUnhealthy,
    EndpointRemoved,
    /// What a tenant's endpoints need, once a day.
    Digest,
}

impl AlertKind {
    pub const ALL: [Self; 12] = [
        Self::CertificateIssued,
        Self::CertificateRenewed,
        Self::IssuanceFailed,
        Self::RenewalFailed,
        Self::ActionRequired,
        Self::ExpiryApproaching,
        Self::Recovered,
        Self::ServedCertificateDiffers,
        Self::CertificateMissing,
        Self::InstallationUnhealthy,
        Self::EndpointRemoved,
        Self::Digest,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::CertificateIssued => "CertificateIssued",
            Self::CertificateRenewed => "CertificateRenewed",
            Self::IssuanceFailed => "IssuanceFailed",
            Self::RenewalFailed => "RenewalFailed",
            Self::ActionRequired => "ActionRequired",
            Self::ExpiryApproaching => "ExpiryApproaching",
            Self::Recovered => "Recovered",
            Self::ServedCertificateDiffers => "ServedCertificateDiffers",
            Self::CertificateMissing => "CertificateMissing",
            Self::InstallationUnhealthy => "InstallationUnhealthy",
            Self::EndpointRemoved => "EndpointRemoved",
            Self::Digest => "Digest",
        }
    }
}
