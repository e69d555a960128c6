use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::endpoint::Endpoint;
use domain::health::CertificateUse;
use domain::ports::{
    Candidate, CertificateInspector, CertificateStore, Deletion, FaultKind, HeldCertificate, ImportMaterial,
    ServiceFault,
};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::chain::read_leaf;
use vocabulary::certificate::installed::normalize_serial;
use vocabulary::certificate::{CertificateTags, CertificateUsages, ImportedLife, InstalledCertificate};
use vocabulary::names::{EndpointId, EndpointNames};
use x509_parser::pem::parse_x509_pem;

use crate::Fuse;

pub(crate) const HOME: &str = "eu-central-1";
pub(crate) const ACCOUNT: &str = "000000000000";

/// The record of a ninety-day certificate for `endpoint`, issued at `now` and due for renewal after sixty days.
pub fn installed(endpoint: &Endpoint, now: OffsetDateTime) -> InstalledCertificate {
    installed_for(&endpoint.names, now)
}

/// The same for these names.
pub fn installed_for(names: &EndpointNames, now: OffsetDateTime) -> InstalledCertificate {
    InstalledCertificate {
        arn: "arn:aws:acm:eu-central-1:000000000000:certificate/1".into(),
        serial: "AB".into(),
        issuer: "CN=test".into(),
        names: names.iter().cloned().collect(),
        not_before: now,
        not_after: now + Duration::days(90),
        imported_at: now,
        renew_at: now + Duration::days(60),
        directory: Some("https://ca.example/directory".into()),
        renewal_id: Some("key.serial".into()),
        advice: None,
        leaf: None,
        generation: 1,
        renewal: false,
        announced: false,
        copies: vec![],
        listeners: vec![],
        retired: vec![],
        authorizations: vec![],
        export: None,
        tags: CertificateTags::default(),
    }
}

/// A certificate as last imported.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedCertificate {
    pub serial: String,
    pub not_after: OffsetDateTime,
    pub imports: u32,
    pub usages: CertificateUsages,
}

/// ACM in memory. Like ACM, refuses a key that does not match; unlike ACM, panics on what must never happen.
#[derive(Clone, Debug)]
pub struct MemoryCertificates {
    /// `REGION:ACCOUNT`, as in ARNs.
    place: String,
    held: Arc<Mutex<BTreeMap<String, ImportedCertificate>>>,
    made: Arc<Mutex<u32>>,
    refusal: Arc<Mutex<Option<ServiceFault>>>,
    /// Whether the usages of certificates are unreadable.
    opaque: Arc<Mutex<bool>>,
    /// Whether a certificate may replace one that expires later.
    shorter: Arc<AtomicBool>,
    /// The certificates themselves, and the endpoints that they belong to.
    candidates: Arc<Mutex<BTreeMap<String, Candidate>>>,
    /// Besides those that mark the endpoint.
    tags: Arc<Mutex<BTreeMap<String, CertificateTags>>>,
    fuse: Fuse,
}

impl Default for MemoryCertificates {
    fn default() -> Self {
        Self::new(Fuse::default())
    }
}

impl MemoryCertificates {
    /// At home.
    pub fn new(fuse: Fuse) -> Self {
        Self::at(&format!("{HOME}:{ACCOUNT}"), fuse)
    }

    pub(crate) fn at(place: &str, fuse: Fuse) -> Self {
        let (held, made, refusal, opaque, shorter, candidates, tags) = Default::default();
        Self { place: place.to_owned(), held, made, refusal, opaque, shorter, candidates, tags, fuse }
    }

    /// From now on imports fail with this.
    pub fn refuse(&self, refusal: Option<ServiceFault>) {
        *self.refusal.lock().expect("no test panics in here") = refusal;
    }

    /// From now on a certificate may be replaced by one that expires earlier: the CA's lifetimes have become shorter.
    pub fn allow_shorter(&self) {
        self.shorter.store(true, Ordering::Relaxed);
    }

    /// As if a CA had issued it for other uses.
    pub fn pretend(&self, arn: &str, usages: CertificateUsages) {
        self.state().get_mut(arn).expect("it is there").usages = usages;
    }

    /// From now on the usages of certificates are unreadable before ACM refuses.
    pub fn hide_usages(&self) {
        *self.opaque.lock().expect("no test panics in here") = true;
    }

    fn shown(&self, arn: &str, held: &ImportedCertificate) -> HeldCertificate {
        let opaque = *self.opaque.lock().expect("no test panics in here");
        let usages = Some(held.usages.clone()).filter(|_| !opaque);
        HeldCertificate { arn: arn.to_owned(), serial: held.serial.clone(), usages }
    }

    /// A certificate that another party has imported, with or without our tags.
    pub fn plant(&self, arn: &str, pem: String, given_to: Option<EndpointId>) {
        let leaf = read_leaf(&pem).expect("a leaf in PEM");
        let usages = CertificateUsages::of(&pem).expect("a leaf in PEM");
        let imported = ImportedCertificate { serial: leaf.serial, not_after: leaf.not_after, imports: 1, usages };
        self.state().insert(arn.to_owned(), imported);
        self.candidates.lock().expect("no test panics in here").insert(arn.to_owned(), Candidate { given_to, pem });
    }

    /// The tags of the certificate, without those that mark the endpoint.
    pub fn tags(&self, arn: &str) -> CertificateTags {
        self.tags.lock().expect("no test panics in here").get(arn).cloned().unwrap_or_default()
    }

