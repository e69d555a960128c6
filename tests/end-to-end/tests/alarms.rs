//! Alarms on the metrics that the functions write: each rings, reaches a subscriber, ends, and has a runbook.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use end_to_end::balancer::{Balancer, OWN_ACCOUNT, others_certificate, pool};
use end_to_end::failure_drills::start_drill;
use end_to_end::{Inbox, Platform};
use local_cloud::{Alarm, AwsLimits, BALANCER_QUOTA, CaOptions, LocalCloud, Options};
use time::{Duration, OffsetDateTime};

/// The pages of docs/runbooks without their index; each has the name of its alarm.
fn runbooks() -> Result<BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/runbooks");
    let mut pages = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().into_string().ok().context("a name in UTF-8")?;
        pages.insert(name.strip_suffix(".md").context("a page")?.to_owned());
    }
    ensure!(pages.remove("README"), "the index");
    Ok(pages)
}

fn alarm<'a>(alarms: &'a [Alarm], logical_id: &str) -> Result<&'a Alarm> {
    alarms.iter().find(|alarm| alarm.logical_id() == logical_id).with_context(|| format!("no {logical_id}"))
}

/// The alarms that are in ALARM.
fn ringing(alarms: &[Alarm]) -> BTreeSet<&str> {
    alarms.iter().filter(|alarm| alarm.state_value == "ALARM").map(Alarm::logical_id).collect()
}

