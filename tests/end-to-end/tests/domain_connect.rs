//! Domain Connect, end to end: the link on the domain owner's page is followed, their DNS provider applies the template, and
//! the certificate comes of it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_route53::types::RrType;
use end_to_end::{Platform, is_at_rest, text};
use local_cloud::{ConnectPort, ConnectProvider, Options, wait_until};
use reqwest::Method;
use serde_json::{Value, json};

const DOMAIN: &str = "www.shop.test";
const CHALLENGE: &str = "_acme-challenge.www.shop.test";

/// A template of the repository, for this installation.
fn template(name: &str) -> Result<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/domain-connect").join(name);
    let written = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let ours =
        written.replace("acme.example.net", "acme.platform.test").replace("edge.example.net", "edge.platform.test");
    Ok(serde_json::from_str(&ours)?)
}

/// The link beside a record, where there is one.
fn link(endpoint: &Value, name: &str) -> Option<String> {
    let records = endpoint["dns"]["records"].as_array()?;
    let record = records.iter().find(|record| record["name"] == name)?;
    record["connect"]["url"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_on_the_owners_page_leads_to_a_certificate_and_an_odd_provider_gets_no_link() -> Result<()> {
    let port = ConnectPort::choose()?;
    let parameters = vec![
        ("DomainConnectTemplates".into(), "example.net/certificate/host".into()),
        ("HttpsPort".into(), port.number()?.to_string()),
    ];
    let options = Options { schedule: "rate(23 hours)".into(), parameters, ..Options::unique() };
    let platform = Platform::start(options).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("shop.test").await?;
    let check = async || -> Result<Value> {
        Ok(platform.call(Method::POST, &format!("endpoints/{DOMAIN}/check"), None).await?.body)
    };

    // Without the provider nothing changes, and with one that has no template neither.
    platform.register(DOMAIN, &[], "external").await?;
    platform.attempt(DOMAIN, 1).await?;
    let endpoint = platform.endpoint(DOMAIN).await?;
    ensure!(link(&endpoint, CHALLENGE).is_none() && endpoint["status"] == "waiting_for_dns", "{endpoint:#}");
    let provider = ConnectProvider::start(port, cloud, zone.clone()).await?;
    ensure!(link(&check().await?, CHALLENGE).is_none());
    ensure!(provider.seen().iter().any(|seen| seen == "GET /dc/v2/shop.test/settings"), "{:?}", provider.seen());

    // With the template there is a link, in the API and on the page of the domain owner, and no request when it is opened.
    provider.take_over(template("example.net.certificate.json")?);
    provider.take_over(template("example.net.host.json")?);
    let endpoint = check().await?;
    let delegation = link(&endpoint, CHALLENGE).with_context(|| format!("no link: {endpoint:#}"))?;
    let share = platform.call(Method::POST, &format!("endpoints/{DOMAIN}/shares"), Some(json!({}))).await?;
    let before = provider.seen().len();
    let page = cloud.http_client()?.get(text(&share.body["url"])).send().await?.text().await?;
    ensure!(provider.seen().len() == before, "a page that is opened asks nobody");
    ensure!(page.contains(&delegation.replace('&', "&#38;")) && page.contains("Provider of the test"), "{page}");
    ensure!(page.contains("connect.provider.test"), "the host of the link is named");

    // Followed: the provider asks, and applies it.
    let (status, asked) = provider.open(Method::GET, &delegation).await?;
    let target = endpoint["dns"]["records"].as_array().context("records")?;
    let target = target.iter().find(|record| record["name"] == CHALLENGE).context("the delegation")?["value"].clone();
    ensure!(status == 200 && asked == format!("{CHALLENGE} CNAME {}", text(&target)), "{status}: {asked}");
    ensure!(link(&check().await?, CHALLENGE).is_some(), "nothing was applied yet");
    ensure!(provider.open(Method::POST, &delegation).await?.0 == 200);
    wait_until("the certificate", Duration::from_secs(150), async || {
        let endpoint = check().await?;
        Ok((endpoint["certificate"]["arn"].is_string() && is_at_rest(&endpoint)).then_some(()))
    })
    .await?;
    platform.check_at_rest(DOMAIN, cloud.ca()).await?;

    // Step 2, by the second template. A record that is right has no link.
    let endpoint = check().await?;
    ensure!(link(&endpoint, CHALLENGE).is_none(), "{endpoint:#}");
    let host = link(&endpoint, DOMAIN).with_context(|| format!("no link for the host: {endpoint:#}"))?;
    ensure!(provider.open(Method::POST, &host).await?.0 == 200);
    let records = zone.records().await?;
    let there = records.iter().any(|set| set.name() == "www.shop.test." && *set.r#type() == RrType::Cname);
    ensure!(there, "{records:?}");
    let endpoint = check().await?;
    ensure!(link(&endpoint, DOMAIN).is_none() && endpoint["dns"]["status"] == "ok", "{endpoint:#}");
    a_record_that_leads_elsewhere_is_passed_over(&platform).await
}

/// Whoever controls a zone writes what they like there. A provider is there, and not found by that.
async fn a_record_that_leads_elsewhere_is_passed_over(platform: &Platform) -> Result<()> {
    let zone = platform.cloud.create_zone("odd.test").await?;
    platform.register("www.odd.test", &[], "internal").await?;
    platform.attempt("www.odd.test", 1).await?;
    for odd in ["169.254.169.254", "user@connect.provider.test", "127.0.0.1:4566", "https://x.test", "nowhere.test", ""]
    {
        zone.upsert("_domainconnect.odd.test", RrType::Txt, &[&format!("\"{odd}\"")]).await?;
        let answer = platform.call(Method::POST, "endpoints/www.odd.test/check", None).await?;
        ensure!(answer.status == 200 && answer.body["status"] == "waiting_for_dns", "{odd}: {answer:?}");
        ensure!(link(&answer.body, "_acme-challenge.www.odd.test").is_none(), "{odd}: {answer:?}");
    }
    Ok(())
}
