//! How states are shown: always a word and a sign, never a colour alone.

use askama::Template;
use askama::filters::HtmlSafe;
use diagnosis::catalogue::CATALOGUE;
use domain::endpoint::{Outcome, Step};
use vocabulary::names::CertificateName;
pub(crate) use vocabulary::record::quoted;
use vocabulary::text::{counted, printable};
use wire::{
    CertificateState, EndpointView, InstallationStatus, Open, Reachability, RecordStatus, RecordView, Serving,
    Severity, Status, WaitingOn,
};

pub(crate) use super::moment::{day, exact};
use crate::views::ToWire;

/// A state as a sign and a word. The tone is a class of the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(ext = "html", source = r#"<span class="badge {{ tone }}">{{ self.sign() }}{{ word }}</span>"#)]
pub(crate) struct Badge {
    pub(crate) word: &'static str,
    pub(crate) tone: &'static str,
    icon: Icon,
}

impl HtmlSafe for Badge {}

impl Badge {
    const fn good(word: &'static str) -> Self {
        Self { word, tone: "good", icon: Icon::Check }
    }

    const fn bad(word: &'static str) -> Self {
        Self { word, tone: "bad", icon: Icon::Cross }
    }

    const fn warn(word: &'static str) -> Self {
        Self { word, tone: "warn", icon: Icon::Triangle }
    }

    const fn wait(word: &'static str) -> Self {
        Self { word, tone: "wait", icon: Icon::Clock }
    }

    const fn mute(word: &'static str) -> Self {
        Self { word, tone: "mute", icon: Icon::Dash }
    }

    pub(crate) fn sign(self) -> Sign {
        Sign { shape: self.icon }
    }
}

/// A small drawing that only repeats what the word beside it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Check,
    Cross,
    Triangle,
    Clock,
    Dash,
}

#[derive(Clone, Copy, Debug, Template)]
#[template(
    ext = "html",
    source = r#"<svg class="sign" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">{% match shape %}
{%- when Icon::Check %}<circle cx="8" cy="8" r="7"/><path d="m4.8 8.3 2.2 2.2 4.2-4.7"/>
{%- when Icon::Cross %}<circle cx="8" cy="8" r="7"/><path d="M8 4.2v4.6M8 11.2v.4"/>
{%- when Icon::Triangle %}<path class="fill" d="M8 1.3 15.2 14.2H.8z"/><path d="M8 6v3.8M8 11.8v.3"/>
{%- when Icon::Clock %}<circle cx="8" cy="8" r="7"/><path d="M8 4.2V8l2.6 1.7"/>
{%- when Icon::Dash %}<circle cx="8" cy="8" r="7"/><path d="M4.8 8h6.4"/>
{%- endmatch %}</svg>"#
)]
pub(crate) struct Sign {
    shape: Icon,
}

impl HtmlSafe for Sign {}

/// How an endpoint is called on a page: as its owner writes it.
pub(crate) fn title(view: &EndpointView) -> String {
    plain(view.display_names.first().unwrap_or(&view.domain))
}

/// A domain by its A-label form as its owner writes it.
pub(crate) fn domain(text: &str) -> String {
    plain(&text.parse::<CertificateName>().map_or_else(|_| text.to_owned(), |name| name.to_unicode()))
}

/// Longer than any DNS name or sentence of ours; text from outside has no other bound here.
const LONGEST_TEXT: usize = 600;

/// Text from DNS, a CA or a domain owner: without characters that would reverse or hide the text beside them.
pub(crate) fn plain(text: &str) -> String {
    printable(text, LONGEST_TEXT)
}

/// A sentence for people: text in backticks is code elsewhere, and here only text.
pub(crate) fn prose(text: &str) -> String {
    plain(text).replace('`', "")
}

/// For a word of another release. There is none, as what is shown here was made here.
const UNKNOWN: Badge = Badge::mute("Unknown");

/// Something that is still to come, and no fault.
pub(crate) fn pending(word: &'static str) -> Badge {
    Badge::wait(word)
}

/// The state of an endpoint; one that is being removed is not just paused.
pub(crate) fn status(view: &EndpointView) -> Badge {
    if view.leaves() { Badge::mute("Being removed") } else { status_word(&view.status) }
}

