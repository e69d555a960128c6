use std::future::Future;
use std::time::Duration;

use diagnosis::facts::HttpObservation;
use time::OffsetDateTime;
use vocabulary::dns::{RecordKind, ServerAnswer};
use vocabulary::names::DomainName;

/// Queries authoritative servers, without a cache in between.
pub trait AuthoritativeDns: Sized {
    /// For a step with this many names: all queries share the time `within`; each zone is located once, queries per server are
    /// limited, and one that refuses gets no more. Queries without an answer by then count as unanswered.
    fn session(&self, names: usize, within: Duration) -> Self;

    /// What each authoritative server of `name`'s zone has for it, without following aliases.
    ///
    /// Data are as in a zone file: names in lower case without trailing dot, TXT without quotes. Never an error: if a zone's
    /// servers cannot be found, that is the one answer. A server that answers without authority has failed.
    fn query(&self, name: &str, kind: RecordKind) -> impl Future<Output = Vec<ServerAnswer>> + Send;

    /// Why no validating resolver returns what the servers have for `name`, in words that follow the name.
    ///
    /// `None` if one does, if the zone is not signed, or if it is unknown. Signatures are judged as at `now`.
    fn bogus(&self, name: &str, kind: RecordKind, now: OffsetDateTime) -> impl Future<Output = Option<String>> + Send;
}

/// Requests a host as the CA would.
pub trait HttpProbe {
    /// Fetches `http://HOST/.well-known/acme-challenge/TOKEN` by the CA's rules, and looks for the body `expected`.
    ///
    /// Never an error, and never longer than the CA waits: returns everything that was received on the way.
    fn fetch(&self, host: &DomainName, token: &str, expected: &str) -> impl Future<Output = HttpObservation> + Send;
}
