//! The installation's own checks: all pass, and then each fails by something that an operator can break.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use adapters::dynamodb::EndpointsTable;
use adapters::zone_cut::ZoneCut;
use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_route53::types::RrType;
use domain::installation::{InstallationCheck, InstallationStatus, Task};
use end_to_end::{Inbox, Platform};
use local_cloud::{LocalCloud, Options, OwnerZone, wait_until};
use reqwest::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

async fn inspect(cloud: &LocalCloud) -> Result<BTreeMap<String, InstallationCheck>> {
    let invocation = cloud.invoke("InspectInstallationFunction", &json!({})).await?;
    ensure!(invocation.error.is_none(), "{invocation:?}");
    let checks: Vec<InstallationCheck> = serde_json::from_value(invocation.payload)?;
    Ok(checks.into_iter().map(|check| (check.name.clone(), check)).collect())
}

/// Runs what the schedules would start within a minute.
async fn run_all(cloud: &LocalCloud) -> Result<()> {
    cloud.scan().await?;
    let polled = cloud.invoke("PollRenewalInfoFunction", &json!({})).await?;
    ensure!(polled.error.is_none(), "{polled:?}");
    let run = cloud.invoke("CheckHealthFunction", &json!({})).await?;
    ensure!(run.error.is_none(), "{run:?}");
    Ok(())
}

/// Inspects again, and expects that of all checks only this one has changed for the worse.
async fn only_this_fails(cloud: &LocalCloud, name: &str, told: &[&str]) -> Result<()> {
    let checks = inspect(cloud).await?;
    for check in checks.values() {
        let well = check.status == InstallationStatus::Ok;
        ensure!(well == (check.name != name), "while {name} is broken: {checks:#?}");
        ensure!(well == check.remedy.is_none(), "what is wrong has a remedy: {check:#?}");
    }
    let check = &checks[name];
    let all = format!("{} {}", check.detail, check.remedy.clone().unwrap_or_default());
    for told in told {
        ensure!(all.contains(told), "“{told}” is not in {check:#?}");
    }
    Ok(())
}

/// `managed-https doctor --deep`, while somebody creates the record that it asks for. Its exit code, and the check's text.
async fn deep(platform: &Platform, zone: &OwnerZone, domain: &str) -> Result<(Option<i32>, String)> {
    let own = std::env::current_exe()?;
    let program = own.ancestors().nth(2).context("target/…/debug/deps")?.join("managed-https");
    let environment = platform.cloud.description().environment()?;
    let arguments = ["doctor", "--deep", domain, "--timeout", "3m", "--format", "json"].map(str::to_owned);
    let doctor = tokio::task::spawn_blocking(move || {
        Command::new(program).args(arguments).env_clear().envs(environment).stdin(Stdio::null()).output()
    });
    let registered = wait_until("the endpoint of doctor --deep", REGISTERED, async || {
        let answer = platform.call(Method::GET, &format!("endpoints/{domain}"), None).await?;
        Ok((answer.status == 200).then_some(answer.body))
    });
    let registered = match registered.await {
        Ok(registered) => platform.create_records(zone, &registered).await,
        Err(error) => Err(error),
    };
    let output = doctor.await?.context("running managed-https: make build makes it")?;
    let said = || format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    registered.with_context(said)?;
    let told: Value = serde_json::from_slice(&output.stdout).with_context(said)?;
    let checks = told["checks"].as_array().context("checks")?;
    let check = checks.iter().find(|check| check["name"] == "first-certificate");
    Ok((output.status.code(), check.with_context(|| format!("{told:#}"))?.to_string()))
}

/// Until the doctor has made its other checks.
const REGISTERED: std::time::Duration = std::time::Duration::from_secs(60);

/// What endpoints leave in the installation: certificates, TXT records, tokens, keys, and whether there is one of `domain`.
async fn left(platform: &Platform, domain: &str) -> Result<(usize, usize, usize, i32, u16)> {
    let cloud = &platform.cloud;
    let certificates = cloud.aws().acm.list_certificates().send().await?.certificate_summary_list().len();
    let keys = cloud.aws().dynamodb.scan().table_name(cloud.resource("KeysTable")?).send().await?.count;
    let endpoint = platform.call(Method::GET, &format!("endpoints/{domain}"), None).await?.status;
    Ok((certificates, cloud.txt_records().await?.len(), cloud.tokens().await?.len(), keys, endpoint))
}

