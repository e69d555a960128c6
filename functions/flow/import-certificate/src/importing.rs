//! Imports target by target, each as safe against a crash as the first.

use std::collections::BTreeSet;

use domain::endpoint::Endpoint;
use domain::ports::{
    AttemptJournal, CertificateStore, Deletion, Destinations, FaultKind, HeldCertificate, ImportMaterial, KeyVault,
    Listeners, ServiceFault,
};
use time::OffsetDateTime;
use vocabulary::acme::OpenOrder;
use vocabulary::certificate::usages::is_refused_reimport;
use vocabulary::certificate::{
    CertificateCopy, CertificateKey, CertificateUsages, Deployment, InstalledCertificate, Region, Target, VerifiedChain,
};
use vocabulary::failure::Failure;

use crate::Ports;
use crate::adopting::{self, Adoption};
use crate::refusals::destination_failure;

/// As the adapter of ACM names it.
const IMPORT: &str = "acm:ImportCertificate";

/// The regions that have yet to get the certificate: those that the deployment names, and those whose copy is no longer
/// wanted and still there because something uses it.
pub(crate) fn outstanding(held: &InstalledCertificate, deployment: &Deployment) -> BTreeSet<Region> {
    let late = held.copies.iter().filter(|copy| copy.serial != held.serial).map(|copy| &copy.region);
    held.lacking(deployment).into_iter().chain(late).cloned().collect()
}

/// The imports of one certificate.
pub(crate) struct Imports<'a, J, K, D, X> {
    pub(crate) ports: &'a Ports<'a, J, K, D, X>,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) order: OpenOrder,
    pub(crate) attempt: u64,
    pub(crate) verified: &'a VerifiedChain,
    pub(crate) key: &'a CertificateKey,
    /// Whether an earlier run may have imported the certificate without recording it.
    pub(crate) left: bool,
}

impl<J: AttemptJournal, K: KeyVault, D: Destinations<Certificates: CertificateStore>, X> Imports<'_, J, K, D, X> {
    /// The ARN of the certificate at home, where it is now, and of the one that it could not replace.
    pub(crate) async fn at_home(&mut self) -> Result<(String, Option<String>), Failure> {
        let place = self.endpoint.deployment.place(self.ports.destinations.home());
        let known = self.endpoint.certificate.as_ref().map(|held| held.arn.clone());
        let Some(adopted) = self.endpoint.deployment.adopt.as_ref().filter(|_| known.is_none()) else {
            let Put { there, retires } = self.at(&place, known).await?;
            return Ok((there.arn, retires));
        };
        let store = self.ports.destinations.certificates(&place).await;
        let store = store.map_err(|fault| destination_failure(fault, &place))?;
        let adoption = Adoption { store: &store, endpoint: self.endpoint, verified: self.verified };
        adoption.check(adopted, &place).await?;
        let Put { there, retires } = self.at(&place, Some(adopted.to_string())).await?;
        // What belongs to somebody else in the first place is not retired.
        match retires {
            None => Ok((there.arn, None)),
            Some(_) => {
                Err(adopting::refused(self.endpoint, adopted, "ACM does not take the certificate under this ARN"))
            }
        }
    }

    /// The copy in `region`, where it is now, and the ARN of the one that it could not replace.
    pub(crate) async fn copy(
        &mut self,
        held: &InstalledCertificate,
        region: Region,
    ) -> Result<(CertificateCopy, Option<String>), Failure> {
        let place = self.endpoint.deployment.place(&region);
        let known = held.arn_in(&region).map(str::to_owned);
        let Put { there, retires } = self.at(&place, known).await?;
        Ok((CertificateCopy { region, arn: there.arn, serial: there.serial }, retires))
    }

    async fn at(&mut self, place: &Target, known: Option<String>) -> Result<Put, Failure> {
        let refused = |fault| destination_failure(fault, place);
        let store = self.ports.destinations.certificates(place).await.map_err(refused)?;
        let put = match self.whereto(&store, place, known).await? {
            Whereto::Adopt(put) => put,
            Whereto::Import { under, retires } => {
                let material = ImportMaterial {
                    endpoint: &self.endpoint.id,
                    leaf_pem: &self.verified.leaf_pem,
                    issuers_pem: &self.verified.issuers_pem,
                    key: self.key,
                    tags: &self.endpoint.deployment.tags,
                };
                match store.import(under.as_deref(), material).await {
                    Ok(there) => Put { there, retires },
                    // An import that ACM's rules forbid is never repeated unchanged.
                    Err(fault) if under.is_some() && self.endpoint.certificate.is_none() => {
                        return Err(self.not_imported(fault, place).await);
                    }
                    Err(fault) if under.is_some() && is_forbidden(&fault) => {
                        tracing::warn!(%fault, "it is imported under a new ARN");
                        self.intend().await?;
                        match store.import(None, material).await {
                            Ok(there) => Put { there, retires: under },
                            Err(fault) => return Err(self.not_imported(fault, place).await),
                        }
                    }
                    Err(fault) => return Err(self.not_imported(fault, place).await),
                }
            }
        };
        if put.there.serial != self.verified.serial {
            let HeldCertificate { arn, serial, .. } = put.there;
            let detail = format!("{arn} shows serial {serial} after the import of serial {}", self.verified.serial);
            return Err(Failure::unavailable(detail));
        }
        Ok(put)
    }

    async fn whereto(
        &mut self,
        store: &impl CertificateStore,
        place: &Target,
        known: Option<String>,
    ) -> Result<Whereto, Failure> {
        let refused = |fault| destination_failure(fault, place);
        // Somebody may have deleted it: then the import begins as if there had been none.
        let there = match known {
            Some(arn) => store.describe(&arn).await.map_err(refused)?,
            None => None,
        };
        if let Some(there) = there.as_ref().filter(|there| there.serial == self.verified.serial) {
            return Ok(Whereto::Adopt(Put { there: there.clone(), retires: None }));
        }
        let before = there.as_ref().map(|there| there.arn.clone());
        if self.left {
            let domain = self.endpoint.names.primary().to_string();
            if let Some(there) = store.find(&domain, &self.verified.serial).await.map_err(refused)? {
                return Ok(Whereto::Adopt(Put { there, retires: before }));
            }
        }
        if let Some(there) = there {
            match self.forbidden(&there) {
                None => return Ok(Whereto::Import { under: Some(there.arn), retires: None }),
                Some(why) => tracing::warn!(arn = there.arn, why, "it is imported under a new ARN"),
            }
        }
        self.intend().await?;
        Ok(Whereto::Import { under: None, retires: before })
    }

    /// Why ACM's rules do not let the certificate take the place of `there` under its ARN.
    fn forbidden(&self, there: &HeldCertificate) -> Option<String> {
        let new = CertificateUsages::of(&self.verified.leaf_pem)?;
        there.usages.as_ref()?.why_not_replaced_by(&new)
    }

    /// The failure of an import. After a definite refusal the next run need not list the account's certificates, which ACM
    /// allows rarely, unless an earlier one may have left something.
    async fn not_imported(&mut self, fault: ServiceFault, place: &Target) -> Failure {
        if is_definite(&fault) && self.order.importing && !self.left {
            self.order.importing = false;
            if let Err(failure) = self.ports.journal.save_order(&self.endpoint.id, self.attempt, &self.order).await {
                return failure.into();
            }
        }
        destination_failure(fault, place)
    }

    /// Records that a certificate is about to be imported under a new ARN.
    async fn intend(&mut self) -> Result<(), Failure> {
        if !self.order.importing {
            self.order.importing = true;
            self.ports.journal.save_order(&self.endpoint.id, self.attempt, &self.order).await?;
        }
        Ok(())
    }
}

