//! Traces, on the deployed stack: an attempt arrives at a collector as one trace, and the logs of its steps have its ids;
//! a collector that does not answer is no matter to an attempt.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, ensure};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use domain::endpoint::Step;
use domain::flow::{SpanId, TraceId};
use end_to_end::{Platform, text};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use local_cloud::{Options, wait_until};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tower::ServiceExt;

const DOMAIN: &str = "db.traced.test";

/// Takes traces until it is dropped.
struct Receiver {
    url: String,
    taken: Arc<Mutex<Vec<Value>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    async fn start() -> Result<Self> {
        let taken = Arc::new(Mutex::default());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&taken));
        Ok(Self { url, taken, task: tokio::spawn(serve(listener, router)) })
    }

    /// The spans of each request so far.
    fn traces(&self) -> Vec<Vec<Value>> {
        let taken = self.taken.lock().expect("no panic holds it");
        let spans = |body: &Value| body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned();
        taken.iter().filter_map(spans).collect()
    }
}

async fn serve(listener: TcpListener, router: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let router = router.clone();
        tokio::spawn(async move {
            let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                let routed = router.clone().oneshot(request.map(axum::body::Body::new));
                async move { Ok::<_, Infallible>(routed.await.expect("infallible")) }
            });
            // The function closes its connections as it likes.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn take(
    State(taken): State<Arc<Mutex<Vec<Value>>>>,
    headers: http::HeaderMap,
    Json(mut body): Json<Value>,
) -> Json<Value> {
    body[KEY] = headers.get(KEY).and_then(|key| key.to_str().ok()).into();
    taken.lock().expect("no panic holds it").push(body);
    Json(json!({}))
}

fn nanoseconds(span: &Value, name: &str) -> Result<i128> {
    text(&span[name]).parse().with_context(|| format!("{name} of {span}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_one_trace_and_its_logs_have_the_same_ids() -> Result<()> {
    // No scan that would start attempts of its own.
    let platform = Platform::start(Options { schedule: "rate(23 hours)".into(), ..Options::unique() }).await?;
    let cloud = &platform.cloud;
    let (receiver, since) = (Receiver::start().await?, OffsetDateTime::now_utc());
    cloud.set_function_variable("SettleAttemptFunction", "OTLP_ENDPOINT", Some(&receiver.url)).await?;
    let secret = cloud.aws().secrets.create_secret().name("collector").secret_string(r#"{"api-key": "k1"}"#).send();
    let secret = secret.await?.arn.context("an ARN")?;
    cloud.allow("SettleAttemptFunction", "secretsmanager:GetSecretValue", &secret).await?;
    cloud.set_function_variable("SettleAttemptFunction", "OTLP_HEADERS_SECRET", Some(&secret)).await?;
    let zone = cloud.create_zone("traced.test").await?;
    let endpoint = platform.register(DOMAIN, &[], "internal").await?;
    platform.attempt(DOMAIN, 1).await?;
    platform.create_records(&zone, &endpoint).await?;
    let attempt = platform.run(DOMAIN).await?;
    ensure!(attempt["outcome"] == "issued", "{attempt:#}");

    let id = text(&endpoint["id"]).parse()?;
    let number = attempt["attempt"].as_u64().context("a number")?;
    let traces = receiver.traces();
    ensure!(traces.len() == 2, "one for each attempt: {traces:#?}");
    let taken = receiver.taken.lock().expect("no panic holds it").clone();
    ensure!(taken.iter().all(|body| body[KEY] == "k1"), "with the key of the secret: {taken:#?}");
    let of = |number: u64| {
        let trace = TraceId::of(&id, number).to_string();
        traces.iter().find(|spans| spans.iter().all(|span| span["traceId"] == trace)).context("a trace of its own")
    };

    let failed = of(1)?;
    let names: Vec<_> = failed.iter().map(|span| text(&span["name"])).collect();
    ensure!(names == ["attempt", "open-order", "clean-up-challenge"], "{names:?}");
    for span in &failed[..2] {
        ensure!(span["status"]["code"] == 2 && span["status"]["message"] == "RecordsNotReady", "{span:#}");
    }

    let issued = of(number)?;
    let root = &issued[0];
    let steps: Vec<_> = issued[1..].iter().map(|span| text(&span["name"])).collect();
    let expected: Vec<_> =
        Step::ALL.iter().map(|step| step.as_str()).filter(|name| *name != Step::SettleAttempt.as_str()).collect();
    ensure!(steps == expected, "a span for each step, in order: {steps:?}");
    for span in &issued[1..] {
        ensure!(span["parentSpanId"] == root["spanId"], "{span:#}");
        let (from, to) = (nanoseconds(span, "startTimeUnixNano")?, nanoseconds(span, "endTimeUnixNano")?);
        ensure!(from <= to && from >= nanoseconds(root, "startTimeUnixNano")?, "{span:#}\n{root:#}");
        ensure!(to <= nanoseconds(root, "endTimeUnixNano")?, "{span:#}\n{root:#}");
    }

    // The logs of each step have the same ids, which no step was given. The zone's writer works for many attempts at once.
    let trace = TraceId::of(&id, number);
    for step in Step::ALL {
        let span = SpanId::of_step(trace, step).to_string();
        let log = match step {
            Step::PublishRecords | Step::WithdrawRecords => "write-records",
            step => step.as_str(),
        };
        wait_until(&format!("a log line of {} with its ids", step.as_str()), ATTENTION, async || {
            let lines = cloud.log_lines(log, since).await?;
            let here = |line: &&Value| line["span"]["trace_id"] == trace.to_string() && line["span"]["span_id"] == span;
            Ok(lines.iter().find(here).map(|_| ()))
        })
        .await?;
    }

    // One that takes connections and never answers.
    let silent = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", silent.local_addr()?);
    cloud.set_function_variable("SettleAttemptFunction", "OTLP_ENDPOINT", Some(&url)).await?;
    let said = async |what: &str| {
        wait_until(what, ATTENTION, async || {
            let lines = cloud.log_lines("settle-attempt", since).await?;
            Ok(lines.iter().any(|line| text(&line["message"]).contains(what)).then_some(()))
        })
        .await
    };
    let renewed = platform.run(DOMAIN).await?;
    ensure!(renewed["outcome"] == "renewed", "{renewed:#}");
    said("the trace could not be sent").await?;

    // A secret that is not there costs the traces.
    cloud.allow("SettleAttemptFunction", "secretsmanager:GetSecretValue", "*").await?;
    cloud.set_function_variable("SettleAttemptFunction", "OTLP_HEADERS_SECRET", Some("nowhere")).await?;
    let renewed = platform.run(DOMAIN).await?;
    ensure!(renewed["outcome"] == "renewed", "{renewed:#}");
    said("the collector's headers cannot be read").await
}

/// The header that the collector wants.
const KEY: &str = "api-key";

/// Until what was logged can be read.
const ATTENTION: std::time::Duration = std::time::Duration::from_secs(20);
