//! Checks of the challenge path over HTTP and the certificate that is served.

use vocabulary::guidance::WaitingOn;

use crate::catalogue::check::{Area, Check, Entry};
use crate::report::Severity;

pub(super) const HTTP: [Entry; 5] = [
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
        fix: "Open port 80 to everybody, or have the platform make the endpoint internal.",
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
                      for the proof. These end where the platform is not.",
        fix: "Exclude /.well-known/acme-challenge/ from the redirect.",
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
        title: "The host serves a different certificate",
        explanation: "The certificate that visitors get is not the one in ACM, so renewals do not reach them: the one \
                      they get will expire.",
        fix: "Attach the certificate in ACM to the load balancer's HTTPS listener.",
    },
];
