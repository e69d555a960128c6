//! What one tenant may request from an installation, so that none starves the others, or causes them costs.

use std::str::FromStr;

use time::Duration;

use crate::acme::counted::Counted;
use crate::acme::limits::parse_limit;
use crate::acme::token_bucket::Limit;
use crate::certificate::acm_quota::AcmQuotas;

/// The limits of one tenant. `None`: unlimited. Operators are not limited, on whoever's behalf they act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantLimits {
    /// Registrations, and changes of names.
    pub registrations: Option<Limit>,
    /// Renewals on request; those that are due are not counted.
    pub renewals: Option<Limit>,
    /// Checks on request, also by a link.
    pub checks: Option<Limit>,
    /// Messages about new endpoints that wait for their domain owner; beyond that the digest covers them.
    pub messages: Option<Limit>,
    pub endpoints: Option<u32>,
    /// Of all endpoints together.
    pub names: Option<u32>,
    /// The part of ACM's quotas, in percent: of its certificates as endpoints, of its imports as registrations and renewals.
    pub acm: Option<u32>,
}

/// The usage of a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TenantUsage {
    pub endpoints: u64,
    pub names: u64,
}

const YEAR: Duration = Duration::days(365);

impl Default for TenantLimits {
    /// A platform's customer in a busy hour, with room to spare; less than half of what all share.
    fn default() -> Self {
        let limit = |capacity, period| Some(Limit::new(capacity, period));
        Self {
            registrations: limit(300, Duration::HOUR),
            renewals: limit(100, Duration::HOUR),
            checks: limit(600, Duration::HOUR),
            messages: limit(20, Duration::DAY),
            endpoints: Some(5_000),
            names: Some(20_000),
            acm: Some(50),
        }
    }
}

impl TenantLimits {
    /// Nothing is limited.
    pub const UNLIMITED: Self = Self {
        registrations: None,
        renewals: None,
        checks: None,
        messages: None,
        endpoints: None,
        names: None,
        acm: None,
    };

    /// How much of `what` in what period, given ACM's quotas.
    pub fn limit(&self, what: Counted, quotas: AcmQuotas) -> Option<Limit> {
        match what {
            Counted::Registrations => self.registrations,
            Counted::Renewals => self.renewals,
            Counted::Checks => self.checks,
            Counted::Messages => self.messages,
            Counted::Imports => self.acm.map(|percent| Limit::new(part(quotas.imports, percent), YEAR)),
        }
    }

    /// How many endpoints; each has one certificate.
    pub fn most_endpoints(&self, quotas: AcmQuotas) -> Option<u32> {
        let certificates = self.acm.map(|percent| part(quotas.certificates, percent));
        self.endpoints.into_iter().chain(certificates).min()
    }
}

fn part(whole: u32, percent: u32) -> u32 {
    u32::try_from(u64::from(whole) * u64::from(percent) / 100).unwrap_or(u32::MAX).max(1)
}

/// Why a text is no list of limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is not a limit of tenants; write registrations=300/1h,renewals=100/1h,checks=600/1h,messages=20/1d,endpoints=5000,\
     names=20000,acm=50 (any of them, each also unlimited), or unlimited"
)]
pub struct TenantLimitsError(String);

impl FromStr for TenantLimits {
    type Err = TenantLimitsError;

    /// A missing value is the default.
    fn from_str(text: &str) -> Result<Self, TenantLimitsError> {
        if text.trim() == "unlimited" {
            return Ok(Self::UNLIMITED);
        }
        let mut limits = Self::default();
        for part in text.split(',') {
            let wrong = || TenantLimitsError(crate::text::printable(part, 60));
            let (name, value) = part.trim().split_once('=').ok_or_else(wrong)?;
            let rate = || match value {
                "unlimited" => Ok(None),
                value => parse_limit(value).map(Some).ok_or_else(wrong),
            };
            let count = |most: u32| match value {
                "unlimited" => Ok(None),
                value => value.parse().ok().filter(|n| (1..=most).contains(n)).map(Some).ok_or_else(wrong),
            };
            match name {
                "registrations" => limits.registrations = rate()?,
                "renewals" => limits.renewals = rate()?,
                "checks" => limits.checks = rate()?,
                "messages" => limits.messages = rate()?,
                "endpoints" => limits.endpoints = count(10_000_000)?,
                "names" => limits.names = count(10_000_000)?,
                "acm" => limits.acm = count(100)?,
                _ => return Err(wrong()),
            }
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_omitted_limit_is_the_default_and_each_can_be_unlimited() {
        let limits: TenantLimits = "registrations=5/1h,endpoints=unlimited,acm=10".parse().expect("limits");
        let default = TenantLimits::default();
        let registrations = Some(Limit::new(5, Duration::HOUR));
        assert_eq!(limits, TenantLimits { registrations, endpoints: None, acm: Some(10), ..default });
        assert_eq!("unlimited".parse(), Ok(TenantLimits::UNLIMITED));
        let written =
            "registrations=300/1h,renewals=100/1h,checks=600/1h,messages=20/1d,endpoints=5000,names=20000,acm=50";
        assert_eq!(written.parse(), Ok(default), "as it is documented");
        for bad in ["", "endpoints", "endpoints=0", "acm=101", "registrations=5", "orders=3/3h", "checks=1/1y"] {
            assert!(bad.parse::<TenantLimits>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_share_of_acm_is_a_limit_of_endpoints_and_of_what_people_have_imported_in_a_year() {
        let quotas = AcmQuotas { certificates: 2500, imports: 5000 };
        let limits = TenantLimits::default();
        assert_eq!(limits.most_endpoints(quotas), Some(1250), "half of what the account may have");
        assert_eq!(limits.limit(Counted::Imports, quotas), Some(Limit::new(2500, YEAR)));
        assert_eq!(TenantLimits { acm: None, ..limits }.most_endpoints(quotas), Some(5000));
        assert_eq!(TenantLimits::UNLIMITED.most_endpoints(quotas), None);
        let smallest = TenantLimits { acm: Some(1), ..limits };
        assert_eq!(
            smallest.most_endpoints(AcmQuotas { certificates: 5, imports: 5 }),
            Some(1),
            "everybody gets something"
        );
    }
}
