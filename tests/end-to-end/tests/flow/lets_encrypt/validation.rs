//! How the CA validates, by Boulder's rules: redirects, several perspectives, CAA. What we check and report is the same.

use std::collections::BTreeMap;

use boulder::{WebAnswer, http01};
use diagnosis::http01::reserved::is_reserved;
use diagnosis::http01::rules::{Hop, LONGEST_BODY, Way, next};
use url::Url;
use vocabulary::acme::Reachability;
use vocabulary::failure::FailureName;
use vocabulary::guidance::WaitingOn;

use super::{Fixture, failing, run};
use crate::is_settled;

/// What hosts answer, by URL: status, Location, body.
type Hosts = BTreeMap<String, (u16, Option<String>, String)>;

const NAME: &str = "www.example.com";
const FIRST: &str = "http://www.example.com/.well-known/acme-challenge/token";
const PROOF: &str = "token.thumbprint";

fn request(hosts: &Hosts, url: &Url) -> Option<WebAnswer> {
    let (status, location, body) = hosts.get(url.as_str())?.clone();
    Some(WebAnswer { status, location, body })
}

/// Whether our check before the order takes it for proven.
fn our_check(hosts: &Hosts) -> bool {
    let mut requested = vec![Url::parse(FIRST).expect("a URL")];
    loop {
        let Some(answer) = request(hosts, requested.last().expect("one")) else { return false };
        let way = Way { asked: &requested, http_port: 80, is_reserved: &is_reserved };
        match next(&way, answer.status, answer.location.as_deref()) {
            Hop::Follow(url) => requested.push(url),
            Hop::Refuse(..) => return false,
            Hop::End => {
                let fits = answer.body.len() < LONGEST_BODY && answer.body.trim_end() == PROOF;
                return answer.status == 200 && fits;
            }
        }
    }
}

/// `hops` redirects, then the proof.
fn chain(hops: usize) -> Hosts {
    let url = |number: usize| if number == 0 { FIRST.to_owned() } else { format!("https://n{number}.example.com/x") };
    let redirects = (0..hops).map(|number| (url(number), (301, Some(url(number + 1)), String::new())));
    redirects.chain([(url(hops), (200, None, PROOF.to_owned()))]).collect()
}

/// One redirect, and the proof wherever it leads.
fn redirect(status: u16, location: &str, target: &str) -> Hosts {
    Hosts::from([
        (FIRST.to_owned(), (status, Some(location.to_owned()), String::new())),
        (target.to_owned(), (200, None, PROOF.to_owned())),
    ])
}

#[test]
fn our_check_follows_redirects_as_the_ca_does() {
    let long = |octets: usize| format!("https://edge.example.net/{}", "x".repeat(octets - 1));
    let answer = |status, body: &str| Hosts::from([(FIRST.to_owned(), (status, None, body.to_owned()))]);
    let to = |location: &str| redirect(302, location, location);
    let mut cases = vec![
        (answer(200, PROOF), true),
        (answer(200, &format!("{PROOF} \n\n")), true),
        (answer(200, &format!("{PROOF}{}", " ".repeat(LONGEST_BODY))), false),
        (answer(200, "another"), false),
        (answer(404, PROOF), false),
        (answer(201, PROOF), false),
        (Hosts::new(), false),
        (to("https://edge.example.net/x"), true),
        (to("https://edge.example.net:80/x"), true),
        (to("https://edge.example.net:8443/x"), false),
        (to("ftp://edge.example.net/x"), false),
        (to("https://93.184.216.34/x"), true),
        (to("http://10.0.0.7/x"), false),
        (to("http://127.0.0.1/x"), false),
        (to("http://[fd00::1]/x"), false),
        (to("https://www.example.com.well-known/acme-challenge/token"), false),
        (to(&long(2000)), true),
        (to(&long(2001)), false),
        (redirect(302, "/elsewhere", "http://www.example.com/elsewhere"), true),
        (redirect(302, "HTTPS://Edge.Example.NET/x", "https://edge.example.net/x"), true),
        (Hosts::from([(FIRST.to_owned(), (302, Some(FIRST.to_owned()), PROOF.to_owned()))]), false),
    ];
    for (status, followed) in
        [(301, true), (302, true), (307, true), (308, true), (300, false), (303, false), (304, false)]
    {
        cases.push((redirect(status, "https://edge.example.net/x", "https://edge.example.net/x"), followed));
    }
    for hops in [1, 9, 10, 11, 12] {
        cases.push((chain(hops), hops <= 11));
    }
    for (hosts, expected) in cases {
        let by_the_ca = http01(&|url| request(&hosts, url), NAME, "token", PROOF);
        assert_eq!((by_the_ca.is_ok(), our_check(&hosts)), (expected, expected), "{hosts:?}: {by_the_ca:?}");
    }
}

