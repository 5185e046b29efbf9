//! Runs everything on one thread, in an order that follows from the seed: whoever is awake is polled by chance, may be
//! killed there, and time passes only when nobody is awake.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use jiff::Timestamp;

use super::chance::Chance;
use super::clock::SimClock;

/// Work that is polled.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What happens to a process before it is polled.
pub enum Fate {
    /// It goes on.
    Lives,
    /// Its futures are dropped right here, and this takes its place.
    Dies(Work),
}

/// A process: named, with work.
struct Process {
    name: String,
    work: Option<Work>,
    awake: Arc<Awake>,
}

struct Awake(AtomicBool);

impl Wake for Awake {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// More polls while time stands still are a circle.
const MOST_POLLS: u32 = 50_000;

/// The processes of a simulation.
pub struct Executor {
    clock: Arc<SimClock>,
    chance: Arc<Chance>,
    processes: Vec<Process>,
}

impl Executor {
    /// No processes yet.
    #[must_use]
    pub fn new(clock: Arc<SimClock>, chance: Arc<Chance>) -> Self {
        let processes = Vec::new();
        Self {
            clock,
            chance,
            processes,
        }
    }

    /// Adds a process.
    pub fn spawn(&mut self, name: impl Into<String>, work: Work) {
        self.processes.push(Process {
            name: name.into(),
            work: Some(work),
            awake: Arc::new(Awake(AtomicBool::new(true))),
        });
    }

    /// Runs until `end`, until nobody will ever wake again, or until `stop` says so. `fate` is asked before every poll.
    /// Answers false if it went round in circles: time stood still for too long.
    pub fn run_until(
        &mut self,
        end: Timestamp,
        mut fate: impl FnMut(&str) -> Fate,
        stop: impl Fn() -> bool,
    ) -> bool {
        let mut still = 0_u32;
        while !stop() {
            let awake: Vec<usize> = self
                .processes
                .iter()
                .enumerate()
                .filter(|(_, process)| {
                    process.work.is_some() && process.awake.0.load(Ordering::Relaxed)
                })
                .map(|(place, _)| place)
                .collect();
            if awake.is_empty() {
                still = 0;
                if self.clock.advance(end) {
                    continue;
                }
                return true;
            }
            still += 1;
            if still > MOST_POLLS {
                return false;
            }
            let chosen = *self.chance.one_of(&awake);
            if let Some(process) = self.processes.get_mut(chosen) {
                process.awake.0.store(false, Ordering::Relaxed);
                if let Fate::Dies(instead) = fate(&process.name) {
                    process.work = Some(instead);
                }
                process.poll();
            }
        }
        true
    }
}

impl Process {
    fn poll(&mut self) {
        let waker = Waker::from(Arc::clone(&self.awake));
        let mut context = Context::from_waker(&waker);
        let ended = self
            .work
            .as_mut()
            .is_some_and(|work| work.as_mut().poll(&mut context).is_ready());
        if ended {
            self.work = None;
        }
    }
}
