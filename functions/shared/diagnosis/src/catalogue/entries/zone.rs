//! Checks of the names themselves and the zone and its name servers.

use vocabulary::guidance::WaitingOn;

use crate::catalogue::check::{Area, Check, Entry};
use crate::report::Severity;

pub(super) const ZONE: [Entry; 9] = [
    Entry {
        check: Check::PublicSuffix,
        name: "public-suffix",
        area: Area::Names,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The name is a public suffix",
        explanation: "Names of strangers are registered below a public suffix (publicsuffix.org), so no CA gives out \
                      a certificate for one, nor for its wildcard (CA/B Forum BR 3.2.2.6). Whoever runs a suffix of \
                      the list's private part can have one, but cookies and limits treat each name below it as a \
                      domain of its own.",
        fix: "Register a name below the suffix.",
    },
    Entry {
        check: Check::DomainNotFound,
        name: "domain-not-found",
        area: Area::Servers,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The domain does not exist in DNS",
        explanation: "The servers above the domain know no name servers for it (NXDOMAIN): it is not registered, its \
                      registration has lapsed, or it is written wrongly. No record in it can be found by anybody.",
        fix: "Register or renew the domain at its registrar and set its name servers, or correct its spelling.",
    },
    Entry {
        check: Check::ServersFailing,
        name: "servers-failing",
        area: Area::Servers,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "Name servers answer SERVFAIL",
        explanation: "The zone's name servers are there, but answer every question with a failure. Often the zone \
                      could not be loaded, or its copy has expired. A CA takes SERVFAIL for a refusal, for CAA as well.",
        fix: "Ask the DNS provider why its servers fail for this zone; load the zone again, or move it.",
    },
    Entry {
        check: Check::ServersLame,
        name: "servers-lame",
        area: Area::Servers,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "Name servers do not serve the zone",
        explanation: "The domain is delegated to servers that do not serve it (a lame delegation): they refuse, or \
                      answer without authority. It happens when a zone is moved or deleted and the name servers at \
                      the registrar stay as they were. With one lame server among several, a validation fails now \
                      and then.",
        fix: "Set the domain's name servers, at the registrar, to those of the provider that has the zone.",
    },
    Entry {
        check: Check::ServersSilent,
        name: "servers-silent",
        area: Area::Servers,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "Name servers do not answer",
        explanation: "Nothing comes back from the zone's name servers, over UDP or TCP. They are down, or a firewall \
                      drops questions from our network and the CA's, which asks from several networks at once; some \
                      firewalls drop questions with EDNS (RFC 6891), with which every resolver asks.",
        fix: "Bring the servers back, open port 53 over UDP and TCP to everybody, or take dead servers out.",
    },
    Entry {
        check: Check::DnssecBroken,
        name: "dnssec-broken",
        area: Area::Servers,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "DNSSEC does not validate",
        explanation: "The parent zone has a DS record, so every answer must be signed by a key that it names. The \
                      zone's servers have no such key, or its signatures are missing, wrong or expired. CAs \
                      validate: for them no name of the domain exists. It usually comes from moving a zone without \
                      removing the DS record first.",
        fix: "Remove the DS record at the registrar, or replace it by the one of the provider that signs the zone now.",
    },
    Entry {
        check: Check::ServersDisagree,
        name: "servers-disagree",
        area: Area::Servers,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "Name servers disagree",
        explanation: "Some of the zone's servers have the right record and others do not. A CA asks any of them, from \
                      several places, and refuses if one answer is wrong. It passes within minutes of a change; it \
                      stays where two providers serve the same domain.",
        fix: "Make all name servers of the zone serve the same records, or take the other ones out.",
    },
    Entry {
        check: Check::NameServersDiffer,
        name: "name-servers-differ",
        area: Area::Servers,
        severity: Severity::Warning,
        actor: WaitingOn::DomainOwner,
        title: "Registrar and zone name different name servers",
        explanation: "The registrar delegates the domain to some name servers, and the zone's own NS records name \
                      others. Resolvers ask either. It is often left over from a move to another provider, whose old \
                      servers keep an old copy: what is changed at one side is not seen by everybody.",
        fix: "Name the same servers at the registrar and in the NS records of the zone.",
    },
    Entry {
        check: Check::ServersUnseen,
        name: "servers-unseen",
        area: Area::Servers,
        severity: Severity::Warning,
        actor: WaitingOn::Nobody,
        title: "The name servers cannot be checked from here",
        explanation: "The zone's name servers have IPv6 addresses only, and checks ask over IPv4; or the check had \
                      asked as many questions as one check may. Nothing is known to be wrong. Of servers with IPv6 \
                      addresses only, the CA decides; a record that was not asked for is asked for again.",
        fix: "No action is needed. With name servers that have IPv4 addresses, too, checks can see the records.",
    },
];
