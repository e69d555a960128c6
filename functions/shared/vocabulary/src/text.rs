//! Text that people read: made harmless when it comes from outside, and times written alike everywhere.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Makes text from a CA, DNS or a customer safe for one line of a message: no control or bidirectional
/// formatting characters, at most `most` characters.
pub fn printable(text: &str, most: usize) -> String {
    let clean = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => '\u{fffd}',
        c => c,
    };
    let mut out: String = text.chars().take(most).map(clean).collect();
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

/// A text with a moment in it, as the CA writes it.
pub fn moment(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
}

/// To the second, as all texts have it.
pub fn utc(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).expect("zero is a nanosecond").format(&Rfc3339).expect("a year of four digits")
}
