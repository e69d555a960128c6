//! Takes from the CAs what they remember of a registration: an authorization that stays valid is the account's, so that the
//! next tenant's order for the name would need no challenge.

use std::collections::BTreeSet;

use vocabulary::acme::AuthorizationStatus;
use vocabulary::names::CertificateName;

use crate::endpoint::endpoint::Endpoint;
use crate::ports::certificate_authority::{CaError, CertificateAuthority};

/// Deactivates at each of `cas` the authorizations of `endpoint` for names that `keeps` does not keep. Returns the endpoint
/// without those that are done, and what CAs did not do: after an outage it is worth another try.
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
            // What it refuses now it refuses the next time.
            Err(error) => failed.push(error),
            Ok(()) => {}
        }
        if let Some(held) = left.certificate.as_mut() {
            held.authorizations.retain(|known| !urls.contains(&known.url));
        }
        if let Some(order) = left.order.as_mut() {
            let all = order.authorizations.iter_mut().chain(&mut order.stale);
            let done = all.filter(|authorization| urls.contains(&authorization.url));
            done.for_each(|authorization| authorization.status = AuthorizationStatus::Deactivated);
        }
    }
    (left, failed)
}

/// The URLs of those at the CA with this directory: of the certificate, and of the open order with what came before it.
fn at(endpoint: &Endpoint, directory: &str, keeps: &impl Fn(&CertificateName) -> bool) -> Vec<String> {
    let held = endpoint.certificate.iter().flat_map(|held| &held.authorizations);
    let held = held.filter(|known| known.directory == directory).map(|known| (&known.name, &known.url));
    let order = endpoint.order.iter().filter(|order| order.directory == directory);
    let order = order.flat_map(|order| order.authorizations.iter().chain(&order.stale));
    let order = order.filter(|authorization| authorization.status != AuthorizationStatus::Deactivated);
    let ordered = order.map(|authorization| (&authorization.name, &authorization.url));
    let dropped = held.chain(ordered).filter(|(name, _)| !keeps(name));
    dropped.map(|(_, url)| url.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}
