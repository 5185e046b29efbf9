//! What people do from the command line, over the API: files (`plan`, `apply`, `document`), people, and what comes up
//! day by day ([`Daily`]): decisions, tasks, the brake, replays, syncs, and what happened and why.
//!
//! Against a Sando that runs, or against the data folder of one that does not: then the API is served here, for as long
//! as the command takes, and nobody works on what follows.

mod again;
mod apply;
mod brake;
mod deed;
mod definitions;
mod document;
pub(crate) mod folder;
mod inbox;
mod leaver;
mod people;
mod rehearsal;
mod trail;
mod why;
mod words;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::backup::must_exist;
use crate::client::Client;
use crate::config::{Config, Flags};
use crate::data_dir::DataDir;
use crate::engine::Engine;

pub(crate) use apply::{ApplyFlags, PlanFlags, apply, plan};
pub(crate) use document::{DocumentFlags, document};
pub(crate) use trail::{ExportFlags, export};

use folder::File;
use inbox::Verdict;

/// What comes up day by day.
#[derive(Subcommand)]
pub(crate) enum Daily {
    /// Lists approvals: what waits for somebody's yes or no, for whom, what it costs and who is asked.
    Approvals(inbox::ApprovalsFlags),
    /// Says yes to an approval: what was asked for is done.
    ///
    /// Exit codes: 0 decided, 1 refused (it does not wait any more, or others are asked), 4 what it was asked for has
    /// changed, and another approval is asked for.
    Approve(inbox::DecideFlags),
    /// Says no to an approval: its step ends without an effect. Exit codes as of `approve`.
    Reject(inbox::DecideFlags),
    /// Lets somebody else decide about an approval as well, for a time. Exit codes as of `approve`.
    Delegate(inbox::DelegateFlags),
    /// Lists tasks: work that only a human can do.
    Tasks(inbox::TasksFlags),
    /// Works with a task.
    Task {
        #[command(subcommand)]
        command: TaskCommand,
    },
    /// Pauses everything, one application, or what takes access away: what happens is still received and planned, no
    /// effect starts, running ones finish. `sando resume` goes on.
    Pause(brake::PauseFlags),
    /// Shows which effects are held back, asks, and lets them go on. It says the same scope as `sando pause` did.
    ///
    /// Exit codes: 0 it goes on, 1 it is not paused, 2 nobody said yes, 4 other effects are held back than were shown.
    Resume(brake::ResumeFlags),
    /// Tells what happened to an event or a person, and why: which rule matched, which runs, steps and calls followed, who
    /// decided what; of a person also what they have and what is due. With a person and an application: which policies
    /// give it, and which of their conditions hold.
    Why(why::WhyFlags),
    /// Shows what an event would do on today's rules, asks, and does it; what is done already is not done twice.
    ///
    /// Exit codes: 0 done or shown, 1 refused, 2 nobody said yes.
    Replay(again::ReplayFlags),
    /// Reads an account of an application now, and waits for what comes of it.
    ///
    /// Exit codes: 0 it counts, 1 it failed, 3 it is held: more would vanish than may without a second look.
    Sync(again::SyncFlags),
}

/// What is done with a task.
#[derive(Subcommand)]
pub(crate) enum TaskCommand {
    /// Says that a task is done: the run that waits for it goes on.
    Done(inbox::TaskFlags),
}

/// What is done with people.
#[derive(Subcommand)]
pub(crate) enum PeopleCommand {
    /// Imports the people already here from a CSV file: nothing is given or taken before it is applied.
    Import(people::ImportFlags),
    /// Shows what somebody loses by leaving, asks, and lets them leave, now or at a time.
    ///
    /// Exit codes: 0 done, 1 refused, 2 nobody said yes.
    Terminate(leaver::TerminateFlags),
    /// Shows what somebody gets again, asks, and undoes their leaving. Exit codes as of `terminate`.
    Reinstate(leaver::ReinstateFlags),
}

/// Does what comes up.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn daily(command: &Daily) -> anyhow::Result<ExitCode> {
    match command {
        Daily::Approvals(flags) => inbox::approvals(flags).await,
        Daily::Approve(flags) => inbox::decide(flags, Verdict::Approve).await,
        Daily::Reject(flags) => inbox::decide(flags, Verdict::Reject).await,
        Daily::Delegate(flags) => inbox::delegate(flags).await,
        Daily::Tasks(flags) => inbox::tasks(flags).await,
        Daily::Task {
            command: TaskCommand::Done(flags),
        } => inbox::task_done(flags).await,
        Daily::Pause(flags) => brake::pause(flags).await,
        Daily::Resume(flags) => brake::resume(flags).await,
        Daily::Why(flags) => why::why(flags).await,
        Daily::Replay(flags) => again::replay(flags).await,
        Daily::Sync(flags) => again::sync(flags).await,
    }
}

