//! Deactivates what the CAs remember of a registration: a valid authorization belongs to the account, so the next tenant's
//! order for the name would need no challenge.

use vocabulary::names::CertificateName;

use crate::endpoint::endpoint::Endpoint;
use crate::ports::certificate_authority::{CaError, CertificateAuthority};

/// Deactivates at each of `cas` the authorizations of `endpoint` for names that `keeps` does not keep. Returns the endpoint
/// without the deactivated ones, and the failures: after an outage they are worth another try.
///
/// Safe to repeat.
pub async fn deactivate(
    cas: &[impl CertificateAuthority],
    endpoint: &Endpoint,
    keeps: impl Fn(&CertificateName) -> bool,
) -> (Endpoint, Vec<CaError>) {
    let (mut left, mut failed) = (endpoint.clone(), Vec::new());
    for ca in cas {
        let urls = at(endpoint, ca.directory(), &keeps);
        if urls.is_empty() {
            continue;
        }
        match ca.deactivate(&urls).await {
            Err(error) if error.is_outage() => {
                failed.push(error);
                continue;
            }
            // What the CA refuses now it will refuse the next time.
            Err(error) => failed.push(error),
            Ok(()) => {}
        }
        left = left.without_authorizations(|url| urls.iter().any(|done| done == url));
    }
    (left, failed)
}

/// The URLs of the authorizations at the CA with this directory.
fn at(endpoint: &Endpoint, directory: &str, keeps: &impl Fn(&CertificateName) -> bool) -> Vec<String> {
    let known = endpoint.known_authorizations().into_iter();
    let dropped = known.filter(|known| known.directory == directory && !keeps(&known.name));
    dropped.map(|known| known.url).collect()
}
