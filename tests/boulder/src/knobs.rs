use std::collections::{BTreeMap, BTreeSet};

use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};

use crate::answer::Problem;

/// An answer in place of the CA's own.
#[derive(Clone, Debug)]
pub struct Injected {
    pub problem: Problem,
    /// How many requests get it.
    pub times: u32,
}

impl Injected {
    pub fn once(problem: Problem) -> Self {
        Self { problem, times: 1 }
    }

    pub fn always(problem: Problem) -> Self {
        Self { problem, times: u32::MAX }
    }
}

/// How it behaves. The defaults are Let's Encrypt's.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// Whether the directory has renewalInfo.
    pub ari: bool,
    /// Whether a new order that replaces says so.
    pub echoes_replaces: bool,
    /// Whether every order that replaces ends in an internal error.
    pub fails_at_replaces: bool,
    /// The suggested window of every certificate; `None`: from two thirds of its life on.
    pub window: Option<(OffsetDateTime, OffsetDateTime)>,
    pub lifetime: Duration,
    /// What its certificates may be used for.
    pub usages: Usages,
    pub profiles: BTreeMap<String, String>,
    /// How long an order is `processing` after it is finalized, and what Retry-After says of it, in seconds.
    pub processing: Duration,
    pub retry_after: u64,
    /// Names (registered or not) that are paused for the account.
    pub paused: BTreeSet<String>,
    /// Remote perspectives; the primary one is not among them.
    pub remote_perspectives: usize,
    /// Names whose CAA forbids issuance when they are validated.
    pub caa_forbids_validation: BTreeSet<String>,
    /// Names whose CAA forbids issuance by the time of finalize.
    pub caa_forbids: BTreeSet<String>,
    /// Whether its validation servers are down.
    pub validation_down: bool,
    /// Whether the account has to agree to new terms first.
    pub new_terms: bool,
    /// Whether it hands out valid authorizations and pending orders again.
    pub reuse: bool,
    pub limits: Limits,
    pub(crate) injected: Vec<(String, Injected)>,
}

/// The extensions Key Usage and Extended Key Usage; an empty one is left out.
#[derive(Clone, Debug)]
pub struct Usages {
    pub key: Vec<KeyUsagePurpose>,
    pub extended: Vec<ExtendedKeyUsagePurpose>,
}

/// So many within such a time.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub count: usize,
    pub period: Duration,
}

/// As letsencrypt.org/docs/rate-limits has them.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub orders_per_account: Limit,
    pub certificates_per_domain: Limit,
    pub certificates_per_set: Limit,
    pub failed_validations: Limit,
}

impl Default for Knobs {
    fn default() -> Self {
        let profile = |name: &str| (name.to_owned(), format!("https://letsencrypt.org/docs/profiles#{name}"));
        Self {
            ari: true,
            echoes_replaces: true,
            fails_at_replaces: false,
            window: None,
            lifetime: Duration::days(90),
            usages: Usages {
                key: vec![KeyUsagePurpose::DigitalSignature],
                extended: vec![ExtendedKeyUsagePurpose::ServerAuth],
            },
            profiles: ["classic", "tlsserver", "shortlived"].map(profile).into(),
            processing: Duration::ZERO,
            retry_after: 3,
            paused: BTreeSet::new(),
            remote_perspectives: 4,
            caa_forbids_validation: BTreeSet::new(),
            caa_forbids: BTreeSet::new(),
            validation_down: false,
            new_terms: false,
            reuse: true,
            limits: Limits {
                orders_per_account: Limit { count: 300, period: Duration::hours(3) },
                certificates_per_domain: Limit { count: 50, period: Duration::WEEK },
                certificates_per_set: Limit { count: 5, period: Duration::WEEK },
                failed_validations: Limit { count: 5, period: Duration::HOUR },
            },
            injected: Vec::new(),
        }
    }
}
