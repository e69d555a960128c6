//! What the steps of one attempt pass to each other, and its trace.

pub mod input;
pub mod records;
pub mod trace;

pub use self::input::{CaughtFailure, FailureReport, Progress, Status, StepInput};
pub use self::records::{PUBLISHING_AWAITED, RecordJob, RecordWork};
pub use self::trace::{AttemptTrace, Span, SpanId, TraceId, Value};
