//! When the CA wants a certificate renewed (ACME Renewal Information, RFC 9773).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::Pem;

/// The CA's Retry-After is limited to this range (RFC 9773 §4.3.2 leaves the limits to us).
const SOONEST: Duration = Duration::MINUTE;

const LATEST: Duration = Duration::DAY;

/// When to query a CA again that has no renewal information, or does not know the certificate.
pub const ASK_AGAIN_WITHOUT_ADVICE: Duration = Duration::DAY;

/// When to query the CA again for an endpoint that an attempt was working on.
pub const ASK_AGAIN_WHEN_AT_REST: Duration = Duration::minutes(5);

/// When to query a CA again that did not answer.
pub const ASK_AGAIN_AFTER_FAILURE: Duration = Duration::HOUR;

/// The window in which the CA wants the renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalWindow {
    #[serde(with = "time::serde::rfc3339")]
    pub start: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub end: OffsetDateTime,
}

/// A window, and the time in it that was chosen for one certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalAdvice {
    pub window: RenewalWindow,
    #[serde(with = "time::serde::rfc3339")]
    pub renew_at: OffsetDateTime,
    /// The CA's link that explains an unusual window, unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
}

impl RenewalAdvice {
    /// Chooses a time in `window`, or keeps the one that was chosen in the same window before.
    ///
    /// `jitter` in 0.0..1.0 is the position in the window (RFC 9773 §4.2 asks for a uniformly random time). A window that has
    /// passed, or whose end is not after its start, is renewed at its start: at once, if that has passed.
    pub fn follow(before: Option<&Self>, window: RenewalWindow, explanation: Option<String>, jitter: f64) -> Self {
        if let Some(kept) = before.filter(|before| before.window == window) {
            return Self { explanation, ..kept.clone() };
        }
        let length = (window.end - window.start).max(Duration::ZERO);
        let picked = window.start + length * jitter;
        // The due index compares whole seconds.
        Self { window, renew_at: picked.replace_nanosecond(0).expect("zero is a nanosecond"), explanation }
    }
}

/// When to ask the CA again.
pub fn ask_again_at(now: OffsetDateTime, retry_after: Option<Duration>) -> OffsetDateTime {
    now + retry_after.unwrap_or(LATEST).clamp(SOONEST, LATEST)
}

/// The CA's identifier of the certificate at the head of `chain_pem` (RFC 9773 §4.1): key identifier and serial number.
///
/// `None` without an authority key identifier.
pub fn certificate_id(chain_pem: &str) -> Option<String> {
    let first = Pem::iter_from_buffer(chain_pem.as_bytes()).next()?.ok()?;
    let leaf = first.parse_x509().ok()?;
    let authority = leaf.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(authority) => authority.key_identifier.as_ref(),
        _ => None,
    })?;
    let encode = |octets: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(octets);
    Some(format!("{}.{}", encode(authority.0), encode(leaf.raw_serial())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    const WINDOW: RenewalWindow = RenewalWindow { start: START, end: datetime!(2026-11-26 12:00 UTC) };

    #[test]
    fn the_renewal_time_is_kept_while_the_window_stays_and_drawn_again_when_it_moves() {
        let first = RenewalAdvice::follow(None, WINDOW, None, 0.25);
        assert_eq!(first.renew_at, START + Duration::hours(12));
        let again = RenewalAdvice::follow(Some(&first), WINDOW, Some("https://ca.example/why".into()), 0.75);
        assert_eq!((again.renew_at, again.explanation.is_some()), (first.renew_at, true));
        let earlier = RenewalWindow { start: START - Duration::days(9), end: START - Duration::days(8) };
        assert_eq!(
            RenewalAdvice::follow(Some(&first), earlier, None, 0.5).renew_at,
            earlier.start + Duration::hours(12)
        );
    }

    #[test]
    fn the_ca_is_polled_when_it_says_but_neither_every_second_nor_never() {
        let after = |seconds| ask_again_at(START, Some(Duration::seconds(seconds))) - START;
        assert_eq!(after(6 * 3600), Duration::hours(6));
        assert_eq!((after(0), after(1_000_000)), (SOONEST, LATEST));
        assert_eq!(ask_again_at(START, None) - START, LATEST);
    }

    #[test]
    fn a_certificate_is_named_by_its_issuers_key_and_its_serial_number() {
        // The certificate of RFC 9773, appendix A, has this key identifier and serial number.
        use rcgen::{CertificateParams, Issuer, KeyIdMethod, KeyPair, SerialNumber};
        let key = KeyPair::generate().expect("randomness");
        let mut params = CertificateParams::default();
        params.key_identifier_method = KeyIdMethod::PreSpecified(
            [
                0x69, 0x88, 0x5b, 0x6b, 0x87, 0x46, 0x40, 0x41, 0xe1, 0xb3, 0x7b, 0x84, 0x7b, 0xa0, 0xae, 0x2c, 0xde,
                0x01, 0xc8, 0xd4,
            ]
            .into(),
        );
        let issuer = Issuer::new(params, key);
        let mut leaf = CertificateParams::new(vec!["example.com".to_owned()]).expect("a name");
        leaf.serial_number = Some(SerialNumber::from(0x8765_4321_u64));
        leaf.use_authority_key_identifier_extension = true;
        let pem = leaf.signed_by(&KeyPair::generate().expect("randomness"), &issuer).expect("signs").pem();
        assert_eq!(certificate_id(&pem).as_deref(), Some("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"));
        assert_eq!(certificate_id("no certificate"), None);
    }

    proptest! {
        #[test]
        fn the_renewal_time_lies_in_the_window(
            start in 0_i64..4_000_000_000, length in -1000_i64..1_000_000, jitter in 0.0..1.0_f64,
        ) {
            let start = OffsetDateTime::from_unix_timestamp(start).expect("in range");
            let window = RenewalWindow { start, end: start + Duration::seconds(length) };
            let at = RenewalAdvice::follow(None, window, None, jitter).renew_at;
            prop_assert!(start <= at && at <= window.end.max(start));
        }
    }
}
