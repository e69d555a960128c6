//! Addresses that a CA never connects to.

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;

/// IANA's special-purpose registries (RFC 6890), outermost blocks only.
///
/// Source: Boulder's `iana/data/`. A CA leaves these addresses out before it chooses one (`va/dns.go`, `getAddrs`).
const SPECIAL_PURPOSE: [&str; 33] = [
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
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    // In no such registry, as no host can have them; listed so that nothing is sent there.
    "ff00::/8",
];

/// Multicast (RFC 5771): as `ff00::/8`.
const MULTICAST: &str = "224.0.0.0/4";

static NETWORKS: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let all = SPECIAL_PURPOSE.iter().chain([&MULTICAST]);
    all.map(|network| network.parse().expect("the list is written in CIDR form")).collect()
});

/// Whether a CA leaves `address` out.
pub fn is_reserved(address: IpAddr) -> bool {
    NETWORKS.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One address of each block of Boulder's `iana/data/*.csv`, inner blocks too, and public neighbours.
    #[test]
    fn the_blocks_of_the_registries_are_reserved_and_their_neighbours_are_not() {
        for text in [
            "0.0.0.1",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.0.170",
            "192.0.2.7",
            "192.31.196.1",
            "192.52.193.1",
            "192.88.99.2",
            "192.168.0.1",
            "192.175.48.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "240.0.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "100:0:0:1::1",
            "2001::1",
            "2001:4:112::1",
            "2001:db8::1",
            "2002::1",
            "2620:4f:8000::1",
            "3fff::1",
            "5f00::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(is_reserved(text.parse().expect("an address")), "{text}");
        }
        for text in [
            "9.255.255.255",
            "93.184.216.34",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.169.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2001:200::1",
            "2606:2800:220:1:248:1893:25c8:1946",
            "2620:4f:8001::1",
            "4000::1",
        ] {
            assert!(!is_reserved(text.parse().expect("an address")), "{text}");
        }
    }
}
