//! Free ports on loopback.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use anyhow::{Context, Result, bail};

use crate::layout::{CloudFolder, Project};

/// Below the range from which Linux takes the ports of outgoing connections: no connection takes one of these.
const FIRST: u16 = 18_000;
const COUNT: u16 = 14_000;
const TRIES: usize = 100;

/// Ports of a cloud. `None` takes any that is free.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    pub ministack: Option<u16>,
    pub moto: Option<u16>,
    pub gate: Option<u16>,
    pub acme: Option<u16>,
    pub acme_management: Option<u16>,
    pub dns: Option<u16>,
    pub edge: Option<u16>,
    pub issuer: Option<u16>,
}

/// `wanted`, else a port that is free over TCP and UDP and that no cloud of the project has noted.
///
/// It is noted for the cloud in `folder`: a process of a cloud may bind its port seconds after it was chosen,
/// and another cloud, or another part of the same one, must not be given it in between.
pub(crate) fn choose(project: &Project, folder: &CloudFolder, wanted: Option<u16>) -> Result<u16> {
    let lock = File::create(project.local().join("ports.lock")).context("the lock of the ports")?;
    // Given back when the file is closed, also by a process that dies.
    lock.lock().context("the lock of the ports")?;
    let port = match wanted {
        Some(port) => port,
        None => draw(&noted(project))?,
    };
    let mut notes = OpenOptions::new().create(true).append(true).open(folder.ports())?;
    writeln!(notes, "{port}").context("noting a port")?;
    Ok(port)
}

/// At random, so that a port which an ended cloud still occupies for a short time is seldom drawn.
fn draw(taken: &BTreeSet<u16>) -> Result<u16> {
    for _ in 0..TRIES {
        let port = FIRST + (getrandom::u32()? % u32::from(COUNT)) as u16;
        let address = (Ipv4Addr::LOCALHOST, port);
        if !taken.contains(&port) && TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port found on loopback")
}

fn noted(project: &Project) -> BTreeSet<u16> {
    let notes = project.clouds().into_iter().filter_map(|name| fs::read_to_string(project.cloud(&name).ports()).ok());
    notes.flat_map(|text| text.lines().filter_map(|line| line.parse().ok()).collect::<Vec<u16>>()).collect()
}
