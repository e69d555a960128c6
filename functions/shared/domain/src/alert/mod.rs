//! What people and programs are notified of: one typed, versioned event for each fact.

#[expect(clippy::module_inception, reason = "the file of the type that the folder is named for")]
pub(crate) mod alert;
pub mod chat;
pub mod daily;
pub mod digest;
pub mod headline;
pub mod installation;
pub mod notifications;
pub mod policy;
pub mod sender;
pub mod severity;
pub mod shared;
pub mod text;

pub use crate::endpoint::AlertKind;

pub use self::alert::{Affected, Alert, CertificateFacts};
pub use self::digest::{Digest, Ending, Need};
pub use self::installation::InstallationIssue;
pub use self::notifications::Decision;
pub use self::policy::NotificationPolicy;
pub use self::sender::Sender;
pub use self::shared::{CAUSE_KEPT, CLAIM, SharedCause};
