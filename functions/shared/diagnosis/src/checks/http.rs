//! What answers at the challenge path.

use vocabulary::names::{CertificateName, DomainName};
use vocabulary::record::DnsRecord;
use vocabulary::text::printable;

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::facts::{HttpObservation, ProbeAnswer, ProbeFault};
use crate::http01::rules::LONGEST_BODY;
use crate::http01::{Mark, Refused};
use crate::report::Finding;
use crate::subject::Subject;

/// A host of an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Host<'a> {
    pub name: &'a DomainName,
    pub subject: &'a Subject,
}

impl Host<'_> {
    fn record(&self) -> DnsRecord {
        self.subject.host_record(&CertificateName { base: self.name.clone(), wildcard: false })
    }
}

/// What is wrong at the challenge path of `host`, which gave an unexpected answer.
pub fn fault(host: &Host<'_>, observed: &HttpObservation) -> Finding {
    let record = host.record();
    let check = match &observed.answer {
        _ if !observed.redirects.is_empty() => Check::HttpRedirected,
        ProbeAnswer::Failed(ProbeFault::NoAddress) => return missing(host, &record, "has no A, AAAA or CNAME record"),
        ProbeAnswer::Failed(ProbeFault::NotPublic(_)) => return private(&record, &heard(host.name, observed)),
        ProbeAnswer::Failed(_) => Check::HttpUnreachable,
        ProbeAnswer::Body(_) | ProbeAnswer::Status(_) => Check::HttpWrongAnswer,
    };
    let text = format!("{} The host's own record must be: {}", way_out(host.name, observed), record.line());
    let fix = Fix::of(text).with_record(record);
    let fix = fix.with_command(format!("curl -iL http://{}/.well-known/acme-challenge/test", host.name));
    check.finding(
        host.name.as_str(),
        format!("the platform's answer at http://{}/.well-known/acme-challenge/", host.name),
        format!("does not give the platform's answer: {}", heard(host.name, observed)),
        fix,
    )
}

pub(crate) const CREATE: &str = "Create this DNS record";

/// The host has no record: `found` says how it is missing.
pub(crate) fn missing(host: &Host<'_>, record: &DnsRecord, found: &str) -> Finding {
    let mut text = format!("{CREATE}: {}", record.line());
    if let Some(command) = take_off(host) {
        text = format!("{text}. Or have the platform take the name off the certificate: {command}");
    }
    Check::HostMissing.finding(&record.name, expected(record), found, Fix::of(text).with_record(record.clone()))
}

/// All addresses of the host are private.
pub(crate) fn private(record: &DnsRecord, heard: &str) -> Finding {
    let text = format!(
        "Point the host at the platform, or have the platform make the endpoint internal, which needs no public \
         address: {}",
        record.line()
    );
    let fix = Fix::of(text).with_record(record.clone());
    Check::HostPrivate.finding(&record.name, expected(record), format!("cannot be reached: {heard}"), fix)
}

pub(crate) fn expected(record: &DnsRecord) -> String {
    format!("{} {}", record.kind, record.value)
}

/// Additional names with which a command is still readable.
const MOST_SHOWN: usize = 3;

/// The command that removes the host's name from the certificate; the first name cannot be removed.
fn take_off(host: &Host<'_>) -> Option<String> {
    let primary = host.subject.names.primary();
    let is_host = |name: &CertificateName| !name.wildcard && name.base == *host.name;
    if is_host(primary) || !host.subject.names.iter().any(is_host) {
        return None;
    }
    let stay: Vec<String> =
        host.subject.names.iter().skip(1).filter(|name| !is_host(name)).map(ToString::to_string).collect();
    let flags = match stay.len() {
        0 => "--no-also".to_owned(),
        1..=MOST_SHOWN => stay.iter().map(|name| format!("--name '{name}'")).collect::<Vec<_>>().join(" "),
        _ => "--name NAME (once for each name that stays)".to_owned(),
    };
    Some(format!("managed-https change '{primary}' {flags}"))
}

