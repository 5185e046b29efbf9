//! Progress on a terminal; nothing anywhere else.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sando_core::definition::{Certificate, Definition};
use sando_core::ports::Clock;
use sando_infra::system::SystemClock;

use crate::say;

/// Tells why nothing happens for a while.
pub(super) fn tell_of_wait(definition: &Definition, wait: Duration) {
    let until = SystemClock.now().checked_add(wait);
    let until = until.map(|until| format!(", until {}", until.strftime("%H:%M UTC")));
    say(&format!(
        "{} asks to wait {} s{}",
        definition.app(),
        wait.as_secs(),
        until.unwrap_or_default()
    ));
}

/// A line that moves while users are read, or files are checked.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Begins, if somebody is looking: users that scroll by on the same terminal are progress enough.
    pub(super) fn begin(quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} · {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// Begins a bar over so many files, if somebody is looking.
    pub(super) fn over(count: usize, quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos} of {len} · {elapsed}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// One more of them is done.
    pub(super) fn done_one(&self) {
        self.0.inc(1);
    }

    /// Prints something without the bar in its way.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    /// So far.
    pub(super) fn at(&self, so_far: &Certificate) {
        if !self.0.is_hidden() {
            self.0
                .set_message(format!("{} users on {} pages", so_far.users, so_far.pages));
        }
    }

    /// Leaves no trace.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
