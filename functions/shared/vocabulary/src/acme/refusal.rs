//! What a refusal of the CA means: one function of the request, the CA's type and text, and the status.
//!
//! The type alone is not enough: `unauthorized` is a proof that the CA did not find or a deactivated account, `malformed` is a
//! name that it does not issue for or a request of ours. The texts are Boulder's and Pebble's.

use time::OffsetDateTime;

use crate::acme::error_types::explain;
use crate::failure::failure::{Failure, FailureName};
use crate::failure::problem::{Problem, Subproblem};
use crate::guidance::WaitingOn;

/// What was requested from the CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaRequest {
    /// The directory, a nonce, the account.
    Account,
    NewOrder,
    /// The challenges, and the result of their validation.
    Challenge,
    Finalize,
}

/// A refusal as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub problem: Problem,
    /// Of the response; `None` if a resource contained the problem, which is then no longer usable.
    pub status: Option<u16>,
    pub retry_after: Option<OffsetDateTime>,
}

/// What one problem means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// The CA's own failure.
    Outage,
    Limit,
    /// Somebody has to unpause a name.
    Paused,
    Terms,
    AccountLost,
    /// Contact, binding, signature.
    AccountWrong,
    Profile,
    /// It issues for no such name, whoever requests it.
    Policy,
    TooManyNames,
    Caa,
    /// Servers of a top-level domain did not answer, which nobody here can fix.
    TopLevelSilent,
    /// It did not see what our own check had seen.
    NotSeen,
    /// A persistent record that it cannot read.
    RecordUnreadable,
    /// A new order is enough.
    Again,
    /// The request is at fault.
    Request,
}

/// The CA's primary perspective saw everything, but more than one of the others did not.
const FROM_EVERYWHERE: &str = "The CA asks from several networks around the world, and some of them got no right answer. Let \
     the host and every name server answer everywhere: look for a firewall, a geographic block, or servers that differ.";

impl From<Problem> for Refusal {
    /// A problem from a resource.
    fn from(problem: Problem) -> Self {
        Self { problem, status: None, retry_after: None }
    }
}

impl Refusal {
    /// Whether it is the CA's own failure, which passes.
    pub fn is_outage(&self) -> bool {
        self.meaning(CaRequest::NewOrder) == Meaning::Outage
    }

    /// Whether a limit of the CA is spent.
    pub fn is_limit(&self) -> bool {
        matches!(self.meaning(CaRequest::NewOrder), Meaning::Limit | Meaning::Paused)
    }

    /// Our failure for it. `before`: the failure of the previous attempt.
    pub fn to_failure(&self, request: CaRequest, before: Option<&Failure>) -> Failure {
        let meaning = self.meaning(request);
        let repeated = meaning != Meaning::NotSeen || was_not_seen(before);
        let name = self.failure_name(meaning, request);
        let (waiting_on, action) = self.next_step(meaning, repeated);
        let mut summary = self.summary(meaning, request);
        match meaning {
            Meaning::NotSeen if !repeated => {
                summary.push_str(" The check just before found all records correct. The next attempt is automatic.");
            }
            Meaning::TopLevelSilent => {
                let domain = self.problem.silent_top_level_domain().unwrap_or_default();
                summary.push_str(&format!(
                    " The name servers of the top-level domain {domain} did not answer the CA. The next attempt is automatic."
                ));
            }
            _ => {}
        }
        let failure = match action {
            Some(action) => Failure::new(name, waiting_on, summary, action),
            None => Failure::without_action(name, waiting_on, summary),
        };
        let limited = meaning == Meaning::Limit;
        let retry_after = self.retry_after.or_else(|| limited.then(|| self.problem.retry_time()).flatten());
        let failure = failure.with_retry_after(retry_after).with_problem(&self.problem);
        match self.at_fault(meaning) {
            Some(what) => failure.at(what),
            None => failure,
        }
    }

