//! Files of endpoints: what `apply` reads and `export` writes, and the result of each line.

mod line;
mod reading;
mod results;
mod writing;

pub(crate) use line::Line;
pub(crate) use reading::{Fault, Numbered, read};
pub(crate) use results::{Applied, Outcome, ResultFile};
pub(crate) use writing::{csv_header, csv_record};
