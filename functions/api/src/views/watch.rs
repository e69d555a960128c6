use domain::endpoint::{Endpoint, Symptom};
use wire::WatchView;

use super::ToWire;

/// `None` before the first health check of the current certificate.
pub(super) fn watch_view(endpoint: &Endpoint) -> Option<WatchView> {
    let health = endpoint.current_health()?;
    Some(WatchView {
        checked_at: health.checked_at,
        next_check_at: endpoint.health_at,
        dns_good_at: health.dns_good_at,
        symptoms: health.confirmed().map(Symptom::to_wire).collect(),
        used_by: health.used_by.clone(),
    })
}

impl ToWire for Symptom {
    type Wire = wire::Symptom;

    fn to_wire(&self) -> wire::Symptom {
        wire::Symptom {
            kind: self.kind.to_wire().into(),
            since: self.since,
            checks: self.checks,
            actor: self.guidance.waiting_on.to_wire().into(),
            summary: self.guidance.summary.clone(),
            remedy: self.guidance.next_step().to_owned(),
            record: self.guidance.record.to_wire(),
        }
    }
}