async fn deep_check_leaves_nothing_behind(platform: &Platform, zone: &OwnerZone) -> Result<()> {
    let name = |label: &str| format!("{label}.{}", zone.domain);
    let before = left(platform, &name("smoke")).await?;
    let (code, told) = deep(platform, zone, &name("smoke")).await?;
    ensure!(code == Some(0) && told.contains("and imported in") && told.contains("removed again"), "{code:?}: {told}");
    ensure!(left(platform, &name("smoke")).await? == before, "a certificate came and went");

    // What only an order meets: the other checks read the profile of another function.
    platform.cloud.set_function_variable("OpenOrderFunction", "ACME_PROFILE", Some("eternal")).await?;
    platform.cloud.wait_for_update("OpenOrderFunction").await?;
    let (code, told) = deep(platform, zone, &name("broken")).await?;
    ensure!(code == Some(1) && told.contains("eternal"), "{code:?}: {told}");
    ensure!(left(platform, &name("broken")).await? == before, "neither does a failure leave anything");
    platform.cloud.set_function_variable("OpenOrderFunction", "ACME_PROFILE", None).await?;
    platform.cloud.wait_for_update("OpenOrderFunction").await?;
    run_all(&platform.cloud).await
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_an_operator_breaks_is_named_with_its_next_step() -> Result<()> {
    // Where health checks run so rarely that alarms would miss them, that is named.
    let options = Options { health_schedule: Options::default().health_schedule, ..Options::unique() };
    let platform = Platform::start(options).await?;
    let cloud = &platform.cloud;
    let aws = cloud.aws();
    let _inbox = Inbox::subscribe(cloud).await?;
    // The first order makes the account.
    let domain = cloud.create_zone("first.test").await?;
    platform.issue(&domain, "www.first.test", &[], "internal").await?;
    run_all(cloud).await?;
    let healthy = inspect(cloud).await?;
    ensure!(
        healthy.len() == 23 && healthy.values().all(|check| check.status == InstallationStatus::Ok),
        "{healthy:#?}"
    );

    deep_check_leaves_nothing_behind(&platform, &domain).await?;

    for (task, resource, schedule_check, run_check) in [
        (Task::Scan, "ScanExpiringFunctionScan", "schedule", "last-scan"),
        (Task::Advice, "PollRenewalInfoFunctionPoll", "advice-schedule", "last-advice"),
        (Task::Health, "CheckHealthFunctionCheck", "health-schedule", "last-health"),
    ] {
        // The schedule, with what an update has to say again.
        let name = cloud.resource(resource)?;
        let schedule = aws.scheduler.get_schedule().name(name).send().await?;
        let set = async |state: &str| {
            aws.scheduler
                .update_schedule()
                .name(name)
                .set_schedule_expression(schedule.schedule_expression.clone())
                .set_flexible_time_window(schedule.flexible_time_window.clone())
                .set_target(schedule.target.clone())
                .state(state.into())
                .send()
                .await
        };
        set("DISABLED").await?;
        only_this_fails(cloud, schedule_check, &[name, "--state ENABLED"]).await?;

        // No run comes any more to record itself.
        let table = EndpointsTable::new(aws.dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
        let last = table.last_run(task).await?.context("the run was recorded")?;
        ensure!(OffsetDateTime::now_utc() - last < Duration::minutes(5));
        table.record_run(task, last - Duration::hours(3)).await?;
        set("ENABLED").await?;
        only_this_fails(cloud, run_check, &["3 h ago", "aws logs tail"]).await?;
        run_all(cloud).await?;
    }

    // The delegation, gone and to somebody else.
    let zone = cloud.description().delegation_zone.as_str();
    let above = cloud.zone(zone.split_once('.').context("it is below another")?.1).await?;
    let servers = cloud.zone(zone).await?.name_servers().await?;
    above.remove(zone, RrType::Ns).await?;
    only_this_fails(cloud, "zone-delegation", &["is not delegated", &format!("{zone}. NS {}", servers[0])]).await?;
    let servers: Vec<_> = servers.iter().map(String::as_str).collect();
    above.upsert(zone, RrType::Ns, &servers).await?;

    // CAA at the endpoint target, of another CA.
    let target = cloud.description().endpoint_target.as_str();
    let platform_zone = cloud.zone(target.split_once('.').context("it is a host in a zone")?.1).await?;
    platform_zone.upsert(target, RrType::Caa, &["0 issue \"amazon.com\""]).await?;
    only_this_fails(cloud, "target-caa", &["amazon.com", &format!("{target} CAA 0 issue ")]).await?;
    platform_zone.remove(target, RrType::Caa).await?;

    // The account: emptied, overwritten by hand, and with a key that is none.
    let secret = cloud.resource("AccountSecret")?;
    let accounts = aws.secrets.get_secret_value().secret_id(secret).send().await?.secret_string.context("accounts")?;
    let without_key = json!({"accounts": {cloud.ca().directory.as_str(): {
        "key": "AAAA", "id": "https://ca.test/account/1", "directory": null, "directory_fetched_at": 0,
    }}});
    let unreadable = "cannot be read as an account";
    for (content, told) in [("{}", "is empty"), ("by hand", unreadable), (&without_key.to_string(), unreadable)] {
        aws.secrets.put_secret_value().secret_id(secret).secret_string(content).send().await?;
        only_this_fails(cloud, "acme-account", &[told, "update-secret-version-stage"]).await?;
    }
    aws.secrets.put_secret_value().secret_id(secret).secret_string(accounts).send().await?;

    // Nobody takes the jobs of the delegation zone's writer any more.
    let mapping = cloud.resource("RecordsToWriter")?;
    let enable = async |enabled| {
        aws.lambda
            .update_event_source_mapping()
            .uuid(mapping)
            .enabled(enabled)
            .send()
            .await
            .context("UpdateEventSourceMapping")
    };
    enable(false).await?;
    only_this_fails(cloud, "record-writer", &["no TXT record", &format!("--uuid {mapping} --enabled")]).await?;
    enable(true).await?;

    // A dead letter.
    let queue = cloud.resource("ScanDeadLetters")?;
    aws.sqs.send_message().queue_url(queue).message_body("{}").send().await?;
    only_this_fails(cloud, "dead-letters", &["1 scheduled run did not start", "purge-queue"]).await?;
    aws.sqs.purge_queue().queue_url(queue).send().await?;

    // Somebody who was asked and has not answered.
    let topic = cloud.resource("AlertsTopic")?;
    aws.sns.subscribe().topic_arn(topic).protocol("http").endpoint("http://127.0.0.1:9/").send().await?;
    only_this_fails(cloud, "alert-subscriptions", &["1 of 2 not confirmed", "aws sns subscribe"]).await?;
    for subscription in aws.sns.list_subscriptions_by_topic().topic_arn(topic).send().await?.subscriptions() {
        if subscription.protocol() == Some("http") {
            let arn = subscription.subscription_arn().context("an ARN")?;
            aws.sns.unsubscribe().subscription_arn(arn).send().await?;
        }
    }

    // A channel that has refused a notification: it is sent by the next run of the health checks.
    let item = |text: &str| AttributeValue::S(text.to_owned());
    let kept =
        aws.dynamodb.put_item().table_name(cloud.resource("EndpointsTable")?).item("pk", item("REFUSED#ChatTopic"));
    let kept = kept.item("sk", item("01764000000#one")).item("why", item("sns:Publish: AccessDenied"));
    kept.item("message", item("{}")).send().await?;
    only_this_fails(cloud, "refused-notifications", &["ChatTopic", "AccessDenied", "1 notification", "make deploy"])
        .await?;
    run_all(cloud).await?;
    ensure!(inspect(cloud).await?["refused-notifications"].status == InstallationStatus::Ok, "it is gone");

    // A CA that is gone, and a profile that it does not have.
    let directory = cloud.ca().directory.clone();
    cloud.set_function_variable("InspectInstallationFunction", "ACME_PROFILE", Some("eternal")).await?;
    only_this_fails(cloud, "acme-directory", &["no profile “eternal”", "default"]).await?;
    cloud.set_function_variable("InspectInstallationFunction", "ACME_PROFILE", None).await?;
    let gone = cloud.start_ca(&local_cloud::CaOptions::default()).await?;
    cloud.stop_ca(&gone)?;
    cloud.set_function_variable("InspectInstallationFunction", "ACME_DIRECTORY", Some(&gone.directory)).await?;
    let checks = inspect(cloud).await?;
    ensure!(checks["acme-directory"].status == InstallationStatus::Failed, "{checks:#?}");
    ensure!(checks["acme-account"].detail.contains("None at this CA yet"), "{checks:#?}");
    cloud.set_function_variable("InspectInstallationFunction", "ACME_DIRECTORY", Some(&directory)).await?;

    // A resource that is gone.
    aws.sfn.delete_state_machine().state_machine_arn(cloud.resource("IssueCertificateStateMachine")?).send().await?;
    only_this_fails(cloud, "resources", &["IssueCertificateStateMachine", "make deploy"]).await?;
    Ok(())
}

#[tokio::test]
async fn the_parent_zone_is_queried_for_its_delegation() -> Result<()> {
    let cloud = LocalCloud::attach_or_start(Options::unique()).await?;
    let name_servers = cloud.name_servers();
    let parent = cloud.create_zone(&format!("cut-{:08x}.test", std::process::id())).await?;
    let (ns, child) = (format!("ns.{}", parent.domain), format!("child.{}", parent.domain));
    let address = name_servers.address("ns1.dns.test")?.ip().to_string();
    parent.upsert(&ns, RrType::A, &[&address]).await?;
    parent.upsert(&parent.domain, RrType::Ns, &[&ns]).await?;
    let cut = ZoneCut::new(end_to_end::dns(&name_servers)?);

    let none = cut.describe(&child, std::slice::from_ref(&ns)).await;
    assert_eq!(none.at_parent, Ok(Vec::new()));
    assert!(none.servers[0].1.is_err(), "nobody serves it: {none:?}");

    // A referral: the child is no zone of this server's.
    parent.upsert(&child, RrType::Ns, &["ns-1.elsewhere.test", &ns]).await?;
    let referred = cut.describe(&child, &[ns.clone(), "ns-1.elsewhere.test".into()]).await;
    assert_eq!(referred.at_parent, Ok(vec!["ns-1.elsewhere.test".into(), ns.clone()]));
    assert_eq!(referred.servers[1], ("ns-1.elsewhere.test".into(), Err("its name has no address".into())));

    // And one that it serves.
    cloud.create_zone(&child).await?;
    let served = cut.describe(&child, std::slice::from_ref(&ns)).await;
    assert_eq!(served.servers, [(ns, Ok(()))]);
    Ok(())
}
