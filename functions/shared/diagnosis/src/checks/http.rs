//! What answers at the challenge path.

use vocabulary::dns::owner_records::host_record;
use vocabulary::names::{CertificateName, DomainName};
use vocabulary::text::printable;

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::facts::{HttpObservation, ProbeAnswer, ProbeFault};
use crate::report::Finding;

/// What is wrong at the challenge path of `host`, whose record leads to `target`, when it answered `answer` after
/// `redirects` and that was not the platform's.
pub fn fault(host: &DomainName, target: &str, redirects: &[String], answer: &ProbeAnswer) -> Finding {
    let record = host_record(&CertificateName { base: host.clone(), wildcard: false }, target);
    let check = match answer {
        ProbeAnswer::Failed(ProbeFault::NotPublic(_)) => Check::HostPrivate,
        ProbeAnswer::Failed(ProbeFault::RefusedRedirect(_) | ProbeFault::TooManyRedirects(_)) => Check::HttpRedirected,
        _ if !redirects.is_empty() => Check::HttpRedirected,
        ProbeAnswer::Failed(_) => Check::HttpUnreachable,
        ProbeAnswer::Body(_) | ProbeAnswer::Status(_) => Check::HttpWrongAnswer,
    };
    let heard = describe(redirects, answer);
    let way = match check {
        Check::HttpRedirected => "Except /.well-known/acme-challenge/ from the redirect.",
        Check::HttpWrongAnswer => "Let /.well-known/acme-challenge/ through to the platform.",
        Check::HostPrivate => "Give the host a public address, or register the endpoint as internal.",
        _ => "Open port 80 to everybody, or register the endpoint as internal.",
    };
    let text = format!(
        "{way} Point the host straight at the platform: {} (and remove other A and AAAA records)",
        record.line()
    );
    let fix = Fix::of(text).with_record(record);
    let fix = fix.with_command(format!("curl -iL http://{host}/.well-known/acme-challenge/test"));
    check.finding(
        host.as_str(),
        format!("the platform's answer at http://{host}/.well-known/acme-challenge/"),
        format!("does not reach the platform: {heard}"),
        fix,
    )
}

/// What an observation heard, on one line.
pub(crate) fn heard(observation: &HttpObservation) -> String {
    describe(&observation.redirects, &observation.answer)
}

fn describe(redirects: &[String], answer: &ProbeAnswer) -> String {
    let end = match answer {
        ProbeAnswer::Body(body) => format!("it answered something else: “{}”", printable(body.trim(), 60)),
        ProbeAnswer::Status(status) => format!("it answered with HTTP status {status}"),
        ProbeAnswer::Failed(why) => why.to_string(),
    };
    match redirects {
        [] => end,
        some => format!("it redirects to {}, and there {end}", some.join(", then to ")),
    }
}
