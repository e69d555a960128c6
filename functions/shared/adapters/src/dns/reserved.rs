//! Addresses at which name servers may be queried: a zone could name servers in our own network.

use std::net::IpAddr;

use diagnosis::http01::reserved::is_reserved;
use ipnet::IpNet;

/// Whether `address` is publicly reachable, or one of `allowed`. Only IPv4 is queried.
pub(super) fn may_be_asked(address: IpAddr, allowed: &[IpNet]) -> bool {
    allowed.iter().any(|network| network.contains(&address)) || address.is_ipv4() && !is_reserved(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_in_our_own_network_are_not_queried() {
        for address in [
            "127.0.0.1",
            "10.0.0.2",
            "169.254.169.253",
            "100.64.0.1",
            "192.168.1.1",
            "192.0.2.1",
            "192.175.48.1",
            "224.0.0.1",
            "240.0.0.1",
            "::1",
            "2001:db8::1",
        ] {
            assert!(!may_be_asked(address.parse().expect("an address"), &[]), "{address}");
        }
        for address in ["198.41.0.4", "192.33.4.12", "199.7.91.13", "93.184.216.34"] {
            assert!(may_be_asked(address.parse().expect("an address"), &[]), "{address}");
        }
        let loopback = ["127.0.0.0/8".parse().expect("a network")];
        assert!(may_be_asked("127.0.0.53".parse().expect("an address"), &loopback), "the local cloud's");
    }
}
