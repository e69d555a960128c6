//! What the outside world must do, as promises that adapters and fakes keep alike.
//!
//! Every method may be repeated after a crash unless it says otherwise. Errors say what the caller can do.

mod budgets;
mod certificate_authority;
mod check_log;
mod destination;
mod digest_log;
mod dns;
mod fault;
mod flow_starter;
mod health;
mod inspector;
mod key_vault;
mod look;
mod notifier;
mod publication;
mod registry;
mod renewal_information;
mod share_links;
mod shared_causes;
mod store;
mod traces;
mod trail;

pub use crate::problem::Problem;
pub use budgets::{BucketId, Budgets, Spent, Take, give_all_back, orders_left, take_all};
pub use certificate_authority::{
    CaError, CaReply, CertificateAuthority, Finalized, OpenedOrder, Validation, authority_of,
};
pub use check_log::CheckLog;
pub use destination::{
    CertificateStore, Deletion, Destinations, Detachment, HeldCertificate, ImportMaterial, Listeners,
};
pub use digest_log::DigestLog;
pub use dns::{AuthoritativeDns, HttpProbe, RecordKind, check_delegations, check_standing_records};
pub use fault::{FaultKind, FencedError, ServiceFault};
pub use flow_starter::{FlowStarter, Started};
pub use health::{CertificateInspector, EngineLog, HealthIndex, Sight};
pub use inspector::Inspector;
pub use key_vault::KeyVault;
pub use look::{CaaLookup, Looker, Subject};
pub use notifier::Notifier;
pub use publication::{ChangeState, TokenStore, TxtZone};
pub use registry::{Change, ChangeError, EndpointPage, Position, RegisterError, Registered, Registry};
pub use renewal_information::{AdviceIndex, RenewalInfo, RenewalInformation};
pub use share_links::ShareLinks;
pub use shared_causes::SharedCauses;
pub use store::{
    AttemptJournal, DUE_SHARDS, DueEndpoint, DueEntry, DueIndex, EndpointReader, Errand, Settlement, ordering_endpoint,
    owned_endpoint,
};
pub use traces::Traces;
pub use trail::AuditTrail;
