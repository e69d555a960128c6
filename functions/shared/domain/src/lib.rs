//! What a managed HTTPS endpoint is, and how its certificate is decided on.
//!
//! Pure: no AWS, no HTTP, no tokio. Time and randomness are passed in; what the outside world must do is
//! stated as [`ports`].

pub mod acm_quota;
pub mod alert;
pub mod attempt;
pub mod authorities;
pub mod budget;
pub mod ca_limits;
pub mod caa;
pub mod caller;
pub mod certificate;
pub mod certificate_key;
pub mod check;
pub mod delegation;
pub mod deployment;
pub mod diagnosis;
pub mod endpoint;
pub mod event;
pub mod failing;
pub mod failure;
pub mod flow;
pub mod health;
pub mod idempotency;
pub mod installation;
pub mod installation_facts;
pub mod name;
pub mod names;
pub mod order;
pub mod pace;
pub mod ports;
pub mod problem;
pub mod provider;
pub mod proving;
pub mod records;
pub mod renewal_info;
pub mod schedule;
pub mod share;
pub mod stable_hash;
pub mod standing;
pub mod starting;
pub mod text;
pub mod times;
pub mod trace;
pub mod verdict;

pub use caller::TenantId;
pub use endpoint::{DelegationLabel, Endpoint, EndpointId, Reachability};
pub use failure::{Actor, Failure, FailureName};
pub use name::{CertificateName, DomainName};
pub use names::EndpointNames;
pub use proving::{DnsMethod, Proving};
