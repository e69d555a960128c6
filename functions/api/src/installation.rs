//! What is the same for all endpoints of an installation.

use vocabulary::acme::Limit;
use vocabulary::certificate::{AccountId, AcmQuotas, ListenerPools, OperatorsOnly, RoleArn, TenantLimits};
use vocabulary::dns::{ConnectTemplates, PersistentIssuer, Platform};
use vocabulary::names::{EndpointId, NamePolicy};

/// What is the same for all endpoints of an installation.
#[derive(Clone, Debug)]
pub struct Installation {
    pub platform: Platform,
    /// The ACME profile, which limits how many names a certificate has.
    pub profile: Option<String>,
    /// Which names its CA issues for.
    pub name_policy: NamePolicy,
    /// Whether endpoints may be validated by persistent records from now on.
    pub persistent_records: bool,
    /// What persistent records name; `None` where that is not known.
    pub issuer: Option<PersistentIssuer>,
    /// The account it runs in, where it is known; listeners without a role are in it.
    pub account: Option<AccountId>,
    /// What its CA lets the account order; `None` where no limit is known.
    pub orders: Option<OrderLimit>,
    /// How domain owners know it.
    pub brand: Brand,
    /// The limits of one tenant.
    pub tenant_limits: TenantLimits,
    /// ACM's import quotas of the account in the region, where configured; else AWS is queried.
    pub acm_quotas: Option<AcmQuotas>,
    /// The region it runs in.
    pub home: String,
    /// The pools that registrations may name instead of a listener.
    pub pools: ListenerPools,
    /// The roles by which certificates may go to other accounts.
    pub deployment_roles: Vec<RoleArn>,
    /// The platform's templates at DNS providers; `None`: it has none.
    pub connect: Option<ConnectTemplates>,
    /// Whether and how keys are exported.
    pub export: Export,
}

/// How private keys leave the installation, if they may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// The one role that reads them; without one none is exported.
    pub reader: Option<RoleArn>,
    /// The stack's name, which the secrets' names begin with.
    pub stack: String,
}

impl Export {
    /// The name of the endpoint's secret, as the function that writes it has it.
    pub(crate) fn secret_of(&self, endpoint: &EndpointId) -> String {
        format!("{}/export/{endpoint}", self.stack)
    }
}

impl Installation {
    /// Where in AWS it is, which tenants do not see.
    pub(crate) fn operators_only(&self) -> OperatorsOnly {
        let roles = self.deployment_roles.iter().chain(&self.export.reader);
        let of_roles = roles.map(|role| role.account().clone());
        OperatorsOnly::new(self.account.clone().into_iter().chain(of_roles))
    }
}

/// What a CA lets an account order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLimit {
    /// URL of the CA's directory.
    pub directory: String,
    pub limit: Limit,
}

/// Who the platform is for the owners of domains, as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// The name that they know it by.
    pub name: Option<String>,
    /// Where they ask: an address for mail, or a web page.
    pub contact: Option<String>,
}

impl Brand {
    /// In a sentence that begins with it.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or("Our platform")
    }
}
