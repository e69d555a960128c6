use std::future::Future;

use diagnosis::facts::ProbeAnswer;
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
}

/// Looks at a host as the CA would.
pub trait HttpProbe {
    /// Fetches `http://HOST/.well-known/acme-challenge/TOKEN`; redirects followed, addresses that are not
    /// public refused, body and time limited.
    fn fetch(&self, host: &DomainName, token: &str) -> impl Future<Output = ProbeAnswer> + Send;
}
