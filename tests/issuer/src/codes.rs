//! Authorization codes: each is good for one exchange, by the one who asked for it, for a minute.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use time::{Duration, OffsetDateTime};

use crate::{Person, random};

/// RFC 6749 §4.1.2 recommends ten minutes at most.
pub(crate) const LIFE: Duration = Duration::MINUTE;

/// What a code stands for, and what the exchange must show again.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) person: Person,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) nonce: Option<String>,
    pub(crate) expires: OffsetDateTime,
}

#[derive(Debug, Default)]
pub(crate) struct Codes(HashMap<String, Grant>);

impl Codes {
    pub(crate) fn issue(&mut self, grant: Grant) -> String {
        let code = random();
        self.0.insert(code.clone(), grant);
        code
    }

    /// The grant of `code`. It is spent by being shown, also to the wrong one (RFC 6749 §10.5).
    pub(crate) fn redeem(
        &mut self,
        code: &str,
        client_id: &str,
        redirect_uri: &str,
        verifier: &str,
        now: OffsetDateTime,
    ) -> Result<Grant, &'static str> {
        let grant = self.0.remove(code).ok_or("the code is unknown or spent")?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        match () {
            () if now >= grant.expires => Err("the code has expired"),
            () if grant.client_id != client_id => Err("the code is another client's"),
            () if grant.redirect_uri != redirect_uri => Err("the redirect_uri is another one"),
            () if !(43..=128).contains(&verifier.len()) || grant.challenge != challenge => {
                Err("the code_verifier does not fit the code_challenge")
            }
            () => Ok(grant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn redeem(client: &str, uri: &str, verifier: &str, now: OffsetDateTime) -> Result<Grant, &'static str> {
        let mut codes = Codes::default();
        let code = codes.issue(Grant {
            person: Person::new("somebody", "Somebody", json!({})),
            client_id: "client".into(),
            redirect_uri: "http://127.0.0.1/back".into(),
            challenge: CHALLENGE.into(),
            nonce: None,
            expires: NOW + LIFE,
        });
        let result = codes.redeem(&code, client, uri, verifier, now);
        assert!(codes.redeem(&code, "client", "http://127.0.0.1/back", VERIFIER, NOW).is_err(), "spent either way");
        result
    }

    #[test]
    fn a_code_is_valid_only_for_the_client_the_url_and_the_verifier_it_was_issued_for() {
        let uri = "http://127.0.0.1/back";
        assert!(redeem("client", uri, VERIFIER, NOW + LIFE - Duration::SECOND).is_ok());
        assert!(redeem("client", uri, VERIFIER, NOW + LIFE).is_err());
        assert!(redeem("other", uri, VERIFIER, NOW).is_err());
        assert!(redeem("client", "http://127.0.0.1/other", VERIFIER, NOW).is_err());
        assert!(redeem("client", uri, &VERIFIER.replace('d', "e"), NOW).is_err());
        assert!(redeem("client", uri, CHALLENGE, NOW).is_err(), "the challenge was public");
    }
}
