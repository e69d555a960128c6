//! A collector of traces, reached with OTLP over HTTP as JSON (OpenTelemetry Protocol 1.x).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use domain::flow::{AttemptTrace, trace};
use domain::ports::{ServiceFault, Traces};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use time::OffsetDateTime;
use vocabulary::text::printable;
use vocabulary::version::{USER_AGENT, VERSION};

use crate::aws::fault;
use crate::http_fault::innermost;
use crate::tls;

/// Tracing must not delay an attempt.
const TIMEOUT: Duration = Duration::from_millis(1500);
/// The response only says how many spans were refused.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Sends traces to one collector.
#[derive(Debug)]
pub struct Collector {
    exporter: SpanExporter,
    /// For the log. The rest of the URL may contain a key.
    host: String,
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is not the URL of a collector")]
pub struct CollectorRejected(String);

/// The HTTP headers by which the collector identifies its callers, mostly an API key. Secret.
#[derive(Clone, Default)]
pub struct CollectorHeaders(HeaderMap);

impl std::fmt::Debug for CollectorHeaders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum HeadersUnreadable {
    #[error(transparent)]
    Fault(#[from] ServiceFault),
    /// Never quotes the secret.
    #[error("the secret is not a JSON object of header names and values")]
    Malformed,
}

impl CollectorHeaders {
    /// Reads them from a secret: a JSON object, as `{"api-key": "…"}`.
    ///
    /// # Errors
    ///
    /// The secret cannot be read, or contains something else.
    pub async fn read(client: &aws_sdk_secretsmanager::Client, secret: &str) -> Result<Self, HeadersUnreadable> {
        let output = client.get_secret_value().secret_id(secret).send().await;
        let output = output.map_err(|error| fault("secretsmanager:GetSecretValue", error))?;
        output.secret_string.as_deref().unwrap_or_default().parse()
    }
}

impl FromStr for CollectorHeaders {
    type Err = HeadersUnreadable;

    fn from_str(text: &str) -> Result<Self, HeadersUnreadable> {
        let named: BTreeMap<String, String> = serde_json::from_str(text).map_err(|_| HeadersUnreadable::Malformed)?;
        let mut headers = HeaderMap::new();
        for (name, value) in named {
            let name = HeaderName::try_from(name).map_err(|_| HeadersUnreadable::Malformed)?;
            let mut value = HeaderValue::try_from(value).map_err(|_| HeadersUnreadable::Malformed)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(Self(headers))
    }
}

impl Collector {
    /// `endpoint` is the collector's base URL, as in `OTEL_EXPORTER_OTLP_ENDPOINT`; `service` is our name there.
    pub fn new(endpoint: &str, service: &str, headers: CollectorHeaders) -> Result<Self, CollectorRejected> {
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let rejected = || CollectorRejected(printable(endpoint, 40));
        let parsed: url::Url = url.parse().map_err(|_| rejected())?;
        let host = parsed.host_str().filter(|_| matches!(parsed.scheme(), "http" | "https")).ok_or_else(rejected)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(None).expect("without an anchor nothing can be malformed"))
            .redirect(reqwest::redirect::Policy::none())
            .default_headers(headers.0)
            .timeout(TIMEOUT)
            // The process sleeps between two attempts: a kept connection would be dead.
            .pool_max_idle_per_host(0)
            .no_proxy()
            .user_agent(USER_AGENT)
            .build()
            .map_err(|_| rejected())?;
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client(http))
            .with_protocol(Protocol::HttpJson)
            .with_endpoint(&url)
            .with_timeout(TIMEOUT)
            .with_retry_policy(RetryPolicy::disabled())
            .build()
            .map_err(|_| rejected())?;
        let resource = Resource::builder_empty().with_service_name(service.to_owned());
        let attributes = [
            KeyValue::new("service.version", VERSION),
            KeyValue::new("cloud.provider", "aws"),
            KeyValue::new("cloud.platform", "aws_lambda"),
        ];
        exporter.set_resource(&resource.with_attributes(attributes).build());
        Ok(Self { exporter, host: host.to_owned() })
    }
}

impl Traces for Collector {
    async fn send(&self, trace: &AttemptTrace) {
        let spans = trace.spans.iter().map(|span| span_data(trace.id, span)).collect();
        let why = match tokio::time::timeout(TIMEOUT, self.exporter.export(spans)).await {
            Ok(Ok(())) => return tracing::debug!(spans = trace.spans.len(), "the trace was sent"),
            Ok(Err(error)) => printable(&error.to_string(), 300),
            Err(_) => format!("no answer within {} ms", TIMEOUT.as_millis()),
        };
        tracing::warn!(collector = self.host, why, "the trace could not be sent");
    }
}

fn span_data(trace: trace::TraceId, span: &trace::Span) -> SpanData {
    let id = |id: trace::SpanId| SpanId::from_bytes(id.to_bytes());
    let trace = TraceId::from_bytes(trace.to_bytes());
    let value = |value: &trace::Value| -> opentelemetry::Value {
        match value {
            trace::Value::Text(text) => text.clone().into(),
            trace::Value::Number(number) => i64::try_from(*number).unwrap_or(i64::MAX).into(),
        }
    };
    let told = span.attributes.iter().map(|(name, told)| KeyValue::new(*name, value(told)));
    let mut attributes: Vec<KeyValue> = told.collect();
    attributes.extend(span.failure.map(|failure| KeyValue::new("error.type", failure.as_str())));
    SpanData {
        span_context: SpanContext::new(trace, id(span.id), TraceFlags::SAMPLED, false, TraceState::default()),
        parent_span_id: span.parent.map_or(SpanId::INVALID, id),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: span.name.into(),
        start_time: moment(span.started_at),
        end_time: moment(span.ended_at),
        attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: span.failure.map_or(Status::Ok, |failure| Status::error(failure.as_str())),
        instrumentation_scope: InstrumentationScope::builder("managed-https").with_version(VERSION).build(),
    }
}

fn moment(at: OffsetDateTime) -> SystemTime {
    at.into()
}

/// The exporter's HTTP client: ours, with the one TLS configuration.
#[derive(Debug)]
struct Client(reqwest::Client);

type Sent<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    // What `#[async_trait]` expands the trait's own method to.
    fn send_bytes<'life, 'sent>(&'life self, request: Request<Bytes>) -> Sent<'sent>
    where
        'life: 'sent,
        Self: 'sent,
    {
        Box::pin(async move {
            let mut answer = self.0.execute(request.try_into()?).await.map_err(without_url)?;
            let mut response = Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                *headers = answer.headers().clone();
            }
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(without_url)? {
                if body.len() + chunk.len() > LARGEST_ANSWER {
                    return Err(format!("it answers with more than {LARGEST_ANSWER} bytes").into());
                }
                body.extend_from_slice(&chunk);
            }
            Ok(response.body(body.into())?)
        })
    }
}

/// Only the cause, without the URL, which may contain a key.
fn without_url(error: reqwest::Error) -> HttpError {
    let error = error.without_url();
    innermost(&error).unwrap_or_else(|| error.to_string()).into()
}

#[cfg(test)]
mod tests;
