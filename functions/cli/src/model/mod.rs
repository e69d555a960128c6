//! The API's objects, as far as this program looks into them. Fields it does not know are left alone.

mod attempt;
mod check;
mod endpoint;
mod event;
mod installation;
mod record;

pub(crate) use attempt::{Attempt, AttemptList, Outcome, Started, Step};
pub(crate) use check::{Finding, Found, Preflight, Provider, Serving, Severity};
pub(crate) use endpoint::{
    Certificate, Change, Deployment, Endpoint, EndpointPage, Failure, Mover, Registration, Verdict, Watch,
};
pub(crate) use event::{Event, EventList, NewShare, Share, ShareList};
pub(crate) use installation::{CallerView, Installation, InstallationCheck, Level};
pub(crate) use record::{CheckedRecord, Record, RecordList, RecordStatus};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::terminal::output::disarm;

/// What the API answered: the object itself for programs, and what was understood of it for people.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) json: Value,
    /// Its texts may be printed on a terminal.
    pub(crate) seen: T,
}

impl<T: DeserializeOwned> Answer<T> {
    pub(crate) fn read(json: Value) -> Result<Self, serde_json::Error> {
        let mut harmless = json.clone();
        disarm(&mut harmless);
        Ok(Self { seen: serde_json::from_value(harmless)?, json })
    }
}
