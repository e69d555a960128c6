//! Puts the issued certificate where its endpoint wants it: into ACM, at home and in additional regions, onto listeners,
//! and with its key into a secret.

mod adopting;
mod exporting;
mod importing;
mod refusals;
mod tagging;

use domain::acts::attach_listeners::follow_listeners;
use domain::acts::owned_endpoint::owned_endpoint_with_chain;
use domain::endpoint::Endpoint;
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{AttemptJournal, CertificateStore, Destinations, KeyExport, KeyVault};
use time::OffsetDateTime;
use vocabulary::acme::renewal_info::certificate_id;
use vocabulary::acme::{KnownAuthorization, OpenOrder, remembering};
use vocabulary::certificate::chain::verify;
use vocabulary::certificate::renewal::renewal_opens;
use vocabulary::certificate::{CertificateKey, InstalledCertificate, RetiredCertificate, VerifiedChain};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::CertificateName;

use importing::Imports;

/// What the step works with.
pub struct Ports<'a, J, K, D, X> {
    pub journal: &'a J,
    pub keys: &'a K,
    pub destinations: &'a D,
    pub exports: &'a X,
}

/// What was issued and may have to be exported.
struct Issued {
    verified: VerifiedChain,
    key: CertificateKey,
}

/// Runs the step. `jitter` in 0.0..1.0 spreads the renewals.
///
/// The order of effects: the intention to import is recorded, then imported at home, read back and recorded; then the same
/// region by region; then the key is exported, if it is to be, and forgotten, and last the listeners follow. The intention
/// reveals a run that died after an import, whose certificate is then adopted. Without an order the endpoint's certificate
/// is current, and only its deployment is left to do.
///
/// A refused export or refused tags hold up nothing: the certificate serves, and its key is kept until it is exported.
pub async fn import_certificate<J, K, D, X>(
    ports: &Ports<'_, J, K, D, X>,
    input: &StepInput,
    now: OffsetDateTime,
    jitter: f64,
) -> Result<Progress, Failure>
where
    J: AttemptJournal,
    K: KeyVault,
    D: Destinations<Certificates: CertificateStore>,
    X: KeyExport,
{
    let mut endpoint = owned_endpoint_with_chain(ports.journal, input).await?;
    if endpoint.removing {
        return Err(Failure::removed());
    }
    let imported = endpoint.certificate.as_ref().map(|held| held.generation);
    // What is open beside a certificate that is current is another matter: an order for names that were changed back.
    let order = endpoint.order.take();
    let order = order.filter(|order| imported == Some(order.generation) || !endpoint.is_current(now));
    let generation = order.as_ref().map(|order| order.generation);
    let (mut held, issued) = match order {
        Some(order) => everywhere(ports, &endpoint, &order, input, now, jitter).await?,
        None => {
            let current = endpoint.certificate.clone().filter(|_| endpoint.is_current(now));
            let none = || lost("The endpoint has neither an open order nor a certificate that is current.");
            (current.ok_or_else(none)?, None)
        }
    };
    let exported = exporting::export(ports, &endpoint, input.attempt, &mut held, issued.as_ref()).await;
    if let Err(superseded) = exported.as_ref().map_err(Clone::clone)
        && superseded.name == FailureName::Superseded
    {
        return Err(superseded);
    }
    if let Some(generation) = generation.filter(|_| exported.is_ok()) {
        ports.keys.forget(&endpoint.id, generation).await?;
    }
    if !endpoint.deployment.listeners.is_empty() || !held.listeners.is_empty() {
        held = follow_listeners(ports.journal, ports.destinations, &endpoint, input.attempt, held, now).await?;
    }
    held = importing::retire(ports, &endpoint, input.attempt, held, now).await?;
    held = importing::withdraw(ports, &endpoint, input.attempt, held).await?;
    let tagged = tagging::follow(ports, &endpoint, input.attempt, &mut held).await;
    exporting::withdraw(ports, &endpoint, input.attempt, &mut held).await?;
    exported.and(tagged)?;
    Ok(input.reached(Status::Imported))
}

