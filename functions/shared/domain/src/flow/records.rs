//! What the flow requests from the writer of the delegation zone: messages of its queue.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::endpoint::attempt::Step;
use crate::flow::input::StepInput;

/// What to do with an order's TXT values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordWork {
    Publish,
    Withdraw,
}

impl RecordWork {
    /// Which step of the attempt it is.
    pub fn step(self) -> Step {
        match self {
            Self::Publish => Step::PublishRecords,
            Self::Withdraw => Step::WithdrawRecords,
        }
    }
}

/// How long the flow waits for the answer to a message that is to publish (`TimeoutSeconds` of the definition).
pub const PUBLISHING_AWAITED: Duration = Duration::minutes(5);

/// One attempt's message. The flow waits until a process answers for `task_token`.
///
/// Written by `infra/issue-certificate.asl.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordJob {
    pub task_token: String,
    pub work: RecordWork,
    pub input: StepInput,
    /// When the message was sent, as the queue says; absent where none was.
    #[serde(skip)]
    pub sent_at: Option<OffsetDateTime>,
}

impl RecordJob {
    /// Whether values must not be published any more at `now`: nobody waits for that, and who went on without an answer may
    /// have withdrawn them. A message comes again when the process died that had it.
    pub fn is_too_late(&self, now: OffsetDateTime) -> bool {
        let sent_long_ago = self.sent_at.is_some_and(|sent| sent + PUBLISHING_AWAITED <= now);
        self.work == RecordWork::Publish && sent_long_ago
    }
}
