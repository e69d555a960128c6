//! The part of an endpoint's page that follows what happens.

use askama::Template;
use askama::filters::HtmlSafe;
use domain::attempt::{Attempt, Outcome};
use domain::check::Serving;
use domain::event::Event;
use domain::verdict::{Mover, Verdict};
use ring::digest::{SHA256, digest};

use super::attempts::Attempts;
use super::console::Console;
use super::life::Life;
use super::moment::Clock;
use super::parts::{Copy, Findings, Records};
use super::words;
use crate::views::EndpointView;

/// What was read of one endpoint.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Known {
    pub(crate) view: EndpointView,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) events: Vec<Event>,
}

impl Known {
    /// The same as long as nothing has changed, whatever the clock says.
    pub(crate) fn mark(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        digest(&SHA256, &text).as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether something goes on that will end by itself within minutes.
    pub(crate) fn moves(&self) -> bool {
        let runs = self.attempts.first().is_some_and(|last| last.outcome == Outcome::Running);
        runs || matches!(self.view.verdict, Verdict::Issuing | Verdict::Paused)
    }
}

#[derive(Debug, Template)]
#[template(path = "parts/live.html")]
pub(crate) struct Live<'a> {
    pub(crate) base: &'a str,
    pub(crate) clock: Clock,
    pub(crate) known: &'a Known,
    /// Only for those who may open it.
    pub(crate) console: Option<&'a Console>,
    /// Whether it takes the place of an older one, and says so to those who do not see it.
    pub(crate) announced: bool,
}

impl HtmlSafe for Live<'_> {}

impl Live<'_> {
    fn life(&self) -> Option<Life> {
        Life::of(&self.known.view.certificate, self.clock)
    }

    fn records(&self) -> Records<'_> {
        Records { dns: &self.known.view.dns }
    }

    fn findings(&self) -> Findings<'_> {
        Findings::of(&self.known.view.dns.findings)
    }

    fn attempts(&self) -> Attempts<'_> {
        Attempts::of(&self.known.attempts, self.console, self.clock)
    }

    fn can_renew(&self) -> bool {
        !self.known.moves() && self.known.view.verdict != Verdict::Paused
    }
}
