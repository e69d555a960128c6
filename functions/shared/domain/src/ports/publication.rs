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

/// The delegation zone. Each name has one writer: the endpoint whose label it is.
pub trait TxtZone {
    /// Makes `values` the TXT set of `name`, replacing any earlier set. Returns the change's id.
    ///
    /// All values of a name in one call: a second call replaces the first.
    fn publish(&self, name: &str, values: &[String]) -> impl Future<Output = Result<String, ServiceFault>> + Send;

    fn change_state(&self, change: &str) -> impl Future<Output = Result<ChangeState, ServiceFault>> + Send;

    /// Removes `values` from the TXT set of `name` and keeps others; fine if they are gone.
    fn withdraw(&self, name: &str, values: &[String]) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
