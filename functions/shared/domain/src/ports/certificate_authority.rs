use std::future::Future;

use time::OffsetDateTime;
use vocabulary::acme::{Authorization, CaRequest, ChallengeKind, Challenges, OpenOrder, OrderStatus, Refusal};
use vocabulary::certificate::RevocationReason;
use vocabulary::failure::{Failure, FailureName, Problem};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointNames;

/// Why the CA did not do what was requested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// No answer, or one that is not ACME: retry later.
    #[error("the CA did not answer as it should: {detail}")]
    Unavailable { detail: String, retry_after: Option<OffsetDateTime> },
    /// It answered with a problem: [`Refusal::to_failure`] says what that means.
    #[error("the CA refuses ({}): {}", .refusal.problem.kind, .refusal.problem.detail)]
    Refused { refusal: Refusal },
    /// The CA no longer knows the order: begin again.
    #[error("the CA does not know the order any more ({}): {}", .problem.kind, .problem.detail)]
    OrderLost { problem: Problem },
    /// It does not offer this method to validate a name.
    #[error("the CA does not offer {} for {name}", .method.as_str())]
    MethodNotOffered { method: ChallengeKind, name: String },
    /// Our stored account is not usable.
    #[error("the ACME account is not in order: {detail}")]
    Account { detail: String },
    /// The CA accepted an order, but did not confirm what it replaces.
    #[error("the CA did not take the order as a replacement")]
    NotEchoed,
    /// The request was never sent: a defect of this program.
    #[error("the request to the CA could not be made: {detail}")]
    NotSent { detail: String },
}

impl CaError {
    /// Whether it will pass, and it is unknown whether the CA did what was requested.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Refused { refusal } => refusal.is_outage(),
            _ => false,
        }
    }

    /// Our failure for it. `before`: the failure of the previous attempt.
    pub fn to_failure(self, request: CaRequest, before: Option<&Failure>) -> Failure {
        let summary = self.to_string();
        match self {
            Self::Unavailable { retry_after, .. } => {
                // A wait that the CA names is longer than the flow's own retries: leave the retry to the schedule.
                let name = if retry_after.is_some() { FailureName::CaUnavailable } else { FailureName::Unavailable };
                let failure = Failure::without_action(name, WaitingOn::Ca, capitalized(&summary));
                failure.with_retry_after(retry_after).at("CA")
            }
            Self::Refused { refusal } => refusal.to_failure(request, before),
            Self::OrderLost { .. } => {
                Failure::without_action(FailureName::OrderLost, WaitingOn::Ca, capitalized(&summary))
            }
            Self::MethodNotOffered { method, .. } => Failure::new(
                FailureName::Misconfigured,
                WaitingOn::Operator,
                capitalized(&summary),
                match method {
                    ChallengeKind::DnsPersist01 => {
                        "Change the endpoint (managed-https change NAME --challenge dns-01), or the CA to one with persistent validation records, then renew."
                    }
                    _ => "Order from a CA that offers it: compare AcmeDirectory with the CA's documents, then renew.",
                },
            ),
            Self::Account { .. } => Failure::misconfigured(capitalized(&summary)).at("account"),
            Self::NotEchoed | Self::NotSent { .. } => Failure::new(
                FailureName::Misconfigured,
                WaitingOn::Operator,
                capitalized(&summary),
                "The CA is not at fault. Report it with the function's log; the next attempt is automatic.",
            ),
        }
    }
}

/// A sentence begins with a capital letter.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A response, and the nonce for the next request.
#[derive(Clone, Debug, PartialEq)]
pub struct CaReply<T> {
    pub value: T,
    pub nonce: Option<String>,
}

/// An order in the CA's state, with a challenge chosen for each pending authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedOrder {
    pub url: String,
    pub finalize_url: String,
    pub directory: String,
    pub status: OrderStatus,
    pub expires: Option<OffsetDateTime>,
    pub authorizations: Vec<Authorization>,
}

/// The state of the CA's validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validation {
    Ready,
    /// Try again after this many seconds.
    Waiting {
        seconds: u32,
    },
    /// The validation failed: the CA's own words for the name at fault.
    Failed(Problem),
}

/// The state of finalization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finalized {
    /// PEM, leaf first.
    Issued { chain: String },
    /// Try again after this many seconds.
    Waiting { seconds: u32 },
    /// The order became invalid.
    Failed(Problem),
}

/// An ACME CA and our account there, registered at first use.
pub trait CertificateAuthority {
    /// The directory URL, which names the CA.
    fn directory(&self) -> &str;

    /// Creates an order. Do not repeat it needlessly: each call may create another one.
    ///
    /// `replaces` names the certificate that it is to replace (RFC 9773 §5). If the CA does not accept that (already replaced,
    /// another account's): [`CaError::Refused`] or [`CaError::NotEchoed`]. A CA without renewal information does not receive
    /// it. A CA that does not offer the validation method of a name: [`CaError::MethodNotOffered`].
    fn open(
        &self,
        names: &EndpointNames,
        challenges: &Challenges,
        replaces: Option<&str>,
    ) -> impl Future<Output = Result<CaReply<OpenedOrder>, CaError>> + Send;

    /// The current state of the order at the CA.
    fn resume(
        &self,
        order: &OpenOrder,
        challenges: &Challenges,
    ) -> impl Future<Output = Result<CaReply<OpenedOrder>, CaError>> + Send;

    /// Asks the CA to validate the pending challenges, and waits a few seconds for the result.
    ///
    /// With `announced` it only reads the state.
    fn validate(
        &self,
        order: &OpenOrder,
        announced: bool,
    ) -> impl Future<Output = Result<CaReply<Validation>, CaError>> + Send;

    /// Revokes a certificate (DER) with the account that ordered it (RFC 8555 §7.6). Fine if it is revoked already.
    fn revoke(&self, certificate: &[u8], reason: RevocationReason) -> impl Future<Output = Result<(), CaError>> + Send;

    /// Sends the request (DER) unless that was done, waits for a few seconds, and downloads the chain.
    fn finalize(
        &self,
        order: &OpenOrder,
        request: &[u8],
    ) -> impl Future<Output = Result<CaReply<Finalized>, CaError>> + Send;

    /// Deactivates the authorizations with these URLs (RFC 8555 §7.5.2), so that no later order of the account can use them.
    ///
    /// Safe to repeat: no error for an authorization that is no longer valid, or that the CA has forgotten.
    fn deactivate(&self, authorizations: &[String]) -> impl Future<Output = Result<(), CaError>> + Send;
}

impl From<CaError> for Failure {
    /// The failure of an order request.
    fn from(error: CaError) -> Self {
        error.to_failure(CaRequest::NewOrder, None)
    }
}
