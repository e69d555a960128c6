//! One DNS record to create.

use serde::{Deserialize, Serialize};

/// One record to create, as it is typed into a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsRecord {
    /// Full name, without trailing dot.
    pub name: String,
    /// `CNAME`, or `ALIAS` where a CNAME cannot stand (RFC 1034 §3.6.2), or `TXT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of a TXT record the text itself, without quotes and in one piece.
    pub value: String,
    /// What the record is for, in one sentence.
    pub purpose: String,
}

impl DnsRecord {
    /// On one line: `www.example.com CNAME edge.platform.example`.
    pub fn line(&self) -> String {
        let value = if self.kind == "TXT" { quoted(&self.value) } else { self.value.clone() };
        format!("{} {} {value}", self.name, self.kind)
    }
}

/// A TXT record's text as in a zone file (RFC 1035 §5.1): in quotes, as a `;` would begin a comment, and in parts of at most
/// 255 octets, which readers of the record join again.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut octets = 0;
    for c in text.chars() {
        if octets + c.len_utf8() > MOST_OCTETS {
            out.push_str("\" \"");
            octets = 0;
        }
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
        octets += c.len_utf8();
    }
    out.push('"');
    out
}

/// Of one string in a TXT record (RFC 1035 §3.3).
const MOST_OCTETS: usize = 255;
