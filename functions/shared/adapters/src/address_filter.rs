//! Which addresses a look at a customer's host may connect to, so that it is no tool against our own network.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use diagnosis::facts::ProbeFault;
use ipnet::IpNet;

use crate::dns::Dns;

/// The IANA special-purpose registries (RFC 6890), as of 2026: none of these is a public host.
const SPECIAL_PURPOSE: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

/// Looks hosts up, and refuses those that are not public.
#[derive(Clone)]
pub struct Reach {
    dns: Dns,
    /// Networks that are fine although special-purpose.
    allowed: Vec<IpNet>,
}

impl Reach {
    pub fn new(dns: Dns, allowed: Vec<IpNet>) -> Self {
        Self { dns, allowed }
    }

    /// The addresses to connect to: checked, and to be used as checked, so that no second lookup can change them.
    ///
    /// All of them: where this process has no IPv6, a host with both is still to be reached, as the CA reaches it.
    pub(crate) async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ProbeFault> {
        let addresses = self.dns.addresses(host).await?;
        match addresses.iter().find(|address| !self.is_allowed(**address)) {
            Some(address) => Err(ProbeFault::NotPublic(*address)),
            None => Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect()),
        }
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        let address = canonical(address);
        self.allowed.iter().any(|network| network.contains(&address)) || !is_special_purpose(address)
    }
}

/// An IPv4 address in IPv6 clothes is judged as what it is.
fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match nat64(v6) {
            Some(v4) => v4,
            None => v6.to_canonical(),
        },
        v4 => v4,
    }
}

/// RFC 6052: the well-known NAT64 prefix.
fn nat64(address: Ipv6Addr) -> Option<IpAddr> {
    let octets = address.octets();
    let prefix = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    octets.starts_with(&prefix).then(|| IpAddr::from([octets[12], octets[13], octets[14], octets[15]]))
}

fn is_special_purpose(address: IpAddr) -> bool {
    SPECIAL_PURPOSE.iter().any(|network| {
        let network: IpNet = network.parse().expect("the list is written in CIDR form");
        network.contains(&address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_of_ours_can_be_reached_under_another_spelling() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fd00::1",
            "192.0.2.7",
        ] {
            let address = canonical(address.parse().expect("an address"));
            assert!(is_special_purpose(address), "{address}");
        }
        for address in ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"] {
            assert!(!is_special_purpose(canonical(address.parse().expect("an address"))), "{address}");
        }
    }
}
