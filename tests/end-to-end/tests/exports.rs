//! The export of a private key, and tags on certificates, on the deployed stack behind the gate: who reads, who does not,
//! what a renewal, a denial and the end of it leave behind.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use end_to_end::{Inbox, Platform, text};
use local_cloud::{LocalCloud, Options, wait_until};
use rcgen::{KeyPair, PublicKeyData};
use reqwest::Method;
use serde_json::{Value, json};

const READER: &str = "reader";
const OTHER: &str = "somebody-else";
const IMPORTER: &str = "ImportCertificateFunction";

/// What `role` reads of a secret, or the code of the error.
async fn read_as(cloud: &LocalCloud, role: &str, secret: &str) -> Result<Value, String> {
    let read = cloud.secrets_as(role).get_secret_value().secret_id(secret).send().await;
    let read = read.map_err(|error| error.code().unwrap_or_default().to_owned())?;
    let mut content: Value = serde_json::from_str(read.secret_string().unwrap_or_default()).expect("JSON");
    content["version"] = read.version_id().into();
    Ok(content)
}

/// Changes the endpoint, and waits for the attempt that comes of it.
async fn change(platform: &Platform, domain: &str, wish: Value) -> Result<Value> {
    let answer = platform.call(Method::PATCH, &format!("endpoints/{domain}"), Some(wish)).await?;
    ensure!(answer.status == 200, "{answer:?}");
    platform.attempt(domain, answer.body["attempt"].as_u64().context("a number")?).await
}

async fn keys_kept(cloud: &LocalCloud) -> Result<i32> {
    let table = cloud.resource("KeysTable")?;
    Ok(cloud.aws().dynamodb.scan().table_name(table).send().await?.count())
}

