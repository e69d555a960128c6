//! The entries, in the order of [`Check`]: what each is, who must act, and what to do.

use vocabulary::guidance::WaitingOn;

use crate::catalogue::check::{Area, Check, Entry};
use crate::report::Severity;

/// In the order of [`Check`].
pub const CATALOGUE: [Entry; 45] = [
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
        explanation: "The zone's name servers are there, but fail when they are asked. The zone often could not be \
                      loaded, or its copy has expired. A CA takes SERVFAIL for a refusal, also when it looks for CAA.",
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
                      drops questions from where we and the CA are; a CA asks from several networks at once.",
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
                      several places, and refuses if one answer is wrong. It passes by itself just after a change; \
                      it stays where two providers serve the same domain.",
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
                      asked as many questions as one check may. Nothing is known to be wrong, and the CA decides.",
        fix: "No action is needed. With name servers that have IPv4 addresses, too, checks can see the records.",
    },
    Entry {
        check: Check::DelegationMissing,
        name: "delegation-missing",
        area: Area::Delegation,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The delegation is missing",
        explanation: "The CA looks for its proof at `_acme-challenge`, and the platform can only answer there through \
                      this CNAME. Without it there is no certificate.",
        fix: "Create the CNAME record.",
    },
    Entry {
        check: Check::DelegationElsewhere,
        name: "delegation-elsewhere",
        area: Area::Delegation,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The delegation leads elsewhere",
        explanation: "The CNAME must lead exactly to the target of this registration. Each registration has a target \
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
                      now stands at a name that has the zone in it twice, where nobody looks.",
        fix: "Delete that record, and create it anew with the relative name.",
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
        title: "CNAME records lead in a circle",
        explanation: "Following the CNAME leads back to where it began. No resolver gets an answer for it.",
        fix: "Replace the record that closes the circle.",
    },
    Entry {
        check: Check::AliasChainTooLong,
        name: "alias-chain-too-long",
        area: Area::Delegation,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "Too many CNAME records in a row",
        explanation: "Resolvers stop following CNAMEs after a number of them: unbound, which Let's Encrypt uses, for \
                      years after 8. Beyond that it depends on the resolver whether the name exists.",
        fix: "Let the record lead straight to its target.",
    },
    Entry {
        check: Check::PersistentMissing,
        name: "persistent-missing",
        area: Area::Persistent,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The persistent record is missing",
        explanation: "This endpoint is proven by a TXT record that stays where it is (dns-persist-01): it lets the \
                      platform's account at the CA have certificates for the name. It is looked for at the name \
                      itself; an alias there is not followed, as not every CA does. Without it there is no certificate.",
        fix: "Create the TXT record.",
    },
    Entry {
        check: Check::PersistentElsewhere,
        name: "persistent-elsewhere",
        area: Area::Persistent,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The persistent record is another account's",
        explanation: "The TXT records at the name let another CA or another ACME account issue, or are no persistent \
                      records at all. The account is compared byte for byte: it is another one also when only the letter \
                      case or a slash at its end differs. Records of others do no harm beside the right one.",
        fix: "Create the TXT record with this installation's CA and account.",
    },
    Entry {
        check: Check::PersistentMalformed,
        name: "persistent-malformed",
        area: Area::Persistent,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The persistent record cannot be read",
        explanation: "The TXT record names the right CA, but is not written as the method wants it (RFC 8659 §4.2): a “;” \
                      at its end, a parameter that is there twice, a blank within a value, or no `accounturi`. A CA \
                      passes such a record over.",
        fix: "Replace the TXT record by the one that is shown, to the letter.",
    },
    Entry {
        check: Check::PersistentExpired,
        name: "persistent-expired",
        area: Area::Persistent,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The persistent record has run out",
        explanation: "The TXT record has an end (`persistUntil`, in seconds since 1970), which has passed, or passes before \
                      the next renewal. The platform asks for none: its owner wrote it.",
        fix: "Write a later `persistUntil`, or leave it out.",
    },
    Entry {
        check: Check::PersistentWildcard,
        name: "persistent-wildcard",
        area: Area::Persistent,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The persistent record does not cover the wildcard",
        explanation: "For a wildcard the TXT record must say `policy=wildcard`. Without it the record is good for the name \
                      alone, and an order for both fails.",
        fix: "Add `policy=wildcard` to the TXT record.",
    },
    Entry {
        check: Check::CaaForbids,
        name: "caa-forbids",
        area: Area::Caa,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "CAA forbids the CA",
        explanation: "CAA records say which CAs may issue for a domain (RFC 8659). The nearest ones, at the name, where \
                      it is an alias of another, or above it, do not allow this installation's CA; for a wildcard, \
                      `issuewild` goes before `issue`. A record with a slip in it allows nobody.",
        fix: "Add a CAA record that allows the CA, beside those that are there.",
    },
    Entry {
        check: Check::CaaAccount,
        name: "caa-account",
        area: Area::Caa,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "CAA allows another account only",
        explanation: "The CAA record allows the CA, but binds it to one ACME account by `accounturi` (RFC 8657). It is \
                      compared byte for byte. Added after the first certificate, it breaks the next renewal.",
        fix: "Write this installation's account URL into `accounturi`, or leave the parameter out.",
    },
    Entry {
        check: Check::CaaMethod,
        name: "caa-method",
        area: Area::Caa,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "CAA forbids the validation method",
        explanation: "The CAA record allows the CA, but `validationmethods` (RFC 8657) does not have the method by \
                      which this name is validated.",
        fix: "Add the method to `validationmethods`, or leave the parameter out.",
    },
    Entry {
        check: Check::CaaCritical,
        name: "caa-critical",
        area: Area::Caa,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "CAA has an unknown property that is critical",
        explanation: "A CAA record with the critical flag and a property that the CA does not know forbids it to issue \
                      (RFC 8659 §4.1). It is often a slip of the keyboard: `isue`, or 128 for the flag. Let's Encrypt \
                      takes 1 for that flag, too, and does not know `contactemail` and `contactphone`.",
        fix: "Correct the property's name, or set the flag to 0.",
    },
    Entry {
        check: Check::CaaUnanswered,
        name: "caa-unanswered",
        area: Area::Caa,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The question for CAA is not answered",
        explanation: "The name servers answer other questions, but not the one for CAA. A CA must take that for a \
                      refusal (RFC 8659 §4, BR 3.2.2.8). Old or home-made name servers fail at types they do not know.",
        fix: "Update the name server software or move the zone; “no CAA records” must be an answer, not an error.",
    },
    Entry {
        check: Check::TargetMissing,
        name: "target-missing",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::Operator,
        title: "The platform's own target has no address",
        explanation: "The host name that all external endpoints point at does not resolve. It is the installation's \
                      fault, not the customer's: hosts that point at it reach nothing.",
        fix: "Make the endpoint target (a parameter of the stack) resolve to the load balancer.",
    },
    Entry {
        check: Check::HostMissing,
        name: "host-missing",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The host has no record",
        explanation: "The host does not resolve, so neither visitors nor the CA reach the platform by it.",
        fix: "Create the host's record.",
    },
    Entry {
        check: Check::HostElsewhere,
        name: "host-elsewhere",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The host does not point at the platform",
        explanation: "The host leads to other servers. The CA would ask those for its proof, which only the platform has.",
        fix: "Point the host at the platform, and remove its other A and AAAA records.",
    },
    Entry {
        check: Check::HostIpv6Elsewhere,
        name: "host-ipv6-elsewhere",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The host's AAAA record points elsewhere",
        explanation: "Over IPv4 the host leads to the platform, over IPv6 it does not. CAs and most visitors try IPv6 \
                      first: the CA asks the other server, which does not have the proof.",
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
        fix: "Register the endpoint as internal, or give the host its public address.",
    },
    Entry {
        check: Check::HostProxied,
        name: "host-proxied",
        area: Area::Host,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The host is behind a CDN",
        explanation: "A CDN stands between the host and the platform: it answers instead of the platform, with a \
                      certificate of its own. While it passes `/.well-known/acme-challenge/` on, certificates can be \
                      had, until somebody changes a rule there.",
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
                      then the host leads nowhere; an alias follows by itself.",
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
    Entry {
        check: Check::HttpUnreachable,
        name: "http-unreachable",
        area: Area::Http,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The challenge path cannot be reached",
        explanation: "DNS is right, but no answer comes over HTTP at port 80, where every HTTP-01 validation begins \
                      (RFC 8555 §8.3). A firewall or an IP filter is the usual reason; CAs come from several networks \
                      and do not publish their addresses.",
        fix: "Open port 80 to everybody, or register the endpoint as internal.",
    },
    Entry {
        check: Check::HttpWrongAnswer,
        name: "http-wrong-answer",
        area: Area::Http,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "Something else answers at the challenge path",
        explanation: "The host answers over HTTP, but it is not the platform that does: a web server, a firewall's \
                      page or a catch-all rule takes `/.well-known/acme-challenge/` first.",
        fix: "Let the path through to the platform, or point the host straight at it.",
    },
    Entry {
        check: Check::HttpRedirected,
        name: "http-redirected",
        area: Area::Http,
        severity: Severity::Error,
        actor: WaitingOn::DomainOwner,
        title: "The challenge path is redirected away",
        explanation: "The CA follows redirects to other names at ports 80 and 443, ten at most, and then asks there \
                      for the proof. These lead to where the platform is not.",
        fix: "Except `/.well-known/acme-challenge/` from the redirect.",
    },
    Entry {
        check: Check::TlsUnreachable,
        name: "tls-unreachable",
        area: Area::Serving,
        severity: Severity::Warning,
        actor: WaitingOn::Operator,
        title: "The host does not speak TLS",
        explanation: "There is a certificate, but no TLS connection to the host can be made, so nobody is served by it.",
        fix: "Add an HTTPS listener with the certificate to the load balancer, and open port 443.",
    },
    Entry {
        check: Check::TlsOtherCertificate,
        name: "tls-other-certificate",
        area: Area::Serving,
        severity: Severity::Warning,
        actor: WaitingOn::Operator,
        title: "The host presents another certificate",
        explanation: "The certificate that visitors get is not the one in ACM, so renewals do not reach them: the one \
                      they get will expire.",
        fix: "Attach the certificate in ACM to the load balancer's HTTPS listener.",
    },
    Entry {
        check: Check::DomainLimit,
        name: "domain-limit",
        area: Area::Ca,
        severity: Severity::Error,
        actor: WaitingOn::Ca,
        title: "The registered domain is at its limit at the CA",
        explanation: "CAs limit the certificates for one registered domain, all accounts and names below it together. \
                      Renewals inside the CA's renewal window do not count.",
        fix: "It is tried again automatically when the CA allows. Put names of one domain into fewer certificates.",
    },
    Entry {
        check: Check::RateLimited,
        name: "rate-limited",
        area: Area::Ca,
        severity: Severity::Error,
        actor: WaitingOn::Ca,
        title: "A limit of the CA is spent",
        explanation: "The CA asks to come back later: too many orders, too many failed validations of the name, or \
                      too many requests.",
        fix: "It is tried again automatically when the CA allows.",
    },
    Entry {
        check: Check::NamePaused,
        name: "name-paused",
        area: Area::Ca,
        severity: Severity::Error,
        actor: WaitingOn::Operator,
        title: "The CA has paused the name",
        explanation: "After many failed validations in a row the CA takes no more orders for this name from this \
                      account, until somebody unpauses it. Waiting does not help.",
        fix: "Mend what the validations failed by, then open the CA's link and unpause.",
    },
    Entry {
        check: Check::OrderFailed,
        name: "order-failed",
        area: Area::Ca,
        severity: Severity::Error,
        actor: WaitingOn::Operator,
        title: "The order failed at the CA",
        explanation: "The CA looked, and said no. Its own words, with what its error type means (RFC 8555 §6.7).",
        fix: "As the error type says.",
    },
];
