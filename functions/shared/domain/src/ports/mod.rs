//! What the outside world must do, as promises that adapters and fakes keep alike.
//!
//! Every method may be repeated after a crash unless it says otherwise. Errors say what the caller can do.

mod certificate_authority;
mod destination;
mod dns;
mod fault;
mod flow_starter;
mod key_vault;
mod look;
mod notifier;
mod publication;
mod renewal_information;
mod store;

pub use certificate_authority::{CaError, CaReply, CertificateAuthority, Finalized, OpenedOrder, Problem, Validation};
pub use destination::{CertificateStore, Deletion, HeldCertificate, ImportMaterial};
pub use dns::{AuthoritativeDns, HttpProbe, RecordKind, check_delegations};
pub use fault::{FaultKind, FencedError, ServiceFault};
pub use flow_starter::{FlowStarter, Started};
pub use key_vault::KeyVault;
pub use look::{Looker, Subject};
pub use notifier::Notifier;
pub use publication::{ChangeState, TokenStore, TxtZone};
pub use renewal_information::{AdviceIndex, RenewalInfo, RenewalInformation};
pub use store::{
    AttemptJournal, DUE_SHARDS, DueEntry, DueIndex, EndpointPage, EndpointReader, RegisterError, Registry, Settlement,
    ordering_endpoint, owned_endpoint,
};
