//! The page of one endpoint.

use time::OffsetDateTime;
use vocabulary::times::{exact, relative, timestamp};
use wire::{
    CertificateView, DeploymentView, DnsMethod, EndpointView, ExportView, FailureView, MuteView, Serving, Status,
    WaitingOn, WatchView,
};

use super::facts::facts;
use super::words::{InWords, Person};
use super::{colour_of, heading, record_table};
use crate::terminal::output::{Colour, Style, shell_word};

/// `www.example.com: issuing (attempt 2 is running)`
pub(crate) fn state_line(endpoint: &EndpointView) -> String {
    let status = endpoint.as_words();
    match (endpoint.attempt, endpoint.next_attempt_at) {
        (1.., None) => format!("{}: {status} (attempt {} is running)", endpoint.title(), endpoint.attempt),
        _ => format!("{}: {status}", endpoint.title()),
    }
}

/// `www.example.com  action required, waiting on: domain owner`
pub(super) fn status_line(style: Style, endpoint: &EndpointView) -> String {
    let status = style.paint(endpoint.as_words(), colour_of(&endpoint.status));
    match endpoint.actor.known() {
        Some(WaitingOn::Nobody) => format!("{}  {status}\n", endpoint.title()),
        _ => format!("{}  {status}, waiting on: {}\n", endpoint.title(), endpoint.actor.as_word()),
    }
}

/// Everything about one endpoint, the status first and the next step last.
pub(crate) fn endpoint_page(style: Style, endpoint: &EndpointView, now: OffsetDateTime) -> String {
    let mut page = status_line(style, endpoint);
    let says = facts(style, &status_facts(endpoint, now));
    page += &format!("\n{says}{}", if says.is_empty() { "" } else { "\n" });
    page += &facts(style, &endpoint_facts(endpoint, now));
    page += &format!("\n{}\n\n", heading(style, "Certificate"));
    page += &facts(style, &certificate_facts(&endpoint.certificate, now));
    let deployed = facts(style, &deployment_facts(&endpoint.deployment, endpoint.certificate.arn.as_deref(), now));
    if !deployed.trim().is_empty() {
        page += &format!("\n{}\n\n{deployed}", heading(style, "Deployment"));
    }
    let served = serving_facts(&endpoint.serving, now);
    if !served.is_empty() {
        page += &format!("\n{}\n\n", heading(style, "Host"));
        page += &facts(style, &served);
    }
    if let Some(watch) = &endpoint.watch {
        page += &format!("\n{}\n\n", heading(style, "Health checks"));
        page += &facts(style, &watch_facts(watch, now));
    }
    let checked = endpoint
        .dns
        .checked_at
        .map_or_else(|| "not checked yet".to_owned(), |at| format!("checked {}", relative(at, now)));
    page += &format!("\n{} ({checked})\n\n", heading(style, "Records in the domain's DNS"));
    page += &record_table(style, &endpoint.dns.records);
    let name = shell_word(&endpoint.domain);
    // The status has the newest knowledge: an older failure of an attempt is in the history.
    if let Some(failure) = endpoint.failure.as_ref().filter(|failure| failure.summary == endpoint.reason) {
        page += &match endpoint.status.known() {
            Some(Status::WaitingForDns) => set_up_part(style, failure, now),
            _ => failure_part(style, failure, now),
        };
        page += &format!("\nThen run:    managed-https renew {name} --wait\n");
    }
    if endpoint.actor != WaitingOn::Nobody {
        page += &format!("Check again: managed-https check {name}\n");
    }
    page
}

fn status_facts(endpoint: &EndpointView, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    let mut rows = vec![];
    // A failure's own text is at the end of the page, where people look first.
    if endpoint.failure.as_ref().is_none_or(|failure| failure.summary != endpoint.reason) {
        rows.extend([("Status", endpoint.reason.clone()), ("Next step", endpoint.next_step.clone())]);
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
        rows.push(("Challenge", "dns-persist-01 (persistent validation record)".into()));
    }
    if let Some(mute) = &endpoint.mute {
        rows.push(("Notifications", muted_words(mute, now)));
    }
    rows.push(("Registered", timestamp(endpoint.created_at, now)));
    rows.push(("Attempts", attempts(endpoint)));
    if let Some(at) = endpoint.next_attempt_at.filter(|at| Some(*at) != endpoint.certificate.renews_at) {
        rows.push(("Next attempt", timestamp(at, now)));
    }
    rows
}

