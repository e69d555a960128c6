//! Which DNS provider a zone is at, recognised by its name servers, and how it expects a record to be typed.

use serde::{Deserialize, Serialize};

/// How a provider's form expects a record's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typing {
    /// Without the zone, which it appends.
    Relative,
    /// The whole name.
    Full,
    /// With or without the zone: it recognises both.
    Either,
}

/// A DNS provider.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    pub name: &'static str,
    /// The domains of its name servers.
    domains: &'static [&'static str],
    /// A part of their names, if they are in many domains.
    part: Option<&'static str>,
    typing: Typing,
    pub trap: Option<&'static str>,
}

const fn relative(name: &'static str, domains: &'static [&'static str], trap: Option<&'static str>) -> Provider {
    Provider { name, domains, part: None, typing: Typing::Relative, trap }
}

const APPENDS: Option<&str> =
    Some("Whatever is typed as the name gets the zone appended: a full name ends up with the zone in it twice.");

const DOT: Option<&str> = Some("A CNAME's value needs a dot at its end; without it the zone is appended to the value.");

/// From the name servers on the providers' own pages; the first match counts.
pub const PROVIDERS: [Provider; 30] = [
    Provider {
        name: "Route 53",
        domains: &[],
        part: Some(".awsdns-"),
        typing: Typing::Relative,
        trap: Some(
            "A domain can have several hosted zones of one name; only the one whose four name servers stand at the registrar counts.",
        ),
    },
    Provider {
        name: "Cloudflare",
        domains: &["ns.cloudflare.com", "foundationdns.com", "foundationdns.net", "foundationdns.org"],
        part: None,
        typing: Typing::Either,
        trap: Some("Set the proxy status (the orange cloud) of these records to “DNS only”."),
    },
    relative("GoDaddy", &["domaincontrol.com"], APPENDS),
    relative(
        "Namecheap",
        &["registrar-servers.com"],
        Some("Remove its own “URL Redirect” and parking records of the same host first; they win over a CNAME."),
    ),
    relative("Squarespace", &["squarespacedns.com"], APPENDS),
    Provider {
        name: "Google Cloud DNS or Squarespace",
        domains: &["googledomains.com", "google.com"],
        part: None,
        typing: Typing::Relative,
        trap: Some(
            "gcloud and Terraform want the full name with a dot at its end; the web pages want the relative one.",
        ),
    },
    relative(
        "Azure DNS",
        &["azure-dns.com", "azure-dns.net", "azure-dns.org", "azure-dns.info"],
        Some("A record set of another type at the same name must be deleted before the CNAME can be created."),
    ),
    relative("DigitalOcean", &["digitalocean.com"], DOT),
    relative("Gandi", &["gandi.net"], DOT),
    relative("OVHcloud", &["ovh.net", "ovh.ca", "anycast.me"], DOT),
    relative("Hetzner", &["ns.hetzner.com", "ns.hetzner.de", "first-ns.de", "second-ns.de", "second-ns.com"], DOT),
    relative("IONOS", &["ui-dns.com", "ui-dns.de", "ui-dns.org", "ui-dns.biz"], APPENDS),
    relative("Linode", &["linode.com"], None),
    relative("Vercel", &["vercel-dns.com"], None),
    relative("name.com", &["name.com"], APPENDS),
    relative(
        "Porkbun",
        &["porkbun.com"],
        Some(
            "Delete the parking records (ALIAS and *.…) that it creates automatically; the wildcard answers for every name.",
        ),
    ),
    relative("DNSimple", &["dnsimple.com", "dnsimple-edge.org", "dnsimple-edge.net", "dnsimple-edge.io"], None),
    Provider {
        name: "NS1 or Netlify",
        domains: &["nsone.net"],
        part: None,
        typing: Typing::Either,
        trap: Some(
            "On Netlify, records that a site has created automatically cannot be edited; add the new one beside them.",
        ),
    },
    Provider {
        name: "Akamai Edge DNS",
        domains: &["akam.net"],
        part: None,
        typing: Typing::Full,
        trap: Some("A change counts only once the zone's change list is submitted."),
    },
    relative("Wix", &["wixdns.net"], APPENDS),
    relative("Hostinger", &["dns-parking.com"], APPENDS),
    relative("DreamHost", &["dreamhost.com"], None),
    relative("Hover", &["hover.com"], APPENDS),
    relative("Network Solutions", &["worldnic.com"], APPENDS),
    relative("STRATO", &["rzone.de"], APPENDS),
    relative("INWX", &["inwx.de", "inwx.eu", "inwx.net"], None),
    relative("Infomaniak", &["infomaniak.ch", "infomaniak.com"], APPENDS),
    relative("Alibaba Cloud", &["hichina.com", "alidns.com"], None),
    Provider {
        name: "UltraDNS",
        domains: &["ultradns.com", "ultradns.net", "ultradns.org", "ultradns.biz", "ultradns.co.uk", "ultradns.info"],
        part: None,
        typing: Typing::Either,
        trap: None,
    },
    relative("WordPress.com", &["wordpress.com"], None),
];

impl Provider {
    /// The provider of one name server.
    pub fn of(server: &str) -> Option<&'static Self> {
        let server = server.trim_end_matches('.').to_ascii_lowercase();
        let below = |domain: &&str| server.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'));
        PROVIDERS.iter().find(|provider| {
            provider.domains.iter().any(below) || provider.part.is_some_and(|part| server.contains(part))
        })
    }

    /// How to type `name`, which is in the zone `apex`, here.
    fn typed(&self, name: &str, apex: &str) -> String {
        let relative = match name.strip_suffix(apex) {
            Some("") => "@",
            Some(rest) => rest.trim_end_matches('.'),
            None => name,
        };
        match self.typing {
            Typing::Full => name.to_owned(),
            Typing::Relative | Typing::Either => relative.to_owned(),
        }
    }
}

