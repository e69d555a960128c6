//! The CAs of the installation, from the environment: the first one from its own variables, the others as a list.

use adapters::acme::{AcmeAuthority, AcmeConfig, AcmeRenewalInformation};
use domain::acts::{Authorities, Authority, Pace, TENANT_SHARE};
use serde::Deserialize;
use vocabulary::acme::CaLimits;
use vocabulary::dns::Issuer;
use vocabulary::names::NamePolicy;

use crate::environment::{ConfigurationError, Environment, Wired, anchor, first_issuer};
use crate::wiring::Wiring;

const LIST: &str = "FALLBACK_AUTHORITIES";

/// A fallback CA, as in the parameter `FallbackAuthorities`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Further {
    directory: String,
    profile: Option<String>,
    /// Its names in CAA records.
    caa_identities: Vec<String>,
    caa_account_uri: Option<String>,
    limits: Option<String>,
    /// Base64 of the DER.
    trust_anchor: Option<String>,
}

/// Requests sent to all of them.
pub fn requests_sent(authorities: &[AcmeAuthority]) -> u32 {
    authorities.iter().map(AcmeAuthority::requests_sent).sum()
}

fn further(environment: &Environment) -> Wired<Vec<Further>> {
    let Some(text) = environment.optional(LIST) else { return Ok(Vec::new()) };
    let malformed = |why: String| ConfigurationError::Malformed { name: LIST, why };
    let mut json = serde_json::Deserializer::from_str(&text);
    let list: Vec<Further> = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| malformed(format!("at {}: {}", error.path(), error.inner())))?;
    for (place, further) in list.iter().enumerate() {
        if !further.directory.starts_with("https://") {
            return Err(malformed(format!("at [{place}].directory: it must be an https URL")));
        }
        if further.caa_identities.is_empty() {
            let why = "without a name CAA records cannot be judged, and it would never be asked";
            return Err(malformed(format!("at [{place}].caa_identities: {why}")));
        }
    }
    Ok(list)
}

fn name_policy(environment: &Environment) -> Wired<NamePolicy> {
    let private = environment.optional("PRIVATE_CA").is_some();
    Ok(NamePolicy::of(&environment.required("ACME_DIRECTORY")?, private))
}

impl Wiring {
    /// In order of preference, each with its pace: by the limits that it publishes, unless the installation says otherwise.
    pub fn authorities(&self) -> Wired<Authorities> {
        let environment = self.environment();
        let tenant_share = environment.parsed("TENANT_SHARE")?.unwrap_or(TENANT_SHARE);
        let directory = environment.required("ACME_DIRECTORY")?;
        let limits = environment.parsed("CA_LIMITS")?.unwrap_or_else(|| CaLimits::published(&directory));
        let first = Authority { directory, issuer: first_issuer(environment), pace: Pace { limits, tenant_share } };
        let malformed = |why: String| ConfigurationError::Malformed { name: LIST, why };
        let mut others = Vec::new();
        for Further { directory, caa_identities, caa_account_uri, limits, .. } in further(environment)? {
            let limits = match limits {
                Some(text) => text.parse().map_err(|error| malformed(format!("limits of {directory}: {error}")))?,
                None => CaLimits::published(&directory),
            };
            let issuer = Issuer { identities: caa_identities, account: caa_account_uri };
            others.push(Authority { directory, issuer, pace: Pace { limits, tenant_share } });
        }
        Authorities::new(first, others).map_err(|error| malformed(error.to_string()))
    }

    /// Which names the first CA issues for. Fallback CAs do not count: a fallback CA's refusal ends only that fallback.
    pub fn name_policy(&self) -> Wired<NamePolicy> {
        name_policy(self.environment())
    }

    /// One per [`Self::authorities`]. `may_register`: whether this function's role may write the accounts.
    pub fn certificate_authorities(&self, may_register: bool) -> Wired<Vec<AcmeAuthority>> {
        let secret = self.account_secret()?;
        let made = self.acme_configs(may_register)?.into_iter().map(|config| {
            let name = trust_anchor_of(&config);
            AcmeAuthority::new(config, secret.clone())
                .map_err(|error| ConfigurationError::Malformed { name, why: error.to_string() })
        });
        made.collect()
    }

