use std::future::Future;

use vocabulary::certificate::{
    CertificateKey, CertificateTags, CertificateUsages, ListenerArn, LoadBalancerArn, Region, Target,
};
use vocabulary::names::EndpointId;

use crate::ports::capacity::ServiceQuotas;
use vocabulary::failure::ServiceFault;

/// What an import needs.
#[derive(Clone, Copy)]
pub struct ImportMaterial<'a> {
    pub endpoint: &'a EndpointId,
    pub leaf_pem: &'a str,
    pub issuers_pem: &'a str,
    pub key: &'a CertificateKey,
    /// The endpoint's tags. A new certificate gets them at import; one that replaces another keeps its tags.
    pub tags: &'a CertificateTags,
}

/// A certificate as the destination describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCertificate {
    pub arn: String,
    /// As [`vocabulary::certificate::installed::normalize_serial`] writes it.
    pub serial: String,
    /// What it may be used for, if that can be read: a certificate that replaces it under its ARN must not lose any usage.
    pub usages: Option<CertificateUsages>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is deleted, now or earlier.
    Gone,
    /// Something uses it; it was not deleted.
    InUse,
}

/// AWS Certificate Manager, in one account and region.
pub trait CertificateStore {
    /// Imports under `arn`, or as a new certificate. Returns what the destination then shows: afterwards it can be read by its
    /// ARN.
    ///
    /// With an ARN it may be repeated; without one, each call creates another certificate: use [`Self::find`] first if an
    /// earlier call may have succeeded.
    fn import(
        &self,
        arn: Option<&str>,
        material: ImportMaterial<'_>,
    ) -> impl Future<Output = Result<HeldCertificate, ServiceFault>> + Send;

    /// The certificate with this ARN in its current state.
    fn describe(&self, arn: &str) -> impl Future<Output = Result<Option<HeldCertificate>, ServiceFault>> + Send;

    /// A certificate for `domain` with this serial, if there is one.
    fn find(
        &self,
        domain: &str,
        serial: &str,
    ) -> impl Future<Output = Result<Option<HeldCertificate>, ServiceFault>> + Send;

    fn delete(&self, arn: &str) -> impl Future<Output = Result<Deletion, ServiceFault>> + Send;

    /// The certificate with this ARN, whoever imported it, for adoption; `None` if there is none.
    fn candidate(&self, arn: &str) -> impl Future<Output = Result<Option<Candidate>, ServiceFault>> + Send;

    /// Adds the tags of `wanted` to the certificate with this ARN, and removes those that only `before` has. All other tags
    /// stay, including those that mark it as the endpoint's.
    fn tag(
        &self,
        arn: &str,
        before: &CertificateTags,
        wanted: &CertificateTags,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The tags that mark a certificate as the endpoint's: whoever may set tags can give it away.
    fn tags_of(&self, endpoint: &EndpointId) -> [(&'static str, String); 2];
}

/// A certificate that may be adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The endpoint named by its tags.
    pub given_to: Option<EndpointId>,
    /// The certificate, PEM, without its chain.
    pub pem: String,
}

/// The result of removing a certificate from a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detachment {
    /// The listener does not have it, now or before; or there is no such listener.
    Gone,
    /// It is the certificate that the listener serves to clients without SNI, and stays.
    IsDefault,
}

/// Load balancers' listeners, in one account and region.
pub trait Listeners {
    /// ARNs of the listener's certificates, including the default one; `None` if there is no such listener.
    fn certificates_of(
        &self,
        listener: &ListenerArn,
    ) -> impl Future<Output = Result<Option<Vec<String>>, ServiceFault>> + Send;

    /// How many certificates all listeners of the load balancer have besides their default ones; `None` if there is no such
    /// load balancer.
    ///
    /// A certificate on two listeners counts twice. AWS does not say how it counts: so no room is promised that is not there.
    fn certificates_on(
        &self,
        balancer: &LoadBalancerArn,
    ) -> impl Future<Output = Result<Option<u32>, ServiceFault>> + Send;

    /// Attaches a certificate of the listener's account and region, besides those that it has.
    fn attach(
        &self,
        listener: &ListenerArn,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    fn detach(
        &self,
        listener: &ListenerArn,
        certificate_arn: &str,
    ) -> impl Future<Output = Result<Detachment, ServiceFault>> + Send;
}

/// All accounts and regions that certificates go to.
pub trait Destinations {
    /// [`CertificateStore`], or [`CertificateInspector`](crate::ports::health::CertificateInspector): the caller chooses.
    type Certificates: Send + Sync;
    type Listeners: Listeners + Send + Sync;
    type Quotas: ServiceQuotas + Send + Sync;

    /// The installation's own region.
    fn home(&self) -> &Region;

    /// ACM at `place`.
    ///
    /// # Errors
    ///
    /// [`FaultKind::Denied`](vocabulary::failure::FaultKind::Denied) if the target's role may not be assumed.
    fn certificates(&self, place: &Target) -> impl Future<Output = Result<Self::Certificates, ServiceFault>> + Send;

    /// The load balancers at `place`. Fails as [`Self::certificates`] does.
    fn listeners(&self, place: &Target) -> impl Future<Output = Result<Self::Listeners, ServiceFault>> + Send;

    /// Service Quotas at `place`. Fails as [`Self::certificates`] does.
    fn quotas(&self, place: &Target) -> impl Future<Output = Result<Self::Quotas, ServiceFault>> + Send;
}
