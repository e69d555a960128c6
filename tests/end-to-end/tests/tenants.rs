//! Two tenants on the deployed stack: what one leaves in DNS is of no use to the other, and a certificate comes before the
//! host is switched.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_route53::types::RrType;
use domain::alert::Alert;
use domain::endpoint::AlertKind;
use end_to_end::{Inbox, Platform, text};
use local_cloud::{CaOptions, Options, OwnerZone, wait_until};
use reqwest::Method;
use serde_json::{Value, json};

/// A CA that keeps every authorization, for all tenants of the one account alike.
fn options() -> Options {
    let ca = CaOptions { authz_reuse_percent: 100, ..CaOptions::default() };
    Options { ca, schedule: "rate(23 hours)".into(), ..Options::unique() }
}

async fn register(platform: &Platform, tenant: &str, domain: &str) -> Result<Value> {
    let body = json!({"domain": domain, "reachability": "external", "tenant": tenant});
    let answer = platform.call(Method::POST, "endpoints", Some(body)).await?;
    ensure!(answer.status == 201, "registering {domain}: {answer:?}");
    Ok(answer.body)
}

async fn remove(platform: &Platform, domain: &str) -> Result<()> {
    let path = format!("endpoints/{domain}");
    platform.call(Method::DELETE, &path, None).await?;
    wait_until(&format!("the removal of {domain}"), Duration::from_secs(60), async || {
        Ok((platform.call(Method::GET, &path, None).await?.status == 404).then_some(()))
    })
    .await
}

/// The record of the endpoint at `name`.
fn record<'a>(endpoint: &'a Value, name: &str) -> Result<&'a str> {
    let records = endpoint["dns"]["records"].as_array().context("records")?;
    let found = records.iter().find(|record| record["name"] == name).with_context(|| format!("{name}: {records:?}"))?;
    Ok(text(&found["value"]))
}

async fn create(zone: &OwnerZone, endpoint: &Value, name: &str) -> Result<()> {
    zone.upsert(name, RrType::Cname, &[record(endpoint, name)?]).await
}