/// Does what is done with people.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn people(command: &PeopleCommand) -> anyhow::Result<ExitCode> {
    match command {
        PeopleCommand::Import(flags) => people::import(flags).await,
        PeopleCommand::Terminate(flags) => leaver::terminate(flags).await,
        PeopleCommand::Reinstate(flags) => leaver::reinstate(flags).await,
    }
}

/// The changes that the files of a folder describe: each `{kind, id, file}`; definitions are none.
///
/// # Errors
/// All mistakes, each as a line.
pub(crate) fn changes_of(folder: &std::path::Path) -> Result<Vec<Value>, Vec<String>> {
    match folder::read(folder) {
        Ok(files) => Ok(files.iter().filter_map(File::change).collect()),
        Err(wrong) => Err(wrong.into_iter().map(|one| one.line).collect()),
    }
}

/// Everybody in a CSV file: the key, and what `PUT /v1/people/{key}` takes.
///
/// # Errors
/// All mistakes, each as a line.
pub(crate) fn people_of(text: &str) -> Result<Vec<(String, Value)>, Vec<String>> {
    let people = people::people(text)?.into_iter();
    Ok(people.map(|given| (given.key, given.body)).collect())
}

/// Which Sando.
#[derive(Args)]
pub(crate) struct Where {
    /// Where a Sando runs [default: http://127.0.0.1:8080]; its key is SANDO_API_KEY, or SANDO_ADMIN_TOKEN
    #[arg(long, value_name = "URL", env = "SANDO_URL", conflicts_with = "data")]
    url: Option<String>,
    /// The data folder of a Sando that does not run
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

/// A Sando that can be asked.
pub(crate) struct Desk {
    client: Client,
    /// Nobody works on what follows.
    is_asleep: bool,
    _data: Option<DataDir>,
}

const TOKEN: &str = "the-command-line";

impl Where {
    /// Finds it.
    async fn open(&self) -> anyhow::Result<Desk> {
        if let Some(folder) = &self.data {
            return asleep(folder).await;
        }
        let url = self.url.as_deref().unwrap_or("http://127.0.0.1:8080");
        let var = |wanted: &str| {
            let mut vars = std::env::vars();
            vars.find(|(name, value)| name == wanted && !value.is_empty())
        };
        let Some((_, token)) = var("SANDO_API_KEY").or_else(|| var("SANDO_ADMIN_TOKEN")) else {
            bail!(
                "a key is missing: put one into SANDO_API_KEY (POST /v1/keys makes it), or the administrator's token into SANDO_ADMIN_TOKEN"
            );
        };
        Ok(Desk {
            client: Client::at(url, &token)?,
            is_asleep: false,
            _data: None,
        })
    }
}

/// The API over a data folder, on a port of its own, without workers.
async fn asleep(folder: &std::path::Path) -> anyhow::Result<Desk> {
    must_exist(folder)?;
    let flags = Flags {
        listen: None,
        data: Some(folder.to_owned()),
    };
    let config = Config::from_vars(std::env::vars(), &flags);
    let config = config.map_err(|mistakes| anyhow::anyhow!(mistakes.join("; ")))?;
    let data = DataDir::open(&config.data_dir)?;
    let engine = Arc::new(Engine::open(&config, &data).await?);
    let mut secret = [0; 16];
    engine.ports.chance.fill(&mut secret);
    let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let token = format!("{TOKEN}-{secret}");
    let api = sando_admin::Api {
        ports: engine.ports.clone(),
        secrets: engine.secrets.clone(),
        tokens: engine.tokens.clone(),
        admin_token: Some(token.clone()),
    };
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let listener = listener.await.context("no port is free")?;
    let address = listener.local_addr()?;
    // Ends with the process: the command is over when it has its answers.
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, sando_admin::router(api)).await {
            tracing::error!(%error, "the API stopped");
        }
    });
    Ok(Desk {
        client: Client::new(address, &token)?,
        is_asleep: true,
        _data: Some(data),
    })
}
