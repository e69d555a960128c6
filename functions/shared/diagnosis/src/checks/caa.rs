//! What the CAA records say about this installation's CA, at the name that holds them.

use vocabulary::acme::{ChallengeKind, Challenges, DnsMethod, Reachability};
use vocabulary::dns::caa::judge;
use vocabulary::dns::owner_records::delegation_record;
use vocabulary::dns::{CaaFault, CaaLevel, CaaRefusal, Issuer, Unanswered};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::domain_name::{is_registry, registered_domain};
use vocabulary::names::{CertificateName, DomainName};
use vocabulary::record::DnsRecord;

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::facts::Facts;
use crate::report::{Finding, Severity};
use crate::subject::Subject;

pub(crate) fn findings(subject: &Subject, facts: &Facts, challenges: &Challenges) -> Vec<Finding> {
    let served = |name: &CertificateName| {
        facts.authorization_names.iter().find(|base| base.base == name.base).is_none_or(|base| base.zone.is_served())
    };
    let judged = facts.caa.iter().filter(|one| served(&one.name)).filter_map(|one| {
        let method = challenges.of(&one.name);
        let refusal = judge(one.name.wildcard, method, &one.levels, &facts.issuer).err()?;
        let holder = Holder::of(refusal.level, &one.name.base, &subject.endpoint_target);
        let refused = Refused { name: &one.name, method, refusal, holder, issuer: &facts.issuer };
        let mut finding = refused.finding(&subject.endpoint_target);
        if refused.is_silent() && !was_found_before(subject, Check::CaaUnanswered) {
            // Once may be chance. The next check tells.
            (finding.guidance.waiting_on, finding.guidance.action) = (WaitingOn::Nobody, None);
        }
        if let Some(other) = refused.by_another_method(subject).filter(|_| finding.is(Check::CaaMethod)) {
            let step = finding.guidance.next_step();
            finding.guidance.action = Some(format!("{step}. Or, without a change to CAA: {other}"));
        }
        Some(finding)
    });
    judged.collect()
}

fn was_found_before(subject: &Subject, check: Check) -> bool {
    subject.last_check.as_ref().and_then(|last| last.worst.as_ref()).is_some_and(|worst| worst.check == check.name())
}

/// Whether the CAA records of the external host `name` allow validation over DNS and not over HTTP.
pub(crate) fn is_over_dns_alone(subject: &Subject, facts: &Facts, name: &CertificateName) -> bool {
    let Some(caa) = facts.caa.iter().find(|caa| caa.name == *name) else { return false };
    let by = |method| judge(name.wildcard, method, &caa.levels, &facts.issuer).map_err(|refusal| refusal.fault);
    matches!(by(ChallengeKind::Http01), Err(CaaFault::OtherMethod { .. })) && by(subject.dns_method.challenge()).is_ok()
}

/// Who can change the records that decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// They stand below the registered domain of the name that the certificate is for.
    DomainOwner,
    /// At the platform's own target or below it: every external host leads there.
    Platform,
    /// At a name that the platform's target is an alias of.
    BehindThePlatform,
    /// Anybody else: a host that the name is an alias of, or a registry above it.
    Stranger,
}

impl Holder {
    fn of(level: &CaaLevel, base: &DomainName, endpoint_target: &str) -> Self {
        let target = endpoint_target.trim_start_matches("*.").trim_end_matches('.').to_ascii_lowercase();
        let is_platform = |name: &str| name == target || name.ends_with(&format!(".{target}"));
        let at = level.at();
        if is_platform(at) {
            return Self::Platform;
        }
        if level.aliases.iter().any(|name| is_platform(name)) {
            return Self::BehindThePlatform;
        }
        // Above an own name that is a suffix of the list's private part there is no registered domain.
        let own = at == base.as_str() || registered_domain(at).is_some_and(|domain| domain == base.registered());
        if own { Self::DomainOwner } else { Self::Stranger }
    }

    fn waiting_on(self) -> WaitingOn {
        match self {
            Self::Platform | Self::BehindThePlatform => WaitingOn::Operator,
            // A stranger's records are got rid of by leading elsewhere, or by asking the stranger.
            Self::DomainOwner | Self::Stranger => WaitingOn::DomainOwner,
        }
    }
}

