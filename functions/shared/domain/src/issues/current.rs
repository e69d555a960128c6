//! All issues of an endpoint, each cause once.

use time::OffsetDateTime;
use vocabulary::guidance::WaitingOn;

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::status::EndpointStatus;
use crate::issues::attempts::failed;
use crate::issues::issue::Issue;
use crate::issues::moved::moved;
use crate::issues::observed::{checked, first_records, seen, unproven};
use crate::issues::schedule::{overdue, progress};

/// All that is wrong with `endpoint` at `now`, each cause once.
///
/// Empty exactly if there is a good certificate and nothing prevents the next one.
pub fn issues(endpoint: &Endpoint, now: OffsetDateTime) -> Vec<Issue> {
    let wrong = failed(endpoint, now).into_iter().chain(seen(endpoint, now));
    let all: Vec<Issue> = match (endpoint.removing, moved(endpoint, now)) {
        // The records are those of another registration, so everything wrong with them here is one issue.
        (false, Some(moved)) => {
            let ours = failed(endpoint, now).filter(|issue| issue.owner == WaitingOn::Operator);
            std::iter::once(moved).chain(ours).collect()
        }
        (true, _) => {
            let removal =
                Issue::in_progress("removing", EndpointStatus::Paused, "The endpoint is being removed.", None, now);
            // Nobody needs to resolve the rest before a removal; people are still notified of a failed removal.
            let rest = wrong.map(|issue| Issue { status: EndpointStatus::Paused, ..issue });
            std::iter::once(removal).chain(rest).collect()
        }
        (false, None) => wrong
            .chain(checked(endpoint, now))
            .chain(first_records(endpoint, now))
            .chain(unproven(endpoint, now))
            .chain(overdue(endpoint, now))
            .chain(progress(endpoint, now))
            .collect(),
    };
    let mut found: Vec<Issue> = Vec::new();
    for issue in all {
        // The records that make an attempt fail are those that a check finds wrong: one issue, not two.
        if !found.iter().any(|known| known.cause == issue.cause) {
            found.push(issue);
        }
    }
    found
}
