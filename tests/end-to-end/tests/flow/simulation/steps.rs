//! The steps as the definition calls them, with the ports of the simulation.

use std::panic::AssertUnwindSafe;

use domain::flow::{Progress, RecordJob, Status, StepInput};
use futures::FutureExt;
use serde_json::{Value, json};
use testkit::MemoryCa;
use vocabulary::failure::Failure;

use super::{Simulation, ZONE, expect_crash};
use crate::machine::Invocation;

/// What the definition calls the queue of the zone's writer.
const QUEUE: &str = "${SendAndWaitArn}";
const PRESENT: &str = "${PresentChallengeFunctionArn}";

impl Simulation {
    pub(super) async fn invoke(&self, resource: &str, input: Value) -> Invocation {
        let result = match resource {
            QUEUE => {
                let job = serde_json::from_value(input["MessageBody"].clone()).expect("the message is a RecordJob");
                AssertUnwindSafe(self.write_records(job)).catch_unwind().await
            }
            PRESENT if self.presents_as_before.get() => Ok(self.present_and_publish(input).await),
            function => {
                let input: StepInput = serde_json::from_value(input).expect("the state is a StepInput");
                AssertUnwindSafe(self.step(function, &input)).catch_unwind().await
            }
        };
        match result {
            Ok(Ok(progress)) => Invocation::Returned(serde_json::to_value(progress).expect("plain data")),
            Ok(Err(failure)) => {
                let message = serde_json::to_string(&failure).expect("plain data");
                let cause = json!({"errorType": failure.name, "errorMessage": message}).to_string();
                Invocation::Failed { error: failure.name.to_string(), cause }
            }
            Err(payload) => {
                expect_crash(payload);
                match self.crashed() {
                    true => Invocation::Dead,
                    false => Invocation::Failed { error: "Runtime.ExitError".into(), cause: "{}".into() },
                }
            }
        }
    }

    /// As present-challenge did in the previous release.
    async fn present_and_publish(&self, state: Value) -> Result<Progress, Failure> {
        let input: StepInput = serde_json::from_value(state.clone()).expect("the state is a StepInput");
        let progress = self.step(PRESENT, &input).await?;
        if progress.status != Status::RecordsWanted {
            return Ok(progress);
        }
        let message = json!({"task_token": "t", "work": "publish", "input": state});
        self.write_records(serde_json::from_value(message).expect("a RecordJob")).await
    }

    /// As the writer of the delegation zone does with a batch of one.
    async fn write_records(&self, job: RecordJob) -> Result<Progress, Failure> {
        let ports = write_records::Ports {
            journal: &self.endpoints,
            zone: &self.zone,
            delegation_zone: ZONE,
            memory: &self.writer,
        };
        write_records::write_records(&ports, &[job], self.now()).await.remove(0)
    }

    async fn step(&self, resource: &str, input: &StepInput) -> Result<Progress, Failure> {
        let (endpoints, keys, now) = (&self.endpoints, &self.keys, self.now());
        let (cas, authorities) = (self.cas.borrow().clone(), self.authorities.borrow().clone());
        let cas = cas.as_slice();
        match resource {
            "${OpenOrderFunctionArn}" => {
                let ports = open_order::Ports {
                    journal: endpoints,
                    keys,
                    cas,
                    authorities: &authorities,
                    dns: &self.dns,
                    prober: &self.prober,
                    rate_limits: &self.rate_limits,
                    platform: &self.platform,
                    move_grace: domain::acts::MOVE_GRACE,
                };
                open_order::open_order(&ports, input, now).await
            }
            PRESENT => present_challenge::present_challenge(endpoints, &self.tokens, input).await,
            "${CheckPropagationFunctionArn}" => {
                let ports = check_propagation::Ports {
                    endpoints,
                    dns: &self.dns,
                    probe: &self.probe,
                    prober: &self.prober,
                    platform: &self.platform,
                    issuer: &MemoryCa::issuer(),
                    longest: check_propagation::LONGEST,
                };
                check_propagation::check_propagation(&ports, input, now).await
            }
            "${SubmitChallengeFunctionArn}" => submit_challenge::submit_challenge(endpoints, cas, input, now).await,
            "${FinalizeOrderFunctionArn}" => {
                let ports = finalize_order::Ports { journal: endpoints, keys, cas, pacing: &self.pacing };
                finalize_order::finalize_order(&ports, input, now).await
            }
            "${ImportCertificateFunctionArn}" => {
                let (destinations, exports) = (&self.destinations, &self.exports);
                let ports = import_certificate::Ports { journal: endpoints, keys, destinations, exports };
                import_certificate::import_certificate(&ports, input, now, 0.5).await
            }
            "${CleanUpChallengeFunctionArn}" => {
                clean_up_challenge::clean_up_challenge(endpoints, &self.tokens, input).await
            }
            "${SettleAttemptFunctionArn}" => {
                let (destinations, notifier, causes) = (&self.destinations, &self.notifier, &self.causes);
                let traces = &self.traces;
                let ports = settle_attempt::Ports {
                    journal: endpoints,
                    keys,
                    destinations,
                    notifier,
                    causes,
                    traces,
                    exports: &self.exports,
                    policy: domain::alert::NotificationPolicy::default(),
                    unproven_patience: domain::endpoint::UNPROVEN_PATIENCE,
                    setup_messages: vocabulary::certificate::TenantLimits::default().messages,
                };
                settle_attempt::settle_attempt(&ports, input, now, 0.5).await.map(|settled| settled.progress)
            }
            other => panic!("the definition names {other}, which is no step"),
        }
    }
}
