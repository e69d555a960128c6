//! What CloudFormation sends (`crpg-ref-requests` of its user guide).

use serde::Deserialize;
use serde_json::{Map, Value};

pub(crate) type Properties = Map<String, Value>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum RequestType {
    Create,
    Update,
    Delete,
    #[serde(other)]
    Unknown,
}

/// One request about one resource of a stack. It may come twice.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    pub request_type: RequestType,
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    pub stack_id: String,
    pub request_id: String,
    pub logical_resource_id: String,
    /// What the answer to an earlier request has called the resource; absent while it is created.
    #[serde(default)]
    pub physical_resource_id: Option<String>,
    // Read apart: whatever is wrong with them has to be answered.
    #[serde(default)]
    pub(crate) resource_properties: Properties,
    #[serde(default)]
    pub(crate) old_resource_properties: Properties,
}
