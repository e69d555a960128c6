//! Drills of docs/how-to/restore.md: the table restored to an earlier time, and the account secret lost.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use end_to_end::{Platform, text};
use local_cloud::{LocalCloud, Options, OwnerZone, wait_until};
use reqwest::Method;
use serde_json::{Value, json};

/// Has its certificate before the backup and another one after it.
const RENEWED: &str = "renewed.restore.test";
/// Registered before the backup, and issued after it.
const ISSUED: &str = "issued.restore.test";
/// Registered after the backup.
const NEW: &str = "new.restore.test";
/// Has an open order, a key and a lease in the backup, and its certificate after it.
const ORDERING: &str = "ordering.restore.test";
/// Likewise, and then ACM lost the certificate.
const KEYLESS: &str = "keyless.restore.test";
/// Where the backup of the table is.
const BACKUP: &str = "earlier";

/// As restoring a table to an earlier time makes one.
async fn create_backup(cloud: &LocalCloud) -> Result<()> {
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let attribute =
        |name: &str| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
    let create = cloud.aws().dynamodb.create_table().table_name(BACKUP).billing_mode(BillingMode::PayPerRequest);
    let create = create.key_schema(key("pk", KeyType::Hash)?).key_schema(key("sk", KeyType::Range)?);
    create.attribute_definitions(attribute("pk")?).attribute_definitions(attribute("sk")?).send().await?;
    copy(cloud, cloud.resource("EndpointsTable")?, BACKUP)
}

/// By the operator's script.
fn copy(cloud: &LocalCloud, from: &str, to: &str) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = format!("{}:{}", root.join(".local/bin").display(), std::env::var("PATH")?);
    let output = Command::new(root.join("infra/restore-table.py"))
        .args([from, to])
        .envs(cloud.description().environment()?)
        .env("PATH", path)
        .output()
        .context("running infra/restore-table.py")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// All pages of the comparison.
async fn reconcile(platform: &Platform, adopt: bool) -> Result<Vec<Value>> {
    let (mut differences, mut after) = (Vec::new(), Value::Null);
    loop {
        let body = match &after {
            Value::Null => json!({"adopt": adopt}),
            after => json!({"adopt": adopt, "after": after}),
        };
        let answer = platform.call(Method::POST, "installation/reconcile", Some(body)).await?;
        ensure!(answer.status == 200, "{answer:?}");
        differences.extend(answer.body["differences"].as_array().cloned().unwrap_or_default());
        after = answer.body["next"].clone();
        if after.is_null() {
            return Ok(differences);
        }
    }
}

fn of<'a>(differences: &'a [Value], domain: &str) -> Result<&'a Value> {
    differences.iter().find(|one| one["domain"] == domain).with_context(|| format!("{domain}: {differences:#?}"))
}

/// That the endpoint has the certificate of `before`, and nothing is left lying.
async fn unchanged(platform: &Platform, domain: &str, before: &Value) -> Result<()> {
    let verified = platform.check_at_rest(domain, platform.cloud.ca()).await?;
    let after = platform.endpoint(domain).await?;
    ensure!(after["certificate"]["arn"] == before["certificate"]["arn"], "{domain}: {after:#}");
    ensure!(verified.serial.trim_start_matches('0').eq_ignore_ascii_case(text(&before["certificate"]["serial"])));
    Ok(())
}

