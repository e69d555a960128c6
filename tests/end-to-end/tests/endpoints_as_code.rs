//! Endpoints in a stack of their own: the template of the guide, created, changed, replaced, refused and deleted.
//!
//! The emulated CloudFormation drives custom resources as AWS documents it: it invokes the function, waits for the PUT to
//! its own URL, and deletes what was replaced once the update is complete. It sends no request to delete a resource whose
//! creation was refused; that one, and what comes twice, is sent here.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_route53::types::RrType;
use end_to_end::{Platform, text};
use local_cloud::{LocalCloud, Options, OwnerZone, parameter_fields, texts, wait_until};
use reqwest::Method;
use serde_json::{Value, json};

const PAGE: &str = "docs/how-to/endpoints-as-code.md";
const PATIENCE: Duration = Duration::from_secs(120);

/// The template that the guide shows.
fn template() -> Result<String> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(PAGE))?;
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let whole = blocks.into_iter().find(|block| block.starts_with("AWSTemplateFormatVersion"));
    whole.map(str::to_owned).with_context(|| format!("{PAGE} has no template"))
}

struct Stack<'a> {
    cloud: &'a LocalCloud,
    name: &'static str,
    zone: &'a OwnerZone,
}

impl Stack<'_> {
    /// Deploys the template, and returns how that ended.
    async fn deploy(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let token = self.cloud.aws().lambda.get_function_configuration();
        let token = token.function_name(self.cloud.resource("ServeCustomResourceFunction")?).send().await?;
        let token = token.function_arn.context("the function has an ARN")?;
        let own = [("ServiceToken", token.as_str()), ("HostedZoneId", &self.zone.id)];
        let mut fields = vec![("TemplateBody".to_owned(), template()?)];
        fields.extend(parameter_fields(own.iter().chain(parameters).copied()));
        self.cloud.cloudformation(action, self.name, &fields).await?;
        self.end().await
    }

    async fn end(&self) -> Result<String> {
        wait_until(&format!("the stack {}", self.name), PATIENCE, async || {
            let described = self.cloud.describe_stack(self.name).await?;
            let status = texts(&described, "StackStatus").first().copied().unwrap_or_default().to_owned();
            Ok((!status.ends_with("IN_PROGRESS")).then_some(status))
        })
        .await
    }

    /// What the resource is called.
    async fn physical_id(&self) -> Result<String> {
        let described = self.cloud.cloudformation("DescribeStackResources", self.name, &[]).await?;
        let (names, ids) = (texts(&described, "LogicalResourceId"), texts(&described, "PhysicalResourceId"));
        let found = names.iter().zip(ids).find(|(name, _)| **name == "Endpoint");
        found.map(|(_, id)| id.to_owned()).with_context(|| format!("the stack has no endpoint: {described}"))
    }

    async fn reasons(&self) -> Result<String> {
        let events = self.cloud.cloudformation("DescribeStackEvents", self.name, &[]).await?;
        Ok(texts(&events, "ResourceStatusReason").join("\n"))
    }

    async fn id(&self) -> Result<String> {
        let described = self.cloud.describe_stack(self.name).await?;
        texts(&described, "StackId").first().map(|id| (*id).to_owned()).context("a stack has an id")
    }
}

async fn gone(platform: &Platform, id: &str) -> Result<()> {
    wait_until(&format!("the removal of {id}"), PATIENCE, async || {
        let answer = platform.call(Method::GET, &format!("endpoints/{id}"), None).await?;
        Ok((answer.status == 404).then_some(()))
    })
    .await
}

