//! Compares ACM with the table: after the table was restored to an earlier time, each has what the other one lacks.
//!
//! First all certificates in ACM, then all endpoints, a page in each call. A certificate is the installation's if its tags
//! say so, as its import wrote them. Only the account and region of the installation are checked: certificates elsewhere
//! follow with the next renewal.

use domain::endpoint::{Endpoint, Event, EventKind};
use domain::installation::{Difference, DifferenceKind, Reconcile, Reconciled};
use domain::ports::{
    AttemptJournal, AuditTrail, Claims, DueEntry, DueIndex, FencedError, OwnCertificate, OwnCertificates, Position,
    Registry, ServiceFault,
};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::renewal_info::certificate_id;
use vocabulary::certificate::chain::{Leaf, leaf_der, read_leaf};
use vocabulary::certificate::renewal::renewal_opens;
use vocabulary::certificate::{InstalledCertificate, RetiredCertificate};
use vocabulary::names::{CertificateName, EndpointId, Origin, Scope};

/// Endpoints of one call. Each takes a request to ACM, which allows ten a second.
const ENDPOINTS: u32 = 50;
/// For the few writes of a record.
const LEASE: Duration = Duration::minutes(2);
/// Prefixes of cursors, by the list that they continue.
const CERTIFICATES: &str = "certificates:";
const OF_ENDPOINTS: &str = "endpoints:";

/// What the function works with.
pub struct Ports<'a, S, C> {
    pub store: &'a S,
    pub certificates: &'a C,
}

/// One page. With `adopt`, certificates that the table does not have are recorded, and their endpoints made due: the next
/// attempt finds a good certificate, installs it where it belongs and orders nothing.
///
/// # Errors
///
/// A service refused or did not answer. The same page may be asked for again.
pub async fn reconcile<S, C>(
    ports: &Ports<'_, S, C>,
    request: &Reconcile,
    now: OffsetDateTime,
) -> Result<Reconciled, ServiceFault>
where
    S: AttemptJournal + AuditTrail + Claims + DueIndex + Registry,
    C: OwnCertificates,
{
    let run = Run { ports, adopt: request.adopt, now };
    match request.after.as_deref() {
        None => run.certificates(None).await,
        Some(cursor) => match (cursor.strip_prefix(CERTIFICATES), cursor.strip_prefix(OF_ENDPOINTS)) {
            (Some(token), _) => run.certificates(Some(token)).await,
            (_, Some(position)) => run.endpoints(position_of(position)).await,
            // Not one of ours: from the beginning.
            _ => run.certificates(None).await,
        },
    }
}

struct Run<'a, S, C> {
    ports: &'a Ports<'a, S, C>,
    adopt: bool,
    now: OffsetDateTime,
}

