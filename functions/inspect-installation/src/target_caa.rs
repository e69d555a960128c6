//! CAA at the endpoint target: external hosts are aliases of it, so these records apply to each of them.

use std::collections::BTreeSet;
use std::slice::from_ref;

use domain::installation::InstallationCheck;
use vocabulary::acme::ChallengeKind;
use vocabulary::acme::directory::host;
use vocabulary::dns::caa::judge;
use vocabulary::dns::{Answer, CaaFault, CaaLevel, CaaRefusal, Unanswered};

use crate::{Installation, InstalledAuthority, failed, ok, warning};

const NAME: &str = "target-caa";

/// Hosts are validated over HTTP, and wildcards over DNS.
const ASKED: [(bool, ChallengeKind); 2] = [(false, ChallengeKind::Http01), (true, ChallengeKind::Dns01)];

/// Whether every CA may issue for the hosts that lead to the target.
///
/// The names above the target do not matter: from an alias a CA climbs on above the alias (RFC 8659 §3).
pub(crate) fn target_caa(seen: &CaaLevel, installation: &Installation) -> InstallationCheck {
    let at = seen.at();
    if let Answer::Failed(why) = &seen.answer {
        return unanswered(seen, why);
    }
    let refused: Vec<_> = installation.authorities.iter().flat_map(|authority| refusals(authority, seen)).collect();
    let Some((first, refusal, _)) = refused.first() else {
        let count = installation.authorities.len();
        return ok(
            NAME,
            format!(
                "{at} allows {} to issue for the hosts that point there.",
                if count == 1 { "the CA" } else { "every CA" }
            ),
        );
    };
    let cas: BTreeSet<&str> = refused.iter().map(|(authority, ..)| host(&authority.directory)).collect();
    let cas = cas.into_iter().collect::<Vec<_>>().join(" and ");
    let records = seen.answer.records().join(", ");
    if let CaaFault::UnknownAccount { account } = &refusal.fault {
        return warning(
            NAME,
            format!("{at} allows one account only ({account}), and the parameters do not have the account at {cas}."),
            "Deploy with CaaAccountUri (for a fallback CA: its caa_account_uri), as the check “acme-account” shows it: make deploy",
        );
    }
    let why = match &refusal.fault {
        CaaFault::Malformed { why, .. } => format!(" ({why})"),
        CaaFault::UnknownCritical { .. } => " (a critical property that the CA does not know)".to_owned(),
        _ => String::new(),
    };
    let detail = format!(
        "The CAA records of {at} forbid {cas} to issue for any host that points to {}: {records}{why}.",
        seen.name
    );
    let lines: BTreeSet<String> = refused.iter().filter_map(|(.., record)| record.clone()).collect();
    let lines = lines.into_iter().collect::<Vec<_>>().join("\n");
    let remedy = match (&refusal.fault, seen.aliases.is_empty()) {
        (CaaFault::UnknownCritical { record }, _) => {
            format!("Correct the property's name at {at}, or set its flag to 0: {record}")
        }
        (CaaFault::Forbidden { .. }, true) => format!("Create at {at}, beside the existing ones:\n{lines}"),
        (_, true) => format!("Replace the CAA record of {} at {at} by:\n{lines}", host(&first.directory)),
        (_, false) => format!(
            "Point {} elsewhere, or create at {at}, the target of its alias, if that name is yours:\n{lines}",
            seen.name
        ),
    };
    failed(NAME, detail, remedy)
}

/// Each refusal of `authority`, with the record that lets it issue.
fn refusals<'a>(
    authority: &'a InstalledAuthority,
    seen: &'a CaaLevel,
) -> impl Iterator<Item = (&'a InstalledAuthority, CaaRefusal<'a>, Option<String>)> {
    ASKED.into_iter().filter_map(move |(wildcard, method)| {
        let refusal = judge(wildcard, method, from_ref(seen), &authority.issuer).err()?;
        let record = refusal.allowing(&authority.issuer, method);
        let record = record.map(|value| format!("{} CAA {value}", seen.at()));
        Some((authority, refusal, record))
    })
}

