use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::status::EndpointStatus;
use crate::status::StatusReport;

/// The position of an endpoint among those that need attention: the first in the order is the most urgent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Urgency {
    /// Whether anybody but the operator is waited on: the operator's come first in every list.
    pub others: bool,
    pub status: EndpointStatus,
    /// Seconds since 1970; endpoints that do not break come last.
    pub breaks_at: (bool, i64),
    /// As [`vocabulary::names::EndpointNames::primary`] writes it.
    pub domain: String,
    pub endpoint: EndpointId,
}

impl Urgency {
    pub fn of(endpoint: &Endpoint, report: &StatusReport) -> Self {
        let seconds = report.breaks_at.map(OffsetDateTime::unix_timestamp);
        Self {
            others: !report.is_the_operators(),
            status: report.status,
            breaks_at: (seconds.is_none(), seconds.unwrap_or_default()),
            domain: endpoint.names.primary().to_string(),
            endpoint: endpoint.id.clone(),
        }
    }

    /// Whether it is listed among those that need attention.
    pub fn needs_attention(&self) -> bool {
        !matches!(self.status, EndpointStatus::Ready | EndpointStatus::Paused | EndpointStatus::Issuing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_on_the_operator_comes_first_then_the_worst_and_soonest() {
        let urgency = |status, breaks_at: Option<i64>, domain: &str| Urgency {
            others: true,
            status,
            breaks_at: (breaks_at.is_none(), breaks_at.unwrap_or_default()),
            domain: domain.into(),
            endpoint: EndpointId::from_random([7; 16]),
        };
        let sorted = [
            Urgency { others: false, ..urgency(EndpointStatus::Degraded, None, "z.example") },
            urgency(EndpointStatus::ActionRequired, Some(1), "z.example"),
            urgency(EndpointStatus::ActionRequired, Some(2), "a.example"),
            urgency(EndpointStatus::ActionRequired, None, "a.example"),
            urgency(EndpointStatus::Degraded, Some(0), "a.example"),
            urgency(EndpointStatus::Ready, None, "a.example"),
            urgency(EndpointStatus::Ready, None, "b.example"),
        ];
        assert!(sorted.is_sorted());
    }
}
