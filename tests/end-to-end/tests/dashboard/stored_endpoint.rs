//! One endpoint of a platform in memory, with all that is known of it.

use api::views::endpoint_view;
use diagnosis::report::CheckReport;
use domain::endpoint::attempt::execution_name;
use domain::endpoint::{Attempt, Endpoint, Event, EventKind, Outcome, Share};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::Origin;
use wire::EndpointView;

use crate::fixture::{installation, platform};
use crate::simulated_dns::SimulatedDns;

/// One endpoint and all that is known of it.
#[derive(Clone, Debug)]
pub(crate) struct StoredEndpoint {
    pub(crate) endpoint: Endpoint,
    pub(crate) report: Option<CheckReport>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) acts: Vec<Event>,
    pub(crate) shares: Vec<(Share, String)>,
}

impl StoredEndpoint {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, report: None, attempts: Vec::new(), acts: Vec::new(), shares: Vec::new() }
    }

    pub(crate) fn view(&self, now: OffsetDateTime) -> EndpointView {
        endpoint_view(&self.endpoint, self.report.as_ref(), &installation(), now)
    }

    pub(crate) fn act(&mut self, kind: EventKind, by: &Origin, summary: &str, now: OffsetDateTime) {
        let salt = u16::try_from(self.acts.len()).unwrap_or(u16::MAX);
        self.acts.push(Event::act(kind, by.clone(), summary, now, salt));
    }

    /// An attempt takes the endpoint.
    pub(crate) fn begin(&mut self, now: OffsetDateTime) {
        self.endpoint.attempt += 1;
        self.endpoint.lease_until = Some(now + Duration::minutes(10));
        self.attempts.insert(
            0,
            Attempt {
                attempt: self.endpoint.attempt,
                started_at: now,
                finished_at: None,
                outcome: Outcome::Running,
                method: None,
                order: None,
                directory: None,
                failure: None,
                execution: execution_name(&self.endpoint.id, self.endpoint.attempt),
                steps: Vec::new(),
            },
        );
    }

    /// A fresh check; records that are right at last let the next attempt begin.
    pub(crate) fn check(&mut self, dns: &SimulatedDns, now: OffsetDateTime) {
        let report = dns.check(&self.endpoint.subject(&platform()), now);
        self.endpoint.check = Some(report.summary());
        let mended = report.is_well() && self.endpoint.failing.is_some();
        self.report = Some(report);
        if mended && !self.endpoint.is_leased(now) {
            self.begin(now);
        }
    }
}

pub(crate) fn certificate(endpoint: &Endpoint, now: OffsetDateTime) -> InstalledCertificate {
    InstalledCertificate {
        arn: "arn:aws:acm:eu-central-1:111122223333:certificate/6f1c0a2e-84d3-4b6d-9d0b-2f5e7c1a9b30".into(),
        serial: "4A56F7657A463F67C2D10B7E".into(),
        issuer: "C=US, O=Let's Encrypt, CN=E7".into(),
        directory: Some("https://acme-v02.api.letsencrypt.org/directory".into()),
        renewal_id: None,
        announced: true,
        ..testkit::installed(endpoint, now)
    }
}
