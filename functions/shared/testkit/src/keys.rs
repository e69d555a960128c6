use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use domain::ports::{KeyVault, ServiceFault};
use vocabulary::certificate::CertificateKey;
use vocabulary::names::EndpointId;

use crate::Fuse;

/// PKCS#8 by endpoint and generation.
type StoredKeys = BTreeMap<(EndpointId, u64), Vec<u8>>;

/// Keys in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryKeys {
    keys: Arc<Mutex<StoredKeys>>,
    fuse: Fuse,
}

impl MemoryKeys {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.keys.lock().expect("no test panics in here").len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl KeyVault for MemoryKeys {
    async fn ensure(
        &self,
        endpoint: &EndpointId,
        generation: u64,
        make: impl FnOnce() -> CertificateKey + Send,
    ) -> Result<(), ServiceFault> {
        let mut keys = self.keys.lock().expect("no test panics in here");
        keys.entry((endpoint.clone(), generation)).or_insert_with(|| make().to_pkcs8());
        drop(keys);
        self.fuse.burn();
        Ok(())
    }

    async fn load(&self, endpoint: &EndpointId, generation: u64) -> Result<Option<CertificateKey>, ServiceFault> {
        let keys = self.keys.lock().expect("no test panics in here");
        let key = keys.get(&(endpoint.clone(), generation));
        Ok(key.map(|pkcs8| CertificateKey::from_pkcs8(pkcs8).expect("its own output")))
    }

    async fn forget(&self, endpoint: &EndpointId, generation: u64) -> Result<(), ServiceFault> {
        let mut keys = self.keys.lock().expect("no test panics in here");
        keys.retain(|(owner, stored), _| owner != endpoint || *stored > generation);
        drop(keys);
        self.fuse.burn();
        Ok(())
    }
}
