//! A CA's problem document (RFC 8555 §6.7, RFC 9457).

use serde::{Deserialize, Serialize};

use crate::text::printable;

/// An ACME problem document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
// The API's own problem type already has the name.
pub struct Problem {
    /// Without the `urn:ietf:params:acme:error:` prefix: `rateLimited`.
    pub kind: String,
    /// The CA's own words, made [`printable`]; those of the subproblems follow, separated by `; `.
    pub detail: String,
    /// One for each name at fault (RFC 8555 §6.7.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subproblems: Vec<Subproblem>,
    /// The page that the CA refers a person to: its `instance` (RFC 8555 §7.3.3), or its link to the terms of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subproblem {
    /// The name it is about, where the CA says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub kind: String,
    pub detail: String,
}

impl Problem {
    pub fn new(kind: &str, detail: &str) -> Self {
        Self {
            kind: printable(kind, 60),
            detail: printable(detail, LONGEST_DETAIL),
            subproblems: Vec::new(),
            instance: None,
        }
    }

    /// One for each name at fault. The kind that they share, else `compound`.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn of_names(faults: Vec<Subproblem>) -> Self {
        let first = faults.first().expect("a name at fault").kind.clone();
        let kind = if faults.iter().all(|fault| fault.kind == first) { first } else { "compound".to_owned() };
        match faults.as_slice() {
            [Subproblem { name: Some(name), detail, .. }] => Self::new(&kind, &format!("{name}: {detail}")),
            [Subproblem { name: None, detail, .. }] => Self::new(&kind, detail),
            _ => Self::new(&kind, "").with_subproblems(faults),
        }
    }

    pub fn with_instance(mut self, link: Option<&str>) -> Self {
        let link = link.filter(|link| link.starts_with("https://") || link.starts_with("http://"));
        self.instance = link.map(|link| printable(link, LONGEST_DETAIL));
        self
    }

    /// Adds the subproblems, and their text to the detail.
    pub fn with_subproblems(mut self, subproblems: Vec<Subproblem>) -> Self {
        let own = (!self.detail.is_empty()).then(|| self.detail.clone());
        let details = own.into_iter().chain(subproblems.iter().map(Subproblem::in_words));
        let details: Vec<_> = details.filter(|text| !text.is_empty()).collect();
        self.detail = printable(&details.join("; "), LONGEST_DETAIL);
        self.subproblems = subproblems.into_iter().take(MOST_SUBPROBLEMS).collect();
        self
    }
}

impl Subproblem {
    /// Its name first, unless its text contains it.
    fn in_words(&self) -> String {
        match &self.name {
            Some(name) if !self.detail.contains(name.as_str()) => format!("{name}: {}", self.detail),
            _ => self.detail.clone(),
        }
    }
}

/// The link to unpause a name contains a signed token of some six hundred characters.
pub const LONGEST_DETAIL: usize = 1500;

/// A failure is part of the flow's state, whose size is limited.
const MOST_SUBPROBLEMS: usize = 10;
