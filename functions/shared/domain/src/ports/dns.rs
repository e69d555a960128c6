use std::future::Future;

use crate::delegation::{ProbeAnswer, ServerAnswer};
use crate::name::DomainName;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    Cname,
    Txt,
}

/// Asks those who decide: no cache between them and the answer.
pub trait AuthoritativeDns {
    /// What each authoritative server of `name`'s zone holds for it, aliases not followed.
    ///
    /// Never an error: a zone whose servers cannot be found is one answer that says so.
    fn ask(&self, name: &str, kind: RecordKind) -> impl Future<Output = Vec<ServerAnswer>> + Send;
}

/// Looks at a host as the CA would.
pub trait HttpProbe {
    /// Fetches `http://HOST/.well-known/acme-challenge/TOKEN`; redirects followed, addresses that are not
    /// public refused, body and time limited.
    fn fetch(&self, host: &DomainName, token: &str) -> impl Future<Output = ProbeAnswer> + Send;
}
