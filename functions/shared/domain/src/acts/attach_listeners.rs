//! How listeners get a certificate, and how it is removed again.

use time::OffsetDateTime;
use vocabulary::certificate::{InstalledCertificate, ListenerArn, ListenerUse, LoadBalancerArn};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::endpoint::endpoint::Endpoint;
use crate::ports::destination::{Destinations, Detachment, Listeners};
use crate::ports::store::AttemptJournal;
use vocabulary::failure::{FaultKind, ServiceFault};

/// Brings the listeners in line with what the endpoint wants, and returns the certificate with the result.
///
/// Listeners are recorded before the certificate is attached, so that a listener that may have it is always known; those that
/// have it already cost one read. Those that are no longer wanted are detached. If one refuses, the others are still attached:
/// its failure is returned at the end.
pub async fn follow_listeners<J: AttemptJournal>(
    journal: &J,
    destinations: &impl Destinations,
    endpoint: &Endpoint,
    attempt: u64,
    mut held: InstalledCertificate,
    now: OffsetDateTime,
) -> Result<InstalledCertificate, Failure> {
    let wanted = &endpoint.deployment.listeners;
    let new = wanted.iter().filter(|listener| !held.listeners.iter().any(|known| known.listener == **listener));
    let new: Vec<_> = new.map(|listener| ListenerUse { listener: listener.clone(), attached_at: None }).collect();
    if !new.is_empty() {
        held.listeners.extend(new);
        journal.record_certificate(&endpoint.id, attempt, &held).await?;
    }
    let (mut kept, mut refused, mut swapped) = (Vec::new(), None, false);
    for known in held.listeners.clone() {
        let followed = match wanted.contains(&known.listener) {
            true => attach(destinations, endpoint, &held, &known.listener).await.map(|gone| {
                if let Some(old) = held.retired.iter_mut().find(|old| Some(&old.arn) == gone.as_ref()) {
                    old.swapped.push(known.listener.clone());
                    swapped = true;
                }
                Some(ListenerUse { attached_at: known.attached_at.or(Some(now)), ..known.clone() })
            }),
            false => detach(destinations, endpoint, &held, &known.listener).await.map(|detachment| match detachment {
                Detachment::Gone => None,
                // The listener keeps it until another one is made its default: tried again at the next renewal.
                Detachment::IsDefault => Some(known.clone()),
            }),
        };
        match followed {
            Ok(followed) => kept.extend(followed),
            Err(failure) => {
                let attached_at = known.attached_at.filter(|_| failure.name.mends_itself());
                kept.push(ListenerUse { attached_at, ..known });
                refused = refused.or(Some(failure));
            }
        }
    }
    if kept != held.listeners || swapped {
        held.listeners = kept;
        journal.record_certificate(&endpoint.id, attempt, &held).await?;
    }
    match refused {
        Some(failure) => Err(failure),
        None => Ok(held),
    }
}

/// Attaches the certificate to the listener. Returns the ARN of the one that was removed for it, if the listener was full.
async fn attach(
    destinations: &impl Destinations,
    endpoint: &Endpoint,
    held: &InstalledCertificate,
    listener: &ListenerArn,
) -> Result<Option<String>, Failure> {
    let place = endpoint.deployment.place(listener.region());
    // Its region is one that the certificate was imported into before: see `Deployment::further_regions`.
    let arn = held.arn_in(listener.region()).expect("the regions of listeners have a copy");
    let refused =
        |fault: ServiceFault| refused(&fault, &format!("attached to the listener {listener}"), arn, endpoint, listener);
    let listeners = destinations.listeners(&place).await.map_err(refused)?;
    match listeners.certificates_of(listener).await.map_err(refused)? {
        None => Err(Failure::new(
            FailureName::DestinationRefused,
            WaitingOn::Operator,
            format!("The certificate is in ACM, but its listener {listener} does not exist."),
            format!(
                "If the listener was replaced, name the new one: managed-https change {} --listener ARN. If not, create it: \
                 the next attempt attaches the certificate.",
                endpoint.names.primary()
            ),
        )
        .at(listener.to_string())),
        Some(there) if there.iter().any(|known| known == arn) => Ok(None),
        Some(there) => match listeners.attach(listener, arn).await {
            Err(fault) if is_full(&fault) => match before(held, listener, &there) {
                Some(old) => {
                    swap(&listeners, listener, old, arn).await.map_err(refused)?;
                    Ok(Some(old.to_owned()))
                }
                None => Err(no_room(listener, arn, endpoint, &fault)),
            },
            attached => attached.map(|()| None).map_err(refused),
        },
    }
}

