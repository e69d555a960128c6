//! DNS: answers, CAA, persistent validation records, providers, the records that owners create.

pub mod answer;
pub mod caa;
pub mod connect;
pub mod issue_value;
pub mod owner_records;
pub mod persistent_record;
pub mod platform;
pub mod provider;
pub mod record_kind;
pub mod zone_name;

pub use self::answer::{Answer, ServerAnswer, Unanswered};
pub use self::caa::{CaaFault, CaaLevel, CaaRefusal, Issuer};
pub use self::connect::{Connect, ConnectTemplates, ConnectTemplatesError, base_url};
pub use self::persistent_record::{PersistentFault, PersistentIssuer, PersistentRecord};
pub use self::platform::{EndpointTarget, Platform, TenantProof};
pub use self::provider::{PROVIDERS, Provider, ProviderHint};
pub use self::record_kind::RecordKind;
pub use self::zone_name::ZoneName;
