//! The page of one endpoint.

use time::OffsetDateTime;
use vocabulary::times::{exact, relative, timestamp};
use wire::{
    CertificateView, DeploymentView, DnsMethod, EndpointView, FailureView, Open, Serving, Verdict, WaitingOn, WatchView,
};

use super::facts::facts;
use super::words::{InWords, Person};
use super::{colour_of, heading, record_table};
use crate::terminal::output::{Colour, Look, shell_word};

/// `www.example.com: issuing (attempt 2 is running)`
pub(crate) fn state_line(endpoint: &EndpointView) -> String {
    let verdict = endpoint.verdict.as_words();
    match (endpoint.attempt, endpoint.next_attempt_at) {
        (1.., None) => format!("{}: {verdict} (attempt {} is running)", endpoint.title(), endpoint.attempt),
        _ => format!("{}: {verdict}", endpoint.title()),
    }
}

/// `www.example.com  action required: the domain's owner must act`
pub(super) fn verdict_line(look: Look, title: &str, verdict: &Open<Verdict>, actor: &Open<WaitingOn>) -> String {
    let verdict_word = look.paint(verdict.as_words(), colour_of(verdict));
    match (verdict.known(), actor.known()) {
        (_, Some(WaitingOn::Nobody)) => format!("{title}  {verdict_word}\n"),
        (Some(Verdict::Retrying), Some(WaitingOn::Ca)) => {
            format!("{title}  {verdict_word}: it is up to {}\n", actor.as_person())
        }
        _ => format!("{title}  {verdict_word}: {} must act\n", actor.as_person()),
    }
}

/// Everything about one endpoint, the verdict first and what to do last.
pub(crate) fn endpoint_page(look: Look, endpoint: &EndpointView, now: OffsetDateTime) -> String {
    let mut page = verdict_line(look, endpoint.title(), &endpoint.verdict, &endpoint.actor);
    let says = facts(look, &verdict_facts(endpoint, now));
    page += &format!("\n{says}{}", if says.is_empty() { "" } else { "\n" });
    page += &facts(look, &endpoint_facts(endpoint, now));
    page += &format!("\n{}\n\n", heading(look, "Certificate"));
    page += &facts(look, &certificate_facts(&endpoint.certificate, now));
    let deployed = deployment_facts(&endpoint.deployment, endpoint.certificate.arn.as_deref(), now);
    if !deployed.is_empty() {
        page += &format!("\n{}\n\n", heading(look, "Where it goes besides"));
        page += &facts(look, &deployed);
    }
    let served = serving_facts(&endpoint.serving, now);
    if !served.is_empty() {
        page += &format!("\n{}\n\n", heading(look, "Host"));
        page += &facts(look, &served);
    }
    if let Some(watch) = &endpoint.watch {
        page += &format!("\n{}\n\n", heading(look, "Watched between renewals"));
        page += &facts(look, &watch_facts(watch, now));
    }
    let looked = endpoint
        .dns
        .checked_at
        .map_or_else(|| "not looked at yet".to_owned(), |at| format!("as they were {}", relative(at, now)));
    page += &format!("\n{} ({looked})\n\n", heading(look, "Records in the domain's DNS"));
    page += &record_table(look, &endpoint.dns.records);
    let name = shell_word(&endpoint.domain);
    if let Some(failure) = &endpoint.failure {
        page += &failure_part(look, failure, now);
        page += &format!("\nThen, at once: managed-https renew {name} --wait\n");
    }
    if endpoint.actor != WaitingOn::Nobody {
        page += &format!("Look anew:     managed-https check {name}\n");
    }
    page
}

fn verdict_facts(endpoint: &EndpointView, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    let mut rows = vec![];
    // A failure's own words stand at the end of the page, where the eye is.
    if endpoint.failure.as_ref().is_none_or(|failure| failure.summary != endpoint.reason) {
        rows.extend([("What is", endpoint.reason.clone()), ("Next step", endpoint.next_step.clone())]);
    }
    if let Some(at) = endpoint.breaks_at {
        rows.push((if at > now { "Breaks" } else { "Broken since" }, timestamp(at, now)));
    }
    rows
}

