//! Text that people read: made harmless if it comes from outside, and times in one format.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Whether a reader does not see `c`, or sees other characters differently because of it.
///
/// Control characters steer a terminal and end lines. Format characters and line separators (general categories Cc, Zl, Zp, and
/// those of Cf that join no letters of a script) reorder text, or make two different texts look alike: soft hyphen,
/// bidirectional marks and embeddings, zero-width spaces and joiners, invisible operators, interlinear annotations, the byte
/// order mark, tags. So do the fillers that Unicode counts as letters.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' // soft hyphen
            | '\u{034f}' // combining grapheme joiner
            | '\u{061c}' // Arabic letter mark
            | '\u{115f}'..='\u{1160}' // Hangul fillers
            | '\u{180e}' // Mongolian vowel separator
            | '\u{200b}'..='\u{200f}' // zero-width spaces and joiners, directional marks
            | '\u{2028}'..='\u{202e}' // line and paragraph separators, bidirectional embeddings and overrides
            | '\u{2060}'..='\u{206f}' // word joiner, invisible operators, isolates, deprecated format characters
            | '\u{3164}' // Hangul filler
            | '\u{feff}' // byte order mark
            | '\u{ffa0}' // half-width Hangul filler
            | '\u{fff9}'..='\u{fffb}' // interlinear annotations
            | '\u{e0000}'..='\u{e007f}' // tags
        )
}

/// How texts name an invisible character: `U+202E right-to-left override`.
///
/// Names are those of the Unicode Character Database, in lower case; for larger ranges, the range's name.
pub fn code_point(c: char) -> String {
    let name = match c {
        '\0' => "null",
        '\t' => "tab",
        '\n' => "line feed",
        '\r' => "carriage return",
        '\u{1b}' => "escape",
        '\u{7f}' => "delete",
        '\u{ad}' => "soft hyphen",
        '\u{34f}' => "combining grapheme joiner",
        '\u{61c}' => "Arabic letter mark",
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => "Hangul filler",
        '\u{180e}' => "Mongolian vowel separator",
        '\u{200b}' => "zero width space",
        '\u{200c}' => "zero width non-joiner",
        '\u{200d}' => "zero width joiner",
        '\u{200e}' => "left-to-right mark",
        '\u{200f}' => "right-to-left mark",
        '\u{2028}' => "line separator",
        '\u{2029}' => "paragraph separator",
        '\u{202a}' => "left-to-right embedding",
        '\u{202b}' => "right-to-left embedding",
        '\u{202c}' => "pop directional formatting",
        '\u{202d}' => "left-to-right override",
        '\u{202e}' => "right-to-left override",
        '\u{2060}' => "word joiner",
        '\u{2061}'..='\u{2064}' => "invisible operator",
        '\u{2066}'..='\u{2069}' => "directional isolate",
        '\u{fff9}'..='\u{fffb}' => "interlinear annotation",
        '\u{feff}' => "zero width no-break space",
        '\u{e0000}'..='\u{e007f}' => "tag",
        c if c.is_control() => "control character",
        c if is_invisible(c) => "format character",
        _ => "",
    };
    format!("U+{:04X} {name}", u32::from(c)).trim_end().to_owned()
}

/// The form of `c` on one line: itself, a blank for a line break or a tab, or U+FFFD if it is [invisible](is_invisible).
pub fn visible(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        c if is_invisible(c) => '\u{fffd}',
        c => c,
    }
}

/// Makes text safe for one line of a message: every character [`visible`], at most `most` of them and then `…`.
pub fn printable(text: &str, most: usize) -> String {
    let mut out: String = text.chars().take(most).map(visible).collect();
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

/// A text with a time in it, as the CA writes it.
pub fn moment(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
}

/// `1 endpoint`, `2 endpoints`, `2,500 certificates`
pub fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(count))
}

/// With a comma between thousands: `2,500`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// To the second, as in all texts.
pub fn utc(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).expect("zero is a nanosecond").format(&Rfc3339).expect("a year of four digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_on_one_line_and_short() {
        assert_eq!(printable("a\r\nb\u{1b}[31m\u{202e}x", 40), "a  b\u{fffd}[31m\u{fffd}x");
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("abc", 3), "abc");
    }

    #[test]
    fn invisible_and_reordering_characters_are_replaced() {
        let single = [
            '\u{0}', '\u{7}', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{ad}', '\u{34f}', '\u{61c}', '\u{115f}',
            '\u{1160}', '\u{180e}', '\u{2028}', '\u{2029}', '\u{3164}', '\u{feff}', '\u{ffa0}', '\u{fff9}', '\u{fffb}',
        ];
        let ranges =
            ['\u{200b}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{e0000}'..='\u{e007f}'];
        for c in single.into_iter().chain(ranges.into_iter().flatten()) {
            assert_eq!(printable(&format!("a{c}b"), 9), "a\u{fffd}b", "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn each_invisible_character_has_a_name_of_code_point_and_words() {
        for c in (0..=0xf_ffff).filter_map(char::from_u32).filter(|c| is_invisible(*c)) {
            let told = code_point(c);
            let (number, words) = told.split_once(' ').expect("a number and words");
            assert_eq!(number, format!("U+{:04X}", u32::from(c)));
            assert!(told.chars().all(|c| !is_invisible(c)) && words.len() > 2, "{told}");
        }
        assert_eq!(code_point('\u{200b}'), "U+200B zero width space");
        assert_eq!(code_point('\u{1}'), "U+0001 control character");
    }

    #[test]
    fn visible_text_stays_as_it_is() {
        for text in [
            "plain text, 1–2 “quoted” …",
            "münchen mu\u{308}nchen",
            "例え.jp пример ελληνικά",
            "한국어 עברית العربية",
            "→ ✓ 🔒",
        ] {
            assert_eq!(printable(text, 99), text);
        }
    }

    #[test]
    fn counts_have_singular_and_plural_and_grouped_thousands() {
        let counts = [(0, "0 endpoints"), (1, "1 endpoint"), (2, "2 endpoints"), (999, "999 endpoints")];
        for (count, words) in counts.into_iter().chain([(2500, "2,500 endpoints"), (1_000_000, "1,000,000 endpoints")])
        {
            assert_eq!(counted(count, "endpoint"), words);
        }
    }

    #[test]
    fn line_breaks_and_tabs_become_blanks() {
        assert_eq!(printable("a\nb\r\tc", 9), "a b  c");
    }
}