impl<S, C> Run<'_, S, C>
where
    S: AttemptJournal + AuditTrail + Claims + DueIndex + Registry,
    C: OwnCertificates,
{
    async fn certificates(&self, after: Option<&str>) -> Result<Reconciled, ServiceFault> {
        let (page, next) = self.ports.certificates.page(after).await?;
        let (mut checked, mut differences) = (0, Vec::new());
        for certificate in &page {
            if let Some(found) = self.certificate(certificate).await? {
                checked += 1;
                differences.extend(found);
            }
        }
        let next = next.map_or(OF_ENDPOINTS.to_owned(), |token| format!("{CERTIFICATES}{token}"));
        Ok(Reconciled { checked, differences, next: Some(next) })
    }

    /// What differs; `None` of a certificate that is not the installation's.
    async fn certificate(&self, there: &OwnCertificate) -> Result<Option<Option<Difference>>, ServiceFault> {
        if let Some(holder) = self.holder(there).await? {
            let held = holder.certificate.as_ref().filter(|held| held.arn == there.arn);
            return match held {
                Some(held) if held.not_after != there.not_after => self.unrecorded(&holder, there).await.map(Some),
                _ => Ok(Some(None)),
            };
        }
        let Some(id) = self.ports.certificates.owner(&there.arn).await? else { return Ok(None) };
        match self.ports.store.find(&id).await? {
            Some(endpoint) if knows(&endpoint, &there.arn) => Ok(Some(None)),
            Some(endpoint) => self.unrecorded(&endpoint, there).await.map(Some),
            None => Ok(Some(Some(without_endpoint(id, there)))),
        }
    }

    /// The endpoint of the certificate's name that knows it, without asking ACM for tags.
    async fn holder(&self, there: &OwnCertificate) -> Result<Option<Endpoint>, ServiceFault> {
        let Ok(name) = there.domain.parse::<CertificateName>() else { return Ok(None) };
        for id in self.ports.store.registrations(&name.base).await? {
            let endpoint = self.ports.store.find(&id).await?;
            if let Some(endpoint) = endpoint.filter(|endpoint| knows(endpoint, &there.arn)) {
                return Ok(Some(endpoint));
            }
        }
        Ok(None)
    }

    /// A certificate of the endpoint that its record does not have.
    async fn unrecorded(
        &self,
        endpoint: &Endpoint,
        there: &OwnCertificate,
    ) -> Result<Option<Difference>, ServiceFault> {
        let Some(text) = self.ports.certificates.read(&there.arn).await? else { return Ok(None) };
        let Some(leaf) = read_leaf(&text) else { return Ok(None) };
        let recorded = endpoint.certificate.as_ref();
        let same = recorded.is_some_and(|held| held.arn == there.arn && held.serial == leaf.serial);
        if same {
            return Ok(None);
        }
        let difference = |kind, detail: String, action: Option<String>| Difference {
            kind,
            arn: there.arn.clone(),
            domain: endpoint.names.primary().to_string(),
            endpoint: Some(endpoint.id.clone()),
            adopted: false,
            detail,
            action,
        };
        let later = recorded.is_none_or(|held| held.arn == there.arn || held.not_after < leaf.not_after);
        if !endpoint.names.same_set(&leaf.names) || leaf.not_after <= self.now || !later || endpoint.removing {
            let detail = "the endpoint does not need it: it has other names, has expired, is older, or the endpoint is being removed".to_owned();
            let action = format!("Once nothing uses it: aws acm delete-certificate --certificate-arn {}", there.arn);
            return Ok(Some(difference(DifferenceKind::Left, detail, Some(action))));
        }
        let detail =
            format!("the table does not have this certificate, which is valid until {}", leaf.not_after.date());
        if !self.adopt {
            let action = "managed-https reconcile --adopt".to_owned();
            return Ok(Some(difference(DifferenceKind::Unrecorded, detail, Some(action))));
        }
        let adopted = self.record(endpoint, there, &leaf, &text).await?;
        let action =
            (!adopted).then(|| "An attempt is running. Run it again: managed-https reconcile --adopt".to_owned());
        Ok(Some(Difference { adopted, ..difference(DifferenceKind::Unrecorded, detail, action) }))
    }

    /// Whether it was recorded: not while an attempt holds the endpoint.
    async fn record(
        &self,
        endpoint: &Endpoint,
        there: &OwnCertificate,
        leaf: &Leaf,
        text: &str,
    ) -> Result<bool, ServiceFault> {
        let store = self.ports.store;
        let Some(due_at) = endpoint.due_at else { return Ok(false) };
        let entry = DueEntry { endpoint: endpoint.id.clone(), due_at };
        let Some(attempt) = store.claim(&entry, self.now, self.now + LEASE).await? else { return Ok(false) };
        let held = installed(endpoint, there, leaf, text, self.now);
        match store.record_certificate(&endpoint.id, attempt, &held).await {
            Ok(()) => {}
            Err(FencedError::Superseded) => return Ok(false),
            Err(FencedError::Fault(fault)) => return Err(fault),
        }
        let summary = format!("Recorded the certificate {} again, which was in ACM and not in the table.", there.arn);
        let event = Event::act(EventKind::Changed, Origin::itself(), summary, self.now, 0);
        store.record(&endpoint.id, &event).await?;
        // The next attempt handles the listeners and what an earlier order has left.
        store.release(&endpoint.id, attempt, self.now).await?;
        Ok(true)
    }

    async fn endpoints(&self, after: Option<Position>) -> Result<Reconciled, ServiceFault> {
        let page = self.ports.store.list(&Scope::Everything, after.as_ref(), ENDPOINTS).await?;
        let (mut checked, mut differences) = (0, Vec::new());
        for endpoint in &page.endpoints {
            // In another account only the endpoint's role can read, which this function may not assume.
            let Some(held) = endpoint.certificate.as_ref().filter(|_| endpoint.deployment.role.is_none()) else {
                continue;
            };
            checked += 1;
            if self.ports.certificates.read(&held.arn).await?.is_none() {
                differences.push(gone(endpoint, held));
            }
        }
        let next = page.next.map(|next| format!("{OF_ENDPOINTS}{} {}", next.domain, next.endpoint));
        Ok(Reconciled { checked, differences, next })
    }
}