    /// What other endpoints can share, whatever their names: the CA itself, the account, a registered domain.
    fn at_fault(&self, meaning: Meaning) -> Option<&str> {
        match meaning {
            Meaning::Outage => Some("CA"),
            Meaning::Terms | Meaning::AccountLost | Meaning::AccountWrong => Some("account"),
            Meaning::Profile => Some("profile"),
            Meaning::Limit if self.problem.is_account_limit() => Some("account"),
            Meaning::Limit => self.problem.limited_domain(),
            Meaning::TopLevelSilent => self.problem.silent_top_level_domain(),
            _ => None,
        }
    }

    /// If several names are at fault, the one that needs action from a person decides.
    fn meaning(&self, request: CaRequest) -> Meaning {
        let Problem { kind, detail, subproblems, .. } = &self.problem;
        if self.problem.is_pause() {
            return Meaning::Paused;
        }
        if subproblems.is_empty() {
            return meaning(request, kind, detail, self.status);
        }
        // The problem's own text repeats those of the names, so it is ignored.
        let of_all = meaning(request, kind, "", self.status);
        if !matches!(of_all, Meaning::Request | Meaning::NotSeen | Meaning::Caa | Meaning::Policy) {
            return of_all;
        }
        let of_name = |sub: &Subproblem| match meaning(request, &sub.kind, &sub.detail, None) {
            Meaning::Request if request == CaRequest::NewOrder && sub.name.is_some() => Meaning::Policy,
            meaning => meaning,
        };
        subproblems.iter().map(of_name).max_by_key(|meaning| rank(*meaning)).unwrap_or(of_all)
    }

    fn failure_name(&self, meaning: Meaning, request: CaRequest) -> FailureName {
        match meaning {
            // A resource's problem ends with the resource; a wait that the CA names is longer than the flow's own retries.
            Meaning::Outage if self.retry_after.is_some() || self.status.is_none() => FailureName::CaUnavailable,
            Meaning::Outage => FailureName::Unavailable,
            Meaning::Limit | Meaning::Paused => FailureName::RateLimited,
            Meaning::Terms | Meaning::AccountLost | Meaning::AccountWrong | Meaning::Profile => {
                FailureName::AccountRefused
            }
            _ if request == CaRequest::Challenge => FailureName::ChallengeFailed,
            _ => FailureName::CaRefused,
        }
    }

    fn next_step(&self, meaning: Meaning, repeated: bool) -> (WaitingOn, Option<String>) {
        use WaitingOn::{Ca, DomainOwner, Nobody, Operator};
        let of_kind = |kind: &str| Some(explain(kind).action.to_owned());
        match meaning {
            Meaning::Outage | Meaning::Limit => (Ca, None),
            Meaning::TopLevelSilent | Meaning::Again => (Nobody, None),
            Meaning::NotSeen if !repeated => (Nobody, None),
            Meaning::NotSeen if self.problem.is_secondary() => (DomainOwner, Some(FROM_EVERYWHERE.to_owned())),
            Meaning::NotSeen => (DomainOwner, of_kind(self.kind_at_fault(Meaning::NotSeen))),
            Meaning::RecordUnreadable => (DomainOwner, of_kind("incorrectResponse")),
            Meaning::Caa => (DomainOwner, of_kind("caa")),
            Meaning::Policy => (DomainOwner, Some(self.take_off())),
            Meaning::Paused => (
                Operator,
                Some(match self.problem.link() {
                    Some(link) => format!("Fix what the validations failed by, then open {link} and unpause the name."),
                    None => "Fix what the validations failed by, then unpause the name in the CA's portal.".to_owned(),
                }),
            ),
            Meaning::Terms => (
                Operator,
                Some(match self.problem.link() {
                    Some(link) => format!("Open {link} and agree to the new terms, then renew."),
                    None => "Agree to the CA's new terms of service on its web site, then renew.".to_owned(),
                }),
            ),
            Meaning::AccountLost => (
                Operator,
                Some("Register a new account: docs/how-to/acme-account.md, “Replace a lost account”. It is one cause for all endpoints.".to_owned()),
            ),
            Meaning::AccountWrong => (Operator, of_kind("externalAccountRequired")),
            Meaning::Profile => (Operator, of_kind("invalidProfile")),
            Meaning::TooManyNames => (
                Operator,
                Some("Spread the names over several endpoints, or choose a profile that takes as many.".to_owned()),
            ),
            Meaning::Request => (Operator, of_kind(&self.problem.kind)),
        }
    }

