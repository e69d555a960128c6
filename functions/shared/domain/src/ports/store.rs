use std::future::Future;

use time::OffsetDateTime;
use vocabulary::acme::{KnownAuthorization, OpenOrder, Token};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{EndpointId, TenantId};

use crate::endpoint::attempt::Attempt;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::event::Event;
use crate::endpoint::failing::Failing;
use crate::endpoint::notified::{Notifications, Unsent};
use crate::endpoint::track_record::TrackRecord;
use vocabulary::failure::{FencedError, ServiceFault};

/// Shards of the due index, so that many endpoints due at the same time do not make one hot partition.
pub const DUE_SHARDS: u32 = 8;

/// Reads one endpoint as it is now.
pub trait EndpointReader {
    /// The endpoint, strongly consistent: a step sees what the step before wrote.
    /// Without the chain of its open order: [`Self::find_with_chain`].
    fn find(&self, id: &EndpointId) -> impl Future<Output = Result<Option<Endpoint>, ServiceFault>> + Send;

    /// Likewise, with the chain of its open order, which is stored separately: most readers and writers do not need it.
    fn find_with_chain(&self, id: &EndpointId) -> impl Future<Output = Result<Option<Endpoint>, ServiceFault>> + Send;
}

/// An endpoint that is due, and its due time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueEntry {
    pub endpoint: EndpointId,
    pub due_at: OffsetDateTime,
}

/// What an endpoint is due for, in order of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DueReason {
    /// The current certificate is to be renewed, and nothing waits on its domain owner; or it is to be removed.
    Renewal,
    /// Its first attempt.
    Registration,
    /// It has failed: another attempt, or another check of the domain owner's part.
    Repeat,
}

impl DueReason {
    pub fn of(has_certificate: bool, removing: bool, failed_by: Option<WaitingOn>) -> Self {
        match failed_by {
            _ if removing => Self::Renewal,
            None | Some(WaitingOn::Operator | WaitingOn::Ca | WaitingOn::Nobody) if has_certificate => Self::Renewal,
            None => Self::Registration,
            Some(_) => Self::Repeat,
        }
    }
}

/// An endpoint that is due, with what decides the order of starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueEndpoint {
    pub entry: DueEntry,
    pub tenant: TenantId,
    pub due_reason: DueReason,
    /// The announced start time, while it waits for room.
    pub expected_at: Option<OffsetDateTime>,
}

