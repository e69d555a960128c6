//! Names and ids: of domains, certificates, endpoints, tenants, callers.

pub mod caller;
pub mod certificate_name;
pub mod domain_name;
pub mod endpoint_id;
pub mod endpoint_names;
pub mod idempotency;
pub mod name_error;
pub mod public_policy;
pub mod stack_resource;
pub mod tenant;

pub use self::caller::{Caller, Origin, Scope};
pub use self::certificate_name::CertificateName;
pub use self::domain_name::DomainName;
pub use self::endpoint_id::{DelegationLabel, DelegationLabelError, EndpointId, EndpointIdError};
pub use self::endpoint_names::{EndpointNames, NamesError};
pub use self::idempotency::{IdempotencyKey, IdempotencyKeyError, KEY_KEPT, NamedRequest};
pub use self::name_error::NameError;
pub use self::public_policy::{NamePolicy, Refusal};
pub use self::stack_resource::StackResource;
pub use self::tenant::{TenantId, TenantIdError};
