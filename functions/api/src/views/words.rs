use diagnosis::report::{RecordStatus, Severity};
use domain::endpoint::{EndpointStatus, EventKind, Outcome, Step, SymptomKind};
use domain::installation::InstallationStatus;
use domain::status::CertificateState;
use vocabulary::acme::{ChallengeKind, DnsMethod, Reachability};
use vocabulary::certificate::RevocationReason;
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;

/// What the wire has of a value of the domain.
pub trait ToWire {
    type Wire;

    fn to_wire(&self) -> Self::Wire;
}

/// What a request means.
pub trait FromWire<W> {
    fn from_wire(word: W) -> Self;
}

impl<T: ToWire> ToWire for Vec<T> {
    type Wire = Vec<T::Wire>;

    fn to_wire(&self) -> Self::Wire {
        self.iter().map(T::to_wire).collect()
    }
}

impl<T: ToWire> ToWire for Option<T> {
    type Wire = Option<T::Wire>;

    fn to_wire(&self) -> Self::Wire {
        self.as_ref().map(T::to_wire)
    }
}

impl<T: ToWire> ToWire for Box<T> {
    type Wire = T::Wire;

    fn to_wire(&self) -> Self::Wire {
        T::to_wire(self)
    }
}

/// Lists of words that the domain and the wire have alike; on the wire they stay when the domain's change.
macro_rules! alike {
    ($($domain:ident = $wire:ident { $($word:ident),+ })+) => {$(
        impl ToWire for $domain {
            type Wire = wire::$wire;

            fn to_wire(&self) -> wire::$wire {
                match self {
                    $(Self::$word => wire::$wire::$word,)+
                }
            }
        }

        impl FromWire<wire::$wire> for $domain {
            fn from_wire(word: wire::$wire) -> Self {
                match word {
                    $(wire::$wire::$word => Self::$word,)+
                }
            }
        }
    )+};
}

alike! {
    WaitingOn = WaitingOn { DomainOwner, Operator, Ca, Nobody }
    EndpointStatus = Status { ActionRequired, Degraded, Retrying, WaitingForDns, Issuing, Paused, Ready }
    CertificateState = CertificateState { None, Issuing, Active, Expiring, Expired, Failed }
    Reachability = Reachability { External, Internal }
    DnsMethod = DnsMethod { Dns01, DnsPersist01 }
    RecordStatus = RecordStatus { Ok, Missing, Mismatch, Conflict, Unreachable }
    Severity = Severity { Notice, Warning, Error }
    ChallengeKind = ChallengeKind { Http01, Dns01, DnsPersist01 }
    Outcome = Outcome { Running, Issued, Renewed, Unchanged, Failed, Removed }
    Step = Step {
        OpenOrder, PresentChallenge, PublishRecords, CheckPropagation, SubmitChallenge, FinalizeOrder,
        ImportCertificate, CleanUpChallenge, WithdrawRecords, SettleAttempt
    }
    FailureName = FailureName {
        Throttled, Unavailable, RecordsNotReady, ChallengeFailed, RateLimited, CaUnavailable, OrderLost, CaRefused,
        CertificateRejected, DestinationRefused, Misconfigured, TimedOut, EndpointRemoved, Superseded, BudgetSpent,
        AccountRefused
    }
    EventKind = EventKind {
        Registered, Changed, Checked, RenewalRequested, LinkCreated, LinkRevoked, Muted, Unmuted, RemovalRequested,
        RevocationRequested, CertificateRevoked, RevocationRefused, AttemptStarted,
        CertificateIssued, CertificateRenewed, CertificateUnchanged, AttemptFailed, Removed
    }
    SymptomKind = SymptomKind {
        DnsBroken, CertificateMissing, AnotherHeld, CopyMissing, Detached, AnotherServed, ChainIncomplete,
        HostUnreachable, Unused
    }
    RevocationReason = RevocationReason { Unspecified, KeyCompromise, Superseded, CessationOfOperation }
    InstallationStatus = InstallationStatus { Ok, Warning, Failed }
}
