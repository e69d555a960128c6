//! How much of a line a text takes: cells of a terminal, of which a letter may take none, one or two.

use unicode_width::UnicodeWidthStr;

/// The cells that `text` takes (Unicode Standard Annex 11).
pub(super) fn cells(text: &str) -> usize {
    text.width()
}

/// `text` with blanks after it, `width` cells in all unless it is wider.
pub(super) fn padded(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(cells(text));
    format!("{text}{:blanks$}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_measured_in_cells_and_not_in_characters() {
        assert_eq!(cells("www.example.com"), 15);
        assert_eq!(cells("münchen"), 7);
        assert_eq!(cells("mu\u{308}nchen"), 7, "a combining mark takes none");
        assert_eq!(cells("例え.jp"), 7);
    }

    #[test]
    fn padding_fills_up_to_the_width_and_cuts_nothing() {
        assert_eq!(padded("ab", 4), "ab  ");
        assert_eq!(padded("例", 4), "例  ");
        assert_eq!(padded("abcdef", 4), "abcdef");
    }
}
