//! `issue-value` of RFC 8659 §4.2: which CA may issue, and on which terms. CAA records and persistent validation records share
//! this grammar; each defines what its parameters mean, and which may occur twice.

/// A parsed value: `letsencrypt.org; accounturi=https://…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueValue<'a> {
    /// The CA's name as written; empty in `;`, which names none.
    pub issuer: &'a str,
    /// In order. A value with an unparsable parameter authorizes nobody, whatever the others say.
    pub parameters: Result<Vec<Parameter<'a>>, IssueValueError>,
}

/// `TAG=VALUE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// Never empty; as written, in any letter case.
    pub tag: &'a str,
    /// Only [characters that may be there](may_be_in_a_value).
    pub value: &'a str,
}

/// Why parameters cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueValueError {
    #[error("it has an empty parameter, or a “;” at its end")]
    Empty,
    #[error("“{0}” is not written NAME=VALUE")]
    NotAPair(String),
    #[error("the value of {0} has a blank or another character that may not be there")]
    Value(String),
}

impl<'a> IssueValue<'a> {
    /// As strict as Let's Encrypt's Boulder: no `;` after the last parameter, no blank within a value.
    pub fn parse(text: &'a str) -> Self {
        let (issuer, parameters) = match text.split_once(';') {
            // A “;” with nothing after it begins no parameter (RFC 8659 §4.2).
            Some((issuer, rest)) if trimmed(rest).is_empty() => (issuer, Ok(Vec::new())),
            Some((issuer, rest)) => (issuer, rest.split(';').map(|text| parameter(trimmed(text))).collect()),
            None => (text, Ok(Vec::new())),
        };
        Self { issuer: trimmed(issuer), parameters }
    }
}

fn parameter(text: &str) -> Result<Parameter<'_>, IssueValueError> {
    if text.is_empty() {
        return Err(IssueValueError::Empty);
    }
    let pair = text.split_once('=').map(|(tag, value)| Parameter { tag: trimmed(tag), value: trimmed(value) });
    let Some(parameter) = pair.filter(|parameter| !parameter.tag.is_empty()) else {
        return Err(IssueValueError::NotAPair(text.to_owned()));
    };
    match parameter.value.bytes().all(may_be_in_a_value) {
        true => Ok(parameter),
        false => Err(IssueValueError::Value(parameter.tag.to_owned())),
    }
}

/// Trims only the `WSP` of RFC 5234: a line break is none.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// RFC 8659 §4.2: `%x21-3A / %x3C-7E`.
pub fn may_be_in_a_value(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b';'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_is_a_name_and_pairs_with_blanks_around_what_is_written() {
        for (text, issuer, expected) in [
            ("", "", vec![]),
            (";", "", vec![]),
            (" ca.example\t", "ca.example", vec![]),
            ("ca.example; ", "ca.example", vec![]),
            ("ca.example;a=1", "ca.example", vec![("a", "1")]),
            ("ca.example ;\ta = 1 ; B=x=y", "ca.example", vec![("a", "1"), ("B", "x=y")]),
            ("ca.example; a=", "ca.example", vec![("a", "")]),
            ("ca.example; a=1; a=2", "ca.example", vec![("a", "1"), ("a", "2")]),
            // Without the “;” the whole text is the name, which no CA has.
            ("ca.example a=1", "ca.example a=1", vec![]),
        ] {
            let parameters = expected.into_iter().map(|(tag, value)| Parameter { tag, value }).collect();
            assert_eq!(IssueValue::parse(text), IssueValue { issuer, parameters: Ok(parameters) }, "{text:?}");
        }
    }

    #[test]
    fn a_malformed_parameter_invalidates_all_parameters_and_not_the_name() {
        use IssueValueError::{Empty, NotAPair, Value};
        for (parameters, why) in [
            ("a=1;", Empty),
            ("a=1; ", Empty),
            (";", Empty),
            ("; a=1", Empty),
            ("a=1; ;b=2", Empty),
            ("a", NotAPair("a".into())),
            ("=1", NotAPair("=1".into())),
            ("a=1 2", Value("a".into())),
            ("a=1, 2", Value("a".into())),
            ("a=1 b=2", Value("a".into())),
            ("a=ü", Value("a".into())),
            ("a=1\n", Value("a".into())),
        ] {
            let text = format!("ca.example;{parameters}");
            let expected = IssueValue { issuer: "ca.example", parameters: Err(why) };
            assert_eq!(IssueValue::parse(&text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_read_is_read_again_from_how_it_is_written(
            pairs in prop::collection::vec(("[a-zA-Z0-9]{1,8}", "[!-:<-~]{0,12}"), 0..4),
        ) {
            let written: String = pairs.iter().map(|(tag, value)| format!("; {tag}={value}")).collect();
            let text = format!("ca.example{written}");
            let expected = pairs.iter().map(|(tag, value)| Parameter { tag, value }).collect();
            prop_assert_eq!(IssueValue::parse(&text), IssueValue { issuer: "ca.example", parameters: Ok(expected) });
        }

        #[test]
        fn no_text_makes_it_panic(text in "(ca\\.example;)?[a-zA-Z=; é\\t\\n0-9]{0,60}") {
            let _ = IssueValue::parse(&text);
        }
    }
}
