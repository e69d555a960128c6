//! Two CAs: the first one becomes unavailable, the second one demands an external account binding and is its fallback,
//! where the domain's CAA records let it.

use anyhow::{Context, Result, ensure};
use aws_sdk_route53::types::RrType;
use end_to_end::{Platform, text};
use local_cloud::{Ca, CaOptions, Options};
use serde_json::{Value, json};

const DOMAIN: &str = "db.standin.test";
const MAC_KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_ca_renews_while_the_first_is_unavailable_where_caa_allows_it() -> Result<()> {
    // The schedules are too slow to interfere: the test runs the functions itself. Every retry at the unavailable CA takes
    // place, a tenth as late.
    let options = Options { schedule: "rate(23 hours)".into(), flow_waits: 0.1, ..Options::unique() };
    let platform = Platform::start(options).await?;
    let cloud = &platform.cloud;
    let first = cloud.ca().clone();
    let strict = CaOptions { external_account: Some(("kid-2".into(), MAC_KEY.into())), ..CaOptions::default() };
    let second = cloud.start_ca(&strict).await?;
    list(&platform, &second).await?;
    let zone = cloud.create_zone("standin.test").await?;

    let endpoint = platform.issue(&zone, DOMAIN, &[], "internal").await?;
    ensure!(text(&endpoint["certificate"]["directory"]) == first.directory, "the first one is asked: {endpoint:#}");
    platform.check_at_rest(DOMAIN, &first).await?;
    ensure!(accounts(&platform).await? == [first.directory.clone()], "the second one has heard of nobody");

    cloud.stop_ca(&first)?;
    let attempt = platform.run(DOMAIN).await?;
    ensure!(attempt["outcome"] == "renewed" && text(&attempt["directory"]) == second.directory, "{attempt:#}");
    platform.check_at_rest(DOMAIN, &second).await?;
    let renewed = platform.endpoint(DOMAIN).await?;
    ensure!(text(&renewed["certificate"]["directory"]) == second.directory, "{renewed:#}");
    ensure!(renewed["certificate"]["arn"] == endpoint["certificate"]["arn"], "in the same place");
    let mut both = [first.directory.clone(), second.directory.clone()];
    both.sort();
    ensure!(accounts(&platform).await? == both, "the account at each is kept");

    // The advice on a certificate is that of the CA which issued it, so what is asked for is known there.
    let report = cloud.invoke("PollRenewalInfoFunction", &json!({})).await?;
    ensure!(report.payload["asked"] == 1 && report.payload["without_advice"] == 0, "{report:?}");
    ensure!(report.payload["failed"] == json!([]), "{report:?}");

    // Whoever lets the first CA alone issue waits for it, and the failure says why.
    let zone = cloud.create_zone("pinned.test").await?;
    zone.upsert("pinned.test", RrType::Caa, &["0 issue \"first-ca.example\""]).await?;
    let endpoint = platform.register("db.pinned.test", &[], "internal").await?;
    platform.create_records(&zone, &endpoint).await?;
    let mut attempt = platform.attempt("db.pinned.test", 1).await?;
    if attempt["failure"]["name"] == "RecordsNotReady" {
        attempt = platform.run("db.pinned.test").await?;
    }
    let failure = &attempt["failure"];
    ensure!((text(&failure["name"]), text(&failure["actor"])) == ("Unavailable", "ca"), "{attempt:#}");
    let summary = text(&failure["summary"]);
    ensure!(
        summary.contains("was not asked in its place: the CAA records of pinned.test do not allow it"),
        "{attempt:#}"
    );
    zone.upsert("pinned.test", RrType::Caa, &["0 issue \"first-ca.example\"", "0 issue \"second-ca.example\""]).await?;
    let attempt = platform.run("db.pinned.test").await?;
    ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    platform.check_at_rest("db.pinned.test", &second).await?;
    Ok(())
}

/// Makes `second` the fallback CA, with the secret that binds its account.
async fn list(platform: &Platform, second: &Ca) -> Result<()> {
    let cloud = &platform.cloud;
    let bindings = json!({ &second.directory: {"kid": "kid-2", "hmac_key": MAC_KEY} }).to_string();
    let secret = cloud.aws().secrets.create_secret().name("eab").secret_string(bindings).send().await?;
    let secret = secret.arn.context("a secret has an ARN")?;
    cloud.allow("OpenOrderFunction", "secretsmanager:GetSecretValue", &secret).await?;
    cloud.set_function_variable("OpenOrderFunction", "EAB_SECRET", Some(&secret)).await?;
    // By its name in CAA records the check before an order knows the first one.
    cloud.set_function_variable("OpenOrderFunction", "CAA_IDENTITIES", Some("first-ca.example")).await?;
    let second = json!({
        "directory": second.directory,
        "profile": "default",
        "caa_identities": ["second-ca.example"],
        "trust_anchor": second.tls_anchor,
    });
    platform.use_fallback(&second).await
}

/// Directories of the CAs where there is an account.
async fn accounts(platform: &Platform) -> Result<Vec<String>> {
    let secret = platform.cloud.resource("AccountSecret")?;
    let stored = platform.cloud.aws().secrets.get_secret_value().secret_id(secret).send().await?;
    let stored: Value = serde_json::from_str(stored.secret_string().unwrap_or_default())?;
    let accounts = stored["accounts"].as_object().into_iter().flatten();
    Ok(accounts.filter(|(_, account)| !account["id"].is_null()).map(|(directory, _)| directory.clone()).collect())
}