/// Whether ACM has answered that it does not import: then there is nothing to search for.
fn is_definite(fault: &ServiceFault) -> bool {
    fault.operation == IMPORT && fault.kind != FaultKind::Unavailable
}

/// Where the certificate goes.
enum Whereto {
    /// Under this ARN, which the certificate's users know already; without one, as a new certificate.
    Import { under: Option<String>, retires: Option<String> },
    /// It is there: a run that died imported it.
    Adopt(Put),
}

/// An imported certificate, and the ARN of the one that it could not replace.
struct Put {
    there: HeldCertificate,
    retires: Option<String>,
}

fn is_forbidden(fault: &ServiceFault) -> bool {
    fault.kind == FaultKind::Refused && is_refused_reimport(&fault.detail)
}

/// Takes retired certificates off the endpoint's listeners, which have the new one by now, and deletes each after a day, once
/// nothing uses it.
pub(crate) async fn retire<J: AttemptJournal, K, D: Destinations<Certificates: CertificateStore>, X>(
    ports: &Ports<'_, J, K, D, X>,
    endpoint: &Endpoint,
    attempt: u64,
    mut held: InstalledCertificate,
    now: OffsetDateTime,
) -> Result<InstalledCertificate, Failure> {
    for retired in held.retired.clone() {
        let Some(region) = retired.region() else { continue };
        let place = endpoint.deployment.place(&region);
        let refused = |fault| destination_failure(fault, &place);
        let ours = held.listeners.iter().filter(|known| *known.listener.region() == region);
        for known in ours {
            let listeners = ports.destinations.listeners(&place).await.map_err(refused)?;
            // A listener's default certificate stays, and is then in use.
            listeners.detach(&known.listener, &retired.arn).await.map_err(refused)?;
        }
        if !retired.may_go(now) {
            continue;
        }
        let store = ports.destinations.certificates(&place).await.map_err(refused)?;
        if store.delete(&retired.arn).await.map_err(refused)? == Deletion::Gone {
            held.retired.retain(|known| known.arn != retired.arn);
            ports.journal.record_certificate(&endpoint.id, attempt, &held).await?;
        }
    }
    Ok(held)
}

/// Deletes the copies that are no longer wanted. One that something still uses stays, and follows renewals like the
/// others until nothing does.
pub(crate) async fn withdraw<J: AttemptJournal, K, D: Destinations<Certificates: CertificateStore>, X>(
    ports: &Ports<'_, J, K, D, X>,
    endpoint: &Endpoint,
    attempt: u64,
    mut held: InstalledCertificate,
) -> Result<InstalledCertificate, Failure> {
    let wanted = endpoint.deployment.further_regions(held.home_region());
    let idle: Vec<_> = held.copies.iter().filter(|copy| !wanted.contains(&copy.region)).cloned().collect();
    for copy in idle {
        let place = endpoint.deployment.place(&copy.region);
        let refused = |fault| destination_failure(fault, &place);
        let store = ports.destinations.certificates(&place).await.map_err(refused)?;
        if store.delete(&copy.arn).await.map_err(refused)? == Deletion::Gone {
            held.copies.retain(|known| known.region != copy.region);
            ports.journal.record_certificate(&endpoint.id, attempt, &held).await?;
        }
    }
    Ok(held)
}