pub(crate) fn status_word(status: &Open<Status>) -> Badge {
    let Open::Known(status) = status else { return UNKNOWN };
    match status {
        Status::ActionRequired => Badge::bad("Action required"),
        Status::Degraded => Badge::warn("Degraded"),
        Status::Retrying => Badge { icon: Icon::Clock, ..Badge::warn("Retrying") },
        Status::WaitingForDns => Badge::wait("Waiting for DNS"),
        Status::Issuing => Badge::wait("Issuing"),
        Status::Paused => Badge::mute("Paused"),
        Status::Ready => Badge::good("Ready"),
    }
}

pub(crate) fn record(status: Option<&Open<RecordStatus>>) -> Badge {
    match status {
        None => Badge::mute("Not checked yet"),
        Some(Open::Known(status)) => record_status(status),
        Some(Open::Other(_)) => UNKNOWN,
    }
}

/// `1 record`, `2 records`
pub(crate) fn count(count: usize, what: &str) -> String {
    counted(count as u64, what)
}

/// The state of a required record; one that only visitors wait for is no fault.
/// `calm`: the endpoint is being set up, so missing records are expected.
pub(crate) fn required(row: &RecordView, calm: &bool) -> Badge {
    let missing = row.status == Some(RecordStatus::Missing.into());
    match row.status.is_some() && row.waits_for_visitors() {
        true => pending("Step 2"),
        false if *calm && missing => pending("Missing"),
        false => record(row.status.as_ref()),
    }
}

pub(crate) fn record_status(status: &RecordStatus) -> Badge {
    match status {
        RecordStatus::Ok => Badge::good("Correct"),
        RecordStatus::Missing => Badge::bad("Missing"),
        RecordStatus::Mismatch => Badge::bad("Wrong value"),
        RecordStatus::Conflict => Badge::warn("Conflict"),
        RecordStatus::Unreachable => Badge::warn("No answer"),
    }
}

pub(crate) fn certificate(state: &Open<CertificateState>) -> Badge {
    let Open::Known(state) = state else { return UNKNOWN };
    match state {
        CertificateState::None => Badge::mute("None yet"),
        CertificateState::Issuing => Badge::wait("Issuing"),
        CertificateState::Active => Badge::good("Active"),
        CertificateState::Expiring => Badge::wait("Renewal due"),
        CertificateState::Expired => Badge::bad("Expired"),
        CertificateState::Failed => Badge::bad("Failed"),
    }
}

pub(crate) fn serving(serving: &Serving) -> Badge {
    match serving {
        Serving::NotChecked => Badge::mute("Not checked"),
        Serving::Unreachable { .. } => Badge::warn("Unreachable"),
        Serving::Presented { ours: true, name_matches: true, chain_complete: true, .. } => {
            Badge::good("This certificate")
        }
        Serving::Presented { ours: true, name_matches: true, .. } => Badge::warn("Incomplete chain"),
        Serving::Presented { name_matches: false, .. } => Badge::bad("Wrong name"),
        Serving::Presented { .. } => Badge::warn("Different certificate"),
    }
}

pub(crate) fn severity(severity: &Open<Severity>) -> Badge {
    let Open::Known(severity) = severity else { return UNKNOWN };
    match severity {
        Severity::Notice => Badge::mute("Notice"),
        Severity::Warning => Badge::warn("Warning"),
        Severity::Error => Badge::bad("Error"),
    }
}

pub(crate) fn installation(status: &Open<InstallationStatus>) -> Badge {
    match status {
        Open::Known(InstallationStatus::Ok) => Badge::good("OK"),
        Open::Known(InstallationStatus::Warning) => Badge::warn("Warning"),
        // Also a status of another release: better shown than missed.
        Open::Known(InstallationStatus::Failed) | Open::Other(_) => Badge::bad("Failed"),
    }
}

pub(crate) fn outcome(outcome: &Outcome) -> Badge {
    match outcome {
        Outcome::Running => Badge::wait("Running"),
        Outcome::Issued => Badge::good("Issued"),
        Outcome::Renewed => Badge::good("Renewed"),
        Outcome::Unchanged => Badge::mute("Unchanged"),
        Outcome::Failed => Badge::bad("Failed"),
        Outcome::Removed => Badge::mute("Removed"),
    }
}

/// Of an attempt that found the records not right, before the first certificate.
pub(crate) fn set_up() -> Badge {
    Badge::wait("Waiting for DNS")
}

