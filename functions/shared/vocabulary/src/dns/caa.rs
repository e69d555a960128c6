//! CAA records: whether a CA may issue for a name (RFC 8659), for which account and by which method (RFC 8657).

use crate::acme::challenge::ChallengeKind;
use crate::dns::answer::{Answer, Unanswered};
use crate::dns::issue_value::IssueValue;
use crate::names::certificate_name::CertificateName;

/// The CA as CAA records name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issuer {
    /// Its domains in CAA records; any one of them is enough. Empty: unknown, nothing is judged by them.
    pub identities: Vec<String>,
    /// URL of our account there, where it is known.
    pub account: Option<String>,
}

/// The answer for CAA at one name of the climb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaaLevel {
    /// The queried name.
    pub name: String,
    /// Each name that its aliases led to, in order; empty where it has none.
    pub aliases: Vec<String>,
    /// Records as in a zone file: `0 issue "letsencrypt.org"`.
    pub answer: Answer,
}

impl CaaLevel {
    /// The name that the answer is of, after aliases: the records of this level are there, or must be added there.
    pub fn at(&self) -> &str {
        self.aliases.last().unwrap_or(&self.name)
    }

    /// Whether it is the level of the top-level domain.
    fn is_top(&self) -> bool {
        !self.name.contains('.')
    }
}

/// The names whose CAA decides for `name`, in the order of the queries (RFC 8659 §3).
pub fn climb(name: &CertificateName) -> Vec<String> {
    let mut rest = name.base.as_str();
    let mut names = vec![rest.to_owned()];
    while let Some((_, parent)) = rest.split_once('.') {
        names.push(parent.to_owned());
        rest = parent;
    }
    names
}

/// What forbids the CA to issue, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaaRefusal<'a> {
    /// The deciding level.
    pub level: &'a CaaLevel,
    /// The deciding property: `issue` or `issuewild`.
    pub tag: &'static str,
    pub fault: CaaFault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaaFault {
    /// No record names the CA.
    Forbidden { records: Vec<String> },
    /// A record is meant for the CA, but as written it authorizes nobody.
    Malformed { record: String, why: String },
    /// A critical property that the CA does not know.
    UnknownCritical { record: String },
    /// Allowed for another account than ours.
    OtherAccount { account: String },
    /// Allowed for this account only, and ours is not known here.
    UnknownAccount { account: String },
    /// Allowed, but not by this method.
    OtherMethod { methods: String },
    /// A parameter that may occur once occurs twice: nobody satisfies it.
    Repeated { record: String, tag: &'static str },
    /// The query was not answered: the CA must refuse.
    Unanswered { why: Unanswered },
    /// The top-level domain does not exist, which a CA treats as an error: no registry is responsible for names below it.
    NoTopLevelDomain,
}

impl CaaRefusal<'_> {
    /// The record that allows `issuer` to issue by `method`, as in a zone file; `None` if a missing record is not the problem.
    ///
    /// It keeps the intended restrictions of the record that it replaces.
    pub fn allowing(&self, issuer: &Issuer, method: ChallengeKind) -> Option<String> {
        let ours = issuer.identities.first()?;
        let method = method.as_str();
        let bound = issuer.account.as_ref().map(|account| format!("; {ACCOUNT}={account}")).unwrap_or_default();
        let terms = match &self.fault {
            CaaFault::Forbidden { .. } => String::new(),
            CaaFault::OtherAccount { .. } => bound,
            CaaFault::OtherMethod { methods } => format!("; {METHODS}={}", with_method(methods, method)),
            CaaFault::Malformed { record, .. } | CaaFault::Repeated { record, .. } => {
                let account = if record.contains(ACCOUNT) { bound } else { String::new() };
                let methods = if record.contains(METHODS) { format!("; {METHODS}={method}") } else { String::new() };
                account + &methods
            }
            CaaFault::UnknownCritical { .. }
            | CaaFault::UnknownAccount { .. }
            | CaaFault::Unanswered { .. }
            | CaaFault::NoTopLevelDomain => return None,
        };
        Some(format!("0 {} \"{ours}{terms}\"", self.tag))
    }
}

/// The readable ones of `methods`, and `method`.
fn with_method(methods: &str, method: &str) -> String {
    let kept = methods.split(',').filter(|one| is_method(one) && *one != method);
    kept.chain([method]).collect::<Vec<_>>().join(",")
}

/// Judges the first level that has records, or that does not answer.
///
/// As Boulder does (`va/caa.go`), which is stricter than the RFCs in some points.
///
/// # Errors
///
/// What forbids `issuer` to issue by `method`. Of several records the one that might allow it, else the first that is meant for
/// it.
pub fn judge<'a>(
    wildcard: bool,
    method: ChallengeKind,
    levels: &'a [CaaLevel],
    issuer: &Issuer,
) -> Result<(), CaaRefusal<'a>> {
    for level in levels {
        match &level.answer {
            Answer::Records(records) if !records.is_empty() => {
                return judge_records(wildcard, method, records, issuer).map_err(|(tag, fault)| CaaRefusal {
                    level,
                    tag,
                    fault,
                });
            }
            // Silence of a registry's servers towards us does not show what they answer the CA.
            Answer::Failed(Unanswered::TimedOut | Unanswered::Ipv6Only | Unanswered::NotAsked) if level.is_top() => {}
            Answer::Failed(why) => {
                return Err(CaaRefusal { level, tag: "issue", fault: CaaFault::Unanswered { why: why.clone() } });
            }
            // `bdns/dns.go`, `LookupCAA`: no other missing name is an error. A CA without CAA identities sends no CAA queries.
            Answer::NxDomain if level.is_top() && !issuer.identities.is_empty() => {
                return Err(CaaRefusal { level, tag: "issue", fault: CaaFault::NoTopLevelDomain });
            }
            _ => {}
        }
    }
    Ok(())
}

