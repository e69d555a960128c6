use std::future::Future;

use time::OffsetDateTime;
use vocabulary::acme::{Authorization, CaRequest, ChallengeKind, Challenges, OpenOrder, OrderStatus, Refusal};
use vocabulary::certificate::RevocationReason;
use vocabulary::failure::{Failure, FailureName, Problem};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointNames;

/// Why the CA did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// No answer, or one that is not ACME: repeat later.
    #[error("the CA did not answer as it should: {detail}")]
    Unavailable { detail: String, retry_after: Option<OffsetDateTime> },
    /// It answered with a problem: what that means, [`Refusal::to_failure`] says.
    #[error("the CA refuses ({}): {}", .refusal.problem.kind, .refusal.problem.detail)]
    Refused { refusal: Refusal },
    /// The order is not known any more: begin again.
    #[error("the CA does not know the order any more ({}): {}", .problem.kind, .problem.detail)]
    OrderLost { problem: Problem },
    /// It does not offer this way to prove a name.
    #[error("the CA does not offer {} for {name}", .method.as_str())]
    MethodNotOffered { method: ChallengeKind, name: String },
    /// What is stored of our account is not in order.
    #[error("the ACME account is not in order: {detail}")]
    Account { detail: String },
    /// The CA took an order and did not say that it replaces what it was to replace.
    #[error("the CA did not take the order as a replacement")]
    NotEchoed,
    /// The request was never sent: a defect of this program.
    #[error("the request to the CA could not be made: {detail}")]
    NotSent { detail: String },
}

impl CaError {
    /// Whether it passes, and nothing is known of whether the CA did what it was asked.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Refused { refusal } => refusal.is_outage(),
            _ => false,
        }
    }

    /// Our failure for it. `before`: what the attempt before this one failed by.
    pub fn to_failure(self, request: CaRequest, before: Option<&Failure>) -> Failure {
        let summary = self.to_string();
        match self {
            Self::Unavailable { retry_after, .. } => {
                // A wait that the CA names is longer than the flow's own retries: leave it to the schedule.
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

/// An answer, and the nonce for the next request.
#[derive(Clone, Debug, PartialEq)]
pub struct CaReply<T> {
    pub value: T,
    pub nonce: Option<String>,
}

/// An order as the CA holds it, with a challenge chosen for each pending authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedOrder {
    pub url: String,
    pub finalize_url: String,
    pub directory: String,
    pub status: OrderStatus,
    pub expires: Option<OffsetDateTime>,
    pub authorizations: Vec<Authorization>,
}

/// Where the CA's validation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validation {
    Ready,
    /// Ask again after so many seconds.
    Waiting {
        seconds: u32,
    },
    /// The CA was not convinced: its own words for the name at fault.
    Failed(Problem),
}

/// Where finalization stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finalized {
    /// PEM, leaf first.
    Issued { chain: String },
    /// Ask again after so many seconds.
    Waiting { seconds: u32 },
    /// The order became invalid.
    Failed(Problem),
}

/// An ACME CA and our account there, made at first use.
pub trait CertificateAuthority {
    /// The directory URL, which names the CA.
    fn directory(&self) -> &str;

    /// Makes an order. Not to be repeated needlessly: each call may make another.
    ///
    /// `replaces` names the certificate that it is to replace (RFC 9773 §5). A CA that does not want to hear of it
    /// (replaced already, another account's) refuses: [`CaError::Refused`] or [`CaError::NotEchoed`]. One without renewal information is not told. A CA that does not offer the method that a
    /// name is to be proven by: [`CaError::MethodNotOffered`].
    fn open(
        &self,
        names: &EndpointNames,
        challenges: &Challenges,
        replaces: Option<&str>,
    ) -> impl Future<Output = Result<CaReply<OpenedOrder>, CaError>> + Send;

    /// The order as the CA holds it now.
    fn resume(
        &self,
        order: &OpenOrder,
        challenges: &Challenges,
    ) -> impl Future<Output = Result<CaReply<OpenedOrder>, CaError>> + Send;

    /// Says that the pending challenges can be validated, and looks for a few seconds how it goes.
    ///
    /// With `announced` it only reads the state.
    fn validate(
        &self,
        order: &OpenOrder,
        announced: bool,
    ) -> impl Future<Output = Result<CaReply<Validation>, CaError>> + Send;

    /// Revokes a certificate (DER) with the account that ordered it (RFC 8555 §7.6). Fine if it is revoked already.
    fn revoke(&self, certificate: &[u8], reason: RevocationReason) -> impl Future<Output = Result<(), CaError>> + Send;

    /// Hands in the request (DER) unless that was done, waits for a few seconds, and downloads the chain.
    fn finalize(
        &self,
        order: &OpenOrder,
        request: &[u8],
    ) -> impl Future<Output = Result<CaReply<Finalized>, CaError>> + Send;

    /// Deactivates the authorizations with these URLs (RFC 8555 §7.5.2), so that no later order of the account can use them.
    ///
    /// Safe to repeat: one that is not valid any more, or that the CA has forgotten, is fine.
    fn deactivate(&self, authorizations: &[String]) -> impl Future<Output = Result<(), CaError>> + Send;
}

impl From<CaError> for Failure {
    /// Of an order that was asked for.
    fn from(error: CaError) -> Self {
        error.to_failure(CaRequest::NewOrder, None)
    }
}
