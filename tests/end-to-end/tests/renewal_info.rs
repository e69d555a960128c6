//! The CA's suggested window (RFC 9773): one that the CA moves into the past renews the certificate at the next tick, the
//! order says what it replaces, and where the CA refuses that it is ordered without.

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use end_to_end::{Platform, text};
use local_cloud::{CaOptions, FaultProxy, Options, pebble};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

const DOMAIN: &str = "db.advised.test";

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_when_the_ca_wants_it() -> Result<()> {
    let ca = CaOptions { nonce_reject_percent: 0, ..CaOptions::default() };
    // The schedules are too slow to interfere: the test runs the functions itself.
    let platform = Platform::start(Options { ca, schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let cloud = &platform.cloud;
    let proxy = FaultProxy::before_ca(cloud, cloud.ca())?;
    cloud.use_directory(&proxy.directory()).await?;
    let zone = cloud.create_zone("advised.test").await?;

    let endpoint = platform.issue(&zone, DOMAIN, &[], "internal").await?;
    let first = platform.check_at_rest(DOMAIN, cloud.ca()).await?;
    let poll = async || cloud.invoke("PollRenewalInfoFunction", &json!({})).await;
    let report = poll().await?;
    ensure!(report.payload["asked"] == 1 && report.payload["failed"] == json!([]), "{report:?}");
    let lifetime = first.not_after - first.not_before;
    let renews_at = renews_at(&platform).await?;
    ensure!(
        renews_at > first.not_before + lifetime * 0.5 && renews_at < first.not_before + lifetime * 0.75,
        "Pebble's window is about two thirds of the lifetime: {renews_at}"
    );
    ensure!(poll().await?.payload["asked"] == 0, "the CA is asked again when it wants to be");

    let id = text(&endpoint["id"]).to_owned();
    let held = cloud.aws().acm.get_certificate().certificate_arn(text(&endpoint["certificate"]["arn"])).send().await?;
    advise_past_window(&platform, held.certificate().context("a certificate")?).await?;
    platform.set_due(&id, "advice_at").await?;
    let report = poll().await?;
    ensure!(report.payload["moved"] == 1, "{report:?}");
    let renewal_id = stored(&platform, &id, "renewal_id").await?;
    let ticked = cloud.scan().await?;
    ensure!(ticked.payload["started"] == 1, "acted on at the next tick: {ticked:?}");
    let attempt = platform.attempt(DOMAIN, 2).await?;
    ensure!(attempt["outcome"] == "renewed", "{attempt:#}");
    let second = platform.check_at_rest(DOMAIN, cloud.ca()).await?;
    ensure!(first.serial != second.serial && first.public_key != second.public_key, "new serial, new key");
    ensure!(answers(&proxy) == [201, 201], "the order was taken with what it replaces: {:?}", answers(&proxy));

    // As after a crash between the CA's newOrder and our record: this one has been replaced already.
    platform.set(&id, "certificate.renewal_id = :value", AttributeValue::S(renewal_id)).await?;
    let attempt = platform.run(DOMAIN).await?;
    ensure!(attempt["outcome"] == "renewed", "{attempt:#}");
    platform.check_at_rest(DOMAIN, cloud.ca()).await?;
    ensure!(answers(&proxy) == [201, 201, 409, 201], "refused once, and asked without: {:?}", answers(&proxy));
    Ok(())
}

/// How the CA answered each newOrder.
fn answers(proxy: &FaultProxy) -> Vec<u16> {
    let orders = proxy.seen().into_iter().filter(|seen| seen.path == pebble::NEW_ORDER);
    orders.filter_map(|seen| seen.status).collect()
}

async fn renews_at(platform: &Platform) -> Result<OffsetDateTime> {
    let endpoint = platform.endpoint(DOMAIN).await?;
    let at = text(&endpoint["certificate"]["renews_at"]);
    OffsetDateTime::parse(at, &Rfc3339).with_context(|| format!("renews_at: {endpoint:#}"))
}

/// As a CA does that is about to revoke the certificate.
async fn advise_past_window(platform: &Platform, certificate: &str) -> Result<()> {
    let at = |age: Duration| (OffsetDateTime::now_utc() - age).format(&Rfc3339);
    let window = json!({"start": at(Duration::hours(2))?, "end": at(Duration::hours(1))?});
    let advice = json!({"suggestedWindow": window, "explanationURL": "https://ca.example/incident"}).to_string();
    let url = format!("{}/set-renewal-info/", platform.cloud.ca().management);
    let body = json!({"Certificate": certificate, "ARIResponse": advice});
    platform.cloud.http_client()?.post(url).json(&body).send().await?.error_for_status()?;
    Ok(())
}

/// A text of the stored certificate.
async fn stored(platform: &Platform, id: &str, field: &str) -> Result<String> {
    let table = platform.cloud.resource("EndpointsTable")?;
    let read = platform.cloud.aws().dynamodb.get_item().table_name(table).consistent_read(true);
    let read =
        read.key("pk", AttributeValue::S(format!("ENDPOINT#{id}"))).key("sk", AttributeValue::S("ENDPOINT".into()));
    let item = read.send().await.context("GetItem")?.item.context("the endpoint")?;
    let certificate = item.get("certificate").and_then(|value| value.as_m().ok()).context("its certificate")?;
    let value = certificate.get(field).and_then(|value| value.as_s().ok());
    value.cloned().with_context(|| format!("{field} of the certificate"))
}
