//! In-memory ports, and the test bank that each port must pass on fake and adapter alike.
//!
//! A dev-dependency only. Each fake calls `Fuse::burn` after each of its side effects: a test that sets
//! the fuse sees the process die right there.

pub mod banks;
mod budgets;
mod ca;
mod certificates;
mod destinations;
mod endpoints;
mod fuse;
mod keys;
mod looking;
mod messages;
mod network;
mod publication;
pub mod samples;
mod scene;
mod shared_causes;

pub use budgets::MemoryBudgets;
pub use ca::MemoryCa;
pub use certificates::{ImportedCertificate, MemoryCertificates, installed, installed_for};
pub use destinations::{MemoryDestinations, MemoryListeners};
pub use endpoints::MemoryEndpoints;
pub use fuse::{Crash, Fuse};
pub use keys::MemoryKeys;
pub use looking::{MemoryInspector, MemoryLooker};
pub use messages::{MemoryFlows, MemoryNotifier, MemoryTraces};
pub use network::{MemoryDns, MemoryProbe};
pub use proptest;
pub use publication::{MemoryTokens, MemoryZone};
pub use scene::Scene;
pub use shared_causes::MemorySharedCauses;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_fakes_keep_the_promises_of_their_ports() {
        let host = "bank.example.com".parse().expect("a valid name");
        let id = vocabulary::names::EndpointId::from_random([9; 16]);
        banks::token_store(&MemoryTokens::default(), &host).await;
        let zone = MemoryZone::default();
        banks::txt_zone(&zone, "label.zone.example", async |name| zone.values(name).into_iter().collect()).await;
        banks::key_vault(&MemoryKeys::default(), &id).await;
        banks::flow_starter(&MemoryFlows::default(), &id).await;
        banks::certificate_store(&MemoryCertificates::default(), &id, "bank.example.com").await;
        banks::certificate_inspector(&MemoryCertificates::default(), &id, "seen.example.com").await;
        let listeners = MemoryListeners::default();
        let named = |id: &str| {
            let arn = format!("arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/edge/1/{id}");
            arn.parse().expect("a listener")
        };
        let [default, other] = ["1", "2"].map(|id| format!("arn:aws:acm:eu-central-1:000000000000:certificate/{id}"));
        listeners.create(&named("1"), Some(&default));
        banks::listeners(&listeners, &named("1"), &default, &other, &named("2")).await;
        banks::registry(&MemoryEndpoints::default(), 1).await;
        banks::due_index(&MemoryEndpoints::default(), 2).await;
        banks::attempt_journal(&MemoryEndpoints::default(), 3).await;
        banks::advice_index(&MemoryEndpoints::default(), 9).await;
        banks::changes(&MemoryEndpoints::default(), 4).await;
        banks::requests(&MemoryEndpoints::default(), 5).await;
        banks::audit_trail(&MemoryEndpoints::default(), 6).await;
        banks::share_links(&MemoryEndpoints::default(), 7).await;
        banks::check_log(&MemoryEndpoints::default(), 8).await;
        banks::digest_log(&MemoryEndpoints::default(), 30).await;
        banks::shared_causes(&MemorySharedCauses::default(), 10).await;
        banks::health_index(&MemoryEndpoints::default(), 50).await;
        banks::engine_log(&MemoryEndpoints::default()).await;
        banks::budgets(&MemoryBudgets::default(), 10).await;
    }
}
