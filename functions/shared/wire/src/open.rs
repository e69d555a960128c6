use std::fmt;

use serde::{Deserialize, Serialize};

/// A word of the closed list `T`, or one that the other side knows and this program does not.
///
/// What sorts by it puts unknown words last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Open<T> {
    Known(T),
    /// As it was written; empty where it was left out.
    Other(String),
}

impl<T> Open<T> {
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(word) => Some(word),
            Self::Other(_) => None,
        }
    }
}

impl<T> From<T> for Open<T> {
    fn from(word: T) -> Self {
        Self::Known(word)
    }
}

/// What an earlier release left out is not known.
impl<T> Default for Open<T> {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl<T: PartialEq> PartialEq<T> for Open<T> {
    fn eq(&self, word: &T) -> bool {
        self.known() == Some(word)
    }
}

/// The word as it is written in JSON, without quotes.
impl<T: Serialize> fmt::Display for Open<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use serde_json::json;

    #[test]
    fn an_unknown_word_is_kept_as_it_came() {
        let read = |word: &str| serde_json::from_value::<Open<Status>>(json!(word)).expect("a word");
        for (word, expected) in
            [("ready", Open::Known(Status::Ready)), ("brand_new", Open::Other("brand_new".to_owned()))]
        {
            assert_eq!(read(word), expected);
            assert_eq!(serde_json::to_value(read(word)).expect("plain data"), json!(word));
            assert_eq!(format!("{:>10}", read(word)), format!("{word:>10}"), "padded as text is");
        }
        assert!(read("ready") == Status::Ready && read("brand_new") != Status::Ready);
        assert!(read("ready") < read("brand_new"), "the unknown comes last");
    }

    #[test]
    fn a_value_that_is_no_text_is_refused() {
        for value in [json!(1), json!(null), json!(["ready"])] {
            assert!(serde_json::from_value::<Open<Status>>(value.clone()).is_err(), "{value}");
        }
    }
}
