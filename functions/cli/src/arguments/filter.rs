//! Which endpoints a command is about, where it is about more than one.

use clap::{Args, ValueEnum};
use vocabulary::times::typed_length;

/// The options that leave endpoints out.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filter {
    /// Filter by status
    #[arg(long, alias = "verdict", value_enum)]
    pub(crate) status: Option<StatusFilter>,

    /// Filter by who acts next
    #[arg(long, alias = "actor", value_enum, value_name = "WHO")]
    pub(crate) waiting_on: Option<WaitingOnFilter>,

    /// Filter by reachability
    #[arg(long, value_enum)]
    pub(crate) reachability: Option<ReachabilityFilter>,

    /// Filter by tenant; operators only
    #[arg(long)]
    pub(crate) tenant: Option<String>,

    /// Filter by a part of a name or id
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,

    /// Filter by the beginning of the domain; the fastest filter
    #[arg(long, value_name = "TEXT")]
    pub(crate) prefix: Option<String>,

    /// Filter by what is wrong: a failure (RateLimited) or a check (delegation-missing)
    #[arg(long, value_name = "NAME")]
    pub(crate) cause: Option<String>,

    /// Filter by what is at fault: a zone, a listener, a service
    #[arg(long, value_name = "NAME")]
    pub(crate) at_fault: Option<String>,

    /// Filter by expiry: certificates that expire within 14d, 36h …
    #[arg(long, value_name = "TIME", value_parser = within)]
    pub(crate) expires_within: Option<String>,
}

/// The ids of the options above, for rules of commands that have them.
pub(crate) const FILTERS: [&str; 9] =
    ["status", "waiting_on", "reachability", "tenant", "search", "prefix", "cause", "at_fault", "expires_within"];

fn within(text: &str) -> Result<String, String> {
    typed_length(text).map(|_| text.to_owned()).ok_or_else(|| "not a time: write it like 14d, 36h or 90m".to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum StatusFilter {
    ActionRequired,
    Degraded,
    Retrying,
    WaitingForDns,
    Issuing,
    Paused,
    Ready,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WaitingOnFilter {
    #[value(alias = "customer")]
    DomainOwner,
    Operator,
    Ca,
    Nobody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReachabilityFilter {
    External,
    Internal,
}

impl Filter {
    /// Names and values of the API's query.
    pub(crate) fn query(&self) -> Vec<(&'static str, String)> {
        let Self { status, waiting_on, reachability, tenant, search, prefix, cause, at_fault, expires_within } = self;
        let choices = [
            ("verdict", status.as_ref().map(word)),
            ("actor", waiting_on.map(|who| who.api_word().to_owned())),
            ("reachability", reachability.as_ref().map(word)),
            ("tenant", tenant.clone()),
            ("q", search.clone()),
            ("prefix", prefix.clone()),
            ("cause", cause.clone()),
            ("at_fault", at_fault.clone()),
            ("expires_within", expires_within.clone()),
        ];
        choices.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl WaitingOnFilter {
    /// As the API writes it, which keeps the word of earlier releases.
    fn api_word(self) -> &'static str {
        match self {
            Self::DomainOwner => "customer",
            Self::Operator => "operator",
            Self::Ca => "ca",
            Self::Nobody => "nobody",
        }
    }
}

/// The word of a choice, as it is typed and as the API writes it.
fn word(choice: &impl ValueEnum) -> String {
    choice.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    fn is<W: DeserializeOwned>(word: &str) {
        assert!(W::deserialize(Value::from(word)).is_ok(), "{word}");
    }

    #[test]
    fn each_filter_value_is_a_word_of_the_api() {
        StatusFilter::value_variants().iter().for_each(|choice| is::<wire::Status>(&word(choice)));
        WaitingOnFilter::value_variants().iter().for_each(|choice| is::<wire::WaitingOn>(choice.api_word()));
        ReachabilityFilter::value_variants().iter().for_each(|choice| is::<wire::Reachability>(&word(choice)));
    }

    #[test]
    fn each_filter_is_one_parameter_of_the_query() {
        let filter = Filter {
            status: Some(StatusFilter::ActionRequired),
            waiting_on: Some(WaitingOnFilter::DomainOwner),
            reachability: Some(ReachabilityFilter::Internal),
            tenant: Some("acme".into()),
            search: Some("shop".into()),
            prefix: Some("shop".into()),
            cause: Some("RateLimited".into()),
            at_fault: Some("bulk.test".into()),
            expires_within: Some("14d".into()),
        };
        let query = filter.query();
        assert_eq!(query.len(), FILTERS.len());
        assert_eq!((query[1].1.as_str(), query[8].1.as_str()), ("customer", "14d"));
        assert!(Filter::default().query().is_empty());
        assert!(within("14d").is_ok() && within("14").is_err());
    }
}
