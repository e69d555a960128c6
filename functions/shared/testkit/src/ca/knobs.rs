//! How tests control the CA, and what they can read from it.

use domain::ports::CaError;
use time::OffsetDateTime;
use vocabulary::acme::{CaLimits, Refusal, RenewalWindow};
use vocabulary::certificate::RevocationReason;
use vocabulary::failure::Problem;
use vocabulary::names::CertificateName;

use super::memory::MemoryCa;

impl MemoryCa {
    /// Moves the CA's clock. Orders live for an hour.
    pub fn set_time(&self, now: OffsetDateTime) {
        self.state().now = Some(now);
    }

    /// Whether names that were validated once need no new validation.
    pub fn reuse_authorizations(&self, reuse: bool) {
        self.state().reuse = reuse;
    }

    /// URLs of the authorizations that were deactivated.
    pub fn deactivated(&self) -> Vec<String> {
        self.state().deactivated.clone()
    }

    /// Whether an order for `name` would need no challenge.
    pub fn remembers(&self, name: &CertificateName) -> bool {
        self.state().validated.contains_key(name)
    }

    /// While it is unavailable, it answers nothing.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.state().unavailable = unavailable;
    }

    /// It refuses everything, and says until when.
    pub fn set_busy(&self, until: Option<OffsetDateTime>) {
        self.state().busy = until;
    }

    /// Whether it refuses orders that name what they replace.
    pub fn refuse_replacements(&self, refuse: bool) {
        let problem = Problem::new("alreadyReplaced", "it has been replaced already");
        let refusal = Refusal { problem, status: Some(409), retry_after: None };
        self.refuse_replacements_with(refuse.then_some(CaError::Refused { refusal }));
    }

    /// Its answer to orders.
    pub fn refuse_orders_with(&self, error: Option<CaError>) {
        self.state().refuses_orders = error;
    }

    /// Its answer to orders that name what they replace.
    pub fn refuse_replacements_with(&self, error: Option<CaError>) {
        self.state().refuses_replacements = error;
    }

    /// It validates no name that contains `part`.
    pub fn distrust(&self, part: impl Into<Option<&'static str>>) {
        self.state().distrusted = part.into().map(str::to_owned);
    }

    /// What it allows its one account: it refuses more, and counts the refusals.
    pub fn limit(&self, limits: CaLimits) {
        self.state().limits = limits;
    }

    pub fn over_limits(&self) -> u32 {
        self.state().over_limits
    }

    /// What orders said they replace, by [`certificate_id`](vocabulary::acme::renewal_info::certificate_id).
    pub fn replaced(&self) -> Vec<String> {
        self.state().replaced.clone()
    }

    /// Its answer to revocations.
    pub fn refuse_revocations_with(&self, error: Option<CaError>) {
        self.state().refuses_revocations = error;
    }

    /// Certificates (DER) that were revoked, and why.
    pub fn revoked(&self) -> Vec<(Vec<u8>, RevocationReason)> {
        self.state().revoked.clone()
    }

    /// The suggested window for every certificate; `None` for no renewal information.
    pub fn advise(&self, window: Option<RenewalWindow>) {
        self.state().window = window;
    }

    pub fn orders(&self) -> usize {
        self.state().orders.len()
    }

    /// How many requests the CA has received.
    pub fn requests(&self) -> u32 {
        self.state().requests
    }
}