fn endpoint_facts(endpoint: &EndpointView, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    let mut rows = vec![("Endpoint", endpoint.id.clone())];
    if !endpoint.tenant.is_empty() {
        rows.push(("Tenant", endpoint.tenant.clone()));
    }
    if endpoint.display_names.len() > 1 {
        rows.push(("Names", endpoint.display_names.join(", ")));
    }
    rows.push(("Reachability", endpoint.reachability.to_string()));
    if endpoint.dns_method == DnsMethod::DnsPersist01 {
        rows.push(("Validation", "standing record (dns-persist-01)".into()));
    }
    rows.push(("Registered", timestamp(endpoint.created_at, now)));
    rows.push(("Attempts", attempts(endpoint)));
    if let Some(at) = endpoint.next_attempt_at.filter(|at| Some(*at) != endpoint.certificate.renews_at) {
        rows.push(("Next attempt", timestamp(at, now)));
    }
    rows
}

fn attempts(endpoint: &EndpointView) -> String {
    match (endpoint.attempt, endpoint.next_attempt_at) {
        (1.., None) => format!("{}, the last one is running", endpoint.attempt),
        (count, _) => count.to_string(),
    }
}

fn certificate_facts(certificate: &CertificateView, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    let mut rows = vec![("State", certificate.state.as_words().to_owned())];
    let mut fact = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    fact("ARN", certificate.arn.clone());
    fact("Covers", (!certificate.names.is_empty()).then(|| certificate.names.join(", ")));
    fact("Issuer", certificate.issuer.clone());
    fact("CA", certificate.directory.clone());
    fact("Serial", certificate.serial.clone());
    fact("Valid from", certificate.not_before.map(exact));
    fact("Valid until", certificate.not_after.map(|at| timestamp(at, now)));
    fact("Imported", certificate.imported_at.map(|at| timestamp(at, now)));
    fact("Renews", certificate.renews_at.map(|at| timestamp(at, now)));
    rows
}

/// `arn` is that of the certificate at home.
fn deployment_facts(
    deployment: &DeploymentView,
    arn: Option<&str>,
    now: OffsetDateTime,
) -> Vec<(&'static str, String)> {
    let home = arn.and_then(|arn| arn.split(':').nth(3));
    let mut rows = Vec::new();
    for listener in &deployment.listeners {
        let state = match (listener.wanted, listener.attached_at) {
            (false, _) => "taken off the endpoint, and still has the certificate".to_owned(),
            (true, Some(at)) => format!("has it since {}", timestamp(at, now)),
            (true, None) => "does not have it yet".to_owned(),
        };
        rows.push(("Listener", format!("{}, {state}", listener.arn)));
    }
    for copy in &deployment.copies {
        let state = if copy.current { "" } else { ", still the one before" };
        rows.push(("Region", format!("{}: {}{state}", copy.region, copy.arn)));
    }
    let there = |region: &str| home == Some(region) || deployment.copies.iter().any(|copy| copy.region == region);
    let yet = deployment.regions.iter().filter(|region| !there(region));
    rows.extend(yet.map(|region| ("Region", format!("{region}: asked for; none there"))));
    rows.extend(deployment.role.clone().map(|role| ("By role", role)));
    rows
}

fn watch_facts(watch: &WatchView, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    let mut rows = vec![("Checked at", timestamp(watch.looked_at, now))];
    // Of records that are right it is the same moment.
    rows.extend(watch.dns_good_at.filter(|at| *at != watch.looked_at).map(|at| ("DNS last right", timestamp(at, now))));
    for symptom in &watch.symptoms {
        rows.push(("Wrong", format!("{} (since {})", symptom.summary, timestamp(symptom.since, now))));
        rows.push(("To do", symptom.remedy.clone()));
    }
    rows.push(("Used by", watch.used_by.join(", ")));
    rows
}