    /// Deletes the certificate from outside the installation.
    pub fn lose(&self, arn: &str) {
        assert!(self.state().remove(arn).is_some(), "{arn} was there");
        self.candidates.lock().expect("no test panics in here").remove(arn);
    }

    fn state(&self) -> MutexGuard<'_, BTreeMap<String, ImportedCertificate>> {
        self.held.lock().expect("no test panics in here")
    }

    /// All certificates, by ARN.
    pub fn all(&self) -> BTreeMap<String, ImportedCertificate> {
        self.state().clone()
    }
}

impl CertificateStore for MemoryCertificates {
    async fn import(&self, arn: Option<&str>, material: ImportMaterial<'_>) -> Result<HeldCertificate, ServiceFault> {
        if let Some(refusal) = self.refusal.lock().expect("no test panics in here").clone() {
            return Err(refusal);
        }
        let (_, pem) = parse_x509_pem(material.leaf_pem.as_bytes()).expect("a leaf in PEM");
        let leaf = pem.parse_x509().expect("a certificate");
        assert_eq!(leaf.public_key().raw, material.key.public_key(), "a certificate for another key was imported");
        let imported = ImportedCertificate {
            serial: normalize_serial(&leaf.raw_serial_as_string()),
            not_after: leaf.validity().not_after.to_datetime(),
            imports: 1,
            usages: CertificateUsages::of(material.leaf_pem).expect("a leaf in PEM"),
        };
        let arn = arn.map(str::to_owned).unwrap_or_else(|| {
            let mut made = self.made.lock().expect("no test panics in here");
            *made += 1;
            let arn = format!("arn:aws:acm:{}:certificate/{made}", self.place);
            self.tags.lock().expect("no test panics in here").insert(arn.clone(), material.tags.clone());
            arn
        });
        let mut held = self.state();
        if let Some(before) = held.get(&arn) {
            let shorter = self.shorter.load(Ordering::Relaxed);
            assert!(
                shorter || before.not_after <= imported.not_after,
                "a certificate was replaced by one that expires earlier"
            );
            if let Some(why) = before.usages.why_not_replaced_by(&imported.usages) {
                let detail = format!("ValidationException: the certificate cannot be reimported: {why}");
                return Err(ServiceFault { operation: "acm:ImportCertificate", kind: FaultKind::Refused, detail });
            }
        }
        let imports = held.get(&arn).map_or(0, |before| before.imports) + 1;
        let mut candidates = self.candidates.lock().expect("no test panics in here");
        let given_to = match candidates.get(&arn) {
            Some(before) => before.given_to.clone(),
            None => Some(material.endpoint.clone()),
        };
        candidates.insert(arn.clone(), Candidate { given_to, pem: material.leaf_pem.to_owned() });
        drop(candidates);
        let shown = self.shown(&arn, &imported);
        held.insert(arn, ImportedCertificate { imports, ..imported });
        drop(held);
        self.fuse.burn();
        Ok(shown)
    }

    async fn describe(&self, arn: &str) -> Result<Option<HeldCertificate>, ServiceFault> {
        let held = self.state();
        Ok(held.get(arn).map(|held| self.shown(arn, held)))
    }

    async fn find(&self, _: &str, serial: &str) -> Result<Option<HeldCertificate>, ServiceFault> {
        let held = self.state();
        let found = held.iter().find(|(_, held)| held.serial == serial);
        Ok(found.map(|(arn, held)| self.shown(arn, held)))
    }

    async fn delete(&self, arn: &str) -> Result<Deletion, ServiceFault> {
        self.state().remove(arn);
        self.candidates.lock().expect("no test panics in here").remove(arn);
        self.fuse.burn();
        Ok(Deletion::Gone)
    }

    async fn tag(&self, arn: &str, before: &CertificateTags, wanted: &CertificateTags) -> Result<(), ServiceFault> {
        if !self.state().contains_key(arn) {
            let detail = "ResourceNotFoundException: no such certificate".to_owned();
            return Err(ServiceFault { operation: "acm:AddTagsToCertificate", kind: FaultKind::Refused, detail });
        }
        let mut all = self.tags.lock().expect("no test panics in here");
        let tags = all.entry(arn.to_owned()).or_default();
        let mut map = tags.with(wanted).to_map();
        before.keys_beyond(wanted).for_each(|key| drop(map.remove(key)));
        *tags = map.try_into().expect("no more than they may be");
        drop(all);
        self.fuse.burn();
        Ok(())
    }

    async fn candidate(&self, arn: &str) -> Result<Option<Candidate>, ServiceFault> {
        Ok(self.candidates.lock().expect("no test panics in here").get(arn).cloned())
    }

    fn tags_of(&self, endpoint: &EndpointId) -> [(&'static str, String); 2] {
        [("managed-https", "stack".into()), ("managed-https:endpoint", endpoint.to_string())]
    }
}

impl CertificateInspector for MemoryCertificates {
    async fn inspect_certificate(&self, arn: &str) -> Result<Option<CertificateUse>, ServiceFault> {
        let held = self.state().get(arn).map(|held| held.serial.clone());
        Ok(held.map(|serial| CertificateUse { serial, used_by: Vec::new() }))
    }

    async fn imported(&self) -> Result<Vec<ImportedLife>, ServiceFault> {
        let life = |held: &ImportedCertificate| ImportedLife {
            not_before: held.not_after - Duration::days(90),
            not_after: held.not_after,
            created_at: None,
        };
        Ok(self.state().values().map(life).collect())
    }
}
