//! What each port promises, as tests that run on the fake here and on the adapter against the local cloud.

mod advice;
mod certificates;
mod endpoints;
mod flows;
mod keys;
mod publication;

pub use advice::advice_index;
pub use certificates::certificate_store;
pub use endpoints::{attempt_journal, due_index, installed, registry};
pub use flows::flow_starter;
pub use keys::key_vault;
pub use publication::{token_store, txt_zone};

use domain::{DelegationLabel, Endpoint, EndpointId, EndpointNames, Reachability};
use time::OffsetDateTime;

/// An endpoint that no other test has: `seed` goes into its id and its names.
pub fn endpoint(seed: u64, now: OffsetDateTime) -> Endpoint {
    let domain = format!("host-{seed}.example.com");
    let names = EndpointNames::parse(&domain, &[format!("*.wild-{seed}.example.com")], 100).expect("valid names");
    let random = |salt: u64| (u128::from(seed) << 64 | u128::from(salt)).to_be_bytes();
    let (id, label) = (EndpointId::from_random(random(1)), DelegationLabel::from_random(random(2)));
    Endpoint::register(id, format!("tenant-{seed}").parse().expect("valid"), names, Reachability::Internal, label, now)
}

/// The present, as a table keeps it.
pub fn whole_second() -> OffsetDateTime {
    OffsetDateTime::now_utc().replace_nanosecond(0).expect("zero is a nanosecond")
}
