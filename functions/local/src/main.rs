//! Sando on one machine: every function in one process, one command.
#![allow(
    unreachable_pub,
    reason = "nothing of a binary can be reached from outside"
)]

mod audit;
mod backup;
mod client;
mod config;
mod data_dir;
mod demo;
mod desk;
mod engine;
mod read;
mod serve;

use std::io::{self, Write};
use std::process::{self, ExitCode};

use clap::{Parser, Subcommand};

/// Threads hand each other what was read: that locks less with this allocator than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Turns hiring events from Lever into accounts in every application, exactly once.
#[derive(Parser)]
#[command(name = "sando", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs Sando: webhook, workers, schedule and API in one process.
    ///
    /// Needs nothing but a folder to keep everything in. Configure it over the API (GET /openapi.json), or with the
    /// environment: SANDO_LEVER_API_KEY and SANDO_LEVER_SIGNING_TOKEN connect Lever, SANDO_ADMIN_TOKEN is the
    /// administrator's token. Ctrl-C stops it: what has begun is finished first.
    Serve(config::Flags),
    /// Shows a company at work, with a simulated Lever and simulated applications: hires, an approval, a withdrawn offer, a
    /// first day that moves, a webhook that never came, a mover, a leaver.
    Demo(demo::Flags),
    /// Copies the data folder of a Sando that is not running: database, secrets and key.
    Backup(backup::BackupFlags),
    /// Brings a backup back into an empty data folder.
    Restore(backup::RestoreFlags),
    /// Checks files without a network: definitions, against answers recorded for them, and all that `plan` takes.
    Check(read::CheckFlags),
    /// Shows the first users of an application, and why each became what it became. Nothing is stored.
    Preview(read::PreviewFlags),
    /// Reads all users of an application and prints them; exit code 0 only if the list was read to its end.
    Pull(read::PullFlags),
    /// Proposes what a definition could say, from an answer of the application or from its OpenAPI document.
    Suggest(read::SuggestFlags),
    /// Prints a JSON Schema.
    Schema {
        #[command(subcommand)]
        of: read::SchemaCommand,
    },
    /// Prints the OpenAPI 3.1 document of the API.
    Openapi,
    /// Shows what a folder of files would do to everybody's access; nothing is done.
    ///
    /// Exit codes: 0 shown, 1 failed, 2 mistakes in the files, 3 more people would lose something than may without a
    /// second look.
    Plan(desk::PlanFlags),
    /// Puts a folder of files, and does what follows from them, if the plan that was shown still holds.
    ///
    /// Exit codes as of `plan`, and 4: the plan does not hold any more.
    Apply(desk::ApplyFlags),
    /// Prints what is configured, in plain words, as Markdown: who gets what and why, what starts what, who owns what.
    Document(desk::DocumentFlags),
    #[command(flatten)]
    Daily(desk::Daily),
    /// Works with people.
    People {
        #[command(subcommand)]
        command: desk::PeopleCommand,
    },
    /// Works with the audit trail.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Writes the whole trail into a file, as JSON Lines, in which `verify` follows every chain.
    Export(desk::ExportFlags),
    /// Verifies every chain of a data folder, or of an export; exits with 1 if one is broken.
    ///
    /// Whoever can write the tables can rewrite a chain together with its end. With --anchor the trail is held against
    /// checkpoints that were kept elsewhere: log lines of Sando (`audit checkpoint … audit.seq=7 audit.hash=…`), or the
    /// objects of the anchor bucket, copied into a folder.
    Verify(audit::Flags),
}

/// 0 done, 1 failed, 2 usage, 3 too many would lose something, 4 no longer what was shown.
#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(flags) => serve::command(&flags).await,
        Command::Demo(flags) => demo::command(&flags).await,
        Command::Backup(flags) => backup::backup(&flags).await,
        Command::Restore(flags) => backup::restore(&flags).await,
        Command::Check(flags) => read::check(&flags),
        Command::Preview(flags) => read::preview(&flags).await,
        Command::Pull(flags) => read::pull(&flags).await,
        Command::Suggest(flags) => read::suggest(&flags),
        Command::Schema { of } => Ok(read::schema(of)),
        Command::Openapi => serve::openapi(),
        Command::Plan(flags) => desk::plan(&flags).await,
        Command::Apply(flags) => desk::apply(&flags).await,
        Command::Document(flags) => desk::document(&flags).await,
        Command::Daily(command) => desk::daily(&command).await,
        Command::People { command } => desk::people(&command).await,
        Command::Audit {
            command: AuditCommand::Export(flags),
        } => desk::export(&flags).await,
        Command::Audit {
            command: AuditCommand::Verify(flags),
        } => audit::verify(&flags).await,
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            say(&format!("sando: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// A line for the person at the terminal.
fn say(line: &str) {
    // Where nobody listens there is nobody to tell of it.
    writeln!(io::stderr(), "{line}").ok();
}

/// A line of the result. When nobody reads on, as behind `head`, there is nothing more to do.
fn print(line: &str) {
    if let Err(error) = writeln!(io::stdout(), "{line}") {
        if error.kind() != io::ErrorKind::BrokenPipe {
            say(&format!("sando: the result cannot be written: {error}"));
        }
        process::exit(1);
    }
}
