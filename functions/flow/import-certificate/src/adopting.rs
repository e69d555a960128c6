//! A certificate that somebody else has imported, and that is in use: the endpoint's first one replaces it, under its ARN.

use domain::endpoint::Endpoint;
use domain::ports::{Candidate, CertificateStore};
use vocabulary::certificate::chain::read_leaf;
use vocabulary::certificate::{CertificateArn, CertificateUsages, Target, VerifiedChain};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::refusals::destination_failure;

/// What is to be taken over, and by what.
pub(crate) struct Adoption<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) verified: &'a VerifiedChain,
}

impl<S: CertificateStore> Adoption<'_, S> {
    /// Whether the certificate with this ARN may be replaced by the new one: it is given to this endpoint by its tags, all that
    /// it is used for goes on, and so do all of its names.
    ///
    /// # Errors
    ///
    /// [`FailureName::DestinationRefused`], with the next step.
    pub(crate) async fn check(&self, arn: &CertificateArn, place: &Target) -> Result<(), Failure> {
        if *arn.region() != place.region {
            let why = format!("It is in {}, and the installation in {}", arn.region(), place.region);
            return Err(refused(self.endpoint, arn, &why));
        }
        let candidate = self.store.candidate(arn.as_str()).await.map_err(|fault| destination_failure(fault, place))?;
        let Some(Candidate { given_to, pem }) = candidate else {
            return Err(refused(self.endpoint, arn, "There is no such certificate in ACM"));
        };
        if given_to.as_ref() != Some(&self.endpoint.id) {
            return Err(self.not_given(arn));
        }
        let usages = CertificateUsages::of(&pem).zip(CertificateUsages::of(&self.verified.leaf_pem));
        if let Some(why) = usages.and_then(|(old, new)| old.why_not_replaced_by(&new)) {
            return Err(refused(self.endpoint, arn, &format!("ACM imports nothing else under an ARN ({why})")));
        }
        let covered = |name: &_| self.endpoint.names.iter().any(|own| own == name);
        let names = read_leaf(&pem).map(|leaf| leaf.names).unwrap_or_default();
        let lost: Vec<String> = names.iter().filter(|name| !covered(name)).map(ToString::to_string).collect();
        if !lost.is_empty() {
            return Err(self.loses(arn, &lost));
        }
        Ok(())
    }

    fn not_given(&self, arn: &CertificateArn) -> Failure {
        let tags = self.store.tags_of(&self.endpoint.id);
        let tags: Vec<String> = tags.iter().map(|(key, value)| format!("Key={key},Value={value}")).collect();
        let give = format!(
            "If it is yours to give: aws acm add-tags-to-certificate --region {} --certificate-arn {arn} --tags {}; then: \
             managed-https renew {}",
            arn.region(),
            tags.join(" "),
            self.endpoint.names.primary(),
        );
        let what = format!("The certificate {arn} is not given to this endpoint: its tags do not say so.");
        Failure::new(FailureName::DestinationRefused, WaitingOn::Operator, what, give)
    }

    fn loses(&self, arn: &CertificateArn, lost: &[String]) -> Failure {
        let what = format!("The certificate {arn} is for {} as well, which its users would lose.", lost.join(", "));
        let all = self.endpoint.names.iter().skip(1).map(ToString::to_string).chain(lost.iter().cloned());
        let names: Vec<String> = all.map(|name| format!("--name '{name}'")).collect();
        let add = format!("Add them: managed-https change {} {}", self.endpoint.names.primary(), names.join(" "));
        Failure::new(FailureName::DestinationRefused, WaitingOn::Operator, what, add)
    }
}

/// An adoption that cannot succeed, whatever is done.
pub(crate) fn refused(endpoint: &Endpoint, arn: &CertificateArn, why: &str) -> Failure {
    Failure::new(
        FailureName::DestinationRefused,
        WaitingOn::Operator,
        format!("The certificate {arn} cannot be taken over. {why}."),
        format!(
            "Do without it: managed-https change {} --no-adopt. The new certificate then has an ARN of its own: point whatever \
             uses the old one to it.",
            endpoint.names.primary()
        ),
    )
}
