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
