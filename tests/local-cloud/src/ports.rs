//! Free ports on loopback.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use anyhow::{Result, bail};

/// Below the range from which Linux takes the ports of outgoing connections: what is free here stays
/// free until the process it is meant for binds it.
const FIRST: u16 = 18_000;
const COUNT: u16 = 14_000;
const TRIES: usize = 100;

/// Ports of a cloud. `None` takes any that is free.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    pub ministack: Option<u16>,
    pub moto: Option<u16>,
    pub acme: Option<u16>,
    pub acme_management: Option<u16>,
    pub dns: Option<u16>,
    pub edge: Option<u16>,
}

/// `wanted`, else a port that is free over TCP and UDP at this moment.
///
/// Drawn at random, so that clouds that start at the same time do not take the same ones.
pub(crate) fn choose(wanted: Option<u16>) -> Result<u16> {
    if let Some(port) = wanted {
        return Ok(port);
    }
    for _ in 0..TRIES {
        let port = FIRST + (getrandom::u32()? % u32::from(COUNT)) as u16;
        let address = (Ipv4Addr::LOCALHOST, port);
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port found on loopback")
}
