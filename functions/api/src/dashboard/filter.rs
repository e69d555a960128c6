//! Search and filters, as in the URL of the overview.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::StrDeserializer;
use url::form_urlencoded::Serializer;
use wire::{Reachability, Status, WaitingOn};

use super::operations::ListQuery;
use crate::http::query::DEFAULT_PAGE_OF_ENDPOINTS;

const PAGE: u32 = DEFAULT_PAGE_OF_ENDPOINTS;
const LONGEST_SEARCH: usize = 253;
/// A listener's ARN, for one.
const LONGEST_AT_FAULT: usize = 300;

/// The query as typed or as in a link. A form also sends empty fields; an invalid value counts as empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    pub(crate) q: String,
    /// Where `q` is in a name: `start`, else anywhere.
    pub(crate) at: String,
    /// By its old name in links of the previous release.
    #[serde(alias = "verdict")]
    pub(crate) status: String,
    pub(crate) actor: String,
    pub(crate) reachability: String,
    pub(crate) tenant: String,
    /// What is wrong: the name of a failure or a check.
    pub(crate) cause: String,
    /// What is at fault, as the overview's groups name it.
    pub(crate) at_fault: String,
    pub(crate) sort: String,
    pub(crate) cursor: String,
}

/// The value of a closed set that `text` names.
fn named<T: DeserializeOwned>(text: &str) -> Option<T> {
    T::deserialize(StrDeserializer::<serde::de::value::Error>::new(text)).ok()
}

impl Filter {
    pub(crate) fn query(&self) -> ListQuery {
        let within =
            |text: &str, most| Some(text.trim().chars().take(most).collect()).filter(|t: &String| !t.is_empty());
        let text = |text: &str| within(text, LONGEST_SEARCH);
        let begins = self.is_by_start().then(|| text(&self.q)).flatten();
        ListQuery {
            tenant: text(&self.tenant),
            status: named::<Status>(&self.status),
            actor: named::<WaitingOn>(&self.actor),
            reachability: named::<Reachability>(&self.reachability),
            q: text(&self.q).filter(|_| begins.is_none()),
            prefix: begins,
            cause: text(&self.cause),
            at_fault: within(&self.at_fault, LONGEST_AT_FAULT),
            by_attention: self.sort == "attention",
            cursor: Some(self.cursor.clone()).filter(|cursor| !cursor.is_empty()),
            limit: PAGE,
        }
    }

    /// Whether it finds domains by prefix. Text with non-ASCII characters is searched as a part of a name, as it is written.
    fn is_by_start(&self) -> bool {
        self.at == "start" && self.q.trim().chars().all(|c| c.is_ascii_alphanumeric() || "*._-".contains(c))
    }

    /// Whether the form offers the prefix search first: it is the default of a new search, as it reads only what it finds.
    pub(crate) fn offers_start(&self) -> bool {
        self.at == "start" || self.q.is_empty()
    }

    /// Whether it leaves endpoints out.
    pub(crate) fn narrows(&self) -> bool {
        let ListQuery { tenant, status, actor, reachability, q, prefix, cause, at_fault, .. } = self.query();
        let by_state = status.is_some() || actor.is_some() || cause.is_some() || at_fault.is_some();
        tenant.is_some() || by_state || reachability.is_some() || q.is_some() || prefix.is_some()
    }

    /// The same filters on the page that `cursor` begins; on the first one without.
    pub(crate) fn at(&self, cursor: &str) -> String {
        self.with("cursor", cursor)
    }

    /// The same filters, on the first page, with another value of the one called `name`: a link that narrows the list.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let mut query = Serializer::new(String::new());
        for (known, own) in [
            ("q", self.q.as_str()),
            ("at", if self.q.is_empty() { "" } else { &self.at }),
            ("status", &self.status),
            ("actor", &self.actor),
            ("reachability", &self.reachability),
            ("tenant", &self.tenant),
            ("cause", &self.cause),
            ("at_fault", &self.at_fault),
            ("sort", &self.sort),
            ("cursor", ""),
        ] {
            let value = if known == name { value } else { own };
            if !value.is_empty() {
                query.append_pair(known, value);
            }
        }
        query.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_filter_value_is_ignored() {
        let filter = Filter { status: "purple".into(), actor: String::new(), q: "  ".into(), ..Filter::default() };
        assert!(!filter.narrows());
        let filter = Filter { status: "action_required".into(), reachability: "internal".into(), ..Filter::default() };
        assert_eq!(filter.query().status, Some(Status::ActionRequired));
        assert_eq!(filter.query().reachability, Some(Reachability::Internal));
        assert!(filter.narrows());
    }

    #[test]
    fn a_search_for_the_start_of_a_domain_is_a_prefix_query_unless_it_is_an_idn() {
        let search = |q: &str, at: &str| Filter { q: q.into(), at: at.into(), ..Filter::default() }.query();
        assert_eq!(
            (search(" Shop.ex ", "start").prefix.as_deref(), search("shop", "start").q),
            (Some("Shop.ex"), None)
        );
        assert_eq!((search("shop", "").prefix, search("shop", "").q.as_deref()), (None, Some("shop")));
        assert_eq!(search("b\u{fc}cher", "start").q.as_deref(), Some("b\u{fc}cher"), "as it is written");
        let typed = Filter { q: "shop".into(), at: "start".into(), ..Filter::default() };
        assert_eq!(typed.at("c"), "q=shop&at=start&cursor=c");
        assert!(typed.narrows() && Filter::default().offers_start());
    }

    #[test]
    fn the_filters_stay_in_the_url_of_the_next_page() {
        let filter = Filter { q: "a&b".into(), status: "ready".into(), ..Filter::default() };
        assert_eq!(filter.at("c d"), "q=a%26b&status=ready&cursor=c+d");
        assert_eq!(filter.at(""), "q=a%26b&status=ready");
        let other = Filter { cursor: "c".into(), ..filter };
        assert_eq!(other.with("status", "degraded"), "q=a%26b&status=degraded", "on its first page");
        assert_eq!(other.with("status", ""), "q=a%26b");
        assert_eq!(other.with("cause", "RateLimited"), "q=a%26b&status=ready&cause=RateLimited");
    }
}
