//! What goes wrong in one run, and what its owner changes.

use std::ops::Range;

use time::OffsetDateTime;
use vocabulary::acme::Proving;
use vocabulary::certificate::Deployment;

/// What goes wrong in one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chaos {
    /// The process dies after so many more side effects, again and again; with `true` its whole execution dies too.
    pub(crate) crashes: Vec<(u32, bool)>,
    /// Which invocations are delivered twice; with `true` the flow sees the first answer.
    pub(crate) duplicates: Vec<Option<bool>>,
    pub(crate) reuse_authorizations: bool,
}

/// When a dependency is unavailable; the end is not part of it.
pub(crate) type Outage = Range<OffsetDateTime>;

/// Outages of the installation's dependencies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outages {
    pub(crate) ca: Vec<Outage>,
    /// Of the fallback CA.
    pub(crate) second_ca: Vec<Outage>,
    pub(crate) route53: Vec<Outage>,
}

/// A change of names or of how they are proven; `also` of `None` leaves the names.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) also: Option<Vec<String>>,
    pub(crate) proving: Proving,
    /// `None` leaves it.
    pub(crate) deployment: Option<Deployment>,
    /// Whether everything that was delivered before comes again right after the change.
    pub(crate) echo: bool,
}
