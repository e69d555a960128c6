//! Checks of the CA's answers.

use vocabulary::guidance::WaitingOn;

use crate::catalogue::check::{Area, Check, Entry};
use crate::report::Severity;

pub(super) const CA: [Entry; 4] = [
    Entry {
        check: Check::DomainLimit,
        name: "domain-limit",
        area: Area::Ca,
        severity: Severity::Error,
        actor: WaitingOn::Ca,
        title: "The registered domain is at its limit at the CA",
        explanation: "CAs limit the certificates for one registered domain, all accounts and names below it together. \
                      Renewals inside the CA's renewal window do not count.",
        fix: "Retried automatically when the CA allows. Put names of one domain into fewer certificates.",
    },
    Entry {
        check: Check::RateLimited,
        name: "rate-limited",
        area: Area::Ca,
        severity: Severity::Error,
        actor: WaitingOn::Ca,
        title: "A limit of the CA is reached",
        explanation: "The CA asks to come back later: too many orders, too many failed validations of the name, or \
                      too many requests.",
        fix: "Retried automatically when the CA allows.",
    },
    Entry {
        check: Check::NamePaused,
        name: "name-paused",
        area: Area::Ca,
        severity: Severity::Error,
        actor: WaitingOn::Operator,
        title: "The CA has paused the name",
        explanation: "After many consecutive failed validations the CA takes no more orders for this name from this \
                      account, until somebody unpauses it. Waiting does not help.",
        fix: "Fix what the validations failed by, then open the CA's link and unpause.",
    },
    Entry {
        check: Check::OrderFailed,
        name: "order-failed",
        area: Area::Ca,
        severity: Severity::Error,
        actor: WaitingOn::Operator,
        title: "The order failed at the CA",
        explanation: "The CA refused the order or a validation. Its own words, with what its error type means (RFC 8555 §6.7).",
        fix: "As the error type says.",
    },
];
