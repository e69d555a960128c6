use std::collections::BTreeMap;
use std::future::Future;

use time::OffsetDateTime;
use vocabulary::failure::{FencedError, ServiceFault};
use vocabulary::names::{DomainName, EndpointId};

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::event::Event;
use crate::endpoint::moved::Moved;
use crate::ports::store::EndpointReader;

/// Who has proven a name. It counts while its endpoint is there and has the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub endpoint: EndpointId,
    /// Absent of earlier releases, in which whoever registered a name held it.
    pub proven_at: Option<OffsetDateTime>,
}

/// Names that change hands together.
#[derive(Clone, Debug, PartialEq)]
pub struct Handover {
    /// Each with its claim as it was seen; at most [`MOST_AT_ONCE`].
    pub names: Vec<(DomainName, Option<Claim>)>,
    /// Whose they were, if that endpoint is to be paused.
    pub former: Option<Former>,
}

/// How many names one [`Handover`] may have.
pub const MOST_AT_ONCE: usize = 40;

/// An endpoint that loses names.
#[derive(Clone, Debug, PartialEq)]
pub struct Former {
    pub seen: Endpoint,
    pub moved: Moved,
    /// What its trail says of it.
    pub event: Event,
}

/// Which registration has proven which name. Any number may register one; at most one has proven it.
pub trait Claims: EndpointReader {
    /// The claims of `names`; a name that nobody has proven is left out.
    fn claims(
        &self,
        names: &[DomainName],
    ) -> impl Future<Output = Result<BTreeMap<DomainName, Claim>, ServiceFault>> + Send;

    /// All that have registered `name`, proven or not; an endpoint that is gone may be among them.
    fn registrations(&self, name: &DomainName) -> impl Future<Output = Result<Vec<EndpointId>, ServiceFault>> + Send;

    /// Makes `endpoint` the one that has proven the names, and pauses the former one, all or nothing. Whatever an attempt of
    /// the former one still writes is refused. What `endpoint` itself had lost is forgotten.
    ///
    /// Repeating it changes nothing but the time of the proof. A claim or an endpoint that has changed since it was seen is
    /// a fault that passes when it is read again.
    fn hand_over(
        &self,
        endpoint: &Endpoint,
        handover: &Handover,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;
}
