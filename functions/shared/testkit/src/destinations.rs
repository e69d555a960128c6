use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::ports::{Destinations, Detachment, FaultKind, Listeners, QuotaOf, ServiceFault, ServiceQuotas};
use vocabulary::certificate::{ListenerArn, LoadBalancerArn, Region, RoleArn, Target};

use crate::certificates::{ACCOUNT, HOME};
use crate::{Fuse, MemoryCertificates};

/// All accounts and regions in memory. A role leads to its account, unless it is denied.
#[derive(Clone, Debug)]
pub struct MemoryDestinations {
    home: Region,
    at_home: MemoryCertificates,
    elsewhere: Arc<Mutex<BTreeMap<Target, MemoryCertificates>>>,
    listeners: MemoryListeners,
    quotas: MemoryQuotas,
    denied: Arc<Mutex<BTreeSet<RoleArn>>>,
    fuse: Fuse,
}

impl MemoryDestinations {
    /// With the certificates that are `at_home`.
    pub fn new(at_home: MemoryCertificates, fuse: Fuse) -> Self {
        let home = HOME.parse().expect("a region");
        let (elsewhere, denied, quotas) = Default::default();
        Self { home, at_home, elsewhere, listeners: MemoryListeners::new(fuse.clone()), quotas, denied, fuse }
    }

    /// The certificates at `place`.
    pub fn at(&self, place: &Target) -> MemoryCertificates {
        if place.role.is_none() && place.region == self.home {
            return self.at_home.clone();
        }
        let account = place.role.as_ref().map_or(ACCOUNT, |role| role.account().as_str());
        let in_arns = format!("{}:{account}", place.region);
        let mut elsewhere = self.elsewhere.lock().expect("no test panics in here");
        let made = || MemoryCertificates::at(&in_arns, self.fuse.clone());
        elsewhere.entry(place.clone()).or_insert_with(made).clone()
    }

    /// All targets except home that were ever used.
    pub fn elsewhere(&self) -> BTreeMap<Target, MemoryCertificates> {
        self.elsewhere.lock().expect("no test panics in here").clone()
    }

    pub fn listeners_here(&self) -> &MemoryListeners {
        &self.listeners
    }

    pub fn quotas_here(&self) -> &MemoryQuotas {
        &self.quotas
    }

    /// From now on the role may not be assumed.
    pub fn deny(&self, role: &RoleArn) {
        self.denied.lock().expect("no test panics in here").insert(role.clone());
    }

    fn assume(&self, place: &Target) -> Result<(), ServiceFault> {
        let denied = self.denied.lock().expect("no test panics in here");
        match place.role.as_ref().filter(|role| denied.contains(role)) {
            Some(role) => Err(ServiceFault {
                operation: "sts:AssumeRole",
                kind: FaultKind::Denied,
                detail: format!("AccessDenied: {role} may not be assumed"),
            }),
            None => Ok(()),
        }
    }
}

impl Destinations for MemoryDestinations {
    type Certificates = MemoryCertificates;
    type Listeners = MemoryListeners;
    type Quotas = MemoryQuotas;

    fn home(&self) -> &Region {
        &self.home
    }

    async fn certificates(&self, place: &Target) -> Result<MemoryCertificates, ServiceFault> {
        self.assume(place)?;
        Ok(self.at(place))
    }

    async fn listeners(&self, place: &Target) -> Result<MemoryListeners, ServiceFault> {
        self.assume(place)?;
        Ok(self.listeners.clone())
    }

    async fn quotas(&self, place: &Target) -> Result<MemoryQuotas, ServiceFault> {
        self.assume(place)?;
        Ok(self.quotas.clone())
    }
}

/// Service Quotas in memory, the same for all targets. Nothing is granted unless a test grants it.
#[derive(Clone, Debug, Default)]
pub struct MemoryQuotas {
    granted: Arc<Mutex<BTreeMap<QuotaOf, u32>>>,
    denied: Arc<Mutex<bool>>,
}

impl MemoryQuotas {
    pub fn grant(&self, of: QuotaOf, most: u32) {
        self.granted.lock().expect("no test panics in here").insert(of, most);
    }

    /// From now on requests are denied.
    pub fn deny(&self) {
        *self.denied.lock().expect("no test panics in here") = true;
    }
}

impl ServiceQuotas for MemoryQuotas {
    async fn quota(&self, of: QuotaOf) -> Result<Option<u32>, ServiceFault> {
        if *self.denied.lock().expect("no test panics in here") {
            let detail = "AccessDeniedException: not you".to_owned();
            return Err(ServiceFault { operation: "servicequotas:GetServiceQuota", kind: FaultKind::Denied, detail });
        }
        Ok(self.granted.lock().expect("no test panics in here").get(&of).copied())
    }
}

