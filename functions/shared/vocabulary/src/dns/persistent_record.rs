//! The persistent record of dns-persist-01 (draft-ietf-acme-dns-persist): one TXT record at `_validation-persist` that allows
//! one account at one CA to issue for the name, as long as the record exists.

use std::collections::BTreeMap;

use time::{OffsetDateTime, PrimitiveDateTime};

use crate::dns::caa::Issuer;
use crate::dns::issue_value::{IssueValue, Parameter, may_be_in_a_value};
use crate::failure::failure::Failure;

/// The issuer that a persistent record allows: this installation's account at its CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersistentIssuer {
    domain: String,
    account: String,
}

impl PersistentIssuer {
    /// The first of the CA's identities, and our account there.
    ///
    /// # Errors
    ///
    /// [`FailureName::Misconfigured`](crate::failure::failure::FailureName::Misconfigured): one of the two is unknown, or
    /// cannot be written into a record.
    pub fn of(issuer: &Issuer) -> Result<Self, Failure> {
        let missing = |parameter: &str| {
            Failure::misconfigured(format!(
                "Persistent validation records name the CA and the ACME account, and the parameter {parameter} is not set."
            ))
        };
        let domain = issuer.identities.first().ok_or_else(|| missing("CaaIdentities"))?.to_ascii_lowercase();
        let account = issuer.account.clone().filter(|uri| !uri.is_empty() && uri.bytes().all(may_be_in_a_value));
        Ok(Self { domain, account: account.ok_or_else(|| missing("CaaAccountUri"))? })
    }

    /// The TXT record's value, as one text; for a zone file use [`quoted`](crate::record::quoted).
    ///
    /// It never has an end (`persistUntil`): the owner may add one.
    pub fn value(&self, wildcard: bool) -> String {
        let policy = if wildcard { "; policy=wildcard" } else { "" };
        format!("{}; accounturi={}{policy}", self.domain, self.account)
    }

    /// As a person names it: the CA and the account.
    pub fn describe(&self) -> String {
        format!("{} for the account {}", self.domain, self.account)
    }

    /// How a CA would judge the record `text` at `now`, for a name or for its wildcard.
    ///
    /// Judged as the CA does, not as text: parameters may have any order and letter case, unknown ones are skipped, and there
    /// may be blanks around `;` and `=`. The account is compared byte for byte (draft §4.1).
    ///
    /// # Errors
    ///
    /// The most specific reason why it proves nothing.
    pub fn judge(&self, text: &str, wildcard: bool, now: OffsetDateTime) -> Result<PersistentRecord, PersistentFault> {
        let IssueValue { issuer, parameters } = IssueValue::parse(text);
        // Not byte by byte, as in CAA: draft §9.2 normalizes the name.
        if !issuer.strip_suffix('.').unwrap_or(issuer).eq_ignore_ascii_case(&self.domain) {
            return Err(PersistentFault::OtherIssuer);
        }
        let parameters = parameters.map_err(|why| why.to_string());
        let record = parameters.and_then(|all| PersistentRecord::of(&all)).map_err(PersistentFault::Malformed)?;
        if record.account != self.account {
            return Err(PersistentFault::OtherAccount(record.account));
        }
        if let Some(until) = record.until.filter(|until| now > *until) {
            return Err(PersistentFault::Expired(until));
        }
        if wildcard && !record.wildcard {
            return Err(PersistentFault::NoWildcard);
        }
        Ok(record)
    }
}

/// Why a TXT record proves nothing to our CA; later variants are closer to a valid record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersistentFault {
    /// It is another CA's, or no persistent record at all: neither harms ours.
    OtherIssuer,
    OtherAccount(String),
    /// The CA ignores it, and says why.
    Malformed(String),
    Expired(OffsetDateTime),
    /// Good for the name, but not for its wildcard.
    NoWildcard,
}

/// The parameters of a persistent record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersistentRecord {
    pub account: String,
    pub wildcard: bool,
    /// The last second of its validity; without one it is valid for ever.
    pub until: Option<OffsetDateTime>,
}

