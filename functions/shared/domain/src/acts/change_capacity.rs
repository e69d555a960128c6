//! Changes what is stored about the room for certificates, safe against concurrent changes.

use vocabulary::failure::{FaultKind, ServiceFault};

use crate::installation::capacity::Capacity;
use crate::ports::capacity::CapacityLog;

/// How often a change that conflicts with another one is tried again; each failed try means that another one succeeded.
const TRIES: usize = 10;

/// Reads, changes and stores, until there is no conflict. If `change` returns an error, nothing is stored.
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