/// Listeners in memory, of all targets. Panics on states that a load balancer never has.
#[derive(Clone, Debug, Default)]
pub struct MemoryListeners {
    listeners: Arc<Mutex<BTreeMap<ListenerArn, ListenerCertificates>>>,
    refusal: Arc<Mutex<Option<ServiceFault>>>,
    /// How many certificates a listener may have besides its default one. `None`: any number.
    most: Arc<Mutex<Option<usize>>>,
    fuse: Fuse,
}

/// The certificates of a listener: its default one first.
#[derive(Clone, Debug, Default)]
struct ListenerCertificates {
    default: Option<String>,
    more: BTreeSet<String>,
}

impl MemoryListeners {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, BTreeMap<ListenerArn, ListenerCertificates>> {
        self.listeners.lock().expect("no test panics in here")
    }

    /// A listener without certificates, or with a default one.
    pub fn create(&self, listener: &ListenerArn, default: Option<&str>) {
        let held = ListenerCertificates { default: default.map(str::to_owned), more: BTreeSet::new() };
        self.state().insert(listener.clone(), held);
    }

    pub fn drop_listener(&self, listener: &ListenerArn) {
        self.state().remove(listener);
    }

    /// Removes all certificates from the listener, from outside the installation.
    pub fn strip(&self, listener: &ListenerArn) {
        self.state().get_mut(listener).expect("it exists").more.clear();
    }

    /// From now on changes fail with this.
    pub fn refuse(&self, refusal: Option<ServiceFault>) {
        *self.refusal.lock().expect("no test panics in here") = refusal;
    }

    /// Limits a listener to `most` certificates besides its default one.
    pub fn limit(&self, most: usize) {
        *self.most.lock().expect("no test panics in here") = Some(most);
    }

    /// The listener's certificates; empty if it does not exist.
    pub fn certificates(&self, listener: &ListenerArn) -> Vec<String> {
        let state = self.state();
        let held = state.get(listener).into_iter();
        held.flat_map(|held| held.default.iter().chain(&held.more).cloned()).collect()
    }

    fn changed<T>(
        &self,
        listener: &ListenerArn,
        change: impl FnOnce(Option<&mut ListenerCertificates>) -> Result<T, ServiceFault>,
    ) -> Result<T, ServiceFault> {
        if let Some(refusal) = self.refusal.lock().expect("no test panics in here").clone() {
            return Err(refusal);
        }
        let changed = change(self.state().get_mut(listener));
        self.fuse.burn();
        changed
    }
}

impl Listeners for MemoryListeners {
    async fn certificates_of(&self, listener: &ListenerArn) -> Result<Option<Vec<String>>, ServiceFault> {
        let exists = self.state().contains_key(listener);
        Ok(exists.then(|| self.certificates(listener)))
    }

    async fn certificates_on(&self, balancer: &LoadBalancerArn) -> Result<Option<u32>, ServiceFault> {
        let state = self.state();
        let own: Vec<_> = state.iter().filter(|(listener, _)| LoadBalancerArn::from(*listener) == *balancer).collect();
        let count: usize = own.iter().map(|(_, held)| held.more.len()).sum();
        Ok((!own.is_empty()).then(|| u32::try_from(count).expect("no test has so many")))
    }

    async fn attach(&self, listener: &ListenerArn, certificate_arn: &str) -> Result<(), ServiceFault> {
        let place = format!(":{}:{}:", listener.region(), listener.account());
        assert!(certificate_arn.contains(&place), "{certificate_arn} is of another place than {listener}");
        let most = self.most.lock().expect("no test panics in here").unwrap_or(usize::MAX);
        self.changed(listener, |held| match held {
            Some(held) if held.more.len() >= most && !held.more.contains(certificate_arn) => Err(ServiceFault {
                operation: "elasticloadbalancing:AddListenerCertificates",
                kind: FaultKind::Refused,
                detail: "TooManyCertificates: You've reached the limit on the number of certificates per load balancer"
                    .into(),
            }),
            Some(held) => {
                if held.default.as_deref() != Some(certificate_arn) {
                    held.more.insert(certificate_arn.to_owned());
                }
                Ok(())
            }
            None => Err(ServiceFault {
                operation: "elasticloadbalancing:AddListenerCertificates",
                kind: FaultKind::Refused,
                detail: "ListenerNotFound: One or more listeners not found".into(),
            }),
        })
    }

    async fn detach(&self, listener: &ListenerArn, certificate_arn: &str) -> Result<Detachment, ServiceFault> {
        self.changed(listener, |held| match held {
            Some(held) if held.default.as_deref() == Some(certificate_arn) => Ok(Detachment::IsDefault),
            Some(held) => {
                held.more.remove(certificate_arn);
                Ok(Detachment::Gone)
            }
            None => Ok(Detachment::Gone),
        })
    }
}
