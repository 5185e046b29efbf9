//! Reading applications from the command line: `check`, `preview`, `pull`, `suggest`, `schema`. No store, no data folder.

mod check;
mod inputs;
mod output;
mod preview;
mod progress;
mod pull;
mod recorded;
mod suggest;
mod summary;
mod table;
mod tokens;

use std::process::ExitCode;

pub(crate) use check::{CheckFlags, command as check};
pub(crate) use preview::{PreviewFlags, command as preview};
pub(crate) use pull::{PullFlags, command as pull};
pub(crate) use suggest::{SuggestFlags, command as suggest};

use crate::{print, say};

/// Exit code 2: wrong usage, or a wrong definition. Every line says what to do.
fn usage(lines: &[String]) -> ExitCode {
    for line in lines {
        say(&format!("sando: {line}"));
    }
    ExitCode::from(2)
}

/// Prints the JSON Schema of definitions.
pub(crate) fn schema() -> ExitCode {
    print(&format!("{:#}", sando_core::definition::schema()));
    ExitCode::SUCCESS
}