/// Whether the endpoint's record names the certificate, in whatever part.
fn knows(endpoint: &Endpoint, arn: &str) -> bool {
    endpoint.certificate.as_ref().is_some_and(|held| {
        held.arn == arn
            || held.copies.iter().any(|copy| copy.arn == arn)
            || held.retired.iter().any(|retired| retired.arn == arn)
    })
}

/// The record of a certificate that is in ACM. How it was ordered is not known any more, except for its CA, where the
/// record before it has that.
fn installed(
    endpoint: &Endpoint,
    there: &OwnCertificate,
    leaf: &Leaf,
    text: &str,
    now: OffsetDateTime,
) -> InstalledCertificate {
    let before = endpoint.certificate.as_ref();
    let moved = before.filter(|held| held.arn != there.arn);
    InstalledCertificate {
        arn: there.arn.clone(),
        serial: leaf.serial.clone(),
        issuer: leaf.issuer.clone(),
        names: leaf.names.clone(),
        not_before: leaf.not_before,
        not_after: leaf.not_after,
        imported_at: now,
        renew_at: renewal_opens(leaf.not_before, leaf.not_after, 0.5),
        directory: before.and_then(|held| held.directory.clone()),
        renewal_id: certificate_id(text),
        advice: None,
        leaf: leaf_der(text),
        generation: endpoint.generation,
        renewal: before.is_some(),
        // Everybody who was to be notified of it was.
        announced: true,
        copies: before.map(|held| held.copies.clone()).unwrap_or_default(),
        listeners: before.map(|held| held.listeners.clone()).unwrap_or_default(),
        retired: before
            .into_iter()
            .flat_map(|held| held.retired.clone())
            .chain(moved.map(|held| RetiredCertificate::new(held.arn.clone(), now)))
            .collect(),
        authorizations: before.map(|held| held.authorizations.clone()).unwrap_or_default(),
        // The next attempt exports another one, as the key of this is gone, and sets the endpoint's tags.
        export: before.and_then(|held| held.export.clone()),
        tags: before.map(|held| held.tags.clone()).unwrap_or_default(),
    }
}

fn without_endpoint(id: EndpointId, there: &OwnCertificate) -> Difference {
    Difference {
        kind: DifferenceKind::NoEndpoint,
        arn: there.arn.clone(),
        domain: there.domain.clone(),
        detail: format!("its endpoint {id} is not in the table"),
        endpoint: Some(id),
        adopted: false,
        action: Some(format!(
            "Register the domain again, with the tenant that it had, unless it was removed: managed-https add {}",
            there.domain
        )),
    }
}

fn gone(endpoint: &Endpoint, held: &InstalledCertificate) -> Difference {
    let domain = endpoint.names.primary().to_string();
    Difference {
        kind: DifferenceKind::Gone,
        arn: held.arn.clone(),
        endpoint: Some(endpoint.id.clone()),
        adopted: false,
        detail: "ACM does not have the endpoint's certificate any more".to_owned(),
        action: Some(format!("managed-https renew {domain}, or remove {domain} if it was removed before")),
        domain,
    }
}

/// `DOMAIN ID`; from the beginning if it is none.
fn position_of(text: &str) -> Option<Position> {
    let (domain, endpoint) = text.split_once(' ')?;
    Some(Position { domain: domain.to_owned(), endpoint: endpoint.parse().ok()? })
}

#[cfg(test)]
mod tests;
