//! What benches have in common: flags, memory, and bounds that are kept or missed.

use std::process::ExitCode;

/// The number after a flag; cargo adds flags of its own.
pub(crate) fn flag(name: &str, usual: usize) -> usize {
    let mut arguments = std::env::args().skip_while(|one| one != name).skip(1);
    let given = arguments.next();
    given.map_or(usual, |given| given.parse().expect("a number"))
}

/// From now on, the most memory counts anew, where the system can do that.
pub(crate) fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that the process had, in MiB.
pub(crate) fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

/// What was wanted, and what was measured.
#[derive(Default)]
pub(crate) struct Bounds {
    missed: Vec<String>,
}

impl Bounds {
    /// Tells of a number that must not be larger.
    pub(crate) fn at_most(&mut self, what: &str, wanted: u64, measured: u64) {
        let is_kept = measured <= wanted;
        let word = if is_kept { "kept" } else { "MISSED" };
        println!("{word:6}  {what}: wanted at most {wanted}, measured {measured}");
        if !is_kept {
            self.missed(what);
        }
    }

    /// Remembers what was missed.
    pub(crate) fn missed(&mut self, what: &str) {
        self.missed.push(what.to_owned());
    }

    /// How it ended.
    pub(crate) fn end(self) -> ExitCode {
        if self.missed.is_empty() {
            return ExitCode::SUCCESS;
        }
        println!("\nmissed:\n  {}", self.missed.join("\n  "));
        ExitCode::FAILURE
    }
}
