//! Checks of the host's own record.

use vocabulary::guidance::WaitingOn;

use crate::catalogue::check::{Area, Check, Entry};
use crate::report::Severity;

pub(super) const HOST: [Entry; 9] = [
    Entry {
        check: Check::TargetMissing,
        name: "target-missing",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::Operator,
        title: "The platform's own target has no address",
        explanation: "The host name that all external endpoints point at does not resolve. It is the installation's \
                      fault, not the domain owner's: hosts that point at it reach nothing.",
        fix: "Make the endpoint target (a parameter of the stack) resolve to the load balancer.",
    },
    Entry {
        check: Check::HostMissing,
        name: "host-missing",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The host has no record",
        explanation: "The host does not resolve, so neither visitors nor the CA reach the platform through it.",
        fix: "Create the host's record.",
    },
    Entry {
        check: Check::HostElsewhere,
        name: "host-elsewhere",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The host does not point at the platform",
        explanation: "The host points to other servers. The CA would request the token there, and only the platform has it.",
        fix: "Point the host at the platform, and remove its other A and AAAA records.",
    },
    Entry {
        check: Check::HostIpv6Elsewhere,
        name: "host-ipv6-elsewhere",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The host's AAAA record points elsewhere",
        explanation: "Over IPv4 the host points to the platform, over IPv6 it does not. CAs and most visitors try \
                      IPv6 first: the CA asks the other server, which does not have the token.",
        fix: "Remove the AAAA record.",
    },
    Entry {
        check: Check::HostPrivate,
        name: "host-private",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The host has a private address",
        explanation: "The address is one of the special-purpose ones (RFC 6890) that exist only inside a network, so \
                      the CA cannot reach the host. An internal host is validated over DNS alone.",
        fix: "Give the host its public address, or have the platform make the endpoint internal.",
    },
    Entry {
        check: Check::HostProxied,
        name: "host-proxied",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The host is behind a CDN",
        explanation: "A CDN stands between the host and the platform: it answers instead of the platform, with a \
                      certificate of its own. While it passes `/.well-known/acme-challenge/` on, certificates are \
                      issued; one changed rule there ends that.",
        fix: "Switch the proxy off for this host (“DNS only”), or let it pass the challenge path on unchanged.",
    },
    Entry {
        check: Check::HostIndirect,
        name: "host-indirect",
        area: Area::Host,
        severity: Severity::Warning,
        actor: WaitingOn::DomainOwner,
        title: "The host reaches the platform, but not by the record that was asked for",
        explanation: "It works now. The platform's addresses change when its load balancer scales or is replaced, and \
                      then the host points nowhere; an alias follows automatically.",
        fix: "Replace the host's records by the alias.",
    },
    Entry {
        check: Check::HostConflict,
        name: "host-conflict",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The host has records that cannot stand together",
        explanation: "A name with a CNAME record can have no second one, and no A or AAAA record beside it (RFC 1034 \
                      §3.6.2). Some resolvers use one of them and some another, so visitors and the CA get to \
                      different servers by chance.",
        fix: "Delete the other records, so that the one to the platform stands alone.",
    },
    Entry {
        check: Check::HostAddressReserved,
        name: "host-address-reserved",
        area: Area::Host,
        severity: Severity::Warning,
        actor: WaitingOn::DomainOwner,
        title: "The host has a private address beside its public ones",
        explanation: "Special-purpose addresses (RFC 6890) exist only inside a network. CAs leave them out and use the \
                      others, so certificates are issued. Visitors who try the private address first wait, or do not \
                      get there.",
        fix: "Remove the record with the private address.",
    },
];
