//! The result of comparing ACM with the table.

use serde::{Deserialize, Serialize};
use vocabulary::names::EndpointId;

/// One requested page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconcile {
    /// Whether to record certificates that the table does not have.
    pub adopt: bool,
    /// [`Reconciled::next`] of the page before; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    /// Certificates of the installation, or endpoints, that were compared.
    pub checked: u32,
    pub differences: Vec<Difference>,
    /// Absent on the last page.
    pub next: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// ACM has a good certificate of the endpoint, and the table another one, or none.
    Unrecorded,
    /// ACM has one that the endpoint does not need.
    Left,
    /// ACM has one whose endpoint is not in the table.
    NoEndpoint,
    /// The table has one that ACM does not have.
    Gone,
}

/// One certificate that only one of the two has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub kind: DifferenceKind,
    pub arn: String,
    /// The first name of the certificate or of its endpoint.
    pub domain: String,
    pub endpoint: Option<EndpointId>,
    /// Whether it was recorded just now.
    pub adopted: bool,
    /// In one sentence, without a capital letter.
    pub detail: String,
    /// The next step; absent if there is none.
    pub action: Option<String>,
}
