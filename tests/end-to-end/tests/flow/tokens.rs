//! What an attempt takes of the CA's limits, wherever it dies: one certificate's worth, once it has its certificate.

use domain::acts::Pace;
use vocabulary::acme::{BucketId, Reachability};

use crate::is_settled;
use crate::simulation::{Chaos, LETS_ENCRYPT, Simulation};

#[test]
fn an_attempt_that_dies_anywhere_takes_one_token_of_each_limit_on_certificates() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for whole in [false, true] {
        for effects in 1..60 {
            runtime.block_on(async {
                let simulation = Simulation::new(Chaos { crashes: vec![(effects, whole)], ..Chaos::default() });
                let id = simulation.register("www.example.com", &[], Reachability::Internal).await;
                let before = simulation.endpoint(&id).await.expect("registered");
                simulation.arm();
                simulation.run_until(&id, is_settled).await;
                let directory = "memory://ca/directory";
                for take in Pace::published(LETS_ENCRYPT).takes(&before, directory, simulation.now()) {
                    let lacking = take.limit.capacity - simulation.rate_limits.tokens(&take, simulation.now());
                    match take.bucket {
                        BucketId::Domain { .. } | BucketId::Names { .. } => {
                            assert_eq!(lacking, 1, "{:?}, dead after {effects}", take.bucket);
                        }
                        // They come back within a minute; the CA may have been asked by the one that died, too.
                        _ => assert!(lacking <= 2, "{lacking} orders, dead after {effects}"),
                    }
                }
            });
        }
    }
}