async fn back_in_time(platform: &Platform, zone: &OwnerZone) -> Result<()> {
    let cloud = &platform.cloud;
    platform.issue(zone, RENEWED, &[], "internal").await?;
    let pending = platform.register(ISSUED, &[], "internal").await?;
    platform.attempt(ISSUED, 1).await?;
    for domain in [ORDERING, KEYLESS] {
        platform.register_proven(zone, domain, "internal").await?;
        platform.interrupt_attempt(domain).await?;
    }
    create_backup(cloud).await?;

    platform.create_records(zone, &pending).await?;
    for domain in [ISSUED, RENEWED] {
        platform.run(domain).await?;
    }
    for domain in [ORDERING, KEYLESS] {
        platform.end_lease(domain).await?;
        platform.cloud.scan().await?;
        platform.at_rest(domain).await?;
    }
    let lost = platform.endpoint(KEYLESS).await?;
    cloud.aws().acm.delete_certificate().certificate_arn(text(&lost["certificate"]["arn"])).send().await?;
    let new = platform.issue(zone, NEW, &[], "internal").await?;
    let (renewed, issued) = (platform.endpoint(RENEWED).await?, platform.endpoint(ISSUED).await?);
    let ordered = platform.endpoint(ORDERING).await?;
    copy(cloud, BACKUP, cloud.resource("EndpointsTable")?)?;
    ensure!(platform.endpoint(ISSUED).await?["certificate"]["arn"].is_null(), "the table is as it was");

    let found = reconcile(platform, false).await?;
    let unrecorded = [ORDERING, RENEWED, ISSUED].map(|domain| (domain, "unrecorded"));
    for (domain, kind) in unrecorded.into_iter().chain([(NEW, "no_endpoint")]) {
        ensure!(of(&found, domain)?["kind"] == kind, "{found:#?}");
    }
    let adopted = reconcile(platform, true).await?;
    ensure!(of(&adopted, RENEWED)?["adopted"] == true && of(&adopted, ISSUED)?["adopted"] == true, "{adopted:#?}");
    // The earlier attempt holds its endpoint until its lease ends: nothing is recorded under it.
    ensure!(of(&adopted, ORDERING)?["adopted"] == false, "{adopted:#?}");
    for domain in [ORDERING, KEYLESS] {
        let id = text(&platform.endpoint(domain).await?["id"]).to_owned();
        ensure!(platform.has_order(&id).await?, "{domain}: its order is open again");
        platform.end_lease(domain).await?;
    }
    let adopted = reconcile(platform, true).await?;
    ensure!(of(&adopted, ORDERING)?["adopted"] == true, "{adopted:#?}");

    // Numbers of attempts that ran after the backup are passed over, and nothing is ordered.
    cloud.invoke("ScanExpiringFunction", &json!({})).await?;
    for (domain, before) in [(RENEWED, &renewed), (ISSUED, &issued)] {
        wait_until(&format!("{domain} at rest"), Duration::from_secs(60), async || {
            let attempts = platform.attempts(domain).await?;
            let ended = attempts.first().filter(|newest| newest["outcome"] == "unchanged");
            Ok(ended.map(|attempt| attempt["order"].is_null()).filter(|unordered| *unordered))
        })
        .await?;
        unchanged(platform, domain, before).await?;
    }
    platform.at_rest(ORDERING).await?;
    unchanged(platform, ORDERING, &ordered).await?;
    let id = text(&ordered["id"]).to_owned();
    ensure!(!platform.has_order(&id).await?, "an order that is done is dropped");
    // Its order is done at the CA, its key deleted and its certificate gone: the order is given up, and the next scan begins
    // another one.
    wait_until("the order without its key is given up", Duration::from_secs(60), async || {
        Ok((platform.endpoint(KEYLESS).await?["failure"]["name"] == "OrderLost").then_some(()))
    })
    .await?;
    cloud.scan().await?;
    platform.at_rest(KEYLESS).await?;
    let verified = platform.check_at_rest(KEYLESS, cloud.ca()).await?;
    ensure!(!verified.serial.eq_ignore_ascii_case(text(&lost["certificate"]["serial"])), "{verified:?}");

    // Whoever registered since registers again; the earlier certificate is reported until it is deleted.
    let again = platform.issue(zone, NEW, &[], "internal").await?;
    ensure!(again["certificate"]["arn"] != new["certificate"]["arn"], "{again:#}");
    cloud.aws().acm.delete_certificate().certificate_arn(text(&new["certificate"]["arn"])).send().await?;
    cloud.aws().acm.delete_certificate().certificate_arn(text(&renewed["certificate"]["arn"])).send().await?;
    let left = reconcile(platform, true).await?;
    let [gone] = left.as_slice() else { anyhow::bail!("one is left: {left:#?}") };
    ensure!(gone["kind"] == "gone" && gone["domain"] == RENEWED, "{gone:#}");
    platform.run(RENEWED).await?;
    platform.check_at_rest(RENEWED, cloud.ca()).await?;
    ensure!(reconcile(platform, false).await?.is_empty(), "both agree");
    Ok(())
}

/// The next order makes another account, and certificates go on.
async fn without_the_account(platform: &Platform) -> Result<()> {
    let cloud = &platform.cloud;
    let secret = cloud.resource("AccountSecret")?;
    cloud.aws().secrets.put_secret_value().secret_id(secret).secret_string("{\"accounts\":{}}").send().await?;
    platform.kill_all_functions()?;
    let doctor = platform.call(Method::GET, "installation", None).await?;
    let checks = doctor.body["checks"].as_array().context("checks")?;
    let account = checks.iter().find(|check| check["name"] == "acme-account").context("acme-account")?;
    ensure!(account["status"] != "ok", "doctor says so: {account:#}");
    ensure!(doctor.body["version"] == vocabulary::version::VERSION, "{}", doctor.body["version"]);
    // A renewal that is due: the current certificate is replaced by one of the new account.
    let endpoint = platform.endpoint(ISSUED).await?;
    let id = text(&endpoint["id"]);
    platform.cloud.aws().acm.delete_certificate().certificate_arn(text(&endpoint["certificate"]["arn"])).send().await?;
    platform.run(ISSUED).await.with_context(|| format!("a new order of {id}"))?;
    platform.check_at_rest(ISSUED, cloud.ca()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_table_and_a_lost_account_recover_to_the_same_state() -> Result<()> {
    let platform = Platform::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let zone = platform.cloud.create_zone("restore.test").await?;
    Box::pin(back_in_time(&platform, &zone)).await?;
    Box::pin(without_the_account(&platform)).await
}
