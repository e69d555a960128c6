//! A renewal whose certificate ACM does not take under the ARN of the one before: on the deployed stack, at a CA that changes
//! what its certificates are for, and at a fallback CA whose certificates are for less.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use aws_sdk_acm::primitives::Blob;
use aws_sdk_acm::types::Tag;
use aws_sdk_dynamodb::types::AttributeValue;
use boulder::{Boulder, Injected, Problem, Usages};
use end_to_end::balancer::{Balancer, OWN_ACCOUNT, certificate_at};
use end_to_end::{Inbox, Platform, text};
use local_cloud::{Options, REGION};
use rcgen::{ExtendedKeyUsagePurpose as For, KeyUsagePurpose as May};
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const DOMAIN: &str = "www.usages.test";

struct Fixture {
    platform: Platform,
    ca: Boulder,
    /// With the endpoint's listener.
    own: Balancer,
    /// To which somebody gives the certificate by hand.
    other: Balancer,
    inbox: Inbox,
}

impl Fixture {
    /// With a first certificate, for these usages.
    async fn new(key: &[May], extended: &[For]) -> Result<Self> {
        // Every retry at an unavailable CA takes place, a tenth as late.
        let options = Options { schedule: "rate(23 hours)".into(), flow_waits: 0.1, ..Options::unique() };
        let platform = Platform::start(options).await?;
        let cloud = &platform.cloud;
        let own = Balancer::named(cloud, "own", "application", REGION, OWN_ACCOUNT).await?;
        let other = Balancer::named(cloud, "other", "application", REGION, OWN_ACCOUNT).await?;
        // What it validates is another test's matter.
        let ca = Boulder::start(OffsetDateTime::now_utc(), Box::new(|_| Ok(()))).await;
        // The profile that local clouds ask for.
        ca.set(|knobs| knobs.profiles = [("default".to_owned(), "As the CA likes it".to_owned())].into());
        cloud.use_directory(&ca.directory()).await?;
        let inbox = Inbox::subscribe(cloud).await?;
        let fixture = Self { ca, own, other, inbox, platform };
        fixture.issue_for(key, extended);
        let zone = fixture.platform.cloud.create_zone("usages.test").await?;
        let body = json!({"domain": DOMAIN, "reachability": "internal", "listeners": [fixture.own.listener]});
        let answer = fixture.platform.call(Method::POST, "endpoints", Some(body)).await?;
        ensure!(answer.status == 201, "{answer:?}");
        fixture.platform.attempt(DOMAIN, 1).await?;
        fixture.platform.create_records(&zone, &answer.body).await?;
        fixture.renewed("issued").await?;
        Ok(fixture)
    }

    /// From now on the CA's certificates are for this.
    fn issue_for(&self, key: &[May], extended: &[For]) {
        self.ca.set(|knobs| knobs.usages = Usages { key: key.to_vec(), extended: extended.to_vec() });
    }

    /// The endpoint after an attempt with this outcome.
    async fn renewed(&self, outcome: &str) -> Result<Value> {
        let attempt = self.platform.run(DOMAIN).await?;
        ensure!(attempt["outcome"] == outcome && attempt["failure"].is_null(), "{attempt:#}");
        self.platform.endpoint(DOMAIN).await
    }

    async fn endpoint(&self) -> Result<Value> {
        self.platform.endpoint(DOMAIN).await
    }

    /// Whether ACM has it.
    async fn is_there(&self, arn: &str) -> Result<bool> {
        Ok(certificate_at(&self.platform.cloud, REGION, OWN_ACCOUNT, arn).await?.is_some())
    }

    /// As if the retired certificate had been so for two days: the attempt that comes then.
    async fn past_its_grace(&self) -> Result<()> {
        let endpoint = self.endpoint().await?;
        let id = text(&endpoint["id"]);
        let since = (OffsetDateTime::now_utc() - time::Duration::days(2)).format(&Rfc3339)?;
        self.platform.set(id, "certificate.retired[0].since = :value", AttributeValue::S(since)).await?;
        self.platform.set(id, "due_at = :value", AttributeValue::N("1".into())).await?;
        let number = endpoint["attempt"].as_u64().context("a number")? + 1;
        let scan = self.platform.cloud.scan().await?;
        ensure!(scan.error.is_none() && scan.payload["started"] == 1, "{scan:?}");
        let attempt = self.platform.attempt(DOMAIN, number).await?;
        ensure!(attempt["failure"].is_null() && Platform::ca_requests(&attempt) == 0, "{attempt:#}");
        Ok(())
    }

