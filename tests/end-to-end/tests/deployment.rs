//! Certificates on listeners, in additional regions, and in another account, on the deployed stack.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_acm::primitives::Blob;
use aws_sdk_acm::types::Tag;
use end_to_end::balancer::{Balancer, OWN_ACCOUNT, certificate_at, others_certificate, pool};
use end_to_end::{Inbox, Platform, text};
use local_cloud::{AwsLimits, BALANCER_QUOTA, Effect, Fault, FaultProxy, LocalCloud, Options, OwnerZone, wait_until};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

const HOME: &str = "eu-central-1";
const AWAY: &str = "eu-west-1";
const OTHER_ACCOUNT: &str = "444455556666";
const ROLE: &str = "arn:aws:iam::444455556666:role/managed-https";

/// The schedule is too slow to interfere.
fn options() -> Options {
    Options { schedule: "rate(23 hours)".into(), ..Options::unique() }
}

async fn register(platform: &Platform, body: Value) -> Result<Value> {
    let answer = platform.call(Method::POST, "endpoints", Some(body)).await?;
    ensure!(answer.status == 201, "{answer:?}");
    Ok(answer.body)
}

/// Creates its records, and brings it to its certificate.
async fn issued(platform: &Platform, zone: &OwnerZone, endpoint: &Value) -> Result<Value> {
    let domain = text(&endpoint["domain"]);
    platform.create_records(zone, endpoint).await?;
    platform.attempt(domain, 1).await?;
    if platform.endpoint(domain).await?["certificate"]["arn"].is_null() {
        platform.run(domain).await?;
    }
    platform.endpoint(domain).await
}

/// Makes the endpoint due, and runs the health check.
async fn check(platform: &Platform, id: &str) -> Result<()> {
    let cloud = &platform.cloud;
    platform.set_due(id, "health_at").await?;
    let run = cloud.invoke("CheckHealthFunction", &json!({})).await?;
    ensure!(run.error.is_none() && run.payload["checked"] == 1, "{run:?}");
    Ok(())
}

/// What the checks of the installation have found, by name.
async fn inspect(platform: &Platform) -> Result<BTreeMap<String, String>> {
    let checks = platform.cloud.invoke("InspectInstallationFunction", &json!({})).await?.payload;
    let checks = checks.as_array().cloned().context("checks")?;
    Ok(checks.iter().map(|check| (text(&check["name"]).to_owned(), text(&check["detail"]).to_owned())).collect())
}

async fn removed(platform: &Platform, domain: &str) -> Result<()> {
    let going = platform.call(Method::DELETE, &format!("endpoints/{domain}"), None).await?;
    ensure!(going.status == 202, "{going:?}");
    wait_until("the removal", Duration::from_secs(90), async || {
        let answer = platform.call(Method::GET, &format!("endpoints/{domain}"), None).await?;
        Ok((answer.status == 404).then_some(()))
    })
    .await
}

