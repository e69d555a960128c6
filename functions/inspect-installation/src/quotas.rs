//! Whether ACM will take what comes.

use domain::installation::{InstallationCheck, Observed, Used};
use time::OffsetDateTime;
use vocabulary::certificate::{AcmForecast, AcmQuotas, ImportedLife};

use crate::{Installation, failed, ok, unseen, warning};

/// Percent of a quota from which it is told, and from which it is serious.
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
        Some(at) => format!(
            " {new_lately} of them are new since 30 days: if as many go on coming and none goes, that is reached on {}.",
            at.date()
        ),
        None => String::new(),
    };
    format!(
        "{certificates} certificates are imported here, of {} that ACM allows ({}\u{202f}%).{reached} Renewing them takes some \
         {imports_a_year} imports a year, of {} ({}\u{202f}%).",
        quotas.certificates,
        forecast.certificates_percent(quotas),
        quotas.imports,
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
        "Ask for more of ACM's {which}: https://console.aws.amazon.com/servicequotas/home/services/acm/quotas, and deploy with \
         AcmQuotas as it is granted. Further accounts have quotas of their own: DeploymentRoleArns."
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
    fn it_is_told_at_80_percent_and_serious_at_95_and_not_before() {
        assert!(is_ok(&judged(1999, 365, 90)) && is_warning(&judged(2000, 365, 90)));
        assert!(is_warning(&judged(2374, 365, 90)) && is_failed(&judged(2375, 365, 90)));
        let check = judged(2000, 365, 90);
        assert!(check.detail.contains("2000 certificates") && check.detail.contains("of 2500"), "{check:?}");
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
    fn growth_says_when_and_what_cannot_be_looked_at_says_so() {
        let check = judged(2000, 365, 3);
        assert!(check.detail.contains("2000 of them are new") && check.detail.contains("2026-12-02"), "{check:?}");
        assert!(is_failed(&acm(&Err(denied("acm:ListCertificates")), &installation(), NOW)));
    }
}