    /// What is true of a certificate that could not replace `old`: our listener has it, the others keep the old one, and
    /// people are notified of those. Then the old one goes, once nothing uses it and its grace is over.
    async fn moved_from(&self, old: &str) -> Result<()> {
        let cloud = &self.platform.cloud;
        let after = self.endpoint().await?;
        let new = text(&after["certificate"]["arn"]);
        ensure!(new != old && after["status"] == "ready", "{after:#}");
        ensure!(self.own.certificates(cloud).await? == [new], "the endpoint's listener has moved");
        ensure!(self.other.certificates(cloud).await? == [old], "what is not ours is left alone");
        let told = self.inbox.about(DOMAIN).await?;
        let told: Vec<_> = told.iter().filter(|(_, text)| text.contains(old) && text.contains(new)).collect();
        ensure!(told.len() == 1 && told[0].0 == "CertificateRenewed", "{told:#?}");
        ensure!(told[0].1.contains(&format!("Point whatever else uses {old} to {new}")), "{told:#?}");
        ensure!(self.is_there(old).await?, "it has a day");

        self.past_its_grace().await?;
        ensure!(self.is_there(old).await?, "and stays while something uses it");
        let due = text(&self.endpoint().await?["next_attempt_at"]).to_owned();
        let due = OffsetDateTime::parse(&due, &Rfc3339)? - OffsetDateTime::now_utc();
        ensure!(due > time::Duration::hours(23) && due <= time::Duration::DAY, "the next day it is tried again: {due}");
        self.other.strip(cloud, old).await?;
        self.other.give(cloud, new).await?;
        self.past_its_grace().await?;
        ensure!(!self.is_there(old).await?, "it is gone");
        ensure!(self.is_there(new).await? && self.own.certificates(cloud).await? == [new], "and the new one is not");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_for_fewer_usages_gets_an_arn_of_its_own_and_the_listeners_follow() -> Result<()> {
    let both = [For::ServerAuth, For::ClientAuth];
    let fixture = Fixture::new(&[May::DigitalSignature, May::KeyAgreement], &both).await?;
    let first = fixture.endpoint().await?;
    let arn = text(&first["certificate"]["arn"]);
    fixture.other.give(&fixture.platform.cloud, arn).await?;

    // ACM lets the usage for clients go, which CAs have dropped, and what comes in addition.
    fixture.issue_for(&[May::DigitalSignature, May::KeyAgreement, May::KeyEncipherment], &[For::ServerAuth]);
    let second = fixture.renewed("renewed").await?;
    ensure!(second["certificate"]["arn"] == arn && second["certificate"]["serial"] != first["certificate"]["serial"]);

    fixture.issue_for(&[May::DigitalSignature], &[For::ServerAuth]);
    fixture.renewed("renewed").await?;
    fixture.moved_from(arn).await?;

    // The next one replaces that one.
    let third = fixture.endpoint().await?;
    let fourth = fixture.renewed("renewed").await?;
    ensure!(fourth["certificate"]["arn"] == third["certificate"]["arn"], "{fourth:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_with_a_key_of_another_type_gets_an_arn_of_its_own_and_the_listeners_follow() -> Result<()> {
    let fixture = Fixture::new(&[May::DigitalSignature], &[For::ServerAuth]).await?;
    let cloud = &fixture.platform.cloud;
    let issued = fixture.endpoint().await?;
    let (id, made) = (text(&issued["id"]), text(&issued["certificate"]["arn"]));
    // As if its certificate had been issued for an RSA key.
    let folder = cloud.scratch("rsa")?;
    let (key, pem) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let request = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"])
        .args(["-subj", &format!("/CN={DOMAIN}"), "-addext", &format!("subjectAltName=DNS:{DOMAIN}")])
        .args(["-addext", "keyUsage=digitalSignature", "-addext", "extendedKeyUsage=serverAuth"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&pem)
        .output()?;
    ensure!(request.status.success(), "openssl: {}", String::from_utf8_lossy(&request.stderr));
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let import = cloud.aws().acm.import_certificate().certificate(Blob::new(std::fs::read(&pem)?));
    let import = import.private_key(Blob::new(std::fs::read(&key)?));
    let import = import.tags(tag("managed-https", "managed-https")?).tags(tag("managed-https:endpoint", id)?);
    let rsa = import.send().await?.certificate_arn.context("an ARN")?;
    for balancer in [&fixture.own, &fixture.other] {
        balancer.give(cloud, &rsa).await?;
    }
    fixture.own.strip(cloud, made).await?;
    cloud.aws().acm.delete_certificate().certificate_arn(made).send().await?;
    fixture.platform.set(id, "certificate.arn = :value", AttributeValue::S(rsa.clone())).await?;

    fixture.renewed("renewed").await?;
    fixture.moved_from(&rsa).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_ca_for_fewer_usages_gets_an_arn_of_its_own_and_the_first_ca_then_replaces_under_it() -> Result<()> {
    let fixture = Fixture::new(&[May::DigitalSignature, May::KeyAgreement], &[For::ServerAuth]).await?;
    let first = fixture.endpoint().await?;
    let arn = text(&first["certificate"]["arn"]);
    fixture.other.give(&fixture.platform.cloud, arn).await?;
    // Pebble's certificates are for signatures alone.
    let fallback = fixture.platform.cloud.ca();
    let authority = json!({
        "directory": fallback.directory,
        "profile": "default",
        "caa_identities": ["pebble.example"],
        "trust_anchor": fallback.tls_anchor,
    });
    fixture.platform.use_fallback(&authority).await?;

    fixture.ca.inject("/", Injected::always(Problem::new(503, "serverInternal", "Service temporarily unavailable")));
    let second = fixture.renewed("renewed").await?;
    ensure!(second["certificate"]["directory"] == fallback.directory, "{second:#}");
    fixture.moved_from(arn).await?;

    // ACM takes additional usages under the same ARN.
    fixture.ca.inject_no_more();
    let moved = fixture.endpoint().await?;
    let third = fixture.renewed("renewed").await?;
    ensure!(third["certificate"]["directory"] == first["certificate"]["directory"], "{third:#}");
    ensure!(third["certificate"]["arn"] == moved["certificate"]["arn"], "{third:#}");
    Ok(())
}
