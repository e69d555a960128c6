//! How close an account is to ACM's quotas of imported certificates, and how much of them a year of renewals will need.
//!
//! Pure. All imports count, ours or not: the quotas are the account's, in each region.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::certificate::renewal::renewal_opens;

const YEAR: Duration = Duration::days(365);

/// New certificates of this period are counted, for the forecast.
const LATELY: Duration = Duration::days(30);

/// What ACM allows an account to import into a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmQuotas {
    /// Imported certificates at one time.
    pub certificates: u32,
    /// Imports within 365 days. AWS does not say whether imports under an existing ARN count: here they do.
    pub imports: u32,
}

impl Default for AcmQuotas {
    /// AWS's defaults for every account.
    fn default() -> Self {
        Self { certificates: 2500, imports: 5000 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcmQuotasError {
    #[error("“{0}” is not a quota; they are written like certificates=2500,imports=5000")]
    Malformed(String),
    #[error("“{0}” is there twice")]
    Twice(String),
    #[error("{0} must be at least 1")]
    Zero(&'static str),
}

impl FromStr for AcmQuotas {
    type Err = AcmQuotasError;

    /// `certificates=2500,imports=5000`; a missing value is AWS's default.
    fn from_str(text: &str) -> Result<Self, AcmQuotasError> {
        let (mut certificates, mut imports) = (None, None);
        for part in text.split(',') {
            let malformed = || AcmQuotasError::Malformed(part.to_owned());
            let (name, number) = part.trim().split_once('=').ok_or_else(malformed)?;
            let known = match name {
                "certificates" => &mut certificates,
                "imports" => &mut imports,
                _ => return Err(malformed()),
            };
            if known.replace(number.parse::<u32>().map_err(|_| malformed())?).is_some() {
                return Err(AcmQuotasError::Twice(name.to_owned()));
            }
        }
        let default = Self::default();
        let quotas = Self {
            certificates: certificates.unwrap_or(default.certificates),
            imports: imports.unwrap_or(default.imports),
        };
        match (quotas.certificates, quotas.imports) {
            (0, _) => Err(AcmQuotasError::Zero("certificates")),
            (_, 0) => Err(AcmQuotasError::Zero("imports")),
            _ => Ok(quotas),
        }
    }
}

impl fmt::Display for AcmQuotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificates={},imports={}", self.certificates, self.imports)
    }
}

/// An imported certificate, as ACM lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportedLife {
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    /// When its ARN was created; absent if the list does not say.
    pub created_at: Option<OffsetDateTime>,
}

/// How much of the quotas is used, and will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmForecast {
    pub certificates: u32,
    /// Imports within a year if each certificate is renewed when due, and none is added or removed.
    pub imports_a_year: u32,
    /// How many of them were added in the last month.
    pub new_lately: u32,
}

/// How often a certificate is imported in a year, by the rule of [`renewal_opens`].
fn imports_a_year(life: &ImportedLife) -> f64 {
    let turn = renewal_opens(life.not_before, life.not_after, 0.5) - life.not_before;
    // Nobody renews more often than once an hour, whatever the certificate says.
    YEAR / turn.max(Duration::HOUR)
}

impl AcmForecast {
    pub fn of(lives: &[ImportedLife], now: OffsetDateTime) -> Self {
        // An expired certificate is not renewed.
        let renewed = lives.iter().filter(|life| life.not_after > now);
        let imports: f64 = renewed.map(imports_a_year).sum();
        let new = lives.iter().filter(|life| life.created_at.is_some_and(|at| now - at < LATELY)).count();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            certificates: count(lives.len()),
            // A sum of positive numbers: the cast saturates.
            imports_a_year: imports.ceil() as u32,
            new_lately: count(new),
        }
    }

    /// Whole percent of the quota of certificates, rounded down.
    pub fn certificates_percent(self, quotas: AcmQuotas) -> u32 {
        percent(self.certificates, quotas.certificates)
    }

    /// Whole percent of the quota of imports, rounded down.
    pub fn imports_percent(self, quotas: AcmQuotas) -> u32 {
        percent(self.imports_a_year, quotas.imports)
    }

    /// When the quota of certificates is reached if as many are added as in the last month, and none is removed. `None`: it is
    /// reached already, or not within a year.
    pub fn certificates_reached_at(self, quotas: AcmQuotas, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let left = quotas.certificates.checked_sub(self.certificates).filter(|left| *left > 0)?;
        if self.new_lately == 0 {
            return None;
        }
        let takes = LATELY * (f64::from(left) / f64::from(self.new_lately));
        (takes <= YEAR).then(|| now + takes)
    }
}

