//! ACM's quotas are reached: who is notified of what, and that nothing is lost until there is room.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use end_to_end::{Inbox, Platform, text};
use local_cloud::{AwsLimits, CERTIFICATES_QUOTA, IMPORTS_QUOTA, LocalCloud, Options};
use reqwest::Method;
use serde_json::{Value, json};

/// The schedule is too slow to interfere.
fn options() -> Options {
    Options { schedule: "rate(23 hours)".into(), ..Options::unique() }
}

async fn grant(cloud: &LocalCloud, quotas: &[(&'static str, u32)]) -> Result<()> {
    let quotas: BTreeMap<_, _> = quotas.iter().copied().collect();
    cloud.limit(&AwsLimits { quotas, ..AwsLimits::default() }).await
}

/// An attempt that ACM refuses: the operator is notified, with ACM's words and what to do, and nobody else is waited on.
async fn refused(platform: &Platform, domain: &str, words: &str) -> Result<Value> {
    let attempt = platform.run(domain).await?;
    let failure = &attempt["failure"];
    ensure!((text(&failure["name"]), text(&failure["actor"])) == ("DestinationRefused", "operator"), "{attempt:#}");
    ensure!(text(&failure["summary"]).contains(words), "{attempt:#}");
    ensure!(text(&failure["remedy"]).contains("ask AWS to raise it"), "{attempt:#}");
    let endpoint = platform.endpoint(domain).await?;
    ensure!(endpoint["waiting_on"] == "operator" && text(&endpoint["reason"]).contains(words), "{endpoint:#}");
    let records = endpoint["dns"]["records"].as_array().context("records")?;
    ensure!(records.iter().all(|record| record["status"] != "missing"), "the records are right: {endpoint:#}");
    Ok(attempt)
}

/// What the check of ACM's quotas says now, which the health check has read from Service Quotas.
async fn quota_check(platform: &Platform) -> Result<Value> {
    for function in ["CheckHealthFunction", "InspectInstallationFunction"] {
        platform.cloud.set_function_variable(function, "ACM_QUOTAS", None).await?;
    }
    let run = platform.cloud.invoke("CheckHealthFunction", &json!({})).await?;
    ensure!(run.error.is_none(), "{run:?}");
    let checks = platform.cloud.invoke("InspectInstallationFunction", &json!({})).await?.payload;
    let checks = checks.as_array().context("checks")?;
    checks.iter().find(|check| check["name"] == "acm-quota").cloned().context("acm-quota")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_acm_has_no_more_room_for_waits_for_the_operator_and_is_imported_once_there_is() -> Result<()>
{
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("quota.test").await?;
    let inbox = Inbox::subscribe(cloud).await?;
    let (first, second) = ("first.quota.test", "second.quota.test");
    let held = platform.issue(&zone, first, &[], "internal").await?;
    platform.register_proven(&zone, second, "internal").await?;

    grant(cloud, &[(CERTIFICATES_QUOTA, 1)]).await?;
    let attempt = refused(&platform, second, "you have reached your limit of 1 imported certificates").await?;
    let order = text(&attempt["order"]).to_owned();
    let told = inbox.about(second).await?;
    let told: Vec<_> = told.iter().filter(|(_, text)| text.contains("reached your limit")).collect();
    ensure!(told.len() == 1, "once: {told:#?}");
    ensure!(told[0].1.contains("Waiting on: the operator"), "{told:#?}");
    let link = platform.call(Method::POST, &format!("endpoints/{second}/shares"), None).await?;
    ensure!(link.status == 201, "{link:?}");
    let page = cloud.http_client()?.get(text(&link.body["url"])).send().await?.error_for_status()?.text().await?;
    ensure!(!page.contains("limit of 1"), "ACM's quota is not for the domain owner: {page}");
    let check = quota_check(&platform).await?;
    let said = text(&check["detail"]);
    ensure!(check["status"] == "failed" && said.contains("ACM allows 1;"), "doctor says so: {check:#}");

    // A renewal takes no more room.
    let attempt = platform.run(first).await?;
    ensure!(attempt["outcome"] == "renewed", "{attempt:#}");
    ensure!(platform.endpoint(first).await?["certificate"]["arn"] == held["certificate"]["arn"]);

    // Again refused, with what was issued already; once there is room, it is imported as it is.
    let again = refused(&platform, second, "you have reached your limit of 1 imported certificates").await?;
    ensure!(Platform::ca_requests(&again) == 0, "nothing is ordered again: {again:#}");
    let news = inbox.about(second).await?;
    ensure!(news.iter().filter(|(_, text)| text.contains("reached your limit")).count() == 1, "told once: {news:#?}");
    grant(cloud, &[(CERTIFICATES_QUOTA, 2)]).await?;
    let attempt = platform.run(second).await?;
    ensure!(attempt["outcome"] == "issued" && Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    ensure!(attempt["order"].is_null() || text(&attempt["order"]) == order, "the same order: {attempt:#}");
    platform.check_at_rest(second, cloud.ca()).await?;
    let resolved = inbox.about(second).await?;
    ensure!(resolved.iter().any(|(_, text)| text.contains("Resolved")), "{resolved:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_beyond_the_yearly_imports_keeps_the_current_certificate_and_the_issued_one() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("yearly.test").await?;
    let domain = "www.yearly.test";
    let before = platform.issue(&zone, domain, &[], "internal").await?;
    // One import so far.
    grant(cloud, &[(IMPORTS_QUOTA, 1)]).await?;
    refused(&platform, domain, "certificates imported in the last year").await?;
    let served = cloud.verified_certificate(text(&before["certificate"]["arn"]), cloud.ca()).await?;
    let serial = text(&before["certificate"]["serial"]);
    ensure!(served.serial.trim_start_matches('0').eq_ignore_ascii_case(serial), "the old one stays in its place");
    let endpoint = platform.endpoint(domain).await?;
    ensure!(endpoint["certificate"]["serial"] == before["certificate"]["serial"], "{endpoint:#}");

    grant(cloud, &[(IMPORTS_QUOTA, 2)]).await?;
    let attempt = platform.run(domain).await?;
    ensure!(attempt["outcome"] == "renewed" && Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    let after = platform.endpoint(domain).await?;
    ensure!(after["certificate"]["arn"] == before["certificate"]["arn"], "{after:#}");
    ensure!(after["certificate"]["serial"] != before["certificate"]["serial"], "{after:#}");
    platform.check_at_rest(domain, cloud.ca()).await?;
    Ok(())
}
