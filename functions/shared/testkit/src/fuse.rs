use std::sync::{Arc, Mutex};

/// The panic payload of a process that was killed.
#[derive(Debug)]
pub struct Crash;

/// Kills the process after a chosen number of side effects; never if none is chosen.
#[derive(Clone, Debug, Default)]
pub struct Fuse {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    left: Option<u32>,
}

impl Fuse {
    /// Allows `effects` more side effects, and dies after the last one.
    pub fn set(&self, effects: Option<u32>) {
        self.state.lock().expect("no test panics in here").left = effects;
    }

    /// Called right after a side effect.
    pub(crate) fn burn(&self) {
        let mut state = self.state.lock().expect("no test panics in here");
        let Some(left) = &mut state.left else { return };
        *left = left.saturating_sub(1);
        if *left == 0 {
            state.left = None;
            drop(state);
            // Unlike panic!, this prints nothing to stderr: it happens thousands of times.
            std::panic::resume_unwind(Box::new(Crash));
        }
    }
}
