//! Renewal information (RFC 9773), and what an order may say that it replaces (wfe2 `validateReplacementOrder`).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::answer::{Answer, Problem};
use crate::state::State;

impl State {
    fn by_ari_id(&self, id: &str) -> Result<usize, Problem> {
        let serial = id.split_once('.').and_then(|(_, serial)| BASE64_URL_SAFE_NO_PAD.decode(serial).ok());
        let serial = serial.ok_or_else(|| {
            Problem::new(400, "malformed", "While parsing ARI CertID an error occurred :: Invalid certificate ID")
        })?;
        let hex: String = serial.iter().map(|byte| format!("{byte:02X}")).collect();
        let serial = hex.trim_start_matches('0');
        let found = self.certificates.iter().position(|held| held.serial == serial);
        found.ok_or_else(|| Problem::new(404, "malformed", "Certificate replaced by this order was not found"))
    }

    fn window(&self, index: usize) -> (OffsetDateTime, OffsetDateTime) {
        let held = &self.certificates[index];
        // A certificate that was revoked is to be replaced at once: a window that is all in the past.
        if held.revoked.is_some() {
            return (self.now - Duration::hours(2), self.now - Duration::HOUR);
        }
        let life = held.not_after - held.issued_at;
        let begins = held.issued_at + life * 2 / 3;
        self.knobs.window.unwrap_or((begins, begins + life / 20))
    }

    pub(crate) fn renewal_info(&self, id: &str) -> Result<Answer, Problem> {
        let (start, end) = self.window(self.by_ari_id(id)?);
        let text = |at: OffsetDateTime| at.format(&Rfc3339).expect("a time");
        let body = json!({"suggestedWindow": {"start": text(start), "end": text(end)}});
        Ok(Answer::json(200, body).after(Some(21600)))
    }

    /// The certificate that the order may replace, and whether that frees it of limits.
    pub(crate) fn replaceable(&self, id: &str, account: u64, names: &[String]) -> Result<(usize, bool), Problem> {
        let index = self.by_ari_id(id)?;
        let held = &self.certificates[index];
        if held.account != account {
            let detail = "requester account did not request the certificate being replaced by this order";
            return Err(Problem::new(403, "unauthorized", detail));
        }
        if !names.iter().any(|name| held.names.contains(name)) {
            let detail = "identifiers in this order do not match any identifiers in the certificate being replaced";
            return Err(Problem::new(400, "malformed", detail));
        }
        if held.replaced {
            let detail = format!(
                "cannot indicate an order replaces certificate with serial \"{}\", which already has a replacement order",
                held.serial
            );
            return Err(Problem::new(409, "alreadyReplaced", detail));
        }
        let (start, end) = self.window(index);
        Ok((index, start <= self.now && self.now < end))
    }
}
