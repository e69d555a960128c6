//! An ACME CA (RFC 8555), reached with instant-acme over our own `transport`.
//!
//! One certificate for one name takes eight requests if every step is its own process: newNonce, newOrder, authorization,
//! challenge, order, finalize, order, certificate. `tests/end-to-end` counts them.

mod account;
pub mod directory;
mod entries;
mod registration;
mod renewal;
mod resources;
pub mod standing;
mod transport;

use std::time::Duration;

use domain::ports::{CaError, CaReply, CertificateAuthority, Finalized, OpenedOrder, Validation};
use instant_acme::{Account, Error, Identifier, NewOrder, Order, RevocationRequest};
use tokio::sync::OnceCell;
use tokio::time::sleep;
use vocabulary::acme::{Authorization, AuthorizationStatus, Challenges, OpenOrder, OrderStatus};
use vocabulary::certificate::RevocationReason;
use vocabulary::failure::{Problem, Subproblem};
use vocabulary::names::EndpointNames;
use vocabulary::text::printable;

pub use renewal::AcmeRenewalInformation;

use crate::secrets_manager::AccountSecret;
use crate::tls;
use transport::{ProblemDocument, Transport};

/// When a step checks whether the CA has validated. The CA connects from several networks first, so an earlier check is a
/// wasted request.
const VALIDATION_POLLS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// When a step checks whether the CA has issued. The first check nearly always succeeds.
const ISSUANCE_POLLS: [Duration; 6] = [
    Duration::from_millis(150),
    Duration::from_millis(350),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// How long the flow waits before the next request to the CA, unless the CA names a time.
const WAIT_SECONDS: u32 = 5;
/// The longest wait named by the CA that a step itself waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// The longest single wait of the flow; the next attempt continues if the CA needs longer.
const MOST_WAIT_SECONDS: u64 = 300;

/// Which CA, and as whom.
#[derive(Clone, Debug)]
pub struct AcmeConfig {
    pub directory: String,
    /// An e-mail address.
    pub contact: Option<String>,
    pub profile: Option<String>,
    /// DER of the root behind the CA's own TLS certificate, for a private CA.
    pub trust_anchor: Option<Vec<u8>>,
    /// Whether this process may register an account. Others wait until one is registered.
    pub may_register: bool,
    /// Whether it is the installation's first CA: an external account binding that names no CA is meant for it.
    pub first: bool,
}

/// One CA. The account is kept for the lifetime of the process.
pub struct AcmeAuthority {
    config: AcmeConfig,
    secret: AccountSecret,
    transport: Transport,
    account: OnceCell<Account>,
}

impl AcmeAuthority {
    pub fn new(config: AcmeConfig, secret: AccountSecret) -> Result<Self, tls::AnchorRejected> {
        let transport = Transport::new(tls::client_config(config.trust_anchor.as_deref())?);
        Ok(Self { config, secret, transport, account: OnceCell::new() })
    }

    /// Requests sent to the CA so far, whatever their result.
    pub fn requests_sent(&self) -> u32 {
        self.transport.requests()
    }

    async fn account(&self) -> Result<&Account, CaError> {
        let open = || account::open(&self.transport, &self.secret, &self.config, self.config.may_register);
        self.account.get_or_try_init(open).await
    }

    fn reply<T>(&self, value: T) -> CaReply<T> {
        CaReply { value, nonce: self.transport.take_nonce() }
    }

    fn error(&self, error: Error) -> CaError {
        to_ca_error(&self.transport, error)
    }

    /// Reads an order's authorizations and chooses a challenge for each that is pending.
    async fn describe(
        &self,
        mut order: Order,
        expires: Option<time::OffsetDateTime>,
        challenges: &Challenges,
    ) -> Result<OpenedOrder, CaError> {
        let status = resources::order_status(order.state().status);
        let finalize_url = order.state().finalize.clone();
        let url = order.url().to_owned();
        let mut authorizations = Vec::new();
        let mut stream = order.authorizations();
        while let Some(handle) = stream.next().await {
            let mut handle = handle.map_err(|error| self.error(error))?;
            authorizations.push(resources::authorization(&mut handle, challenges)?);
        }
        Ok(OpenedOrder { url, finalize_url, directory: self.config.directory.clone(), status, expires, authorizations })
    }

    /// The order as the last step left it, without a request to the CA.
    async fn recall(&self, order: &OpenOrder) -> Result<Order, CaError> {
        self.transport.know(&order.url, resources::order_body(order));
        self.account().await?.order(order.url.clone()).await.map_err(|error| self.error(error))
    }

    /// Why an order became invalid: the errors of the authorizations at fault, else the order's own.
    async fn why_invalid(&self, order: &mut Order) -> Problem {
        let (mut faults, mut stream) = (Vec::new(), order.authorizations());
        while let Some(Ok(handle)) = stream.next().await {
            let error = handle.challenges.iter().find_map(|challenge| challenge.error.as_ref());
            if let Some(problem) = error.map(resources::problem) {
                let Problem { kind, detail, .. } = problem;
                faults.push(Subproblem { name: Some(handle.identifier().to_string()), kind, detail });
            }
        }
        if !faults.is_empty() {
            return Problem::of_names(faults);
        }
        let own = order.state().error.as_ref().map(resources::problem);
        own.unwrap_or_else(|| Problem::new("invalid", "the CA gives no reason"))
    }
}

impl CertificateAuthority for AcmeAuthority {
    fn directory(&self) -> &str {
        &self.config.directory
    }

    async fn open(
        &self,
        names: &EndpointNames,
        challenges: &Challenges,
        replaces: Option<&str>,
    ) -> Result<CaReply<OpenedOrder>, CaError> {
        self.transport.begin(None);
        let account = self.account().await?;
        let identifiers: Vec<Identifier> = names.iter().map(|name| Identifier::Dns(name.to_string())).collect();
        let request = |replaces| {
            let mut request = NewOrder::new(&identifiers);
            if let Some(profile) = &self.config.profile {
                request = request.profile(profile);
            }
            match replaces {
                Some(certificate) => request.replaces(certificate),
                None => request,
            }
        };
        let has_ari = self.transport.directory_has("renewalInfo", &self.config.directory);
        let replaces = replaces.filter(|_| has_ari).and_then(renewal::identifier);
        let replacing = replaces.is_some();
        let order = match account.new_order(&request(replaces)).await {
            Ok(order) => order,
            // The order was made, but without `replaces`: instant-acme reports that with an error of its own.
            Err(Error::Other(_)) if replacing && self.transport.refusal().is_none() => return Err(CaError::NotEchoed),
            Err(error) => return Err(self.error(error)),
        };
        let expires = resources::expires(&self.transport.last_body());
        let opened = self.describe(order, expires, challenges).await?;
        Ok(self.reply(opened))
    }

    async fn resume(&self, order: &OpenOrder, challenges: &Challenges) -> Result<CaReply<OpenedOrder>, CaError> {
        self.transport.begin(order.nonce.as_ref());
        let fetched = self.account().await?.order(order.url.clone()).await.map_err(|error| lost(self.error(error)))?;
        let expires = resources::expires(&self.transport.last_body());
        let opened = self.describe(fetched, expires, challenges).await.map_err(lost)?;
        Ok(self.reply(opened))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "most CAs are done within these few seconds; what takes longer is left to the flow"
    )]
    async fn validate(&self, order: &OpenOrder, announced: bool) -> Result<CaReply<Validation>, CaError> {
        self.transport.begin(order.nonce.as_ref());
        let mut held = self.recall(order).await?;
        if !announced {
            self.announce(order, &mut held).await?;
        }
        for delay in VALIDATION_POLLS {
            sleep(delay).await;
            held.refresh().await.map_err(|error| lost(self.error(error)))?;
            match resources::order_status(held.state().status) {
                OrderStatus::Pending => {}
                OrderStatus::Invalid => {
                    let problem = self.why_invalid(&mut held).await;
                    return Ok(self.reply(Validation::Failed(problem)));
                }
                _ => return Ok(self.reply(Validation::Ready)),
            }
        }
        Ok(self.reply(Validation::Waiting { seconds: WAIT_SECONDS }))
    }

    async fn revoke(&self, certificate: &[u8], reason: RevocationReason) -> Result<(), CaError> {
        self.transport.begin(None);
        let certificate = certificate.into();
        let reason = match reason {
            RevocationReason::Unspecified => instant_acme::RevocationReason::Unspecified,
            RevocationReason::KeyCompromise => instant_acme::RevocationReason::KeyCompromise,
            RevocationReason::Superseded => instant_acme::RevocationReason::Superseded,
            RevocationReason::CessationOfOperation => instant_acme::RevocationReason::CessationOfOperation,
        };
        let request = RevocationRequest { certificate: &certificate, reason: Some(reason) };
        match self.account().await?.revoke(&request).await.map_err(|error| self.error(error)) {
            Err(CaError::Refused { refusal }) if refusal.problem.kind == "alreadyRevoked" => Ok(()),
            answer => answer,
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "most CAs are done within these few seconds; what takes longer is left to the flow"
    )]
    async fn finalize(&self, order: &OpenOrder, request: &[u8]) -> Result<CaReply<Finalized>, CaError> {
        self.transport.begin(order.nonce.as_ref());
        let mut held = self.recall(order).await?;
        if order.status == OrderStatus::Ready {
            match held.finalize_csr(request).await.map_err(|error| self.error(error)) {
                Ok(()) => {}
                // An earlier run that died has already sent the CSR: read the order's state.
                Err(CaError::Refused { refusal }) if refusal.problem.kind == "orderNotReady" => {
                    held.refresh().await.map_err(|error| lost(self.error(error)))?;
                }
                Err(error) => return Err(lost(error)),
            }
        } else {
            held.refresh().await.map_err(|error| lost(self.error(error)))?;
        }
        for delay in ISSUANCE_POLLS {
            match resources::order_status(held.state().status) {
                OrderStatus::Valid => {
                    let chain = held.certificate().await.map_err(|error| lost(self.error(error)))?;
                    let malformed = "the CA has issued but shows no certificate";
                    let unavailable = || CaError::Unavailable { detail: malformed.into(), retry_after: None };
                    return Ok(self.reply(Finalized::Issued { chain: chain.ok_or_else(unavailable)? }));
                }
                OrderStatus::Invalid => {
                    let problem = self.why_invalid(&mut held).await;
                    return Ok(self.reply(Finalized::Failed(problem)));
                }
                OrderStatus::Ready if order.status != OrderStatus::Ready => {
                    held.finalize_csr(request).await.map_err(|error| lost(self.error(error)))?;
                }
                _ => {}
            }
            // The CA's own wait has priority; if it is longer than a step should wait, the flow waits.
            let asked = self.transport.wait().filter(|_| held.state().status == instant_acme::OrderStatus::Processing);
            match asked {
                Some(wait) if wait > LONGEST_PAUSE => {
                    return Ok(self.reply(Finalized::Waiting { seconds: wait_seconds(wait) }));
                }
                asked => sleep(delay.max(asked.unwrap_or_default())).await,
            }
            held.refresh().await.map_err(|error| lost(self.error(error)))?;
        }
        Ok(self.reply(Finalized::Waiting { seconds: self.transport.wait().map_or(WAIT_SECONDS, wait_seconds) }))
    }

    async fn deactivate(&self, authorizations: &[String]) -> Result<(), CaError> {
        self.transport.begin(None);
        for url in authorizations {
            match self.deactivate_one(url).await {
                Err(CaError::OrderLost { problem }) => {
                    tracing::info!(kind = problem.kind, "the CA does not know the authorization any more");
                }
                other => other?,
            }
        }
        Ok(())
    }
}

