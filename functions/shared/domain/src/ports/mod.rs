//! What the outside world must do, as contracts for both adapters and fakes.
//!
//! Every method may be repeated after a crash unless it says otherwise. Errors say what the caller can do.

pub mod capacity;
pub mod certificate_authority;
pub mod check_log;
pub mod claims;
pub mod destination;
pub mod digest_log;
pub mod dns;
pub mod export;
pub mod flow_starter;
pub mod health;
pub mod inspector;
pub mod key_vault;
pub mod notifier;
pub mod own_certificates;
pub mod pacing;
pub mod prober;
pub mod publication;
pub mod rate_limits;
pub mod registry;
pub mod renewal_information;
pub mod room;
pub mod share_links;
pub mod shared_causes;
pub mod store;
pub mod summaries;
pub mod traces;
pub mod trail;

pub use self::capacity::{CapacityLog, QuotaOf, ServiceQuotas};
pub use self::certificate_authority::{CaError, CaReply, CertificateAuthority, Finalized, OpenedOrder, Validation};
pub use self::check_log::CheckLog;
pub use self::claims::{Claim, Claims, Former, Handover};
pub use self::destination::{
    Candidate, CertificateStore, Deletion, Destinations, Detachment, HeldCertificate, ImportMaterial, Listeners,
};
pub use self::digest_log::DigestLog;
pub use self::dns::{AuthoritativeDns, HttpProbe};
pub use self::rate_limits::RateLimits;
pub use vocabulary::failure::{FaultKind, FencedError, ServiceFault};

pub use self::export::{ExportMaterial, KeyExport};
pub use self::flow_starter::{FlowStarter, Started};
pub use self::health::{CertificateInspector, HealthIndex, HealthRuns, InstallationLog, Sight};
pub use self::inspector::{Inspector, Reconciler};
pub use self::key_vault::KeyVault;
pub use self::notifier::Notifier;
pub use self::own_certificates::{OwnCertificate, OwnCertificates};
pub use self::pacing::Pacing;
pub use self::prober::{CaaLookup, Prober};
pub use self::publication::{ChangeState, TokenStore, TxtChange, TxtZone, ZoneError};
pub use self::registry::{
    Change, ChangeError, EndpointPage, Position, RegisterError, Registered, Registry, RequestError,
};
pub use self::renewal_information::{AdviceIndex, RenewalInfo, RenewalInformation};
pub use self::room::{Place, Room, TakenRoom};
pub use self::share_links::ShareLinks;
pub use self::shared_causes::SharedCauses;
pub use self::store::{
    AttemptJournal, DUE_SHARDS, DueEndpoint, DueEntry, DueIndex, DueReason, EndpointReader, Settlement,
};
pub use self::summaries::{RecentChange, SUMMARY_PARTS, Summaries, SummaryPart};
pub use self::traces::Traces;
pub use self::trail::{AuditTrail, Removed};
