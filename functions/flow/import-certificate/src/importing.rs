//! One place after the other, each as safe against a crash as the first.

use std::collections::BTreeSet;

use domain::endpoint::Endpoint;
use domain::ports::{
    AttemptJournal, CertificateStore, Deletion, Destinations, FaultKind, HeldCertificate, ImportMaterial, KeyVault,
    ServiceFault,
};
use vocabulary::acme::OpenOrder;
use vocabulary::certificate::{
    CertificateCopy, CertificateKey, Deployment, InstalledCertificate, Region, Target, VerifiedChain,
};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::Ports;

/// The regions that have yet to get the certificate: those that the deployment names, and those whose copy is no longer
/// wanted and still there because something uses it.
pub(crate) fn outstanding(held: &InstalledCertificate, deployment: &Deployment) -> BTreeSet<Region> {
    let late = held.copies.iter().filter(|copy| copy.serial != held.serial).map(|copy| &copy.region);
    held.lacking(deployment).into_iter().chain(late).cloned().collect()
}

/// The imports of one certificate.
pub(crate) struct Imports<'a, J, K, D> {
    pub(crate) ports: &'a Ports<'a, J, K, D>,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) order: OpenOrder,
    pub(crate) attempt: u64,
    pub(crate) verified: &'a VerifiedChain,
    pub(crate) key: &'a CertificateKey,
    /// Whether an earlier run may have imported what it could not record any more.
    pub(crate) left: bool,
}

impl<J: AttemptJournal, K: KeyVault, D: Destinations<Certificates: CertificateStore>> Imports<'_, J, K, D> {
    /// The ARN of the certificate at home, where it is now.
    pub(crate) async fn at_home(&mut self) -> Result<String, Failure> {
        let place = self.endpoint.deployment.place(self.ports.destinations.home());
        let known = self.endpoint.certificate.as_ref().map(|held| held.arn.clone());
        Ok(self.at(&place, known).await?.arn)
    }

    /// The copy in `region`, where it is now.
    pub(crate) async fn copy(
        &mut self,
        held: &InstalledCertificate,
        region: Region,
    ) -> Result<CertificateCopy, Failure> {
        let place = self.endpoint.deployment.place(&region);
        let known = held.arn_in(&region).map(str::to_owned);
        let HeldCertificate { arn, serial } = self.at(&place, known).await?;
        Ok(CertificateCopy { region, arn, serial })
    }

    async fn at(&mut self, place: &Target, known: Option<String>) -> Result<HeldCertificate, Failure> {
        let refused = |fault| destination_failure(fault, place);
        let store = self.ports.destinations.certificates(place).await.map_err(refused)?;
        let shown = match self.whereto(&store, place, known).await? {
            Whereto::Adopt(there) => there,
            Whereto::Import(arn) => {
                let material = ImportMaterial {
                    endpoint: &self.endpoint.id,
                    leaf_pem: &self.verified.leaf_pem,
                    issuers_pem: &self.verified.issuers_pem,
                    key: self.key,
                };
                store.import(arn.as_deref(), material).await.map_err(refused)?
            }
        };
        if shown.serial != self.verified.serial {
            let HeldCertificate { arn, serial } = shown;
            let detail = format!("{arn} shows serial {serial} after the import of serial {}", self.verified.serial);
            return Err(Failure::unavailable(detail));
        }
        Ok(shown)
    }

    async fn whereto(
        &mut self,
        store: &impl CertificateStore,
        place: &Target,
        known: Option<String>,
    ) -> Result<Whereto, Failure> {
        let refused = |fault| destination_failure(fault, place);
        if let Some(arn) = known {
            match store.describe(&arn).await.map_err(refused)? {
                Some(there) if there.serial == self.verified.serial => return Ok(Whereto::Adopt(there)),
                Some(there) => return Ok(Whereto::Import(Some(there.arn))),
                // Somebody deleted it: begin as if there had been none.
                None => {}
            }
        }
        if self.left {
            let domain = self.endpoint.names.primary().to_string();
            let found = store.find(&domain, &self.verified.serial).await.map_err(refused)?;
            return Ok(found.map_or(Whereto::Import(None), Whereto::Adopt));
        }
        if !self.order.importing {
            self.order.importing = true;
            self.ports.journal.save_order(&self.endpoint.id, self.attempt, &self.order).await?;
        }
        Ok(Whereto::Import(None))
    }
}

/// Where the certificate goes.
enum Whereto {
    /// Under this ARN, which whatever uses the certificate knows already; without one, as a new certificate.
    Import(Option<String>),
    /// It is there: a run that died imported it.
    Adopt(HeldCertificate),
}

/// Deletes the copies that are no longer wanted. One that something still uses stays, and follows renewals like the
/// others until nothing does.
pub(crate) async fn withdraw<J: AttemptJournal, K, D: Destinations<Certificates: CertificateStore>>(
    ports: &Ports<'_, J, K, D>,
    endpoint: &Endpoint,
    attempt: u64,
    mut held: InstalledCertificate,
) -> Result<(), Failure> {
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
    Ok(())
}

fn destination_failure(fault: ServiceFault, place: &Target) -> Failure {
    let refused = |summary: String, remedy: String| {
        Failure::new(FailureName::DestinationRefused, WaitingOn::Operator, summary, remedy)
    };
    match (fault.kind, &place.role) {
        (FaultKind::Refused, _) => refused(
            format!("ACM in {} would not take the certificate: {fault}", place.region),
            "Read ACM's words. If it is the quota of imported certificates, ask AWS to raise it or delete unused ones."
                .into(),
        ),
        (FaultKind::Denied, Some(role)) => refused(
            format!("The role {role} does not let the certificate be imported into {}: {fault}", place.region),
            "Compare the role's trust policy and its permissions with docs/how-to/listeners-and-regions.md, \
             then run `managed-https renew`."
                .into(),
        ),
        _ => fault.into(),
    }
}
