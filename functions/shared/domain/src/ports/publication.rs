use std::future::Future;

use vocabulary::names::DomainName;

use vocabulary::failure::ServiceFault;

/// Where HTTP-01 responses are stored until the CA has fetched them.
pub trait TokenStore {
    /// Publishes `body` for `token` at `host`, replacing any earlier body.
    fn publish(
        &self,
        host: &DomainName,
        token: &str,
        body: &str,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The body for exactly this token at exactly this host.
    fn read(&self, host: &DomainName, token: &str)
    -> impl Future<Output = Result<Option<String>, ServiceFault>> + Send;

    /// Removes the response; no error if there is none.
    fn withdraw(&self, host: &DomainName, token: &str) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}

/// Whether a change has reached all authoritative servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeState {
    Pending,
    InSync,
}

/// The change to the TXT set of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxtChange {
    /// Makes `values` the set, replacing any earlier one.
    Publish { name: String, values: Vec<String> },
    /// Removes the set if it is exactly `values`.
    Withdraw { name: String, values: Vec<String> },
}

impl TxtChange {
    pub fn publish(name: impl Into<String>, values: &[String]) -> Self {
        Self::Publish { name: name.into(), values: values.to_vec() }
    }

    pub fn withdraw(name: impl Into<String>, values: &[String]) -> Self {
        Self::Withdraw { name: name.into(), values: values.to_vec() }
    }

    pub fn values(&self) -> &[String] {
        match self {
            Self::Publish { values, .. } | Self::Withdraw { values, .. } => values,
        }
    }
}

/// Why none of a request's changes was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// One of the changes does not match what the zone has; the others may.
    #[error("the zone does not take the change: {0}")]
    Refused(String),
    #[error(transparent)]
    Fault(#[from] ServiceFault),
}

/// The delegation zone. Each name has one writer: the endpoint whose label it is.
pub trait TxtZone {
    /// Makes all `changes` in one request, or none of them. Returns the change's id. Safe to repeat.
    ///
    /// Each name at most once, and no more changes and values than one request may have.
    fn change(&self, changes: &[TxtChange]) -> impl Future<Output = Result<String, ZoneError>> + Send;

    fn change_state(&self, change: &str) -> impl Future<Output = Result<ChangeState, ServiceFault>> + Send;

    /// Removes `values` from the TXT set of `name` and keeps others; no error if they are not there.
    ///
    /// Costs up to three calls: for a name whose [`TxtChange::Withdraw`] was refused.
    fn withdraw(&self, name: &str, values: &[String]) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
