use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use domain::ports::{ExportMaterial, KeyExport, ServiceFault};
use vocabulary::certificate::RoleArn;
use vocabulary::names::EndpointId;

use crate::Fuse;

/// The content of a secret: the serial of each generation, and which is current.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportedSecret {
    pub versions: BTreeMap<u64, String>,
    pub current: Option<u64>,
    /// Whether its policy lets the one role read it.
    pub guarded: bool,
}

/// Secrets Manager in memory, for exports only.
#[derive(Clone, Debug)]
pub struct MemoryExports {
    reader: Arc<Mutex<Option<RoleArn>>>,
    secrets: Arc<Mutex<BTreeMap<EndpointId, ExportedSecret>>>,
    refusal: Arc<Mutex<Option<ServiceFault>>>,
    fuse: Fuse,
}

impl Default for MemoryExports {
    fn default() -> Self {
        Self::new(Fuse::default())
    }
}

impl MemoryExports {
    /// An installation that exports to a role.
    pub fn new(fuse: Fuse) -> Self {
        let reader = "arn:aws:iam::000000000000:role/reader".parse().expect("a role");
        Self { reader: Arc::new(Mutex::new(Some(reader))), secrets: Arc::default(), refusal: Arc::default(), fuse }
    }

    /// From now on the installation exports nothing.
    pub fn forbid(&self) {
        *self.reader.lock().expect("no test panics in here") = None;
    }

    /// From now on writes fail with this.
    pub fn refuse(&self, refusal: Option<ServiceFault>) {
        *self.refusal.lock().expect("no test panics in here") = refusal;
    }

    /// All existing secrets.
    pub fn secrets(&self) -> BTreeMap<EndpointId, ExportedSecret> {
        self.secrets.lock().expect("no test panics in here").clone()
    }

    /// The serial that the reader sees for the endpoint.
    pub fn current(&self, endpoint: &EndpointId) -> Option<String> {
        let secret = self.secrets().remove(endpoint)?;
        secret.versions.get(&secret.current?).cloned()
    }

    fn arn_of(&self, endpoint: &EndpointId) -> String {
        format!("arn:aws:secretsmanager:eu-central-1:000000000000:secret:{}-AbCdEf", self.name_of(endpoint))
    }

    fn refused(&self) -> Result<(), ServiceFault> {
        self.refusal.lock().expect("no test panics in here").clone().map_or(Ok(()), Err)
    }

    fn change(&self, endpoint: &EndpointId, change: impl FnOnce(&mut ExportedSecret)) {
        let mut secrets = self.secrets.lock().expect("no test panics in here");
        change(secrets.entry(endpoint.clone()).or_default());
        drop(secrets);
        self.fuse.burn();
    }
}

impl KeyExport for MemoryExports {
    fn reader(&self) -> Option<RoleArn> {
        self.reader.lock().expect("no test panics in here").clone()
    }

    fn name_of(&self, endpoint: &EndpointId) -> String {
        format!("stack/export/{endpoint}")
    }

    async fn prepare(&self, endpoint: &EndpointId, _: &str) -> Result<String, ServiceFault> {
        assert!(self.reader().is_some(), "a key is to be exported, and nobody may read it");
        self.refused()?;
        self.change(endpoint, |_| {});
        self.change(endpoint, |secret| secret.guarded = true);
        Ok(self.arn_of(endpoint))
    }

    async fn write(&self, secret: &str, material: ExportMaterial<'_>) -> Result<(), ServiceFault> {
        self.refused()?;
        assert_eq!(secret, self.arn_of(material.endpoint), "another endpoint's secret was written");
        self.change(material.endpoint, |secret| {
            assert!(secret.guarded, "a key was written where others could read it");
            let before = secret.versions.insert(material.generation, material.serial.to_owned());
            assert!(before.is_none_or(|before| before == material.serial), "a version has one content for good");
            // A repeated write does not change the current version.
            if secret.current.is_none_or(|current| current < material.generation) {
                secret.current = Some(material.generation);
            }
        });
        Ok(())
    }

    async fn withdraw(&self, endpoint: &EndpointId, secret: Option<&str>) -> Result<(), ServiceFault> {
        let valued = self.secrets().get(endpoint).is_some_and(|there| there.current.is_some());
        assert!(secret.is_some() || !valued, "a secret with a key was not recorded");
        self.secrets.lock().expect("no test panics in here").remove(endpoint);
        self.fuse.burn();
        Ok(())
    }
}
