//! Endpoints that are proven by a persistent validation record.

use anyhow::{Result, ensure};
use aws_sdk_route53::types::RrType;
use diagnosis::catalogue::Check;
use diagnosis::report::{CheckReport, RecordStatus};
use local_cloud::{Behaviour, OwnerZone};
use time::Duration;
use vocabulary::acme::Reachability;
use vocabulary::guidance::WaitingOn::DomainOwner;

use crate::Case;
use crate::cases::case;
use crate::fixture::{Fixture, NOW};
use crate::host_cases::recorded_certificate;

/// What the record of this installation says, without more.
const OURS: &str = "ca.test; accounturi=https://ca.test/account/7";

pub(crate) const CASES: [Case; 14] = [
    case!(
        PersistentMissing,
        DomainOwner,
        "a zone without the record",
        " TXT \"ca.test; accounturi=https://ca.test/account/7\"",
        missing
    ),
    case!(
        PersistentMissing,
        DomainOwner,
        "a zone without the record, for a host that is validated over HTTP",
        "Create this TXT record",
        missing_but_not_needed
    ),
    case!(
        DelegationDoubledLabel,
        DomainOwner,
        "the TXT record at `_validation-persist.shop.doubledtxt.example.doubledtxt.example`",
        "with the name typed as _validation-persist.shop:",
        doubled
    ),
    case!(PersistentElsewhere, DomainOwner, "the TXT record of another account", "may stand beside it", account),
    case!(PersistentElsewhere, DomainOwner, "TXT records of another CA and for mail", "beside those", issuer),
    case!(PersistentMalformed, DomainOwner, "a “;” at the end", "Replace the TXT record", semicolon),
    case!(PersistentMalformed, DomainOwner, "`accounturi` twice", "Replace the TXT record", twice),
    case!(
        PersistentMalformed,
        DomainOwner,
        "a blank for the “;” between two parameters",
        "Replace the TXT record",
        blank
    ),
    case!(PersistentExpired, DomainOwner, "`persistUntil` of an hour ago", "has no end", expired),
    case!(
        PersistentExpired,
        DomainOwner,
        "`persistUntil` of a day before the certificate's renewal",
        "has no end",
        expiring
    ),
    case!(
        PersistentWildcard,
        DomainOwner,
        "a name and its wildcard, and a record without `policy`",
        "; policy=wildcard\"",
        name_alone
    ),
    case!(
        ServersDisagree,
        DomainOwner,
        "two name servers, the persistent record at one of them only",
        "all name servers of the zone serve the same",
        disagreeing
    ),
    case!(
        CaaMethod,
        DomainOwner,
        "`validationmethods=dns-01` for a persistent record",
        "dns-01,dns-persist-01",
        method
    ),
    case!(
        ServersSilent,
        DomainOwner,
        "the only name server of a zone with a persistent record takes questions and answers none",
        "port 53",
        silent
    ),
];

/// A record beside those of others, in two strings as a provider splits it, in another order, with a parameter that
/// nobody knows yet; and a domain that is about to be registered.
pub(crate) async fn all_is_healthy(fixture: &Fixture<'_>) -> Result<()> {
    let zone = fixture.zone("standing").await?;
    let split = "\"ca.test; policy=WILDCARD; later=1; accounturi=https://ca.test\" \"/account/7\"";
    let others = "\"someone-else.test; accounturi=https://someone-else.test/1\"";
    zone.upsert(&fixture.name("_validation-persist.shop.standing"), RrType::Txt, &[others, split]).await?;
    let report =
        fixture.probe(&fixture.persistent(&["shop.standing", "*.shop.standing"], Reachability::Internal)).await;
    ensure!(report.findings.is_empty() && report.is_well(), "{report:#?}");
    let [record] = report.records.as_slice() else { anyhow::bail!("one record: {report:#?}") };
    ensure!(record.status == RecordStatus::Ok && record.record.value == format!("{OURS}; policy=wildcard"));
    ensure!(record.found[0].records.len() == 2, "{record:#?}");

    let mut subject = fixture.persistent(&["shop.new"], Reachability::Internal);
    (subject.registered, subject.delegation_target) = (false, None);
    fixture.zone("new2").await?;
    subject.names = fixture.persistent(&["shop.new2"], Reachability::Internal).names;
    let report = fixture.probe(&subject).await;
    ensure!(report.findings.is_empty() && report.records[0].status == RecordStatus::Missing, "{report:#?}");
    Ok(())
}

