//! What health checks see between renewals: people are notified of each fault once, with what to do, and of its end once.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use aws_sdk_acm::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_route53::types::RrType;
use domain::alert::{AlertKind, Sender};
use end_to_end::failure_drills::start_drill;
use end_to_end::{Inbox, Platform, text};
use local_cloud::Options;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

const DOMAIN: &str = "www.watched.test";
const INTERNAL: &str = "db.watched.test";

/// The schedules are too slow to interfere: the tests run the function themselves.
fn options() -> Options {
    Options { schedule: "rate(23 hours)".into(), ..Options::unique() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_between_renewals_is_notified_and_so_is_its_recovery() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("watched.test").await?;
    let inbox = Inbox::subscribe(cloud).await?;
    let edge = Edge::start().await?;
    cloud.set_function_variable("CheckHealthFunction", "HTTPS_PORT", Some(&edge.port.to_string())).await?;
    let begun = OffsetDateTime::now_utc();
    let endpoint = platform.issue(&zone, DOMAIN, &[], "external").await?;
    let (id, arn) = (text(&endpoint["id"]), text(&endpoint["certificate"]["arn"]));

    // One whose key this test has, so that the edge can present it; and long enough in ACM to be expected there.
    let ours = Presented::signed_by("the platform's CA", DOMAIN)?;
    ours.import(&platform, arn).await?;
    let held = json!({"serial": ours.serial, "issuer": "CN=the platform's CA"});
    set_certificate(&platform, id, &held).await?;
    edge.present(&ours);
    let watch = check(&platform, id).await?;
    ensure!(watch["symptoms"] == json!([]) && !watch["dns_good_at"].is_null(), "all is well: {watch:#}");
    ensure!(platform.endpoint(DOMAIN).await?["serving"]["ours"] == true, "the edge presents what is in ACM");

    // The domain moves to another vendor after issuance: neither way to the next certificate is left.
    let elsewhere = cloud.create_zone("another-vendor.test").await?;
    elsewhere.upsert("edge.another-vendor.test", RrType::A, &["127.0.0.2"]).await?;
    zone.upsert(DOMAIN, RrType::Cname, &["edge.another-vendor.test"]).await?;
    let delegation = format!("_acme-challenge.{DOMAIN}");
    zone.upsert(&delegation, RrType::Cname, &["acme.another-vendor.test"]).await?;
    let drill = start_drill("dns-changed");
    ensure!(check(&platform, id).await?["symptoms"] == json!([]), "one check alone may have met a moment");
    let watch = check(&platform, id).await?;
    ensure!(watch["symptoms"][0]["kind"] == "dns_broken", "{watch:#}");
    let told = inbox.wait_for(DOMAIN, "ActionRequired").await?;
    drill.notified(&told)?;
    let ends = text(&endpoint["certificate"]["not_after"])[..10].to_owned();
    for part in ["edge.another-vendor.test".to_owned(), text(&watch["dns_good_at"])[..10].to_owned(), ends.clone()] {
        ensure!(told.contains(&part), "{part} is not in {told}");
    }
    let shown = platform.endpoint(DOMAIN).await?;
    ensure!(shown["status"] == "degraded" && text(&shown["reason"]).contains(&ends), "{shown:#}");
    ensure!(text(&shown["breaks_at"])[..10] == ends, "{shown:#}");
    platform.create_records(&zone, &endpoint).await?;
    let drill = start_drill("dns-mended");
    recovered(&platform, &inbox, id, 1).await?;
    drill.notified(&inbox.wait_for(DOMAIN, "Recovered").await?)?;

    // The edge serves a different certificate.
    edge.present(&Presented::signed_by("somebody else's CA", DOMAIN)?);
    let drill = start_drill("another-served");
    check(&platform, id).await?;
    check(&platform, id).await?;
    let told = inbox.wait_for(DOMAIN, "ServedCertificateDiffers").await?;
    ensure!(told.contains("somebody else's CA") && told.contains(arn), "{told}");
    drill.notified(&told)?;
    rings(&platform, begun, "AnotherServedAlarm").await?;
    edge.present(&ours);
    recovered(&platform, &inbox, id, 2).await?;

    // The certificate is deleted from ACM; a renewal has a new one.
    cloud.aws().acm.delete_certificate().certificate_arn(arn).send().await?;
    let drill = start_drill("certificate-deleted");
    check(&platform, id).await?;
    check(&platform, id).await?;
    let told = inbox.wait_for(DOMAIN, "CertificateMissing").await?;
    ensure!(told.contains(arn) && told.contains(&format!("managed-https renew {DOMAIN}")), "{told}");
    drill.notified(&told)?;
    ensure!(platform.endpoint(DOMAIN).await?["status"] == "action_required");
    ensure!(platform.run(DOMAIN).await?["outcome"] == "renewed");
    ensure!(text(&platform.endpoint(DOMAIN).await?["certificate"]["arn"]) != arn, "it has another ARN");
    recovered(&platform, &inbox, id, 3).await?;

    let mut kinds: Vec<_> = inbox.about(DOMAIN).await?.into_iter().map(|(kind, _)| kind).collect();
    kinds.retain(|kind| !kind.starts_with("CertificateIssued") && !kind.starts_with("CertificateRenewed"));
    let each =
        ["ActionRequired", "Recovered", "ServedCertificateDiffers", "Recovered", "CertificateMissing", "Recovered"];
    kinds.sort();
    let mut wanted = each.to_vec();
    wanted.sort_unstable();
    ensure!(kinds == wanted, "each once: {kinds:?}");

    // All but 90 days of some years are over, and nobody has renewed it.
    let begun = OffsetDateTime::now_utc();
    platform.set(id, "certificate.not_before = :value", AttributeValue::S("2020-01-01T00:00:00Z".into())).await?;
    let drill = start_drill("life-left");
    check(&platform, id).await?;
    rings(&platform, begun, "LifeLeftAlarm").await?;
    drill.notified(&inbox.wait_for_alarm("LifeLeftAlarm", "ALARM").await?)
}

/// Whether what the function has measured since `begun` puts the alarm into ALARM.
async fn rings(platform: &Platform, begun: OffsetDateTime, logical_id: &str) -> Result<()> {
    let taken = platform.cloud.take_in_metrics("check-health", begun).await?;
    ensure!(taken > 0, "check-health wrote no metrics");
    let alarms = platform.cloud.evaluate_alarms(OffsetDateTime::now_utc() + Duration::seconds(2)).await?;
    let rings = alarms.iter().any(|alarm| alarm.logical_id() == logical_id && alarm.state_value == "ALARM");
    ensure!(rings, "{logical_id} does not ring: {alarms:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internal_host_is_checked_from_within_its_network_alone() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("watched.test").await?;
    let edge = Edge::start().await?;
    edge.present(&Presented::signed_by("an internal CA", INTERNAL)?);
    let port = edge.port.to_string();
    cloud.set_function_variable("CheckHealthFunction", "HTTPS_PORT", Some(&port)).await?;
    let endpoint = platform.issue(&zone, INTERNAL, &[], "internal").await?;
    zone.upsert(INTERNAL, RrType::A, &["127.0.0.1"]).await?;
    let id = text(&endpoint["id"]);
    check(&platform, id).await?;
    ensure!(platform.endpoint(INTERNAL).await?["serving"]["status"] == "not_checked");

    cloud.set_function_variable("CheckHealthFunction", "INTERNAL_NETWORKS", Some("10.0.0.0/8")).await?;
    check(&platform, id).await?;
    let serving = platform.endpoint(INTERNAL).await?["serving"].clone();
    ensure!(text(&serving["reason"]).contains("only the private address 127.0.0.1"), "another network: {serving:#}");

    cloud.set_function_variable("CheckHealthFunction", "INTERNAL_NETWORKS", Some("127.0.0.0/8")).await?;
    check(&platform, id).await?;
    let serving = platform.endpoint(INTERNAL).await?["serving"].clone();
    ensure!(serving["status"] == "presented" && serving["ours"] == false, "{serving:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_never_starts_is_notified_for_the_installation_and_so_is_its_recovery() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let inbox = Inbox::subscribe(&platform.cloud).await?;
    let zone = platform.cloud.create_zone("watched.test").await?;
    let endpoint = platform.issue(&zone, INTERNAL, &[], "internal").await?;
    let id = text(&endpoint["id"]);
    let told = async |kind: AlertKind| {
        local_cloud::wait_until("the message", std::time::Duration::from_secs(10), async || {
            Ok(inbox.alerts().await?.iter().any(|alert| alert.kind == kind).then_some(()))
        })
        .await
    };
    platform.set(id, "due_at = :value", AttributeValue::N("1".into())).await?;
    check(&platform, id).await?;
    told(AlertKind::IssuanceFailed).await?;
    let later = OffsetDateTime::now_utc() + Duration::days(30);
    platform.set(id, "due_at = :value", AttributeValue::N(later.unix_timestamp().to_string())).await?;
    check(&platform, id).await?;
    told(AlertKind::Recovered).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_that_stopped_is_notified_and_so_is_its_recovery() -> Result<()> {
    let platform = Platform::start(options()).await?;
    let cloud = &platform.cloud;
    let inbox = Inbox::subscribe(cloud).await?;
    let run = async || {
        let run = cloud.invoke("CheckHealthFunction", &json!({})).await?;
        ensure!(run.error.is_none(), "{run:?}");
        anyhow::Ok(run.payload["engine"].clone())
    };
    let kinds = async || {
        let alerts = inbox.alerts().await?;
        anyhow::Ok(alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>())
    };
    ensure!(run().await? == json!([]), "all is well");
    set_schedule(&platform, "DISABLED").await?;
    let drill = start_drill("schedule-disabled");
    ensure!(run().await? == json!(["schedule"]));
    ensure!(kinds().await?.is_empty(), "once may be a moment");
    run().await?;
    run().await?;
    ensure!(kinds().await? == [AlertKind::InstallationUnhealthy], "told once: {:?}", kinds().await?);
    let alert = inbox.alerts().await?.remove(0);
    ensure!(alert.guidance.next_step().contains("--state ENABLED"), "with the command that mends it: {alert:#?}");
    drill.notified(&alert.text(&Sender::default()))?;
    set_schedule(&platform, "ENABLED").await?;
    ensure!(run().await? == json!([]));
    run().await?;
    ensure!(kinds().await? == [AlertKind::InstallationUnhealthy, AlertKind::Recovered], "{:?}", kinds().await?);
    Ok(())
}

/// Sets the state of the scan's schedule; an update has to say all the rest again.
async fn set_schedule(platform: &Platform, state: &str) -> Result<()> {
    let (scheduler, name) = (&platform.cloud.aws().scheduler, platform.cloud.resource("ScanExpiringFunctionScan")?);
    let schedule = scheduler.get_schedule().name(name).send().await?;
    scheduler
        .update_schedule()
        .name(name)
        .set_schedule_expression(schedule.schedule_expression)
        .set_flexible_time_window(schedule.flexible_time_window)
        .set_target(schedule.target)
        .state(state.into())
        .send()
        .await?;
    Ok(())
}

/// Makes the endpoint due, and runs the function. Returns what the API then shows of it.
async fn check(platform: &Platform, id: &str) -> Result<Value> {
    platform.set_due(id, "health_at").await?;
    let run = platform.cloud.invoke("CheckHealthFunction", &json!({})).await?;
    ensure!(run.error.is_none() && run.payload["checked"] == 1 && run.payload["failed"] == json!([]), "{run:?}");
    Ok(platform.endpoint(id).await?["watch"].clone())
}

/// Checks until people are notified of the recovery, for the `count`th time.
async fn recovered(platform: &Platform, inbox: &Inbox, id: &str, count: usize) -> Result<()> {
    let watch = check(platform, id).await?;
    ensure!(watch["symptoms"] == json!([]), "it is mended: {watch:#}");
    local_cloud::wait_until("the message that it is over", std::time::Duration::from_secs(10), async || {
        let told = inbox.about(DOMAIN).await?.into_iter().filter(|(kind, _)| kind == "Recovered").count();
        Ok((told == count).then_some(()))
    })
    .await
}

/// Makes `held` the certificate that was imported two hours ago.
async fn set_certificate(platform: &Platform, id: &str, held: &Value) -> Result<()> {
    let imported = (OffsetDateTime::now_utc() - Duration::hours(2)).format(&Rfc3339)?;
    for (field, value) in
        [("serial", text(&held["serial"])), ("issuer", text(&held["issuer"])), ("imported_at", &imported)]
    {
        platform.set(id, &format!("certificate.{field} = :value"), AttributeValue::S(value.into())).await?;
    }
    Ok(())
}

/// A certificate with its key and its issuer.
struct Presented {
    serial: String,
    pem: [String; 3],
    config: Arc<ServerConfig>,
}

impl Presented {
    fn signed_by(ca: &str, host: &str) -> Result<Self> {
        let ca_key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, ca);
        let root = params.self_signed(&ca_key)?;
        let issuer = Issuer::new(params, ca_key);
        let key = KeyPair::generate()?;
        let mut leaf = CertificateParams::new(vec![host.to_owned()])?;
        let serial = [0x5a, u8::try_from(ca.len())?, 0x17];
        leaf.serial_number = Some(serial.to_vec().into());
        leaf.not_before = OffsetDateTime::now_utc() - Duration::hours(3);
        leaf.not_after = OffsetDateTime::now_utc() + Duration::days(80);
        let leaf = leaf.signed_by(&key, &issuer)?;
        let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone(), root.der().clone()];
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())?;
        Ok(Self {
            serial: serial.iter().map(|octet| format!("{octet:02X}")).collect(),
            pem: [leaf.pem(), root.pem(), key.serialize_pem()],
            config: Arc::new(config),
        })
    }

    /// Puts it into ACM under `arn`.
    async fn import(&self, platform: &Platform, arn: &str) -> Result<()> {
        let [leaf, root, key] = self.pem.clone().map(Blob::new);
        let import = platform.cloud.aws().acm.import_certificate().certificate_arn(arn);
        import.certificate(leaf).certificate_chain(root).private_key(key).send().await.context("ImportCertificate")?;
        Ok(())
    }
}

/// A host that serves the certificate it was given last, until it is dropped.
struct Edge {
    port: u16,
    config: Arc<Mutex<Option<Arc<ServerConfig>>>>,
    task: JoinHandle<()>,
}

impl Edge {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let config = Arc::new(Mutex::new(None::<Arc<ServerConfig>>));
        let current = Arc::clone(&config);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let config = current.lock().expect("nothing panics").clone();
                if let Some(config) = config {
                    let _ = TlsAcceptor::from(config).accept(stream).await;
                }
            }
        });
        Ok(Self { port, config, task })
    }

    fn present(&self, what: &Presented) {
        *self.config.lock().expect("nothing panics") = Some(Arc::clone(&what.config));
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.task.abort();
    }
}
