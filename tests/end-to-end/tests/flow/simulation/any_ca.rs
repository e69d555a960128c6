//! The CA in memory, or one over HTTP.

use std::sync::Arc;

use adapters::acme::AcmeAuthority;
use domain::ports::{CaError, CaReply, CertificateAuthority, Finalized, OpenedOrder, Validation};
use testkit::MemoryCa;
use vocabulary::acme::{Challenges, OpenOrder};
use vocabulary::certificate::RevocationReason;
use vocabulary::names::EndpointNames;

/// A CA of any kind.
#[derive(Clone)]
pub(crate) enum AnyCa {
    Memory(MemoryCa),
    Http(Arc<AcmeAuthority>),
}

impl CertificateAuthority for AnyCa {
    fn directory(&self) -> &str {
        match self {
            Self::Memory(ca) => CertificateAuthority::directory(ca),
            Self::Http(ca) => ca.directory(),
        }
    }

    async fn open(
        &self,
        names: &EndpointNames,
        challenges: &Challenges,
        replaces: Option<&str>,
    ) -> Result<CaReply<OpenedOrder>, CaError> {
        match self {
            Self::Memory(ca) => ca.open(names, challenges, replaces).await,
            // Boxed: the futures of the HTTP client nest deep.
            Self::Http(ca) => Box::pin(ca.open(names, challenges, replaces)).await,
        }
    }

    async fn resume(&self, order: &OpenOrder, challenges: &Challenges) -> Result<CaReply<OpenedOrder>, CaError> {
        match self {
            Self::Memory(ca) => ca.resume(order, challenges).await,
            Self::Http(ca) => Box::pin(ca.resume(order, challenges)).await,
        }
    }

    async fn validate(&self, order: &OpenOrder, announced: bool) -> Result<CaReply<Validation>, CaError> {
        match self {
            Self::Memory(ca) => ca.validate(order, announced).await,
            Self::Http(ca) => Box::pin(ca.validate(order, announced)).await,
        }
    }

    async fn revoke(&self, certificate: &[u8], reason: RevocationReason) -> Result<(), CaError> {
        match self {
            Self::Memory(ca) => ca.revoke(certificate, reason).await,
            Self::Http(ca) => Box::pin(ca.revoke(certificate, reason)).await,
        }
    }

    async fn deactivate(&self, authorizations: &[String]) -> Result<(), CaError> {
        match self {
            Self::Memory(ca) => ca.deactivate(authorizations).await,
            Self::Http(ca) => Box::pin(ca.deactivate(authorizations)).await,
        }
    }

    async fn finalize(&self, order: &OpenOrder, request: &[u8]) -> Result<CaReply<Finalized>, CaError> {
        match self {
            Self::Memory(ca) => ca.finalize(order, request).await,
            Self::Http(ca) => Box::pin(ca.finalize(order, request)).await,
        }
    }
}