/// A CA must treat that as a refusal; a single query without an answer may be the fault of the network here.
fn unanswered(seen: &CaaLevel, why: &Unanswered) -> InstallationCheck {
    let at = seen.at();
    let detail = format!("{at} does not answer queries for CAA records: {why}.");
    let remedy = format!(
        "Query it: dig CAA {at}. “No CAA records” must be an answer: otherwise no CA issues for hosts that point to {}.",
        seen.name
    );
    match why {
        Unanswered::TimedOut => warning(NAME, detail, remedy),
        _ => failed(NAME, detail, remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{facts, installation, is_failed, is_ok, is_warning};
    use vocabulary::dns::Issuer;

    const SECOND: &str = "second.example";

    fn judged(records: &[&str]) -> InstallationCheck {
        let mut installation = installation();
        let issuer = Issuer { identities: vec![SECOND.into()], account: None };
        let directory = "https://acme.second.example/dir".into();
        installation.authorities.push(InstalledAuthority { directory, profile: None, issuer });
        let records = records.iter().map(ToString::to_string).collect();
        target_caa(&CaaLevel { answer: Answer::Records(records), ..facts().target_caa }, &installation)
    }

    fn next_step(check: &InstallationCheck) -> &str {
        check.remedy.as_deref().expect("a next step")
    }

    #[test]
    fn without_records_or_with_every_ca_among_them_all_may_issue() {
        assert!(is_ok(&target_caa(&facts().target_caa, &installation())));
        assert!(is_ok(&judged(&["0 issue \"ca.example\"", "0 issue \"second.example\""])));
        assert!(is_ok(&judged(&["0 iodef \"mailto:a@platform.example\""])));
    }

    #[test]
    fn each_ca_that_is_kept_out_gets_its_record() {
        let check = judged(&["0 issue \"amazon.com\""]);
        assert!(is_failed(&check), "{check:#?}");
        assert!(check.detail.contains("acme.second.example and ca.example") && check.detail.contains("amazon.com"));
        assert_eq!(
            next_step(&check),
            "Create at edge.platform.example, beside the existing ones:\n\
             edge.platform.example CAA 0 issue \"ca.example\"\n\
             edge.platform.example CAA 0 issue \"second.example\""
        );
        let fallback = judged(&["0 issue \"ca.example\""]);
        assert!(
            is_failed(&fallback)
                && next_step(&fallback).ends_with(":\nedge.platform.example CAA 0 issue \"second.example\"")
        );
        let wildcards = judged(&["0 issue \"ca.example\"", "0 issue \"second.example\"", "0 issuewild \";\""]);
        assert!(next_step(&wildcards).contains("CAA 0 issuewild \"ca.example\""), "{wildcards:#?}");
    }

    #[test]
    fn what_the_ca_does_not_know_or_cannot_read_is_named() {
        let critical = judged(&["1 tbs \"x\"", "0 issue \"ca.example\"", "0 issue \"second.example\""]);
        assert!(is_failed(&critical) && next_step(&critical).contains("1 tbs"), "{critical:#?}");
        let malformed = judged(&["0 issue \"ca.example;;\"", "0 issue \"second.example\""]);
        assert!(malformed.detail.contains("empty parameter"), "{malformed:#?}");
        assert!(next_step(&malformed).starts_with("Replace the CAA record of ca.example"), "{malformed:#?}");
        let unknown =
            judged(&["0 issue \"ca.example; accounturi=https://ca.example/1\"", "0 issue \"second.example\""]);
        assert!(is_warning(&unknown) && next_step(&unknown).contains("CaaAccountUri"), "{unknown:#?}");
    }

    #[test]
    fn where_the_target_is_an_alias_the_name_behind_it_is_given() {
        let seen = CaaLevel {
            aliases: vec!["lb.cloud.test".into()],
            answer: Answer::Records(vec!["0 issue \"amazon.com\"".into()]),
            ..facts().target_caa
        };
        let check = target_caa(&seen, &installation());
        assert!(is_failed(&check) && next_step(&check).starts_with("Point edge.platform.example elsewhere"));
        assert!(next_step(&check).ends_with("\nlb.cloud.test CAA 0 issue \"ca.example\""), "{check:#?}");
    }

    #[test]
    fn no_answer_is_a_warning_and_an_error_is_a_failure() {
        let unanswered =
            |why| target_caa(&CaaLevel { answer: Answer::Failed(why), ..facts().target_caa }, &installation());
        assert!(is_warning(&unanswered(Unanswered::TimedOut)));
        let check = unanswered(Unanswered::ServFail);
        assert!(is_failed(&check) && next_step(&check).contains("dig CAA edge.platform.example"));
    }
}