fn judge_records(
    wildcard: bool,
    method: ChallengeKind,
    records: &[String],
    issuer: &Issuer,
) -> Result<(), (&'static str, CaaFault)> {
    let properties: Vec<Property<'_>> = records.iter().filter_map(|record| parse(record)).collect();
    // RFC 8659 §4.3: for a wildcard, any issuewild replaces all issue properties.
    let tag = match wildcard && properties.iter().any(|property| property.tag == "issuewild") {
        true => "issuewild",
        false => "issue",
    };
    if let Some(unknown) = properties.iter().find(|property| property.critical && !is_known(&property.tag)) {
        return Err((tag, CaaFault::UnknownCritical { record: unknown.record.to_owned() }));
    }
    let mut deciding = properties.iter().filter(|property| property.tag == tag).peekable();
    // If there are none, the properties only restrict something else.
    if deciding.peek().is_none() || issuer.identities.is_empty() {
        return Ok(());
    }
    let mut nearest: Option<CaaFault> = None;
    for property in deciding {
        // One record that allows it is enough (RFC 8659 §4.2).
        match authorizes(property, method, issuer) {
            Ok(()) => return Ok(()),
            Err(Some(fault @ CaaFault::UnknownAccount { .. })) => nearest = Some(fault),
            Err(fault) => nearest = nearest.or(fault),
        }
    }
    Err((tag, nearest.unwrap_or_else(|| CaaFault::Forbidden { records: records.to_vec() })))
}

/// Properties that a CA for web servers knows (RFC 8659 §4.2 to §4.4, RFC 9495, the VMC requirements). `contactemail` and
/// `contactphone` (BR appendix A) are not among those that Boulder knows.
fn is_known(tag: &str) -> bool {
    matches!(tag, "issue" | "issuewild" | "iodef" | "issuemail" | "issuevmc")
}

/// RFC 8657 §3.
const ACCOUNT: &str = "accounturi";
/// RFC 8657 §4.
const METHODS: &str = "validationmethods";

/// Whether the property allows `issuer` to issue; `Err(None)` if it is another CA's.
fn authorizes(property: &Property<'_>, method: ChallengeKind, issuer: &Issuer) -> Result<(), Option<CaaFault>> {
    let record = || property.record.to_owned();
    let malformed = |why: String| Some(CaaFault::Malformed { record: record(), why });
    let value = IssueValue::parse(property.value);
    // Byte by byte: letter case and a final dot matter.
    if !issuer.identities.iter().any(|own| own == value.issuer) {
        let meant = issuer.identities.iter().find(|own| is_meant(value.issuer, own));
        return Err(meant.and_then(|own| malformed(format!("what names the CA is not exactly {own}"))));
    }
    let parameters = value.parameters.map_err(|why| malformed(why.to_string()))?;
    // A hyphen is refused as well, although the RFC allows it.
    if let Some(odd) = parameters.iter().find(|one| !one.tag.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Err(malformed(format!("the name {} has other characters than letters and digits", odd.tag)));
    }
    let once = |tag: &'static str| {
        let mut values = parameters.iter().filter(|one| one.tag == tag).map(|one| one.value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Some(CaaFault::Repeated { record: record(), tag })),
            (value, None) => Ok(value),
        }
    };
    let (account, methods) = (once(ACCOUNT)?, once(METHODS)?);
    if let Some(methods) = methods.filter(|methods| !allows(methods, method.as_str())) {
        return Err(Some(CaaFault::OtherMethod { methods: methods.to_owned() }));
    }
    match (account.map(str::to_owned), &issuer.account) {
        (Some(account), Some(own)) if account != *own => Err(Some(CaaFault::OtherAccount { account })),
        (Some(account), None) => Err(Some(CaaFault::UnknownAccount { account })),
        _ => Ok(()),
    }
}

/// Whether `method` is listed before anything that is no label (RFC 8657 §4); unknown methods are skipped.
fn allows(methods: &str, method: &str) -> bool {
    methods.split(',').take_while(|one| is_method(one)).any(|one| one == method)
}

fn is_method(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether a text other than `own` was meant to be it: a URL, `www.`, a final dot, a parameter without the `;`.
fn is_meant(text: &str, own: &str) -> bool {
    let text = text.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
    let name = text.trim_matches('"').split([' ', '\t', '/', ',']).next().unwrap_or_default();
    name.trim_end_matches('.').eq_ignore_ascii_case(own)
}

/// One CAA record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Property<'a> {
    critical: bool,
    tag: String,
    value: &'a str,
    /// Unchanged.
    record: &'a str,
}

/// RFC 8659 §4.1 defines one bit. So many took 1 for the flag that Boulder accepts it as well.
const CRITICAL: u8 = 0x80 | 0x01;

/// `FLAGS TAG "VALUE"`, the value unchanged, in quotes and without escapes. A tag is compared without case (RFC 8659 §4.1).
fn parse(record: &str) -> Option<Property<'_>> {
    let (flags, rest) = record.trim().split_once(' ')?;
    let (tag, quoted) = rest.trim_start().split_once(' ').unwrap_or((rest, ""));
    let flags: u8 = flags.parse().ok()?;
    let quoted = quoted.trim();
    let value = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(quoted);
    Some(Property { critical: flags & CRITICAL != 0, tag: tag.to_ascii_lowercase(), value, record })
}

#[cfg(test)]
mod tests;
