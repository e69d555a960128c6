//! In-memory ports, and the contract tests that each port must pass, on fake and adapter alike.
//!
//! A dev-dependency only. Each fake calls `Fuse::burn` after each side effect: a test that sets the fuse makes the process die
//! exactly there.

mod ca;
mod certificates;
pub mod contracts;
mod destinations;
mod endpoints;
mod exports;
mod fixture;
mod fuse;
pub mod fuzz;
pub mod inspection;
mod keys;
mod messages;
mod network;
mod pacing;
mod prober;
mod publication;
mod rate_limits;
pub mod samples;
mod shared_causes;

pub use ca::MemoryCa;
pub use certificates::{ImportedCertificate, MemoryCertificates, installed, installed_for};
pub use destinations::{MemoryDestinations, MemoryListeners, MemoryQuotas};
pub use endpoints::MemoryEndpoints;
pub use exports::{ExportedSecret, MemoryExports};
pub use fixture::Fixture;
pub use fuse::{Crash, Fuse};
pub use keys::MemoryKeys;
pub use messages::{MemoryFlows, MemoryNotifier, MemoryTraces};
pub use network::{MemoryDns, MemoryProbe};
pub use pacing::MemoryPacing;
pub use prober::{MemoryInspector, MemoryProber};
pub use proptest;
pub use publication::{MemoryTokens, MemoryZone};
pub use rate_limits::MemoryRateLimits;
pub use shared_causes::MemorySharedCauses;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ports::Registry;

    #[tokio::test]
    async fn the_fakes_keep_the_promises_of_their_ports() {
        let host = "bank.example.com".parse().expect("a valid name");
        let id = vocabulary::names::EndpointId::from_random([9; 16]);
        contracts::token_store(&MemoryTokens::default(), &host).await;
        let zone = MemoryZone::default();
        contracts::txt_zone(&zone, "label.zone.example", async |name| zone.values(name).into_iter().collect()).await;
        contracts::key_vault(&MemoryKeys::default(), &id).await;
        let exports = MemoryExports::default();
        contracts::key_export(&exports, &id, async || exports.current(&id)).await;
        contracts::flow_starter(&MemoryFlows::default(), &id).await;
        contracts::room(&MemoryFlows::with_room(8)).await;
        contracts::certificate_store(&MemoryCertificates::default(), &id, "bank.example.com").await;
        contracts::certificate_inspector(&MemoryCertificates::default(), &id, "seen.example.com").await;
        let listeners = MemoryListeners::default();
        let named = |id: &str| {
            let arn = format!("arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/edge/1/{id}");
            arn.parse().expect("a listener")
        };
        let [default, other] = ["1", "2"].map(|id| format!("arn:aws:acm:eu-central-1:000000000000:certificate/{id}"));
        listeners.create(&named("1"), Some(&default));
        contracts::listeners(&listeners, &named("1"), &default, &other, &named("2")).await;
        contracts::registry(&MemoryEndpoints::default(), 1).await;
        contracts::due_index(&MemoryEndpoints::default(), 2).await;
        contracts::attempt_journal(&MemoryEndpoints::default(), 3).await;
        contracts::advice_index(&MemoryEndpoints::default(), 9).await;
        contracts::changes(&MemoryEndpoints::default(), 4).await;
        contracts::claims(&MemoryEndpoints::default(), 70).await;
        let (before, store) = (contracts::endpoint(72, contracts::whole_second()), MemoryEndpoints::default());
        store.register(&before, &contracts::registered(&before), None).await.expect("registered");
        store.as_of_the_previous_release(&before).await;
        contracts::claims_of_before(&store, &before).await;
        contracts::revocations(&MemoryEndpoints::default(), 45).await;
        contracts::requests(&MemoryEndpoints::default(), 5).await;
        contracts::audit_trail(&MemoryEndpoints::default(), 6).await;
        contracts::share_links(&MemoryEndpoints::default(), 7).await;
        contracts::check_log(&MemoryEndpoints::default(), 8).await;
        contracts::digest_log(&MemoryEndpoints::default(), 30).await;
        contracts::shared_causes(&MemorySharedCauses::default(), 10).await;
        contracts::health_index(&MemoryEndpoints::default(), 50).await;
        contracts::summaries(&MemoryEndpoints::default(), 70).await;
        contracts::installation_log(&MemoryEndpoints::default()).await;
        contracts::capacity_log(&MemoryEndpoints::default()).await;
        contracts::rate_limits(&MemoryRateLimits::default(), 10).await;
        contracts::tenants_in_turn(&MemoryRateLimits::default(), 12).await;
        contracts::pacing(&MemoryPacing::default(), 1).await;
        let buckets = MemoryRateLimits::default();
        contracts::outcomes(&MemoryEndpoints::default().beside(&buckets), &buckets, 11).await;
        contracts::authorizations(&MemoryEndpoints::default(), 12).await;
    }
}