/// What the operator of the server can do.
pub(crate) fn way_out(host: &DomainName, observed: &HttpObservation) -> String {
    const EXCEPT: &str = "Exclude /.well-known/acme-challenge/ from the redirect.";
    if let (ProbeAnswer::Failed(ProbeFault::RefusedRedirect(Refused::MissingSlash)), Some(last)) =
        (&observed.answer, observed.redirects.last())
    {
        let meant = last.host.trim_end_matches(".well-known");
        return format!("Write a / at the end of the redirect's target: https://{meant}/.");
    }
    match &observed.answer {
        ProbeAnswer::Failed(ProbeFault::RefusedRedirect(Refused::Status)) => {
            format!("Redirect with status 301, 302, 307 or 308. Or: {EXCEPT}")
        }
        _ if !observed.redirects.is_empty() => EXCEPT.to_owned(),
        ProbeAnswer::Failed(_) => {
            "Open port 80 to everybody, or have the platform make the endpoint internal.".to_owned()
        }
        _ if observed.lacks_location() => "Send the redirect's target in the header Location.".to_owned(),
        _ => match &observed.mark {
            Some(Mark::OtherHost(_)) => format!("Let the proxy pass the header Host on unchanged: {host}."),
            Some(Mark::OtherPath) => "Let the proxy pass the path on unchanged.".to_owned(),
            _ => "Let /.well-known/acme-challenge/ through to the platform, unchanged.".to_owned(),
        },
    }
}

/// What the fetch received, on one line: each redirect, and the end.
pub(crate) fn heard(host: &DomainName, observed: &HttpObservation) -> String {
    let ProbeAnswer::Failed(ProbeFault::RefusedRedirect(why)) = &observed.answer else {
        return followed(host, observed);
    };
    format!("{}, which the CA does not follow: {why}", way(observed))
}

fn followed(host: &DomainName, observed: &HttpObservation) -> String {
    let Some(last) = observed.redirects.last() else { return end(host, "it", observed) };
    format!("{}, and {}", way(observed), end(host, &last.host, observed))
}

fn way(observed: &HttpObservation) -> String {
    let hops = observed.redirects.iter().map(|hop| format!("({}) to {}", hop.status, hop.to));
    format!("it redirects {}", hops.collect::<Vec<_>>().join(", then "))
}

/// How `who`, the last host on the way, ended it.
fn end(host: &DomainName, who: &str, observed: &HttpObservation) -> String {
    let plain = match &observed.answer {
        ProbeAnswer::Failed(why) => return why.of(who),
        ProbeAnswer::Status(status) if observed.lacks_location() => {
            return format!("{who} answered with HTTP status {status} without a Location");
        }
        ProbeAnswer::Status(status) => format!("HTTP status {status}"),
        ProbeAnswer::Body(body) => difference(body, &observed.expected),
    };
    match &observed.mark {
        Some(Mark::OtherHost(other)) => {
            format!(
                "there the platform answered for {other} instead of {host}, whose token is not found there ({plain})"
            )
        }
        Some(Mark::OtherPath) => format!("the platform was asked for another path ({plain})"),
        _ => format!("{who} answered with {plain}"),
    }
}

