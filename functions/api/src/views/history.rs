use domain::endpoint::{Attempt, Event, Share, StepUsage};
use vocabulary::failure::{Failure, Problem, Subproblem};
use vocabulary::names::Origin;

use super::ToWire;

impl ToWire for Subproblem {
    type Wire = wire::Subproblem;

    fn to_wire(&self) -> wire::Subproblem {
        let Self { name, kind, detail } = self.clone();
        wire::Subproblem { name, kind, detail }
    }
}

impl ToWire for Problem {
    type Wire = wire::AcmeProblem;

    fn to_wire(&self) -> wire::AcmeProblem {
        let Self { kind, detail, subproblems, .. } = self;
        wire::AcmeProblem { kind: kind.clone(), detail: detail.clone(), subproblems: subproblems.to_wire() }
    }
}

impl ToWire for Failure {
    type Wire = wire::Failure;

    fn to_wire(&self) -> wire::Failure {
        wire::Failure {
            name: self.name.to_wire().into(),
            actor: self.guidance.waiting_on.to_wire().into(),
            summary: self.guidance.summary.clone(),
            remedy: self.guidance.next_step().to_owned(),
            retry_after: self.retry_after,
            problem: self.problem.to_wire(),
            record: self.guidance.record.to_wire(),
            check: self.check.clone(),
        }
    }
}

impl ToWire for StepUsage {
    type Wire = wire::StepUsage;

    fn to_wire(&self) -> wire::StepUsage {
        let Self { ref step, milliseconds, ca_requests, route53_calls, began, ended } = *self;
        wire::StepUsage { step: step.to_wire().into(), milliseconds, ca_requests, route53_calls, began, ended }
    }
}

impl ToWire for Attempt {
    type Wire = wire::Attempt;

    fn to_wire(&self) -> wire::Attempt {
        wire::Attempt {
            attempt: self.attempt,
            started_at: self.started_at,
            finished_at: self.finished_at,
            outcome: self.outcome.to_wire().into(),
            // The attempts before and after it decide this.
            set_up: false,
            method: self.method.map(|method| method.to_wire().into()),
            order: self.order.clone(),
            directory: self.directory.clone(),
            failure: self.failure.to_wire(),
            execution: self.execution.clone(),
            steps: self.steps.to_wire(),
        }
    }
}

impl ToWire for Origin {
    type Wire = wire::Origin;

    fn to_wire(&self) -> wire::Origin {
        let Self { who, address, .. } = self.clone();
        wire::Origin { who, address }
    }
}

impl ToWire for Event {
    type Wire = wire::Event;

    fn to_wire(&self) -> wire::Event {
        let Self { id, at, kind, by, summary, .. } = self;
        wire::Event {
            id: id.clone(),
            at: *at,
            kind: kind.to_wire().into(),
            by: by.to_wire(),
            summary: summary.clone(),
            set_up: false,
            endpoint: None,
            domain: None,
        }
    }
}

impl ToWire for Share {
    type Wire = wire::Share;

    fn to_wire(&self) -> wire::Share {
        let Self { id, created_by, created_at, expires_at } = self;
        wire::Share {
            id: id.clone(),
            created_by: created_by.to_wire(),
            created_at: *created_at,
            expires_at: *expires_at,
        }
    }
}