/// Which endpoints are due. The cost of reading depends on what is due, not on what is managed.
pub trait DueIndex {
    /// Up to `limit` entries of one shard that are due at `now`, oldest first.
    fn due(
        &self,
        shard: u32,
        now: OffsetDateTime,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<DueEntry>, ServiceFault>> + Send;

    /// The tenants of `entries`' endpoints and what they are due for, in any order; deleted ones are left out.
    fn describe(&self, entries: Vec<DueEntry>) -> impl Future<Output = Result<Vec<DueEndpoint>, ServiceFault>> + Send;

    /// Makes the endpoint due at `due_at` instead. Does nothing if its due time is no longer `entry.due_at`, or an attempt
    /// holds it at `now`.
    fn postpone(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        due_at: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Records that the endpoint waits for room, and `expected_at`, its expected start. It is due at `now` at the latest; if it
    /// has been due longer, it keeps its place. Does nothing if its due time is no longer `entry.due_at`, or an attempt holds
    /// it.
    fn wait(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        expected_at: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Claims the endpoint for a new attempt until `lease_until`, and returns the attempt's number.
    ///
    /// `None` if its due time is no longer `entry.due_at`, or an attempt holds it at `now`: another process was first.
    fn claim(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
    ) -> impl Future<Output = Result<Option<u64>, ServiceFault>> + Send;

    /// Gives back a claim whose flow could not be started; the endpoint is due again at `due_at`.
    fn release(
        &self,
        id: &EndpointId,
        attempt: u64,
        due_at: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}

/// How an attempt leaves its endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    pub due_at: OffsetDateTime,
    pub failing: Option<Failing>,
    /// Whether the open order is no longer needed.
    pub drop_order: bool,
    /// Whether everything that the order had published is withdrawn: then an order that is kept needs no clean-up.
    pub withdrawn: bool,
    /// Whether people were notified of the current certificate.
    pub announced: bool,
    /// Whether the endpoint was being removed when this was decided. A later removal must not be overlooked.
    pub removing: bool,
    /// What people were notified of about the endpoint by then.
    pub told: Notifications,
    /// The notifications of this end still to be sent; absent if there are none.
    pub unsent: Option<Unsent>,
    /// The authorizations known besides those of the order, if it stays, and of the certificate.
    pub authorizations: Vec<KnownAuthorization>,
    /// The endpoint's record, including this attempt.
    pub track: TrackRecord,
    /// Tokens that are given back, in the same write: exactly once.
    pub returned: Vec<Token>,
    /// When it was decided.
    pub at: OffsetDateTime,
    pub attempt: Attempt,
}

/// What an attempt records. Fenced: only the endpoint's current attempt can write.
pub trait AttemptJournal: EndpointReader {
    /// Records that the attempt has begun. Keeps an earlier record of the same attempt.
    fn begin(&self, id: &EndpointId, attempt: &Attempt) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Stores which tokens are about to be taken for an order, each with its taker, which shows later which of them were taken.
    fn hold_tokens(
        &self,
        id: &EndpointId,
        attempt: u64,
        tokens: &[Token],
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Replaces the endpoint's open order, with its chain if it has one; its key generation becomes the endpoint's newest.
    /// Tokens stored by [`Self::hold_tokens`] belong to the order from then on.
    fn save_order(
        &self,
        id: &EndpointId,
        attempt: u64,
        order: &OpenOrder,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Stores the chain that the CA has issued for `order`, and nothing else of it. Any attempt may, since a chain belongs to
    /// its order: that of an older order never replaces a newer one's.
    fn keep_chain(
        &self,
        id: &EndpointId,
        order: &OpenOrder,
        chain: &str,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Records the certificate that is now in ACM.
    fn record_certificate(
        &self,
        id: &EndpointId,
        attempt: u64,
        certificate: &InstalledCertificate,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Forgets the certificate, which is deleted, and everything that was due for it. No error if there is none.
    ///
    /// `authorizations`: those known from then on, besides those of the order.
    fn forget_certificate(
        &self,
        id: &EndpointId,
        attempt: u64,
        authorizations: &[KnownAuthorization],
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Removes deactivated authorizations, in the order, in the certificate, and elsewhere: `left` is the endpoint as it was
    /// read, without them.
    fn record_authorizations(
        &self,
        left: &Endpoint,
        attempt: u64,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Forgets that a certificate was to be revoked, and records the event with the result.
    fn end_revocation(
        &self,
        id: &EndpointId,
        attempt: u64,
        event: &Event,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Ends the attempt: writes the attempt's record, and gives the lease back. A run that dies in between leaves only the
    /// record; with tokens to give back it is one write.
    ///
    /// If it is repeated after it succeeded, it fails with [`FencedError::Superseded`] only if a newer attempt has begun. If a
    /// removal came after the settlement was decided, decide again.
    fn settle(
        &self,
        id: &EndpointId,
        attempt: u64,
        settlement: &Settlement,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Records that people were notified of the attempt's end. Does nothing if a newer attempt has begun, whose end notifies.
    fn mark_notified(
        &self,
        id: &EndpointId,
        attempt: u64,
        told: &Notifications,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Deletes the endpoint with its names, and gives its claims back. Its attempts, and whose it was, are kept for a while.
    fn erase(&self, endpoint: &Endpoint, attempt: &Attempt) -> impl Future<Output = Result<(), FencedError>> + Send;
}
