//! The part of an endpoint's page that updates live.

use askama::Template;
use askama::filters::HtmlSafe;
use domain::endpoint::attempt::set_up;
use domain::endpoint::{Attempt, Event, Outcome};
use ring::digest::{SHA256, digest};
use wire::{EndpointView, Reachability, Serving, Status};

use super::attempts::Attempts;
use super::console::Console;
use super::dns_path::DnsPath;
use super::life::Life;
use super::moment::Clock;
use super::parts::{Copy, Findings, Move, Records};
use super::strip::Strip;
use super::words;

/// Events shown at once.
const NEWEST_EVENTS: usize = 6;
const LISTED_ATTEMPTS: usize = 20;

/// What was read of one endpoint.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Known {
    pub(crate) view: EndpointView,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) events: Vec<Event>,
}

impl Known {
    /// Unchanged as long as nothing has changed, whatever the clock says.
    pub(crate) fn mark(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        digest(&SHA256, &text).as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether something is under way that ends automatically within minutes.
    pub(crate) fn moves(&self) -> bool {
        let runs = self.attempts.first().is_some_and(|last| last.outcome == Outcome::Running);
        runs || self.view.status == Status::Issuing || self.view.leaves()
    }
}

#[derive(Debug, Template)]
#[template(path = "parts/live.html")]
pub(crate) struct Live<'a> {
    pub(crate) base: &'a str,
    pub(crate) clock: Clock,
    pub(crate) known: &'a Known,
    /// Whether an operator reads it.
    pub(crate) operator: bool,
    /// Only for those who may open it.
    pub(crate) console: Option<&'a Console>,
    /// Whether it replaces an older one, and screen readers announce that.
    pub(crate) announced: bool,
}

impl HtmlSafe for Live<'_> {}

