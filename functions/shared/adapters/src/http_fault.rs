//! Why an HTTP request failed, in words for people.

use std::error::Error;
use std::iter::successors;

/// The innermost cause of `error`; `None` if it has no cause. The errors in between are layers that say nothing to people.
pub(crate) fn innermost(error: &dyn Error) -> Option<String> {
    let cause = successors(error.source(), |&cause| cause.source()).last()?.to_string();
    // rustls appends the URL of its manual.
    let words = cause.split(": https://docs.rs/").next();
    words.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn the_innermost_cause_is_given_without_the_url_of_a_manual() {
        let bottom = Layer("peer closed connection: https://docs.rs/rustls/latest/manual", None);
        assert_eq!(innermost(&bottom), None);
        let error = Layer("error sending request", Some(Box::new(Layer("client error", Some(Box::new(bottom))))));
        assert_eq!(innermost(&error).as_deref(), Some("peer closed connection"));
    }
}
