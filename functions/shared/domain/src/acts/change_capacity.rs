//! Changes what is kept of the room for certificates, whoever else changes it at the same time.

use vocabulary::failure::{FaultKind, ServiceFault};

use crate::installation::capacity::Capacity;
use crate::ports::capacity::CapacityLog;

/// Changes that meet another one begin again; each try that fails is one that another has won.
const TRIES: usize = 10;

/// Reads, changes and keeps, until nobody has come in between. Where `change` returns an error, nothing is kept.
pub async fn change_capacity<T, E: From<ServiceFault>>(
    log: &impl CapacityLog,
    mut change: impl FnMut(&mut Capacity) -> Result<T, E>,
) -> Result<T, E> {
    for _ in 0..TRIES {
        let mut capacity = log.capacity().await?;
        let before = capacity.clone();
        let changed = change(&mut capacity)?;
        if capacity == before || log.save_capacity(&capacity).await? {
            return Ok(changed);
        }
    }
    let detail = "others change the room for certificates at the same time".to_owned();
    Err(ServiceFault { operation: "dynamodb:UpdateItem", kind: FaultKind::Throttled, detail }.into())
}
