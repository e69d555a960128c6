//! Which endpoints are listed, and where a page begins.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::endpoint::{Endpoint, EndpointStatus};
use domain::issues::{Issue, issues};
use domain::overview::Urgency;
use domain::ports::Position;
use domain::status::StatusReport;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::{IntoParams, ToSchema};
use vocabulary::acme::Reachability;
use vocabulary::former_names::name_now;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::{Caller, CertificateName, EndpointId, Scope};
use vocabulary::times::typed_length;

use crate::http::problem::Problem;
use crate::views::FromWire;

pub(crate) const DEFAULT_PAGE: u32 = 50;
/// Each endpoint costs one read unit of DynamoDB; with so many, a page costs less than fifty.
pub(crate) const DEFAULT_PAGE_OF_ENDPOINTS: u32 = 40;
pub(crate) const LARGEST_PAGE: u32 = 200;
/// A domain name is no longer (RFC 1035 §2.3.4), and so no part of one.
const LONGEST_SEARCH: usize = 253;
/// No failure and no check has a longer name.
const LONGEST_CAUSE: usize = 64;
/// A listener's ARN with its region; a check's subject is shorter.
const LONGEST_AT_FAULT: usize = 300;
/// No certificate is valid for longer.
const LONGEST_SPAN: Duration = Duration::days(4_000);
/// Far above what is handed out.
const LONGEST_CURSOR: usize = 1024;

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    #[default]
    Domain,
    /// Endpoints waiting on the operator first; then the worst status, then the earliest `breaks_at`.
    Attention,
}

/// Filters, order and page of a list. Absent parameters do not filter.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EndpointQuery {
    /// Filter by tenant. Operators only.
    #[param(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub(crate) tenant: Option<String>,
    /// Filter by status.
    #[serde(alias = "verdict")]
    pub(crate) status: Option<wire::Status>,
    /// Filter by who acts next.
    #[param(inline, value_type = Option<wire::WaitingOnWord>)]
    pub(crate) waiting_on: Option<wire::WaitingOn>,
    /// The same under its old name. The next release removes it.
    pub(crate) actor: Option<wire::WaitingOn>,
    pub(crate) reachability: Option<wire::Reachability>,
    /// Filter by a part of a name, as A-labels or in Unicode, or of an id.
    #[param(max_length = 253)]
    pub(crate) q: Option<String>,
    /// Filter by the beginning of the domain, or of the part after the `*.` of a wildcard, as A-labels. Fast: it
    /// reads only the endpoints that it finds.
    #[param(pattern = "^[A-Za-z0-9*._-]{0,253}$", example = "shop.exa")]
    pub(crate) prefix: Option<String>,
    /// Filter by a failure (`RateLimited`) or a finding (`delegation-missing`).
    #[param(max_length = 64)]
    pub(crate) cause: Option<String>,
    /// Filter by what is at fault: a zone, a listener, a service, as in the overview's groups.
    #[param(max_length = 300)]
    pub(crate) at_fault: Option<String>,
    /// Filter by expiry: certificates that expire within this time (`14d`, `36h`), or have expired.
    #[param(pattern = "^([0-9]+[smhd])+$", example = "14d")]
    pub(crate) expires_within: Option<String>,
    #[serde(default)]
    #[param(inline)]
    pub(crate) sort: Sort,
    /// `next_cursor` of the page before, with the same filters and order.
    #[param(max_length = 1024)]
    pub(crate) cursor: Option<String>,
    /// Maximum number of endpoints.
    #[param(minimum = 1, maximum = 200, default = 40)]
    pub(crate) limit: Option<u32>,
}

/// The endpoints that a query selects.
#[derive(Debug)]
pub(crate) struct Filter {
    status: Option<EndpointStatus>,
    actor: Option<WaitingOn>,
    reachability: Option<Reachability>,
    search: Option<String>,
    /// How the domain begins, in lower case.
    prefix: Option<String>,
    /// In lower case.
    cause: Option<String>,
    at_fault: Option<String>,
    expires_within: Option<Duration>,
}

impl EndpointQuery {
    pub(crate) fn limit(&self) -> Result<u32, Problem> {
        page_size(self.limit.or(Some(DEFAULT_PAGE_OF_ENDPOINTS)))
    }

    /// Whose endpoints are listed.
    pub(crate) fn scope(&self, caller: &Caller) -> Result<Scope, Problem> {
        match (&self.tenant, &caller.scope) {
            (None, scope) => Ok(scope.clone()),
            (Some(tenant), Scope::Everything) => match tenant.parse() {
                Ok(tenant) => Ok(Scope::Tenant(tenant)),
                Err(error) => {
                    let error: vocabulary::names::TenantIdError = error;
                    Err(Problem::invalid_field("tenant", error.to_string()))
                }
            },
            (Some(_), Scope::Tenant(_)) => {
                Err(Problem::invalid_field("tenant", "Only operators can choose a tenant; leave it out."))
            }
        }
    }

