use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use domain::alert::{Alert, AlertKind};
use domain::endpoint::attempt::execution_name;
use domain::flow::AttemptTrace;
use domain::ports::{FlowStarter, Notifier, Room, ServiceFault, Started, Traces};
use vocabulary::names::EndpointId;

use crate::Fuse;

/// Remembers which flows were started, for a test to run them.
#[derive(Clone, Debug, Default)]
pub struct MemoryFlows {
    names: Arc<Mutex<BTreeSet<String>>>,
    waiting: Arc<Mutex<Vec<(EndpointId, u64)>>>,
    /// How many flows may run at once. `None`: any number.
    room: Option<usize>,
    fuse: Fuse,
}

impl Room for MemoryFlows {
    async fn free(&self) -> Result<usize, ServiceFault> {
        let running = self.waiting.lock().expect("no test panics in here").len();
        Ok(self.room.map_or(usize::MAX, |room| room.saturating_sub(running)))
    }
}

impl MemoryFlows {
    /// With room for so many flows; those that a test has taken have ended.
    pub fn with_room(room: usize) -> Self {
        Self { room: Some(room), ..Self::default() }
    }

    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    /// The flows started since the last call.
    pub fn take(&self) -> Vec<(EndpointId, u64)> {
        std::mem::take(&mut *self.waiting.lock().expect("no test panics in here"))
    }
}

impl FlowStarter for MemoryFlows {
    async fn start(&self, endpoint: &EndpointId, attempt: u64) -> Result<Started, ServiceFault> {
        let new = self.names.lock().expect("no test panics in here").insert(execution_name(endpoint, attempt));
        if !new {
            return Ok(Started::Before);
        }
        self.waiting.lock().expect("no test panics in here").push((endpoint.clone(), attempt));
        self.fuse.burn();
        Ok(Started::Now)
    }
}

/// Keeps the messages.
#[derive(Clone, Debug, Default)]
pub struct MemoryNotifier {
    alerts: Arc<Mutex<Vec<Alert>>>,
    /// For programs alone.
    quiet: Arc<Mutex<Vec<Alert>>>,
    refusal: Arc<Mutex<Option<ServiceFault>>>,
    /// What one of the ways refuses, while the others take it.
    aside: Arc<Mutex<Option<ServiceFault>>>,
    fuse: Fuse,
}

impl MemoryNotifier {
    pub fn new(fuse: Fuse) -> Self {
        Self { fuse, ..Self::default() }
    }

    /// What is sent is refused so from now on.
    pub fn refuse(&self, refusal: Option<ServiceFault>) {
        *self.refusal.lock().expect("no test panics in here") = refusal;
    }

    /// The next that is sent is refused so by one of several ways.
    pub fn refuse_on_one_way(&self, refusal: ServiceFault) {
        *self.aside.lock().expect("no test panics in here") = Some(refusal);
    }

    pub fn alerts(&self) -> Vec<Alert> {
        self.alerts.lock().expect("no test panics in here").clone()
    }

    /// What went to programs alone.
    pub fn quiet(&self) -> Vec<Alert> {
        self.quiet.lock().expect("no test panics in here").clone()
    }

    pub fn kinds(&self) -> Vec<AlertKind> {
        self.alerts().iter().map(|alert| alert.kind).collect()
    }
}

impl Notifier for MemoryNotifier {
    async fn notify(&self, alert: &Alert) -> Result<(), ServiceFault> {
        if let Some(refusal) = self.refusal.lock().expect("no test panics in here").clone() {
            return Err(refusal);
        }
        self.alerts.lock().expect("no test panics in here").push(alert.clone());
        self.fuse.burn();
        Ok(())
    }

    async fn notify_programs(&self, alert: &Alert) -> Result<(), ServiceFault> {
        self.quiet.lock().expect("no test panics in here").push(alert.clone());
        self.fuse.burn();
        Ok(())
    }

    fn refused(&self) -> Option<ServiceFault> {
        self.aside.lock().expect("no test panics in here").take()
    }
}

/// Keeps the traces it was handed.
#[derive(Clone, Debug, Default)]
pub struct MemoryTraces {
    traces: Arc<Mutex<Vec<AttemptTrace>>>,
}

impl MemoryTraces {
    pub fn taken(&self) -> Vec<AttemptTrace> {
        self.traces.lock().expect("no test panics in here").clone()
    }
}

impl Traces for MemoryTraces {
    async fn send(&self, trace: &AttemptTrace) {
        self.traces.lock().expect("no test panics in here").push(trace.clone());
    }
}
