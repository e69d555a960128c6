//! Starting a cloud: everything at once, and the stack as soon as there is an AWS to deploy it to.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use aws_sdk_route53::types::RrType;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;

use crate::aws::Aws;
use crate::ca::{Ca, CaPorts};
use crate::description::Description;
use crate::dns::{roots, trust_anchor};
use crate::edge::Responder;
use crate::emulators::{self, REGION};
use crate::gate;
use crate::issuer::{self, IssuerDescription};
use crate::layout::{CloudFolder, Project};
use crate::options::{DEFAULT_NAME, Options, artifact_bucket};
use crate::ports::choose;
use crate::process::Process;
use crate::stack::{Resources, Stack};
use crate::tls::TestTls;
use crate::unbound;
use crate::wait::wait_until;
use crate::zones::OwnerZone;

/// Starts the processes and deploys the stack. What was started when it fails is noted in `folder`.
pub(crate) async fn bring_up(project: &Project, folder: &CloudFolder, options: &Options) -> Result<(Description, Aws)> {
    let progress = Progress { shown: options.progress };
    let ports = &options.ports;
    let choose = |wanted| choose(project, folder, wanted);
    let (ministack_port, moto_port, gate_port) = (choose(ports.ministack)?, choose(ports.moto)?, choose(ports.gate)?);
    let (dns, edge, issuer_port) = (choose(ports.dns)?, choose(ports.edge)?, choose(ports.issuer)?);
    let ca_ports = CaPorts { acme: choose(ports.acme)?, management: choose(ports.acme_management)?, dns, http01: edge };
    let (endpoint, acm_endpoint) = (emulators::url(ministack_port), emulators::url(moto_port));
    let gate_endpoint = emulators::url(gate_port);
    let aws = Aws::new(&endpoint, &acm_endpoint, REGION);
    let tls = TestTls::new(folder);
    tls.generate()?;
    let http = tls.client()?;

    let begun = Instant::now();
    let ministack = emulators::start_ministack(project, folder, ministack_port, &gate_endpoint, options)?;
    let gate = gate::start(project, folder, gate_port, &endpoint, &acm_endpoint)?;
    let moto = emulators::start_moto(project, folder, moto_port)?;
    let resolver = unbound::start(project, folder, dns)?;
    let pebble = Ca::start(project, folder, "pebble", &options.ca, ca_ports)?;

    let moto_up = async {
        emulators::moto_ready(&http, folder, &moto, moto_port).await?;
        // Its first call loads the service.
        aws.acm.list_certificates().send().await.context("ListCertificates")?;
        progress.done("moto (ACM)", begun);
        Ok(())
    };
    let pebble_up = async {
        let ca = Ca::ready(folder, &pebble, ca_ports).await?;
        progress.done("Pebble (CA)", begun);
        unbound::ready(folder, &resolver, dns).await?;
        Ok(ca)
    };
    let gate_up = gate::ready(&http, folder, &gate, gate_port);
    let deployed = async {
        emulators::ministack_ready(&http, folder, &ministack, ministack_port).await?;
        progress.done("ministack (AWS)", begun);
        let zone_id = prepare(&aws, options).await?;
        let mut parameters = parameters(options, &zone_id, &ca_ports, &gate_endpoint, &tls)?;
        let own = |name: &str| options.parameters.iter().any(|(given, _)| given == name);
        let addresses = [("OidcIssuer", issuer::url(issuer_port)), ("EmulatorUrl", endpoint.clone())];
        parameters.extend(addresses.into_iter().filter(|(name, _)| !own(name)).map(|(name, url)| (name.into(), url)));
        let template = options.template.clone().unwrap_or_else(|| project.built_template());
        let deploying = Instant::now();
        let stack = Stack { project, folder, aws: &aws, http: &http, endpoint: &endpoint, region: REGION };
        let resources = stack.deploy(options.deployment, &template, &parameters).await?;
        progress.done("the stack", deploying);
        anyhow::Ok((zone_id, parameters, resources))
    };
    let issuer_key = async {
        let (project, folder) = (project.clone(), folder.clone());
        spawn_blocking(move || issuer::make_key(&project, &folder)).await?
    };
    let (ca, (), (), (delegation_zone_id, parameters, resources), issuer_key) =
        tokio::try_join!(pebble_up, moto_up, gate_up, deployed, issuer_key)?;

    let api = api_of(&endpoint, &resources)?;
    let description = Description {
        name: options.name.clone(),
        region: REGION.to_owned(),
        parameters,
        issuer: IssuerDescription::new(issuer::url(issuer_port), &api, issuer_key),
        api,
        aws: endpoint,
        acm: acm_endpoint,
        gate: gate_endpoint,
        ca,
        acme_root: folder.file("acme-root.pem"),
        dns_roots: roots(),
        dns_port: dns,
        edge: SocketAddr::from((Ipv4Addr::LOCALHOST, edge)),
        delegation_zone: options.delegation_zone.clone(),
        delegation_zone_id,
        endpoint_target: options.endpoint_target.clone(),
        resources,
    };
    let serving = Instant::now();
    start_serving(project, folder, &description, ministack_port, issuer_port).await?;
    progress.done("DNS, edge and issuer", serving);
    description.write(folder)?;
    if options.name == DEFAULT_NAME {
        fs::write(project.local().join("env"), description.env_file()?)?;
    }
    Ok((description, aws))
}

/// Base URL of a stack's API.
pub(crate) fn api_of(endpoint: &str, resources: &Resources) -> Result<String> {
    Ok(format!("{endpoint}/_aws/execute-api/{}", resources.get("Api").context("the stack has no Api")?))
}

