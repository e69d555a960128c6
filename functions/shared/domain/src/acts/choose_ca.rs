//! The CAs of an installation: the first one, and the fallback CAs.

use time::{Duration, OffsetDateTime};
use vocabulary::acme::directory::host;
use vocabulary::acme::{ChallengeKind, Challenges, OpenOrder};
use vocabulary::dns::caa::judge;
use vocabulary::dns::{CaaFault, CaaLevel, Issuer};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::CertificateName;

use crate::acts::take_tokens::Pace;
use crate::endpoint::endpoint::Endpoint;
use crate::ports::certificate_authority::CertificateAuthority;

/// How often a step tries a CA that does not answer before it uses the next one: the flow repeats the step, so this takes a few
/// seconds, and a brief outage does not make it change the CA.
pub const TRIES: u32 = 3;

/// A CA that says when to come back is waited for up to this long; the next attempt is a minute away in any case.
const SHORT_WAIT: Duration = Duration::MINUTE;

/// One CA, with what decisions need to know about it.
#[derive(Clone, Debug)]
pub struct Authority {
    /// URL of its directory, which names it.
    pub directory: String,
    /// The CA's names in CAA records.
    pub issuer: Issuer,
    pub pace: Pace,
}

impl Authority {
    /// For people: `acme-v02.api.letsencrypt.org`.
    pub fn host(&self) -> &str {
        host(&self.directory)
    }
}

