//! What an event tells. Subscriptions filter by it.

/// What an event tells. Subscriptions filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertKind {
    /// The endpoint has its first certificate.
    CertificateIssued,
    /// A newer certificate took the place of the one before.
    CertificateRenewed,
    /// There is no certificate, and the customer is not the one who can help.
    IssuanceFailed,
    /// As above, while an older certificate still serves.
    RenewalFailed,
    /// The actor must do something, or the next certificate cannot be had.
    ActionRequired,
    /// A trouble that was told lasts, and the certificate's end comes nearer; or nobody has begun a renewal that is due.
    ExpiryApproaching,
    /// What was told before is over.
    Recovered,
    /// ACM has the certificate, and the host presents another one.
    ServedCertificateDiffers,
    /// The certificate is gone from ACM, or is another one there.
    CertificateMissing,
    /// The installation itself does not work as it must.
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
