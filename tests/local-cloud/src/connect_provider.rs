//! A DNS provider that offers Domain Connect for one customer's zone: settings, templates, and the page that applies one.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use aws_sdk_route53::types::RrType;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::cloud::LocalCloud;
use crate::zones::OwnerZone;

/// Nothing else on the machine listens there.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 77);
/// The certificate of the cloud's servers has it, too.
pub(crate) use crate::tls::CONNECT_HOST as HOST;
/// Below it is what programs ask.
const API: &str = "/dc";

/// The provider's place on the machine, which the stack has to be deployed with.
#[derive(Debug)]
pub struct ConnectPort(std::net::TcpListener);

impl ConnectPort {
    pub fn choose() -> Result<Self> {
        let listener = std::net::TcpListener::bind((ADDRESS, 0)).context("the provider's port")?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    /// `HttpsPort` of a stack that is to reach it.
    pub fn number(&self) -> Result<u16> {
        Ok(self.0.local_addr()?.port())
    }
}

/// Serves until it is dropped.
#[derive(Debug)]
pub struct ConnectProvider {
    address: SocketAddr,
    client: reqwest::Client,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    zone: OwnerZone,
    /// By `providerId/serviceId`.
    templates: Mutex<BTreeMap<String, Value>>,
    seen: Mutex<Vec<String>>,
}

impl Drop for ConnectProvider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl ConnectProvider {
    /// Serves `zone`, which says so from now on. It knows no template yet.
    pub async fn start(port: ConnectPort, cloud: &LocalCloud, zone: OwnerZone) -> Result<Self> {
        let own = cloud.create_zone("provider.test").await?;
        own.upsert(HOST, RrType::A, &[&ADDRESS.to_string()]).await?;
        let record = format!("\"{HOST}{API}\"");
        zone.upsert(&format!("_domainconnect.{}", zone.domain), RrType::Txt, &[&record]).await?;
        let address = port.0.local_addr()?;
        let client = cloud.tls().client_at(HOST, address)?;
        let shared = Arc::new(Shared { zone, templates: Mutex::default(), seen: Mutex::default() });
        let listener = TcpListener::from_std(port.0)?;
        let tls = TlsAcceptor::from(Arc::new(cloud.tls().server()?));
        let serving = tokio::spawn(serve(listener, tls, shared.clone()));
        Ok(Self { address, client, shared, serving })
    }

    /// What a browser of the provider's customer fetches: the page that asks, and with `POST` the answer to their consent.
    pub async fn open(&self, method: Method, url: &str) -> Result<(u16, String)> {
        let answer =
            self.client.request(method, url).send().await.with_context(|| format!("{url} at {}", self.address))?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// Takes a template of a service over, as providers do by hand.
    pub fn take_over(&self, template: Value) {
        let name = |key: &str| template[key].as_str().unwrap_or_default().to_owned();
        let key = format!("{}/{}", name("providerId"), name("serviceId"));
        self.shared.templates.lock().expect("no panic holds it").insert(key, template);
    }

    /// The requests so far: `GET /dc/v2/ZONE/settings`.
    pub fn seen(&self) -> Vec<String> {
        self.shared.seen.lock().expect("no panic holds it").clone()
    }
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, shared) = (tls.clone(), shared.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = service_fn(|request| respond(shared.clone(), request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    shared.seen.lock().expect("no panic holds it").push(format!("{method} {uri}"));
    let (status, body) = match shared.answer(&method, &uri.to_string()).await {
        Ok(Some(body)) => (200, body),
        Ok(None) => (404, String::new()),
        Err(error) => (400, format!("{error:#}")),
    };
    Ok(Response::builder().status(status).body(Full::new(body.into())).expect("a status and a text"))
}

impl Shared {
    async fn answer(&self, method: &Method, path: &str) -> Result<Option<String>> {
        let url = Url::parse(&format!("https://{HOST}{path}"))?;
        let segments: Vec<_> = url.path_segments().context("a path")?.collect();
        match segments.as_slice() {
            ["dc", "v2", zone, "settings"] => Ok((*zone == self.zone.domain).then(settings)),
            ["dc", "v2", "domainTemplates", "providers", provider, "services", service] => {
                Ok(self.template(provider, service).map(|template| json!({"version": template["version"]}).to_string()))
            }
            ["ux", "v2", "domainTemplates", "providers", provider, "services", service, "apply"] => {
                let Some(template) = self.template(provider, service) else { return Ok(None) };
                let records = self.records(&template, &url)?;
                if *method == Method::POST {
                    for (name, value) in &records {
                        self.zone.upsert(name, RrType::Cname, &[value]).await?;
                    }
                }
                let lines: Vec<_> = records.iter().map(|(name, value)| format!("{name} CNAME {value}")).collect();
                Ok(Some(lines.join("\n")))
            }
            _ => Ok(None),
        }
    }

    fn template(&self, provider: &str, service: &str) -> Option<Value> {
        self.templates.lock().expect("no panic holds it").get(&format!("{provider}/{service}")).cloned()
    }

    /// Names and targets of the template's records, as the specification has variables and hosts.
    fn records(&self, template: &Value, url: &Url) -> Result<Vec<(String, String)>> {
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        anyhow::ensure!(query.get("domain") == Some(&self.zone.domain), "the domain is of nobody here");
        let host = query.get("host").map(String::as_str).unwrap_or_default();
        anyhow::ensure!(template["hostRequired"] != true || !host.is_empty(), "the template is for hosts");
        let below =
            |label: &str, name: &str| if label.is_empty() { name.to_owned() } else { format!("{label}.{name}") };
        let name = below(host, &self.zone.domain);
        let records = template["records"].as_array().context("a template has records")?;
        let made = records.iter().map(|record| {
            anyhow::ensure!(record["type"] == "CNAME", "{record}: not a CNAME");
            let text = |key: &str| record[key].as_str().context("a record has texts");
            let mut value = text("pointsTo")?.to_owned();
            for (variable, given) in &query {
                value = value.replace(&format!("%{variable}%"), given);
            }
            anyhow::ensure!(!value.contains('%'), "{value}: a variable is missing");
            Ok((below(text("host")?.trim_matches('@'), &name), value))
        });
        made.collect()
    }
}

fn settings() -> String {
    json!({
        "providerId": "provider.test", "providerName": "Provider of the test",
        "urlSyncUX": format!("https://{HOST}/ux"), "urlAPI": format!("https://{HOST}{API}"),
        "width": 750, "height": 750, "nameServers": [],
    })
    .to_string()
}
