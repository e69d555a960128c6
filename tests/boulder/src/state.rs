use std::collections::{BTreeMap, BTreeSet};

use rcgen::{Issuer, KeyPair};
use time::OffsetDateTime;

use crate::answer::Problem;
use crate::knobs::Knobs;

/// What a challenge asks the world.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// Without a wildcard label.
    pub name: String,
    /// `http-01`, `dns-01`.
    pub kind: String,
    /// From where it is asked: 0 is the primary perspective, the others are remote.
    pub perspective: usize,
    pub token: String,
    /// The body for HTTP-01, the TXT value for DNS-01.
    pub expected: String,
}

/// Looks; the error is the CA's: `unauthorized`, `dns`, `connection` …
pub type Validator = Box<dyn Fn(&Lookup) -> Result<(), Problem> + Send>;

pub(crate) struct Account {
    pub(crate) id: u64,
    /// x and y of its P-256 key.
    pub(crate) point: Vec<u8>,
    pub(crate) thumbprint: String,
    pub(crate) status: &'static str,
}

#[derive(Clone)]
pub(crate) struct Authorization {
    pub(crate) id: u64,
    pub(crate) account: u64,
    pub(crate) name: String,
    pub(crate) wildcard: bool,
    /// Of the order that it was made for: no other has it again.
    pub(crate) profile: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) expires: OffsetDateTime,
    pub(crate) token: String,
    /// Which challenge was answered, and why it failed.
    pub(crate) error: Option<(String, Problem)>,
}

#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) account: u64,
    /// In order.
    pub(crate) names: Vec<String>,
    pub(crate) authorizations: Vec<u64>,
    pub(crate) profile: Option<String>,
    /// The serial of the certificate whose renewal within its window this is.
    pub(crate) replaces: Option<String>,
    /// What the request for it said.
    pub(crate) says_replaces: Option<String>,
    pub(crate) expires: OffsetDateTime,
    /// Since when it is processing, and what comes of it.
    pub(crate) processing: Option<(OffsetDateTime, usize)>,
    pub(crate) error: Option<Problem>,
    pub(crate) certificate: Option<usize>,
}

pub(crate) struct Certificate {
    pub(crate) serial: String,
    pub(crate) account: u64,
    pub(crate) names: Vec<String>,
    pub(crate) issued_at: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    pub(crate) revoked: Option<u64>,
    pub(crate) replaced: bool,
}

/// What a limit counts.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) orders: Vec<(u64, OffsetDateTime)>,
    pub(crate) domains: BTreeMap<String, Vec<OffsetDateTime>>,
    pub(crate) sets: BTreeMap<Vec<String>, Vec<OffsetDateTime>>,
    pub(crate) failures: BTreeMap<(u64, String), Vec<OffsetDateTime>>,
}

pub(crate) struct State {
    pub(crate) base: String,
    pub(crate) now: OffsetDateTime,
    pub(crate) knobs: Knobs,
    pub(crate) validator: Validator,
    pub(crate) issuer: Issuer<'static, KeyPair>,
    pub(crate) issuer_pem: String,
    pub(crate) counter: u64,
    pub(crate) nonces: BTreeSet<String>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) orders: Vec<Order>,
    pub(crate) authorizations: Vec<Authorization>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) counted: Counted,
    pub(crate) replaced: Vec<String>,
    pub(crate) seen: Vec<String>,
    pub(crate) refused: Vec<String>,
}

impl State {
    pub(crate) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(crate) fn nonce(&mut self) -> String {
        let nonce = format!("nonce{:08}", self.next());
        self.nonces.insert(nonce.clone());
        nonce
    }
}
