//! What a person at a terminal gets: text, errors, progress.

pub(crate) mod error;
pub(crate) mod output;
pub(crate) mod progress;
pub(crate) mod result;
