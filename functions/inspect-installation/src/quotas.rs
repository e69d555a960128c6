//! Whether ACM will take what comes.

use domain::installation::{InstallationCheck, Observed, Used};
use time::OffsetDateTime;
use vocabulary::certificate::{AcmForecast, AcmQuotas, ImportedLife};
use vocabulary::text::{counted, grouped};

use crate::{Installation, failed, ok, unseen, warning};

/// Percent of a quota from which it is a warning, and from which it is a failure.
const NEAR: u32 = 80;
const VERY_NEAR: u32 = 95;

pub(crate) fn acm(
    seen: &Observed<Vec<ImportedLife>>,
    installation: &Installation,
    now: OffsetDateTime,
) -> InstallationCheck {
    const NAME: &str = "acm-quota";
    let lives = match seen {
        Ok(lives) => lives,
        Err(fault) => return unseen(NAME, fault),
    };
    let (forecast, quotas) = (AcmForecast::of(lives, now), installation.acm_quotas);
    let (held, imports) = (forecast.certificates_percent(quotas), forecast.imports_percent(quotas));
    let detail = said(forecast, quotas, now);
    let check = match held.max(imports) {
        VERY_NEAR.. => failed(NAME, detail, remedy(held >= NEAR, imports >= NEAR)),
        NEAR.. => warning(NAME, detail, remedy(held >= NEAR, imports >= NEAR)),
        _ => ok(NAME, detail),
    };
    let used = |of: &str, percent| Used { of: of.to_owned(), percent };
    InstallationCheck { used: vec![used("certificates", held), used("imports", imports)], ..check }
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
        "Request a higher quota of ACM's {which}: https://console.aws.amazon.com/servicequotas/home/services/acm/quotas, then deploy \
         with it as AcmQuotas. Other accounts have quotas of their own: DeploymentRoleArns."
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
        acm(&Ok(vec![life; count]), &installation(), NOW)
    }

    #[test]
    fn it_is_a_warning_at_80_percent_and_a_failure_at_95_and_not_before() {
        assert!(is_ok(&judged(1999, 365, 90)) && is_warning(&judged(2000, 365, 90)));
        assert!(is_warning(&judged(2374, 365, 90)) && is_failed(&judged(2375, 365, 90)));
        let check = judged(2000, 365, 90);
        assert!(check.detail.contains("2,000 imported certificates (ACM allows 2,500;"), "{check:?}");
        assert!(!check.detail.contains("reached"), "nothing grows: {check:?}");
        assert_eq!(check.used[0], Used { of: "certificates".into(), percent: 80 });
        assert!(check.remedy.is_some_and(|remedy| remedy.contains("“Imported certificates”:")));
    }

    #[test]
    fn short_lives_use_up_the_imports_long_before_the_certificates() {
        // 121.7 imports a year each.
        assert!(is_ok(&judged(32, 6, 90)));
        let check = judged(33, 6, 90);
        assert!(is_warning(&check) && check.remedy.is_some_and(|remedy| remedy.contains("last 365 days")));
        assert!(is_failed(&judged(40, 6, 90)));
    }

    #[test]
    fn growth_says_when_and_what_cannot_be_checked_says_so() {
        let check = judged(2000, 365, 3);
        assert!(
            check.detail.contains("New in the last 30 days: 2000.") && check.detail.contains("2026-12-02"),
            "{check:?}"
        );
        assert!(is_failed(&acm(&Err(denied("acm:ListCertificates")), &installation(), NOW)));
    }
}
