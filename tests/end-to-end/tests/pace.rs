//! When the CA is asked again, and when not: after a domain owner's fault only once a check finds it fixed, and never over
//! a limit of the CA's.

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_route53::types::RrType;
use end_to_end::{Platform, is_at_rest, text};
use local_cloud::{CaOptions, Fault, FaultProxy, Options, pebble};
use reqwest::Method;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The schedules are too slow to interfere: the tests start the attempts themselves.
async fn start() -> Result<(Platform, FaultProxy)> {
    let ca = CaOptions { nonce_reject_percent: 0, authz_reuse_percent: 0, ..CaOptions::default() };
    let platform = Platform::start(Options { ca, schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let proxy = FaultProxy::before_ca(&platform.cloud, platform.cloud.ca())?;
    platform.cloud.use_directory(&proxy.directory()).await?;
    Ok((platform, proxy))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refusal_by_caa_the_ca_is_contacted_again_once_the_record_is_gone() -> Result<()> {
    let (platform, proxy) = start().await?;
    let zone = platform.cloud.create_zone("forbidding.test").await?;
    let domain = "www.forbidding.test";
    platform.register_proven(&zone, domain, "external").await?;
    proxy.inject(Fault::problem(pebble::NEW_ORDER, 403, "caa", "CAA record for www.forbidding.test prevents issuance"));
    let first = platform.run(domain).await?;
    ensure!(first["failure"]["name"] == "CaRefused" && first["failure"]["actor"] == "customer", "{first:#}");
    proxy.clear();

    // From the next attempt on our own check sees what the CA saw.
    zone.upsert("forbidding.test", RrType::Caa, &["0 issue \"other.example\""]).await?;
    let before = proxy.seen().len();
    for _ in 0..2 {
        let attempt = platform.run(domain).await?;
        ensure!(attempt["failure"]["name"] == "RecordsNotReady", "{attempt:#}");
        ensure!(text(&attempt["failure"]["summary"]).contains("does not allow"), "CAA is what was found: {attempt:#}");
        ensure!(Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    }
    ensure!(proxy.seen().len() == before, "the CA heard nothing: {:?}", proxy.seen());
    let shown = platform.endpoint(domain).await?;
    ensure!(shown["status"] == "waiting_for_dns" && shown["actor"] == "customer", "{shown:#}");
    let findings = shown["dns"]["findings"].as_array().context("findings")?;
    ensure!(findings.iter().any(|finding| finding["check"] == "caa-forbids"), "what was found is shown: {shown:#}");

    zone.remove("forbidding.test", RrType::Caa).await?;
    let checked = platform.call(Method::POST, &format!("endpoints/{domain}/check"), None).await?;
    ensure!(checked.status == 200, "{checked:?}");
    let number = checked.body["attempt"].as_u64().context("a number")?;
    ensure!(number == 5, "a check that finds it mended starts an attempt: {checked:?}");
    let attempt = platform.attempt(domain, number).await?;
    ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    platform.check_at_rest(domain, platform.cloud.ca()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_over_a_limit_is_not_sent_and_the_endpoint_says_until_when_it_waits() -> Result<()> {
    let (platform, proxy) = start().await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("limited.test").await?;
    // Of four orders in four hours a tenant may make two.
    cloud.set_function_variable("OpenOrderFunction", "CA_LIMITS", Some("orders=4/4h,names=2/2d")).await?;

    for domain in ["a.limited.test", "b.limited.test"] {
        platform.register_proven(&zone, domain, "external").await?;
        let attempt = platform.run(domain).await?;
        ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    }
    let orders = || proxy.seen().iter().filter(|seen| seen.path == pebble::NEW_ORDER).count();
    ensure!(orders() == 2, "{:?}", proxy.seen());
    platform.register_proven(&zone, "c.limited.test", "external").await?;
    let attempt = platform.run("c.limited.test").await?;
    ensure!(attempt["failure"]["name"] == "BudgetSpent" && attempt["failure"]["actor"] == "ca", "{attempt:#}");
    ensure!(
        text(&attempt["failure"]["summary"]).starts_with("Tenant default may make 2 within 4 hours"),
        "{attempt:#}"
    );
    ensure!(orders() == 2 && Platform::ca_requests(&attempt) == 0, "the CA was not asked: {:?}", proxy.seen());
    let waits = platform.endpoint("c.limited.test").await?;
    ensure!(waits["status"] == "retrying" && waits["actor"] == "ca", "{waits:#}");
    let due = OffsetDateTime::parse(text(&waits["next_attempt_at"]), &Rfc3339).context("it is due some time")?;
    let wait = due - OffsetDateTime::now_utc();
    // A token comes back in two hours.
    ensure!(wait > time::Duration::minutes(110) && wait < time::Duration::minutes(125), "{wait}");
    ensure!(text(&waits["reason"]).contains(&due.format(&Rfc3339)?), "it says until when: {waits:#}");

    // A renewal inside the CA's window is no order that counts, and goes on.
    let poll = cloud.invoke("PollRenewalInfoFunction", &json!({})).await?;
    ensure!(poll.payload["asked"] == 2, "{poll:?}");
    advise_now(&platform, "a.limited.test").await?;
    let attempt = platform.run("a.limited.test").await?;
    ensure!(attempt["outcome"] == "renewed" && orders() == 3, "{attempt:#}");

    // Time passes: the tenant's bucket is full again.
    forget_bucket(&platform, "#TENANT#default").await?;
    let attempt = platform.run("c.limited.test").await?;
    ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    ensure!(is_at_rest(&platform.endpoint("c.limited.test").await?));

    // A registered domain that has had its certificates is named, also by a check.
    cloud.set_function_variable("OpenOrderFunction", "CA_LIMITS", Some("domain=1/7d")).await?;
    platform.register_proven(&zone, "first.limited.test", "external").await?;
    let attempt = platform.run("first.limited.test").await?;
    ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    platform.register_proven(&zone, "d.limited.test", "external").await?;
    let attempt = platform.run("d.limited.test").await?;
    ensure!(text(&attempt["failure"]["summary"]).contains("already issued for \"limited.test\""), "{attempt:#}");
    let checked = platform.call(Method::POST, "endpoints/d.limited.test/check", None).await?;
    let findings = checked.body["dns"]["findings"].as_array().context("findings")?;
    ensure!(findings.iter().any(|f| f["check"] == "domain-limit" && f["subject"] == "limited.test"), "{checked:?}");
    Ok(())
}

/// Opens the CA's window for the current certificate, as it was stored by the poll.
async fn advise_now(platform: &Platform, domain: &str) -> Result<()> {
    let endpoint = platform.endpoint(domain).await?;
    let start = (OffsetDateTime::now_utc() - time::Duration::HOUR).format(&Rfc3339)?;
    let update = platform.cloud.aws().dynamodb.update_item().table_name(platform.cloud.resource("EndpointsTable")?);
    let update = update
        .key("pk", AttributeValue::S(format!("ENDPOINT#{}", text(&endpoint["id"]))))
        .key("sk", AttributeValue::S("ENDPOINT".into()))
        .update_expression("SET certificate.advice.#window.#start = :start")
        .expression_attribute_names("#window", "window")
        .expression_attribute_names("#start", "start")
        .expression_attribute_values(":start", AttributeValue::S(start));
    update.send().await.context("UpdateItem")?;
    Ok(())
}

/// Deletes the buckets whose key ends with `suffix`: they are full then.
async fn forget_bucket(platform: &Platform, suffix: &str) -> Result<()> {
    let (table, dynamodb) = (platform.cloud.resource("EndpointsTable")?, &platform.cloud.aws().dynamodb);
    let items = dynamodb.scan().table_name(table).send().await.context("Scan")?;
    let keys = items.items().iter().filter_map(|item| item.get("pk")?.as_s().ok());
    let keys: Vec<_> = keys.filter(|pk| pk.starts_with("BUDGET#") && pk.ends_with(suffix)).collect();
    ensure!(keys.len() == 1, "buckets of {suffix}: {keys:?}");
    let delete = dynamodb.delete_item().table_name(table).key("pk", AttributeValue::S(keys[0].clone()));
    delete.key("sk", AttributeValue::S("BUCKET".into())).send().await.context("DeleteItem")?;
    Ok(())
}