#[tokio::test]
async fn every_alarm_links_to_a_runbook_that_is_there_and_every_runbook_has_its_alarm() -> Result<()> {
    let cloud = LocalCloud::attach_or_start(Options::unique()).await?;
    let (alarms, http) = (cloud.alarms().await?, cloud.http_client()?);
    for alarm in &alarms {
        let page = format!("/docs/runbooks/{}.md", alarm.logical_id().to_lowercase());
        let described = &alarm.alarm_description;
        ensure!(described.contains("Runbook: http") && described.ends_with(&page), "{alarm:#?}");
        // The address is that of the API as the emulator gives it out, without TLS; here the same path is behind another host.
        let opened = http.get(format!("{}{page}", cloud.description().api)).send().await?;
        ensure!(opened.status().is_success(), "{page}: {}", opened.status());
        ensure!(opened.text().await?.contains(&format!("<title>{}", alarm.logical_id())), "{page}");
    }
    let names: BTreeSet<String> = alarms.iter().map(|alarm| alarm.logical_id().to_lowercase()).collect();
    let pages = runbooks()?;
    ensure!(names == pages, "alarms: {names:#?}, runbooks: {pages:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_alarm_rings_at_its_threshold_and_not_before_and_reaches_a_subscriber() -> Result<()> {
    let cloud = LocalCloud::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let inbox = Inbox::subscribe(&cloud).await?;
    let alarms = cloud.alarms().await?;
    // The emulators do not report metrics of other services: the test writes them here, and all others, too.
    let now = OffsetDateTime::now_utc();
    for (at, breaches) in [(now - Duration::hours(12), false), (now, true)] {
        for alarm in &alarms {
            cloud.report(alarm, breaches, at).await?;
        }
        let evaluated = cloud.evaluate_alarms(at).await?;
        let expected = if breaches { evaluated.iter().map(Alarm::logical_id).collect() } else { BTreeSet::new() };
        ensure!(ringing(&evaluated) == expected, "{evaluated:#?}");
    }
    for alarm in &alarms {
        let told = inbox.wait_for_alarm(alarm.logical_id(), "ALARM").await?;
        ensure!(told.contains("Runbook: http") && told.contains("/docs/runbooks/"), "{told}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_operators_rings_and_is_over_when_it_is_fixed() -> Result<()> {
    // Each order has challenges to present: none of the CA's authorizations is used again.
    let ca = CaOptions { authz_reuse_percent: 0, ..CaOptions::default() };
    let platform = Platform::start(Options { schedule: "rate(23 hours)".into(), ca, ..Options::unique() }).await?;
    let cloud = &platform.cloud;
    let inbox = Inbox::subscribe(cloud).await?;
    let zone = cloud.create_zone("alarms.test").await?;
    platform.issue(&zone, "www.alarms.test", &[], "internal").await?;

    let hosted_zone = cloud.description().delegation_zone_id.clone();
    cloud.set_function_variable("WriteRecordsFunction", "DELEGATION_HOSTED_ZONE_ID", Some("ZGONE")).await?;
    let begun = OffsetDateTime::now_utc();
    let drill = start_drill("zone-gone");
    let attempt = platform.run("www.alarms.test").await?;
    ensure!(attempt["failure"]["actor"] == "operator", "{attempt:#}");
    // An attempt ends shortly before what its last function wrote is in the log.
    while cloud.take_in_metrics("settle-attempt", begun).await? == 0 {
        ensure!(OffsetDateTime::now_utc() < begun + Duration::minutes(3), "settle-attempt wrote no metrics");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let now = OffsetDateTime::now_utc() + Duration::seconds(2);
    let alarms = cloud.evaluate_alarms(now).await?;
    ensure!(ringing(&alarms).contains("OperatorFailuresAlarm"), "{alarms:#?}");
    ensure!(alarm(&alarms, "CaFailuresAlarm")?.state_value == "OK", "it was not the CA: {alarms:#?}");
    let rung = inbox.wait_for_alarm("OperatorFailuresAlarm", "ALARM").await?;
    let told = inbox.wait_for("www.alarms.test", "RenewalFailed").await?;
    drill.notified(&format!("{told}\n\n{rung}"))?;

    cloud
        .set_function_variable("WriteRecordsFunction", "DELEGATION_HOSTED_ZONE_ID", Some(hosted_zone.as_str()))
        .await?;
    let attempt = platform.run("www.alarms.test").await?;
    ensure!(attempt["outcome"] == "renewed", "{attempt:#}");
    cloud.evaluate_alarms(now + Duration::minutes(6)).await?;
    inbox.wait_for_alarm("OperatorFailuresAlarm", "OK").await?;
    // The role may write to its own zone alone: AWS denies that before it says that there is no such zone. Now, as the
    // writer tries again until it has its zone back.
    let refused = cloud.take_refusals(|refusal| refusal.why.contains("hostedzone/ZGONE"))?;
    ensure!(refused.iter().all(|refusal| refusal.kind == "denied") && !refused.is_empty(), "{refused:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_schedule_rings_the_alarms_on_missing_runs() -> Result<()> {
    let cloud = LocalCloud::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let inbox = Inbox::subscribe(&cloud).await?;
    cloud.scan().await?;
    cloud.invoke("PollRenewalInfoFunction", &serde_json::json!({})).await?;
    cloud.invoke("CheckHealthFunction", &serde_json::json!({})).await?;
    let now = OffsetDateTime::now_utc() + Duration::seconds(2);
    let alarms = cloud.evaluate_alarms(now).await?;
    ensure!(ringing(&alarms).is_empty(), "both have just run: {alarms:#?}");

    // No run comes any more, and a quarter of an hour passes.
    let drill = start_drill("engine-silent");
    let alarms = cloud.evaluate_alarms(now + Duration::minutes(16)).await?;
    let silent = BTreeSet::from(["ScanSilentAlarm", "AdviceSilentAlarm", "HealthSilentAlarm"]);
    ensure!(ringing(&alarms) == silent, "{alarms:#?}");
    drill.notified(&inbox.wait_for_alarm("ScanSilentAlarm", "ALARM").await?)?;
    inbox.wait_for_alarm("AdviceSilentAlarm", "ALARM").await?;

    // Before that, a scan that is not punctual rings no alarm.
    let alarms = cloud.evaluate_alarms(now + Duration::minutes(14)).await?;
    ensure!(ringing(&alarms).is_empty(), "{alarms:#?}");
    inbox.wait_for_alarm("ScanSilentAlarm", "OK").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_are_nearly_used_up_ring_each_by_its_own_alarm() -> Result<()> {
    let platform = Platform::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("limits.test").await?;
    for function in ["OpenOrderFunction", "CheckHealthFunction"] {
        cloud.set_function_variable(function, "CA_LIMITS", Some("orders=1/3h")).await?;
    }
    let read = async || {
        let begun = OffsetDateTime::now_utc() - Duration::seconds(1);
        let run = cloud.invoke("CheckHealthFunction", &serde_json::json!({})).await?;
        ensure!(run.error.is_none(), "{run:?}");
        ensure!(cloud.take_in_metrics("check-health", begun).await? > 0, "check-health wrote no metrics");
        cloud.evaluate_alarms(OffsetDateTime::now_utc() + Duration::seconds(2)).await
    };
    let limits = |alarms: &[Alarm]| {
        let ringing = ringing(alarms);
        ["AcmQuotaAlarm", "OrdersLeftAlarm", "LoadBalancerRoomAlarm"].map(|name| ringing.contains(name))
    };
    ensure!(limits(&read().await?) == [false; 3], "nothing is used yet");

    // The one order that the CA allows, and the certificate of it.
    platform.issue(&zone, "www.limits.test", &[], "internal").await?;
    let alarms = read().await?;
    ensure!(limits(&alarms) == [false, true, false], "{alarms:#?}");
    cloud
        .set_function_variable("InspectInstallationFunction", "ACM_QUOTAS", Some("certificates=1,imports=100"))
        .await?;
    let alarms = read().await?;
    ensure!(limits(&alarms) == [true, true, false], "{alarms:#?}");

    // The quotas of load balancers are Service Quotas' to say.
    let balancer = Balancer::create(cloud, "application", "eu-central-1", OWN_ACCOUNT).await?;
    for digit in 1..=4 {
        balancer.put(cloud, &others_certificate(digit)).await?;
    }
    cloud.limit(&AwsLimits { quotas: BTreeMap::from([(BALANCER_QUOTA, 5)]), ..AwsLimits::default() }).await?;
    for function in ["CheckHealthFunction", "InspectInstallationFunction"] {
        cloud.set_function_variable(function, "LISTENER_POOLS", Some(&pool(&[&balancer], "platform.test"))).await?;
    }
    let alarms = read().await?;
    ensure!(limits(&alarms) == [true; 3], "{alarms:#?}");
    Ok(())
}
