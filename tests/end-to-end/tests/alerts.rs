//! Each kind of event reaches each kind of subscriber once, in the rendering that it wants: sent by the adapter, and
//! by the functions of the deployed stack.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapters::alerts::AlertChannels;
use adapters::dynamodb::EndpointsTable;
use adapters::event_bridge::{EventBus, SOURCE};
use adapters::sns::AlertsTopic;
use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use axum::response::IntoResponse;
use axum::routing::post;
use domain::alert::{Alert, AlertKind, Sender};
use domain::endpoint::{Cause, Severity};
use domain::ports::{Notifier, SUMMARY_PARTS, SharedCauses};
use end_to_end::failure_drills::start_drill;
use end_to_end::{Platform, Queue, alert, text};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use local_cloud::{LocalCloud, Options, wait_until};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{contracts, samples};
use time::OffsetDateTime;
use tower::ServiceExt;
use vocabulary::former_names::name_now;
use vocabulary::guidance::WaitingOn;

/// Long enough that one too many would have come.
const QUIET: Duration = Duration::from_secs(3);

/// A web server that is told.
struct Hook {
    url: String,
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    async fn serve() -> Result<Self> {
        let bodies: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = bodies.clone();
        let take = async move |body: String| {
            let body = serde_json::from_str(&body).expect("SNS sends JSON");
            kept.lock().expect("no test panics in here").push(body);
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let router = axum::Router::new().route("/hook", post(take));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("it listens");
                let router = router.clone();
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let router = router.clone();
                    async move { Ok::<_, Infallible>(router.oneshot(request).await.into_response()) }
                });
                tokio::spawn(
                    async move { http1::Builder::new().serve_connection(TokioIo::new(stream), service).await },
                );
            }
        });
        Ok(Self { url, bodies })
    }

    /// Says yes to what SNS asks of a new subscriber.
    async fn confirm(&self, sns: &aws_sdk_sns::Client, topic: &str) -> Result<()> {
        let token = wait_until("the question whether to subscribe", Duration::from_secs(20), async || {
            let bodies = self.bodies.lock().expect("no test panics in here");
            let asked = bodies.iter().find(|body| body["Type"] == "SubscriptionConfirmation");
            Ok(asked.map(|body| text(&body["Token"]).to_owned()))
        })
        .await?;
        sns.confirm_subscription().topic_arn(topic).token(token).send().await?;
        Ok(())
    }

    fn alerts(&self) -> Vec<Alert> {
        let bodies = self.bodies.lock().expect("no test panics in here");
        let told = bodies.iter().filter(|body| body["Type"] == "Notification");
        told.map(|body| alert(text(&body["Message"])).expect("an event for a program")).collect()
    }
}

/// One of each.
struct Subscribers {
    hook: Hook,
    queue: Queue,
    /// Only what wakes somebody up.
    pager: Queue,
    chat: Queue,
    /// What tenants get.
    tenants: Queue,
    rule: Queue,
}

impl Subscribers {
    async fn all(cloud: &LocalCloud) -> Result<Self> {
        let sns = &cloud.aws().sns;
        let [queue, pager, chat, tenants, rule] =
            ["queue", "pager", "chat", "tenants", "rule"].map(async |name| Queue::create(cloud, name).await);
        let (queue, pager, chat) = (queue.await?, pager.await?, chat.await?);
        let (tenants, rule) = (tenants.await?, rule.await?);
        let hook = Hook::serve().await?;
        let (topic, chat_topic) = (cloud.resource("AlertsTopic")?, cloud.resource("ChatTopic")?);
        sns.subscribe().topic_arn(topic).protocol("http").endpoint(&hook.url).send().await?;
        hook.confirm(sns, topic).await?;
        sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(&queue.arn).send().await?;
        sns.subscribe().topic_arn(chat_topic).protocol("sqs").endpoint(&chat.arn).send().await?;
        let to_tenants = sns.subscribe().topic_arn(cloud.resource("TenantsTopic")?).protocol("sqs");
        to_tenants.endpoint(&tenants.arn).send().await?;
        let severe = json!({"severity": ["error", "page"], "actor": ["customer"]}).to_string();
        let paged = sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(&pager.arn);
        paged.attributes("FilterPolicy", severe).send().await?;

        rule.follow_bus(cloud).await?;
        Ok(Self { hook, queue, pager, chat, tenants, rule })
    }

