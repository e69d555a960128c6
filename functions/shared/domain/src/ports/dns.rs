use std::future::Future;

use diagnosis::facts::HttpObservation;
use time::OffsetDateTime;
use vocabulary::dns::{RecordKind, ServerAnswer};
use vocabulary::names::DomainName;

/// Asks those who decide: no cache between them and the answer.
pub trait AuthoritativeDns {
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
