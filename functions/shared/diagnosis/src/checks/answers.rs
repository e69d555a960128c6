//! What name servers said, in words.

use vocabulary::dns::{Answer, ServerAnswer};

/// Why there is no record, in words; `None` if the name exists without this type.
pub(crate) fn error_of(answer: &Answer) -> Option<String> {
    match answer {
        Answer::NxDomain => Some("NXDOMAIN (the name does not exist)".into()),
        Answer::Failed(why) => Some(why.to_string()),
        _ => None,
    }
}

/// Each server's answer on one line, in the order of the servers' names.
pub(crate) fn describe(answers: &[ServerAnswer]) -> String {
    let mut parts: Vec<String> = answers
        .iter()
        .map(|a| match &a.answer {
            Answer::Records(data) => format!("{} says {}", a.server, data.join(", ")),
            Answer::NoData => format!("{} has no such record", a.server),
            Answer::NxDomain => format!("{} says that the name does not exist", a.server),
            Answer::Failed(why) => format!("{}: {why}", a.server),
        })
        .collect();
    parts.sort();
    parts.join("; ")
}