/// A zone with this persistent validation record for `shop`.
async fn with_text(fixture: &Fixture<'_>, zone: &str, texts: &[&str]) -> Result<OwnerZone> {
    let hosted = fixture.zone(zone).await?;
    let texts: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    hosted.upsert(&fixture.name(&format!("_validation-persist.shop.{zone}")), RrType::Txt, &texts).await?;
    Ok(hosted)
}

async fn report_of(fixture: &Fixture<'_>, zone: &str, texts: &[&str]) -> Result<CheckReport> {
    with_text(fixture, zone, texts).await?;
    Ok(fixture.probe(&fixture.persistent(&[&format!("shop.{zone}")], Reachability::Internal)).await)
}

async fn missing(fixture: &Fixture<'_>) -> Result<CheckReport> {
    fixture.zone("nothing").await?;
    Ok(fixture.probe(&fixture.persistent(&["shop.nothing"], Reachability::Internal)).await)
}

async fn missing_but_not_needed(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("overhttp2").await?;
    fixture.point(&zone, "shop.overhttp2").await?;
    Ok(fixture.probe(&fixture.persistent(&["shop.overhttp2"], Reachability::External)).await)
}

async fn doubled(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = fixture.zone("doubledtxt").await?;
    let typed = format!("{}.{}", fixture.name("_validation-persist.shop.doubledtxt"), fixture.name("doubledtxt"));
    zone.upsert(&typed, RrType::Txt, &[&format!("\"{OURS}\"")]).await?;
    Ok(fixture.probe(&fixture.persistent(&["shop.doubledtxt"], Reachability::Internal)).await)
}

async fn account(fixture: &Fixture<'_>) -> Result<CheckReport> {
    report_of(fixture, "otheraccount", &["ca.test; accounturi=https://ca.test/account/8"]).await
}

async fn issuer(fixture: &Fixture<'_>) -> Result<CheckReport> {
    report_of(fixture, "otherca", &["someone-else.test; accounturi=https://someone-else.test/1", "v=spf1 -all"]).await
}

async fn semicolon(fixture: &Fixture<'_>) -> Result<CheckReport> {
    report_of(fixture, "semicolon", &[&format!("{OURS};")]).await
}

async fn twice(fixture: &Fixture<'_>) -> Result<CheckReport> {
    report_of(fixture, "twice", &[&format!("{OURS}; accounturi=https://ca.test/account/7")]).await
}

async fn blank(fixture: &Fixture<'_>) -> Result<CheckReport> {
    report_of(fixture, "blank", &[&format!("{OURS} policy=wildcard")]).await
}

async fn expired(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let until = (NOW - Duration::HOUR).unix_timestamp();
    report_of(fixture, "expired", &[&format!("{OURS}; persistUntil={until}")]).await
}

async fn expiring(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let mut subject = fixture.persistent(&["shop.expiring"], Reachability::Internal);
    let held = recorded_certificate(&subject);
    let until = (held.renew_at - Duration::DAY).unix_timestamp();
    with_text(fixture, "expiring", &[&format!("{OURS}; persistUntil={until}")]).await?;
    subject.certificate = Some(held);
    Ok(fixture.probe(&subject).await)
}

async fn name_alone(fixture: &Fixture<'_>) -> Result<CheckReport> {
    with_text(fixture, "alone", &[OURS]).await?;
    Ok(fixture.probe(&fixture.persistent(&["shop.alone", "*.shop.alone"], Reachability::Internal)).await)
}

async fn disagreeing(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let old = fixture.static_zone("divided2", &["ns1", "ns-old2"], &[])?;
    fixture.server("ns-old2", "127.0.0.22", Behaviour::Serving(old)).await?;
    let zone = fixture.zone_at("divided2", &["ns1", "ns-old2"]).await?;
    zone.upsert(&fixture.name("_validation-persist.shop.divided2"), RrType::Txt, &[&format!("\"{OURS}\"")]).await?;
    Ok(fixture.probe(&fixture.persistent(&["shop.divided2"], Reachability::Internal)).await)
}

async fn method(fixture: &Fixture<'_>) -> Result<CheckReport> {
    let zone = with_text(fixture, "method2", &[OURS]).await?;
    zone.upsert(&fixture.name("method2"), RrType::Caa, &["0 issue \"ca.test; validationmethods=dns-01\""]).await?;
    Ok(fixture.probe(&fixture.persistent(&["shop.method2"], Reachability::Internal)).await)
}

async fn silent(fixture: &Fixture<'_>) -> Result<CheckReport> {
    fixture.server("ns-silent2", "127.0.0.23", Behaviour::Silent).await?;
    fixture.delegated_to("silent2", "ns-silent2").await?;
    let subject = Fixture::after_silence(fixture.persistent(&["shop.silent2"], Reachability::Internal));
    Ok(fixture.probe(&subject).await)
}
