use std::collections::HashMap;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use vocabulary::dns::Issuer;

/// A variable of the function's configuration is missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    #[error("the environment variable {0} is not set; template.yaml sets it")]
    Missing(&'static str),
    #[error("the environment variable {name} is malformed: {why}")]
    Malformed { name: &'static str, why: String },
}

/// The variables that template.yaml gives to a function.
#[derive(Clone, Debug, Default)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
    pub(crate) fn of_process() -> Self {
        Self(std::env::vars().collect())
    }

    /// Adds variables that were read elsewhere. A variable that is already set stays.
    pub(crate) fn with(mut self, others: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, value) in others {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    pub fn required(&self, name: &'static str) -> Result<String, ConfigurationError> {
        self.optional(name).ok_or(ConfigurationError::Missing(name))
    }

    /// An empty variable counts as absent.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    pub fn parsed<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, ConfigurationError>
    where
        T::Err: std::fmt::Display,
    {
        let parse = |text: String| {
            text.parse().map_err(|error: T::Err| ConfigurationError::Malformed { name, why: error.to_string() })
        };
        self.optional(name).map(parse).transpose()
    }
}

pub(crate) type Wired<T> = Result<T, ConfigurationError>;

/// DER of the root of a private CA.
pub(crate) fn anchor(name: &'static str, text: Option<String>) -> Wired<Option<Vec<u8>>> {
    let anchor = text.map(|text| BASE64_STANDARD.decode(text)).transpose();
    anchor.map_err(|error| ConfigurationError::Malformed { name, why: format!("a trust anchor: {error}") })
}

/// The first CA's names in CAA records.
pub(crate) fn first_issuer(environment: &Environment) -> Issuer {
    let identities = environment.optional("CAA_IDENTITIES").unwrap_or_default();
    Issuer {
        identities: identities.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect(),
        account: environment.optional("CAA_ACCOUNT_URI"),
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_overrides_a_setting() {
        let environment = Environment::from([("OIDC_ISSUER", "https://own.example")]);
        let settings = [("OIDC_ISSUER", "https://other.example"), ("RESERVED_NAMES", "a.example")];
        let environment = environment.with(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(environment.required("OIDC_ISSUER").as_deref(), Ok("https://own.example"));
        assert_eq!(environment.required("RESERVED_NAMES").as_deref(), Ok("a.example"));
    }

    #[test]
    fn an_empty_variable_counts_as_absent_and_a_malformed_one_is_named() {
        let environment = Environment::from([("EMPTY", ""), ("PORT", "x")]);
        assert_eq!(environment.required("EMPTY"), Err(ConfigurationError::Missing("EMPTY")));
        assert_eq!(environment.parsed::<u16>("EMPTY"), Ok(None));
        let error = environment.parsed::<u16>("PORT").expect_err("not a number");
        assert!(error.to_string().contains("PORT"));
    }
}
