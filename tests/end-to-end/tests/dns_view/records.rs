//! Records: what owners of domains create, and where.

use anyhow::{Result, ensure};
use diagnosis::report::{RecordStatus, Severity};
use diagnosis::subject::Subject;
use local_cloud::{Behaviour, StaticZone};
use vocabulary::acme::Reachability;

use crate::internet::{Internet, NAME, NOW, TARGET, next_step, subject};

#[tokio::test]
async fn the_right_record_is_found_from_the_root() -> Result<()> {
    let internet = Internet::start(1, &[(NAME, "CNAME", "label.acme.platform.test.")]).await?;
    let report = internet.check(&subject("shop.d.test"), NOW).await;
    ensure!(report.findings.is_empty(), "{report:#?}");
    let found = &report.records[0].found[0];
    ensure!(found.server == "ns1.dns.test" && found.chain.is_empty(), "no word of a missing address: {report:#?}");
    Ok(())
}

#[tokio::test]
async fn a_wildcard_that_answers_is_named_and_nothing_is_to_be_deleted() -> Result<()> {
    let internet = Internet::start(2, &[("*.d.test", "CNAME", "sites.builder.test.")]).await?;
    let finding = internet.only_finding().await?;
    ensure!(finding.guidance.summary.contains("the wildcard record *.d.test answers"), "{finding:#?}");
    ensure!(next_step(&finding).starts_with("Create this record"), "{finding:#?}");
    let parked = [("*.d.test", "TXT", "\"parked\""), ("d.test", "A", "192.0.2.7")];
    let internet = Internet::start(3, &parked).await?;
    let finding = internet.only_finding().await?;
    ensure!(!next_step(&finding).contains("elete"), "{finding:#?}");
    Ok(())
}

