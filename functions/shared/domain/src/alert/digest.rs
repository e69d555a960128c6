//! What a tenant's endpoints need, once a day: sent only if there is something to do.

use time::OffsetDateTime;
use vocabulary::guidance::Guidance;
use vocabulary::text::{counted, grouped};
use vocabulary::times::{expires, timestamp};

use crate::issues::IssueKey;

/// What a digest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    pub endpoints: u64,
    /// Endpoints with a good certificate and nothing that prevents the next one.
    pub ready: u64,
    /// Endpoints that need action.
    pub waiting: u64,
    /// New endpoints that have been waiting for their first DNS records only for a short time.
    pub setting_up: u64,
    /// Endpoints that have got their first certificate in the last day, and had no message of their own about it.
    pub issued: u64,
    /// Endpoints about which nobody is to be notified now. They count only in the total.
    pub muted: u64,
    /// The most urgent needs, the operator's first. Equal ones are merged.
    pub needs: Vec<Need>,
    /// The certificates that expire next.
    pub next: Vec<Ending>,
}

/// What one endpoint needs, or many with the same need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The most urgent of them.
    pub domain: String,
    /// How many need the same.
    pub endpoints: u64,
    /// What they have in common; not sent.
    pub key: Option<IssueKey>,
    pub guidance: Guidance,
    /// Since when its attempts have failed, if they do.
    pub since: Option<OffsetDateTime>,
    /// When its current certificate expires.
    pub until: Option<OffsetDateTime>,
}

/// A certificate, and when it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub domain: String,
    pub not_after: OffsetDateTime,
    pub renew_at: OffsetDateTime,
}

impl Digest {
    /// Whether there is nothing that anybody needs to know today.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0 && self.issued == 0
    }

    /// In one sentence, about `tenant`: `acme: 1 of 2 endpoints needs action, 1 is ready.`
    pub(super) fn summary(&self, tenant: &str) -> String {
        let need = if self.waiting == 1 { "needs" } else { "need" };
        let ready = if self.ready == 1 { "is" } else { "are" };
        let setting_up = match self.setting_up {
            0 => String::new(),
            1 => ", 1 waits for its first DNS records".to_owned(),
            count => format!(", {count} wait for their first DNS records"),
        };
        let muted = match self.muted {
            0 => String::new(),
            1 => ", 1 is muted".to_owned(),
            count => format!(", {count} are muted"),
        };
        let issued = match self.issued {
            0 => String::new(),
            1 => " 1 got its first certificate and had no message of its own.".to_owned(),
            count => format!(" {} got their first certificates and had no messages of their own.", grouped(count)),
        };
        format!(
            "{tenant}: {} of {} {need} action, {} {ready} ready{setting_up}{muted}.{issued}",
            self.waiting,
            counted(self.endpoints, "endpoint"),
            self.ready
        )
    }

    /// The rest of it, for people, at `now`.
    pub(super) fn lines(&self, now: OffsetDateTime) -> Vec<(&'static str, String)> {
        let needs = self.needs.iter().map(|need| ("Needs action", need.line(now)));
        let shown: u64 = self.needs.iter().map(|need| need.endpoints).sum();
        let more = self.waiting.saturating_sub(shown);
        let more = (more > 0).then(|| ("Needs action", format!("and {more} more")));
        let next = self.next.iter().map(|ending| {
            let (until, renewal) = (timestamp(ending.not_after, now), timestamp(ending.renew_at, now));
            ("Expires next", format!("{} on {until}, renewal from {renewal}", ending.domain))
        });
        needs.chain(more).chain(next).collect()
    }
}

impl Need {
    fn line(&self, now: OffsetDateTime) -> String {
        let whom = match self.endpoints {
            1 => self.domain.clone(),
            count => format!("{} (first: {})", counted(count, "endpoint"), self.domain),
        };
        let what = self.guidance.summary.trim_end_matches('.');
        let owner = self.guidance.waiting_on.in_words();
        let which = if self.endpoints == 1 { "The" } else { "The first" };
        let until = |at| format!(" {which} certificate {} {}.", expires(at, now), timestamp(at, now));
        let until = self.until.map(until).unwrap_or_default();
        format!("{whom}: {what}. Next step, {owner}: {}{until}", self.guidance.next_step())
    }
}