/// What a TLS connection to the host showed; nothing if none was made.
pub(super) fn serving_facts(serving: &Serving, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    match serving {
        Serving::NotChecked => Vec::new(),
        Serving::Unreachable { host, reason } => {
            vec![("Serves", format!("{host} cannot be reached over TLS: {reason}"))]
        }
        Serving::Presented { host, serial, issuer, not_after, ours, name_matches, chain_complete } => {
            let which = match (ours, name_matches) {
                (true, true) => "the certificate that is in ACM",
                (true, false) => "the certificate that is in ACM, which does not cover the name",
                (false, true) => "another certificate than the one in ACM",
                (false, false) => "another certificate, which does not cover the name",
            };
            let chain = if *chain_complete { "" } else { ", without its chain to the root" };
            vec![
                ("Serves", format!("{host} presents {which}{chain}")),
                ("Serial", serial.clone()),
                ("Issuer", issuer.clone()),
                ("Valid until", timestamp(*not_after, now)),
            ]
        }
    }
}

fn failure_part(look: Look, failure: &FailureView, now: OffsetDateTime) -> String {
    let mut text = format!("\n{}\n\n", look.paint("What stands in the way", Colour::Red));
    let name = failure.name.to_string();
    let mut rows = vec![
        (name.as_str(), failure.summary.clone()),
        ("Who must act", failure.actor.as_person().to_owned()),
        ("To do", failure.remedy.clone()),
    ];
    rows.push(("Since", format!("{}, failed attempts: {}", timestamp(failure.since, now), failure.attempts)));
    if let Some(at) = failure.parked_since {
        rows.push((
            "Parked since",
            timestamp(at, now) + "; it is looked at ever more rarely, and goes on by itself when it is right",
        ));
    }
    text += &facts(look, &rows);
    text
}

#[cfg(test)]
mod tests {
    use super::super::{endpoint_list, sample::endpoint};
    use super::*;
    use time::macros::datetime;

    const PLAIN: Look = Look { colour: false, width: None };
    const NOW: OffsetDateTime = datetime!(2026-01-02 00:00 UTC);

    #[test]
    fn the_page_says_what_is_who_must_act_and_what_to_run() {
        let page = endpoint_page(PLAIN, &endpoint(), NOW);
        for part in [
            "*.example.com  action required: the domain's owner must act",
            "arn:aws:acm:x",
            "2026-04-01 00:00:00 UTC (in 89 days)",
            "x.acme.example",
            "arn:listener:1, has it since 2026-01-01 00:01:00 UTC",
            "arn:listener:2, does not have it yet",
            "eu-west-1: arn:copy, still the one before",
            "us-east-1: asked for; none there",
            "example.com presents another certificate than the one in ACM",
            "as they were 10 minutes ago",
            "no CNAME",
            "failed attempts: 3",
            "_acme-challenge.example.com: nothing (since 2026-01-01 06:00:00 UTC",
            "2026-01-01 00:00:00 UTC (24 hours ago)",
            "managed-https renew '*.example.com' --wait",
        ] {
            assert!(page.contains(part), "{part} is missing in\n{page}");
        }
    }

    #[test]
    fn colour_is_used_only_where_it_is_wanted() {
        let look = Look { colour: true, width: Some(100) };
        assert!(endpoint_page(look, &endpoint(), NOW).contains("\u{1b}["));
        assert!(endpoint_list(look, &[endpoint()], NOW).contains("\u{1b}["));
        assert!(!endpoint_page(PLAIN, &endpoint(), NOW).contains('\u{1b}'));
        assert!(!endpoint_list(Look { width: Some(60), ..PLAIN }, &[endpoint()], NOW).contains('\u{1b}'));
    }
}
