//! The contract of each port, as tests that run on the fake here and on the adapter against the local cloud.

mod capacity_log;
mod certificates;
mod changes;
mod check_log;
mod claims;
mod digest_log;
mod due_index;
mod endpoints;
mod exports;
mod flows;
mod health;
mod keys;
mod listeners;
mod outcomes;
mod pacing;
mod publication;
mod rate_limits;
mod revocations;
mod room;
mod share_links;
mod shared_causes;
mod suggested_windows;
mod summaries;
mod trail;

pub use capacity_log::capacity_log;
pub use certificates::{certificate_inspector, certificate_store};
pub use changes::changes;
pub use check_log::{check_log, report_of_a_missing_record};
pub use claims::{claims, claims_of_before};
pub use digest_log::digest_log;
pub use due_index::due_index;
pub use endpoints::{attempt_journal, order_of, registry, requests};
pub use exports::key_export;
pub use flows::flow_starter;
pub use health::{health_index, installation_log};
pub use keys::key_vault;
pub use listeners::listeners;
pub use outcomes::{authorizations, outcomes};
pub use pacing::pacing;
pub use publication::{token_store, txt_zone};
pub use rate_limits::{rate_limits, tenants_in_turn};
pub use revocations::revocations;
pub use room::room;
pub use share_links::share_links;
pub use shared_causes::shared_causes;
pub use suggested_windows::advice_index;
pub use summaries::summaries;
pub use trail::audit_trail;

use domain::endpoint::{Endpoint, Event, EventKind};
use time::OffsetDateTime;
use vocabulary::acme::Reachability;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, Origin};

/// An endpoint that no other test has: `seed` goes into its id and its names.
pub fn endpoint(seed: u64, now: OffsetDateTime) -> Endpoint {
    let domain = format!("host-{seed}.example.com");
    let names = EndpointNames::parse(&domain, &[format!("*.wild-{seed}.example.com")], 100).expect("valid names");
    let random = |salt: u64| (u128::from(seed) << 64 | u128::from(salt)).to_be_bytes();
    let (id, label) = (EndpointId::from_random(random(1)), DelegationLabel::from_random(random(2)));
    Endpoint::register(id, format!("tenant-{seed}").parse().expect("valid"), names, Reachability::Internal, label, now)
}

/// The event of a registration.
pub fn registered(endpoint: &Endpoint) -> Event {
    Event::act(EventKind::Registered, Origin::itself(), "Registered.", endpoint.created_at, 0)
}

/// The current time, as a table stores it.
pub fn whole_second() -> OffsetDateTime {
    OffsetDateTime::now_utc().replace_nanosecond(0).expect("zero is a nanosecond")
}