impl AcmeAuthority {
    /// Deactivates one authorization while it is pending or valid.
    async fn deactivate_one(&self, url: &str) -> Result<(), CaError> {
        // instant-acme reaches an authorization only through an order: this order resource names it.
        self.transport.know(url, resources::order_of(url));
        let mut order = self.account().await?.order(url.to_owned()).await.map_err(|error| self.error(error))?;
        let mut stream = order.authorizations();
        let Some(handle) = stream.next().await else { return Ok(()) };
        let mut handle = handle.map_err(|error| lost(self.error(error)))?;
        match handle.status {
            instant_acme::AuthorizationStatus::Pending | instant_acme::AuthorizationStatus::Valid => {
                handle.deactivate().await.map_err(|error| lost(self.error(error))).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Asks the CA to validate the pending challenges of `order`.
    async fn announce(&self, order: &OpenOrder, held: &mut Order) -> Result<(), CaError> {
        for authorization in &order.authorizations {
            self.transport.know(&authorization.url, resources::authorization_body(authorization));
        }
        let mut stream = held.authorizations();
        while let Some(handle) = stream.next().await {
            let mut handle = handle.map_err(|error| self.error(error))?;
            let pending = order.authorizations.iter().find(|known| known.url == handle.url());
            let Some(Authorization { status: AuthorizationStatus::Pending, challenge: Some(chosen), .. }) = pending
            else {
                continue;
            };
            let Some(mut challenge) = handle.challenge(resources::challenge_type(chosen.kind)) else { continue };
            match challenge.set_ready().await.map_err(|error| self.error(error)) {
                Ok(()) => {}
                // An earlier run that died has announced it, and the CA has validated since: the order has the result.
                Err(CaError::Refused { refusal }) if is_not_pending(&refusal.problem) => {
                    tracing::info!(kind = refusal.problem.kind, "the challenge is not pending any more");
                }
                Err(error) => return Err(lost(error)),
            }
        }
        Ok(())
    }
}

/// In whole seconds, rounded up.
fn wait_seconds(wait: Duration) -> u32 {
    u32::try_from((wait.as_secs() + 1).min(MOST_WAIT_SECONDS)).unwrap_or(WAIT_SECONDS)
}

/// What an error about one of our orders means: a CA that does not know the order answers 404 or `malformed`.
fn lost(error: CaError) -> CaError {
    match error {
        CaError::Refused { refusal } if matches!(refusal.problem.kind.as_str(), "malformed" | "notFound") => {
            CaError::OrderLost { problem: refusal.problem }
        }
        other => other,
    }
}

/// Whether a challenge was refused because it was answered before: Boulder and Pebble say `malformed`. If its authorization has
/// become invalid meanwhile, the order says why.
fn is_not_pending(problem: &Problem) -> bool {
    matches!(problem.kind.as_str(), "malformed" | "orderNotReady" | "conflict")
}

/// What instant-acme's error means, together with what the transport recorded.
fn to_ca_error(transport: &Transport, error: Error) -> CaError {
    let Some(refusal) = transport.refusal() else {
        let detail = printable(&error.to_string(), 300);
        return match transport.has_sent() {
            true => CaError::Unavailable { detail, retry_after: None },
            false => CaError::NotSent { detail },
        };
    };
    let (status, retry_after) = (refusal.status, refusal.retry_after);
    let problem = match &refusal.problem {
        Some(document) if !document.r#type.is_empty() => to_problem(document).with_instance(refusal.link.as_deref()),
        _ => match status {
            Some(429) => Problem::new("rateLimited", &refusal.detail),
            Some(404) => return CaError::OrderLost { problem: Problem::new("notFound", &refusal.detail) },
            _ => return CaError::Unavailable { detail: refusal.detail, retry_after },
        },
    };
    let about_account = matches!(problem.kind.as_str(), "accountDoesNotExist" | "userActionRequired");
    match status {
        Some(404) if !about_account => CaError::OrderLost { problem },
        _ => CaError::Refused { refusal: vocabulary::acme::Refusal { problem, status, retry_after } },
    }
}

fn to_problem(document: &ProblemDocument) -> Problem {
    let subproblems = document.subproblems.iter().map(|sub| Subproblem {
        name: sub.identifier.as_ref().map(|identifier| printable(&identifier.value, 260)),
        kind: kind_of(&sub.r#type),
        detail: printable(&sub.detail, 300),
    });
    Problem::new(&kind_of(&document.r#type), &document.detail).with_subproblems(subproblems.collect())
}

/// Without the prefix `urn:ietf:params:acme:error:`.
fn kind_of(text: &str) -> String {
    printable(text.rsplit(':').next().unwrap_or_default(), 60)
}
