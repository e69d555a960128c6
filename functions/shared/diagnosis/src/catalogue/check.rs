//! The names of the checks, and their catalogue entries.

use vocabulary::guidance::WaitingOn;

use crate::report::Severity;

/// What a check is about. A fault in an earlier area explains those it causes in later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    Names,
    Servers,
    Delegation,
    Persistent,
    Caa,
    Host,
    Http,
    Serving,
    Ca,
}

impl Area {
    pub const ALL: [Self; 9] = [
        Self::Names,
        Self::Servers,
        Self::Delegation,
        Self::Persistent,
        Self::Caa,
        Self::Host,
        Self::Http,
        Self::Serving,
        Self::Ca,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Names => "Names",
            Self::Servers => "The zone and its name servers",
            Self::Delegation => "The delegation (`_acme-challenge`)",
            Self::Persistent => "The persistent record (`_validation-persist`)",
            Self::Caa => "CAA",
            Self::Host => "The host's own record",
            Self::Http => "The challenge path over HTTP",
            Self::Serving => "The certificate that is served",
            Self::Ca => "What the CA said",
        }
    }
}

/// A check of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    PublicSuffix,
    DomainNotFound,
    ServersFailing,
    ServersLame,
    ServersSilent,
    DnssecBroken,
    ServersDisagree,
    NameServersDiffer,
    ServersUnseen,
    DelegationMissing,
    DelegationElsewhere,
    DelegationDoubledLabel,
    DelegationTxtInstead,
    DelegationOwnZone,
    TxtStray,
    AliasLoop,
    AliasChainTooLong,
    PersistentMissing,
    PersistentElsewhere,
    PersistentMalformed,
    PersistentExpired,
    PersistentWildcard,
    CaaForbids,
    CaaAccount,
    CaaMethod,
    CaaCritical,
    CaaUnanswered,
    TargetMissing,
    HostMissing,
    HostElsewhere,
    HostIpv6Elsewhere,
    HostPrivate,
    HostProxied,
    HostIndirect,
    HostConflict,
    HostAddressReserved,
    HttpUnreachable,
    HttpWrongAnswer,
    HttpRedirected,
    TlsUnreachable,
    TlsOtherCertificate,
    DomainLimit,
    RateLimited,
    NamePaused,
    OrderFailed,
}

/// One entry of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub check: Check,
    /// Stable; programs match it.
    pub name: &'static str,
    pub area: Area,
    /// The severity unless the facts soften it: `Finding::softened`.
    pub severity: Severity,
    /// Who is waited on, unless the facts say otherwise.
    pub actor: WaitingOn,
    pub title: &'static str,
    /// What follows from it, for readers who do not know it.
    pub explanation: &'static str,
    /// How to fix it, in general. A finding says it with the names filled in.
    pub fix: &'static str,
}
