//! The nonce that an order keeps for the next step, when a step has failed.

use vocabulary::acme::OpenOrder;
use vocabulary::failure::Failure;

use crate::flow::input::StepInput;
use crate::ports::store::AttemptJournal;

/// Forgets the nonce of `order`: the step that failed has used it, and the CA would refuse it (RFC 8555 §6.5).
pub async fn forget_nonce(journal: &impl AttemptJournal, input: &StepInput, order: &OpenOrder) -> Result<(), Failure> {
    if order.nonce.is_none() {
        return Ok(());
    }
    let order = OpenOrder { nonce: None, ..order.clone() };
    Ok(journal.save_order(&input.endpoint, input.attempt, &order).await?)
}