/// The listener's certificate that this one replaces, where ACM's rules gave the new one another ARN.
fn before<'a>(held: &'a InstalledCertificate, listener: &ListenerArn, there: &[String]) -> Option<&'a str> {
    let own = held.retired.iter().filter(|old| old.region().as_ref() == Some(listener.region()));
    own.map(|old| old.arn.as_str()).find(|arn| there.iter().any(|known| known == arn))
}

/// Always ends with the old or the new certificate: if a run dies in between, the next one finds room and attaches the new
/// certificate. In between, the listener serves its default certificate.
async fn swap(listeners: &impl Listeners, listener: &ListenerArn, old: &str, new: &str) -> Result<(), ServiceFault> {
    if listeners.detach(listener, old).await? == Detachment::IsDefault {
        let detail = format!("TooManyCertificates: the listener is full, and {old} is its default certificate");
        return Err(ServiceFault {
            operation: "elasticloadbalancing:AddListenerCertificates",
            kind: FaultKind::Refused,
            detail,
        });
    }
    match listeners.attach(listener, new).await {
        Ok(()) => Ok(()),
        Err(fault) => {
            listeners.attach(listener, old).await?;
            Err(fault)
        }
    }
}

/// The load balancer is full. The certificate is attached when there is room: no endpoint is moved to another load balancer,
/// since visitors' records point to this one.
fn no_room(listener: &ListenerArn, arn: &str, endpoint: &Endpoint, fault: &ServiceFault) -> Failure {
    let domain = endpoint.names.primary();
    let summary =
        format!("The certificate {arn} is in ACM, but the load balancer of the listener {listener} is full: {fault}");
    let elsewhere = match &endpoint.deployment.pool {
        Some(pool) => format!("managed-https change {domain} --listener pool:{pool}, which chooses one with room"),
        None => format!("managed-https change {domain} --listener ARN"),
    };
    let remedy = format!(
        "Ask AWS for a higher quota of certificates per load balancer: the certificate is attached automatically. Or name \
         another load balancer: {elsewhere}; its hosts must lead there then."
    );
    let balancer = LoadBalancerArn::from(listener);
    Failure::new(FailureName::DestinationRefused, WaitingOn::Operator, summary, remedy).at(balancer.to_string())
}

fn is_full(fault: &ServiceFault) -> bool {
    fault.kind == FaultKind::Refused && fault.detail.starts_with("TooManyCertificates")
}

/// Detaches the certificate from a listener. A deleted listener has none.
pub async fn detach(
    destinations: &impl Destinations,
    endpoint: &Endpoint,
    held: &InstalledCertificate,
    listener: &ListenerArn,
) -> Result<Detachment, Failure> {
    // Nothing was ever imported in that region, so it cannot be attached.
    let Some(arn) = held.arn_in(listener.region()) else { return Ok(Detachment::Gone) };
    let place = endpoint.deployment.place(listener.region());
    let refused =
        |fault: ServiceFault| refused(&fault, &format!("taken off the listener {listener}"), arn, endpoint, listener);
    let listeners = destinations.listeners(&place).await.map_err(refused)?;
    listeners.detach(listener, arn).await.map_err(refused)
}

fn refused(fault: &ServiceFault, what: &str, arn: &str, endpoint: &Endpoint, listener: &ListenerArn) -> Failure {
    let whose = match &endpoint.deployment.role {
        Some(role) => format!("the role {role}"),
        None => "the role of the function".to_owned(),
    };
    let remedy = match fault.kind {
        FaultKind::Throttled | FaultKind::Unavailable => return fault.clone().into(),
        FaultKind::Denied => format!(
            "Let {whose} describe, add and remove listener certificates, as in \
             docs/how-to/listeners-and-regions.md; then managed-https renew {}",
            endpoint.names.primary()
        ),
        FaultKind::Refused => "Read the error, or name another listener.".to_owned(),
    };
    let summary = format!("The certificate {arn} could not be {what}: {fault}");
    Failure::new(FailureName::DestinationRefused, WaitingOn::Operator, summary, remedy).at(listener.to_string())
}
