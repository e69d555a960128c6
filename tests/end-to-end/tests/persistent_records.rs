//! Persistent validation records (dns-persist-01), on the deployed stack: an internal host and a wildcard are issued and
//! renewed, and the delegation zone is never written to.

use anyhow::{Context, Result, ensure};
use aws_sdk_route53::types::RrType;
use end_to_end::{Platform, text};
use local_cloud::{CaOptions, FaultProxy, LocalCloud, Options};
use reqwest::Method;
use serde_json::{Value, json};
use vocabulary::record::quoted;

/// What a deployment with `PersistentRecords=enabled` sets where it is needed; the account is known after the first order.
async fn enable(cloud: &LocalCloud, account: &str) -> Result<()> {
    for function in ["ApiFunction", "OpenOrderFunction", "CheckPropagationFunction", "CheckHealthFunction"] {
        cloud.set_function_variable(function, "CAA_ACCOUNT_URI", Some(account)).await?;
    }
    cloud.set_function_variable("ApiFunction", "PERSISTENT_RECORDS", Some("enabled")).await
}

/// The URL of the account, as doctor shows it to an operator.
async fn account(platform: &Platform) -> Result<String> {
    let answer = platform.call(Method::GET, "installation", None).await?;
    let checks = answer.body["checks"].as_array().context("checks")?;
    let check = checks.iter().find(|check| check["name"] == "acme-account").context("acme-account")?;
    let url = text(&check["detail"]).split(',').next().unwrap_or_default();
    ensure!(url.starts_with("https://"), "doctor shows the account: {check}");
    Ok(url.to_owned())
}

async fn register(platform: &Platform, domain: &str, also: &[&str]) -> Result<Value> {
    let body = json!({"domain": domain, "also": also, "reachability": "internal", "dns_method": "dns-persist-01"});
    let answer = platform.call(Method::POST, "endpoints", Some(body)).await?;
    ensure!(answer.status == 201, "registering {domain}: {answer:?}");
    Ok(answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_are_issued_and_renewed_with_nothing_ever_published() -> Result<()> {
    // A persistent record names our account at the CA, and no registration: without `TenantProof` it is enough, which is the
    // point here. With it the delegation has to stand beside it.
    let ca = CaOptions { authz_reuse_percent: 0, ..CaOptions::default() };
    let platform = Platform::start(Options { ca, schedule: "rate(23 hours)".into(), ..Options::trusting() }).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("standing.test").await?;

    // Until the installation has it, the field is named and the next step.
    let wish = json!({"domain": "db.standing.test", "reachability": "internal", "dns_method": "dns-persist-01"});
    let refused = platform.call(Method::POST, "endpoints", Some(wish)).await?;
    ensure!(refused.status == 422 && refused.body["field"] == "challenge", "{refused:?}");
    ensure!(text(&refused.body["remedy"]).contains("PersistentRecords=enabled"), "{refused:?}");

    // The first order makes the account that the records name.
    platform.issue(&zone, "first.standing.test", &[], "internal").await?;
    enable(cloud, &account(&platform).await?).await?;

    // All that Route 53 is asked from here on goes by this proxy.
    let route53 = FaultProxy::before(cloud, &cloud.description().gate)?;
    cloud.set_function_variable("WriteRecordsFunction", "AWS_ENDPOINT_URL_ROUTE_53", Some(route53.url())).await?;

    let endpoint = register(&platform, "db.standing.test", &[]).await?;
    let wildcard = register(&platform, "standing.test", &["*.standing.test"]).await?;
    let record = &wildcard["dns"]["records"][0];
    ensure!(record["name"] == "_validation-persist.standing.test" && record["type"] == "TXT", "{record}");
    ensure!(text(&record["value"]).ends_with("; policy=wildcard"), "{record}");
    ensure!(endpoint["dns"]["records"].as_array().is_some_and(|records| records.len() == 1), "{endpoint:#}");
    for domain in ["db.standing.test", "standing.test"] {
        let first = platform.attempt(domain, 1).await?;
        ensure!(first["failure"]["name"] == "RecordsNotReady" && first["failure"]["actor"] == "customer", "{first:#}");
        ensure!(text(&first["failure"]["remedy"]).contains("TXT \"letsencrypt.org; accounturi="), "{first:#}");
        ensure!(Platform::ca_requests(&first) == 0, "the CA was asked: {first:#}");
    }

    // A record for the name alone is not enough for the wildcard, and the CA is not asked either.
    let short = text(&record["value"]).trim_end_matches("; policy=wildcard");
    zone.upsert(text(&record["name"]), RrType::Txt, &[&quoted(short)]).await?;
    let checked = platform.call(Method::POST, "endpoints/standing.test/check", None).await?;
    ensure!(checked.body["dns"]["findings"][0]["check"] == "persistent-wildcard", "{checked:?}");

    platform.create_records(&zone, &endpoint).await?;
    platform.create_records(&zone, &wildcard).await?;
    for (domain, outcome) in [
        ("db.standing.test", "issued"),
        ("standing.test", "issued"),
        ("db.standing.test", "renewed"),
        ("standing.test", "renewed"),
    ] {
        let attempt = platform.run(domain).await?;
        ensure!(attempt["outcome"] == outcome && attempt["method"] == "dns-persist-01", "{attempt:#}");
        platform.check_at_rest(domain, cloud.ca()).await?;
    }
    let asked = route53.seen();
    ensure!(asked.is_empty(), "Route 53 was asked for something: {asked:?}");

    // Taken away it is missed before the renewal asks the CA; and an endpoint may go back to its delegation.
    zone.remove("_validation-persist.db.standing.test", RrType::Txt).await?;
    let failed = platform.run("db.standing.test").await?;
    ensure!(failed["failure"]["name"] == "RecordsNotReady" && Platform::ca_requests(&failed) == 0, "{failed:#}");
    let wish = json!({"dns_method": "dns-01"});
    let changed = platform.call(Method::PATCH, "endpoints/db.standing.test", Some(wish)).await?;
    ensure!(changed.status == 200 && changed.body["dns"]["records"][0]["type"] == "CNAME", "{changed:?}");
    platform.create_records(&zone, &changed.body).await?;
    Ok(())
}
