//! Real servers written in Python, from the environment that `tests/run` makes.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sando_infra::http::{Credentials, Guard, GuardedClient, Method, Request};
use serde_json::Value;
use tokio::process::{Child, Command};

/// How long a server may take to answer for the first time.
const START: Duration = Duration::from_secs(30);

/// A real SCIM server (`scim2-server`), stopped when it is dropped.
pub struct PythonScim {
    base_url: String,
    token: String,
    http: GuardedClient,
    _server: Child,
}

/// A real mail server (`aiosmtpd`) without TLS, stopped when it is dropped.
pub struct PythonMail {
    port: u16,
    folder: tempfile::TempDir,
    _server: Child,
}

impl PythonMail {
    /// Starts the server, and waits until it answers.
    pub async fn start() -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mailbox = folder.path().join("mail");
        let (listen, mailbox) = (format!("127.0.0.1:{port}"), mailbox.to_string_lossy());
        let arguments = [
            "-n",
            "-l",
            &listen,
            "-c",
            "aiosmtpd.handlers.Mailbox",
            &mailbox,
        ];
        let server = start("aiosmtpd", port, &arguments).await;
        Self {
            port,
            folder,
            _server: server,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every message that was taken, with its headers.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.folder.path().join("mail/new")) else {
            return Vec::new();
        };
        entries
            .flatten()
            .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
            .collect()
    }
}

/// Where `tests/run` puts a program of the environment.
fn program(name: &str) -> PathBuf {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/venv/bin")
        .join(name);
    assert!(
        found.exists(),
        "`{name}` is not there: `tests/run` makes the Python environment with it in target/venv; run that first"
    );
    found
}

pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    let address = listener.local_addr().expect("it listens");
    address.port()
}

/// Starts a program of the environment on this port, and waits until it listens.
pub(super) async fn serve(name: &str, port: u16, arguments: &[&str]) -> Child {
    let port_is = port.to_string();
    let all: Vec<&str> = ["--port", &port_is]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    start(name, port, &all).await
}

/// Starts a program of the environment, and waits until it listens on this port.
async fn start(name: &str, port: u16, arguments: &[&str]) -> Child {
    let server = Command::new(program(name))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the server can be started");
    let answers = async || {
        tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_ok()
    };
    sando_world::wait_until(START, answers)
        .await
        .expect("the server answers");
    server
}

/// A client that may call servers on this machine.
#[must_use]
pub fn loopback_client() -> GuardedClient {
    let guard = Guard {
        allow_loopback: true,
        ..Guard::default()
    };
    GuardedClient::new(guard).expect("TLS works")
}

impl PythonScim {
    /// Starts the server with this token, and waits until it answers.
    pub async fn start(token: &str) -> Self {
        let port = free_port();
        Self {
            base_url: format!("http://127.0.0.1:{port}/v2"),
            token: token.to_owned(),
            http: loopback_client(),
            _server: serve("scim2-server", port, &["--bearer-token", token]).await,
        }
    }

    /// Where SCIM is.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Everything of a kind (`Users`, `Groups`), as the server shows it.
    pub async fn all(&self, kind: &str) -> Vec<Value> {
        let request = self.request(Method::GET, kind).query("count", "1000");
        let answer = self.http.read(&request).await.expect("it answers");
        let body = answer.checked().and_then(|answer| answer.json());
        let body = body.expect("it answers a list");
        body.get("Resources")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    }

    /// Makes something by hand.
    pub async fn insert(&self, kind: &str, resource: &Value) {
        let request = self
            .request(Method::POST, kind)
            .json_as("application/scim+json", resource);
        let answer = self.http.send_once(&request).await.expect("it answers");
        answer.checked().expect("it can be made");
    }

    fn request(&self, method: Method, kind: &str) -> Request {
        let url = format!("{}/{kind}", self.base_url);
        let url = url.parse().expect("a URL");
        let credentials = Credentials::of(&url)
            .header("authorization", "Bearer ", &self.token)
            .expect("a header");
        Request::new("scim2-server", method, url).with(credentials)
    }
}
