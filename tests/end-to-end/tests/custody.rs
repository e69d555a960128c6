//! No private key is in the clear after an attempt; and a cloud in which one is fails the test that it was for.
//!
//! Every cloud of the end-to-end tests is searched when it is dropped or taken down: this is the test of that test.

use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use end_to_end::Platform;
use local_cloud::{LocalCloud, Options};
use serde_json::{Value, json};

const DOMAIN: &str = "www.custody.test";

/// Fails unless the key is found where it was put.
fn expect_found(cloud: &LocalCloud, put: &str, at: &str) -> Result<()> {
    let found = cloud.keys_in_the_open()?;
    ensure!(found.iter().any(|path| path.contains(at)), "in {put}: {found:?}");
    Ok(())
}

/// Calls CloudWatch Logs, for which there is no client here.
async fn logs(cloud: &LocalCloud, operation: &str, body: Value) -> Result<()> {
    let authorization =
        "AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/logs/aws4_request, SignedHeaders=host, Signature=0";
    let request = cloud.http_client()?.post(&cloud.description().aws).header("authorization", authorization);
    let request = request.header("x-amz-target", format!("Logs_20140328.{operation}"));
    let answer = request.header("content-type", "application/x-amz-json-1.1").body(body.to_string()).send().await?;
    ensure!(answer.status().is_success(), "{operation}: {}", answer.text().await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_in_the_clear_fails_the_cloud() -> Result<()> {
    let platform = Platform::start(Options::unique()).await?;
    let planted = plant_everywhere(&platform).await;
    // The execution and the file are still there. What failed before is the reason, and not that. In the test's own thread it
    // would fail this test.
    let dropped = thread::spawn(|| drop(platform)).join();
    planted?;
    let dropped = dropped.expect_err("the cloud fails");
    let why = dropped.downcast_ref::<String>().context("a message")?;
    ensure!(why.contains("a private key stands in the clear in: ") && why.contains("serve.log"), "{why}");
    Ok(())
}

/// Each place in turn is found, and cleared again where that is possible.
async fn plant_everywhere(platform: &Platform) -> Result<()> {
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("custody.test").await?;
    platform.issue(&zone, DOMAIN, &[], "internal").await?;
    ensure!(platform.run(DOMAIN).await?["outcome"] == "renewed");
    let found = cloud.keys_in_the_open()?;
    ensure!(found.is_empty(), "after two attempts: {found:?}");

    let key = rcgen::KeyPair::generate()?;
    let (pem, der) = (key.serialize_pem(), key.serialize_der());
    let base64 = BASE64_STANDARD.encode(&der);
    let aws = cloud.aws();

    let table = cloud.resource("EndpointsTable")?;
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let put = async |value: AttributeValue| {
        let put = aws.dynamodb.put_item().table_name(table).item("pk", text("PLANTED")).item("sk", text("PLANTED"));
        put.item("value", value).send().await
    };
    for value in [text(&pem), text(&format!("{{\"key\":\"{base64}\"}}")), AttributeValue::B(der.clone().into())] {
        put(value).await?;
        expect_found(cloud, "a table", "dynamodb")?;
    }
    put(text("nothing")).await?;
    ensure!(cloud.keys_in_the_open()?.is_empty(), "it is gone from the table");

    let queue = cloud.resource("ScanDeadLetters")?;
    aws.sqs.send_message().queue_url(queue).message_body(format!("once: {base64}")).send().await?;
    expect_found(cloud, "a message", "sqs")?;
    aws.sqs.purge_queue().queue_url(queue).send().await?;

    // A secret of an exported key is where it belongs, and any other is not.
    for (name, found) in [("managed-https/export/ep-planted", false), ("managed-https/settings-planted", true)] {
        aws.secrets.create_secret().name(name).secret_string(&pem).send().await?;
        ensure!(cloud.keys_in_the_open()?.is_empty() != found, "in the secret {name}");
        aws.secrets.delete_secret().secret_id(name).force_delete_without_recovery(true).send().await?;
    }

    let group = cloud.resource("OpenOrderLogs")?;
    let line = json!({"message": "order", "key": pem}).to_string();
    logs(cloud, "CreateLogStream", json!({"logGroupName": group, "logStreamName": "planted"})).await?;
    let events = json!([{"timestamp": 1_795_521_600_000_u64, "message": line}]);
    logs(cloud, "PutLogEvents", json!({"logGroupName": group, "logStreamName": "planted", "logEvents": events}))
        .await?;
    expect_found(cloud, "a log", "logs")?;
    logs(cloud, "DeleteLogStream", json!({"logGroupName": group, "logStreamName": "planted"})).await?;

    let machine = cloud.resource("IssueCertificateStateMachine")?;
    let input = json!({"endpoint": "ep-none", "attempt": 1, "key": der}).to_string();
    let started = aws.sfn.start_execution().state_machine_arn(machine).name("planted").input(input).send().await?;
    expect_found(cloud, "an execution", "stepfunctions")?;
    // On a slow machine it has ended already.
    drop(aws.sfn.stop_execution().execution_arn(started.execution_arn()).send().await);

    let mut file = OpenOptions::new().append(true).open(cloud.log("serve"))?;
    writeln!(file, "{base64}")?;
    expect_found(cloud, "a file", "serve.log")
}