/// By the first attempt, if the records were quicker, else by the next one.
async fn issued(platform: &Platform, id: &str) -> Result<()> {
    platform.attempt(id, 1).await?;
    if platform.endpoint(id).await?["certificate"]["arn"].is_null() {
        let attempt = platform.run(id).await?;
        ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_has_endpoints_with_their_records_and_certificates() -> Result<()> {
    let platform = Platform::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let cloud = &platform.cloud;
    let zone = cloud.create_zone("code.test").await?;
    let stack = Stack { cloud, name: "shop", zone: &zone };

    // Created, with the records in the same template: the certificate comes of nothing else.
    let first = [("Domain", "www.code.test"), ("Tenant", "acme")];
    let ended = stack.deploy("CreateStack", &first).await?;
    ensure!(ended == "CREATE_COMPLETE", "{ended}: {}", stack.reasons().await?);
    let id = stack.physical_id().await?;
    let endpoint = platform.endpoint(&id).await?;
    ensure!(endpoint["domain"] == "www.code.test" && endpoint["tenant"] == "acme", "{endpoint:#}");
    issued(&platform, &id).await?;
    platform.check_at_rest("www.code.test", cloud.ca()).await?;

    // Its events name the stack.
    let events = platform.call(Method::GET, &format!("endpoints/{id}/events"), None).await?.body;
    let by = events["events"].as_array().context("events")?.iter().map(|event| text(&event["by"]["who"]).to_owned());
    let by: Vec<_> = by.filter(|who| who.contains(":stack/shop/") && who.ends_with(" Endpoint")).collect();
    ensure!(!by.is_empty(), "{events:#}");

    // Changed in place.
    let changed = [("Domain", "www.code.test"), ("Tenant", "acme"), ("AdditionalNames", "shop.code.test")];
    let ended = stack.deploy("UpdateStack", &changed).await?;
    ensure!(ended == "UPDATE_COMPLETE", "{ended}: {}", stack.reasons().await?);
    ensure!(stack.physical_id().await? == id);
    let names = platform.endpoint(&id).await?["names"].clone();
    ensure!(names == json!(["www.code.test", "shop.code.test"]), "{names}");

    // Another stack cannot have it: refused with a reason, and nothing is left behind.
    let second = Stack { cloud, name: "second", zone: &zone };
    let ended = second.deploy("CreateStack", &first).await?;
    let reasons = second.reasons().await?;
    ensure!(ended == "ROLLBACK_COMPLETE" && reasons.contains("registered already"), "{ended}: {reasons}");
    ensure!(reasons.contains("(Domain)"), "{reasons}");
    delete_what_was_refused(&platform, &second).await?;
    ensure!(platform.endpoint(&id).await?["status"] != "paused", "the first stack has it as before");

    // Replaced: another domain is another endpoint, and the former one goes once the update is complete.
    let number = platform.endpoint(&id).await?["attempt"].as_u64().context("a number")?;
    platform.attempt(&id, number).await?;
    let before = platform.endpoint(&id).await?;
    // In place as well: a name is taken off.
    let ended = stack.deploy("UpdateStack", &first).await?;
    ensure!(ended == "UPDATE_COMPLETE", "{ended}: {}", stack.reasons().await?);
    ensure!(stack.physical_id().await? == id && platform.endpoint(&id).await?["names"] == json!(["www.code.test"]));
    platform.attempt_after(&id, &before).await?;
    let other = [("Domain", "new.code.test"), ("Tenant", "acme")];
    let ended = stack.deploy("UpdateStack", &other).await?;
    ensure!(ended == "UPDATE_COMPLETE", "{ended}: {}", stack.reasons().await?);
    let replacement = stack.physical_id().await?;
    ensure!(replacement != id);
    gone(&platform, &id).await?;
    issued(&platform, &replacement).await?;

    // Deleted, with its records.
    cloud.cloudformation("DeleteStack", "shop", &[]).await?;
    gone(&platform, &replacement).await?;
    wait_until("the records to be deleted", PATIENCE, async || {
        let records = zone.records().await?;
        Ok(records.iter().all(|set| *set.r#type() != RrType::Cname).then_some(()))
    })
    .await?;
    platform.check_nothing_published("new.code.test").await?;
    a_request_that_comes_twice_is_done_once(&platform).await
}

/// As AWS does it after a refused creation; and a request about no endpoint of the stack.
async fn delete_what_was_refused(platform: &Platform, stack: &Stack<'_>) -> Result<()> {
    let (cloud, id) = (&platform.cloud, stack.id().await?);
    for physical_id in ["not-registered-0123456789abcdef", "second-Endpoint-1ABCDEF"] {
        let event = json!({
            "RequestType": "Delete", "RequestId": "00000000-0000-4000-8000-000000000000", "StackId": id,
            "LogicalResourceId": "Endpoint", "PhysicalResourceId": physical_id,
            "ResponseURL": format!("{}/_ministack/cfn-response/nobody-waits", cloud.description().aws),
            "ResourceProperties": {"Domain": "www.code.test", "Reachability": "external", "Tenant": "acme"},
        });
        let answered = cloud.invoke("ServeCustomResourceFunction", &event).await?;
        ensure!(answered.error.is_none(), "{answered:?}");
    }
    let elsewhere = json!({
        "RequestType": "Create", "RequestId": "r", "StackId": id, "LogicalResourceId": "Endpoint",
        "ResponseURL": "https://example.net/answers",
        "ResourceProperties": {"Domain": "elsewhere.code.test", "Reachability": "external"},
    });
    let answered = cloud.invoke("ServeCustomResourceFunction", &elsewhere).await?;
    ensure!(answered.error.is_some(), "{answered:?}");
    let registered = platform.call(Method::GET, "endpoints/elsewhere.code.test", None).await?;
    ensure!(registered.status == 404, "nothing is done that cannot be answered: {registered:?}");
    Ok(())
}

/// The same request, twice at the same time and once more: one endpoint.
async fn a_request_that_comes_twice_is_done_once(platform: &Platform) -> Result<()> {
    let cloud = &platform.cloud;
    let event = |kind: &str, request: &str, physical_id: Option<&str>| {
        let mut event = json!({
            "RequestType": kind, "RequestId": request, "LogicalResourceId": "Endpoint",
            "StackId": "arn:aws:cloudformation:eu-central-1:000000000000:stack/twice/51af3dc0-da77-11e4-872e-1234567db123",
            "ResponseURL": format!("{}/_ministack/cfn-response/nobody-waits", cloud.description().aws),
            "ResourceProperties": {"ServiceToken": "arn", "Domain": "twice.code.test", "Reachability": "internal"},
        });
        if let Some(id) = physical_id {
            event["PhysicalResourceId"] = Value::from(id);
        }
        event
    };
    let since = time::OffsetDateTime::now_utc();
    let create = event("Create", "r1", None);
    let invoke = || cloud.invoke("ServeCustomResourceFunction", &create);
    let (one, other) = tokio::join!(invoke(), invoke());
    for answered in [one?, other?, invoke().await?] {
        ensure!(answered.error.is_none(), "{answered:?}");
    }
    let listed = platform.call(Method::GET, "endpoints?q=twice.code.test", None).await?.body;
    let ids: Vec<_> = listed["endpoints"].as_array().context("a list")?.iter().map(|one| text(&one["id"])).collect();
    ensure!(ids.len() == 1, "{listed:#}");
    let delete = event("Delete", "r2", Some(ids[0]));
    for _ in 0..2 {
        ensure!(cloud.invoke("ServeCustomResourceFunction", &delete).await?.error.is_none());
    }
    // The function succeeds whatever it has answered: its log says what that was.
    wait_until("the log of five answers", PATIENCE, async || {
        let lines = cloud.log_lines("serve-custom-resource", since).await?;
        let answered: Vec<_> = lines.iter().filter(|line| line["message"] == "answered").collect();
        ensure!(answered.iter().all(|line| line["succeeded"] == true), "{answered:#?}");
        Ok((answered.len() == 5).then_some(()))
    })
    .await?;
    gone(platform, ids[0]).await
}