/// The hint for a person who must create `names` in the zone `apex`; `None` if no server is known.
pub fn hint<'a>(servers: impl Iterator<Item = &'a str>, apex: &str, names: &[&str]) -> Option<ProviderHint> {
    let mut known: Vec<&'static Provider> = servers.filter_map(Provider::of).collect();
    known.sort_by_key(|provider| provider.name);
    known.dedup_by_key(|provider| provider.name);
    let first = *known.first()?;
    let typed: Vec<String> = names.iter().map(|name| format!("“{}”", first.typed(name, apex))).collect();
    let names = typed.join(", ");
    let typing = match first.typing {
        Typing::Relative => format!("Type {names} as the name: {} appends {apex} automatically.", first.name),
        Typing::Full => format!("Type the full name, {names}: nothing is appended."),
        Typing::Either => format!("Type {names} as the name; the full name is understood too."),
    };
    match known.as_slice() {
        [_] => {
            let trap = first.trap.map(str::to_owned);
            Some(ProviderHint { name: first.name.into(), zone: Some(apex.to_owned()), typing, trap })
        }
        several => Some(ProviderHint {
            name: several.iter().map(|provider| provider.name).collect::<Vec<_>>().join(" and "),
            zone: Some(apex.to_owned()),
            typing,
            trap: Some("The zone is served by more than one provider: create the records at each of them.".into()),
        }),
    }
}

