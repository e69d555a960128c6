use domain::endpoint::{Endpoint, Symptom};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// What is seen of an endpoint in the background, between its renewals.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WatchView {
    #[serde(with = "time::serde::rfc3339")]
    pub looked_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub look_again_at: Option<OffsetDateTime>,
    /// When records and host were last as they must be; null if no look has found them so.
    #[serde(with = "time::serde::rfc3339::option")]
    pub dns_good_at: Option<OffsetDateTime>,
    /// What two looks in a row have found wrong, the gravest first.
    pub symptoms: Vec<Symptom>,
    /// ARNs of what uses the certificate.
    pub used_by: Vec<String>,
}

impl WatchView {
    /// `None` before the first look at the certificate in place.
    pub(super) fn of(endpoint: &Endpoint) -> Option<Self> {
        let health = endpoint.current_health()?;
        Some(Self {
            looked_at: health.looked_at,
            look_again_at: endpoint.health_at,
            dns_good_at: health.dns_good_at,
            symptoms: health.confirmed().cloned().collect(),
            used_by: health.used_by.clone(),
        })
    }
}
