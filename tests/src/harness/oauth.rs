//! A real OAuth provider (`oidc-provider-mock`), from the environment that `tests/run` makes.

use std::process::Stdio;

use sando_infra::http::{Guard, GuardedClient, Method, Request};
use tokio::process::{Child, Command};
use url::Url;

use super::python::{START, free_port, program};

/// A real provider with a login page, stopped when it is dropped.
pub struct PythonOauth {
    base: Url,
    http: GuardedClient,
    _server: Child,
}

impl PythonOauth {
    /// Starts the provider and waits until it answers.
    pub async fn start() -> Self {
        let port = free_port();
        let server = Command::new(program("oidc-provider-mock"))
            .args(["--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the server can be started");
        let guard = Guard {
            allow_loopback: true,
            ..Guard::default()
        };
        let base = format!("http://127.0.0.1:{port}");
        let started = Self {
            base: base.parse().expect("a URL"),
            http: GuardedClient::new(guard).expect("TLS works"),
            _server: server,
        };
        let answers = async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok()
        };
        sando_world::wait_until(START, answers)
            .await
            .expect("the server answers");
        started
    }

    /// Where it is.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The client for it.
    #[must_use]
    pub fn http(&self) -> &GuardedClient {
        &self.http
    }

    /// Logs somebody in on the login page; answers `code` and `state` as they come back.
    pub async fn log_in(&self, page: Url, subject: &str) -> (String, String) {
        let request = Request::new("the login page", Method::POST, page).form([("sub", subject)]);
        let answer = self.http.send_once(&request).await.expect("it answers");
        let location = answer.header("location").expect("it sends back");
        let back: Url = location.parse().expect("a URL");
        let value = |name: &str| {
            let mut pairs = back.query_pairs();
            let found = pairs.find(|(known, _)| known == name);
            found.map(|(_, value)| value.into_owned()).expect(name)
        };
        (value("code"), value("state"))
    }
}
