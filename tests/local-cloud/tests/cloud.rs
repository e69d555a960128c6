//! The parts of the cloud that are the project's own, against those that are not.
//!
//! Uses the cloud that LOCAL_CLOUD names, else starts one for each test.

use std::net::UdpSocket;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_route53::types::RrType;
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use http::StatusCode;
use local_cloud::{CaOptions, Fault, FaultProxy, LocalCloud, Options, ServerEffect, ServerFault, pebble, wait_until};
use serde_json::json;

async fn cloud() -> Result<LocalCloud> {
    LocalCloud::attach_or_start(Options::unique()).await
}

fn unique(label: &str) -> String {
    format!("{label}-{:08x}.test", std::process::id() ^ u32::from(label.as_bytes()[0]) << 24)
}

fn query(cloud: &LocalCloud, name: &str, record_type: RecordType) -> Result<Message> {
    let socket = UdpSocket::bind(("127.0.0.1", 0))?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut query = Message::query();
    query.add_query(Query::query(Name::from_ascii(format!("{name}."))?, record_type));
    socket.send_to(&query.to_vec()?, cloud.name_servers().address("ns1.dns.test")?)?;
    let mut buffer = [0; 512];
    let length = socket.recv(&mut buffer)?;
    Ok(Message::from_vec(&buffer[..length])?)
}

