//! `doctor --deep`: issues a certificate for a name of the operator's own, and takes everything away again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use wire::{EndpointView, InstallationCheck, InstallationStatus, Reachability, Registration, WaitingOn};

use super::checks::{check, failed, ok};
use crate::api::error::ApiError;
use crate::api::{Api, IdempotencyKey};
use crate::arguments::{EndpointName, Timeout};
use crate::commands::waiting::{Standing, insist, standing, until};
use crate::render;
use crate::terminal::output::shell_word;
use crate::terminal::progress::Progress;

const NAME: &str = "first-certificate";
/// How often records that are not there yet are checked again.
const BETWEEN_CHECKS: Duration = Duration::from_secs(10);
/// For the clean-up of an attempt, and of an endpoint.
const CLEAN_UP: Timeout = Timeout(Duration::from_secs(300));

/// Whether the CA of `checks` counts certificates against nobody: a staging environment, or one on this machine.
pub(super) fn is_for_tests(checks: &[InstallationCheck]) -> bool {
    let directory = checks.iter().find(|check| check.name == "acme-directory");
    let marks = ["staging", "//127.0.0.1", "//localhost", "//[::1]"];
    directory.is_some_and(|check| marks.iter().any(|mark| check.detail.contains(mark)))
}

pub(super) fn not_run(domain: &str) -> InstallationCheck {
    let detail = "not run: the CA is not a staging environment, so the certificate counts against its limits";
    let remedy =
        format!("Deploy with a staging directory first, or accept it: managed-https doctor --deep {domain} --yes");
    check(NAME, InstallationStatus::Warning, detail, Some(remedy))
}

/// Registers `domain`, waits for its certificate and removes it, whatever the outcome. Reports each step on stderr.
pub(super) async fn issue_and_remove(api: &Api, domain: &str, limit: Timeout) -> InstallationCheck {
    let mut progress = Progress::start();
    let registration = Registration {
        domain: domain.to_owned(),
        also: vec![],
        reachability: Reachability::Internal,
        challenge: None,
        tenant: None,
        listeners: vec![],
        regions: vec![],
        role: None,
        adopt: None,
        label: None,
        tags: BTreeMap::new(),
        export_key: false,
    };
    progress.doing(&format!("{domain}: registering"));
    let key = IdempotencyKey::random();
    let registered = match insist(async || api.register(&registration, &key).await).await {
        Ok(registered) => registered.seen,
        Err(error) => return failed(NAME, error),
    };
    // By its id: the domain may be another endpoint's by the time it is removed.
    let Ok(id) = registered.id.parse::<EndpointName>() else {
        return check(NAME, InstallationStatus::Failed, "the API gave the endpoint no usable id", None);
    };
    progress.tell(&format!("{domain}: registered. Create this record; the command waits for it:"));
    for checked in &registered.dns.records {
        progress.tell(&format!("  {}", render::record_line(&checked.record)));
    }
    progress.tell(&format!("  as code: managed-https records {} --format route53", shell_word(domain)));
    let began = Instant::now();
    let issued = issue(api, &id, limit, &mut progress).await;
    let took = began.elapsed().as_secs();
    if issued.is_ok() {
        progress.tell(&format!("{domain}: the certificate is in ACM after {took} s. Removing it again."));
    }
    let removed = remove(api, &id, &mut progress).await;
    drop(progress);
    match (issued, removed) {
        (Ok(endpoint), Ok(())) => {
            let issuer = endpoint.certificate.issuer.unwrap_or_default();
            ok(
                NAME,
                format!("{domain}: issued by {issuer} and imported in {took} s, and removed again. Delete its record."),
            )
        }
        (Err(broken), Ok(())) => broken,
        (_, Err(left)) => left,
    }
}

async fn issue(
    api: &Api,
    id: &EndpointName,
    limit: Timeout,
    progress: &mut Progress,
) -> Result<EndpointView, InstallationCheck> {
    let mut last: Option<EndpointView> = None;
    let mut checked: Option<Instant> = None;
    let end = until(limit, progress, async |progress: &mut Progress| {
        let mut endpoint = api.endpoint(id).await?.seen;
        let waits = matches!(standing(&endpoint), Standing::Failing(_)) && endpoint.next_attempt_at.is_some();
        let records = waits && endpoint.actor == WaitingOn::DomainOwner;
        if records && checked.is_none_or(|at| at.elapsed() >= BETWEEN_CHECKS) {
            endpoint = api.check(id).await?.seen;
            checked = Some(Instant::now());
        }
        progress.doing(&render::state_line(&endpoint));
        let ready = matches!(standing(&endpoint), Standing::Ready);
        // A fault of the installation, AWS or the CA is what this check is for.
        let broken = waits && endpoint.actor == WaitingOn::Operator;
        last = Some(endpoint);
        Ok::<_, ApiError>((ready || broken).then_some(ready))
    })
    .await;
    let end = end.map_err(|error| failed(NAME, error))?;
    let endpoint = last.expect("without an answer the waiting fails");
    match (end, &endpoint.failure) {
        (Some(true), _) => Ok(endpoint),
        (_, Some(failure)) => Err(check(
            NAME,
            InstallationStatus::Failed,
            format!("{}: {} ({})", endpoint.domain, failure.summary, failure.name),
            Some(failure.remedy.clone()),
        )),
        (_, None) => {
            let detail = format!("{} has no certificate after {limit}, and no attempt failed", endpoint.domain);
            let remedy = format!("Show where its time went: managed-https history {}", id.as_str());
            Err(check(NAME, InstallationStatus::Failed, detail, Some(remedy)))
        }
    }
}

async fn remove(api: &Api, id: &EndpointName, progress: &mut Progress) -> Result<(), InstallationCheck> {
    let left = |detail: String| {
        check(NAME, InstallationStatus::Failed, detail, Some(format!("managed-https remove {} --wait", id.as_str())))
    };
    if let Err(error) = insist(async || api.remove(id, None).await).await {
        return Err(left(format!("the endpoint is left behind: {}", failed(NAME, error).detail)));
    }
    let end = until(CLEAN_UP, progress, async |progress: &mut Progress| match api.endpoint(id).await {
        Err(error) if error.is_gone() => Ok(Some(())),
        Err(error) => Err(error),
        Ok(endpoint) => {
            progress.doing(&render::state_line(&endpoint.seen));
            Ok(None)
        }
    });
    match end.await {
        Ok(Some(())) => Ok(()),
        Ok(None) => Err(left(format!("the endpoint is not removed after {CLEAN_UP}"))),
        Err(error) => Err(left(format!("the endpoint is left behind: {}", failed(NAME, error).detail))),
    }
}
