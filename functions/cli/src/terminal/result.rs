//! Writing a command's result.

use std::io::{self, Write};

use crate::terminal::error::Trouble;

/// Writes a result. A reader that has seen enough (`| head`) is no failure.
pub(crate) fn write_result(text: &str) -> Result<(), Trouble> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Trouble::new(
            "The result could not be written.",
            error.to_string(),
            "Check where the output goes, then run the command again.",
        )),
        _ => Ok(()),
    }
}
