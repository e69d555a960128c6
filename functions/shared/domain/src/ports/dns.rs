use std::future::Future;
use std::time::Duration;

use diagnosis::facts::HttpObservation;
use time::OffsetDateTime;
use vocabulary::dns::{RecordKind, ServerAnswer};
use vocabulary::names::DomainName;

/// Asks those who decide: no cache between them and the answer.
pub trait AuthoritativeDns: Sized {
    /// The same for a step that asks about so many names: within this time all together, each zone found once, each server
    /// asked so often, and one that refuses not again. What is not answered by then counts as not answered.
    fn session(&self, names: usize, within: Duration) -> Self;

    /// What each authoritative server of `name`'s zone holds for it, aliases not followed.
    ///
    /// Data are as in a zone file: names in lower case without trailing dot, TXT without quotes. Never an error: a
    /// zone whose servers cannot be found is one answer that says so. A server that answers without authority has
    /// failed.
    fn ask(&self, name: &str, kind: RecordKind) -> impl Future<Output = Vec<ServerAnswer>> + Send;

    /// Why no validating resolver gives out what the servers hold for `name`, in words after the name.
    ///
    /// `None` where one does, where the zone is not signed, and where it cannot be known. Signatures are judged as at `now`.
    fn bogus(&self, name: &str, kind: RecordKind, now: OffsetDateTime) -> impl Future<Output = Option<String>> + Send;
}

/// Asks a host as the CA would.
pub trait HttpProbe {
    /// Fetches `http://HOST/.well-known/acme-challenge/TOKEN` by the CA's rules, and looks for the body `expected`.
    ///
    /// Never an error, and never longer than the CA waits: what was heard on the way is all there is.
    fn fetch(&self, host: &DomainName, token: &str, expected: &str) -> impl Future<Output = HttpObservation> + Send;
}
