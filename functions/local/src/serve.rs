//! `sando serve`: the webhook, the API, and everything behind them.

use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use sando_core::admin::session;
use sando_core::webhook::MAX_BODY_BYTES;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::{Config, Flags};
use crate::data_dir::DataDir;
use crate::engine::Engine;
use crate::{print, say};

/// Runs until it is told to stop.
///
/// # Errors
/// If it cannot start; the message says what to do.
pub async fn command(flags: &Flags) -> anyhow::Result<ExitCode> {
    telemetry();
    let config = match Config::from_vars(std::env::vars(), flags) {
        Ok(config) => config,
        Err(mistakes) => {
            mistakes
                .iter()
                .for_each(|mistake| say(&format!("sando: {mistake}")));
            return Ok(ExitCode::from(2));
        }
    };
    let running = Running::start(&config).await?;
    say(&format!("Sando listens on http://{}", running.address));
    say(&format!(
        "The console, once and within an hour: {}",
        running.console
    ));
    if config.admin_token.is_none() {
        say(&format!(
            "The administrator's token is in {}",
            running.token_file.display()
        ));
    }
    if config.lever_api_key.is_none() {
        say(
            "Lever is not connected yet: set SANDO_LEVER_API_KEY and SANDO_LEVER_SIGNING_TOKEN, or PUT /v1/settings",
        );
    }
    asked_to_stop().await;
    say("Stopping: what has begun is finished first.");
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Prints the OpenAPI document.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn openapi() -> anyhow::Result<ExitCode> {
    print(&serde_json::to_string_pretty(&sando_admin::openapi())?);
    Ok(ExitCode::SUCCESS)
}

/// A Sando that runs in this process.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The administrator's token.
    pub admin_token: String,
    /// The link that signs in to the console: for an hour, once.
    pub console: String,
    token_file: std::path::PathBuf,
    stop: watch::Sender<bool>,
    server: tokio::task::JoinHandle<()>,
    workers: tokio::task::JoinHandle<()>,
    _data: DataDir,
}

impl Running {
    /// Starts everything.
    ///
    /// # Errors
    /// If it cannot start; the message says what to do.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        let data = DataDir::open(&config.data_dir)?;
        let listener = TcpListener::bind(config.listen).await.with_context(|| {
            format!(
                "{} cannot be listened on; choose another with --listen",
                config.listen
            )
        })?;
        let address = listener.local_addr()?;
        let engine = Arc::new(Engine::open(config, &data).await?);
        let admin_token = match &config.admin_token {
            Some(token) => token.clone(),
            None => data.admin_token(|bytes| engine.ports.chance.fill(bytes))?,
        };
        let link = session::link(&engine.ports).await?;
        let console = format!("http://{}/console/sign-in?link={link}", seen(address));
        let (stop, stopped) = watch::channel(false);
        let router = router(engine.clone(), &admin_token);
        let mut until = stopped.clone();
        let server = tokio::spawn(async move {
            let shutdown = async move {
                let _ = until.wait_for(|stop| *stop).await;
            };
            if let Err(error) = axum::serve(listener, router)
                .with_graceful_shutdown(shutdown)
                .await
            {
                tracing::error!(%error, "the server stopped");
            }
        });
        let workers = tokio::spawn(engine.run(stopped));
        let token_file = data.admin_token_file();
        Ok(Self {
            address,
            admin_token,
            console,
            token_file,
            stop,
            server,
            workers,
            _data: data,
        })
    }

    /// Finishes what has begun, and stops.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.server.await;
        let _ = self.workers.await;
    }
}

/// The address as a browser on this machine has it.
fn seen(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        return SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port());
    }
    address
}

fn router(engine: Arc<Engine>, admin_token: &str) -> Router {
    let api = sando_admin::Api {
        ports: engine.ports.clone(),
        secrets: engine.secrets.clone(),
        tokens: engine.tokens.clone(),
        admin_token: Some(admin_token.to_owned()),
    };
    Router::new()
        .route("/webhooks/lever", post(unnamed))
        .route("/webhooks/lever/{registration}", post(named))
        .with_state(engine)
        .merge(sando_admin::router(api))
}

async fn unnamed(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    webhook(&engine, "default", request).await
}

async fn named(
    State(engine): State<Arc<Engine>>,
    Path(registration): Path<String>,
    request: Request,
) -> Response {
    webhook(&engine, &registration, request).await
}

/// Reads at most one byte more than a webhook may have, so that one that is too long shows as such.
async fn webhook(engine: &Engine, registration: &str, request: Request) -> Response {
    let body: Bytes = match to_bytes(request.into_body(), MAX_BODY_BYTES).await {
        Ok(body) => body,
        Err(_) => vec![0; MAX_BODY_BYTES.saturating_add(1)].into(),
    };
    let (parts, body) = engine
        .webhook
        .receive(registration, &body)
        .await
        .into_parts();
    (parts.status, parts.headers, Body::from(body)).into_response()
}

/// Ctrl-C, or SIGTERM from whoever supervises us.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    else {
        let _ = interrupt.await;
        return;
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}

/// Logs go to stderr; `RUST_LOG` says how much. Checkpoints of the audit belong into every log that is kept.
fn telemetry() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        tracing_subscriber::EnvFilter::new("warn,sando_core::handle::checkpoint=info")
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
