//! What a tenant's endpoints need, once a day: nobody has to read it who needs do nothing.

use time::OffsetDateTime;
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::text::utc;

/// What a digest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    pub endpoints: u64,
    /// Endpoints with a good certificate and nothing in the way of the next one.
    pub ready: u64,
    /// Endpoints that somebody must do something about.
    pub waiting: u64,
    /// The most urgent of those.
    pub needs: Vec<Need>,
    /// The certificates that end next.
    pub next: Vec<Ending>,
}

/// An endpoint that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub domain: String,
    pub guidance: Guidance,
    /// Since when its attempts fail, where they do.
    pub since: Option<OffsetDateTime>,
    /// When the certificate in place ends.
    pub until: Option<OffsetDateTime>,
}

/// A certificate, and when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub domain: String,
    pub not_after: OffsetDateTime,
    pub renew_at: OffsetDateTime,
}

impl Digest {
    /// Whether there is nothing that anybody needs to know today.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// The rest of it, for people.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let needs = self.needs.iter().map(|need| {
            let until = need.until.map_or_else(String::new, |at| format!(" Breaks at {}.", utc(at)));
            (
                "Waiting",
                format!(
                    "{}: {} For {}: {}{until}",
                    need.domain,
                    need.guidance.summary,
                    who(need.guidance.waiting_on),
                    need.guidance.next_step()
                ),
            )
        });
        let more = self.waiting - self.needs.len() as u64;
        let more = (more > 0).then(|| ("Waiting", format!("and {more} more")));
        let next = self.next.iter().map(|ending| {
            (
                "Ends next",
                format!("{} at {}, renewed from {}", ending.domain, utc(ending.not_after), utc(ending.renew_at)),
            )
        });
        needs.chain(more).chain(next).collect()
    }
}

/// Who that is, for people.
pub(super) fn who(waiting_on: WaitingOn) -> &'static str {
    match waiting_on {
        WaitingOn::DomainOwner => "the owner of the domain",
        WaitingOn::Operator => "the operator of this installation",
        WaitingOn::Ca => "nobody: the certificate authority has to be waited for",
        WaitingOn::Nobody => "nobody",
    }
}
