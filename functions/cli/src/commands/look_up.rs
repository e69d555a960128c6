//! The commands that change nothing.

use serde_json::Value;

use super::{Session, now};
use crate::arguments::EndpointName;
use crate::model::Record;
use crate::render;
use crate::trouble::Trouble;

pub(super) async fn list(session: &Session) -> Result<(), Trouble> {
    let endpoints = session.api.endpoints().await?;
    session.print(&endpoints.json, |look| render::endpoint_list(look, &endpoints.seen, now()))
}

pub(super) async fn show(session: &Session, name: &EndpointName) -> Result<(), Trouble> {
    let endpoint = session.api.endpoint(name).await?;
    session.print(&endpoint.json, |look| render::endpoint_page(look, &endpoint.seen, now()))
}

pub(super) async fn records(session: &Session, name: &EndpointName) -> Result<(), Trouble> {
    let records = session.api.records(name).await?;
    // Read anew, so that a program gets the four fields and no more, with the texts as they are.
    let exact: Vec<Record> =
        serde_json::from_value(records.json["records"].clone()).expect("was read as records before");
    session.print(&exact, |look| render::record_table(look, &records.seen.records))
}

pub(super) async fn history(session: &Session, name: &EndpointName) -> Result<(), Trouble> {
    let attempts = session.api.attempts(name).await?;
    let json: &Value = &attempts.json["attempts"];
    session.print(json, |look| render::history(look, &attempts.seen.attempts))
}