#[tokio::test]
async fn a_record_is_served_as_soon_as_route_53_has_it() -> Result<()> {
    let cloud = cloud().await?;
    let domain = unique("zone");
    assert_eq!(query(&cloud, &domain, RecordType::A)?.metadata.response_code, ResponseCode::Refused);

    let zone = cloud.create_zone(&domain).await?;
    assert_eq!(query(&cloud, &domain, RecordType::A)?.metadata.response_code, ResponseCode::NoError);
    zone.upsert(&domain, RrType::A, &["127.0.0.2"]).await?;
    assert_eq!(query(&cloud, &domain, RecordType::A)?.answers.len(), 1);
    zone.remove(&domain, RrType::A).await?;
    assert!(query(&cloud, &domain, RecordType::A)?.answers.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_zone_below_another_is_served_where_that_one_delegates_it() -> Result<()> {
    let cloud = cloud().await?;
    let above = cloud.create_zone(&unique("above")).await?;
    let domain = format!("below.{}", above.domain);
    let below = cloud.create_zone(&domain).await?;
    below.upsert(&domain, RrType::A, &["127.0.0.2"]).await?;
    assert_eq!(query(&cloud, &domain, RecordType::A)?.metadata.response_code, ResponseCode::NXDomain);

    let name_servers = below.name_servers().await?;
    let name_servers: Vec<_> = name_servers.iter().map(String::as_str).collect();
    above.upsert(&domain, RrType::Ns, &name_servers).await?;
    assert_eq!(query(&cloud, &domain, RecordType::A)?.answers.len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_resolver_finds_a_zone_from_the_root_on_unless_all_its_servers_fail() -> Result<()> {
    let cloud = cloud().await?;
    let domain = unique("path");
    let zone = cloud.create_zone(&domain).await?;
    zone.upsert(&domain, RrType::A, &["127.0.0.2"]).await?;
    let servers = cloud.name_servers();
    let opinion = async || servers.second_opinion(&domain, "A").await;
    assert_eq!(opinion().await?.answers, ["127.0.0.2"]);

    let fault = |server: Option<&str>| ServerFault {
        zone: domain.clone(),
        server: server.map(str::to_owned),
        effect: ServerEffect::Refused,
    };
    servers.spoil(&[fault(Some("ns1.dns.test"))])?;
    assert_eq!(opinion().await?.code, ResponseCode::NoError, "the other one answers");
    servers.spoil(&[fault(None)])?;
    assert_eq!(opinion().await?.code, ResponseCode::ServFail);
    servers.spoil(&[])?;
    wait_until("servers that failed are asked again", Duration::from_secs(15), async || {
        Ok((opinion().await?.code == ResponseCode::NoError).then_some(()))
    })
    .await?;
    zone.upsert(&domain, RrType::A, &["127.0.0.3"]).await?;
    assert_eq!(opinion().await?.answers, ["127.0.0.3"], "no answer is remembered");
    Ok(())
}

#[tokio::test]
async fn the_platforms_zone_is_found_at_servers_like_route_53s() -> Result<()> {
    let cloud = cloud().await?;
    let target = &cloud.description().endpoint_target;
    let found = cloud.name_servers().second_opinion(target, "A").await?;
    assert_eq!((found.code, found.answers), (ResponseCode::NoError, vec!["127.0.0.1".to_owned()]));
    Ok(())
}

#[tokio::test]
async fn an_answer_too_long_for_udp_is_truncated() -> Result<()> {
    let cloud = cloud().await?;
    let domain = unique("long");
    let values: Vec<_> = (0..4).map(|number| format!("\"{number}{}\"", "x".repeat(200))).collect();
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    cloud.create_zone(&domain).await?.upsert(&domain, RrType::Txt, &values).await?;

    let answer = query(&cloud, &domain, RecordType::TXT)?;
    assert!(answer.metadata.truncation && answer.answers.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_edge_answers_with_what_the_responder_has_for_the_host() -> Result<()> {
    let cloud = cloud().await?;
    let host = unique("edge");
    let key = format!("challenges/{host}/token");
    let bucket = cloud.resource("TokenBucket")?;
    cloud
        .aws()
        .s3
        .put_object()
        .bucket(bucket)
        .key(&key)
        .body("authorization".as_bytes().to_vec().into())
        .send()
        .await?;

    let url = format!("http://{}/.well-known/acme-challenge/token", cloud.description().edge);
    let client = cloud.http_client()?;
    let response = client.get(&url).header("host", &host).send().await?;
    assert_eq!((response.status(), response.text().await?), (StatusCode::OK, "authorization".into()));
    let other = client.get(&url).header("host", "other.test").send().await?;
    assert_eq!(other.status(), StatusCode::NOT_FOUND);

    assert!(cloud.tokens().await?.contains(&key));
    cloud.aws().s3.delete_object().bucket(bucket).key(&key).send().await?;
    Ok(())
}

#[tokio::test]
async fn a_proxy_injects_its_faults_and_passes_on_the_rest() -> Result<()> {
    let cloud = cloud().await?;
    let proxy = FaultProxy::before_ca(&cloud, cloud.ca())?;
    let client = cloud.http_client()?;
    proxy.inject(Fault::unavailable_in_html(pebble::DIRECTORY).header("retry-after", "7"));
    proxy.inject(Fault::at(pebble::DIRECTORY, local_cloud::Effect::Drop));

    let spoilt = client.get(proxy.directory()).send().await?;
    assert_eq!((spoilt.status().as_u16(), spoilt.headers()["retry-after"].to_str()?), (503, "7"));
    assert!(client.get(proxy.directory()).send().await.is_err(), "the connection is dropped");
    let directory: serde_json::Value =
        serde_json::from_slice(&client.get(proxy.directory()).send().await?.bytes().await?)?;
    let new_order = directory["newOrder"].as_str().context("newOrder")?;
    assert!(new_order.starts_with(proxy.url()), "{new_order} leads past the proxy");
    let statuses: Vec<_> = proxy.seen().into_iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(503), None, Some(200)]);
    Ok(())
}

#[tokio::test]
async fn a_second_ca_has_a_root_of_its_own_and_can_be_stopped() -> Result<()> {
    let cloud = cloud().await?;
    let ca = cloud.start_ca(&CaOptions { nonce_reject_percent: 0, ..CaOptions::default() }).await?;
    assert_ne!(ca.issuing_root, cloud.ca().issuing_root);
    let client = cloud.http_client()?;
    assert!(client.get(&ca.directory).send().await?.status().is_success());
    cloud.stop_ca(&ca)?;
    assert!(client.get(&ca.directory).send().await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_failed_invocation_is_an_error_and_its_process_can_be_killed() -> Result<()> {
    let cloud = cloud().await?;
    let invocation = cloud.invoke("OpenOrderFunction", &json!("no input of this function")).await?;
    assert!(invocation.error.is_some(), "{:?}", invocation.payload);
    // Its process stays warm, and is found to be killed.
    assert!(cloud.kill_function("OpenOrderFunction")? >= 1);
    Ok(())
}

#[tokio::test]
async fn a_call_that_aws_would_refuse_fails_the_cloud() -> Result<()> {
    let cloud = LocalCloud::start(Options::unique()).await?;
    // The responder reads tokens, and has no table.
    let role = cloud.resource("ServeChallengeFunctionRole")?;
    let credentials = Credentials::new(role, "secret", None, None, "a function");
    let config = cloud.aws().config.clone().into_builder().endpoint_url(&cloud.description().gate);
    let config = config.credentials_provider(SharedCredentialsProvider::new(credentials)).build();
    let client = aws_sdk_dynamodb::Client::new(&config);
    let describe = || client.describe_table().table_name(cloud.resource("KeysTable").expect("it has one")).send();

    let refused = describe().await.expect_err("the role does not allow it");
    assert_eq!(refused.code(), Some("AccessDeniedException"), "{refused:?}");
    let taken = cloud.take_refusals(|refusal| refusal.operation == "dynamodb:DescribeTable")?;
    assert_eq!(taken.len(), 1, "a test that expects it takes it: {taken:?}");
    describe().await.expect_err("still");
    let error = cloud.stop().expect_err("nobody expected that one").to_string();
    assert!(error.contains("AWS would have refused 1 calls:\ndynamodb:DescribeTable: User: arn:aws:sts::"), "{error}");
    Ok(())
}