/// Imports a certificate for `domain`, as an operator has done by hand before. Its ARN.
async fn imported_by_hand(cloud: &LocalCloud, domain: &str) -> Result<String> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![domain.to_owned()])?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = OffsetDateTime::now_utc() - time::Duration::days(60);
    params.not_after = OffsetDateTime::now_utc() + time::Duration::days(20);
    let pem = params.self_signed(&key)?.pem();
    let import = cloud.aws().acm.import_certificate().certificate(Blob::new(pem));
    let imported = import.private_key(Blob::new(key.serialize_pem())).send().await.context("ImportCertificate")?;
    imported.certificate_arn.context("an ARN")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_in_use_is_taken_over_once_its_owner_gives_it_away() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("adopted.test").await?;
    let (domain, balancer) = ("www.adopted.test", Balancer::create(cloud, "application", HOME, OWN_ACCOUNT).await?);
    let arn = imported_by_hand(cloud, domain).await?;
    balancer.give(cloud, &arn).await?;
    let serial = async || certificate_at(cloud, HOME, OWN_ACCOUNT, &arn).await;
    let before = serial().await?;

    let elsewhere = json!({"domain": domain, "reachability": "internal", "adopt": arn.replace(HOME, AWAY)});
    let refused = platform.call(Method::POST, "endpoints", Some(elsewhere)).await?;
    ensure!(refused.status == 422 && refused.body["field"] == "adopt", "{refused:?}");
    let body = json!({"domain": domain, "reachability": "internal", "adopt": arn});
    let endpoint = register(&platform, body).await?;
    ensure!(endpoint["deployment"]["adopt"] == arn, "{endpoint:#}");
    platform.create_records(&zone, &endpoint).await?;
    platform.attempt(domain, 1).await?;

    // Nobody gave it away: it stays as it is, and so does what was issued.
    let attempt = platform.run(domain).await?;
    ensure!(attempt["failure"]["name"] == "DestinationRefused", "{attempt:#}");
    let (id, step) = (text(&endpoint["id"]), text(&attempt["failure"]["action"]));
    ensure!(step.contains(&format!("Key=managed-https:endpoint,Value={id}")), "{step}");
    ensure!(serial().await? == before, "it was left alone");

    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let tags = cloud.aws().acm.add_tags_to_certificate().certificate_arn(&arn);
    let tags = tags.tags(tag("managed-https", "managed-https")?).tags(tag("managed-https:endpoint", id)?);
    tags.send().await.context("AddTagsToCertificate")?;
    let attempt = platform.run(domain).await?;
    ensure!(
        attempt["outcome"] == "issued" && Platform::ca_requests(&attempt) == 0,
        "nothing is ordered again: {attempt:#}"
    );
    let issued = platform.endpoint(domain).await?;
    ensure!(
        issued["certificate"]["arn"] == arn && serial().await?.as_deref() == issued["certificate"]["serial"].as_str()
    );
    ensure!(
        balancer.certificates(cloud).await? == [arn.clone()],
        "the load balancer serves the new one without a change"
    );

    ensure!(platform.run(domain).await?["outcome"] == "renewed");
    ensure!(platform.endpoint(domain).await?["certificate"]["arn"] == arn, "and so it goes on");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_on_its_listeners_in_two_regions_until_it_is_taken_off() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("deployed.test").await?;
    let inbox = Inbox::subscribe(cloud).await?;
    let at = async |region: &str, arn: &str| certificate_at(cloud, region, OWN_ACCOUNT, arn).await;
    let here = Balancer::create(cloud, "application", HOME, OWN_ACCOUNT).await?;
    let there = Balancer::create(cloud, "network", AWAY, OWN_ACCOUNT).await?;

    let domain = "www.deployed.test";
    let body = json!({"domain": domain, "reachability": "internal", "listeners": [here.listener, there.listener]});
    let endpoint = register(&platform, body).await?;
    let endpoint = issued(&platform, &zone, &endpoint).await?;
    let deployment = &endpoint["deployment"];
    let (arn, copy) =
        (text(&endpoint["certificate"]["arn"]).to_owned(), text(&deployment["copies"][0]["arn"]).to_owned());
    ensure!(copy.contains(&format!(":{AWAY}:")) && deployment["copies"][0]["current"] == true, "{endpoint:#}");
    ensure!(
        deployment["listeners"].as_array().is_some_and(|all| all.iter().all(|l| !l["attached_at"].is_null())),
        "{deployment:#}"
    );
    ensure!(
        here.certificates(cloud).await? == [arn.clone()] && there.certificates(cloud).await? == [copy.clone()],
        "attached"
    );
    let serial = text(&endpoint["certificate"]["serial"]).to_owned();
    ensure!(at(HOME, &arn).await?.as_ref() == Some(&serial) && at(AWAY, &copy).await?.as_ref() == Some(&serial));

    // Taken off by hand: two checks see it, and it is back with the renewal, under the same ARNs.
    there.strip(cloud, &copy).await?;
    ensure!(there.certificates(cloud).await?.is_empty());
    let id = text(&endpoint["id"]);
    check(&platform, id).await?;
    check(&platform, id).await?;
    let told = inbox.wait_for(domain, "CertificateMissing").await?;
    ensure!(told.contains(there.listener.as_str()) && !told.contains(here.listener.as_str()), "{told}");
    ensure!(platform.endpoint(domain).await?["status"] == "action_required");
    ensure!(platform.run(domain).await?["outcome"] == "renewed");
    let renewed = platform.endpoint(domain).await?;
    let serial_after = text(&renewed["certificate"]["serial"]);
    ensure!(serial_after != serial, "{renewed:#}");
    ensure!(renewed["certificate"]["arn"] == arn && renewed["deployment"]["copies"][0]["arn"] == copy, "{renewed:#}");
    for (region, arn) in [(HOME, &arn), (AWAY, &copy)] {
        ensure!(at(region, arn).await?.as_deref() == Some(serial_after), "{region} has the new one");
    }
    ensure!(
        here.certificates(cloud).await? == [arn.clone()] && there.certificates(cloud).await? == [copy.clone()],
        "and once each"
    );

    // A listener is taken off the endpoint: no new certificate, and nothing is left in its region.
    let wish = json!({"listeners": [here.listener]});
    let answer = platform.call(Method::PATCH, &format!("endpoints/{domain}"), Some(wish)).await?;
    ensure!(answer.status == 200, "{answer:?}");
    let attempt = platform.attempt(domain, answer.body["attempt"].as_u64().context("a number")?).await?;
    ensure!(attempt["outcome"] == "unchanged" && Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    ensure!(there.certificates(cloud).await?.is_empty() && here.certificates(cloud).await? == [arn.clone()]);
    ensure!(at(AWAY, &copy).await?.is_none(), "the copy is gone");
    ensure!(platform.endpoint(domain).await?["deployment"]["copies"] == json!([]));

    // A listener that does not exist: the operator is notified, and the certificate stays all the same.
    let gone = there.listener.as_str().replace(AWAY, HOME);
    let wish = json!({"listeners": [here.listener, gone]});
    let answer = platform.call(Method::PATCH, &format!("endpoints/{domain}"), Some(wish)).await?;
    let attempt = platform.attempt(domain, answer.body["attempt"].as_u64().context("a number")?).await?;
    ensure!(
        attempt["failure"]["name"] == "DestinationRefused" && attempt["failure"]["actor"] == "operator",
        "{attempt:#}"
    );
    ensure!(text(&attempt["failure"]["summary"]).contains(&gone), "{attempt:#}");
    ensure!(at(HOME, &arn).await?.as_deref() == Some(serial_after));

    removed(&platform, domain).await?;
    ensure!(here.certificates(cloud).await?.is_empty(), "detached");
    ensure!(at(HOME, &arn).await?.is_none(), "and deleted");
    inbox.wait_for(domain, "EndpointRemoved").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_goes_to_another_account_by_the_named_role_and_by_no_other() -> Result<()> {
    let options = Options { parameters: vec![("DeploymentRoleArns".into(), ROLE.into())], ..options() };
    let platform = Platform::start(options).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("elsewhere.test").await?;
    let there = async |arn: &str| certificate_at(cloud, HOME, OTHER_ACCOUNT, arn).await;
    let balancer = Balancer::create(cloud, "application", HOME, OTHER_ACCOUNT).await?;

    let domain = "www.elsewhere.test";
    let other = ROLE.replace("managed-https", "administrator");
    let body = json!({"domain": domain, "reachability": "internal", "role": other});
    let refused = platform.call(Method::POST, "endpoints", Some(body)).await?;
    ensure!(refused.status == 422 && refused.body["field"] == "role", "{refused:?}");

    // Its import's answer is lost, in each of the SDK's tries: the certificate is found in the other account.
    let acm = FaultProxy::before(cloud, &cloud.description().gate)?;
    cloud.set_function_variable("ImportCertificateFunction", "AWS_ENDPOINT_URL_ACM", Some(acm.url())).await?;
    acm.inject(Fault::on_action("ImportCertificate", Effect::LoseResponse).times(3));
    let body = json!({"domain": domain, "reachability": "internal", "role": ROLE, "listeners": [balancer.listener]});
    let endpoint = register(&platform, body).await?;
    let endpoint = issued(&platform, &zone, &endpoint).await?;
    // By the same role its load balancer is counted, and ACM there, against the quotas of that account.
    cloud
        .set_function_variable("CheckHealthFunction", "LISTENER_POOLS", Some(&pool(&[&balancer], "platform.test")))
        .await?;
    check(&platform, text(&endpoint["id"])).await?;
    let checks = inspect(&platform).await?;
    ensure!(checks["load-balancers"].contains(&format!("edge ({HOME}, {OTHER_ACCOUNT}): 1 of 25")), "{checks:#?}");
    ensure!(
        checks["acm-quota"].contains(&format!("In {HOME} of the account {OTHER_ACCOUNT}: 1 imported")),
        "{checks:#?}"
    );
    let (arn, serial) = (text(&endpoint["certificate"]["arn"]), text(&endpoint["certificate"]["serial"]));
    ensure!(arn.contains(&format!(":{HOME}:{OTHER_ACCOUNT}:")), "{endpoint:#}");
    ensure!(
        there(arn).await?.as_deref() == Some(serial) && balancer.certificates(cloud).await? == [arn],
        "{endpoint:#}"
    );

    removed(&platform, domain).await?;
    ensure!(balancer.certificates(cloud).await?.is_empty(), "detached");
    ensure!(there(arn).await?.is_none(), "and deleted");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_gives_each_endpoint_a_load_balancer_with_room_until_there_is_none() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("pooled.test").await?;
    let first = Balancer::named(cloud, "edge-1", "application", HOME, OWN_ACCOUNT).await?;
    let second = Balancer::named(cloud, "edge-2", "application", HOME, OWN_ACCOUNT).await?;
    second.put(cloud, &others_certificate(1)).await?;
    let pools = pool(&[&first, &second], "platform.test");
    for function in ["ApiFunction", "CheckHealthFunction", "InspectInstallationFunction"] {
        cloud.set_function_variable(function, "LISTENER_POOLS", Some(&pools)).await?;
    }
    let grant = async |most: u32| {
        cloud.limit(&AwsLimits { quotas: BTreeMap::from([(BALANCER_QUOTA, most)]), ..AwsLimits::default() }).await
    };
    let count = async || {
        let run = cloud.invoke("CheckHealthFunction", &json!({})).await?;
        ensure!(run.error.is_none(), "{run:?}");
        Ok(run.payload["resumed"].clone())
    };
    grant(2).await?;
    count().await?;

    // Room for two on the first, and for one on the second, which has somebody else's.
    let wish = |domain: &str| json!({"domain": domain, "reachability": "internal", "listeners": ["pool:eu"]});
    let mut registered = Vec::new();
    for (domain, balancer) in [("a.pooled.test", &first), ("b.pooled.test", &first), ("c.pooled.test", &second)] {
        let endpoint = register(&platform, wish(domain)).await?;
        ensure!(endpoint["deployment"]["listeners"][0]["arn"] == balancer.listener.as_str(), "{endpoint:#}");
        registered.push(endpoint);
    }
    let full = platform.call(Method::POST, "endpoints", Some(wish("d.pooled.test"))).await?;
    ensure!(
        full.status == 409 && text(&full.body["detail"]).contains("edge-1: 0 of 2 certificates, 2 more promised"),
        "{full:?}"
    );
    let checks = inspect(&platform).await?;
    ensure!(checks["load-balancers"].starts_with("pool eu: 4 of 4 certificates on 2 load balancers"), "{checks:#?}");

    // The third has its certificate on the second one, with that one's target for its visitors.
    let third = issued(&platform, &zone, &registered[2]).await?;
    ensure!(second.certificates(cloud).await?.contains(&text(&third["certificate"]["arn"]).to_owned()), "{third:#}");
    let external = json!({"domain": "e.pooled.test", "reachability": "external", "listeners": [second.listener]});
    let external = register(&platform, external).await?;
    ensure!(external["dns"]["records"][1]["value"] == "edge-2.platform.test", "{external:#}");

    // Somebody takes what was promised: the certificate waits in ACM for room, and the operator is notified.
    for digit in [2, 3] {
        first.put(cloud, &others_certificate(digit)).await?;
    }
    issued(&platform, &zone, &registered[0]).await?;
    let refused = platform.endpoint("a.pooled.test").await?;
    ensure!(refused["failure"]["name"] == "DestinationRefused" && refused["waiting_on"] == "operator", "{refused:#}");
    ensure!(text(&refused["failure"]["summary"]).contains("is full: "), "{refused:#}");
    ensure!(count().await? == 0, "there is none yet");

    // AWS grants more: the next run sees it, the one that waits is attached, and the pool takes the fourth.
    grant(4).await?;
    ensure!(count().await? == 1, "it is due");
    let attempts = platform.attempts("a.pooled.test").await?.len() as u64;
    cloud.scan().await?;
    let attempt = platform.attempt("a.pooled.test", attempts + 1).await?;
    ensure!(attempt["failure"].is_null() && Platform::ca_requests(&attempt) == 0, "{attempt:#}");
    let arn = text(&platform.endpoint("a.pooled.test").await?["certificate"]["arn"]).to_owned();
    ensure!(first.certificates(cloud).await?.contains(&arn), "attached");
    let fourth = register(&platform, wish("d.pooled.test")).await?;
    ensure!(fourth["deployment"]["listeners"][0]["arn"] == second.listener.as_str(), "{fourth:#}");
    Ok(())
}
