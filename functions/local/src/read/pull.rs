//! `sando pull`: the whole roster of one definition on stdout.

use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueEnum};
use sando_core::definition::Explain;
use sando_infra::reading::Read;

use super::inputs::ReadFlags;
use super::output::Output;
use super::progress::{Progress, tell_of_wait};
use super::{summary, usage};
use crate::say;

/// What `sando pull` is told.
#[derive(Args)]
pub(crate) struct PullFlags {
    #[command(flatten)]
    read: ReadFlags,
    /// How users are written
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
}

/// How users are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line
    Jsonl,
    /// Comma-separated, with a header line
    Csv,
}

/// Reads all users and prints them; 0 only if the list was read to its end.
pub(crate) async fn command(flags: &PullFlags) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let prepared = match flags.read.prepare(Explain::Nothing) {
        Ok(prepared) => prepared,
        Err(mistakes) => return Ok(usage(&mistakes)),
    };
    let mut reader = match prepared.start().await {
        Ok(reader) => reader,
        Err(mistakes) => return Ok(usage(&mistakes)),
    };
    let progress = Progress::begin(flags.read.json);
    let mut output = Output::begin(flags.format, &prepared.definition)?;
    let certificate = loop {
        match reader.next().await {
            Read::Users(batch) => {
                if let Err(error) = output.write(&batch.users) {
                    progress.end();
                    if error.kind() != std::io::ErrorKind::BrokenPipe {
                        say(&format!("sando: the users cannot be written: {error}"));
                    }
                    return Ok(ExitCode::FAILURE);
                }
                progress.at(reader.certificate());
            }
            Read::Waits(_) if flags.read.json => {}
            Read::Waits(wait) => {
                progress.aside(|| tell_of_wait(&prepared.definition, wait));
            }
            Read::Done(certificate) => break certificate,
        }
    };
    progress.end();
    let written = output.end();
    summary::tell(
        &certificate,
        prepared.tokens_sent(),
        began.elapsed(),
        flags.read.json,
    );
    if let Err(error) = written {
        if error.kind() != std::io::ErrorKind::BrokenPipe {
            say(&format!("sando: the users cannot be written: {error}"));
        }
        return Ok(ExitCode::FAILURE);
    }
    Ok(if certificate.complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