impl PersistentRecord {
    /// Parameters in any letter case and order; known ones may occur once, others are skipped.
    fn of(parameters: &[Parameter<'_>]) -> Result<Self, String> {
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        for Parameter { tag, value } in parameters {
            let tag = tag.to_ascii_lowercase();
            if matches!(tag.as_str(), "accounturi" | "policy" | "persistuntil")
                && known.insert(tag.clone(), value).is_some()
            {
                return Err(format!("{tag} is there twice"));
            }
        }
        let account = known.get("accounturi").filter(|account| !account.is_empty());
        let account = account.ok_or("accounturi is missing")?;
        let until = known.get("persistuntil").map(|seconds| {
            let number = seconds.parse::<i64>();
            number.map(at).map_err(|_| format!("persistUntil is not a number of seconds since 1970: {seconds}"))
        });
        Ok(Self {
            account: (*account).to_owned(),
            wildcard: known.get("policy").is_some_and(|policy| policy.eq_ignore_ascii_case("wildcard")),
            until: until.transpose()?,
        })
    }
}

/// The time this many seconds after 1970, or the nearest representable one: the CA's calendar has a larger range.
fn at(seconds: i64) -> OffsetDateTime {
    let furthest = if seconds < 0 { PrimitiveDateTime::MIN } else { PrimitiveDateTime::MAX };
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(furthest.assume_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::Duration;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    const ACCOUNT: &str = "https://ca.example/acct/7";

    fn ours() -> PersistentIssuer {
        let identities = vec!["CA.example".into(), "other-name.example".into()];
        PersistentIssuer::of(&Issuer { identities, account: Some(ACCOUNT.into()) }).expect("both are known")
    }

    fn says(text: &str, wildcard: bool) -> &'static str {
        match ours().judge(text, wildcard, NOW) {
            Ok(_) => "good",
            Err(PersistentFault::OtherIssuer) => "issuer",
            Err(PersistentFault::OtherAccount(_)) => "account",
            Err(PersistentFault::Malformed(_)) => "malformed",
            Err(PersistentFault::Expired(_)) => "expired",
            Err(PersistentFault::NoWildcard) => "no wildcard",
        }
    }

    #[test]
    fn our_own_value_is_valid_and_one_for_the_name_alone_does_not_cover_its_wildcard() {
        assert_eq!(ours().value(false), "ca.example; accounturi=https://ca.example/acct/7");
        assert_eq!(ours().value(true), "ca.example; accounturi=https://ca.example/acct/7; policy=wildcard");
        assert_eq!([says(&ours().value(true), true), says(&ours().value(true), false)], ["good", "good"]);
        assert_eq!([says(&ours().value(false), false), says(&ours().value(false), true)], ["good", "no wildcard"]);
    }

    #[test]
    fn a_record_is_judged_as_the_ca_judges_it() {
        for (parameters, expected) in [
            (";accounturi=https://ca.example/acct/7", "good"),
            (" ;\taccounturi = https://ca.example/acct/7 ; later=x", "good"),
            ("; policy=WildCard; AccountURI=https://ca.example/acct/7", "good"),
            (".; accounturi=https://ca.example/acct/7", "good"),
            ("; accounturi=https://ca.example/acct/7; policy=none", "good"),
            ("; accounturi=https://ca.example/acct/7/", "account"),
            ("; accounturi=HTTPS://ca.example/acct/7", "account"),
            ("; accounturi=https://ca.example/acct/7;", "malformed"),
            (";", "malformed"),
            ("; accounturi=https://ca.example/acct/7\n", "malformed"),
            // Milliseconds by mistake: some thousand centuries ahead, which the CA accepts.
            ("; accounturi=https://ca.example/acct/7; persistUntil=1795521600000", "good"),
            ("..; accounturi=https://ca.example/acct/7", "issuer"),
            ("; accounturi=https://ca.example/acct/7; accounturi=https://ca.example/acct/7", "malformed"),
            ("; accounturi=https://ca.example/acct/7; policy=wildcard; Policy=wildcard", "malformed"),
            ("; accounturi=https://ca.example/acct/7 policy=wildcard", "malformed"),
            ("; accounturi=https://ca.example/acct/7; persistUntil=soon", "malformed"),
            ("; accounturi=", "malformed"),
            ("; policy=wildcard", "malformed"),
            ("", "malformed"),
        ] {
            assert_eq!(says(&format!("ca.example{parameters}"), false), expected, "{parameters}");
        }
        for stranger in ["other-name.example; accounturi=https://ca.example/acct/7", "v=spf1 -all", "", ";"] {
            assert_eq!(says(stranger, false), "issuer", "{stranger}");
        }
    }

    #[test]
    fn a_record_is_valid_up_to_the_second_it_names() {
        let until = |at: OffsetDateTime| format!("{}; persistUntil={}", ours().value(false), at.unix_timestamp());
        assert_eq!(says(&until(NOW), false), "good");
        assert_eq!(says(&until(NOW - Duration::SECOND), false), "expired");
        let record = ours().judge(&until(NOW), false, NOW).expect("good");
        assert_eq!((record.account.as_str(), record.until), (ACCOUNT, Some(NOW)));
    }

    #[test]
    fn an_installation_that_does_not_know_its_account_has_no_record_and_says_which_parameter() {
        let of = |identities: &[&str], account: Option<&str>| {
            let identities = identities.iter().map(ToString::to_string).collect();
            PersistentIssuer::of(&Issuer { identities, account: account.map(Into::into) })
                .map_err(|f| f.guidance.summary)
        };
        for (identities, account, parameter) in [
            (vec![], Some(ACCOUNT), "CaaIdentities"),
            (vec!["ca.example"], None, "CaaAccountUri"),
            (vec!["ca.example"], Some("https://ca.example/a;b"), "CaaAccountUri"),
        ] {
            assert!(of(&identities, account).is_err_and(|why| why.contains(parameter)), "{parameter}");
        }
    }

    proptest! {
        #[test]
        fn no_text_in_a_record_makes_judging_panic(text in "(ca\\.example;)?[a-zA-Z=; é\\t0-9]{0,60}", wildcard in any::<bool>()) {
            let _ = ours().judge(&text, wildcard, NOW);
        }
    }
}