pub(crate) fn step_outcome(broke: bool, set_up: bool) -> Badge {
    match (broke, set_up) {
        (false, _) => Badge::good("Done"),
        (true, false) => Badge::bad("Failed"),
        (true, true) => Badge::wait("Waiting"),
    }
}

pub(crate) fn waiting_on(who: &Open<WaitingOn>) -> &'static str {
    match who {
        Open::Known(WaitingOn::DomainOwner) => "domain owner",
        Open::Known(WaitingOn::Operator) => "operator",
        Open::Known(WaitingOn::Ca) => "CA",
        Open::Known(WaitingOn::Nobody) => "nobody",
        Open::Other(_) => "somebody",
    }
}

/// Who is waited on after a failure.
pub(crate) fn failed_by(by: &vocabulary::guidance::WaitingOn) -> &'static str {
    waiting_on(&by.to_wire().into())
}

pub(crate) fn reachability(reachability: &Open<Reachability>) -> &'static str {
    match reachability {
        Open::Known(Reachability::External) => "External",
        Open::Known(Reachability::Internal) => "Internal",
        Open::Other(_) => UNKNOWN.word,
    }
}

pub(crate) fn step(step: &Step) -> &'static str {
    match step {
        Step::OpenOrder => "Open the order",
        Step::PresentChallenge => "Present the challenge",
        Step::PublishRecords => "Write the TXT records",
        Step::CheckPropagation => "Check that it can be seen",
        Step::SubmitChallenge => "Have the CA validate",
        Step::FinalizeOrder => "Finalize the order",
        Step::ImportCertificate => "Import into ACM",
        Step::CleanUpChallenge => "Clean up",
        Step::WithdrawRecords => "Remove the TXT records",
        Step::SettleAttempt => "Settle",
    }
}

/// The title of a check in the catalogue, or its name as a heading if it is of another release.
pub(crate) fn check_title(name: &str) -> String {
    let entry = CATALOGUE.iter().find(|entry| entry.name == name);
    entry.map_or_else(|| heading(name), |entry| entry.title.replace('`', ""))
}

/// `delegation-missing` as a heading: `Delegation missing`. Abbreviations keep their capitals.
pub(crate) fn heading(name: &str) -> String {
    const CAPITALS: [&str; 13] =
        ["aaaa", "acm", "acme", "ca", "caa", "cdn", "cname", "dns", "dnssec", "http", "nxdomain", "servfail", "txt"];
    let mut words: Vec<String> = name
        .split('-')
        .map(|word| if CAPITALS.contains(&word) { word.to_uppercase() } else { word.to_owned() })
        .collect();
    if let Some(first) = words.first_mut() {
        *first = capitalized(first);
    }
    words.join(" ")
}

/// As a sentence begins.
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_word_of_its_own() {
        let all = domain::endpoint::EndpointStatus::ALL.map(|each| each.to_wire().into());
        let mut words: Vec<_> = all.iter().map(|each| status_word(each).word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all.len());
    }

    #[test]
    fn a_badge_says_in_words_what_its_colour_says() {
        let html = status_word(&Status::Ready.into()).to_string();
        assert!(html.contains("Ready") && html.contains(r#"aria-hidden="true""#), "{html}");
    }

    #[test]
    fn a_check_has_the_title_of_the_catalogue() {
        assert_eq!(check_title("delegation-missing"), "The delegation is missing");
        assert_eq!(check_title("of-a-later-release"), "Of a later release");
        assert!(CATALOGUE.iter().all(|entry| !check_title(entry.name).contains('`')));
    }

    #[test]
    fn a_domain_is_shown_as_its_owner_writes_it() {
        assert_eq!(domain("*.xn--bcher-kva.example"), "*.bücher.example");
        assert_eq!(domain("shop.example.com"), "shop.example.com");
    }

    #[test]
    fn no_backtick_is_shown_as_text() {
        assert_eq!(prose("Type `_acme-challenge` there."), "Type _acme-challenge there.");
    }

    #[test]
    fn a_check_is_named_as_a_heading() {
        assert_eq!(heading("delegation-missing"), "Delegation missing");
        assert_eq!(heading("caa-forbids"), "CAA forbids");
        assert_eq!(heading("lame-dns-server"), "Lame DNS server");
        assert_eq!(heading(""), "");
    }
}