/// `muted until 2026-12-24 06:00:00 UTC (in 8 hours), by operator: known`
pub(crate) fn muted_words(mute: &MuteView, now: OffsetDateTime) -> String {
    let when = match mute.from > now {
        true => format!("to be muted from {} until {}", timestamp(mute.from, now), timestamp(mute.until, now)),
        false => format!("muted until {}", timestamp(mute.until, now)),
    };
    format!("{when}, by {}: {}", mute.by, mute.reason)
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
    fact("Expires", certificate.not_after.map(|at| timestamp(at, now)));
    fact("Imported", certificate.imported_at.map(|at| timestamp(at, now)));
    fact("Renewal", certificate.renews_at.map(|at| timestamp(at, now)));
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
            (false, _) => "removed from the endpoint, still has the certificate".to_owned(),
            (true, Some(at)) => format!("attached {}", timestamp(at, now)),
            (true, None) => "not attached yet".to_owned(),
        };
        rows.push(("Listener", format!("{}, {state}", listener.arn)));
    }
    rows.extend(deployment.pool.clone().map(|pool| ("Pool", pool)));
    for copy in &deployment.copies {
        let state = if copy.current { "" } else { ", still the previous certificate" };
        rows.push(("Region", format!("{}: {}{state}", copy.region, copy.arn)));
    }
    let there = |region: &str| home == Some(region) || deployment.copies.iter().any(|copy| copy.region == region);
    let yet = deployment.regions.iter().filter(|region| !there(region));
    rows.extend(yet.map(|region| ("Region", format!("{region}: not imported yet"))));
    rows.extend(deployment.role.clone().map(|role| ("Role", role)));
    let tags: Vec<_> = deployment.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    rows.push(("Tags", tags.join(", ")));
    rows.extend(deployment.export.as_ref().map(|export| ("Export", exported_words(export))));
    rows
}

/// `stack/export/ep-… with the private key, read by ROLE`
fn exported_words(export: &ExportView) -> String {
    let name = export.secret.as_deref().unwrap_or(&export.name);
    match (export.wanted, export.current, &export.reader) {
        (false, ..) => format!("turned off; the secret {name} with the private key is about to be deleted"),
        (true, _, None) => format!("{name}: this installation no longer exports keys (ExportRoleArn is empty)"),
        (true, true, Some(reader)) => format!("{name}, with the private key; read by {reader}"),
        (true, false, Some(reader)) => format!("{name}, without the current certificate yet; read by {reader}"),
    }
}

fn watch_facts(watch: &WatchView, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    let mut rows = vec![("Checked", timestamp(watch.checked_at, now))];
    // Of records that are correct it is the same time.
    rows.extend(
        watch.dns_good_at.filter(|at| *at != watch.checked_at).map(|at| ("DNS last correct", timestamp(at, now))),
    );
    for symptom in &watch.symptoms {
        rows.push(("Found", format!("{} (since {})", symptom.summary, timestamp(symptom.since, now))));
        rows.push(("Next step", symptom.remedy.clone()));
    }
    rows.push(("Used by", watch.used_by.join(", ")));
    rows
}

/// What a TLS connection to the host showed; nothing if none was made.
pub(super) fn serving_facts(serving: &Serving, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    match serving {
        Serving::NotChecked => Vec::new(),
        Serving::Unreachable { host, reason } => {
            vec![("Serves", format!("no TLS connection to {host}: {reason}"))]
        }
        Serving::Presented { host, serial, issuer, not_after, ours, name_matches, chain_complete } => {
            let which = match (ours, name_matches) {
                (true, true) => "the certificate in ACM",
                (true, false) => "the certificate in ACM, but it does not cover the name",
                (false, true) => "a different certificate than the one in ACM",
                (false, false) => "a different certificate, and it does not cover the name",
            };
            let chain = if *chain_complete { "" } else { ", with an incomplete chain" };
            vec![
                ("Serves", format!("{host} serves {which}{chain}")),
                ("Serial", serial.clone()),
                ("Issuer", issuer.clone()),
                ("Expires", timestamp(*not_after, now)),
            ]
        }
    }
}