/// The domain owner's DNS provider, recognised by its name servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderHint {
    /// Cloudflare, Route 53 …
    pub name: String,
    /// The apex of the zone; absent in reports of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How it expects a record's name to be typed, with the name itself: "Type `_acme-challenge.shop` …".
    pub typing: String,
    /// Its common pitfall; absent if none is known.
    pub trap: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name server as each provider names them.
    const SERVERS: [(&str, &str); 35] = [
        ("ns-2048.awsdns-64.com", "Route 53"),
        ("ns-512.awsdns-00.net.", "Route 53"),
        ("ns-1536.awsdns-00.co.uk", "Route 53"),
        ("dana.ns.cloudflare.com", "Cloudflare"),
        ("NS37.DomainControl.com", "GoDaddy"),
        ("dns1.registrar-servers.com", "Namecheap"),
        ("dns1.squarespacedns.com", "Squarespace"),
        ("ns-cloud-a1.googledomains.com", "Google Cloud DNS or Squarespace"),
        ("ns1-03.azure-dns.com", "Azure DNS"),
        ("ns4-03.azure-dns.info", "Azure DNS"),
        ("ns1.digitalocean.com", "DigitalOcean"),
        ("ns-12-a.gandi.net", "Gandi"),
        ("dns104.ovh.net", "OVHcloud"),
        ("hydrogen.ns.hetzner.com", "Hetzner"),
        ("helium.ns.hetzner.de", "Hetzner"),
        ("ns1023.ui-dns.org", "IONOS"),
        ("ns2.linode.com", "Linode"),
        ("ns1.vercel-dns.com", "Vercel"),
        ("ns1cvw.name.com", "name.com"),
        ("curitiba.ns.porkbun.com", "Porkbun"),
        ("ns1.dnsimple.com", "DNSimple"),
        ("ns2.dnsimple-edge.net", "DNSimple"),
        ("dns1.p05.nsone.net", "NS1 or Netlify"),
        ("a1-64.akam.net", "Akamai Edge DNS"),
        ("ns2.wixdns.net", "Wix"),
        ("ns1.dns-parking.com", "Hostinger"),
        ("ns1.dreamhost.com", "DreamHost"),
        ("ns1.hover.com", "Hover"),
        ("ns9.worldnic.com", "Network Solutions"),
        ("docks12.rzone.de", "STRATO"),
        ("ns.inwx.de", "INWX"),
        ("ns11.infomaniak.ch", "Infomaniak"),
        ("dns9.hichina.com", "Alibaba Cloud"),
        ("pdns1.ultradns.net", "UltraDNS"),
        ("ns1.wordpress.com", "WordPress.com"),
    ];

    #[test]
    fn every_provider_is_recognised_by_its_name_servers_and_by_no_other() {
        for (server, name) in SERVERS {
            assert_eq!(Provider::of(server).map(|provider| provider.name), Some(name), "{server}");
        }
        for provider in &PROVIDERS {
            let known = SERVERS.iter().any(|(_, name)| *name == provider.name);
            assert!(known, "{} has no server in the test", provider.name);
        }
        for stranger in ["ns1.example.com", "ns1.notname.com", "name.com", "ns1.name.com.example.net"] {
            assert_eq!(Provider::of(stranger).map(|provider| provider.name), None, "{stranger}");
        }
    }

    fn typing(server: &str, names: &[&str]) -> ProviderHint {
        hint([server].into_iter(), "example.com", names).expect("a known provider")
    }

    #[test]
    fn the_exact_name_is_given_as_the_provider_wants_it_typed() {
        let godaddy = typing("ns37.domaincontrol.com", &["_acme-challenge.shop.example.com"]);
        assert_eq!(
            godaddy.typing,
            "Type “_acme-challenge.shop” as the name: GoDaddy appends example.com automatically."
        );
        assert!(godaddy.trap.is_some_and(|trap| trap.contains("twice")));
        let apex = typing("ns37.domaincontrol.com", &["example.com", "_acme-challenge.example.com"]);
        assert!(apex.typing.contains("“@”, “_acme-challenge”"), "{}", apex.typing);
        assert_eq!(apex.zone.as_deref(), Some("example.com"));
        let akamai = typing("a1-64.akam.net", &["_acme-challenge.shop.example.com"]);
        assert!(akamai.typing.contains("the full name, “_acme-challenge.shop.example.com”"), "{}", akamai.typing);
        let cloudflare = typing("dana.ns.cloudflare.com", &["shop.example.com"]);
        assert!(cloudflare.trap.is_some_and(|trap| trap.contains("DNS only")));
    }

    #[test]
    fn two_providers_at_once_are_both_named() {
        let both = ["ns1.dnsimple.com", "dns1.p01.nsone.net", "dns2.p01.nsone.net"];
        let hint = hint(both.into_iter(), "example.com", &["a.example.com"]).expect("known");
        assert_eq!(hint.name, "DNSimple and NS1 or Netlify");
        assert!(hint.trap.is_some_and(|trap| trap.contains("each of them")));
        assert_eq!(super::hint(["ns1.example.net"].into_iter(), "example.com", &[]), None);
    }
}
