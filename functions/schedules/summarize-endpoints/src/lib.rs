//! Sums up all endpoints, part by part, for the overview of each tenant with many of them and for that of all.

use std::collections::BTreeMap;

use domain::overview::Summary;
use domain::ports::{SUMMARY_PARTS, ServiceFault, Summaries, SummaryPart};
use domain::status::status_of;
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use vocabulary::names::{Scope, TenantId};

/// Endpoints read at once: eight reads of fifty, side by side.
const PAGE: u32 = 400;
/// Of a tenant with fewer in a part nothing is kept: its overview reads them.
const MANY_IN_A_PART: usize = 100;
/// No part is walked again before.
const SOONEST: Duration = Duration::minutes(5);
/// The more endpoints, the longer the walk rests: so many are read in an hour at the most, which bounds the cost.
const PER_HOUR: i64 = 720_000;

/// What one run did. Logged, and returned to the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SummaryReport {
    pub endpoints: u64,
    /// Parts that were walked to their end.
    pub parts: u32,
    /// Tenants that have a summary of their own in one of them.
    pub tenants: u64,
    /// Whether time ran out in the middle of a part, of which nothing is kept then.
    pub late: bool,
}

/// Walks the parts that are due, the longest ago first. `clock` returns the time; `has_time` whether another page may be read.
///
/// # Errors
///
/// The fault that kept it from reading or writing; parts that were walked before are kept.
pub async fn summarize<S: Summaries>(
    store: &S,
    clock: impl Fn() -> OffsetDateTime,
    has_time: impl Fn() -> bool,
) -> Result<SummaryReport, ServiceFault> {
    let kept = store.summaries(&Scope::Everything).await?;
    let mut parts: Vec<(Option<OffsetDateTime>, u32)> = (0..SUMMARY_PARTS)
        .map(|number| {
            let known = kept.iter().find(|part| part.part == number);
            (known.map(|part| part.as_of + rest_of(&part.summary)), number)
        })
        .filter(|(again_at, _)| again_at.is_none_or(|again_at| again_at <= clock()))
        .collect();
    parts.sort();
    let mut report = SummaryReport::default();
    for (_, part) in parts {
        let as_of = clock();
        let Some(walked) = walk(store, part, as_of, &has_time).await? else {
            report.late = true;
            break;
        };
        report.endpoints += walked.all.total() as u64;
        report.parts += 1;
        let many = walked.by_tenant.into_iter().filter(|(_, summary)| summary.total() >= MANY_IN_A_PART);
        for (tenant, summary) in many {
            store.save_summary(&Scope::Tenant(tenant), &SummaryPart { part, as_of, summary }).await?;
            report.tenants += 1;
        }
        // Last: it says that the part was walked.
        store.save_summary(&Scope::Everything, &SummaryPart { part, as_of, summary: walked.all }).await?;
    }
    Ok(report)
}

/// How long a part with this summary rests.
fn rest_of(summary: &Summary) -> Duration {
    let endpoints = i64::try_from(summary.total()).unwrap_or(i64::MAX);
    let all = endpoints.saturating_mul(i64::from(SUMMARY_PARTS));
    SOONEST.max(Duration::seconds(all.saturating_mul(3_600) / PER_HOUR))
}

#[derive(Default)]
struct Walked {
    all: Summary,
    by_tenant: BTreeMap<TenantId, Summary>,
}

/// All endpoints of the part; `None` if there was not the time for all.
async fn walk<S: Summaries>(
    store: &S,
    part: u32,
    now: OffsetDateTime,
    has_time: &impl Fn() -> bool,
) -> Result<Option<Walked>, ServiceFault> {
    let (mut walked, mut after) = (Walked::default(), None);
    loop {
        if !has_time() {
            return Ok(None);
        }
        let page = store.list_part(part, after.as_ref(), PAGE).await?;
        for endpoint in &page.endpoints {
            let report = status_of(endpoint, now);
            walked.all.add(endpoint, &report, now);
            walked.all.in_use.add(endpoint, now);
            walked.by_tenant.entry(endpoint.tenant.clone()).or_default().add(endpoint, &report, now);
        }
        after = page.next;
        if after.is_none() {
            return Ok(Some(walked));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::endpoint::EndpointStatus;
    use domain::ports::Registry;
    use testkit::{MemoryEndpoints, contracts};
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    /// So many endpoints of one tenant, and one of another.
    async fn endpoints(count: u64) -> (MemoryEndpoints, TenantId) {
        let endpoints = MemoryEndpoints::default();
        let tenant: TenantId = "large".parse().expect("valid");
        for number in 0..=count {
            let mut endpoint = contracts::endpoint(number, NOW);
            if number < count {
                endpoint.tenant = tenant.clone();
            }
            endpoints.register(&endpoint, &contracts::registered(&endpoint), None).await.expect("registered");
        }
        (endpoints, tenant)
    }

    async fn kept(endpoints: &MemoryEndpoints, scope: &Scope) -> Summary {
        let mut whole = Summary::default();
        let parts = endpoints.summaries(scope).await.expect("in memory");
        parts.into_iter().for_each(|part| whole.merge(part.summary));
        whole
    }

    #[tokio::test]
    async fn every_endpoint_is_counted_once_and_a_large_tenant_has_its_own_summary() {
        let (endpoints, tenant) = endpoints(1200).await;
        let report = summarize(&endpoints, || NOW, || true).await.expect("in memory");
        assert_eq!(report, SummaryReport { endpoints: 1201, parts: 4, tenants: 4, late: false });
        let all = kept(&endpoints, &Scope::Everything).await;
        assert_eq!((all.total(), all.counts[&EndpointStatus::Issuing]), (1201, 1201));
        assert_eq!(kept(&endpoints, &Scope::Tenant(tenant)).await.total(), 1200);
        let small = contracts::endpoint(1200, NOW).tenant;
        assert_eq!(kept(&endpoints, &Scope::Tenant(small)).await.total(), 0, "a small one is read when it is shown");
    }

    #[tokio::test]
    async fn a_part_is_summarized_again_after_a_pause() {
        let (endpoints, _) = endpoints(3).await;
        let run = async |now| summarize(&endpoints, || now, || true).await.expect("in memory").parts;
        assert_eq!(run(NOW).await, SUMMARY_PARTS);
        assert_eq!(run(NOW + SOONEST - Duration::SECOND).await, 0);
        assert_eq!(run(NOW + SOONEST).await, SUMMARY_PARTS);
    }

    #[test]
    fn a_million_endpoints_are_read_at_a_bounded_rate() {
        let summary = |count: usize| Summary { counts: [(EndpointStatus::Ready, count)].into(), ..Summary::default() };
        assert_eq!(rest_of(&summary(100)), SOONEST);
        let rest = rest_of(&summary(250_000));
        assert!(Duration::minutes(83) < rest && rest < Duration::minutes(84), "{rest}");
    }

    #[tokio::test]
    async fn an_unfinished_part_keeps_its_last_summary() {
        let (endpoints, _) = endpoints(3).await;
        summarize(&endpoints, || NOW, || true).await.expect("in memory");
        let before = endpoints.summaries(&Scope::Everything).await;
        let later = NOW + Duration::HOUR;
        let report = summarize(&endpoints, || later, || false).await.expect("in memory");
        assert_eq!((report.late, report.parts), (true, 0));
        assert_eq!(endpoints.summaries(&Scope::Everything).await, before);
    }
}
