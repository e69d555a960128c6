//! The terms of managed HTTPS as types: parsed once, without decisions about endpoints.
//!
//! Bottom up: version, former names, text, records, names, failures, ACME, DNS, certificates. Each folder imports only from
//! earlier ones.

pub mod acme;
pub mod certificate;
pub mod dns;
pub mod failure;
pub mod former_names;
pub mod guidance;
pub mod names;
pub mod record;
pub mod stable_hash;
pub mod text;
pub mod times;
pub mod version;

pub use self::acme::{DnsMethod, Proving, Reachability};
pub use self::failure::{Failure, FailureName};
pub use self::guidance::{Guidance, WaitingOn};
pub use self::names::{CertificateName, DelegationLabel, DomainName, EndpointId, EndpointNames, TenantId};
pub use self::record::DnsRecord;