/// What a new endpoint waits for, which is no failure.
fn set_up_part(style: Style, failure: &FailureView, now: OffsetDateTime) -> String {
    let rows = [
        ("Found", failure.summary.clone()),
        ("Waiting on", failure.actor.as_word().to_owned()),
        ("Next step", failure.remedy.clone()),
        ("Since", timestamp(failure.since, now)),
    ];
    format!("\n{}\n\n{}", heading(style, "Waiting for DNS"), facts(style, &rows))
}

fn failure_part(style: Style, failure: &FailureView, now: OffsetDateTime) -> String {
    let mut text = format!("\n{}\n\n", style.paint("What is wrong", Colour::Red));
    let name = failure.name.to_string();
    let mut rows = vec![
        (name.as_str(), failure.summary.clone()),
        ("Waiting on", failure.actor.as_word().to_owned()),
        ("Next step", failure.remedy.clone()),
    ];
    rows.push(("Since", format!("{}, failed attempts: {}", timestamp(failure.since, now), failure.attempts)));
    if let Some(at) = failure.paused_since {
        let pace = "; checked less often, issuance resumes automatically once the records are correct";
        rows.push(("Paused since", timestamp(at, now) + pace));
    }
    text += &facts(style, &rows);
    text
}

#[cfg(test)]
mod tests {
    use super::super::{EndpointTable, sample::endpoint};
    use super::*;
    use time::macros::datetime;

    const PLAIN: Style = Style { colour: false, width: None };
    const NOW: OffsetDateTime = datetime!(2026-01-02 00:00 UTC);

    #[test]
    fn the_page_has_status_facts_and_the_command_to_run() {
        let page = endpoint_page(PLAIN, &endpoint(), NOW);
        for part in [
            "*.example.com  action required, waiting on: domain owner",
            "arn:aws:acm:x",
            "2026-04-01 00:00:00 UTC (in 89 days)",
            "x.acme.example",
            "arn:listener:1, attached 2026-01-01 00:01:00 UTC",
            "arn:listener:2, not attached yet",
            "eu-west-1: arn:copy, still the previous certificate",
            "us-east-1: not imported yet",
            "example.com serves a different certificate than the one in ACM",
            "checked 10 minutes ago",
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
    fn a_failure_from_before_the_newest_check_is_not_shown_as_the_present_issue() {
        let mut since = endpoint();
        since.reason = "The DNS records are correct. The next attempt orders the certificate.".into();
        let page = endpoint_page(PLAIN, &since, NOW);
        assert!(
            !page.contains("What is wrong") && !page.contains("no CNAME") && page.contains(&since.reason),
            "{page}"
        );
    }

    #[test]
    fn a_new_endpoint_that_waits_for_its_records_has_not_failed() {
        let mut new = endpoint();
        new.status = Status::WaitingForDns.into();
        let page = endpoint_page(Style { colour: true, ..PLAIN }, &new, NOW);
        assert!(page.contains("Waiting for DNS") && page.contains("no CNAME"), "{page}");
        assert!(!page.contains("What is wrong") && !page.contains("failed attempts"), "{page}");
    }

    #[test]
    fn a_removal_is_not_called_a_pause() {
        let mut going = endpoint();
        (going.status, going.actor) = (Status::Paused.into(), WaitingOn::Nobody.into());
        assert!(endpoint_page(PLAIN, &going, NOW).starts_with("*.example.com  being removed\n"));
        assert_eq!(state_line(&going), "*.example.com: being removed");
        assert!(EndpointTable::new(PLAIN, NOW).rows(&[going.clone()]).contains(" being removed "));
        going.actor = WaitingOn::DomainOwner.into();
        assert_eq!(state_line(&going), "*.example.com: paused");
    }

    #[test]
    fn colour_is_used_only_where_it_is_wanted() {
        let style = Style { colour: true, width: Some(100) };
        assert!(endpoint_page(style, &endpoint(), NOW).contains("\u{1b}["));
        assert!(EndpointTable::new(style, NOW).rows(&[endpoint()]).contains("\u{1b}["));
        assert!(!endpoint_page(PLAIN, &endpoint(), NOW).contains('\u{1b}'));
        assert!(!EndpointTable::new(Style { width: Some(60), ..PLAIN }, NOW).rows(&[endpoint()]).contains('\u{1b}'));
    }
}
