//! Domain owners' records that are wrong: found before the CA is asked, explained in words, and the certificate comes once
//! they are fixed.

use std::time::Duration;

use anyhow::{Result, ensure};
use aws_sdk_route53::types::RrType;
use end_to_end::{Inbox, Platform, is_at_rest, is_failing, text};
use local_cloud::{Effect, Fault, FaultProxy, Options, UNREACHABLE, pebble, wait_until};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_record_is_named_and_costs_the_ca_nothing() -> Result<()> {
    // Hosts alone decide about some of these: with the delegation that proves a tenant, the CA is asked over DNS until the
    // host is ours.
    let platform = Platform::start(Options::trusting()).await?;
    let zone = platform.cloud.create_zone("broken.test").await?;
    let inbox = Inbox::subscribe(&platform.cloud).await?;
    let (ca, dangling) = (platform.cloud.ca().clone(), dangling_target(&platform).await?);

    // What stands at _acme-challenge, and what is said of it.
    let stray = "\"left over from another client\"";
    let faults = [
        ("missing", None, "does not exist"),
        ("wrong", Some((RrType::Cname, "somewhere.else.test")), "points to somewhere.else.test instead of"),
        ("looping", Some((RrType::Cname, "_acme-challenge.looping.broken.test")), "is an alias of itself"),
        ("dangling", Some((RrType::Cname, dangling.as_str())), "points to"),
        ("stray", Some((RrType::Txt, stray)), "has a TXT record (left over from another client)"),
    ];
    for (label, record, said) in &faults {
        let domain = format!("{label}.broken.test");
        if let Some((kind, value)) = record {
            zone.upsert(&format!("_acme-challenge.{domain}"), kind.clone(), &[value]).await?;
        }
        let endpoint = platform.register(&domain, &[], "internal").await?;
        let attempt = platform.attempt(&domain, 1).await?;
        ensure!(text(&attempt["failure"]["summary"]).contains(said), "{label}: {attempt:#}");
        check_notified(&platform, &inbox, &domain, &attempt).await?;

        // Fixed.
        zone.remove(&format!("_acme-challenge.{domain}"), RrType::Txt).await?;
        platform.create_records(&zone, &endpoint).await?;
        platform.run(&domain).await?;
        platform.check_at_rest(&domain, &ca).await?;
        ensure!(platform.endpoint(&domain).await?["failure"].is_null(), "{label}: the failure is over");
    }

    // Hosts that do not reach the platform.
    for (label, address, said) in
        [("closed", UNREACHABLE, "points to 127.0.0.2 instead of"), ("private", "10.9.8.7", "10.9.8.7")]
    {
        let domain = format!("{label}.broken.test");
        zone.upsert(&domain, RrType::A, &[address]).await?;
        platform.register(&domain, &[], "external").await?;
        let attempt = platform.attempt(&domain, 1).await?;
        ensure!(text(&attempt["failure"]["summary"]).contains(said), "{label}: {attempt:#}");
        check_notified(&platform, &inbox, &domain, &attempt).await?;
        zone.upsert(&domain, RrType::A, &["127.0.0.1"]).await?;
        let attempt = platform.run(&domain).await?;
        ensure!(attempt["outcome"] == "issued", "{attempt:#}");
        platform.check_at_rest(&domain, &ca).await?;
    }
    Ok(())
}

/// The failure waits on the domain owner, names the record, is retried soon, and people were notified; nothing is left behind.
async fn check_notified(platform: &Platform, inbox: &Inbox, domain: &str, attempt: &Value) -> Result<()> {
    ensure!(
        attempt["failure"]["name"] == "RecordsNotReady" && attempt["failure"]["actor"] == "customer",
        "{attempt:#}"
    );
    ensure!(text(&attempt["failure"]["remedy"]).contains(" CNAME "), "the record to create: {attempt:#}");
    let submitted =
        attempt["steps"].as_array().is_some_and(|steps| steps.iter().any(|s| s["step"] == "submit-challenge"));
    ensure!(!submitted, "the CA was asked to validate: {attempt:#}");
    let endpoint = platform.endpoint(domain).await?;
    ensure!(is_failing(&endpoint), "{endpoint:#}");
    platform.check_nothing_published(domain).await?;
    let message = inbox.wait_for(domain, "ActionRequired").await?;
    ensure!(message.contains(text(&attempt["failure"]["remedy"])), "{message}");
    Ok(())
}

