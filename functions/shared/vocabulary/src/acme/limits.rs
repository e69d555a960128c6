//! The limits that CAs publish.

use std::str::FromStr;

use time::Duration;

use crate::acme::token_bucket::Limit;

/// What a CA allows one account. `None`: no limit, as far as we know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaLimits {
    /// New orders of the account.
    pub orders: Option<Limit>,
    /// Certificates for one registered domain.
    pub domain: Option<Limit>,
    /// Certificates for one exact set of names.
    pub names: Option<Limit>,
}

/// Let's Encrypt's. Source: letsencrypt.org/docs/rate-limits; [`Limit`] implements its `refill`.
const LETS_ENCRYPT: [(u32, Duration); 3] = [(300, Duration::hours(3)), (50, Duration::days(7)), (5, Duration::days(7))];

/// Why a text is no list of limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a limit; write orders=300/3h,domain=50/7d,names=5/7d (any of them), or unlimited")]
pub struct CaLimitsError(String);

impl CaLimits {
    /// The published limits of the CA with this directory; none for an unknown CA.
    pub fn published(directory: &str) -> Self {
        let host = directory.strip_prefix("https://").and_then(|rest| rest.split(['/', ':']).next());
        match host {
            Some("acme-v02.api.letsencrypt.org") => {
                let [orders, domain, names] = LETS_ENCRYPT.map(|(capacity, period)| Some(Limit::new(capacity, period)));
                Self { orders, domain, names }
            }
            _ => Self::default(),
        }
    }
}

impl FromStr for CaLimits {
    type Err = CaLimitsError;

    fn from_str(text: &str) -> Result<Self, CaLimitsError> {
        let mut limits = Self::default();
        if text.trim() == "unlimited" {
            return Ok(limits);
        }
        for part in text.split(',') {
            let wrong = || CaLimitsError(crate::text::printable(part, 60));
            let (name, limit) = part.trim().split_once('=').ok_or_else(wrong)?;
            let limit = Some(parse_limit(limit).ok_or_else(wrong)?);
            match name {
                "orders" => limits.orders = limit,
                "domain" => limits.domain = limit,
                "names" => limits.names = limit,
                _ => return Err(wrong()),
            }
        }
        Ok(limits)
    }
}

/// `300/3h`
pub(crate) fn parse_limit(text: &str) -> Option<Limit> {
    let (capacity, period) = text.split_once('/')?;
    let capacity = capacity.parse().ok().filter(|n| (1..=1_000_000).contains(n))?;
    let (number, unit) = period.split_at_checked(period.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|n| (1..=10_000).contains(n))?;
    let period = match unit {
        "m" => Duration::minutes(number),
        "h" => Duration::hours(number),
        "d" => Duration::days(number),
        _ => return None,
    };
    Some(Limit::new(capacity, period))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

    #[test]
    fn lets_encrypts_limits_are_known_and_those_of_other_cas_are_what_is_configured() {
        let known = CaLimits::published(LETS_ENCRYPT);
        assert_eq!(known, "orders=300/3h,domain=50/7d,names=5/7d".parse().expect("limits"));
        assert_eq!(CaLimits::published("https://ca.example/directory"), CaLimits::default());
        assert_eq!("unlimited".parse(), Ok(CaLimits::default()));
        let only = "orders=2/30m".parse::<CaLimits>().expect("limits");
        assert_eq!((only.orders, only.domain), (Some(Limit::new(2, Duration::minutes(30))), None));
        for bad in
            ["", "orders", "orders=0/3h", "orders=3", "orders=3/3y", "certificates=3/3h", "orders=3/3h;", "orders=3/"]
        {
            assert!(bad.parse::<CaLimits>().is_err(), "{bad}");
        }
    }
}
