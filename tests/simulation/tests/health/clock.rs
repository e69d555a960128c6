//! Time that passes only while everybody sleeps.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const BEGIN: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Milliseconds since the begin.
    now: i64,
    sleepers: BinaryHeap<Reverse<(i64, usize)>>,
    wakers: Vec<Option<Waker>>,
    /// Places in `wakers` that are free.
    free: Vec<usize>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Clock {
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::milliseconds(self.state().now)
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        BEGIN + self.elapsed()
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        let until = self.state().now + i64::try_from(time.whole_milliseconds()).expect("half a day");
        let mut sleeps = false;
        std::future::poll_fn(|context| {
            let mut state = self.state();
            if state.now >= until {
                return Poll::Ready(());
            }
            if !sleeps {
                let place = state.free.pop().unwrap_or_else(|| {
                    state.wakers.push(None);
                    state.wakers.len() - 1
                });
                state.wakers[place] = Some(context.waker().clone());
                state.sleepers.push(Reverse((until, place)));
                sleeps = true;
            }
            Poll::Pending
        })
        .await;
    }

    /// Runs `all` to its end.
    pub(crate) fn run(&self, all: impl Future<Output = ()>) {
        let (mut all, woken) = (pin!(all), Arc::new(Woken::default()));
        let waker = Waker::from(woken.clone());
        while all.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            // Whoever has more to do at this time says so.
            if !woken.0.swap(false, Ordering::Relaxed) {
                self.advance();
            }
        }
    }

    /// To the next time at which somebody wakes up.
    fn advance(&self) {
        let mut state = self.state();
        let Reverse((next, _)) = *state.sleepers.peek().expect("somebody sleeps");
        state.now = next;
        while let Some(Reverse((_, place))) = state.sleepers.peek().copied().filter(|Reverse((at, _))| *at == next) {
            state.sleepers.pop();
            state.free.push(place);
            if let Some(waker) = state.wakers[place].take() {
                waker.wake();
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics in here")
    }
}
