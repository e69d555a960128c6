//! Removes what an endpoint's certificate leaves: its secret, its attachments to listeners, its copies in ACM.

use domain::acts::attach_listeners::detach;
use domain::endpoint::Endpoint;
use domain::ports::{CertificateStore, Deletion, Destinations, KeyExport};
use vocabulary::failure::Failure;

/// Deletes the secret with the key, takes the certificate off its listeners, then out of ACM everywhere. Returns the ARNs that
/// something else uses.
pub(crate) async fn withdraw(
    destinations: &impl Destinations<Certificates: CertificateStore>,
    exports: &impl KeyExport,
    endpoint: &Endpoint,
) -> Result<Vec<String>, Failure> {
    let Some(held) = &endpoint.certificate else { return Ok(Vec::new()) };
    if let Some(exported) = &held.export {
        exports.withdraw(&endpoint.id, exported.secret.as_deref()).await?;
    }
    for known in &held.listeners {
        // A listener's default certificate stays, and is then in use: its ARN is returned.
        detach(destinations, endpoint, held, &known.listener).await?;
    }
    let mut kept = Vec::new();
    let copies = held.copies.iter().map(|copy| (&copy.region, &copy.arn));
    let retired: Vec<_> = held.retired.iter().filter_map(|old| Some((old.region()?, &old.arn))).collect();
    let retired = retired.iter().map(|(region, arn)| (region, *arn));
    for (region, arn) in copies.chain([(destinations.home(), &held.arn)]).chain(retired) {
        let store = destinations.certificates(&endpoint.deployment.place(region)).await?;
        if store.delete(arn).await? == Deletion::InUse {
            kept.push(arn.clone());
        }
    }
    Ok(kept)
}
