//! What is the same for all endpoints of an installation.

use vocabulary::certificate::{AccountId, RoleArn};
use vocabulary::dns::{PersistentIssuer, Platform};
use vocabulary::names::NamePolicy;

/// What is the same for all endpoints of an installation.
#[derive(Clone, Debug)]
pub struct Installation {
    pub platform: Platform,
    /// The ACME profile, which limits how many names a certificate has.
    pub profile: Option<String>,
    /// Which names its CA issues for.
    pub name_policy: NamePolicy,
    /// Whether endpoints may be proven by standing records from now on.
    pub persistent_records: bool,
    /// Whom standing records name; `None` where that is not known.
    pub issuer: Option<PersistentIssuer>,
    /// The account it runs in, where it is known; listeners without a role are in it.
    pub account: Option<AccountId>,
    /// The roles by which certificates may go to other accounts.
    pub deployment_roles: Vec<RoleArn>,
}
