//! What the CA said at the last attempt, with records that are right by now.

use anyhow::Result;
use diagnosis::catalogue::Check;
use diagnosis::report::CheckReport;
use time::macros::datetime;
use vocabulary::acme::{CaRequest, Refusal};
use vocabulary::failure::{Failure, Problem, Subproblem};
use vocabulary::guidance::WaitingOn::{Ca, DomainOwner, Operator};

use crate::Case;
use crate::cases::case;
use crate::fixture::Fixture;

pub(crate) const CASES: [Case; 5] = [
    case!(DomainLimit, Ca, "a 429 that names the registered domain and the time", "No action needed", domain_limit),
    case!(RateLimited, Ca, "a 429 for another limit, with Retry-After", "No action needed", rate_limited),
    case!(NamePaused, Operator, "a 429 of a paused name", "then open https://portal.test/unpause?jwt=a.b.c", paused),
    case!(OrderFailed, DomainOwner, "an order refused for two of its names", "off the endpoint", refused),
    case!(
        OrderFailed,
        DomainOwner,
        "a validation refused as `connection`, from other networks",
        "The CA asks from several networks",
        invalid
    ),
];

/// A healthy internal endpoint whose last attempt failed so.
async fn after(fixture: &Fixture<'_>, name: &str, failure: Failure) -> Result<CheckReport> {
    let zone = fixture.zone(name).await?;
    let host = format!("shop.{name}");
    fixture.delegate(&zone, &host).await?;
    let mut subject = fixture.internal(&host);
    subject.failure = Some(failure);
    Ok(fixture.probe(&subject).await)
}

fn limited(detail: &str, retry_after: Option<time::OffsetDateTime>) -> Failure {
    let problem = Problem::new("rateLimited", detail);
    Refusal { problem, status: Some(429), retry_after }.to_failure(CaRequest::NewOrder, None)
}

async fn domain_limit(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let domain = fixture.name("limited");
    let detail = format!(
        "too many certificates (50) already issued for \"{domain}\" in the last 168h0m0s, retry after 2026-11-25 12:00:00 UTC: see https://ca.test/limits"
    );
    after(fixture, "limited", limited(&detail, None)).await
}

async fn rate_limited(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let failure = limited("too many new orders (300) in the last 3h0m0s", Some(datetime!(2026-11-24 12:30 UTC)));
    after(fixture, "busy", failure).await
}

async fn paused(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let name = fixture.name("shop.paused");
    let detail = format!(
        "Your account is temporarily prevented from requesting certificates for {name} and possibly others. Please visit: https://portal.test/unpause?jwt=a.b.c"
    );
    after(fixture, "paused", limited(&detail, None)).await
}

async fn refused(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let sub = |name: &str, kind: &str, detail: &str| Subproblem {
        name: Some(fixture.name(name)),
        kind: kind.into(),
        detail: detail.into(),
    };
    let problem = Problem::new("malformed", "Error creating new order").with_subproblems(vec![
        sub("shop.refused", "rejectedIdentifier", "forbidden by policy"),
        sub("www.refused", "malformed", "<b>not a name</b>"),
    ]);
    after(fixture, "refused", Refusal::from(problem).to_failure(CaRequest::NewOrder, None)).await
}

async fn invalid(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let problem = Problem::new(
        "connection",
        "During secondary validation: 192.0.2.7: Timeout during connect (likely firewall problem)",
    );
    let refusal = Refusal::from(problem);
    let first = refusal.to_failure(CaRequest::Challenge, None);
    after(fixture, "fenced", refusal.to_failure(CaRequest::Challenge, Some(&first))).await
}
