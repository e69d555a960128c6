//! Where the search for a name begins.

use std::net::{IpAddr, Ipv4Addr};

const fn root(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

/// The servers of the root, a to m. Source: IANA's root hints (`named.root`).
pub(super) const IANA: [IpAddr; 13] = [
    root(198, 41, 0, 4),
    root(170, 247, 170, 2),
    root(192, 33, 4, 12),
    root(199, 7, 91, 13),
    root(192, 203, 230, 10),
    root(192, 5, 5, 241),
    root(192, 112, 36, 4),
    root(198, 97, 190, 53),
    root(192, 36, 148, 17),
    root(192, 58, 128, 30),
    root(193, 0, 14, 129),
    root(199, 7, 83, 42),
    root(202, 12, 27, 33),
];
