//! What the CAA records say about this installation's CA.

use vocabulary::acme::challenge::choose_challenge;
use vocabulary::dns::caa::judge;
use vocabulary::dns::{CaaVerdict, Issuer};
use vocabulary::guidance::WaitingOn;
use vocabulary::record::DnsRecord;

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::facts::Facts;
use crate::report::{Finding, Severity};
use crate::subject::Subject;

pub(crate) fn findings(subject: &Subject, facts: &Facts) -> Vec<Finding> {
    let served = |name: &vocabulary::names::CertificateName| {
        facts.bases.iter().find(|base| base.base == name.base).is_none_or(|base| base.zone.is_served())
    };
    let judged = facts.caa.iter().filter(|one| served(&one.name)).map(|one| {
        let method = choose_challenge(subject.proving(), &one.name);
        let verdict = judge(&one.name, method, &one.levels, &facts.issuer);
        finding(&one.name.to_string(), one.name.wildcard, method.as_str(), verdict, &facts.issuer)
    });
    judged.flatten().collect()
}

fn finding(name: &str, wildcard: bool, method: &str, verdict: CaaVerdict, issuer: &Issuer) -> Option<Finding> {
    let ours = issuer.identities.first().map_or("the CA", String::as_str);
    let expected = match issuer.identities.as_slice() {
        [] => format!("the CA may issue for {name}"),
        some => format!("{} may issue for {name}", some.join(" or ")),
    };
    let allow = |at: &str, value: String| {
        let tag = if wildcard { "issuewild" } else { "issue" };
        let purpose = format!("Allows the platform's CA to issue for {name}.");
        DnsRecord { name: at.to_owned(), kind: "CAA".into(), value: format!("0 {tag} \"{value}\""), purpose }
    };
    let fix = |at: &str, text: &str, value: String| {
        let record = allow(at, value);
        Fix::of(format!("{text}: {}", record.line())).with_record(record)
    };
    let found = match verdict {
        CaaVerdict::Allowed => return None,
        CaaVerdict::Forbidden { at, records } => {
            let found = format!("does not allow {ours} to issue for {name}: {}", records.join(", "));
            let fix = fix(&at, "Add a CAA record beside those that are there", ours.to_owned());
            Check::CaaForbids.finding(&at, expected, found, fix)
        }
        CaaVerdict::UnknownCritical { at, record } => {
            let found = format!("has a critical CAA property that no CA knows: {record}");
            let fix = Fix::of(format!("Correct the property's name at {at}, or set the flag to 0: {record}"));
            Check::CaaCritical.finding(&at, expected, found, fix)
        }
        CaaVerdict::OtherAccount { at, account } => {
            let own = issuer.account.as_deref().unwrap_or_default();
            let found = format!("allows another account only: accounturi={account}");
            let fix =
                fix(&at, "Change the CAA record to this installation's account", format!("{ours}; accounturi={own}"));
            Check::CaaAccount.finding(&at, format!("{expected}, by the account {own}"), found, fix)
        }
        CaaVerdict::UnknownAccount { at, account } => {
            let found = format!("allows one account only: accounturi={account}");
            let text = "Compare it with the URL of this installation's ACME account (stack parameter CaaAccountUri); where it is another one, the next order fails.";
            let mut finding = Check::CaaAccount.finding(&at, expected, found, Fix::of(text));
            finding.guidance.waiting_on = WaitingOn::Operator;
            finding.softened(Severity::Warning)
        }
        CaaVerdict::OtherMethod { at, methods } => {
            let found =
                format!("allows other methods only: validationmethods={methods}; {name} is validated by {method}");
            let fix = fix(&at, "Change the CAA record", format!("{ours}; validationmethods={methods},{method}"));
            Check::CaaMethod.finding(&at, format!("{expected}, by {method}"), found, fix)
        }
        CaaVerdict::Unanswered { at, why } => {
            let found = format!("does not answer the question for CAA records: {why}");
            let fix = Fix::of(Check::CaaUnanswered.entry().fix).with_command(format!("dig CAA {at}"));
            Check::CaaUnanswered.finding(&at, "CAA records, or the answer that there are none", found, fix)
        }
    };
    Some(found)
}