/// A name that CAA keeps the CA from issuing for.
struct Refused<'a> {
    name: &'a CertificateName,
    method: ChallengeKind,
    refusal: CaaRefusal<'a>,
    holder: Holder,
    issuer: &'a Issuer,
}

impl Refused<'_> {
    /// What makes the method serve that the CAA records do allow, where the name could be validated by it.
    fn by_another_method(&self, subject: &Subject) -> Option<String> {
        if subject.reachability == Reachability::Internal || self.name.wildcard {
            return None;
        }
        let allowed = |method| {
            let refused = judge(false, method, std::slice::from_ref(self.refusal.level), self.issuer);
            refused.is_ok().then_some(method)
        };
        match self.method {
            ChallengeKind::Http01 if subject.dns_method == DnsMethod::Dns01 => {
                allowed(ChallengeKind::Dns01)?;
                let record = delegation_record(&self.name.base, subject.delegation_target.as_deref()?);
                Some(format!("create the delegation, by which the name is validated over DNS: {}", record.line()))
            }
            ChallengeKind::Http01 => None,
            _ => {
                allowed(ChallengeKind::Http01).filter(|_| subject.registered || !subject.own_target)?;
                let record = subject.host_record(self.name);
                Some(format!("point the host at the platform, and the name is validated over HTTP: {}", record.line()))
            }
        }
    }

    fn finding(&self, endpoint_target: &str) -> Finding {
        let (name, method, at) = (self.name, self.method.as_str(), self.refusal.level.at());
        let ours = self.issuer.identities.first().map_or("the CA", String::as_str);
        let expected = match self.issuer.identities.as_slice() {
            [] => format!("the CA may issue for {name}"),
            some => format!("{} may issue for {name}", some.join(" or ")),
        };
        let fix = |act: &str| self.fix(act, endpoint_target);
        let mut finding = match &self.refusal.fault {
            CaaFault::Forbidden { records } => {
                let found = format!("does not allow {ours} to issue for {name}: {}", records.join(", "));
                let fix = fix("Add a CAA record beside those that are there");
                Check::CaaForbids.finding(at, expected, found, fix)
            }
            CaaFault::Malformed { record, why } => {
                let found = format!("has a CAA record that allows nobody, as {why}: {record}");
                Check::CaaForbids.finding(at, expected, found, fix("Replace the CAA record by this one"))
            }
            CaaFault::UnknownCritical { record } => {
                let found = format!("has a critical CAA property that {ours} does not know: {record}");
                let act = format!("Correct the property's name at {at}, or set the flag to 0: {record}");
                Check::CaaCritical.finding(at, expected, found, fix(&act))
            }
            CaaFault::OtherAccount { account } => {
                let own = self.issuer.account.as_deref().unwrap_or_default();
                let found = format!("allows another account only: accounturi={account}");
                let fix = fix("Change the CAA record to this installation's account");
                Check::CaaAccount.finding(at, format!("{expected}, by the account {own}"), found, fix)
            }
            CaaFault::UnknownAccount { account } => {
                let found = format!("allows one account only: accounturi={account}");
                let text = "Compare it with the URL of this installation's ACME account (stack parameter CaaAccountUri); where it is another one, the next order fails.";
                Check::CaaAccount.finding(at, expected, found, Fix::of(text)).softened(Severity::Warning)
            }
            CaaFault::OtherMethod { methods } => {
                let found =
                    format!("allows other methods only: validationmethods={methods}; {name} is validated by {method}");
                Check::CaaMethod.finding(at, format!("{expected}, by {method}"), found, fix("Change the CAA record"))
            }
            CaaFault::Repeated { record, tag } => {
                let check = if *tag == "accounturi" { Check::CaaAccount } else { Check::CaaMethod };
                let found = format!("has a CAA record with {tag} twice, which nobody satisfies: {record}");
                check.finding(at, expected, found, fix("Replace the CAA record by this one"))
            }
            CaaFault::NoTopLevelDomain => {
                let found = "is a top-level domain that does not exist: a CA refuses every name below it";
                let fix = Fix::of("Register a name below a top-level domain that exists.")
                    .with_command(format!("dig SOA {at}."));
                Check::DomainNotFound.finding(at, "a top-level domain in the root zone", found, fix)
            }
            CaaFault::Unanswered { why } if self.is_the_registrys() => {
                let found =
                    format!("is a registry's zone whose servers do not answer the question for CAA records: {why}");
                let fix = Fix::optional(None).with_command(format!("dig CAA {at}"));
                Check::CaaUnanswered.finding(at, "CAA records, or the answer that there are none", found, fix)
            }
            CaaFault::Unanswered { why } => {
                let found = format!("does not answer the question for CAA records: {why}");
                let fix = fix(Check::CaaUnanswered.entry().fix).with_command(format!("dig CAA {at}"));
                Check::CaaUnanswered.finding(at, "CAA records, or the answer that there are none", found, fix)
            }
        };
        let level = self.refusal.level;
        if !level.aliases.is_empty() {
            finding.guidance.summary.push_str(&format!(" ({} is an alias of it)", level.name));
        }
        finding.guidance.waiting_on = match self.refusal.fault {
            CaaFault::UnknownAccount { .. } => WaitingOn::Operator,
            // It passes, and the next attempt begins with this question again.
            CaaFault::Unanswered { .. } if self.is_the_registrys() => WaitingOn::Nobody,
            _ => self.holder.waiting_on(),
        };
        finding
    }

    /// Whether no answer came in time, which says nothing of whose fault it is.
    fn is_silent(&self) -> bool {
        matches!(self.refusal.fault, CaaFault::Unanswered { why: Unanswered::TimedOut })
    }

    /// Whether the level that decided is a registry's: above what anybody registers.
    fn is_the_registrys(&self) -> bool {
        self.refusal.level.aliases.is_empty() && is_registry(&self.refusal.level.name)
    }

    /// `act`, with the record where one is missing. It is only ever offered at a name whose owner is waited for.
    fn fix(&self, act: &str, endpoint_target: &str) -> Fix {
        let (at, asked) = (self.refusal.level.at(), self.refusal.level.name.as_str());
        let value = self.refusal.allowing(self.issuer, self.method);
        let purpose = format!("Allows the platform's CA to issue for {}.", self.name);
        let record = value.map(|value| DnsRecord { name: at.to_owned(), kind: "CAA".into(), value, purpose });
        let text = record.as_ref().map_or_else(|| act.to_owned(), |record| format!("{act}: {}", record.line()));
        let elsewhere = match self.holder {
            Holder::DomainOwner | Holder::Platform => {
                let fix = Fix::of(text);
                return match record {
                    Some(record) => fix.with_record(record),
                    None => fix,
                };
            }
            Holder::BehindThePlatform => format!(", or let {endpoint_target} (EndpointTarget) point elsewhere"),
            Holder::Stranger if self.refusal.level.aliases.is_empty() => String::new(),
            Holder::Stranger => format!(", or point {asked} elsewhere"),
        };
        Fix::of(format!("{at} is run by somebody else. Ask its owner{elsewhere}. For its owner: {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::CaaFacts;
    use crate::judge::{diagnose, obstacle};
    use crate::properties::platform;
    use crate::report::{CheckReport, CheckSummary};
    use time::macros::datetime;
    use vocabulary::dns::Answer;
    use vocabulary::names::EndpointNames;

    const EDGE: &str = "edge.platform.example";

    fn level(name: &str, aliases: &[&str], records: &[&str]) -> CaaLevel {
        let answer = match records {
            [] => Answer::NoData,
            some => Answer::Records(some.iter().map(ToString::to_string).collect()),
        };
        CaaLevel { name: name.into(), aliases: aliases.iter().map(ToString::to_string).collect(), answer }
    }

    /// The report on these names, whose CAA is all at this level.
    fn report(names: &[&str], level: &CaaLevel) -> CheckReport {
        report_after(None, names, level)
    }

    fn report_after(last_check: Option<CheckSummary>, names: &[&str], level: &CaaLevel) -> CheckReport {
        let also: Vec<String> = names[1..].iter().map(ToString::to_string).collect();
        let names = EndpointNames::parse(names[0], &also, 9).expect("valid names");
        let caa = names.iter().map(|name| CaaFacts { name: name.clone(), levels: vec![level.clone()] }).collect();
        let subject = Subject::unregistered(names, Reachability::External.into(), &platform(EDGE));
        let subject = Subject { last_check, ..subject };
        let issuer = Issuer { identities: vec!["ca.example".into()], account: None };
        let facts = Facts {
            issuer,
            authorization_names: Vec::new(),
            caa,
            hosts: Vec::new(),
            platform: None,
            tls: None,
            bogus: Vec::new(),
            root_answers: true,
        };
        diagnose(&subject, &facts, datetime!(2026-11-24 12:00 UTC))
    }

    fn found(names: &[&str], level: &CaaLevel) -> Vec<Finding> {
        report(names, level).findings
    }

    fn one(level: &CaaLevel) -> Finding {
        let mut found = found(&["shop.example.com"], level);
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    fn record(finding: &Finding) -> Option<String> {
        finding.guidance.record.as_ref().map(|record| record.line())
    }

    #[test]
    fn the_record_is_offered_at_the_domain_owners_name_that_holds_the_others() {
        for (level, at) in [
            (level("shop.example.com", &[], &["0 issue \"amazon.com\""]), "shop.example.com"),
            (level("example.com", &[], &["0 issue \"amazon.com\""]), "example.com"),
            (level("shop.example.com", &["web.example.com"], &["0 issue \"amazon.com\""]), "web.example.com"),
        ] {
            let finding = one(&level);
            assert_eq!((finding.subject.as_str(), finding.guidance.waiting_on), (at, WaitingOn::DomainOwner));
            assert_eq!(record(&finding), Some(format!("{at} CAA 0 issue \"ca.example\"")));
            assert!(
                finding.guidance.next_step().starts_with("Add a CAA record beside"),
                "{}",
                finding.guidance.next_step()
            );
        }
    }

    #[test]
    fn at_the_platforms_target_it_is_the_operators_and_told_once() {
        for at in [EDGE, "eu.edge.platform.example"] {
            let aliases = if at == EDGE { vec![at] } else { vec![EDGE, at] };
            let level = level("shop.example.com", &aliases, &["0 issue \"amazon.com\""]);
            let finding = one(&level);
            assert_eq!((finding.subject.as_str(), finding.guidance.waiting_on), (at, WaitingOn::Operator));
            assert_eq!(record(&finding), Some(format!("{at} CAA 0 issue \"ca.example\"")));
            assert!(
                finding.guidance.summary.contains("shop.example.com is an alias of it"),
                "{}",
                finding.guidance.summary
            );
        }
        let level = level("shop.example.com", &[EDGE], &["0 issue \"amazon.com\""]);
        let all = found(&["shop.example.com", "*.shop.example.com", "www.example.com"], &level);
        assert_eq!(all.len(), 1, "{all:#?}");
    }

    #[test]
    fn no_order_is_made_past_records_that_keep_the_ca_out_whoever_must_change_them() {
        let at_target = |record: &str| report(&["shop.example.com"], &level("shop.example.com", &[EDGE], &[record]));
        let refused = at_target("0 issue \"amazon.com\"");
        assert_eq!(obstacle(&refused).map(|finding| finding.guidance.waiting_on), Some(WaitingOn::Operator));
        let unknown = at_target("0 issue \"ca.example; accounturi=https://ca.example/1\"");
        assert_eq!((unknown.findings.len(), obstacle(&unknown)), (1, None), "it may be ours");
    }

    #[test]
    fn behind_the_platforms_target_it_is_the_operators_and_no_record_is_offered() {
        let level = level("shop.example.com", &[EDGE, "lb.cloud.test"], &["0 issue \"amazon.com\""]);
        let finding = one(&level);
        assert_eq!((finding.subject.as_str(), finding.guidance.waiting_on), ("lb.cloud.test", WaitingOn::Operator));
        assert_eq!(record(&finding), None);
        assert!(finding.guidance.next_step().contains("let edge.platform.example (EndpointTarget) point elsewhere"));
    }

    #[test]
    fn a_strangers_record_is_told_by_its_name_and_never_offered_at_the_alias() {
        for fault in [&["0 issue \"pki.goog\""][..], &["128 tbs \"x\""], &["0 issue \"ca.example;;\""]] {
            let finding = one(&level("shop.example.com", &["sites.builder.test"], fault));
            assert_eq!(
                (finding.subject.as_str(), finding.guidance.waiting_on),
                ("sites.builder.test", WaitingOn::DomainOwner)
            );
            assert_eq!(record(&finding), None, "{fault:?}");
            let text = &finding.guidance.next_step();
            assert!(text.contains("or point shop.example.com elsewhere"), "{text}");
            assert!(!text.contains("shop.example.com CAA"), "a CNAME is there: {text}");
        }
        let silent = Answer::Failed(Unanswered::ServFail);
        let unanswered = one(&CaaLevel { answer: silent, ..level("shop.example.com", &["sites.builder.test"], &[]) });
        assert_eq!(unanswered.command.as_deref(), Some("dig CAA sites.builder.test"));
        assert!(
            unanswered.guidance.next_step().contains("or point shop.example.com elsewhere"),
            "{}",
            unanswered.guidance.next_step()
        );
    }

    /// Variants of C22: at a name between the host and the domain, and for a wildcard's base.
    #[test]
    fn records_behind_an_alias_further_up_are_told_at_the_name_that_holds_them() {
        let above = level("eu.example.com", &["eu.vendor.test"], &["0 issue \"pki.goog\""]);
        for name in ["shop.eu.example.com", "*.eu.example.com"] {
            let finding = found(&[name], &above).remove(0);
            assert_eq!(finding.subject, "eu.vendor.test");
            let step = finding.guidance.next_step();
            assert!(step.contains("or point eu.example.com elsewhere"), "{step}");
        }
    }

    #[test]
    fn silence_for_caa_is_nobodys_at_the_first_check_and_the_owners_when_it_lasts() {
        let silent = CaaLevel { answer: Answer::Failed(Unanswered::TimedOut), ..level("shop.example.com", &[], &[]) };
        let first = report(&["shop.example.com"], &silent);
        let finding = &first.findings[0];
        assert_eq!((finding.severity, finding.guidance.waiting_on), (Severity::Error, WaitingOn::Nobody));
        assert!(obstacle(&first).is_some(), "the CA would refuse");
        let again = report_after(Some(first.summary()), &["shop.example.com"], &silent);
        assert_eq!(again.findings[0].guidance.waiting_on, WaitingOn::DomainOwner);
    }

    #[test]
    fn above_what_the_owner_registered_the_records_are_the_registrys() {
        let level = level("co.uk", &[], &["0 issue \"amazon.com\""]);
        let found = found(&["shop.example.co.uk"], &level);
        assert_eq!(record(&found[0]), None);
        assert!(
            found[0].guidance.next_step().starts_with("co.uk is run by somebody else"),
            "{}",
            found[0].guidance.next_step()
        );
    }

    #[test]
    fn a_registrys_failure_is_nobodys_and_a_top_level_domain_that_is_none_is_the_owners() {
        let at = |name: &str, answer| one(&CaaLevel { answer, ..level(name, &[], &[]) });
        for name in ["com", "co.uk"] {
            let failing = at(name, Answer::Failed(Unanswered::ServFail));
            assert_eq!((failing.check.as_str(), failing.guidance.waiting_on), ("caa-unanswered", WaitingOn::Nobody));
            assert_eq!(failing.guidance.action, None, "{failing:#?}");
        }
        let own = at("example.com", Answer::Failed(Unanswered::ServFail));
        assert_eq!(own.guidance.waiting_on, WaitingOn::DomainOwner);
        let gone = at("com", Answer::NxDomain);
        assert_eq!((gone.check.as_str(), gone.severity), ("domain-not-found", Severity::Error));
    }

    #[test]
    fn what_authorizes_nobody_by_how_it_is_written_is_told_with_why() {
        let finding = one(&level("example.com", &[], &["0 issue \"ca.example; validationmethods=dns-01, http-01\""]));
        assert_eq!(finding.check, "caa-forbids");
        assert!(
            finding.guidance.summary.contains("the value of validationmethods has a blank"),
            "{}",
            finding.guidance.summary
        );
        // The host is not the platform's yet, so that it is validated over DNS.
        let offered = "example.com CAA 0 issue \"ca.example; validationmethods=dns-01\"";
        assert_eq!(record(&finding).as_deref(), Some(offered));
        let twice = one(&level("example.com", &[], &["0 issue \"ca.example; accounturi=x; accounturi=y\""]));
        assert_eq!(twice.check, "caa-account");
    }
}