fn percent(used: u32, of: u32) -> u32 {
    u32::try_from(u64::from(used) * 100 / u64::from(of.max(1))).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn life(days: i64) -> ImportedLife {
        ImportedLife { not_before: NOW, not_after: NOW + Duration::days(days), created_at: None }
    }

    #[test]
    fn a_certificate_is_imported_as_often_as_it_is_renewed() {
        let imports = |days, count| AcmForecast::of(&vec![life(days); count], NOW).imports_a_year;
        assert_eq!(imports(90, 100), 609, "each 60 days");
        assert_eq!(imports(47, 100), 1165, "each 31 days and a third");
        assert_eq!(imports(6, 100), 12_167, "under ten days at the half: each 3 days");
        assert_eq!(imports(10, 100), 5475, "and from ten days on at two thirds");
        assert_eq!(AcmForecast::of(&[], NOW), AcmForecast { certificates: 0, imports_a_year: 0, new_lately: 0 });
    }

    #[test]
    fn an_expired_certificate_counts_and_is_not_renewed() {
        let expired = ImportedLife { not_before: NOW - Duration::days(90), not_after: NOW, created_at: None };
        let forecast = AcmForecast::of(&[expired, life(90)], NOW);
        assert_eq!((forecast.certificates, forecast.imports_a_year), (2, 7));
    }

    #[test]
    fn percentages_are_rounded_down_so_that_a_threshold_is_reached_and_not_neared() {
        let quotas = AcmQuotas { certificates: 1000, imports: 100 };
        let at = |certificates| AcmForecast { certificates, imports_a_year: 80, new_lately: 0 };
        assert_eq!((at(799).certificates_percent(quotas), at(800).certificates_percent(quotas)), (79, 80));
        assert_eq!(at(0).imports_percent(quotas), 80);
        assert_eq!(at(3000).certificates_percent(quotas), 300);
    }

    #[test]
    fn the_day_is_given_only_where_something_grows_and_it_is_near() {
        let quotas = AcmQuotas { certificates: 1000, imports: 5000 };
        let at = |certificates, new_lately| {
            AcmForecast { certificates, imports_a_year: 0, new_lately }.certificates_reached_at(quotas, NOW)
        };
        assert_eq!(at(900, 100), Some(NOW + Duration::days(30)));
        assert_eq!(at(900, 0), None, "nothing grows");
        assert_eq!(at(1000, 100), None, "it is reached");
        assert_eq!(at(0, 50), None, "more than a year away");
        let new = ImportedLife { created_at: Some(NOW - Duration::days(30) + Duration::SECOND), ..life(90) };
        let old = ImportedLife { created_at: Some(NOW - Duration::days(30)), ..life(90) };
        assert_eq!(AcmForecast::of(&[new, old, life(90)], NOW).new_lately, 1);
    }

    #[test]
    fn quotas_are_read_strictly() {
        let parse = |text: &str| text.parse::<AcmQuotas>();
        assert_eq!(parse("certificates=10000,imports=20000"), Ok(AcmQuotas { certificates: 10_000, imports: 20_000 }));
        assert_eq!(parse("imports=7"), Ok(AcmQuotas { certificates: 2500, imports: 7 }));
        assert_eq!(parse("certificates=2500,imports=5000"), Ok(AcmQuotas::default()));
        for bad in ["", "2500", "certificates=", "certificates=-1", "certificate=1", "certificates=1,,imports=2"] {
            assert!(matches!(parse(bad), Err(AcmQuotasError::Malformed(_))), "{bad}");
        }
        assert_eq!(parse("imports=1,imports=2"), Err(AcmQuotasError::Twice("imports".into())));
        assert_eq!(parse("imports=0"), Err(AcmQuotasError::Zero("imports")));
        assert_eq!(AcmQuotas::default().to_string(), "certificates=2500,imports=5000");
    }
}
