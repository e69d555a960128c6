//! Sent events, read back as the domain's types: people read the domain's texts.

use anyhow::{Context, Result};
use domain::alert::{Affected, Alert, AlertKind, CertificateFacts, Digest, Ending, Need};
use serde::Serialize;
use serde::de::DeserializeOwned;
use vocabulary::guidance::{Guidance, NO_ACTION};
use wire::{Open, events};

/// The event that `json` is.
pub fn alert(json: &str) -> Result<Alert> {
    let event: events::Alert = serde_json::from_str(json)?;
    let kind = event.kind.to_string();
    Ok(Alert {
        id: event.id,
        at: event.at,
        kind: AlertKind::ALL.into_iter().find(|known| known.as_str() == kind).context("an unknown kind")?,
        severity: alike(event.severity)?,
        cause: alike(event.cause)?,
        also_resolved: alike(event.also_resolved)?,
        check: event.check,
        guidance: guidance(event.actor, event.what, event.remedy, event.record)?,
        tenant: event.tenant,
        endpoint: event.endpoint,
        domain: event.domain,
        names: event.names,
        since: event.since,
        until: event.until,
        next_attempt: event.next_attempt,
        certificate: event.certificate.map(certificate),
        affected: event.affected.map(|events::Affected { endpoints, first }| Affected { endpoints, first }),
        digest: event.digest.map(digest).transpose()?,
        link: event.link,
    })
}

fn guidance(
    actor: Open<wire::WaitingOn>,
    what: String,
    remedy: String,
    record: Option<wire::RequiredRecord>,
) -> Result<Guidance> {
    let action = Some(remedy).filter(|remedy| remedy != NO_ACTION);
    Ok(Guidance {
        waiting_on: alike(actor)?,
        summary: what,
        action,
        record: record.map(alike).transpose()?,
        at_fault: None,
    })
}

fn certificate(facts: events::CertificateFacts) -> CertificateFacts {
    let events::CertificateFacts { arn, serial, issuer, directory, not_before, not_after, renew_at } = facts;
    CertificateFacts { arn, serial, issuer, directory, not_before, not_after, renew_at }
}

fn digest(digest: events::Digest) -> Result<Digest> {
    let need = |need: events::Need| {
        let events::Need { domain, endpoints, actor, what, remedy, since, until } = need;
        anyhow::Ok(Need { domain, endpoints, key: None, guidance: guidance(actor, what, remedy, None)?, since, until })
    };
    let ending = |events::Ending { domain, not_after, renew_at }| Ending { domain, not_after, renew_at };
    Ok(Digest {
        endpoints: digest.endpoints,
        ready: digest.ready,
        waiting: digest.waiting,
        setting_up: digest.setting_up,
        issued: digest.issued,
        muted: digest.muted,
        needs: digest.needs.into_iter().map(need).collect::<Result<_>>()?,
        next: digest.next.into_iter().map(ending).collect(),
    })
}

/// What is stored as it is sent.
fn alike<T: DeserializeOwned>(value: impl Serialize) -> Result<T> {
    Ok(serde_json::from_value(serde_json::to_value(value)?)?)
}
