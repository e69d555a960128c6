//! `doctor`: checks the installation, from this machine and through the API.

use std::time::Instant;

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use vocabulary::version::VERSION;
use wire::{CallerView, InstallationCheck, InstallationStatus};

use super::checks::{check, failed, ok};
use super::{deep, print, versions};
use crate::api::Answer;
use crate::api::address::ApiAddress;
use crate::api::credentials::Token;
use crate::api::{Api, Health, health};
use crate::arguments::{Doctor, Format};
use crate::render;
use crate::terminal::error::CliError;

/// AWS refuses signatures that are off by five minutes.
const SKEW_THAT_FAILS: Duration = Duration::minutes(5);
const SKEW_THAT_WARNS: Duration = Duration::MINUTE;

pub(super) async fn doctor(address: ApiAddress, token: Option<Token>, command: &Doctor) -> Result<(), CliError> {
    let (address_of, token_of) = (address.clone(), token.clone());
    // Texts that came from elsewhere are disarmed where they are read; what programs get are the API's own.
    let mut seen = vec![];
    let asked = Instant::now();
    let answers = match health(&address).await {
        Ok(Health { clock, version }) => {
            let took = asked.elapsed().as_millis();
            seen.push(ok("api reachable", format!("{} answers in {took} ms", address.as_str())));
            seen.push(clock_check(clock, OffsetDateTime::now_utc()));
            seen.push(versions::compare(VERSION, version.as_deref()));
            true
        }
        Err(error) => {
            seen.push(failed("api reachable", error));
            false
        }
    };
    let mut json: Vec<Value> = seen.iter().map(|check| json!(check)).collect();
    if answers {
        let (checks, theirs) = from_there(address, token).await;
        json.extend(checks.iter().take(checks.len() - theirs.len()).map(|check| json!(check)));
        json.extend(theirs);
        seen.extend(checks);
    }
    if let Some(domain) = &command.deep
        && let Some(check) = deeper(&address_of, token_of, command, domain.as_str(), &seen).await
    {
        json.push(json!(check));
        seen.push(check);
    }
    print(command.output.format, &json!({"checks": json}), |style| render::doctor_page(style, &seen))?;
    let failures: Vec<_> = seen.iter().filter(|check| render::has_failed(check)).collect();
    let Some(first) = failures.first() else { return Ok(()) };
    Err(CliError::new(
        format!("{} of {} checks failed, the first: {}.", failures.len(), seen.len(), first.name),
        &first.detail,
        render::then(first.remedy.as_deref().unwrap_or_default(), "managed-https doctor"),
    )
    .unless_told(command.output.format == Format::Table))
}

/// Issues a first certificate, if none of the `seen` checks has failed.
async fn deeper(
    address: &ApiAddress,
    token: Option<Token>,
    command: &Doctor,
    domain: &str,
    seen: &[InstallationCheck],
) -> Option<InstallationCheck> {
    if seen.iter().any(render::has_failed) {
        return None;
    }
    if !command.yes && !deep::is_for_tests(seen) {
        return Some(deep::not_run(domain));
    }
    match Api::new(address.clone(), token).await {
        Ok(api) => Some(deep::issue_and_remove(&api, domain, command.timeout).await),
        Err(error) => Some(failed("credentials", error)),
    }
}

/// Who the caller is to the API, and its checks; the checks also as raw JSON.
async fn from_there(address: ApiAddress, token: Option<Token>) -> (Vec<InstallationCheck>, Vec<Value>) {
    let api = match Api::new(address, token).await {
        Ok(api) => api,
        Err(error) => return (vec![failed("credentials", error)], vec![]),
    };
    let caller = match api.caller().await {
        Ok(caller) => caller.seen,
        Err(error) => return (vec![failed("credentials", error)], vec![]),
    };
    let mut checks = vec![ok("credentials", who(&caller))];
    if !caller.operator {
        let detail = "only operators may check the installation itself";
        let remedy = "Run it with AWS credentials, or with the token of an operator.";
        checks.push(check("installation", InstallationStatus::Warning, detail, Some(remedy.into())));
        return (checks, vec![]);
    }
    match api.installation().await {
        Ok(Answer { json, seen }) => {
            checks.extend(seen.checks);
            let theirs = json["checks"].as_array().cloned().unwrap_or_default();
            (checks, theirs)
        }
        Err(error) => {
            checks.push(failed("installation", error));
            (checks, vec![])
        }
    }
}

fn who(caller: &CallerView) -> String {
    match (&caller.tenant, caller.operator) {
        (_, true) => format!("{}, an operator", caller.who),
        (Some(tenant), false) => format!("{}, of the tenant {tenant}", caller.who),
        (None, false) => caller.who.clone(),
    }
}

/// Signatures carry this machine's time.
fn clock_check(theirs: Option<OffsetDateTime>, ours: OffsetDateTime) -> InstallationCheck {
    let Some(theirs) = theirs else {
        let remedy = "Compare this machine's clock with the time elsewhere: date -u";
        return check("clock", InstallationStatus::Warning, "the API's answer has no date", Some(remedy.into()));
    };
    let skew = ours - theirs;
    let detail = match skew.whole_seconds() {
        // Theirs has no fractions, and took its time to come.
        -2..=2 => "this machine's clock is right".to_owned(),
        seconds if seconds > 0 => format!("this machine's clock is {seconds} s ahead of the API's"),
        seconds => format!("this machine's clock is {} s behind the API's", -seconds),
    };
    let status = match skew.abs() {
        skew if skew >= SKEW_THAT_FAILS => InstallationStatus::Failed,
        skew if skew >= SKEW_THAT_WARNS => InstallationStatus::Warning,
        _ => InstallationStatus::Ok,
    };
    let remedy = "Set this machine's clock, best by NTP: signatures that are five minutes off are refused.";
    check("clock", status, detail, (status != InstallationStatus::Ok).then(|| remedy.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const OURS: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

    #[test]
    fn a_clock_is_called_wrong_where_signatures_are_refused() {
        let level = |skew: Duration| clock_check(Some(OURS - skew), OURS).status;
        for sign in [1, -1] {
            assert_eq!(level(Duration::seconds(59) * sign), InstallationStatus::Ok);
            assert_eq!(level(Duration::minutes(1) * sign), InstallationStatus::Warning);
            assert_eq!(level((Duration::minutes(5) - Duration::SECOND) * sign), InstallationStatus::Warning);
            assert_eq!(level(Duration::minutes(5) * sign), InstallationStatus::Failed);
        }
        assert_eq!(clock_check(None, OURS).status, InstallationStatus::Warning);
        let ahead = clock_check(Some(OURS - Duration::seconds(30)), OURS);
        assert!(ahead.detail.contains("30 s ahead") && ahead.remedy.is_none(), "{ahead:?}");
    }
}
