//! The stories of the README, on the deployed stack: from a domain name to a certificate in ACM, and renewed
//! by the schedule. With bad nonces at 20 %.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_route53::types::RrType;
use end_to_end::{Inbox, Platform, is_at_rest, text};
use local_cloud::{CaOptions, Options, UNREACHABLE, wait_until};

/// Long enough for the scheduled scan, which runs each minute, to come twice.
const SCHEDULE: Duration = Duration::from_secs(240);

#[tokio::test(flavor = "multi_thread")]
async fn domains_become_certificates_and_the_schedule_renews_them() -> Result<()> {
    let ca = CaOptions {
        nonce_reject_percent: 20,
        authz_reuse_percent: 0,
        // Its half, and a minute until the scan comes.
        minutes_lifetime: Duration::from_secs(120),
        ..CaOptions::default()
    };
    let options = Options { ca, profile: Some("minutes".into()), ..Options::unique() };
    let platform = Platform::start(options).await?;
    let ca = platform.cloud.ca().clone();
    let inbox = Inbox::subscribe(&platform.cloud).await?;
    let zone = platform.cloud.create_zone("shop.test").await?;

    // An internal host: the CA cannot reach it.
    zone.upsert("db.shop.test", RrType::A, &[UNREACHABLE]).await?;
    let (external, internal, apex) = tokio::try_join!(
        platform.issue(&zone, "www.shop.test", &[], "external"),
        platform.issue(&zone, "db.shop.test", &[], "internal"),
        platform.issue(&zone, "shop.test", &["*.shop.test"], "internal"),
    )?;
    let stories = [(&external, "http-01"), (&internal, "dns-01"), (&apex, "dns-01")];
    let mut before = Vec::new();
    for (endpoint, method) in stories {
        let domain = text(&endpoint["domain"]);
        let attempts = platform.attempts(domain).await?;
        ensure!(attempts[0]["outcome"] == "issued" && attempts[0]["method"] == method, "{domain}: {attempts:?}");
        before.push(platform.check_at_rest(domain, &ca).await?);
        inbox.wait_for(domain, "CertificateIssued").await?;
    }

    // A wrong alias: reported before the CA is contacted, and once it is fixed the certificate comes automatically.
    let wrong = platform.register("wrong.shop.test", &[], "internal").await?;
    let record = &wrong["dns"]["records"][0];
    let (name, target) = (text(&record["name"]), text(&record["value"]));
    zone.upsert(name, RrType::Cname, &["somewhere.else.test"]).await?;
    let first = platform.attempt("wrong.shop.test", 1).await?;
    ensure!(first["failure"]["name"] == "RecordsNotReady" && first["failure"]["actor"] == "customer", "{first:#}");
    ensure!(text(&first["failure"]["remedy"]).contains(&format!("{name} CNAME {target}")), "{first:#}");
    ensure!(first["order"].is_null() && Platform::ca_requests(&first) == 0, "the CA was asked: {first:#}");
    inbox.wait_for("wrong.shop.test", "ActionRequired").await?;
    zone.upsert(name, RrType::Cname, &[target]).await?;

    let renewed = async |domain: &str, serial: &str| {
        wait_until(&format!("the renewal of {domain}"), SCHEDULE, async || {
            let endpoint = platform.endpoint(domain).await?;
            let other = text(&endpoint["certificate"]["serial"]) != serial && is_at_rest(&endpoint);
            Ok(other.then_some(endpoint))
        })
        .await
    };
    for ((endpoint, _), before) in stories.iter().zip(&before) {
        let domain = text(&endpoint["domain"]);
        let after = renewed(domain, text(&endpoint["certificate"]["serial"])).await?;
        ensure!(after["certificate"]["arn"] == endpoint["certificate"]["arn"], "{domain}: the ARN changed");
        let verified = platform.check_at_rest(domain, &ca).await?;
        ensure!(verified.public_key != before.public_key, "{domain}: the key was used again");
        ensure!(verified.not_after > before.not_after);
        let attempts = platform.attempts(domain).await?;
        ensure!(attempts.iter().any(|a| a["outcome"] == "renewed"), "{domain}: {attempts:?}");
        inbox.wait_for(domain, "CertificateRenewed").await?;
    }
    wait_until("the mended endpoint", SCHEDULE, async || {
        Ok(is_at_rest(&platform.endpoint("wrong.shop.test").await?).then_some(()))
    })
    .await?;
    platform.check_at_rest("wrong.shop.test", &ca).await?;
    let told = inbox.about("wrong.shop.test").await?;
    let told_once = told.iter().filter(|(kind, _)| kind == "ActionRequired").count() == 1;
    ensure!(told_once, "one message for one cause: {told:?}");

    // One certificate for each endpoint, however often it was renewed.
    let held = platform.cloud.aws().acm.list_certificates();
    let filters = aws_sdk_acm::types::Filters::builder().key_types(aws_sdk_acm::types::KeyAlgorithm::EcPrime256v1);
    let held = held.includes(filters.build()).send().await?;
    ensure!(held.certificate_summary_list().len() == 4, "{held:?}");
    let keys = platform.cloud.aws().dynamodb.scan().table_name(platform.cloud.resource("KeysTable")?).send().await?;
    keys.items.filter(Vec::is_empty).context("keys are left after the imports")?;
    Ok(())
}
