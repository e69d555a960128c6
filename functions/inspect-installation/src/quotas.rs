//! Whether ACM will take what comes.

use domain::installation::{AcmUse, Capacity, InstallationCheck, Observed, Used};
use time::OffsetDateTime;
use vocabulary::certificate::{AcmForecast, AcmQuotas, ImportedLife, Target};
use vocabulary::text::{counted, grouped};

use crate::{Installation, failed, ok, unseen, warning};

/// Percent of a quota from which it is a warning, and from which it is a failure.
const NEAR: u32 = 80;
const VERY_NEAR: u32 = 95;

/// Home is counted at each inspection, other accounts and regions once an hour.
pub(crate) fn acm(
    seen: &Observed<Vec<ImportedLife>>,
    capacity: &Observed<Capacity>,
    installation: &Installation,
    now: OffsetDateTime,
) -> InstallationCheck {
    const NAME: &str = "acm-quota";
    let lives = match seen {
        Ok(lives) => lives,
        Err(fault) => return unseen(NAME, fault),
    };
    let kept = capacity.as_ref().map(|capacity| capacity.acm.as_slice()).unwrap_or_default();
    let is_home = |one: &&AcmUse| one.target.role.is_none() && one.target.region == installation.home;
    let (quotas, note) = at_home(installation, kept.iter().find(is_home));
    let forecast = AcmForecast::of(lives, now);
    let mut detail = said(forecast, quotas, now) + &note;
    let mut used = vec![
        Used { of: "certificates".into(), percent: forecast.certificates_percent(quotas) },
        Used { of: "imports".into(), percent: forecast.imports_percent(quotas) },
    ];
    let mut unknown = false;
    for one in kept.iter().filter(|one| !is_home(one)) {
        let place = place(&one.target);
        if let Some(forecast) = one.forecast {
            detail += &format!(" {}: {}", in_words(&one.target), said(forecast, one.quotas, now));
            used.push(Used { of: format!("certificates {place}"), percent: forecast.certificates_percent(one.quotas) });
            used.push(Used { of: format!("imports {place}"), percent: forecast.imports_percent(one.quotas) });
        }
        if let Some(why) = one.fault.as_ref().or(one.quotas_unknown.as_ref()) {
            detail += &format!(" {}: not all could be read: {why}.", in_words(&one.target));
            unknown |= one.fault.is_some();
        }
    }
    let highest = |limit: &str| used.iter().filter(|it| it.of.starts_with(limit)).map(|it| it.percent).max();
    let (held, imports) = (highest("certificates").unwrap_or_default(), highest("imports").unwrap_or_default());
    let check = match held.max(imports) {
        VERY_NEAR.. => failed(NAME, detail, remedy(held >= NEAR, imports >= NEAR)),
        NEAR.. => warning(NAME, detail, remedy(held >= NEAR, imports >= NEAR)),
        _ if unknown => {
            let page = "docs/how-to/listeners-and-regions.md#another-account";
            warning(NAME, detail, format!("Let the role list certificates and read quotas, as in {page}"))
        }
        _ => ok(NAME, detail),
    };
    InstallationCheck { used, ..check }
}

/// The quotas that count, and a sentence about their source.
fn at_home(installation: &Installation, kept: Option<&AcmUse>) -> (AcmQuotas, String) {
    match (installation.acm_quotas, kept) {
        (Some(typed), _) => (typed, " The quotas are those of the parameter AcmQuotas.".to_owned()),
        (None, Some(AcmUse { quotas, quotas_unknown: Some(why), .. })) => {
            (*quotas, format!(" Service Quotas did not answer, so these are AWS's default quotas: {why}."))
        }
        (None, Some(kept)) => (kept.quotas, String::new()),
        (None, None) => {
            (AcmQuotas::default(), " These are AWS's default quotas; the next health check reads them.".into())
        }
    }
}

/// `us-east-1`, or `us-east-1 444455556666`. Stable.
fn place(target: &Target) -> String {
    match &target.role {
        Some(role) => format!("{} {}", target.region, role.account().as_str()),
        None => target.region.to_string(),
    }
}

fn in_words(target: &Target) -> String {
    match &target.role {
        Some(role) => format!("In {} of the account {}", target.region, role.account().as_str()),
        None => format!("In {}", target.region),
    }
}

fn said(forecast: AcmForecast, quotas: AcmQuotas, now: OffsetDateTime) -> String {
    let AcmForecast { certificates, imports_a_year, new_lately } = forecast;
    let reached = match forecast.certificates_reached_at(quotas, now) {
        Some(at) => {
            format!(" New in the last 30 days: {new_lately}. At that rate the quota is reached on {}.", at.date())
        }
        None => String::new(),
    };
    format!(
        "{} (ACM allows {}; {}\u{202f}% used).{reached} Renewals need about {} a year (ACM allows {}; {}\u{202f}%).",
        counted(certificates.into(), "imported certificate"),
        grouped(quotas.certificates.into()),
        forecast.certificates_percent(quotas),
        counted(imports_a_year.into(), "import"),
        grouped(quotas.imports.into()),
        forecast.imports_percent(quotas),
    )
}