/// Whether chain, leaf and key belong together.
fn check(exported: &Value, endpoint: &Value) -> Result<()> {
    ensure!(exported["serial"] == endpoint["certificate"]["serial"], "{}", exported["serial"]);
    ensure!(exported["domain"] == endpoint["domain"]);
    let key = KeyPair::from_pem(text(&exported["private_key"]))?;
    let (_, leaf) = x509_parser::pem::parse_x509_pem(text(&exported["certificate"]).as_bytes())?;
    ensure!(leaf.parse_x509()?.public_key().raw == key.subject_public_key_info(), "the key is that of the certificate");
    let joined = format!("{}{}", text(&exported["certificate"]), text(&exported["chain"]));
    ensure!(text(&exported["full_chain"]) == joined && joined.matches("BEGIN CERTIFICATE").count() > 1, "{joined}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_key_is_read_by_one_role_renewed_kept_over_a_denial_and_deleted_at_removal() -> Result<()> {
    let reader = format!("arn:aws:iam::{}:role/{READER}", local_cloud::ACCOUNT);
    let parameters = vec![("ExportRoleArn".to_owned(), reader)];
    let options = Options { parameters, schedule: "rate(23 hours)".into(), ..Options::unique() };
    let platform = Platform::start(options).await?;
    let lived = from_its_first_export_to_its_removal(&platform).await;
    let refused = platform.cloud.take_refusals(|refusal| refusal.operation == "secretsmanager:PutSecretValue")?;
    lived?;
    ensure!(!refused.is_empty() && refused.iter().all(|refusal| refusal.kind == "denied"), "{refused:?}");
    Ok(())
}

async fn from_its_first_export_to_its_removal(platform: &Platform) -> Result<()> {
    let cloud = &platform.cloud;
    for role in [READER, OTHER] {
        cloud.create_role(role, &["secretsmanager:GetSecretValue"]).await?;
    }
    let (zone, inbox) = (cloud.create_zone("exported.test").await?, Inbox::subscribe(cloud).await?);

    let domain = "mail.exported.test";
    let body = json!({"domain": domain, "reachability": "internal", "export_key": true, "tags": {"team": "mail"}});
    let answer = platform.call(Method::POST, "endpoints", Some(body)).await?;
    ensure!(answer.status == 201, "{answer:?}");
    platform.create_records(&zone, &answer.body).await?;
    platform.attempt(domain, 1).await?;
    if platform.endpoint(domain).await?["certificate"]["arn"].is_null() {
        platform.run(domain).await?;
    }
    let issued = platform.endpoint(domain).await?;
    let export = &issued["deployment"]["export"];
    ensure!(export["current"] == true && export["wanted"] == true, "{export:#}");
    let (name, arn) = (text(&export["name"]).to_owned(), text(&export["secret"]).to_owned());
    ensure!(name == format!("managed-https/export/{}", text(&issued["id"])) && arn.contains(&name), "{export:#}");

    // Issued: one role reads it, and neither another that may read all secrets of the account, nor who wrote it.
    let first = read_as(cloud, READER, &name).await.map_err(anyhow::Error::msg)?;
    check(&first, &issued)?;
    for role in [OTHER, cloud.resource(&format!("{IMPORTER}Role"))?] {
        ensure!(read_as(cloud, role, &arn).await == Err("AccessDeniedException".into()), "{role}");
    }
    let refused = cloud.take_refusals(|refusal| refusal.operation == "secretsmanager:GetSecretValue")?;
    ensure!(refused.len() == 2 && refused[0].why.contains("explicit deny"), "{refused:?}");
    ensure!(keys_kept(cloud).await? == 0 && cloud.keys_in_the_open()?.is_empty(), "the key is nowhere else");
    ensure!(tags_of(cloud, &issued).await?.contains(&("team".into(), "mail".into())));

    // Renewed while an organization denies the write: issued all the same, people are notified, and it is fixed without a
    // new order.
    cloud.deny(IMPORTER, &["secretsmanager:PutSecretValue"]).await?;
    let attempt = platform.run(domain).await?;
    ensure!(attempt["outcome"] == "renewed" && attempt["failure"]["actor"] == "operator", "{attempt:#}");
    let renewed = platform.endpoint(domain).await?;
    ensure!(renewed["certificate"]["serial"] != issued["certificate"]["serial"], "{renewed:#}");
    ensure!(renewed["status"] == "degraded" && renewed["deployment"]["export"]["current"] == false, "{renewed:#}");
    ensure!(read_as(cloud, READER, &name).await.map_err(anyhow::Error::msg)?["serial"] == first["serial"]);
    ensure!(keys_kept(cloud).await? == 1, "its key is kept, encrypted");
    let told = inbox.wait_for(domain, "RenewalFailed").await?;
    ensure!(told.contains(&name) && told.contains("not authorized"), "{told}");
    cloud.deny(IMPORTER, &[]).await?;
    let number = renewed["attempt"].as_u64().context("a number")? + 1;
    platform.set(text(&renewed["id"]), "due_at = :value", AttributeValue::N("1".into())).await?;
    cloud.scan().await?;
    let attempt = platform.attempt(domain, number).await?;
    ensure!(attempt["failure"].is_null() && Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    let renewed = platform.endpoint(domain).await?;
    let second = read_as(cloud, READER, &name).await.map_err(anyhow::Error::msg)?;
    check(&second, &renewed)?;
    ensure!(second["version"] != first["version"] && second["private_key"] != first["private_key"], "another version");
    ensure!(renewed["deployment"]["export"]["secret"] == arn && keys_kept(cloud).await? == 0, "{renewed:#}");

    // Other tags need no new certificate.
    let attempt = change(platform, domain, json!({"tags": {"stage": "live"}})).await?;
    ensure!(attempt["outcome"] == "unchanged" && Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    let tags = tags_of(cloud, &renewed).await?;
    ensure!(tags.contains(&("stage".into(), "live".into())) && tags.iter().all(|(key, _)| key != "team"), "{tags:?}");
    ensure!(tags.contains(&("managed-https:endpoint".into(), text(&renewed["id"]).into())), "{tags:?}");

    // Turned off: the secret is gone for good. On again: another key.
    let attempt = change(platform, domain, json!({"export_key": false})).await?;
    ensure!(attempt["outcome"] == "unchanged" && Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    ensure!(read_as(cloud, READER, &arn).await == Err("ResourceNotFoundException".into()), "it is gone");
    ensure!(platform.endpoint(domain).await?["deployment"]["export"].is_null());
    let attempt = change(platform, domain, json!({"export_key": true})).await?;
    ensure!(attempt["outcome"] == "renewed", "the key of the one in place is gone: {attempt:#}");
    let third = read_as(cloud, READER, &name).await.map_err(anyhow::Error::msg)?;
    check(&third, &platform.endpoint(domain).await?)?;
    let events = platform.call(Method::GET, &format!("endpoints/{domain}/events"), None).await?.body.to_string();
    ensure!(events.contains("from now on exported with its private key") && events.contains("no longer exported"));

    // Removed: nothing is left.
    let going = platform.call(Method::DELETE, &format!("endpoints/{domain}"), None).await?;
    ensure!(going.status == 202, "{going:?}");
    wait_until("the removal", Duration::from_secs(90), async || {
        let answer = platform.call(Method::GET, &format!("endpoints/{domain}"), None).await?;
        Ok((answer.status == 404).then_some(()))
    })
    .await?;
    match read_as(cloud, READER, &name).await {
        Err(code) => ensure!(code == "ResourceNotFoundException", "{code}"),
        Ok(_) => bail!("the secret outlives its endpoint"),
    }
    ensure!(cloud.keys_in_the_open()?.is_empty());
    Ok(())
}

async fn tags_of(cloud: &LocalCloud, endpoint: &Value) -> Result<Vec<(String, String)>> {
    let arn = text(&endpoint["certificate"]["arn"]);
    let listed = cloud.aws().acm.list_tags_for_certificate().certificate_arn(arn).send().await?;
    Ok(listed.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())).collect())
}
