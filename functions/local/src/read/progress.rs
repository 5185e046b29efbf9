//! Progress on a terminal; nothing anywhere else.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sando_core::definition::Certificate;

/// A line that moves while users are read.
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
