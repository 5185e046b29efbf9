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

use clap::Subcommand;
use sando_core::config::ConfigKind;

use crate::{print, say};

/// Exit code 2: wrong usage, or a wrong definition. Every line says what to do.
fn usage(lines: &[String]) -> ExitCode {
    for line in lines {
        say(&format!("sando: {line}"));
    }
    ExitCode::from(2)
}

/// Files that there is a JSON Schema of.
#[derive(Clone, Copy, Subcommand)]
pub(crate) enum SchemaCommand {
    /// Of definitions.
    Definition,
    /// Of applications.
    App,
    /// Of policies.
    Policy,
    /// Of rules.
    Rule,
    /// Of workflows.
    Workflow,
    /// Of the file with attributes, aliases, locations, and what is required.
    Attributes,
}

/// Prints a JSON Schema.
pub(crate) fn schema(of: SchemaCommand) -> ExitCode {
    let kind = match of {
        SchemaCommand::Definition => None,
        SchemaCommand::App => Some(ConfigKind::App),
        SchemaCommand::Policy => Some(ConfigKind::Policy),
        SchemaCommand::Rule => Some(ConfigKind::Rule),
        SchemaCommand::Workflow => Some(ConfigKind::Workflow),
        SchemaCommand::Attributes => Some(ConfigKind::Attributes),
    };
    let of_kind = kind.and_then(sando_core::schema::of);
    let schema = of_kind.unwrap_or_else(sando_core::definition::schema);
    print(&format!("{schema:#}"));
    ExitCode::SUCCESS
}
