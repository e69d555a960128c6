//! Which addresses a check of a domain owner's host may connect to, so that nobody can use it against our own network.

use std::net::{IpAddr, Ipv6Addr};

use diagnosis::facts::ProbeFault;
use diagnosis::http01::reserved::is_reserved;
use ipnet::IpNet;

use crate::dns::Dns;

/// Resolves hosts, and refuses those without a public address.
#[derive(Clone)]
pub struct Reach {
    dns: Dns,
    /// Networks that are allowed although they are special-purpose.
    allowed: Vec<IpNet>,
}

impl Reach {
    pub fn new(dns: Dns, allowed: Vec<IpNet>) -> Self {
        Self { dns, allowed }
    }

    /// The same filter, with hosts resolved through `dns`.
    pub(crate) fn by(&self, dns: Dns) -> Self {
        Self { dns, ..self.clone() }
    }

    /// The addresses to connect to. Callers use exactly these checked addresses, so that no second lookup can change them.
    ///
    /// Leaves out reserved addresses, as the CA does.
    ///
    /// # Errors
    ///
    /// [`ProbeFault::NotPublic`] if all addresses are reserved.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ProbeFault> {
        let (left_out, usable): (Vec<IpAddr>, Vec<IpAddr>) =
            self.dns.addresses(host).await?.into_iter().partition(|address| self.leaves_out(*address));
        match usable.is_empty() && !left_out.is_empty() {
            true => Err(ProbeFault::NotPublic(left_out)),
            false => Ok(usable),
        }
    }

    /// Whether nothing may be sent to `address`.
    pub(crate) fn leaves_out(&self, address: IpAddr) -> bool {
        let canonical = canonical(address);
        let allowed = self.allowed.iter().any(|network| network.contains(&canonical));
        !allowed && (is_reserved(address) || is_reserved(canonical) || is_nobodys(canonical))
    }
}

/// Whether no host on the internet has it: of IPv6, only 2000::/3 is allocated (RFC 4291 §2.4). Site-local addresses and IPv4
/// addresses in ::/96 are in no registry any more, but some networks still route them.
fn is_nobodys(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.octets()[0] >> 5 != 1)
}

/// The IPv4 address that an IPv6 address embeds; any other address unchanged.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Roots;

    fn reach(allowed: &[&str]) -> Reach {
        let nobody = Roots::Own { servers: vec![[127, 0, 0, 1].into()], trust: None };
        let allowed = allowed.iter().map(|network| network.parse().expect("a network")).collect();
        Reach::new(Dns::from_roots(nobody, 1, Vec::new()), allowed)
    }

    #[tokio::test]
    async fn no_address_of_ours_can_be_reached_under_another_spelling() {
        let (production, lab) = (reach(&[]), reach(&["127.0.0.0/8"]));
        let leaves_out = |reach: &Reach, text: &str| reach.leaves_out(text.parse().expect("an address"));
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fd00::1",
            "fec0::1",
            "::7f00:1",
            "::a9fe:a9fe",
            "4000::1",
        ] {
            assert!(leaves_out(&production, address), "{address}");
        }
        for address in ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"] {
            assert!(!leaves_out(&production, address), "{address}");
        }
        assert!(
            !leaves_out(&lab, "127.0.0.1") && !leaves_out(&lab, "::ffff:127.0.0.1") && leaves_out(&lab, "10.1.2.3")
        );
    }
}