/// The target of an endpoint that is gone.
async fn dangling_target(platform: &Platform) -> Result<String> {
    let gone = platform.register("gone.broken.test", &[], "internal").await?;
    platform.attempt("gone.broken.test", 1).await?;
    remove(platform, "gone.broken.test").await?;
    Ok(text(&gone["dns"]["records"][0]["value"]).to_owned())
}

/// Removes an endpoint and waits until it is gone.
async fn remove(platform: &Platform, domain: &str) -> Result<()> {
    let answer = platform.call(Method::DELETE, &format!("endpoints/{domain}"), None).await?;
    ensure!(answer.status == 202 && answer.body["status"] == "paused", "{answer:?}");
    wait_until("the removal", Duration::from_secs(60), async || {
        let answer = platform.call(Method::GET, &format!("endpoints/{domain}"), None).await?;
        Ok((answer.status == 404).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_endpoint_leaves_nothing_and_its_names_are_free() -> Result<()> {
    let platform = Platform::start(Options::unique()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("leaving.test").await?;
    let inbox = Inbox::subscribe(cloud).await?;

    // At rest, with its certificate.
    let endpoint = platform.issue(&zone, "www.leaving.test", &[], "external").await?;
    ensure!(is_at_rest(&endpoint), "{endpoint:#}");
    let again = platform
        .call(Method::POST, "endpoints", Some(json!({"domain": "WWW.leaving.test", "reachability": "internal"})))
        .await?;
    ensure!(again.status == 409 && again.body["field"] == "domain", "a name is registered once: {again:?}");
    remove(&platform, "www.leaving.test").await?;
    let arn = text(&endpoint["certificate"]["arn"]);
    ensure!(cloud.verified_certificate(arn, cloud.ca()).await.is_err(), "its certificate is still in ACM");
    inbox.wait_for("www.leaving.test", "EndpointRemoved").await?;
    let history = platform.attempts(text(&endpoint["id"])).await?;
    ensure!(history[0]["outcome"] == "removed", "its history stays, for those who know its id: {history:?}");
    let gone = platform.call(Method::GET, &format!("endpoints/{}", text(&endpoint["id"])), None).await?;
    ensure!(gone.status == 404, "the endpoint itself is gone: {gone:?}");

    // In mid flow: the CA takes its time to finalize while the removal comes.
    let proxy = FaultProxy::before_ca(cloud, cloud.ca())?;
    cloud.use_directory(&proxy.directory()).await?;
    proxy.inject(Fault::at(pebble::FINALIZE, Effect::Delay(Duration::from_secs(4))));
    platform.register_proven(&zone, "mid.leaving.test", "external").await?;
    platform.start_attempt("mid.leaving.test").await?;
    wait_until("the finalization", Duration::from_secs(30), async || {
        Ok(proxy.seen().iter().any(|request| request.path.starts_with(pebble::ORDER)).then_some(()))
    })
    .await?;
    ensure!(!cloud.tokens().await?.is_empty(), "the token is published by then");
    remove(&platform, "mid.leaving.test").await?;
    ensure!(cloud.tokens().await?.is_empty(), "no token is left");
    let held = cloud.aws().acm.list_certificates().includes(
        aws_sdk_acm::types::Filters::builder().key_types(aws_sdk_acm::types::KeyAlgorithm::EcPrime256v1).build(),
    );
    let held = held.send().await?;
    ensure!(held.certificate_summary_list().is_empty(), "no certificate came of it: {held:?}");
    let keys = cloud.aws().dynamodb.scan().table_name(cloud.resource("KeysTable")?).send().await?;
    ensure!(keys.items().is_empty(), "no key is left");

    // The name is available again, with another delegation label.
    let anew = platform.register("www.leaving.test", &[], "internal").await?;
    ensure!(
        anew["dns"]["records"][0]["value"] != endpoint["dns"]["records"][0]["value"],
        "a label is never used again"
    );
    Ok(())
}