    /// One for each of them, to query when they want certificates renewed.
    pub fn renewal_informations(&self) -> Wired<Vec<AcmeRenewalInformation>> {
        let made = self.acme_configs(false)?.into_iter().map(|config| {
            let name = trust_anchor_of(&config);
            AcmeRenewalInformation::new(config.directory, config.trust_anchor.as_deref())
                .map_err(|error| ConfigurationError::Malformed { name, why: error.to_string() })
        });
        made.collect()
    }

    /// Directory, profile, and names in CAA records with our account of each, as far as the parameters specify them.
    pub fn deployed_authorities(&self) -> Wired<impl Iterator<Item = (String, Option<String>, Issuer)>> {
        let issuers: Vec<_> = self.authorities()?.iter().map(|known| known.issuer.clone()).collect();
        let configs = self.acme_configs(false)?.into_iter().zip(issuers);
        Ok(configs.map(|(config, issuer)| (config.directory, config.profile, issuer)))
    }

    pub(crate) fn acme_configs(&self, may_register: bool) -> Wired<Vec<AcmeConfig>> {
        let environment = self.environment();
        let contact = environment.optional("ACME_CONTACT");
        let mut configs = vec![AcmeConfig {
            directory: environment.required("ACME_DIRECTORY")?,
            contact: contact.clone(),
            profile: environment.optional("ACME_PROFILE"),
            trust_anchor: anchor("ACME_TRUST_ANCHOR", environment.optional("ACME_TRUST_ANCHOR"))?,
            may_register,
            first: true,
        }];
        for Further { directory, profile, trust_anchor, .. } in further(environment)? {
            let trust_anchor = anchor(LIST, trust_anchor)?;
            let contact = contact.clone();
            configs.push(AcmeConfig { directory, contact, profile, trust_anchor, may_register, first: false });
        }
        Ok(configs)
    }
}

/// The variable that contains a CA's trust anchor.
fn trust_anchor_of(config: &AcmeConfig) -> &'static str {
    if config.first { "ACME_TRUST_ANCHOR" } else { LIST }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &str) -> Wired<Vec<Further>> {
        further(&Environment::from([(LIST, list)]))
    }

    #[test]
    fn an_error_in_the_list_is_reported_with_its_position() {
        let good = r#"[{"directory": "https://ca.example/dir", "caa_identities": ["ca.example"], "profile": "short"}]"#;
        assert_eq!(read(good).expect("good")[0].profile.as_deref(), Some("short"));
        assert!(read("").expect("an empty one is none").is_empty());
        for (list, place) in [
            (r#"[{"directory": "https://ca.example/dir"}]"#, "[0]: missing field `caa_identities`"),
            (r#"[{"directory": "https://ca.example/dir", "caa_identities": []}]"#, "[0].caa_identities"),
            (r#"[{"directory": "http://ca.example/dir", "caa_identities": ["ca.example"]}]"#, "[0].directory"),
            (r#"[{"directory": "https://ca.example", "caa_identities": ["x"], "eab": 1}]"#, "unknown field `eab`"),
            ("{}", "expected a sequence"),
        ] {
            let error = read(list).expect_err(list).to_string();
            assert!(error.contains(LIST) && error.contains(place), "{list}: {error}");
        }
    }

    #[test]
    fn the_name_policy_is_that_of_a_public_ca_unless_it_is_configured_as_private() {
        let directory = ("ACME_DIRECTORY", "https://acme-v02.api.letsencrypt.org/directory");
        let policy = |private| name_policy(&Environment::from([directory, ("PRIVATE_CA", private)]));
        assert_eq!(policy(""), Ok(NamePolicy::LetsEncrypt));
        assert_eq!(policy("yes"), Ok(NamePolicy::Private));
    }
}