#[tokio::test]
async fn a_record_at_a_near_name_is_found() -> Result<()> {
    for (net, near) in [
        (4, "_acme-challenge.d.test"),
        (5, "acme-challenge.shop.d.test"),
        // Variants: another sign of the keyboard, and the name with www.
        (30, "_acme_challenge.shop.d.test"),
        (31, "_acme-challenge.www.shop.d.test"),
    ] {
        let internet = Internet::start(net, &[(near, "CNAME", "label.acme.platform.test.")]).await?;
        let finding = internet.only_finding().await?;
        ensure!(next_step(&finding).starts_with(&format!("Move the record from {near} to {NAME}")), "{finding:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_zone_of_its_own_at_the_challenge_is_named_before_registration_and_after() -> Result<()> {
    let internet = Internet::start(6, &[(NAME, "NS", "ns2.dns.test.")]).await?;
    let finding = internet.only_finding().await?;
    ensure!(finding.check == "delegation-own-zone", "{finding:#?}");
    ensure!(next_step(&finding).contains("NS ns2.dns.test"), "{finding:#?}");
    let new = Subject { registered: false, delegation_target: None, ..subject("shop.d.test") };
    let report = internet.check(&new, NOW).await;
    ensure!(report.findings[0].check == "delegation-own-zone" && report.is_well(), "{report:#?}");
    Ok(())
}

#[tokio::test]
async fn other_types_at_the_challenge_are_to_be_deleted_first() -> Result<()> {
    let internet = Internet::start(7, &[(NAME, "A", "192.0.2.7")]).await?;
    let finding = internet.only_finding().await?;
    ensure!(next_step(&finding).contains("A 192.0.2.7"), "{finding:#?}");
    Ok(())
}

/// D7 and H19: of two CNAMEs at one name a resolver uses either.
#[tokio::test]
async fn two_cnames_at_one_name_are_a_conflict_at_the_challenge_and_at_the_host() -> Result<()> {
    let right = (NAME, "CNAME", "label.acme.platform.test.");
    let internet = Internet::start(13, &[right, (NAME, "CNAME", "old.vendor.test.")]).await?;
    let finding = internet.only_finding().await?;
    ensure!(finding.check == "delegation-elsewhere", "{finding:#?}");
    let both = ["label.acme.platform.test", "old.vendor.test"];
    ensure!(both.iter().all(|one| finding.guidance.summary.contains(one)), "both are named: {finding:#?}");

    let host = "shop.d.test";
    let cnames = [right, (host, "CNAME", "edge.platform.test."), (host, "CNAME", "sites.builder.test.")];
    let internet = Internet::start(14, &cnames).await?;
    let report = internet.check(&Subject { reachability: Reachability::External, ..subject(host) }, NOW).await;
    let finding = report.findings.iter().find(|finding| finding.check == "host-conflict");
    let Some(finding) = finding else { anyhow::bail!("a conflict: {report:#?}") };
    ensure!(next_step(finding).contains("sites.builder.test"), "{finding:#?}");
    let record = report.records.iter().find(|record| record.record.name == host);
    ensure!(record.is_some_and(|record| record.status == RecordStatus::Conflict), "{report:#?}");
    Ok(())
}

/// D8: letter case is none of DNS's differences.
#[tokio::test]
async fn a_target_in_upper_case_is_the_target() -> Result<()> {
    let internet = Internet::start(15, &[(NAME, "CNAME", "LABEL.Acme.PLATFORM.test.")]).await?;
    let report = internet.check(&subject("shop.d.test"), NOW).await;
    ensure!(report.findings.is_empty(), "{report:#?}");
    Ok(())
}

/// D10b: whoever changes the record in between would decide.
#[tokio::test]
async fn an_alias_in_between_is_reported_with_why_the_record_must_be_direct() -> Result<()> {
    let through = [(NAME, "CNAME", "own.d.test."), ("own.d.test", "CNAME", "label.acme.platform.test.")];
    let finding = Internet::start(16, &through).await?.only_finding().await?;
    ensure!(finding.check == "delegation-elsewhere", "{finding:#?}");
    ensure!(finding.guidance.summary.contains("must point there directly"), "{finding:#?}");
    Ok(())
}

/// D23: a zone that nobody delegates to is not seen, and neither is what stands in it.
#[tokio::test]
async fn a_zone_that_was_never_delegated_leaves_the_record_missing() -> Result<()> {
    let mut internet = Internet::start(17, &[]).await?;
    let orphan = [("shop.d.test", "NS", "ns2.dns.test."), (NAME, "CNAME", "label.acme.platform.test.")];
    internet.serve(4, Behaviour::Serving(StaticZone::new("shop.d.test", &orphan)?)).await?;
    let finding = internet.only_finding().await?;
    ensure!(finding.check == "delegation-missing" && next_step(&finding).starts_with("Create"), "{finding:#?}");
    Ok(())
}

/// D24: the cut hides what stands above it.
#[tokio::test]
async fn a_record_above_a_zone_cut_has_no_effect_and_the_finding_names_the_queried_zone() -> Result<()> {
    let above = [("shop.d.test", "NS", "ns2.dns.test."), (NAME, "CNAME", "label.acme.platform.test.")];
    let mut internet = Internet::start(18, &above).await?;
    let below = StaticZone::new("shop.d.test", &[("shop.d.test", "NS", "ns2.dns.test.")])?;
    internet.serve(4, Behaviour::Serving(below)).await?;
    let finding = internet.only_finding().await?;
    ensure!(finding.check == "delegation-missing", "{finding:#?}");
    ensure!(finding.guidance.summary.contains("shop.d.test is a zone of its own, at ns2.dns.test"), "{finding:#?}");
    Ok(())
}

/// D25: what answers at the name counts, not how it was written.
#[tokio::test]
async fn a_wildcard_that_points_to_the_target_is_a_delegation() -> Result<()> {
    let internet = Internet::start(19, &[("*.d.test", "CNAME", "label.acme.platform.test.")]).await?;
    let report = internet.check(&subject("shop.d.test"), NOW).await;
    ensure!(report.findings.is_empty(), "{report:#?}");
    Ok(())
}

/// D2 and D26: the zone behind the target, and behind name and target.
#[tokio::test]
async fn a_zone_that_was_appended_is_reported_at_the_name_and_at_the_target() -> Result<()> {
    let appended = "label.acme.platform.test.d.test.";
    let finding = Internet::start(20, &[(NAME, "CNAME", appended)]).await?.only_finding().await?;
    ensure!(next_step(&finding).contains("a dot at the end of the target"), "{finding:#?}");
    let doubled = format!("{NAME}.d.test");
    let finding = Internet::start(21, &[(&doubled, "CNAME", appended)]).await?.only_finding().await?;
    ensure!(finding.check == "delegation-doubled-label", "{finding:#?}");
    let step = next_step(&finding);
    ensure!(step.contains("_acme-challenge.shop:") && step.ends_with(&format!("CNAME {TARGET}")), "{finding:#?}");
    Ok(())
}

/// D31: the right text in the wrong type.
#[tokio::test]
async fn the_target_in_a_txt_record_is_to_be_a_cname() -> Result<()> {
    let finding = Internet::start(22, &[(NAME, "TXT", "\"label.acme.platform.test\"")]).await?.only_finding().await?;
    ensure!(finding.check == "delegation-txt-instead", "{finding:#?}");
    ensure!(next_step(&finding).contains(&format!("{NAME} CNAME {TARGET}")), "{finding:#?}");
    Ok(())
}

/// D33, and two names that point to each other.
#[tokio::test]
async fn an_alias_of_itself_and_a_loop_are_named_with_the_record_to_create_instead() -> Result<()> {
    let other = [(NAME, "CNAME", "other.d.test."), ("other.d.test", "CNAME", "_acme-challenge.shop.d.test.")];
    for (net, records) in [(23, &[(NAME, "CNAME", "_acme-challenge.shop.d.test.")][..]), (24, &other[..])] {
        let finding = Internet::start(net, records).await?.only_finding().await?;
        ensure!(finding.check == "alias-loop" && finding.severity == Severity::Error, "{finding:#?}");
        ensure!(next_step(&finding).ends_with(&format!("CNAME {TARGET}")), "{finding:#?}");
    }
    Ok(())
}