    pub(crate) fn filter(&self) -> Result<Filter, Problem> {
        let search = self.q.as_ref().map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
        if search.as_ref().is_some_and(|text| text.chars().count() > LONGEST_SEARCH) {
            return Err(Problem::invalid_field(
                "q",
                format!("Over {LONGEST_SEARCH} characters: no name is that long."),
            ));
        }
        let prefix = self.prefix.as_ref().map(|text| text.to_lowercase()).filter(|text| !text.is_empty());
        if prefix.as_ref().is_some_and(|text| !may_begin_a_name(text)) {
            let wrong = "Names have letters, digits, hyphens and dots here, those in Unicode as xn--…; q finds a part of \
                         a name as it is written.";
            return Err(Problem::invalid_field("prefix", wrong));
        }
        let cause = self.cause.as_ref().map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
        let cause = cause.map(|name| name_now(&name).to_owned());
        if cause.as_ref().is_some_and(|text| text.len() > LONGEST_CAUSE) {
            return Err(Problem::invalid_field("cause", "No failure and no check has such a name."));
        }
        let at_fault = self.at_fault.as_ref().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if at_fault.as_ref().is_some_and(|text| text.chars().count() > LONGEST_AT_FAULT) {
            let why = format!("Over {LONGEST_AT_FAULT} characters: nothing at fault has such a name.");
            return Err(Problem::invalid_field("at_fault", why));
        }
        let within = |text: &String| {
            let wrong = || Problem::invalid_field("expires_within", "It is a time such as 14d, 36h or 90m.");
            typed_length(text).filter(|span| *span <= LONGEST_SPAN).ok_or_else(wrong)
        };
        Ok(Filter {
            cause,
            at_fault,
            expires_within: self.expires_within.as_ref().map(within).transpose()?,
            status: self.status.map(EndpointStatus::from_wire),
            actor: self.waiting_on.or(self.actor).map(WaitingOn::from_wire),
            reachability: self.reachability.map(Reachability::from_wire),
            search,
            prefix,
        })
    }

    pub(crate) fn cursor(&self) -> Result<Option<Cursor>, Problem> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let cursor = Cursor::parse(text).filter(|cursor| cursor.sort() == self.sort);
        cursor.map(Some).ok_or_else(Problem::invalid_cursor)
    }
}

/// A page's size, within its bounds.
pub(crate) fn page_size(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(DEFAULT_PAGE);
    match (1..=LARGEST_PAGE).contains(&limit) {
        true => Ok(limit),
        false => Err(Problem::invalid_field("limit", format!("limit is a number from 1 to {LARGEST_PAGE}."))),
    }
}

impl Filter {
    /// Whether it accepts every endpoint.
    pub(crate) fn is_open(&self) -> bool {
        self.prefix.is_none() && self.takes_all_that_begin()
    }

    /// Whether it accepts every endpoint whose domain begins with [`Self::prefix`].
    pub(crate) fn takes_all_that_begin(&self) -> bool {
        let Self { status, actor, reachability, search, prefix: _, cause, at_fault, expires_within } = self;
        let by_issue = actor.is_some() || cause.is_some() || at_fault.is_some();
        !by_issue && status.is_none() && expires_within.is_none() && reachability.is_none() && search.is_none()
    }

    pub(crate) fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    pub(crate) fn takes(&self, endpoint: &Endpoint, report: &StatusReport, now: OffsetDateTime) -> bool {
        self.status.is_none_or(|status| status == report.status)
            && self.actor.is_none_or(|actor| actor == report.guidance.waiting_on)
            && self.reachability.is_none_or(|reachability| reachability == endpoint.reachability)
            && self.search.as_ref().is_none_or(|text| mentions(endpoint, text))
            && self.cause.as_ref().is_none_or(|cause| has_cause(endpoint, cause, now))
            && self.at_fault.as_ref().is_none_or(|what| is_at_fault(endpoint, what, now))
            && self.expires_within.is_none_or(|span| {
                endpoint.certificate.as_ref().is_some_and(|held| held.not_after <= now.saturating_add(span))
            })
    }
}

fn may_begin_a_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'.' | b'_' | b'-');
    text.len() <= LONGEST_SEARCH && text.bytes().all(fits)
}