/// CAs in order of preference. At least one, and none twice.
#[derive(Clone, Debug)]
pub struct Authorities(Vec<Authority>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the CA with the directory {0} is listed twice")]
pub struct ListedTwice(String);

impl Authorities {
    pub fn new(first: Authority, further: impl IntoIterator<Item = Authority>) -> Result<Self, ListedTwice> {
        let mut all = vec![first];
        for authority in further {
            if all.iter().any(|known| known.directory == authority.directory) {
                return Err(ListedTwice(authority.directory));
            }
            all.push(authority);
        }
        Ok(Self(all))
    }

    /// The preferred CA.
    pub fn first(&self) -> &Authority {
        &self.0[0]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Authority> {
        self.0.iter()
    }

    /// All CAs, in the order in which an attempt at `endpoint` uses them at `now`.
    ///
    /// Begins with the first one; but an attempt continues an open order at its CA, unless that CA made the last attempt fail:
    /// then it begins with the next CA, even if the order ended by that failure.
    ///
    /// A persistent record names the first CA and our account there, so no fallback CA can be used where one is needed.
    pub fn in_turn(&self, endpoint: &Endpoint, challenges: &Challenges, now: OffsetDateTime) -> Vec<&Authority> {
        let stands = |name| challenges.of(name) == ChallengeKind::DnsPersist01;
        if endpoint.names.iter().any(stands) {
            return vec![self.first()];
        }
        let at_order = endpoint.order.as_ref().and_then(|order| {
            self.0.iter().position(|authority| order.is_usable(&authority.directory, &endpoint.names, now))
        });
        let by_the_ca = endpoint.failing.as_ref().filter(|failing| is_of_the_ca(&failing.failure));
        let failed_at = by_the_ca.and_then(|failing| failing.directory.as_deref());
        let place_of = |directory: &str| self.0.iter().position(|authority| authority.directory == directory);
        let begin = match at_order {
            Some(place) if by_the_ca.is_some() => place + 1,
            Some(place) => place,
            None => failed_at.and_then(place_of).map_or(0, |place| place + 1),
        };
        (0..self.0.len()).map(|step| &self.0[(begin + step) % self.0.len()]).collect()
    }
}

/// Whether the CA caused it, and it will pass.
fn is_of_the_ca(failure: &Failure) -> bool {
    let passes = matches!(
        failure.name,
        FailureName::Unavailable | FailureName::CaUnavailable | FailureName::RateLimited | FailureName::TimedOut
    );
    passes && failure.waiting_on() == WaitingOn::Ca
}

/// Whether to use the next CA after this one failed with `failure` for the `tries`th consecutive time, at `now`.
pub fn asks_the_next(failure: &Failure, tries: u32, now: OffsetDateTime) -> bool {
    if !is_of_the_ca(failure) {
        return false;
    }
    match (failure.name, failure.retry_after) {
        (FailureName::Unavailable, _) => tries >= TRIES,
        (_, Some(at)) => at - now > SHORT_WAIT,
        (_, None) => true,
    }
}

/// Why the CAA records of a name do not allow `authority` as a fallback CA; `None` if they do.
///
/// Stricter than a check of the first CA: whatever is uncertain (a server that does not answer, an account that is not known
/// here) excludes the CA, as it is only a fallback.
pub fn keeps_out(
    authority: &Authority,
    challenges: &Challenges,
    name: &CertificateName,
    levels: &[CaaLevel],
) -> Option<String> {
    let method = challenges.of(name);
    let refusal = judge(name.wildcard, method, levels, &authority.issuer).err()?;
    let at = refusal.level.at();
    Some(match refusal.fault {
        CaaFault::Unanswered { why } => format!("the CAA records of {at} could not be read: {why}"),
        _ => format!("the CAA records of {at} do not allow it"),
    })
}

/// Our failure if the fallback CAs did not help either: the first CA's, with the results of the `others`, each with why it was
/// not used or how it failed.
///
/// It is retried when the first CA may be used again, which every attempt does: a wait that it names is kept.
pub fn all_failed(first: Failure, others: Vec<(&Authority, Passed)>) -> Failure {
    let mut all = first;
    for (authority, passed) in others {
        let host = authority.host();
        match passed {
            Passed::Over(why) => all.guidance.summary.push_str(&format!(" {host} was not asked in its place: {why}.")),
            Passed::Failed(failure) => {
                all.guidance.summary.push_str(&format!(" Then {host} was asked: {}", failure.guidance.summary))
            }
        }
    }
    all
}

/// The result of a fallback CA.
#[derive(Clone, Debug)]
pub enum Passed {
    /// It was not used, and why.
    Over(String),
    Failed(Failure),
}

/// The one of `authorities` that has `order`.
///
/// # Errors
///
/// [`FailureName::OrderLost`] if none has it: the installation has another CA now.
pub fn authority_of<'a, C: CertificateAuthority>(authorities: &'a [C], order: &OpenOrder) -> Result<&'a C, Failure> {
    authorities.iter().find(|authority| authority.directory() == order.directory).ok_or_else(|| {
        Failure::without_action(
            FailureName::OrderLost,
            WaitingOn::Nobody,
            format!(
                "The order is at {}, which is none of this installation's CAs any more. A new one is made automatically.",
                host(&order.directory)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acts::take_tokens::TENANT_SHARE;
    use crate::endpoint::failing::Failing;
    use time::macros::datetime;
    use vocabulary::acme::{CaLimits, OpenOrder, OrderStatus, Reachability};
    use vocabulary::dns::{Answer, Unanswered};
    use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    const URLS: [&str; 3] = ["https://first.example/dir", "https://second.example/dir", "https://third.example/dir"];

    fn authority(url: &str) -> Authority {
        Authority {
            directory: url.into(),
            issuer: Issuer { identities: vec![host(url).into()], account: None },
            pace: Pace { limits: CaLimits::default(), tenant_share: TENANT_SHARE },
        }
    }

    fn three() -> Authorities {
        Authorities::new(authority(URLS[0]), URLS[1..].iter().map(|url| authority(url))).expect("each once")
    }

    fn endpoint() -> Endpoint {
        Endpoint::register(
            EndpointId::from_random([1; 16]),
            "acme".parse().expect("valid"),
            EndpointNames::parse("shop.example.com", &[], 9).expect("valid"),
            Reachability::Internal,
            DelegationLabel::from_random([2; 16]),
            NOW,
        )
    }

    /// With an open order at `directory`, after a failure with `name` by `actor`.
    fn ordering(directory: &str, failed: Option<(FailureName, WaitingOn)>) -> Endpoint {
        let mut endpoint = endpoint();
        endpoint.order = Some(OpenOrder {
            url: "https://ca.example/order/1".into(),
            finalize_url: "https://ca.example/order/1/finalize".into(),
            directory: directory.into(),
            generation: 1,
            names: endpoint.names.iter().cloned().collect(),
            status: OrderStatus::Pending,
            opened_at: NOW,
            expires: Some(NOW + Duration::HOUR),
            authorizations: vec![],
            stale: vec![],
            nonce: None,
            withdrawn: false,
            chain: None,
            importing: false,
            taken: vec![],
            owed: vec![],
            former: vec![],
        });
        endpoint.failing = failed.map(|(name, actor)| Failing::first(Failure::new(name, actor, "what", "do"), NOW));
        endpoint
    }

    fn order_of_cas(endpoint: &Endpoint, now: OffsetDateTime) -> Vec<String> {
        three()
            .in_turn(endpoint, &endpoint.proving().into(), now)
            .iter()
            .map(|authority| authority.directory.clone())
            .collect()
    }

    #[test]
    fn the_first_ca_comes_first_and_an_open_order_continues_at_its_ca() {
        assert_eq!(order_of_cas(&endpoint(), NOW), URLS);
        let second = ordering(URLS[1], None);
        assert_eq!(order_of_cas(&second, NOW), [URLS[1], URLS[2], URLS[0]]);
        assert_eq!(order_of_cas(&second, NOW + Duration::HOUR), URLS, "it has expired");
        assert_eq!(
            order_of_cas(&ordering("https://gone.example/dir", None), NOW),
            URLS,
            "its CA is not listed any more"
        );
    }

    #[test]
    fn a_persistent_record_allows_no_fallback_ca() {
        for order in [None, Some(URLS[0]), Some(URLS[1])] {
            let mut endpoint = order.map_or_else(endpoint, |url| ordering(url, None));
            endpoint.dns_method = vocabulary::acme::DnsMethod::DnsPersist01;
            assert_eq!(order_of_cas(&endpoint, NOW), URLS[..1], "{order:?}");
            endpoint.reachability = Reachability::External;
            assert_eq!(order_of_cas(&endpoint, NOW).len(), 3, "nothing is proven by it then");
        }
    }

    #[test]
    fn a_ca_that_failed_in_the_middle_of_an_order_comes_last() {
        for name in
            [FailureName::Unavailable, FailureName::CaUnavailable, FailureName::RateLimited, FailureName::TimedOut]
        {
            let failed = |place: usize, actor| order_of_cas(&ordering(URLS[place], Some((name, actor))), NOW);
            assert_eq!(failed(0, WaitingOn::Ca), [URLS[1], URLS[2], URLS[0]]);
            assert_eq!(failed(2, WaitingOn::Ca), URLS);
            assert_eq!(failed(0, WaitingOn::Operator), URLS, "{name}: it was not the CA");
        }
        for name in [FailureName::ChallengeFailed, FailureName::CaRefused, FailureName::BudgetSpent] {
            assert_eq!(
                order_of_cas(&ordering(URLS[0], Some((name, WaitingOn::Ca))), NOW),
                URLS,
                "{name}: another would say the same"
            );
        }
    }

    #[test]
    fn a_ca_whose_own_failure_ended_an_order_comes_last() {
        let ended = |name, waiting_on, directory: &str| {
            let mut endpoint = endpoint();
            let failure = Failure::without_action(name, waiting_on, "what");
            endpoint.failing = Some(Failing::first(failure, NOW).at(Some(directory)));
            order_of_cas(&endpoint, NOW)
        };
        let internal = |place: usize| ended(FailureName::CaUnavailable, WaitingOn::Ca, URLS[place]);
        assert_eq!(internal(0), [URLS[1], URLS[2], URLS[0]]);
        assert_eq!(internal(2), URLS);
        assert_eq!(ended(FailureName::ChallengeFailed, WaitingOn::Nobody, URLS[0]), URLS, "another would see the same");
        assert_eq!(ended(FailureName::CaUnavailable, WaitingOn::Ca, "https://gone.example/dir"), URLS);
    }

    #[test]
    fn no_ca_is_listed_twice() {
        let twice = Authorities::new(authority(URLS[0]), [authority(URLS[1]), authority(URLS[0])]);
        assert_eq!(twice.expect_err("twice"), ListedTwice(URLS[0].into()));
    }

    #[test]
    fn the_next_ca_is_used_when_one_is_unavailable_for_longer_than_a_short_wait() {
        let failure = |name, actor| Failure::new(name, actor, "what", "do");
        let away = failure(FailureName::Unavailable, WaitingOn::Ca);
        assert!(!asks_the_next(&away, TRIES - 1, NOW) && asks_the_next(&away, TRIES, NOW));
        for name in [FailureName::CaUnavailable, FailureName::RateLimited] {
            let until = |at| failure(name, WaitingOn::Ca).with_retry_after(Some(at));
            assert!(!asks_the_next(&until(NOW + SHORT_WAIT), 1, NOW), "{name}");
            assert!(asks_the_next(&until(NOW + SHORT_WAIT + Duration::SECOND), 1, NOW), "{name}");
        }
        assert!(asks_the_next(&failure(FailureName::RateLimited, WaitingOn::Ca), 1, NOW));
        for (name, actor) in [
            (FailureName::RateLimited, WaitingOn::Operator),
            (FailureName::Unavailable, WaitingOn::Operator),
            (FailureName::CaRefused, WaitingOn::Ca),
            (FailureName::BudgetSpent, WaitingOn::Ca),
            (FailureName::Misconfigured, WaitingOn::Operator),
        ] {
            assert!(!asks_the_next(&failure(name, actor), 9, NOW), "{name}: it is not away");
        }
    }

    #[test]
    fn caa_records_must_be_known_and_allow_the_fallback_ca() {
        let name: CertificateName = "shop.example.com".parse().expect("valid");
        let says = |answer| {
            let levels = [CaaLevel { name: "example.com".into(), aliases: Vec::new(), answer }];
            keeps_out(&authority(URLS[1]), &endpoint().proving().into(), &name, &levels)
        };
        let records = |text: &str| says(Answer::Records(vec![text.to_owned()]));
        assert_eq!(says(Answer::NoData), None);
        assert_eq!(records("0 issue \"second.example\""), None);
        for other in ["0 issue \"first.example\"", "0 issue \"second.example; accounturi=https://second.example/1\""] {
            assert!(records(other).expect("kept out").contains("CAA records of example.com"), "{other}");
        }
        assert!(says(Answer::Failed(Unanswered::TimedOut)).expect("kept out").contains("could not be read"));
    }

    #[test]
    fn when_every_ca_fails_each_is_named_and_the_retry_time_of_the_first_is_kept() {
        let limited = Failure::new(FailureName::CaUnavailable, WaitingOn::Ca, "It is away.", "Wait.")
            .with_retry_after(Some(NOW + Duration::HOUR));
        let (second, third) = (authority(URLS[1]), authority(URLS[2]));
        let away = Failure::new(FailureName::Unavailable, WaitingOn::Ca, "No answer.", "Wait.");
        let over = Passed::Over("the CAA records of example.com do not allow it".into());
        let failure = all_failed(limited.clone(), vec![(&second, over), (&third, Passed::Failed(away))]);
        assert_eq!(
            failure.guidance.summary,
            "It is away. second.example was not asked in its place: the CAA records of example.com do not allow it. \
             Then third.example was asked: No answer."
        );
        assert_eq!((failure.name, failure.retry_after), (limited.name, limited.retry_after));
    }
}
