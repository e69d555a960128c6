//! CAA records: whether a CA may issue for a name (RFC 8659), for which account and by which method (RFC 8657).

use crate::acme::challenge::ChallengeKind;
use crate::dns::answer::Answer;
use crate::names::certificate_name::CertificateName;

/// The CA as CAA records name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issuer {
    /// Domains that stand for it; any one of them is enough. Empty: not known, nothing is judged by them.
    pub identities: Vec<String>,
    /// URL of our account there, where it is known.
    pub account: Option<String>,
}

/// The answer for CAA at one name of the climb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaaLevel {
    pub name: String,
    /// Records as in a zone file: `0 issue "letsencrypt.org"`.
    pub answer: Answer,
}

/// One CAA record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Property<'a> {
    critical: bool,
    tag: String,
    value: &'a str,
    /// As it came.
    record: &'a str,
}

/// The names whose CAA decides for `name`, in the order in which they are asked (RFC 8659 §3).
pub fn climb(name: &CertificateName) -> Vec<String> {
    let mut rest = name.base.as_str();
    let mut names = vec![rest.to_owned()];
    while let Some((_, parent)) = rest.split_once('.') {
        names.push(parent.to_owned());
        rest = parent;
    }
    names
}

/// What CAA says about issuing for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaaVerdict {
    Allowed,
    /// The records at `at` do not allow the CA.
    Forbidden {
        at: String,
        records: Vec<String>,
    },
    /// A critical property that is not known.
    UnknownCritical {
        at: String,
        record: String,
    },
    /// Allowed for another account than ours.
    OtherAccount {
        at: String,
        account: String,
    },
    /// Allowed for this account only, and ours is not known here.
    UnknownAccount {
        at: String,
        account: String,
    },
    /// Allowed, but not by this method.
    OtherMethod {
        at: String,
        methods: String,
    },
    /// The question was not answered at `at`: the CA must refuse.
    Unanswered {
        at: String,
        why: String,
    },
}

/// Judges the first level that has records, or that does not answer.
pub fn judge(name: &CertificateName, method: ChallengeKind, levels: &[CaaLevel], issuer: &Issuer) -> CaaVerdict {
    for level in levels {
        match &level.answer {
            Answer::Records(records) if !records.is_empty() => {
                return judge_records(name.wildcard, method, &level.name, records, issuer);
            }
            // A top-level domain is nobody's to mend, and one that answered nobody would have nothing below it: a network
            // that does not know it (a closed one) is not the CA's.
            Answer::Failed(why) if level.name.contains('.') => {
                return CaaVerdict::Unanswered { at: level.name.clone(), why: why.to_string() };
            }
            _ => {}
        }
    }
    CaaVerdict::Allowed
}

fn judge_records(wildcard: bool, method: ChallengeKind, at: &str, records: &[String], issuer: &Issuer) -> CaaVerdict {
    let properties: Vec<Property<'_>> = records.iter().filter_map(|record| parse(record)).collect();
    // RFC 8659 §4.1; what a CA must know is §4.2 to §4.4, and BR 3.2.2.8.
    let known =
        |tag: &str| matches!(tag, "issue" | "issuewild" | "iodef" | "issuemail" | "contactemail" | "contactphone");
    if let Some(unknown) = properties.iter().find(|property| property.critical && !known(&property.tag)) {
        return CaaVerdict::UnknownCritical { at: at.to_owned(), record: unknown.record.to_owned() };
    }
    let tagged = |tag: &str| properties.iter().filter(|p| p.tag == tag).map(|p| p.value).collect::<Vec<_>>();
    // RFC 8659 §4.3: any issuewild takes the place of all issue for a wildcard.
    let wild = if wildcard { tagged("issuewild") } else { Vec::new() };
    let values = if wild.is_empty() { tagged("issue") } else { wild };
    if values.is_empty() {
        // Only properties that restrict something else.
        return CaaVerdict::Allowed;
    }
    if issuer.identities.is_empty() {
        return CaaVerdict::Allowed;
    }
    let ours: Vec<Vec<(String, &str)>> = values
        .iter()
        .filter_map(|value| {
            let (domain, parameters) = split(value)?;
            issuer.identities.iter().any(|own| own.eq_ignore_ascii_case(domain)).then_some(parameters)
        })
        .collect();
    if ours.is_empty() {
        return CaaVerdict::Forbidden { at: at.to_owned(), records: records.to_vec() };
    }
    // One that allows it is enough (RFC 8659 §4.2); of those that do not, the last is as good to tell as any.
    let mut verdict = CaaVerdict::Allowed;
    for parameters in ours {
        verdict = judge_parameters(at, method, &parameters, issuer);
        if verdict == CaaVerdict::Allowed {
            break;
        }
    }
    verdict
}

fn judge_parameters(at: &str, method: ChallengeKind, parameters: &[(String, &str)], issuer: &Issuer) -> CaaVerdict {
    let parameter = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
    if let Some(methods) = parameter("validationmethods")
        && methods.split(',').all(|one| one.trim() != method.as_str())
    {
        return CaaVerdict::OtherMethod { at: at.to_owned(), methods: methods.to_owned() };
    }
    match (parameter("accounturi"), &issuer.account) {
        (Some(account), Some(own)) if account != own => {
            CaaVerdict::OtherAccount { at: at.to_owned(), account: account.to_owned() }
        }
        (Some(account), None) => CaaVerdict::UnknownAccount { at: at.to_owned(), account: account.to_owned() },
        _ => CaaVerdict::Allowed,
    }
}

/// `FLAGS TAG "VALUE"`. A tag is compared without case (RFC 8659 §4.1).
fn parse(record: &str) -> Option<Property<'_>> {
    let (flags, rest) = record.trim().split_once(' ')?;
    let (tag, value) = rest.trim_start().split_once(' ').unwrap_or((rest, ""));
    let flags: u8 = flags.parse().ok()?;
    let (critical, tag) = (flags & 0x80 != 0, tag.to_ascii_lowercase());
    Some(Property { critical, tag, value: value.trim().trim_matches('"'), record })
}

/// `DOMAIN; NAME=VALUE; …` (RFC 8659 §4.2); `None` for a value that names no CA (`;`).
fn split(value: &str) -> Option<(&str, Vec<(String, &str)>)> {
    let mut parts = value.split(';').map(str::trim);
    let domain = parts.next().filter(|domain| !domain.is_empty())?;
    let parameters = parts.filter_map(|part| part.split_once('='));
    Some((domain, parameters.map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim())).collect()))
}

#[cfg(test)]
mod tests;