    async fn queued(&self) -> Result<Vec<Alert>> {
        let bodies = self.queue.bodies().await?;
        bodies.iter().map(|body| alert(text(&body["Message"]))).collect()
    }

    async fn routed(&self) -> Result<Vec<Alert>> {
        let bodies = self.rule.bodies().await?;
        let by_its_name = |body: &&Value| !has_former_name(body);
        let event = |body: &Value| {
            let alert = alert(&body["detail"].to_string())?;
            ensure!(body["source"] == SOURCE && body["detail-type"] == alert.kind.as_str(), "{body:#}");
            Ok(alert)
        };
        bodies.iter().filter(by_its_name).map(event).collect()
    }

    /// Those that the bus has by a name of before as well.
    async fn routed_by_former_names(&self) -> Result<usize> {
        Ok(self.rule.bodies().await?.iter().filter(|body| has_former_name(body)).count())
    }

    async fn shown(&self) -> Result<Vec<Value>> {
        let bodies = self.chat.bodies().await?;
        bodies.iter().map(|body| Ok(serde_json::from_str(text(&body["Message"]))?)).collect()
    }

    /// Waits until each has as many, and looks a while later whether it is still so many.
    async fn each_has(&self, count: usize) -> Result<()> {
        let counts = async || {
            let chat = self.shown().await?.len();
            anyhow::Ok([self.hook.alerts().len(), self.queued().await?.len(), self.routed().await?.len(), chat])
        };
        wait_until(&format!("{count} messages for each"), Duration::from_secs(40), async || {
            Ok(counts().await?.iter().all(|have| *have >= count).then_some(()))
        })
        .await?;
        tokio::time::sleep(QUIET).await;
        let have = counts().await?;
        ensure!(have == [count; 4], "once each: {have:?} instead of {count}");
        Ok(())
    }
}

fn has_former_name(body: &Value) -> bool {
    let name = text(&body["detail-type"]);
    name_now(name) != name
}

/// What equal causes are told by is not sent.
fn without_keys(mut alert: Alert) -> Alert {
    alert.guidance.at_fault = None;
    for need in alert.digest.iter_mut().flat_map(|digest| &mut digest.needs) {
        (need.key, need.guidance.at_fault) = (None, None);
    }
    alert
}