impl Live<'_> {
    fn life(&self) -> Option<Life> {
        Life::of(&self.known.view.certificate, self.clock)
    }

    fn records(&self) -> Records<'_> {
        let calm = self.known.view.status == Status::WaitingForDns;
        Records { dns: &self.known.view.dns, calm }
    }

    fn dns_path(&self) -> Option<DnsPath> {
        DnsPath::of(&self.known.view)
    }

    fn strip(&self) -> Strip {
        let certificate = &self.known.view.certificate;
        let held = certificate.not_before.zip(certificate.not_after);
        Strip::of(&self.known.attempts, self.set_up(), self.known.view.created_at, held, self.clock)
    }

    /// The attempts that are listed; the strip has more.
    fn listed(&self) -> &[Attempt] {
        &self.known.attempts[..self.known.attempts.len().min(LISTED_ATTEMPTS)]
    }

    fn findings(&self) -> Findings<'_> {
        Findings::of(&self.known.view.dns.findings)
    }

    /// Which attempts were part of the set-up.
    fn set_up(&self) -> impl Fn(&Attempt) -> bool + use<> {
        set_up(&self.known.attempts, self.known.view.certificate.arn.is_some())
    }

    fn attempts(&self) -> Attempts<'_> {
        Attempts::of(self.listed(), self.set_up(), self.console, self.clock)
    }

    /// The newest, and those that are folded away.
    fn events(&self) -> impl Iterator<Item = (bool, &[Event])> {
        let (newest, before) = self.known.events.split_at(self.known.events.len().min(NEWEST_EVENTS));
        [(false, newest), (true, before)].into_iter().filter(|(_, events)| !events.is_empty())
    }

    fn can_renew(&self) -> bool {
        !self.known.moves() && !self.known.view.leaves()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installation::{Brand, Installation};
    use crate::views::endpoint_view;
    use domain::endpoint::{Absence, Endpoint, Failing};
    use time::macros::datetime;
    use time::{Duration, OffsetDateTime};
    use vocabulary::acme::Reachability as Reached;
    use vocabulary::certificate::InstalledCertificate;
    use vocabulary::failure::{Failure, FailureName};
    use vocabulary::guidance::WaitingOn;
    use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames, NamePolicy, TenantId};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn endpoint(domain: &str) -> Endpoint {
        let names = EndpointNames::parse(domain, &[], 9).expect("a valid name");
        let (id, label) = (EndpointId::from_random([1; 16]), DelegationLabel::from_random([2; 16]));
        Endpoint::register(id, TenantId::fallback(), names, Reached::External, label, NOW)
    }

    fn certificate(endpoint: &Endpoint) -> InstalledCertificate {
        InstalledCertificate {
            issuer: "CN=<i>Test</i>".into(),
            directory: None,
            renewal_id: None,
            announced: true,
            ..testkit::installed(endpoint, NOW - Duration::days(30))
        }
    }

    fn failing(actor: WaitingOn) -> Option<Failing> {
        let failure = Failure::new(FailureName::CaRefused, actor, "<script>no</script>", "<b>fix</b>");
        Some(Failing::first(failure, NOW))
    }

    fn known(endpoint: &Endpoint) -> Known {
        let installation = Installation {
            platform: testkit::Fixture::platform(),
            profile: None,
            name_policy: NamePolicy::Private,
            persistent_records: false,
            issuer: None,
            account: None,
            orders: None,
            brand: Brand::default(),
            tenant_limits: vocabulary::certificate::TenantLimits::UNLIMITED,
            acm_quotas: None,
            home: "eu-central-1".into(),
            pools: vocabulary::certificate::ListenerPools::default(),
            deployment_roles: vec![],
            connect: None,
            export: crate::installation::Export::default(),
        };
        let view = endpoint_view(endpoint, None, &installation, NOW);
        Known { view, attempts: Vec::new(), events: Vec::new() }
    }

    fn html(known: &Known) -> String {
        let live =
            Live { base: "/base", clock: Clock { now: NOW }, known, operator: true, console: None, announced: true };
        live.render().expect("text is written into a string")
    }

    #[test]
    fn every_status_is_shown_with_its_reason_and_who_is_waited_on() {
        let ready = {
            let mut endpoint = endpoint("www.example.com");
            endpoint.certificate = Some(certificate(&endpoint));
            endpoint.due_at = Some(NOW + Duration::days(30));
            endpoint
        };
        let issuing = endpoint("www.example.com");
        let blocked = Endpoint { failing: failing(WaitingOn::DomainOwner), ..endpoint("www.example.com") };
        let degraded = Endpoint { failing: failing(WaitingOn::Operator), ..ready.clone() };
        let retrying = Endpoint { failing: failing(WaitingOn::Ca), ..endpoint("www.example.com") };
        let removed = Endpoint { removing: true, ..ready.clone() };
        let paused = {
            let mut endpoint = blocked.clone();
            let absence = Absence { since: NOW, checks: 99, paused_since: Some(NOW) };
            endpoint.failing.as_mut().expect("it fails").absence = Some(absence);
            endpoint
        };
        assert!(!known(&paused).moves() && html(&known(&paused)).contains("/renew\""), "it can be taken up by hand");
        for (endpoint, word, who) in [
            (paused, "Paused", "Next step, domain owner:"),
            (ready, "Ready", "No action needed."),
            (issuing, "Issuing", "No action needed."),
            (blocked, "Action required", "Next step, domain owner:"),
            (degraded, "Degraded", "Next step, operator:"),
            (retrying, "Retrying", "Waiting on the CA:"),
            (removed, "Being removed", "No action needed."),
        ] {
            let known = known(&endpoint);
            let html = html(&known);
            assert!(html.contains(&format!("</svg>{word}</h2>")) && html.contains(who), "{word}: {html}");
            assert!(!html.contains("<script>") && !html.contains("<b>fix") && !html.contains("<i>"), "{word}: {html}");
        }
    }

    #[test]
    fn a_page_refreshes_only_while_its_endpoint_is_in_progress() {
        let mut endpoint = endpoint("www.example.com");
        assert!(html(&known(&endpoint)).contains("hx-trigger=\"every"));
        endpoint.failing = failing(WaitingOn::DomainOwner);
        assert!(!html(&known(&endpoint)).contains("hx-trigger=\"every"));
    }

    #[test]
    fn the_mark_changes_with_the_endpoint_and_not_with_the_clock() {
        let mut endpoint = endpoint("www.example.com");
        let before = known(&endpoint).mark();
        assert_eq!(before, known(&endpoint).mark());
        endpoint.failing = failing(WaitingOn::Ca);
        assert_ne!(before, known(&endpoint).mark());
    }

    #[test]
    fn a_removal_cannot_be_overtaken_by_a_renewal() {
        let removing = Endpoint { removing: true, ..endpoint("www.example.com") };
        assert!(!html(&known(&removing)).contains("/renew"));
        let blocked = Endpoint { failing: failing(WaitingOn::DomainOwner), ..endpoint("www.example.com") };
        assert!(html(&known(&blocked)).contains("/base/dashboard/endpoints/ep-"));
        assert!(html(&known(&blocked)).contains("/renew"));
    }

    #[test]
    fn wildcards_long_names_and_names_in_other_scripts_are_shown_whole() {
        let long = format!("{0}.{0}.{0}.example.com", "a".repeat(60));
        for (name, shown) in
            [("*.example.com", "*.example.com"), (&long, &long), ("bücher.example", "xn--bcher-kva.example")]
        {
            let html = html(&known(&endpoint(name)));
            assert!(html.contains(shown), "{name}: {html}");
        }
        assert!(html(&known(&endpoint("bücher.example"))).contains("bücher.example: Issuing."));
    }
}
