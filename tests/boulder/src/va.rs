//! Validation: HTTP-01 by the rules of Boulder's `va/http.go`, CAA, and several perspectives (`va.doRemoteOperation`).
//!
//! Written from Boulder's source of August 2026 and not from ours, so that the two can be compared.

use std::net::IpAddr;

use url::{Host, Url};

use crate::answer::Problem;
use crate::state::{Lookup, State};

/// `maxRedirect`; it is compared before it is counted up.
const MOST_REDIRECTS: usize = 10;
/// `maxResponseSize`.
const LARGEST_BODY: usize = 128;
/// `maxPathSize`.
const LONGEST_PATH: usize = 2000;
/// `maxRemoteFailures` of Let's Encrypt, with four remote perspectives.
const REMOTE_FAILURES: usize = 1;

/// What a host answers.
#[derive(Clone, Debug)]
pub struct WebAnswer {
    pub status: u16,
    pub location: Option<String>,
    pub body: String,
}

/// All hosts, by URL; `None` where nobody listens.
pub type Web<'a> = &'a dyn Fn(&Url) -> Option<WebAnswer>;

fn connection(detail: impl Into<String>) -> Problem {
    Problem::new(400, "connection", detail)
}

/// `va.validateHTTP01`. Each host has this one address.
pub fn http01(web: Web<'_>, name: &str, token: &str, expected: &str) -> Result<(), Problem> {
    const ADDRESS: &str = "203.0.113.10";
    let first = format!("http://{name}/.well-known/acme-challenge/{token}");
    let mut asked = vec![Url::parse(&first).expect("a name makes a URL")];
    let answer = loop {
        let at = asked.last().expect("one was asked");
        let failed = |problem: Problem, url: &str| Problem {
            detail: format!("{ADDRESS}: Fetching {url}: {}", problem.detail),
            ..problem
        };
        let Some(answer) = web(at) else {
            return Err(failed(connection("Connection refused"), at.as_str()));
        };
        // Go's client: these are redirects if they say where to, and all others are answers.
        let is_redirect = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
        let Some(location) = answer.location.clone().filter(|location| is_redirect && !location.is_empty()) else {
            break answer;
        };
        let to = at.join(&location).map_err(|_| failed(connection("Error getting validation data"), &location))?;
        redirect(&asked, answer.status, &to).map_err(|why| failed(connection(why), &location))?;
        asked.push(to);
    };
    let last = asked.last().expect("one was asked");
    if answer.status != 200 {
        let detail = format!("{ADDRESS}: Invalid response from {last}: {}", answer.status);
        return Err(Problem::new(403, "unauthorized", detail));
    }
    let body: String = answer.body.chars().take(LARGEST_BODY).collect();
    if body.len() >= LARGEST_BODY {
        let detail = format!("{ADDRESS}: Invalid response from {last}: {body:?}");
        return Err(Problem::new(403, "unauthorized", detail));
    }
    let body = body.trim_end();
    if body != expected {
        let detail = format!(
            "The key authorization file from the server did not match this challenge. Expected {expected:?} (got {body:?})"
        );
        return Err(Problem::new(403, "unauthorized", detail));
    }
    Ok(())
}

/// `processRedirect` and `extractRequestTarget`: why it is not followed.
fn redirect(asked: &[Url], status: u16, to: &Url) -> Result<(), String> {
    if asked.len() - 1 > MOST_REDIRECTS {
        return Err("Too many redirects".into());
    }
    if ![301, 302, 307, 308].contains(&status) {
        return Err("received disallowed redirect status code".into());
    }
    if !["http", "https"].contains(&to.scheme()) {
        return Err(format!(
            "Invalid protocol scheme in redirect target. Only \"http\" and \"https\" protocol schemes are supported, not {:?}",
            to.scheme()
        ));
    }
    if let Some(port) = to.port().filter(|port| ![80, 443].contains(port)) {
        return Err(format!("Invalid port in redirect target. Only ports 80 and 443 are supported, not {port}"));
    }
    match to.host() {
        None => return Err("Invalid empty host in redirect target".into()),
        Some(Host::Domain(host)) if host.ends_with(".well-known") => {
            return Err(format!(
                "Invalid host in redirect target {host:?}. Check webserver config for missing '/' in redirect target."
            ));
        }
        Some(Host::Domain(_)) => {}
        Some(Host::Ipv4(address)) => not_reserved(address.into())?,
        Some(Host::Ipv6(address)) => not_reserved(address.into())?,
    }
    if to.path().len() > LONGEST_PATH {
        return Err("Redirect target too long".into());
    }
    match asked.contains(to) {
        true => Err("Redirect loop detected".into()),
        false => Ok(()),
    }
}

/// `iana.IsReservedAddr`, as far as tests come.
fn not_reserved(address: IpAddr) -> Result<(), String> {
    let reserved = match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_documentation(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.segments()[0] & 0xfe00 == 0xfc00,
    };
    match reserved {
        true => Err(format!("Invalid host in redirect target: IP address is in a reserved address block: {address}")),
        false => Ok(()),
    }
}

impl State {
    /// `ra.checkDCVAndCAA`: the primary perspective, then the remote ones if it is content, then CAA.
    pub(crate) fn validate(&self, lookup: &Lookup) -> Result<(), Problem> {
        if self.knobs.validation_down {
            return Err(Problem::new(500, "serverInternal", "Could not communicate with VA"));
        }
        let seen_from = |perspective: usize| (self.validator)(&Lookup { perspective, ..lookup.clone() });
        seen_from(0)?;
        let failed: Vec<_> =
            (1..=self.knobs.remote_perspectives).filter_map(|remote| seen_from(remote).err()).collect();
        if failed.len() > REMOTE_FAILURES {
            let first = failed.into_iter().next().expect("some failed");
            return Err(Problem { detail: format!("During secondary validation: {}", first.detail), ..first });
        }
        match self.knobs.caa_forbids_validation.contains(&lookup.name) {
            true => Err(caa_forbids(&lookup.name)),
            false => Ok(()),
        }
    }
}

/// `va.DoCAA`.
pub(crate) fn caa_forbids(name: &str) -> Problem {
    let detail = format!("While processing CAA for {name}: CAA record for {name} prevents issuance");
    Problem::new(403, "caa", detail)
}