fn sorted(mut alerts: Vec<Alert>) -> Vec<Alert> {
    alerts.sort_by(|a, b| a.id.cmp(&b.id));
    alerts
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_reaches_each_subscriber_once_in_its_own_rendering() -> Result<()> {
    let platform = Platform::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let cloud = &platform.cloud;
    let subscribers = Subscribers::all(cloud).await?;

    let sns = &cloud.aws().sns;
    let topic =
        |id| Ok::<_, anyhow::Error>(AlertsTopic::new(sns.clone(), cloud.resource(id)?.into(), Sender::default()));
    let events = aws_sdk_eventbridge::Client::new(&cloud.aws().config);
    let bus = EventBus::new(events, cloud.resource("AlertsBus")?.into());
    let table = EndpointsTable::new(cloud.aws().dynamodb.clone(), cloud.resource("EndpointsTable")?.into());
    let (people, chat, tenants) = (topic("AlertsTopic")?, topic("ChatTopic")?, topic("TenantsTopic")?);
    let channels = AlertChannels::new(people, chat, tenants, bus, table.clone());
    for alert in samples::alerts() {
        channels.notify(&alert).await?;
    }
    let kinds = AlertKind::ALL.len();
    subscribers.each_has(kinds).await?;
    let expected = sorted(samples::alerts().into_iter().map(without_keys).collect());
    ensure!(sorted(subscribers.hook.alerts()) == expected, "the web server has them as they were sent");
    ensure!(sorted(subscribers.queued().await?) == expected, "and the queue");
    ensure!(sorted(subscribers.routed().await?) == expected, "and the rule's target");
    let renamed = expected.iter().filter(|alert| alert.kind == AlertKind::InstallationUnhealthy).count();
    ensure!(subscribers.routed_by_former_names().await? == renamed, "rules for the former name match, too");
    let shown = subscribers.shown().await?;
    ensure!(shown.iter().all(|chat| chat["version"] == "1.0" && chat["source"] == "custom"), "{shown:#?}");
    let paged = subscribers.pager.bodies().await?;
    let paged: Vec<_> = paged.iter().map(|body| text(&body["MessageAttributes"]["kind"]["Value"])).collect();
    ensure!(paged == ["ExpiryApproaching"], "filtered by attributes: {paged:?}");

    // By the deployed functions: what goes wrong and is mended, a digest in between, and the end.
    let zone = cloud.create_zone("told.test").await?;
    let endpoint = platform.register("www.told.test", &[], "internal").await?;
    let drill = start_drill("record-missing");
    platform.attempt("www.told.test", 1).await?;
    for sent in [1, 0] {
        let report = cloud.invoke("SendDigestFunction", &json!({})).await?;
        ensure!(report.payload == json!({"endpoints": 1, "tenants": 1, "sent": sent}), "{report:?}");
    }
    // For an overview of many endpoints it is counted, as soon as the walk before has rested.
    for part in 0..SUMMARY_PARTS {
        let delete = cloud.aws().dynamodb.delete_item().table_name(cloud.resource("EndpointsTable")?);
        let key = |text: String| AttributeValue::S(text);
        delete.key("pk", key("SUMMARY#all".into())).key("sk", key(format!("PART#{part}"))).send().await?;
    }
    let report = cloud.invoke("SummarizeEndpointsFunction", &json!({})).await?;
    ensure!(report.payload == json!({"endpoints": 1, "parts": 4, "tenants": 0, "late": false}), "{report:?}");
    let missing = wait_until("word of the missing record", Duration::from_secs(40), async || {
        Ok(subscribers.routed().await?.into_iter().find(|alert| alert.domain.as_deref() == Some("www.told.test")))
    })
    .await?;
    drill.notified(&missing.text(&Sender::default()))?;
    subscribers.each_has(kinds + 2).await?;
    platform.create_records(&zone, &endpoint).await?;
    let attempt = platform.run("www.told.test").await?;
    ensure!(attempt["outcome"] == "issued", "{attempt:#}");
    subscribers.each_has(kinds + 3).await?;
    let answer = platform.call(Method::DELETE, "endpoints/www.told.test", None).await?;
    ensure!(answer.status == 202, "{answer:?}");
    subscribers.each_has(kinds + 4).await?;
    let told = subscribers.routed().await?.split_off(kinds);
    let kinds: Vec<_> = told.iter().map(|alert| alert.kind).collect();
    let story =
        [AlertKind::ActionRequired, AlertKind::Digest, AlertKind::CertificateIssued, AlertKind::EndpointRemoved];
    ensure!(kinds == story, "{kinds:?}");
    let record = told[0].guidance.record.as_ref().context("the exact record to create")?;
    ensure!(json!(record) == endpoint["dns"]["records"][0] || record.line().contains(" CNAME "), "{record:?}");
    let held = told[2].certificate.as_ref().context("the certificate")?;
    ensure!(held.arn.starts_with("arn:aws:acm:"), "{told:#?}");

    // A cause of several endpoints whose last one is gone, and whose end nobody could tell: the digest does.
    let now = OffsetDateTime::now_utc();
    let (met, cause) = (contracts::endpoint(0, now), Cause::new("CaUnavailable"));
    let known = table.join(&cause, WaitingOn::Ca, &met, now).await?;
    table.mark_notified(&known, Severity::Notice).await?;
    table.leave(&cause, WaitingOn::Ca, &met.id).await?;
    let report = cloud.invoke("SendDigestFunction", &json!({})).await?;
    ensure!(report.error.is_none(), "{report:?}");
    subscribers.each_has(AlertKind::ALL.len() + 5).await?;
    let routed = subscribers.routed().await?;
    let last = routed.last().context("the last one")?;
    ensure!(last.kind == AlertKind::Recovered, "{last:?}");

    // Tenants have got what is theirs, and where in AWS the platform runs is in none of it.
    let bodies = subscribers.tenants.bodies().await?;
    let texts: Vec<_> = bodies.iter().map(|body| text(&body["Message"])).collect();
    ensure!(texts.iter().all(|text| !text.contains("arn:aws")), "{texts:#?}");
    let theirs: Vec<_> = sorted(texts.into_iter().map(alert).collect::<Result<_>>()?);
    let of_tenants: Vec<_> = sorted(routed.into_iter().filter(|alert| alert.tenant.is_some()).collect());
    let ids = |alerts: &[Alert]| alerts.iter().map(|alert| alert.id.clone()).collect::<Vec<_>>();
    ensure!(ids(&theirs) == ids(&of_tenants), "{theirs:#?}");
    Ok(())
}
