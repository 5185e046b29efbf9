//! What an administrator does from the command line, over the API: `plan`, `apply`, `document`, `people import`.
//!
//! Against a Sando that runs, or against the data folder of one that does not: then the API is served here, for as long
//! as the command takes, and nobody works on what follows.

mod apply;
mod definitions;
mod document;
pub(crate) mod folder;
mod people;
mod rehearsal;
mod table;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::backup::must_exist;
use crate::client::Client;
use crate::config::{Config, Flags};
use crate::data_dir::DataDir;
use crate::engine::Engine;

pub(crate) use apply::{ApplyFlags, PlanFlags, apply, plan};
pub(crate) use document::{DocumentFlags, document};
use folder::File;
pub(crate) use people::{ImportFlags, import};

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
