use std::future::Future;

use vocabulary::names::DomainName;

use vocabulary::failure::ServiceFault;

/// Where HTTP-01 responses lie until the CA has fetched them.
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

    /// Takes the response away; fine if it is gone.
    fn withdraw(&self, host: &DomainName, token: &str) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}

/// Whether a change has reached all authoritative servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeState {
    Pending,
    InSync,
}

/// What is to become of the TXT set of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxtChange {
    /// Makes `values` the set, replacing any earlier one.
    Publish { name: String, values: Vec<String> },
    /// Removes the set, if it is exactly `values`.
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

/// Why no change of a request was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// One of the changes does not fit what the zone holds; the others may.
    #[error("the zone does not take the change: {0}")]
    Refused(String),
    #[error(transparent)]
    Fault(#[from] ServiceFault),
}

/// The delegation zone. Each name has one writer: the endpoint whose label it is.
pub trait TxtZone {
    /// Makes all `changes` in one request, or none of them. Returns the change's id. Safe to repeat.
    ///
    /// Each name once; no more changes and values than a request may have.
    fn change(&self, changes: &[TxtChange]) -> impl Future<Output = Result<String, ZoneError>> + Send;

    fn change_state(&self, change: &str) -> impl Future<Output = Result<ChangeState, ServiceFault>> + Send;

    /// Removes `values` from the TXT set of `name` and keeps others; fine if they are gone.
    ///
    /// Costs up to three calls: for a name whose [`TxtChange::Withdraw`] was refused.
    fn withdraw(&self, name: &str, values: &[String]) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