fn remedy(certificates: bool, imports: bool) -> String {
    let which = match (certificates, imports) {
        (true, false) => "“Imported certificates”",
        (false, true) => "“Imported certificates in last 365 days”",
        _ => "“Imported certificates” and “Imported certificates in last 365 days”",
    };
    format!(
        "Request a higher quota of ACM's {which}: in the console, Service Quotas, AWS Certificate Manager. What \
         is granted counts within the hour. Other accounts have quotas of their own: DeploymentRoleArns."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, denied, installation, is_failed, is_ok, is_warning};
    use time::Duration;

    fn judged(count: usize, days: i64, age: i64) -> InstallationCheck {
        let life = ImportedLife {
            not_before: NOW,
            not_after: NOW + Duration::days(days),
            created_at: Some(NOW - Duration::days(age)),
        };
        acm(&Ok(vec![life; count]), &Ok(Capacity::default()), &installation(), NOW)
    }

    #[test]
    fn a_limit_is_a_warning_at_80_percent_and_a_failure_at_95_and_not_before() {
        assert!(is_ok(&judged(1999, 365, 90)) && is_warning(&judged(2000, 365, 90)));
        assert!(is_warning(&judged(2374, 365, 90)) && is_failed(&judged(2375, 365, 90)));
        let check = judged(2000, 365, 90);
        assert!(check.detail.contains("2,000 imported certificates (ACM allows 2,500;"), "{check:?}");
        assert!(!check.detail.contains("reached"), "nothing grows: {check:?}");
        assert_eq!(check.used[0], Used { of: "certificates".into(), percent: 80 });
        assert!(check.remedy.is_some_and(|remedy| remedy.contains("“Imported certificates”:")));
    }

    #[test]
    fn short_lifetimes_use_up_the_import_quota_before_the_certificate_quota() {
        // 121.7 imports a year each.
        assert!(is_ok(&judged(32, 6, 90)));
        let check = judged(33, 6, 90);
        assert!(is_warning(&check) && check.remedy.is_some_and(|remedy| remedy.contains("last 365 days")));
        assert!(is_failed(&judged(40, 6, 90)));
    }

    #[test]
    fn growth_gives_a_date_and_a_denied_request_is_a_failure() {
        let check = judged(2000, 365, 3);
        assert!(
            check.detail.contains("New in the last 30 days: 2000.") && check.detail.contains("2026-12-02"),
            "{check:?}"
        );
        assert!(is_failed(&acm(&Err(denied("acm:ListCertificates")), &Ok(Capacity::default()), &installation(), NOW)));
    }

    fn counted(region: &str, role: Option<&str>, certificates: u32, quotas: AcmQuotas) -> AcmUse {
        AcmUse {
            target: Target {
                region: region.parse().expect("a region"),
                role: role.map(|role| role.parse().expect("a role")),
            },
            forecast: Some(AcmForecast { certificates, imports_a_year: 0, new_lately: 0 }),
            quotas,
            quotas_unknown: None,
            as_of: Some(NOW),
            tried_at: NOW,
            fault: None,
        }
    }

    fn with(acm_uses: Vec<AcmUse>, typed: Option<AcmQuotas>) -> InstallationCheck {
        let installation = Installation { acm_quotas: typed, ..installation() };
        let life = ImportedLife { not_before: NOW, not_after: NOW + Duration::days(3650), created_at: None };
        acm(&Ok(vec![life; 80]), &Ok(Capacity { acm: acm_uses, ..Capacity::default() }), &installation, NOW)
    }

    #[test]
    fn the_quota_from_aws_counts_unless_a_parameter_overrides_it() {
        let small = AcmQuotas { certificates: 100, imports: 5000 };
        let home = || counted("eu-central-1", None, 0, small);
        assert!(is_warning(&with(vec![home()], None)), "80 of 100");
        let typed = with(vec![home()], Some(AcmQuotas { certificates: 200, imports: 5000 }));
        assert!(is_ok(&typed) && typed.detail.contains("AcmQuotas"), "{typed:?}");
        let denied = AcmUse { quotas: AcmQuotas::default(), quotas_unknown: Some("denied".into()), ..home() };
        let check = with(vec![denied], None);
        assert!(is_ok(&check) && check.detail.contains("AWS's default quotas: denied"), "{check:?}");
    }

    #[test]
    fn other_accounts_and_regions_are_checked_like_the_home_region() {
        let role = "arn:aws:iam::444455556666:role/x";
        let check = with(vec![counted("us-east-1", Some(role), 95, AcmQuotas { certificates: 100, imports: 1 })], None);
        assert!(
            is_failed(&check) && check.detail.contains("In us-east-1 of the account 444455556666: 95"),
            "{check:?}"
        );
        assert!(check.used.contains(&Used { of: "certificates us-east-1 444455556666".into(), percent: 95 }));
        let unseen = AcmUse {
            forecast: None,
            fault: Some("acm:ListCertificates failed".into()),
            ..counted("us-east-1", None, 0, AcmQuotas::default())
        };
        let check = with(vec![unseen], None);
        assert!(is_warning(&check) && check.detail.contains("acm:ListCertificates"), "{check:?}");
    }
}