/// How a body differs from the expected one.
fn difference(body: &str, expected: &str) -> String {
    if body.trim().is_empty() {
        return "an empty body".into();
    }
    match body.split_once(expected) {
        Some(("", rest)) if rest.trim().is_empty() => {
            format!("the right text and too much white space after it: a CA reads {} octets at most", LONGEST_BODY - 1)
        }
        Some(("", rest)) => format!("the right text and something after it: “{}”", printable(rest.trim_end(), 40)),
        Some(("\u{feff}", _)) => "a byte order mark (U+FEFF) before the right text".into(),
        Some((before, _)) => format!("something before the right text: “{}”", printable(before, 40)),
        None => format!("something else: “{}”", printable(body.trim(), 60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http01::Redirect;
    use crate::subject::testing::external;

    fn observed(answer: ProbeAnswer, redirects: &[(u16, &str, &str)]) -> HttpObservation {
        let redirects = redirects.iter().map(|(status, to, host)| Redirect {
            status: *status,
            to: (*to).to_owned(),
            host: (*host).to_owned(),
        });
        HttpObservation {
            redirects: redirects.collect(),
            answer,
            mark: None,
            fallback: None,
            expected: "t.thumb".into(),
        }
    }

    fn failed(fault: ProbeFault) -> ProbeAnswer {
        ProbeAnswer::Failed(fault)
    }

    /// Check, what the summary must say, what the next step must say.
    fn assert_said(observed: &HttpObservation, check: Check, summary: &str, step: &str) {
        let subject = external("shop.example.com", &[]);
        let finding = fault(&Host { name: &subject.names.primary().base, subject: &subject }, observed);
        assert_eq!(finding.check, check.name(), "{finding:#?}");
        assert!(finding.guidance.summary.contains(summary), "{summary}: {}", finding.guidance.summary);
        assert!(finding.guidance.next_step().contains(step), "{step}: {}", finding.guidance.next_step());
        let record = "shop.example.com CNAME edge.platform.example";
        assert!(finding.guidance.next_step().contains(record), "{}", finding.guidance.next_step());
    }

    #[test]
    fn each_answer_of_a_host_is_reported_with_its_next_step() {
        let away = [(301, "http://www.example.net/moved", "www.example.net")];
        let assert = assert_said;
        assert(
            &observed(failed(ProbeFault::NoAddress), &[]),
            Check::HostMissing,
            "has no A, AAAA or CNAME record",
            "Create this DNS record",
        );
        let private = failed(ProbeFault::NotPublic(vec!["10.1.2.3".parse().expect("an address")]));
        assert(
            &observed(private.clone(), &[]),
            Check::HostPrivate,
            "it has only the private address 10.1.2.3",
            "internal",
        );
        assert(
            &observed(private, &[(302, "http://intern.example.net/", "intern.example.net")]),
            Check::HttpRedirected,
            "it redirects (302) to http://intern.example.net/, and intern.example.net has only the private address 10.1.2.3",
            "Exclude /.well-known/acme-challenge/",
        );
        assert(
            &observed(failed(ProbeFault::TimedOut(10)), &[]),
            Check::HttpUnreachable,
            "did not answer within 10 s",
            "port 80",
        );
        assert(
            &observed(ProbeAnswer::Status(404), &away),
            Check::HttpRedirected,
            "it redirects (301) to http://www.example.net/moved, and www.example.net answered with HTTP status 404",
            "Exclude",
        );
        assert(
            &observed(ProbeAnswer::Status(302), &[]),
            Check::HttpWrongAnswer,
            "HTTP status 302 without a Location",
            "header Location",
        );
        assert(
            &observed(failed(ProbeFault::RefusedRedirect(Refused::Status)), &[(303, "http://x.example/", "x.example")]),
            Check::HttpRedirected,
            "it redirects (303) to http://x.example/, which the CA does not follow: CAs follow redirects with status 301,",
            "Redirect with status 301",
        );
        let to = "https://www.example.com.well-known/acme-challenge/…";
        assert(
            &observed(
                failed(ProbeFault::RefusedRedirect(Refused::MissingSlash)),
                &[(301, to, "www.example.com.well-known")],
            ),
            Check::HttpRedirected,
            "https://www.example.com.well-known/acme-challenge/…, which the CA does not follow: a / is missing",
            "Write a / at the end of the redirect's target: https://www.example.com/.",
        );
    }

    #[test]
    fn a_chain_of_redirects_is_reported_with_the_last_host_and_its_answer() {
        let twice =
            [(301, "http://www.example.com/", "www.example.com"), (302, "http://cdn.example.net/x", "cdn.example.net")];
        let way = "it redirects (301) to http://www.example.com/, then (302) to http://cdn.example.net/x";
        for (answer, end) in [
            (failed(ProbeFault::TimedOut(10)), "cdn.example.net did not answer within 10 seconds"),
            (failed(ProbeFault::Broken("the body ended early".into())), "the body ended early"),
            (failed(ProbeFault::NoConnection("connection refused".into())), "connection refused"),
            (failed(ProbeFault::NoAddress), "cdn.example.net has no"),
            (ProbeAnswer::Status(502), "cdn.example.net answered with HTTP status 502"),
            (ProbeAnswer::Body(String::new()), "cdn.example.net answered with an empty body"),
            (ProbeAnswer::Body("t.other".into()), "cdn.example.net answered with something else: “t.other”"),
        ] {
            let said = heard(&"shop.example.com".parse().expect("a name"), &observed(answer, &twice));
            assert!(said.starts_with(way) && said.contains(end), "{end}: {said}");
        }
    }

    #[test]
    fn an_answer_of_the_platform_for_another_host_or_path_is_recognised() {
        let mark = |answer, redirects: &[(u16, &str, &str)], mark| HttpObservation {
            mark: Some(mark),
            ..observed(answer, redirects)
        };
        let other = Mark::OtherHost("www.example.com".into());
        assert_said(
            &mark(ProbeAnswer::Status(404), &[(301, "http://www.example.com/", "www.example.com")], other.clone()),
            Check::HttpRedirected,
            "there the platform answered for www.example.com instead of shop.example.com, whose token is not found there",
            "Exclude /.well-known/acme-challenge/",
        );
        assert_said(
            &mark(ProbeAnswer::Status(404), &[], other),
            Check::HttpWrongAnswer,
            "for www.example.com",
            "header Host",
        );
        assert_said(
            &mark(ProbeAnswer::Status(404), &[], Mark::OtherPath),
            Check::HttpWrongAnswer,
            "asked for another path",
            "pass the path on",
        );
    }

    #[test]
    fn a_body_is_compared_as_the_ca_compares_it_and_the_difference_is_named() {
        let body = |text: &str| observed(ProbeAnswer::Body(text.into()), &[]);
        for right in ["t.thumb", "t.thumb\n", "t.thumb \r\n\t "] {
            assert!(body(right).is_as_expected(), "{right:?}");
        }
        let padded = format!("t.thumb{}", " ".repeat(LONGEST_BODY));
        for (wrong, said) in [
            (" t.thumb", "something before the right text: “ ”"),
            ("\u{feff}t.thumb", "a byte order mark (U+FEFF) before the right text"),
            ("t.thumb!", "something after it: “!”"),
            ("hello", "something else: “hello”"),
            ("", "an empty body"),
            (padded.as_str(), "too much white space after it"),
        ] {
            assert!(!body(wrong).is_as_expected(), "{wrong:?}");
            assert_said(&body(wrong), Check::HttpWrongAnswer, said, "unchanged");
        }
    }

    #[test]
    fn one_of_several_names_can_be_taken_off() {
        let said = |names: &[&str], host: &str| {
            let also: Vec<String> = names[1..].iter().map(ToString::to_string).collect();
            let (subject, name) = (external(names[0], &also), host.parse().expect("a name"));
            fault(&Host { name: &name, subject: &subject }, &observed(failed(ProbeFault::NoAddress), &[]))
                .guidance
                .next_step()
                .to_owned()
        };
        assert!(
            said(&["a.example.com", "b.example.com"], "b.example.com").ends_with("change 'a.example.com' --no-also")
        );
        let three = ["a.example.com", "b.example.com", "c.example.com"];
        assert!(said(&three, "b.example.com").ends_with("change 'a.example.com' --name 'c.example.com'"));
        assert!(!said(&three, "a.example.com").contains("change"), "the endpoint goes by the first name");
        assert!(!said(&["a.example.com"], "a.example.com").contains("change"));
    }
}