    fn summary(&self, meaning: Meaning, request: CaRequest) -> String {
        let Problem { kind, detail, .. } = &self.problem;
        let what = match meaning {
            Meaning::Outage => "The CA failed",
            Meaning::Paused => "The CA has paused a name",
            Meaning::Limit if self.problem.is_failed_validations() => {
                "The CA takes no order for now, as validations failed too often"
            }
            Meaning::Limit => "A limit of the CA is reached",
            Meaning::Terms => "The CA wants its new terms of service agreed to",
            Meaning::AccountLost => "The CA does not accept the account of this installation",
            Meaning::AccountWrong => "The CA does not accept what this installation says of its account",
            Meaning::Profile => "The CA does not accept the certificate profile",
            Meaning::Policy => "The CA does not issue for a name of this endpoint",
            _ => match request {
                CaRequest::Account => "The CA refused the account",
                CaRequest::NewOrder => "The CA refused the order",
                CaRequest::Challenge => "The CA could not validate",
                CaRequest::Finalize => "The CA did not issue",
            },
        };
        format!("{what} ({kind}): {}", sentence(detail))
    }

    /// The type of the first part that has this meaning.
    fn kind_at_fault(&self, meant: Meaning) -> &str {
        let parts = self.problem.subproblems.iter().map(|sub| (&sub.kind, &sub.detail));
        let mut parts = parts.filter(|(kind, detail)| meaning(CaRequest::Challenge, kind, detail, None) == meant);
        let (kind, detail) = parts.next().unwrap_or((&self.problem.kind, &self.problem.detail));
        match kind.as_str() {
            _ if is_lookup_of_caa(&detail.to_ascii_lowercase()) => "dns",
            "unknownHost" => "dns",
            kind => kind,
        }
    }

    fn take_off(&self) -> String {
        let names = self.names_at_fault();
        match names.as_slice() {
            [] => "Have the name taken off the endpoint, or register another.".to_owned(),
            [name] => format!("Have {name} taken off the endpoint, or register another name in its place."),
            names => {
                format!("Have {} taken off the endpoint, or register other names in their place.", names.join(", "))
            }
        }
    }

    /// The names that the CA names: in subproblems, or in quotes.
    fn names_at_fault(&self) -> Vec<&str> {
        let named: Vec<&str> = self.problem.subproblems.iter().filter_map(|sub| sub.name.as_deref()).collect();
        if !named.is_empty() {
            return named;
        }
        let detail = &self.problem.detail;
        let quoted = detail.split_once("annot issue for \"").or_else(|| detail.split_once("omain name \""));
        quoted.and_then(|(_, rest)| rest.split('"').next()).into_iter().collect()
    }
}

/// Whether the previous attempt failed because the CA did not accept a validation, or did not get records when the order was
/// finalized: then it is no longer chance.
fn was_not_seen(before: Option<&Failure>) -> bool {
    let unseen = |problem: &Problem| Refusal::from(problem.clone()).meaning(CaRequest::Finalize) == Meaning::NotSeen;
    before.is_some_and(|failure| {
        failure.name == FailureName::ChallengeFailed || failure.problem.as_deref().is_some_and(unseen)
    })
}

/// A person who must act, before one who waits.
fn rank(meaning: Meaning) -> u8 {
    match meaning {
        Meaning::Policy | Meaning::Caa | Meaning::RecordUnreadable => 5,
        Meaning::NotSeen => 4,
        Meaning::Outage | Meaning::Limit | Meaning::Paused => 2,
        Meaning::TopLevelSilent | Meaning::Again => 1,
        _ => 3,
    }
}

