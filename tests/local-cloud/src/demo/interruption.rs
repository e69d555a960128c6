//! Ctrl-C and its like, as something to wait for: the cloud is stopped before the demo ends.

use std::thread;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

pub(super) struct Interruption {
    signals: UnboundedReceiver<&'static str>,
}

impl Interruption {
    /// From now on these signals do not end the process on their own.
    pub(super) fn listen() -> Result<Self> {
        let mut caught = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("listening for signals")?;
        let (sender, signals) = unbounded_channel();
        thread::spawn(move || {
            for signal in caught.forever() {
                let _ = sender.send(name_of(signal));
            }
        });
        Ok(Self { signals })
    }

    /// Waits for the next signal, and names it.
    pub(super) async fn wait(&mut self) -> &'static str {
        match self.signals.recv().await {
            Some(name) => name,
            // The thread that listens never ends.
            None => std::future::pending().await,
        }
    }
}

fn name_of(signal: i32) -> &'static str {
    match signal {
        SIGINT => "Ctrl-C",
        SIGHUP => "SIGHUP",
        _ => "SIGTERM",
    }
}