/// The certificate of `order` in all targets that the endpoint's deployment names, or that still have a copy; and what
/// there is to be exported, unless an earlier run has recorded everything.
async fn everywhere<J: AttemptJournal, K: KeyVault, D: Destinations<Certificates: CertificateStore>, X>(
    ports: &Ports<'_, J, K, D, X>,
    endpoint: &Endpoint,
    order: &OpenOrder,
    input: &StepInput,
    now: OffsetDateTime,
    jitter: f64,
) -> Result<(InstalledCertificate, Option<Issued>), Failure> {
    let before = endpoint.certificate.as_ref();
    let recorded = before.filter(|held| held.generation == order.generation);
    let nothing_left = |held: &&InstalledCertificate| {
        importing::outstanding(held, &endpoint.deployment).is_empty() && !held.lacks_export(&endpoint.deployment)
    };
    if let Some(held) = recorded.filter(nothing_left) {
        return Ok((held.clone(), None));
    }
    let chain = order.chain.as_deref().ok_or_else(|| lost("The order has no certificate yet."))?;
    let key = ports.keys.load(&endpoint.id, order.generation).await?;
    let key = key.ok_or_else(|| lost("The key of the issued certificate is gone."))?;
    let outlast = endpoint.to_outlast(now).filter(|_| recorded.is_none());
    let verified =
        verify(chain, &key.public_key(), &endpoint.names, now, outlast).map_err(|reason| reason.to_failure(now))?;
    let mut imports = Imports {
        ports,
        endpoint,
        left: order.importing,
        order: order.clone(),
        attempt: input.attempt,
        verified: &verified,
        key: &key,
    };
    let mut held = match recorded {
        Some(held) => held.clone(),
        None => {
            let (arn, retires) = imports.at_home().await?;
            let mut held = installed(endpoint, order, &verified, chain, arn, now, jitter);
            held.retired.extend(retires.map(|arn| RetiredCertificate::new(arn, now)));
            ports.journal.record_certificate(&endpoint.id, input.attempt, &held).await?;
            held
        }
    };
    for region in importing::outstanding(&held, &endpoint.deployment) {
        let (copy, retires) = imports.copy(&held, region).await?;
        held.retired.extend(retires.map(|arn| RetiredCertificate::new(arn, now)));
        held.copies.retain(|known| known.region != copy.region);
        held.copies.push(copy);
        ports.journal.record_certificate(&endpoint.id, input.attempt, &held).await?;
    }
    Ok((held, Some(Issued { verified, key })))
}

fn installed(
    endpoint: &Endpoint,
    order: &OpenOrder,
    verified: &VerifiedChain,
    chain: &str,
    arn: String,
    now: OffsetDateTime,
    jitter: f64,
) -> InstalledCertificate {
    let before = endpoint.certificate.as_ref();
    InstalledCertificate {
        arn,
        serial: verified.serial.clone(),
        issuer: verified.issuer.clone(),
        names: endpoint.names.iter().cloned().collect(),
        not_before: verified.not_before,
        not_after: verified.not_after,
        imported_at: now,
        renew_at: renewal_opens(verified.not_before, verified.not_after, jitter),
        directory: Some(order.directory.clone()),
        renewal_id: certificate_id(chain),
        advice: None,
        // It is in the chain, which is kept.
        leaf: None,
        generation: order.generation,
        renewal: before.is_some(),
        announced: false,
        // Those of the one before, by their serials: they follow next.
        copies: before.map(|held| held.copies.clone()).unwrap_or_default(),
        listeners: before.map(|held| held.listeners.clone()).unwrap_or_default(),
        retired: before.map(|held| held.retired.clone()).unwrap_or_default(),
        authorizations: authorizations(endpoint, order),
        export: before.and_then(|held| held.export.clone()),
        tags: before.map(|held| held.tags.clone()).unwrap_or_default(),
    }
}

/// Those of the order, those at other CAs, and of names that were dropped those that could not be deactivated yet.
fn authorizations(endpoint: &Endpoint, order: &OpenOrder) -> Vec<KnownAuthorization> {
    let before = endpoint.certificate.iter().flat_map(|held| &held.authorizations);
    let is_dropped = |name: &CertificateName| endpoint.names.iter().all(|kept| kept != name);
    let kept = before.filter(|known| known.directory != order.directory || is_dropped(&known.name)).cloned();
    let own = order.authorizations.iter().map(|authorization| KnownAuthorization {
        directory: order.directory.clone(),
        url: authorization.url.clone(),
        name: authorization.name.clone(),
    });
    remembering(kept, own)
}

fn lost(summary: &str) -> Failure {
    let summary = format!("{summary} A new order is made automatically.");
    Failure::without_action(FailureName::OrderLost, WaitingOn::Nobody, summary)
}

#[cfg(test)]
mod tests;
