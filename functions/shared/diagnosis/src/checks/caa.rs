//! What the CAA records say about this installation's CA, at the name where they are.

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
            // Once may be chance. The next check decides.
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

/// Who can change the deciding records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// They are below the registered domain of the certificate's name.
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
        // Above a name that is itself a suffix of the list's private part there is no registered domain.
        let own = at == base.as_str() || registered_domain(at).is_some_and(|domain| domain == base.registered());
        if own { Self::DomainOwner } else { Self::Stranger }
    }

    fn waiting_on(self) -> WaitingOn {
        match self {
            Self::Platform | Self::BehindThePlatform => WaitingOn::Operator,
            // To avoid a stranger's records, the domain owner points the name elsewhere, or asks the stranger.
            Self::DomainOwner | Self::Stranger => WaitingOn::DomainOwner,
        }
    }
}

/// A name for which CAA forbids the CA to issue.
struct Refused<'a> {
    name: &'a CertificateName,
    method: ChallengeKind,
    refusal: CaaRefusal<'a>,
    holder: Holder,
    issuer: &'a Issuer,
}

impl Refused<'_> {
    /// How to make the method usable that the CAA records do allow, if the name could be validated by it.
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
                Check::CaaForbids.finding(at, expected, found, fix("Replace the CAA record with this one"))
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
                check.finding(at, expected, found, fix("Replace the CAA record with this one"))
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
            // It passes; the next attempt begins with the same query.
            CaaFault::Unanswered { .. } if self.is_the_registrys() => WaitingOn::Nobody,
            _ => self.holder.waiting_on(),
        };
        finding
    }

    /// Whether no answer came in time, which does not show whose fault it is.
    fn is_silent(&self) -> bool {
        matches!(self.refusal.fault, CaaFault::Unanswered { why: Unanswered::TimedOut })
    }

    /// Whether a registry's level decided: above all names that anybody can register.
    fn is_the_registrys(&self) -> bool {
        self.refusal.level.aliases.is_empty() && is_registry(&self.refusal.level.name)
    }

    /// `act`, with the record if one is missing. Offered only at a name whose owner is waited on.
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
mod tests;