/// What an account has before the stack comes: the zones, and a bucket for the code.
async fn prepare(aws: &Aws, options: &Options) -> Result<String> {
    let (bucket, delegation) =
        tokio::join!(create_bucket(aws, REGION), OwnerZone::create(aws, &options.delegation_zone));
    bucket?;
    let target = options.endpoint_target.trim_start_matches("*.");
    let (_, domain) = target.split_once('.').context("the endpoint target is a host in a zone")?;
    let platform = OwnerZone::create(aws, domain).await?;
    platform.upsert(&options.endpoint_target, RrType::A, &["127.0.0.1"]).await?;
    let delegation = delegation?;
    if delegation.domain.ends_with(&format!(".{}", platform.domain)) {
        let name_servers = delegation.name_servers().await?;
        let name_servers: Vec<_> = name_servers.iter().map(String::as_str).collect();
        platform.upsert(&delegation.domain, RrType::Ns, &name_servers).await?;
    }
    Ok(delegation.id)
}

/// The bucket for the code in a region.
pub(crate) async fn create_bucket(aws: &Aws, region: &str) -> Result<()> {
    let location =
        CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(region)).build();
    let bucket = aws.s3.create_bucket().bucket(artifact_bucket(region)).create_bucket_configuration(location);
    bucket.send().await.context("CreateBucket")?;
    Ok(())
}

fn parameters(
    options: &Options,
    zone_id: &str,
    ports: &CaPorts,
    gate: &str,
    tls: &TestTls,
) -> Result<Vec<(String, String)>> {
    let anchor = BASE64_STANDARD.encode(tls.anchor_der()?);
    let mut parameters: Vec<(String, String)> = [
        ("AcmeDirectory", format!("https://127.0.0.1:{}/dir", ports.acme)),
        ("AcmeContact", "operations@platform.example".into()),
        ("AcmeTrustAnchor", anchor),
        ("DelegationZone", options.delegation_zone.clone()),
        ("DelegationHostedZoneId", zone_id.into()),
        ("EndpointTarget", options.endpoint_target.clone()),
        ("Schedule", options.schedule.clone()),
        ("HealthSchedule", options.health_schedule.clone()),
        // Tests and the demo wait for messages about new endpoints.
        ("SetupPatience", "0".into()),
        ("Architecture", architecture().into()),
        ("DeletionProtection", "no".into()),
        ("AcmEndpointUrl", gate.into()),
        // Certificates live for minutes here, and ACM sets no limits.
        ("AcmQuotas", "certificates=2500,imports=100000000".into()),
        ("DnsRoots", roots().iter().map(IpAddr::to_string).collect::<Vec<_>>().join(",")),
        ("DnsPort", ports.dns.to_string()),
        ("DnsTrustAnchor", trust_anchor()?),
        ("Http01Port", ports.http01.to_string()),
        // The edge speaks plain HTTP alone.
        ("HttpsPort", "0".into()),
        ("PreflightAllowedNetworks", "127.0.0.0/8".into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    // As `doctor` advises; AWS reserves nothing in a new account.
    if options.concurrency >= 1000 {
        parameters.push(("ChallengeConcurrency".into(), "50".into()));
    }
    parameters.extend(options.profile.iter().map(|profile| ("AcmeProfile".into(), profile.clone())));
    parameters.retain(|(name, _)| !options.parameters.iter().any(|(own, _)| own == name));
    parameters.extend(options.parameters.iter().cloned());
    Ok(parameters)
}

fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

async fn start_serving(
    project: &Project,
    folder: &CloudFolder,
    description: &Description,
    ministack: u16,
    issuer: u16,
) -> Result<()> {
    Responder::of(description)?.write(folder)?;
    let mut command = Command::new(own_executable(project)?);
    command
        .arg("serve")
        .args(["--ministack", &ministack.to_string()])
        .args(["--dns", &description.dns_port.to_string()])
        .arg("--zones")
        .arg(folder.zones())
        .arg("--dns-orders")
        .arg(folder.dns_orders())
        .args(["--edge", &description.edge.port().to_string()])
        .arg("--responder")
        .arg(folder.responder())
        .args(["--issuer", &issuer.to_string()])
        .arg("--issuer-key")
        .arg(description.issuer.key())
        .args(["--redirect-uri", &description.issuer.redirect_uri])
        .current_dir(project.root());
    let serving = Process::start(folder, "serve", command)?;
    let root = roots().into_iter().map(|root| SocketAddr::new(root, description.dns_port));
    for address in root.chain([description.edge, SocketAddr::from((Ipv4Addr::LOCALHOST, issuer))]) {
        wait_until(&format!("something to listen at {address}"), Duration::from_secs(10), async || {
            serving.expect_running(folder)?;
            Ok(TcpStream::connect(address).await.is_ok().then_some(()))
        })
        .await?;
    }
    Ok(())
}

/// The program `local-cloud`: this one, or the one that was built with the tests.
fn own_executable(project: &Project) -> Result<PathBuf> {
    let current = std::env::current_exe().context("the own executable")?;
    if current.file_name().is_some_and(|name| name == "local-cloud") {
        return Ok(current);
    }
    // Tests are built to the folder "deps" below it.
    let beside = current.ancestors().skip(1).take(2).map(|folder| folder.join("local-cloud"));
    let mut places = beside.chain([project.local().join("bin/local-cloud")]);
    places.find(|path| path.is_file()).context("the program local-cloud is missing: run make build")
}

struct Progress {
    shown: bool,
}

impl Progress {
    fn done(&self, part: &str, since: Instant) {
        if self.shown {
            eprintln!("  {part:<24} ready after {:4.1} s", since.elapsed().as_secs_f64());
        }
    }
}
