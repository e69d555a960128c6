//! Checks of the CNAME at `_acme-challenge`.

use vocabulary::guidance::WaitingOn;

use crate::catalogue::check::{Area, Check, Entry};
use crate::report::Severity;

pub(super) const DELEGATION: [Entry; 8] = [
    Entry {
        check: Check::DelegationMissing,
        name: "delegation-missing",
        area: Area::Delegation,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The delegation is missing",
        explanation: "The CA reads `_acme-challenge` to validate the name, and the platform can only answer there \
                      through this CNAME. Without it there is no certificate.",
        fix: "Create the CNAME record.",
    },
    Entry {
        check: Check::DelegationElsewhere,
        name: "delegation-elsewhere",
        area: Area::Delegation,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The delegation points elsewhere",
        explanation: "The CNAME must point exactly to the target of this registration. Each registration has a target \
                      of its own: one left over from an earlier registration, from another service, or made by a \
                      wildcard record gives somebody else the say over this domain's certificates.",
        fix: "Change the CNAME record to the target.",
    },
    Entry {
        check: Check::DelegationDoubledLabel,
        name: "delegation-doubled-label",
        area: Area::Delegation,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The record stands at a name with the zone doubled",
        explanation: "The DNS provider appends the zone to whatever is typed. The full name was typed, so the record \
                      now stands at a name with the zone in it twice, where no CA asks.",
        fix: "Delete that record, and create it again with the relative name.",
    },
    Entry {
        check: Check::DelegationTxtInstead,
        name: "delegation-txt-instead",
        area: Area::Delegation,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "A TXT record stands where the CNAME must",
        explanation: "A CNAME cannot stand beside other records (RFC 1034 §3.6.2), so the TXT record, often left over \
                      from another ACME client, keeps it out; and a fixed TXT value is never what the CA asks for.",
        fix: "Delete the TXT record, then create the CNAME.",
    },
    Entry {
        check: Check::DelegationOwnZone,
        name: "delegation-own-zone",
        area: Area::Delegation,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "`_acme-challenge` is a zone of its own",
        explanation: "NS records at `_acme-challenge` make it a zone of its own, at other name servers. Some ACME \
                      clients are set up so. A CNAME cannot stand beside NS records (RFC 1034 §3.6.2), so the \
                      delegation cannot be created while they are there.",
        fix: "Delete the NS records, then create the CNAME.",
    },
    Entry {
        check: Check::TxtStray,
        name: "txt-stray",
        area: Area::Delegation,
        severity: Severity::Warning,
        actor: WaitingOn::DomainOwner,
        title: "A stray TXT record",
        explanation: "Beside the delegation there is a TXT record that is of no use to it: at the same name, where a \
                      strict server drops one of the two, or at the delegated name, left over from an earlier order. \
                      The CA may come upon it instead of the right value.",
        fix: "Delete the TXT record.",
    },
    Entry {
        check: Check::AliasLoop,
        name: "alias-loop",
        area: Area::Delegation,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "CNAME records form a loop",
        explanation: "Following the CNAME comes back to where it began. No resolver gets an answer for it.",
        fix: "Replace the record that closes the loop.",
    },
    Entry {
        check: Check::AliasChainTooLong,
        name: "alias-chain-too-long",
        area: Area::Delegation,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "Too many consecutive CNAME records",
        explanation: "Resolvers stop following CNAMEs after a number of them: unbound, which Let's Encrypt uses, for \
                      years after 8. Beyond that it depends on the resolver whether the name exists.",
        fix: "Point the record directly at its target.",
    },
];