/// That an attempt ended without the CA having heard of it, by this check.
fn failed_before_the_ca(attempt: &Value, check: &str) -> Result<()> {
    ensure!(attempt["failure"]["check"] == check && Platform::ca_requests(attempt) == 0, "{attempt:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_tenant_whose_proof_is_in_dns_has_a_certificate() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("victim.test").await?;
    let (domain, delegation) = ("www.victim.test", "_acme-challenge.www.victim.test");

    // Before the switch: the host still leads to where its visitors are, and the delegation proves the domain.
    zone.upsert(domain, RrType::A, &["127.0.0.9"]).await?;
    let acme = register(&platform, "acme", domain).await?;
    failed_before_the_ca(&platform.attempt(domain, 1).await?, "delegation-missing")?;
    create(&zone, &acme, delegation).await?;
    let attempt = platform.run(domain).await?;
    ensure!(attempt["outcome"] == "issued" && attempt["method"] == "dns-01", "{attempt:#}");
    platform.check_at_rest(domain, cloud.ca()).await?;
    // The switch, and a renewal over the host.
    zone.remove(domain, RrType::A).await?;
    create(&zone, &acme, domain).await?;
    platform.call(Method::POST, &format!("endpoints/{domain}/check"), None).await?;
    ensure!(platform.run(domain).await?["outcome"] == "renewed");

    // The first tenant leaves, and its records stay. The CA would ask for no challenge.
    remove(&platform, domain).await?;
    let globex = register(&platform, "globex", domain).await?;
    failed_before_the_ca(&platform.attempt(domain, 1).await?, "delegation-elsewhere")?;
    failed_before_the_ca(&platform.run(domain).await?, "delegation-elsewhere")?;
    ensure!(platform.endpoint(domain).await?["certificate"]["arn"].is_null());
    create(&zone, &globex, delegation).await?;
    let attempt = platform.run(domain).await?;
    ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    // What the CA had validated for the first tenant went with its endpoint: this order was validated again.
    ensure!(!attempt["method"].is_null(), "{attempt:#}");

    a_host_whose_records_are_all_gone(&platform).await?;
    a_host_below_a_wildcard_that_is_in_use(&platform).await?;
    a_name_that_is_added_later(&platform).await?;
    what_the_ca_has_validated_of_an_order_that_failed(&platform).await?;
    names_without_dns_below_a_domain_hold_up_nothing_of_its_owners(&platform).await
}

/// The CA has it on record for the first tenant, which still has its endpoint: that is no proof for the second.
async fn a_host_whose_records_are_all_gone(platform: &Platform) -> Result<()> {
    let zone = platform.cloud.create_zone("gone.test").await?;
    let (domain, delegation) = ("www.gone.test", "_acme-challenge.www.gone.test");
    zone.upsert(domain, RrType::A, &["127.0.0.9"]).await?;
    let acme = register(platform, "acme", domain).await?;
    platform.attempt(text(&acme["id"]), 1).await?;
    create(&zone, &acme, delegation).await?;
    ensure!(platform.run(text(&acme["id"])).await?["outcome"] == "issued");
    zone.remove(domain, RrType::A).await?;
    zone.remove(delegation, RrType::Cname).await?;
    let globex = register(platform, "globex", domain).await?;
    failed_before_the_ca(&platform.attempt(text(&globex["id"]), 1).await?, "delegation-missing")?;
    failed_before_the_ca(&platform.run(text(&globex["id"])).await?, "delegation-missing")
}

/// Every host of the zone leads to the platform, as one tenant's wildcard is in use there.
async fn a_host_below_a_wildcard_that_is_in_use(platform: &Platform) -> Result<()> {
    let zone = platform.cloud.create_zone("wild.test").await?;
    let (wildcard, login) = ("*.wild.test", "login.wild.test");
    zone.upsert(wildcard, RrType::Cname, &["edge.platform.test"]).await?;
    let acme = register(platform, "acme", wildcard).await?;
    platform.attempt(text(&acme["id"]), 1).await?;
    create(&zone, &acme, "_acme-challenge.wild.test").await?;
    ensure!(platform.run(text(&acme["id"])).await?["outcome"] == "issued");
    let globex = register(platform, "globex", login).await?;
    let attempt = platform.attempt(text(&globex["id"]), 1).await?;
    ensure!(attempt["failure"]["name"] == "RecordsNotReady" && Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    ensure!(platform.endpoint(text(&globex["id"])).await?["certificate"]["arn"].is_null());
    Ok(())
}

/// To an endpoint that has its certificate: the name is proven before an order names it, and the current certificate stays.
async fn a_name_that_is_added_later(platform: &Platform) -> Result<()> {
    let (own, victim) =
        (platform.cloud.create_zone("own.test").await?, platform.cloud.create_zone("added.test").await?);
    victim.upsert("www.added.test", RrType::Cname, &["edge.platform.test"]).await?;
    let globex = register(platform, "globex", "www.own.test").await?;
    let id = text(&globex["id"]);
    platform.attempt(id, 1).await?;
    create(&own, &globex, "_acme-challenge.www.own.test").await?;
    ensure!(platform.run(id).await?["outcome"] == "issued");
    let before = platform.endpoint(id).await?;
    let change = json!({"also": ["www.added.test"]});
    let changed = platform.call(Method::PATCH, &format!("endpoints/{id}"), Some(change)).await?;
    ensure!(changed.status == 200, "{changed:?}");
    failed_before_the_ca(&platform.attempt_after(id, &before).await?, "delegation-missing")?;
    let after = platform.endpoint(id).await?;
    ensure!(after["certificate"]["serial"] == before["certificate"]["serial"], "{after:#}");
    Ok(())
}

/// Two names, of which the CA validates one: an order with the other fails, and what was validated goes with the endpoint.
async fn what_the_ca_has_validated_of_an_order_that_failed(platform: &Platform) -> Result<()> {
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("half.test").await?;
    let (good, bad) = ("dns.half.test", "www.half.test");
    // A CA that fetches over HTTP where nothing listens. Of these hosts one leads to the platform, and one elsewhere.
    let options = CaOptions { http01_port: Some(9), authz_reuse_percent: 100, ..CaOptions::default() };
    let ca = cloud.start_ca(&options).await?;
    cloud.use_ca(&ca).await?;
    zone.upsert(good, RrType::A, &["127.0.0.9"]).await?;
    let both = json!({"domain": good, "also": [bad], "reachability": "external", "tenant": "acme"});
    let acme = platform.call(Method::POST, "endpoints", Some(both)).await?.body;
    let id = text(&acme["id"]);
    platform.attempt(id, 1).await?;
    create(&zone, &acme, &format!("_acme-challenge.{good}")).await?;
    create(&zone, &acme, &format!("_acme-challenge.{bad}")).await?;
    create(&zone, &acme, bad).await?;
    let attempt = platform.run(id).await?;
    ensure!(attempt["failure"]["name"] == "ChallengeFailed", "{attempt:#}");
    remove(platform, id).await?;

    // The CA uses every valid authorization again: without a challenge, this order would be validated by nothing.
    let alone = register(platform, "globex", good).await?;
    let id = text(&alone["id"]);
    platform.attempt(id, 1).await?;
    create(&zone, &alone, &format!("_acme-challenge.{good}")).await?;
    let attempt = platform.run(id).await?;
    ensure!(attempt["outcome"] == "issued" && attempt["method"] == "dns-01", "{attempt:#}");
    cloud.use_ca(cloud.ca()).await
}

/// One tenant registers more names below a domain than the CA issues certificates for it, and proves none: the owner has its
/// certificate and its renewals as if nobody else were there.
async fn names_without_dns_below_a_domain_hold_up_nothing_of_its_owners(platform: &Platform) -> Result<()> {
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("bigcorp.test").await?;
    cloud.set_function_variable("OpenOrderFunction", "CA_LIMITS", Some("orders=90/9h,domain=3/7d,names=3/7d")).await?;
    for number in 0..5 {
        let globex = register(platform, "globex", &format!("n{number}.bigcorp.test")).await?;
        failed_before_the_ca(&platform.attempt(text(&globex["id"]), 1).await?, "delegation-missing")?;
    }
    // As well as its very name.
    let squatter = register(platform, "globex", "www.bigcorp.test").await?;
    failed_before_the_ca(&platform.attempt(text(&squatter["id"]), 1).await?, "delegation-missing")?;
    zone.upsert("www.bigcorp.test", RrType::A, &["127.0.0.9"]).await?;
    let owner = register(platform, "bigcorp", "www.bigcorp.test").await?;
    let id = text(&owner["id"]);
    platform.attempt(id, 1).await?;
    create(&zone, &owner, "_acme-challenge.www.bigcorp.test").await?;
    ensure!(platform.run(id).await?["outcome"] == "issued");
    ensure!(platform.run(id).await?["outcome"] == "renewed", "and its own renewal is not blocked");
    Ok(())
}

/// What an answer says of an endpoint, but for what is its own.
fn said(endpoint: &Value) -> [&Value; 4] {
    ["verdict", "reason", "failure", "certificate"].map(|field| &endpoint[field])
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tenant_can_block_a_name_and_it_moves_with_its_records() -> Result<()> {
    let parameters = [("MoveGraceHours", "0"), ("UnprovenHours", "0")].map(|(name, value)| (name.into(), value.into()));
    let platform = Platform::start(Options { parameters: parameters.into(), ..options() }).await?;
    let inbox = Inbox::subscribe(&platform.cloud).await?;
    let zone = platform.cloud.create_zone("moved.test").await?;
    let (domain, delegation) = ("www.moved.test", "_acme-challenge.www.moved.test");
    zone.upsert(domain, RrType::A, &["127.0.0.9"]).await?;

    // The first registers, and proves nothing: it lapses, and holds the name against nobody.
    let acme = register(&platform, "acme", domain).await?;
    let first = text(&acme["id"]).to_owned();
    failed_before_the_ca(&platform.attempt(&first, 1).await?, "delegation-missing")?;
    let lapsed = platform.endpoint(&first).await?;
    ensure!(lapsed["verdict"] == "paused" && lapsed["waiting_on"] == "domain_owner", "{lapsed:#}");
    let globex = register(&platform, "globex", domain).await?;
    let second = text(&globex["id"]).to_owned();
    ensure!(said(&globex) == said(&acme), "{globex:#} {acme:#}");
    platform.attempt(&second, 1).await?;
    create(&zone, &globex, delegation).await?;
    let attempt = platform.run(&second).await?;
    ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    failed_before_the_ca(&platform.run(&first).await?, "delegation-elsewhere")?;
    let arn = text(&platform.endpoint(&second).await?["certificate"]["arn"]).to_owned();

    // The domain owner moves the record to the other registration: the name and its certificate move with it.
    create(&zone, &acme, delegation).await?;
    let attempt = platform.run(&first).await?;
    ensure!(attempt["outcome"] == "issued" && !attempt["method"].is_null(), "{attempt:#}");
    let paused = platform.endpoint(&second).await?;
    ensure!(paused["verdict"] == "paused" && text(&paused["reason"]).contains("another registration"), "{paused:#}");
    failed_before_the_ca(&platform.run(&second).await?, "delegation-elsewhere")?;
    wait_until("the former tenant's message", Duration::from_secs(20), async || {
        let told = |alert: &Alert| alert.cause.as_str() == "records-moved" && alert.tenant.as_deref() == Some("globex");
        Ok(inbox.alerts().await?.iter().any(told).then_some(()))
    })
    .await?;
    let paused = platform.endpoint(&second).await?;
    ensure!(paused["certificate"]["arn"].is_null() && paused["verdict"] == "paused", "{paused:#}");
    let gone = platform.cloud.aws().acm.describe_certificate().certificate_arn(&arn).send().await;
    ensure!(gone.is_err(), "{arn} is still in ACM");

    // And back again.
    create(&zone, &globex, delegation).await?;
    let attempt = platform.run(&second).await?;
    ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    ensure!(platform.endpoint(&first).await?["verdict"] == "paused");
    // Operators reach the one that has proven it by the name.
    ensure!(platform.endpoint(domain).await?["id"] == second.as_str());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_target_of_its_own_one_cname_proves_the_domain_and_brings_the_visitors() -> Result<()> {
    let messages = ("TenantLimits".to_owned(), format!("messages={MESSAGES}/1d"));
    let options = Options { endpoint_target: "*.edge.platform.test".into(), parameters: vec![messages], ..options() };
    let platform = Platform::start(options).await?;
    let zone = platform.cloud.create_zone("single.test").await?;
    let (domain, other) = ("www.single.test", "shop.single.test");
    let endpoint = register(&platform, "acme", domain).await?;
    ensure!(text(&platform.attempt(domain, 1).await?["failure"]["check"]) == "host-missing");
    create(&zone, &endpoint, domain).await?;
    ensure!(platform.run(domain).await?["outcome"] == "issued");
    platform.check_at_rest(domain, platform.cloud.ca()).await?;

    // Another registration's target proves nothing for this one.
    zone.upsert(other, RrType::Cname, &[record(&endpoint, domain)?]).await?;
    register(&platform, "globex", other).await?;
    failed_before_the_ca(&platform.attempt(other, 1).await?, "delegation-missing")?;
    many_registrations_of_one_tenant_are_a_few_messages_and_a_line_of_its_digest(&platform).await
}

/// Of one tenant's new endpoints, a day.
const MESSAGES: usize = 3;
const MANY: usize = 8;

async fn many_registrations_of_one_tenant_are_a_few_messages_and_a_line_of_its_digest(
    platform: &Platform,
) -> Result<()> {
    let cloud = &platform.cloud;
    let inbox = Inbox::subscribe(cloud).await?;
    let _zone = cloud.create_zone("flood.test").await?;
    for number in 0..MANY {
        let registered = register(platform, "initech", &format!("n{number}.flood.test")).await?;
        platform.attempt(text(&registered["id"]), 1).await?;
    }
    let other = register(platform, "hooli", "www.flood.test").await?;
    platform.attempt(text(&other["id"]), 1).await?;
    inbox.wait_for("www.flood.test", "ActionRequired").await?;
    // Long enough that one too many would have come.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let alerts = inbox.alerts().await?;
    let of_initech =
        |alert: &&Alert| alert.kind == AlertKind::ActionRequired && alert.tenant.as_deref() == Some("initech");
    ensure!(alerts.iter().filter(of_initech).count() == MESSAGES, "{alerts:#?}");
    let run = cloud.invoke("SendDigestFunction", &json!({})).await?;
    ensure!(run.error.is_none(), "{run:?}");
    let line = format!("initech: {MANY} of {MANY} endpoints need action");
    wait_until("the tenant's digest", Duration::from_secs(20), async || {
        let says = |alert: &Alert| alert.kind == AlertKind::Digest && alert.guidance.summary.starts_with(&line);
        Ok(inbox.alerts().await?.iter().any(says).then_some(()))
    })
    .await
}
