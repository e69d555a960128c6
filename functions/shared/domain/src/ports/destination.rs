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
    /// Of the endpoint. A certificate of its own has them from the start; one that takes another's place keeps its tags.
    pub tags: &'a CertificateTags,
}

/// A certificate as the destination describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCertificate {
    pub arn: String,
    /// As [`vocabulary::certificate::installed::normalize_serial`] writes it.
    pub serial: String,
    /// What it may be used for, where that can be read: what takes its place under its ARN may lose none of it.
    pub usages: Option<CertificateUsages>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone, now or before.
    Gone,
    /// Something uses it; it was left.
    InUse,
}

/// AWS Certificate Manager, in one account and region.
pub trait CertificateStore {
    /// Imports under `arn`, or as a new certificate. Returns what the destination then shows: when this returns, it can
    /// be read by its ARN.
    ///
    /// With an ARN it may be repeated; without, each call makes another certificate: look with
    /// [`Self::find`] first when an earlier call may have succeeded.
    fn import(
        &self,
        arn: Option<&str>,
        material: ImportMaterial<'_>,
    ) -> impl Future<Output = Result<HeldCertificate, ServiceFault>> + Send;

    /// The certificate with this ARN as it is now.
    fn describe(&self, arn: &str) -> impl Future<Output = Result<Option<HeldCertificate>, ServiceFault>> + Send;

    /// A certificate for `domain` with this serial, if there is one.
    fn find(
        &self,
        domain: &str,
        serial: &str,
    ) -> impl Future<Output = Result<Option<HeldCertificate>, ServiceFault>> + Send;

    fn delete(&self, arn: &str) -> impl Future<Output = Result<Deletion, ServiceFault>> + Send;

    /// The certificate with this ARN, whoever imported it, to be taken over; `None` if there is none.
    fn candidate(&self, arn: &str) -> impl Future<Output = Result<Option<Candidate>, ServiceFault>> + Send;

    /// Gives the certificate with this ARN the tags of `wanted`, and takes those off that only `before` has. Others stay as
    /// they are, whosever they are; and so do those by which it is the endpoint's.
    fn tag(
        &self,
        arn: &str,
        before: &CertificateTags,
        wanted: &CertificateTags,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The tags by which a certificate is the endpoint's: whoever may tag it gives it away.
    fn tags_of(&self, endpoint: &EndpointId) -> [(&'static str, String); 2];
}

/// A certificate that may be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The endpoint that its tags give it to.
    pub given_to: Option<EndpointId>,
    /// The certificate, PEM, without its chain.
    pub pem: String,
}

/// What became of a listener's certificate that was to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detachment {
    /// The listener does not have it, now or before; or there is no such listener.
    Gone,
    /// It is the one that the listener presents to who names no host, and stays.
    IsDefault,
}

/// Load balancers' listeners, in one account and region.
pub trait Listeners {
    /// ARNs of the certificates that the listener has, its default one among them; `None` if there is no such listener.
    fn certificates_of(
        &self,
        listener: &ListenerArn,
    ) -> impl Future<Output = Result<Option<Vec<String>>, ServiceFault>> + Send;

    /// How many certificates all listeners of the load balancer have beside their default ones; `None` if there is no such
    /// load balancer.
    ///
    /// One that two listeners have counts twice. What AWS counts it does not say: so no room is promised that there is not.
    fn certificates_on(
        &self,
        balancer: &LoadBalancerArn,
    ) -> impl Future<Output = Result<Option<u32>, ServiceFault>> + Send;

    /// Gives the listener a certificate of its own account and region beside those that it has.
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
    /// [`CertificateStore`], or [`CertificateInspector`](crate::ports::health::CertificateInspector): who asks says which it needs.
    type Certificates: Send + Sync;
    type Listeners: Listeners + Send + Sync;
    type Quotas: ServiceQuotas + Send + Sync;

    /// The installation's own region.
    fn home(&self) -> &Region;

    /// ACM at `place`.
    ///
    /// # Errors
    ///
    /// [`FaultKind::Denied`](vocabulary::failure::FaultKind::Denied) if the place's role may not be assumed.
    fn certificates(&self, place: &Target) -> impl Future<Output = Result<Self::Certificates, ServiceFault>> + Send;

    /// The load balancers at `place`. Fails as [`Self::certificates`] does.
    fn listeners(&self, place: &Target) -> impl Future<Output = Result<Self::Listeners, ServiceFault>> + Send;

    /// Service Quotas at `place`. Fails as [`Self::certificates`] does.
    fn quotas(&self, place: &Target) -> impl Future<Output = Result<Self::Quotas, ServiceFault>> + Send;
}
