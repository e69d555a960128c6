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

/// Slices of the due index, so that one busy moment is not one hot partition.
pub const DUE_SHARDS: u32 = 8;

/// Reads one endpoint as it is now.
pub trait EndpointReader {
    /// The endpoint, strongly consistent: a step sees what the step before wrote.
    /// Without the chain of its open order: [`Self::find_with_chain`].
    fn find(&self, id: &EndpointId) -> impl Future<Output = Result<Option<Endpoint>, ServiceFault>> + Send;

    /// Likewise, with the chain of its open order. That is kept apart, since most who read or write an endpoint do without.
    fn find_with_chain(&self, id: &EndpointId) -> impl Future<Output = Result<Option<Endpoint>, ServiceFault>> + Send;
}

/// An endpoint that is due, and the moment that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueEntry {
    pub endpoint: EndpointId,
    pub due_at: OffsetDateTime,
}

/// What an endpoint is due for, in the order in which that is urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DueReason {
    /// The certificate in place is to be renewed, and nothing of its domain owner's stands in the way; or it is to go.
    Renewal,
    /// Its first attempt.
    Registration,
    /// It has failed: another attempt, or another check of what its domain owner has to do.
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
    /// By when it was told that it is started, while it waits for room.
    pub expected_at: Option<OffsetDateTime>,
}

/// Who is due. Reading costs by what is due, not by what is managed.
pub trait DueIndex {
    /// Up to `limit` entries of one shard that are due at `now`, oldest first.
    fn due(
        &self,
        shard: u32,
        now: OffsetDateTime,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<DueEntry>, ServiceFault>> + Send;

    /// Whose the endpoints of `entries` are and what they are due for, in any order; those that are gone are left out.
    fn describe(&self, entries: Vec<DueEntry>) -> impl Future<Output = Result<Vec<DueEndpoint>, ServiceFault>> + Send;

    /// Makes the endpoint due at `due_at` instead. Nothing if its due time is no longer `entry.due_at`, or an attempt
    /// holds it at `now`.
    fn postpone(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        due_at: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Keeps that the endpoint waits for room, and is expected to be started at `expected_at`. It is due at `now` at the latest;
    /// what has been due for longer keeps its place. Nothing if its due time is no longer `entry.due_at`, or an attempt holds it.
    fn wait(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        expected_at: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Takes the endpoint for a new attempt until `lease_until`, and returns the attempt's number.
    ///
    /// `None` if its due time is no longer `entry.due_at`, or an attempt holds it at `now`: somebody else was first.
    fn claim(
        &self,
        entry: &DueEntry,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
    ) -> impl Future<Output = Result<Option<u64>, ServiceFault>> + Send;

    /// Gives a claim back whose flow could not be started; the endpoint is due again at `due_at`.
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
    /// Whether the open order is of no more use.
    pub drop_order: bool,
    /// Whether all that the order had published is withdrawn: an order that is kept has nothing more to clean up.
    pub withdrawn: bool,
    /// Whether the certificate in place has been told of.
    pub announced: bool,
    /// Whether the endpoint was being removed when this was decided. One that came since must not be overlooked.
    pub removing: bool,
    /// What was told of the endpoint by then.
    pub told: Notifications,
    /// What is still to be told of this end; absent if nothing is.
    pub unsent: Option<Unsent>,
    /// What is known of authorizations besides those of the order, if it stays, and of the certificate.
    pub authorizations: Vec<KnownAuthorization>,
    /// How it went with the endpoint, this attempt included.
    pub track: TrackRecord,
    /// Tokens that go back, in the same write: exactly once.
    pub returned: Vec<Token>,
    /// When it was decided.
    pub at: OffsetDateTime,
    pub attempt: Attempt,
}

/// What an attempt writes down. Fenced: only the endpoint's current attempt can write.
pub trait AttemptJournal: EndpointReader {
    /// Records that the attempt has begun. Keeps an earlier record of the same attempt.
    fn begin(&self, id: &EndpointId, attempt: &Attempt) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Keeps which tokens are about to be taken for an order, each with its taker: by it is known which of them were.
    fn hold_tokens(
        &self,
        id: &EndpointId,
        attempt: u64,
        tokens: &[Token],
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Replaces the endpoint's open order, with its chain if it has one; its key generation becomes the endpoint's newest. Tokens that were held are the
    /// order's from then on.
    fn save_order(
        &self,
        id: &EndpointId,
        attempt: u64,
        order: &OpenOrder,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Keeps the chain that the CA has issued for `order`, and nothing else of it. Any attempt may, since a chain belongs to
    /// its order: that of an older order takes no newer one's place.
    fn keep_chain(
        &self,
        id: &EndpointId,
        order: &OpenOrder,
        chain: &str,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Records the certificate that is in ACM now.
    fn record_certificate(
        &self,
        id: &EndpointId,
        attempt: u64,
        certificate: &InstalledCertificate,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Forgets the certificate, which is deleted, and everything that was due for it. Fine if there is none.
    ///
    /// `authorizations`: what is known of them from then on, besides those of the order.
    fn forget_certificate(
        &self,
        id: &EndpointId,
        attempt: u64,
        authorizations: &[KnownAuthorization],
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Keeps of `left`, the endpoint as it was read but for authorizations that were deactivated, which are left: in its order,
    /// in its certificate, and besides.
    fn record_authorizations(
        &self,
        left: &Endpoint,
        attempt: u64,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Forgets that a certificate was to be revoked, with the event that tells what came of it.
    fn end_revocation(
        &self,
        id: &EndpointId,
        attempt: u64,
        event: &Event,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Ends the attempt: gives the lease back and writes the attempt's record.
    ///
    /// Repeating it after it was done is [`FencedError::Superseded`] only if a newer attempt has begun. A removal that
    /// came since the settlement was decided is resolved when it is decided again.
    fn settle(
        &self,
        id: &EndpointId,
        attempt: u64,
        settlement: &Settlement,
    ) -> impl Future<Output = Result<(), FencedError>> + Send;

    /// Keeps that all of the attempt's end was told. Nothing if a newer attempt has begun, whose end tells and keeps.
    fn mark_told(
        &self,
        id: &EndpointId,
        attempt: u64,
        told: &Notifications,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Deletes the endpoint with its names, and gives its claims back. Its attempts are kept for a while, and whose it was.
    fn erase(&self, endpoint: &Endpoint, attempt: &Attempt) -> impl Future<Output = Result<(), FencedError>> + Send;
}
