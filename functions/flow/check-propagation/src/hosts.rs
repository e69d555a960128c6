//! The hosts of an order, requested over HTTP as the CA will request them.

use diagnosis::catalogue::Area;
use diagnosis::checks::http::Host;
use diagnosis::facts::{HttpObservation, ProbeFault};
use diagnosis::gate::{Probed, judge_probe};
use diagnosis::report::{CheckReport, Finding, Severity};
use diagnosis::subject::Subject;
use diagnosis::to_failure::to_failure_of_all;
use domain::ports::{HttpProbe, Prober};
use futures::StreamExt;
use futures::stream::iter;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};
use vocabulary::acme::OpenOrder;
use vocabulary::failure::Failure;

/// Hosts that are requested at the same time. An endpoint has up to a hundred, and each gets as long as the CA would wait,
/// ten seconds: two rounds end well within the step's time.
pub(crate) const SIDE_BY_SIDE: usize = 50;

/// What the requests need.
pub(crate) struct Asking<'a, H, P> {
    pub(crate) probe: &'a H,
    pub(crate) prober: &'a P,
    /// The endpoint, as a check has it.
    pub(crate) subject: &'a Subject,
    /// The flow requests a host again that has not answered by then.
    pub(crate) until: Instant,
    pub(crate) now: OffsetDateTime,
}

/// What is not ready, though the domain owner has nothing to fix.
pub(crate) enum NotYet {
    /// The result is unknown; why, in words.
    Unknown(String),
    /// The platform does not have a token that was published.
    PlatformsFault(String),
}

impl<H: HttpProbe, P: Prober> Asking<'_, H, P> {
    /// Requests the token from every host of `order`.
    ///
    /// # Errors
    ///
    /// `RecordsNotReady`, with every host at which the CA would be refused.
    pub(crate) async fn ask(&self, order: &OpenOrder) -> Result<Option<NotYet>, Failure> {
        let asked = order.http_publications().enumerate().map(|(number, http)| async move {
            let fetched = self.probe.fetch(http.host, http.token, http.key_authorization);
            let observed = timeout_at(self.until, fetched).await;
            let late = |_| HttpObservation::failed(ProbeFault::NotAsked, http.key_authorization);
            let host = Host { name: http.host, subject: self.subject };
            (number, judge_probe(&host, &observed.unwrap_or_else(late)))
        });
        let mut judged: Vec<(usize, Probed)> = iter(asked).buffer_unordered(SIDE_BY_SIDE).collect().await;
        judged.sort_by_key(|(number, _)| *number);
        let (mut wrong, mut unknown, mut ours) = (Vec::new(), Vec::new(), Vec::new());
        for (_, judged) in judged {
            match judged {
                Probed::Passed => {}
                Probed::Wrong(finding) => wrong.push(*finding),
                Probed::Unknown(why) => unknown.push(why),
                Probed::PlatformsFault(why) => ours.push(why),
            }
        }
        if let Some(failure) = to_failure_of_all(&self.explained(wrong).await) {
            return Err(failure);
        }
        Ok(match (ours.first(), unknown.first()) {
            (Some(first), _) => Some(NotYet::PlatformsFault(first.clone())),
            (None, Some(first)) => Some(NotYet::Unknown(counted(first, unknown.len()))),
            (None, None) => None,
        })
    }

    /// The same faults as the whole check reports them, which also knows the records: an attempt and a check say the same.
    async fn explained(&self, wrong: Vec<Finding>) -> Vec<Finding> {
        if wrong.is_empty() {
            return wrong;
        }
        let report = self.prober.probe(self.subject, self.now).await;
        let mut told: Vec<Finding> = Vec::new();
        for finding in wrong {
            let finding = cause(&report, &finding.subject).unwrap_or(finding);
            let known = told.iter().any(|known| known.check == finding.check && known.subject == finding.subject);
            if !known {
                told.push(finding);
            }
        }
        told
    }
}

/// What the check says of `host`, or of the zone above it.
fn cause(report: &CheckReport, host: &str) -> Option<Finding> {
    let explains = |finding: &&Finding| {
        let area = finding.entry().map(|entry| entry.area);
        let above = matches!(area, Some(Area::Servers)) && host.ends_with(&format!(".{}", finding.subject));
        let own = matches!(area, Some(Area::Servers | Area::Host | Area::Http)) && finding.subject == host;
        finding.severity == Severity::Error && (own || above)
    };
    report.findings.iter().find(explains).cloned()
}

fn counted(first: &str, count: usize) -> String {
    match count {
        1 => first.to_owned(),
        more => format!("{first} (and {} other hosts)", more - 1),
    }
}
