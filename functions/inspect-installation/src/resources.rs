//! What must be there, and may be checked.

use std::collections::BTreeSet;

use domain::installation::{Facts, InstallationCheck, Resource, ResourceState};
use domain::ports::{FaultKind, ServiceFault};

use crate::{failed, ok, unseen};

/// Whether this function may read everything. What it may not read, the others may not use either: one policy of the
/// account that forbids a service forbids it to all of them.
pub(crate) fn permissions(facts: &Facts) -> InstallationCheck {
    let resources = facts.resources.iter().filter_map(|resource| resource.state.as_ref().err());
    let others = [
        facts.zone.as_ref().err(),
        facts.alarms.as_ref().err(),
        facts.subscriptions.as_ref().err(),
        facts.records_to_writer.as_ref().err(),
        facts.dead_letters.as_ref().err(),
        facts.refused.as_ref().err(),
        facts.long_attempts.as_ref().err(),
        facts.imported.as_ref().err(),
        facts.capacity.as_ref().err(),
    ];
    let accounts = facts.authorities.iter().map(|authority| authority.account.as_ref().err());
    let tasks = facts.tasks.iter().flat_map(|task| [task.schedule.as_ref().err(), task.last_run.as_ref().err()]);
    let denied = |fault: &&ServiceFault| fault.kind == FaultKind::Denied;
    let faults: Vec<_> =
        resources.chain(others.into_iter().chain(accounts).chain(tasks).flatten()).filter(denied).collect();
    let operations: BTreeSet<_> = faults.iter().map(|fault| fault.operation).collect();
    match faults.first() {
        None => ok("permissions", "All resources of the installation can be read."),
        Some(first) => failed(
            "permissions",
            format!(
                "Denied: {}. The first answer was: {}",
                operations.into_iter().collect::<Vec<_>>().join(", "),
                first.detail
            ),
            "Deploy the stack again, which restores the roles: make deploy. If it is still denied, check the account's \
             service control policies, permissions boundaries and key policies.",
        ),
    }
}

pub(crate) fn resources(resources: &[Resource]) -> InstallationCheck {
    const NAME: &str = "resources";
    let faulty = resources.iter().filter_map(|resource| Some((resource, resource.state.as_ref().err()?)));
    // What was denied is reported by the permissions; a resource that is gone comes before one that is silent.
    let told = faulty.filter(|(_, fault)| fault.kind != FaultKind::Denied);
    if let Some((resource, fault)) = told.max_by_key(|(_, fault)| fault.kind == FaultKind::Refused) {
        let check = unseen(NAME, fault);
        return InstallationCheck { detail: format!("{}: {}", resource.name, check.detail), ..check };
    }
    let idle: Vec<_> = resources
        .iter()
        .filter_map(|resource| match &resource.state {
            Ok(ResourceState::NotReady(why)) => Some(format!("{} ({why})", resource.name)),
            _ => None,
        })
        .collect();
    if !idle.is_empty() {
        return failed(
            NAME,
            format!("Not ready: {}.", idle.join(", ")),
            "If a deployment is running, wait for its end. If not, deploy the stack again: make deploy. To enable a \
             disabled KMS key: aws kms enable-key --key-id ARN (the output KeysKeyArn).",
        );
    }
    ok(
        NAME,
        format!(
            "All {} resources (tables, keys, buckets, functions, state machines) exist and are ready.",
            resources.len()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{denied, facts, gone, is_failed, is_ok};

    #[test]
    fn what_is_denied_is_named_by_its_operation_once() {
        let mut facts = facts();
        assert!(is_ok(&permissions(&facts)));
        facts.alarms = Err(denied("cloudwatch:DescribeAlarms"));
        for resource in &mut facts.resources {
            resource.state = Err(denied("dynamodb:DescribeTable"));
        }
        let check = permissions(&facts);
        assert!(is_failed(&check));
        assert!(
            check.detail.starts_with("Denied: cloudwatch:DescribeAlarms, dynamodb:DescribeTable."),
            "{}",
            check.detail
        );
    }

    #[test]
    fn a_resource_that_is_gone_or_idle_is_named() {
        let mut facts = facts();
        assert!(is_ok(&resources(&facts.resources)));
        facts.resources[0].state = Ok(ResourceState::NotReady("PendingDeletion".into()));
        let check = resources(&facts.resources);
        assert!(is_failed(&check) && check.detail.contains("EndpointsTable (PendingDeletion)"), "{}", check.detail);
        facts.resources[1].state = Err(gone("lambda:GetFunctionConfiguration"));
        let check = resources(&facts.resources);
        assert!(is_failed(&check) && check.detail.starts_with("function settle-attempt: "), "{}", check.detail);
    }
}