fn meaning(request: CaRequest, kind: &str, detail: &str, status: Option<u16>) -> Meaning {
    let words = detail.to_ascii_lowercase();
    let failed = status.is_some_and(|status| status >= 500);
    match kind {
        // Boulder's frontend at its connection limit: 503 "Service busy; retry later."
        "rateLimited" if failed => Meaning::Outage,
        "rateLimited" => Meaning::Limit,
        _ if status == Some(429) => Meaning::Limit,
        "serverInternal" | "badNonce" => Meaning::Outage,
        _ if failed => Meaning::Outage,
        "userActionRequired" => Meaning::Terms,
        "accountDoesNotExist" => Meaning::AccountLost,
        "unauthorized" if is_about_the_account(&words) => Meaning::AccountLost,
        // The account has a different key than the stored one.
        "malformed" | "unauthorized" if words.contains("jws verification error") => Meaning::AccountLost,
        "invalidProfile" => Meaning::Profile,
        "unauthorized" | "malformed" if words.contains("certificate profile") => Meaning::Profile,
        "invalidContact" | "invalidEmail" | "unsupportedContact" | "externalAccountRequired" => Meaning::AccountWrong,
        _ if request == CaRequest::Account => Meaning::AccountWrong,
        _ if silent_top_level_domain(detail).is_some() => Meaning::TopLevelSilent,
        _ if is_lookup_of_caa(&words) => Meaning::NotSeen,
        "caa" => Meaning::Caa,
        "rejectedIdentifier" | "unsupportedIdentifier" => Meaning::Policy,
        "malformed" if is_about_a_name(&words) => Meaning::Policy,
        "malformed" if words.contains("cannot contain more than") => Meaning::TooManyNames,
        "malformed" if request == CaRequest::Challenge => Meaning::RecordUnreadable,
        "connection" | "dns" | "dnssec" | "tls" | "incorrectResponse" | "unknownHost" => Meaning::NotSeen,
        "unauthorized" if request == CaRequest::Challenge => Meaning::NotSeen,
        // An authorization that has expired, or was revoked, since the order was made.
        "unauthorized" if request == CaRequest::Finalize => Meaning::Again,
        "alreadyReplaced" | "orderNotReady" => Meaning::Again,
        _ => Meaning::Request,
    }
}

/// `Account is not valid, has status "deactivated"` (Boulder), `Account has been deactivated.` (Pebble).
fn is_about_the_account(words: &str) -> bool {
    let states = ["is not valid", "has status", "deactivated", "revoked", "suspended", "not found", "unknown"];
    words.contains("account")
        && states.iter().any(|state| words.contains(state))
        && !words.contains("profile")
        && !words.contains("binding")
}

/// Boulder's policy authority, and its check of which names cover others.
fn is_about_a_name(words: &str) -> bool {
    words.contains("cannot issue for")
        || words.contains("invalid identifiers requested")
        || words.contains("redundant with a wildcard")
        || words.contains("does not end with a valid public suffix")
}

/// A CAA lookup without an answer is not a record that forbids.
fn is_lookup_of_caa(words: &str) -> bool {
    let looked = words.contains("looking up caa");
    let failed = ["servfail", "timed out", "networking error", "server failure", "refused", "bogus", "notimp"];
    looked && failed.iter().any(|how| words.contains(how))
}

impl Problem {
    /// The top-level domain whose servers left a CAA query unanswered: `DNS problem: SERVFAIL looking up CAA for net - …`.
    ///
    /// Boulder refuses then as for the domain's own servers, with the type `dns` or `caa`. A top-level domain that does not
    /// exist is no outage. `None` also if another name of the order failed for another reason.
    pub fn silent_top_level_domain(&self) -> Option<&str> {
        let details: Vec<&str> = match self.subproblems.as_slice() {
            [] => vec![&self.detail],
            all => all.iter().map(|sub| sub.detail.as_str()).collect(),
        };
        let silent = details.into_iter().map(silent_top_level_domain);
        silent.collect::<Option<Vec<_>>>()?.first().copied()
    }
}

/// From one of the CA's sentences.
fn silent_top_level_domain(detail: &str) -> Option<&str> {
    let (before, after) = detail.split_once("looking up CAA for ")?;
    let name = after.split_whitespace().next()?.trim_end_matches([':', ',', ';', '.']);
    (!name.is_empty() && !name.contains('.') && !before.trim_end().ends_with("NXDOMAIN")).then_some(name)
}

/// With a full stop, so that more can follow.
fn sentence(words: &str) -> String {
    match words.trim_end().ends_with(['.', '!', '?']) {
        true => words.trim_end().to_owned(),
        false => format!("{}.", words.trim_end()),
    }
}

#[cfg(test)]
mod tests;
