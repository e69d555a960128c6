//! Which CDN a host is behind, recognised by its addresses and aliases.

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;

use crate::facts::Chain;

/// A CDN and how it is recognised.
#[derive(Clone, Copy, Debug)]
pub struct Cdn {
    pub name: &'static str,
    /// Where the networks are published; empty where none are used.
    pub source: &'static str,
    networks: &'static [&'static str],
    /// Domains that its customers' aliases point to.
    aliases: &'static [&'static str],
    /// How to bypass it, or how to make it pass the challenge path through.
    pub remedy: &'static str,
}

const PASS: &str = "Let the CDN pass /.well-known/acme-challenge/ on to the platform, unchanged and not cached.";

/// The networks are those that the CDNs publish at `source`, from public copies of these lists of 2026-11-24. A CDN that shares
/// its networks with other hosts (Amazon, Akamai, Azure) is recognised only by its aliases.
const CDNS: [Cdn; 8] = [
    Cdn {
        name: "Cloudflare",
        source: "https://www.cloudflare.com/ips/",
        networks: &[
            "103.21.244.0/22",
            "103.22.200.0/22",
            "103.31.4.0/22",
            "104.16.0.0/13",
            "104.24.0.0/14",
            "108.162.192.0/18",
            "131.0.72.0/22",
            "141.101.64.0/18",
            "162.158.0.0/15",
            "172.64.0.0/13",
            "173.245.48.0/20",
            "188.114.96.0/20",
            "190.93.240.0/20",
            "197.234.240.0/22",
            "198.41.128.0/17",
            "2400:cb00::/32",
            "2405:8100::/32",
            "2405:b500::/32",
            "2606:4700::/32",
            "2803:f800::/32",
            "2a06:98c0::/29",
            "2c0f:f248::/32",
        ],
        aliases: &["cdn.cloudflare.net"],
        remedy: "In Cloudflare's DNS settings, switch the orange cloud of this record to “DNS only”.",
    },
    Cdn {
        name: "Fastly",
        source: "https://api.fastly.com/public-ip-list",
        networks: &[
            "23.235.32.0/20",
            "43.249.72.0/22",
            "103.244.50.0/24",
            "103.245.222.0/23",
            "103.245.224.0/24",
            "104.156.80.0/20",
            "140.248.64.0/18",
            "140.248.128.0/17",
            "146.75.0.0/17",
            "151.101.0.0/16",
            "157.52.64.0/18",
            "167.82.0.0/17",
            "167.82.128.0/20",
            "167.82.160.0/20",
            "167.82.224.0/20",
            "172.111.64.0/18",
            "185.31.16.0/22",
            "199.27.72.0/21",
            "199.232.0.0/16",
            "2a04:4e40::/32",
            "2a04:4e42::/32",
        ],
        aliases: &["fastly.net", "fastlylb.net"],
        remedy: PASS,
    },
    Cdn { name: "CloudFront", source: "", networks: &[], aliases: &["cloudfront.net"], remedy: PASS },
    Cdn {
        name: "Akamai",
        source: "",
        networks: &[],
        aliases: &["akamai.net", "akamaiedge.net", "akamaihd.net", "edgekey.net", "edgesuite.net"],
        remedy: PASS,
    },
    Cdn {
        name: "Azure Front Door",
        source: "",
        networks: &[],
        aliases: &["azurefd.net", "azureedge.net", "t-msedge.net"],
        remedy: PASS,
    },
    Cdn { name: "Imperva", source: "", networks: &[], aliases: &["incapdns.net", "impervadns.net"], remedy: PASS },
    Cdn { name: "Sucuri", source: "", networks: &[], aliases: &["sucuri.net"], remedy: PASS },
    Cdn { name: "bunny.net", source: "", networks: &[], aliases: &["b-cdn.net"], remedy: PASS },
];

static NETWORKS: LazyLock<Vec<(IpNet, usize)>> = LazyLock::new(|| {
    let all = CDNS.iter().enumerate().flat_map(|(i, cdn)| cdn.networks.iter().map(move |network| (network, i)));
    all.map(|(network, i)| (network.parse().expect("the lists are written in CIDR form"), i)).collect()
});

impl Cdn {
    /// The CDN that one of the aliases, or all of the addresses, belong to.
    pub fn of(chain: &Chain) -> Option<&'static Self> {
        let by_alias = CDNS.iter().find(|cdn| {
            let below = |name: &String| cdn.aliases.iter().any(|domain| name.ends_with(&format!(".{domain}")));
            chain.names.iter().any(below)
        });
        by_alias.or_else(|| {
            let addresses = chain.addresses();
            let first = Self::at(*addresses.first()?)?;
            addresses.iter().all(|address| Self::at(*address) == Some(first)).then_some(&CDNS[first])
        })
    }

    fn at(address: IpAddr) -> Option<usize> {
        NETWORKS.iter().find(|(network, _)| network.contains(&address)).map(|(_, cdn)| *cdn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::ChainEnd;

    fn of(names: &[&str], addresses: &[&str]) -> Option<&'static str> {
        let addresses = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        let names = names.iter().map(|s| s.to_string()).collect();
        Cdn::of(&Chain { names, end: ChainEnd::Addresses(addresses) }).map(|cdn| cdn.name)
    }

    #[test]
    fn a_published_network_identifies_the_cdn_if_all_addresses_lie_in_it() {
        assert_eq!(of(&[], &["104.16.1.1", "172.67.9.9", "2606:4700::6810:1"]), Some("Cloudflare"));
        assert_eq!(of(&[], &["151.101.2.133"]), Some("Fastly"));
        assert_eq!(of(&[], &["104.15.255.255"]), None, "one below the network");
        assert_eq!(of(&[], &["104.16.1.1", "93.184.216.34"]), None);
        assert_eq!(of(&[], &[]), None);
    }

    #[test]
    fn an_alias_identifies_the_cdn_whatever_the_addresses_are() {
        assert_eq!(of(&["d111.cloudfront.net"], &["127.0.0.1"]), Some("CloudFront"));
        assert_eq!(of(&["shop.example.com.cdn.cloudflare.net"], &[]), Some("Cloudflare"));
        assert_eq!(of(&["notcloudfront.net"], &[]), None, "a name that only ends alike");
    }
}
