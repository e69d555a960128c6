//! What the flow requests from the writer of the delegation zone: messages of its queue.

use serde::{Deserialize, Serialize};

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

/// One attempt's message. The flow waits until a process answers for `task_token`.
///
/// Written by `infra/issue-certificate.asl.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordJob {
    pub task_token: String,
    pub work: RecordWork,
    pub input: StepInput,
}
