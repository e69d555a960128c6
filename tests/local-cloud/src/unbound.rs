//! Unbound: the resolver that the CA asks, and a second opinion on what the product says of a domain.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RecordType};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::dns::{roots, trust_anchor};
use crate::layout::{CloudFolder, Project};
use crate::process::Process;
use crate::wait::wait_until;

const READY: Duration = Duration::from_secs(10);
/// Longer than unbound takes to give up.
const PATIENCE: Duration = Duration::from_secs(40);
const LONGEST: usize = 4096;

/// Answers at 127.0.0.1, where the name servers have other addresses, and at the same port.
pub(crate) fn start(project: &Project, folder: &CloudFolder, port: u16) -> Result<Process> {
    let unbound = project.unbound();
    if !unbound.program.exists() {
        bail!("{} is missing: run make set-up", unbound.program.display());
    }
    let configuration = folder.file("unbound.conf");
    fs::write(&configuration, configuration_of(port)?)?;
    let mut command = Command::new(&unbound.program);
    command
        .arg("-d")
        .arg("-p")
        .arg("-c")
        .arg(&configuration)
        .env("LD_LIBRARY_PATH", &unbound.libraries)
        .env("LD_PRELOAD", &unbound.redirect)
        .env("LAB_DNS_PORT", port.to_string());
    Process::start(folder, "unbound", command)
}

pub(crate) async fn ready(folder: &CloudFolder, process: &Process, port: u16) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    wait_until(&format!("unbound at {address}"), READY, async || {
        process.expect_running(folder)?;
        Ok(TcpStream::connect(address).await.is_ok().then_some(()))
    })
    .await
}

/// As Let's Encrypt's, but no answer is remembered: a test asks again about what it has changed. A failure is, for some
/// five seconds, which no setting changes.
fn configuration_of(port: u16) -> Result<String> {
    let anchor = trust_anchor()?;
    let stubs: String = roots().iter().map(|root| format!("    stub-addr: {root}\n")).collect();
    Ok(format!(
        r#"server:
    verbosity: 1
    use-syslog: no
    logfile: ""
    username: ""
    chroot: ""
    directory: "/"
    pidfile: ""
    interface: 127.0.0.1@{port}
    access-control: 127.0.0.0/8 allow
    num-threads: 1
    incoming-num-tcp: 200
    outgoing-num-tcp: 200
    do-ip6: no
    do-not-query-localhost: no
    module-config: "validator iterator"
    trust-anchor: "{anchor}"
    ede: yes
    val-log-level: 2
    # Its built-in answers are about the internet, where these names do not exist.
    local-zone: "test." nodefault
    aggressive-nsec: no
    cache-max-ttl: 0
    cache-max-negative-ttl: 0
    val-bogus-ttl: 0
    key-cache-size: 0
    infra-host-ttl: 1
    neg-cache-size: 0
    trust-anchor-signaling: no
remote-control:
    control-enable: no
stub-zone:
    name: "."
{stubs}    stub-no-cache: yes
"#
    ))
}

/// What a validating resolver makes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// `NOERROR`, `NXDOMAIN`, `SERVFAIL`.
    pub code: ResponseCode,
    /// Extended DNS errors (RFC 8914): 6 is DNSSEC bogus, 7 an expired signature, 22 no reachable server.
    pub extended: Vec<u16>,
    /// The data of what was found, with the aliases on the way.
    pub answers: Vec<String>,
    /// Every step from the root was secure (AD).
    pub secure: bool,
}

/// Queries the resolver at `resolver`.
pub(crate) async fn query(resolver: SocketAddr, name: &str, record_type: &str) -> Result<Opinion> {
    let mut query = Message::query();
    let mut absolute = Name::from_ascii(name)?;
    absolute.set_fqdn(true);
    query.add_query(Query::query(absolute, record_type.parse::<RecordType>()?));
    query.metadata.recursion_desired = true;
    query.metadata.authentic_data = true;
    let mut edns = Edns::new();
    edns.set_max_payload(LONGEST as u16);
    query.set_edns(edns);

    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(resolver).await?;
    socket.send(&query.to_vec()?).await?;
    let mut octets = [0; LONGEST];
    let length = timeout(PATIENCE, socket.recv(&mut octets)).await.context("unbound does not answer")??;
    let answer = Message::from_vec(&octets[..length])?;
    let options = answer.edns.as_ref().map(|edns| edns.options().get_all(EdnsCode::from(15)));
    let code = |option: &EdnsOption| match option {
        EdnsOption::Unknown(15, data) => data.get(..2).map(|two| u16::from_be_bytes([two[0], two[1]])),
        _ => None,
    };
    Ok(Opinion {
        code: answer.metadata.response_code,
        extended: options.unwrap_or_default().into_iter().filter_map(code).collect(),
        answers: answer.answers.iter().map(|record| record.data.to_string()).collect(),
        secure: answer.metadata.authentic_data,
    })
}