/// Whether the endpoint has a failure, a finding or an issue of this name, which is in lower case.
fn has_cause(endpoint: &Endpoint, cause: &str, now: OffsetDateTime) -> bool {
    let is = |word: &str| word.eq_ignore_ascii_case(cause);
    let failed = endpoint.failing.as_ref().is_some_and(|failing| is(failing.failure.name.as_str()));
    let found = endpoint.check.as_ref().and_then(|check| check.worst.as_ref()).is_some_and(|worst| is(&worst.check));
    let is_issue = |issue: &Issue| is(issue.cause.as_str()) || issue.check.as_deref().is_some_and(is);
    failed || found || issues(endpoint, now).iter().any(is_issue)
}

/// Whether `what` is at fault in one of the endpoint's issues.
fn is_at_fault(endpoint: &Endpoint, what: &str, now: OffsetDateTime) -> bool {
    issues(endpoint, now).iter().any(|issue| issue.guidance.at_fault.as_deref() == Some(what))
}

/// `text` is in lower case, as A-labels are anyway.
fn mentions(endpoint: &Endpoint, text: &str) -> bool {
    let in_name =
        |name: &CertificateName| name.to_string().contains(text) || name.to_unicode().to_lowercase().contains(text);
    endpoint.id.as_str().contains(text) || endpoint.names.iter().any(in_name)
}

/// The last endpoint of a page, in the order of its list: opaque to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
    Domain(Position),
    Attention(Urgency),
}

/// A cursor as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    d: String,
    e: EndpointId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    v: Option<EndpointStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<i64>,
    /// Whether it waits on the operator.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    o: bool,
}

impl Cursor {
    fn sort(&self) -> Sort {
        match self {
            Self::Domain(_) => Sort::Domain,
            Self::Attention(_) => Sort::Attention,
        }
    }

    pub(crate) fn write(&self) -> String {
        let (position, v, b, o) = match self {
            Self::Domain(position) => (position.clone(), None, None, false),
            Self::Attention(Urgency { others, status, breaks_at: (never, seconds), domain, endpoint }) => {
                let position = Position { domain: domain.clone(), endpoint: endpoint.clone() };
                (position, Some(*status), (!never).then_some(*seconds), !others)
            }
        };
        let written = Written { d: position.domain, e: position.endpoint, v, b, o };
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&written).expect("plain data"))
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST_CURSOR {
            return None;
        }
        let written: Written = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        // No other cursor is ever issued, and the store would use it as a key.
        let domain: CertificateName = written.d.parse().ok()?;
        let position = Position { domain: domain.to_string(), endpoint: written.e };
        Some(match (written.v, written.b) {
            (None, None) => Self::Domain(position),
            (None, Some(_)) => return None,
            (Some(status), seconds) => {
                let breaks_at = (seconds.is_none(), seconds.unwrap_or_default());
                let Position { domain, endpoint } = position;
                Self::Attention(Urgency { others: !written.o, status, breaks_at, domain, endpoint })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> Position {
        Position { domain: "*.example.com".into(), endpoint: EndpointId::from_random([7; 16]) }
    }

    #[test]
    fn a_cursor_round_trips_and_belongs_to_one_sort_order() {
        let Position { domain, endpoint } = position();
        let (status, known) = (EndpointStatus::Degraded, (domain, endpoint));
        let urgent = |others, breaks_at| {
            let (domain, endpoint) = known.clone();
            Urgency { others, status, breaks_at, domain, endpoint }
        };
        for cursor in [
            Cursor::Domain(position()),
            Cursor::Attention(urgent(true, (false, 1_800_000_000))),
            Cursor::Attention(urgent(false, (true, 0))),
        ] {
            let query = |sort| EndpointQuery { sort, cursor: Some(cursor.write()), ..EndpointQuery::default() };
            assert_eq!(query(cursor.sort()).cursor(), Ok(Some(cursor.clone())));
            let other = if cursor.sort() == Sort::Domain { Sort::Attention } else { Sort::Domain };
            assert_eq!(query(other).cursor().expect_err("of the other order").field.as_deref(), Some("cursor"));
        }
    }

    #[test]
    fn a_cursor_that_was_not_issued_is_refused() {
        let write = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
        let id = position().endpoint;
        for bad in [
            String::new(),
            "***".into(),
            write("{}"),
            write("null"),
            write(&format!(r#"{{"d":"not a name","e":"{id}"}}"#)),
            write(r#"{"d":"example.com","e":"ep-x"}"#),
            write(&format!(r#"{{"d":"example.com","e":"{id}","b":1}}"#)),
            write(&format!(r#"{{"d":"example.com","e":"{id}","x":1}}"#)),
            "A".repeat(LONGEST_CURSOR + 1),
        ] {
            assert_eq!(Cursor::parse(&bad), None, "{bad}");
        }
    }
}