/// Two attempts: what the CA does not see once may be chance.
async fn fails_twice(fixture: &Fixture, id: &vocabulary::names::EndpointId, words: &str) {
    for waiting_on in [WaitingOn::Nobody, WaitingOn::DomainOwner] {
        let endpoint = fixture.next(id).await;
        let failure = failing(&endpoint);
        assert_eq!((failure.name, failure.waiting_on()), (FailureName::ChallengeFailed, waiting_on), "{failure:?}");
        assert!(failure.guidance.summary.contains(words), "{words}: {failure}");
    }
}

#[test]
fn a_host_that_redirects_is_validated_where_the_ca_follows_and_reported_where_it_does_not() {
    run(async |fixture| {
        let refused = [
            (303, "https://edge.example.net", "received disallowed redirect status code"),
            (302, "https://edge.example.net:8443", "Only ports 80 and 443 are supported, not 8443"),
            (302, "http://10.0.0.7", "IP address is in a reserved address block"),
            (302, "https://www.example.com.well-known", "Check webserver config for missing '/'"),
        ];
        for (number, (status, target, words)) in refused.into_iter().enumerate() {
            let domain = format!("n{number}.example.com");
            let id = fixture.register_as(Reachability::External, number as u128 + 1, &domain, &[]).await;
            fixture.internet(|internet| {
                internet.redirects.insert(domain.clone(), (status, target.to_owned()));
            });
            fails_twice(&fixture, &id, words).await;
            fixture.internet(|internet| {
                internet.redirects.insert(domain, (308, "https://edge.example.net".to_owned()));
            });
            fixture.simulation.run_until(&id, is_settled).await;
        }
    });
}

#[test]
fn one_perspective_that_fails_is_outvoted_and_two_are_reported_with_the_reason() {
    run(async |fixture| {
        fixture.internet(|internet| {
            internet.cut_off.insert(2);
        });
        fixture.issued(1, "first.example.com").await;
        fixture.internet(|internet| {
            internet.cut_off.insert(4);
        });
        let id = fixture.register_as(Reachability::External, 2, "second.example.com", &[]).await;
        fails_twice(&fixture, &id, "During secondary validation: 198.51.100.7: Timeout").await;
        let endpoint = fixture.endpoint(&id).await;
        let action = failing(&endpoint).guidance.action.clone().expect("the domain owner can act");
        assert!(action.contains("several networks") && action.contains("geographic block"), "{action}");
        // The first perspective sees the same as our own check, so that this one alone has other words.
        fixture.internet(|internet| internet.cut_off = [0].into());
        let endpoint = fixture.next(&id).await;
        let action = failing(&endpoint).guidance.action.clone().expect("the domain owner can act");
        assert!(action.contains("port 80"), "{action}");
        fixture.internet(|internet| internet.cut_off.clear());
        fixture.simulation.run_until(&id, is_settled).await;
    });
}

#[test]
fn caa_that_forbids_waits_on_the_domain_owner_at_validation_and_at_finalize() {
    run(async |fixture| {
        for (number, at_validation) in [true, false].into_iter().enumerate() {
            let domain = format!("n{number}.example.com");
            let id = fixture.register(number as u128 + 1, &domain, &[]).await;
            let forbid = |forbidden: bool| {
                fixture.ca.set(|knobs| {
                    let names = match at_validation {
                        true => &mut knobs.caa_forbids_validation,
                        false => &mut knobs.caa_forbids,
                    };
                    names.clear();
                    names.extend(forbidden.then(|| domain.clone()));
                });
            };
            forbid(true);
            let endpoint = fixture.next(&id).await;
            let failure = failing(&endpoint);
            let name = if at_validation { FailureName::ChallengeFailed } else { FailureName::CaRefused };
            assert_eq!((failure.name, failure.waiting_on()), (name, WaitingOn::DomainOwner), "{failure:?}");
            let action = failure.guidance.action.as_ref().expect("the domain owner can act");
            assert!(action.contains("CAA") && failure.guidance.summary.contains("prevents issuance"), "{failure:?}");
            forbid(false);
            fixture.simulation.run_until(&id, is_settled).await;
        }
    });
}
