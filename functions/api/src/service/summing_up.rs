//! The stored summary of many endpoints, updated with what people did since.

use domain::endpoint::{Endpoint, EndpointStatus};
use domain::overview::{Summary, Urgency};
use domain::ports::{EndpointReader, SUMMARY_PARTS, Summaries};
use domain::status::status_of;
use time::{Duration, OffsetDateTime};
use vocabulary::names::Scope;

use super::{Ports, Service};
use crate::http::problem::Problem;

/// Fewer endpoints are read one by one, which is exact.
const MANY: usize = 2_000;
/// A change matters most to the person who made it, who sees it at once.
const MOST_CHANGES: u32 = 20;
/// A part that no walk has updated for so long is not used.
const OLDEST: Duration = Duration::hours(12);

/// All endpoints of a scope.
pub(super) struct SummedUp {
    pub(super) summary: Summary,
    /// When its oldest part was walked.
    pub(super) as_of: OffsetDateTime,
    /// What somebody changed since, as it is now.
    pub(super) read: Vec<Endpoint>,
}

impl<P: Ports> Service<P> {
    /// The stored summary of the scope; `None` where there are few endpoints, or no walk has finished yet.
    pub(super) async fn summed_up(&self, scope: &Scope, now: OffsetDateTime) -> Result<Option<SummedUp>, Problem> {
        let parts = self.store().summaries(scope).await?;
        let mut parts: Vec<_> = parts.into_iter().filter(|part| now - part.as_of < OLDEST).collect();
        if matches!(scope, Scope::Tenant(_)) && !parts.is_empty() {
            // Walks store nothing for a tenant that has become small, so what an earlier one stored is outdated.
            let walks = self.store().summaries(&Scope::Everything).await?;
            parts.retain(|part| walks.iter().all(|walk| walk.part != part.part || walk.as_of <= part.as_of));
        }
        let whole = (0..SUMMARY_PARTS).all(|number| parts.iter().any(|part| part.part == number));
        let Some(as_of) = parts.iter().map(|part| part.as_of).min().filter(|_| whole) else { return Ok(None) };
        let times: Vec<_> = parts.iter().map(|part| (part.part, part.as_of)).collect();
        let mut summary = Summary::default();
        parts.into_iter().for_each(|part| summary.merge(part.summary));
        if summary.total() < MANY {
            return Ok(None);
        }
        let mut changes = self.store().recent_changes(scope, MOST_CHANGES).await?;
        // The oldest of an endpoint's changes knows how it had been counted.
        changes.reverse();
        let (mut seen, mut read) = (Vec::new(), Vec::new());
        for change in changes {
            let part = change.endpoint.shard(SUMMARY_PARTS);
            let counted = times.iter().any(|(number, as_of)| *number == part && change.at < *as_of);
            if counted || seen.contains(&change.endpoint) {
                continue;
            }
            let found = self.store().find(&change.endpoint).await?;
            let now_is = found.as_ref().map(|endpoint| Urgency::of(endpoint, &status_of(endpoint, now)));
            summary.moved(&change.endpoint, change.was, now_is);
            read.extend(found);
            seen.push(change.endpoint);
        }
        Ok(Some(SummedUp { summary, as_of, read }))
    }

    /// Notes what somebody did to `endpoint`, which had been counted as `was`. An overview that misses it shows it after
    /// the next walk.
    pub(super) async fn note(&self, endpoint: &Endpoint, was: Option<EndpointStatus>, now: OffsetDateTime) {
        if let Err(fault) = self.store().note_change(endpoint, was, now).await {
            tracing::warn!(endpoint = %endpoint.id, %fault, "a change is not noted for the overview");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ports::{Registry, SummaryPart};
    use testkit::contracts;
    use vocabulary::names::EndpointId;

    use crate::service::fixture::Fixture;

    const PER_PART: usize = MANY / SUMMARY_PARTS as usize;

    /// As a walk leaves it: so many that are ready.
    async fn walked(fixture: &Fixture, scope: &Scope, at: OffsetDateTime) {
        for part in 0..SUMMARY_PARTS {
            let summary = Summary { counts: [(EndpointStatus::Ready, PER_PART)].into(), ..Summary::default() };
            fixture.service.store().save_summary(scope, &SummaryPart { part, as_of: at, summary }).await.expect("kept");
        }
    }

    #[tokio::test]
    async fn many_endpoints_are_counted_by_the_last_summary_and_the_changes_since() {
        let fixture = Fixture::new().await;
        let (service, now) = (&fixture.service, fixture.now);
        let scope = Scope::Everything;
        assert!(service.summed_up(&scope, now).await.expect("answers").is_none(), "no walk has been round");
        walked(&fixture, &scope, now - Duration::HOUR).await;
        let fresh = contracts::endpoint(77, now);
        service.store().register(&fresh, &contracts::registered(&fresh), None).await.expect("registered");
        service.note(&fresh, None, now).await;
        let gone = EndpointId::from_random([9; 16]);
        service.note(&Endpoint { id: gone, ..fresh.clone() }, Some(EndpointStatus::Ready), now).await;
        let SummedUp { summary, as_of, .. } = service.summed_up(&scope, now).await.expect("answers").expect("many");
        assert_eq!((summary.total(), as_of), (MANY, now - Duration::HOUR), "one more, and one less");
        assert_eq!(summary.counts[&status_of(&fresh, now).status], 1);
        walked(&fixture, &scope, now + Duration::SECOND).await;
        let later = now + Duration::MINUTE;
        let summed = service.summed_up(&scope, later).await.expect("answers").expect("many");
        assert_eq!(
            summed.summary.counts.get(&EndpointStatus::Ready),
            Some(&MANY),
            "what the walk has seen is not counted twice"
        );
        assert!(service.summed_up(&scope, later + OLDEST).await.expect("answers").is_none(), "it is too old");
    }

    #[tokio::test]
    async fn the_stored_summary_of_a_tenant_that_became_small_is_ignored() {
        let fixture = Fixture::new().await;
        let (service, now) = (&fixture.service, fixture.now);
        let own = Scope::Tenant(fixture.endpoint.tenant.clone());
        walked(&fixture, &own, now - Duration::HOUR).await;
        walked(&fixture, &Scope::Everything, now - Duration::HOUR).await;
        assert!(service.summed_up(&own, now).await.expect("answers").is_some());
        walked(&fixture, &Scope::Everything, now - Duration::MINUTE).await;
        assert!(service.summed_up(&own, now).await.expect("answers").is_none());
    }
}
