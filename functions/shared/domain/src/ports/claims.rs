use std::collections::BTreeMap;
use std::future::Future;

use time::OffsetDateTime;
use vocabulary::failure::{FencedError, ServiceFault};
use vocabulary::names::{DomainName, EndpointId};

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::event::Event;
use crate::endpoint::moved::Moved;
use crate::ports::store::EndpointReader;

/// Which endpoint has proven a name. Valid while that endpoint exists and has the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub endpoint: EndpointId,
    /// Absent in claims of earlier releases, in which registering a name was enough.
    pub proven_at: Option<OffsetDateTime>,
}

/// Names that are handed over together.
#[derive(Clone, Debug, PartialEq)]
pub struct Handover {
    /// Each with its claim as it was read; at most [`MOST_AT_ONCE`].
    pub names: Vec<(DomainName, Option<Claim>)>,
    /// The endpoint that had them, if it must be paused.
    pub former: Option<Former>,
}

/// How many names one [`Handover`] may have.
pub const MOST_AT_ONCE: usize = 40;

/// An endpoint that loses names.
#[derive(Clone, Debug, PartialEq)]
pub struct Former {
    pub seen: Endpoint,
    pub moved: Moved,
    /// The event for its trail.
    pub event: Event,
}

/// Which registration has proven which name. Any number may register a name; at most one has proven it.
pub trait Claims: EndpointReader {
    /// The claims of `names`, without names that nobody has proven.
    fn claims(
        &self,
        names: &[DomainName],
    ) -> impl Future<Output = Result<BTreeMap<DomainName, Claim>, ServiceFault>> + Send;

    /// All endpoints that have registered `name`, proven or not; some may be deleted.
    fn registrations(&self, name: &DomainName) -> impl Future<Output = Result<Vec<EndpointId>, ServiceFault>> + Send;

    /// Records that `endpoint` has proven the names, and pauses the former one, all or nothing. Whatever an attempt of the
    /// former one still writes is refused. Names that `endpoint` itself had lost are its own again.
    ///
    /// Repeating it only changes the time of the proof. If a claim or an endpoint has changed since it was read, it fails; read
    /// again and retry.
    fn hand_over(
        &self,
        endpoint: &Endpoint,
        handover: &Handover,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;
}
