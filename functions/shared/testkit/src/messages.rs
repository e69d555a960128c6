use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use domain::alert::{Alert, AlertKind};
use domain::endpoint::attempt::execution_name;
use domain::flow::AttemptTrace;
use domain::ports::{FlowStarter, Notifier, Place, Room, ServiceFault, Started, TakenRoom, Traces};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use crate::Fuse;

/// Remembers which flows were started, for a test to run them.
#[derive(Clone, Debug, Default)]
pub struct MemoryFlows {
    names: Arc<Mutex<BTreeSet<String>>>,
    waiting: Arc<Mutex<Vec<(EndpointId, u64)>>>,
    /// How many flows may run at once. `None`: any number.
    room: Option<usize>,
    queue: Arc<Mutex<Queue>>,
    /// Why the room cannot be counted.
    uncounted: Arc<Mutex<Option<ServiceFault>>>,
    fuse: Fuse,
}

/// What was given away of the room, and how many got none.
#[derive(Debug, Default)]
struct Queue {
    taken: usize,
    waiting: usize,
}

impl Room for MemoryFlows {
    async fn take_room(&self, wanted: usize, place: Place, now: OffsetDateTime) -> Result<TakenRoom, ServiceFault> {
        if let Some(fault) = self.uncounted.lock().expect("no test panics in here").clone() {
            return Err(fault);
        }
        let Some(most) = self.room else {
            return Ok(TakenRoom { attempts: wanted, at: now, most: usize::MAX, waiting: 0 });
        };
        let running = self.waiting.lock().expect("no test panics in here").len();
        let mut queue = self.queue.lock().expect("no test panics in here");
        let free = most.saturating_sub(running + queue.taken);
        let attempts = if place == Place::Last && queue.waiting > 0 { 0 } else { wanted.min(free) };
        let before = if place == Place::Last { queue.waiting } else { 0 };
        queue.taken += attempts;
        queue.waiting = before + wanted - attempts;
        Ok(TakenRoom { attempts, at: now, most, waiting: queue.waiting })
    }

    async fn give_room_back(&self, _: &TakenRoom, unused: usize) -> Result<(), ServiceFault> {
        let mut queue = self.queue.lock().expect("no test panics in here");
        queue.taken = queue.taken.saturating_sub(unused);
        Ok(())
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

    /// From now on the room cannot be counted, for this reason; `None`: it can.
    pub fn refuse_room(&self, fault: Option<ServiceFault>) {
        *self.uncounted.lock().expect("no test panics in here") = fault;
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
        let mut queue = self.queue.lock().expect("no test panics in here");
        queue.taken = queue.taken.saturating_sub(1);
        drop(queue);
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
