use domain::installation::Capacity;
use domain::ports::{CapacityLog, ServiceFault};

use super::MemoryEndpoints;

impl CapacityLog for MemoryEndpoints {
    async fn capacity(&self) -> Result<Capacity, ServiceFault> {
        Ok(self.state().capacity.clone())
    }

    async fn save_capacity(&self, after: &Capacity) -> Result<bool, ServiceFault> {
        let mut state = self.state();
        let is_read = state.capacity.version == after.version;
        if is_read {
            state.capacity = Capacity { version: after.version + 1, ..after.clone() };
        }
        drop(state);
        self.fuse.burn();
        Ok(is_read)
    }
}
