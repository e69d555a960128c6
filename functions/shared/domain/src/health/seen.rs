//! What one health check saw.

use diagnosis::report::CheckReport;
use vocabulary::certificate::{CertificateCopy, ListenerArn};

/// The certificate as ACM has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateUse {
    /// See [`vocabulary::certificate::installed::normalize_serial`].
    pub serial: String,
    /// ARNs of load balancers and other things that serve it.
    pub used_by: Vec<String>,
}

/// What ACM said of an endpoint's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InAcm {
    /// It could not be read: the known state remains.
    Unknown,
    Gone,
    There(CertificateUse),
}

/// What one check saw.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    pub report: &'a CheckReport,
    pub acm: &'a InAcm,
    /// What is known of the copies in additional regions, if the deployment has any.
    pub copies: &'a [(CertificateCopy, InAcm)],
    pub listeners: &'a [(ListenerArn, AtListener)],
}

/// Whether a listener to which the certificate was attached has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtListener {
    /// It could not be read: the known state remains.
    Unknown,
    Attached,
    Without,
    /// There is no such listener.
    Gone,
}
