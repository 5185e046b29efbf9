//! The real binary as a process, with everything around it.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "every test uses a part of it, and a test may panic"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use sando_world::{
    HttpApp, HttpAppOptions, LeverOptions, LeverSim, ScimApp, ScimOptions, wait_until,
};
use serde_json::{Value, json};

pub const TOKEN: &str = "an-admin-token";
pub const SIGNING: &str = "ca554e43cf5e1986336385c3e29d08576c837f6c78cfce56";

/// Everything around Sando.
pub struct Around {
    pub lever: LeverSim,
    pub mail: ScimApp,
    pub wiki: HttpApp,
    pub unlimited: bool,
}

impl Around {
    pub async fn start() -> Self {
        Self {
            lever: LeverSim::start(LeverOptions::default()).await.unwrap(),
            mail: ScimApp::start(ScimOptions::default()).await.unwrap(),
            wiki: HttpApp::start(HttpAppOptions::default()).await.unwrap(),
            unlimited: false,
        }
    }

    /// What Sando may ask of Lever: its own limit with room to spare, or as much as it likes.
    fn requests_per_second(&self) -> u32 {
        if self.unlimited { 100_000 } else { 8 }
    }

    /// Lever calls Sando at this address from now on.
    pub fn connect(&self, sando: &Sando) {
        for event in [
            "candidateHired",
            "candidateArchiveChange",
            "candidateDeleted",
        ] {
            self.lever.register_webhook_with(
                event,
                &format!("{}/webhooks/lever", sando.url),
                Some(SIGNING),
            );
        }
    }
}

/// A running `sando serve`.
pub struct Sando {
    child: Child,
    log: Option<JoinHandle<Vec<String>>>,
    pub url: String,
    http: reqwest::Client,
}

/// A command of the real binary.
pub fn sando(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sando"));
    command.args(arguments).env_remove("RUST_LOG");
    command
}

impl Sando {
    /// Starts the binary on a folder and waits until it answers.
    pub async fn start(folder: &Path, around: &Around) -> Self {
        let mut child = sando(&["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .env("SANDO_ADMIN_TOKEN", TOKEN)
            .env(
                "SANDO_LEVER_REQUESTS_PER_SECOND",
                around.requests_per_second().to_string(),
            )
            .env("SANDO_ALLOW_LOOPBACK", "1")
            .env("SANDO_LEVER_API_URL", around.lever.api_url())
            .env("SANDO_LEVER_API_KEY", "lever-key")
            .env(
                "SANDO_LEVER_SIGNING_TOKEN",
                format!("an-older-one,{SIGNING}"),
            )
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let listens = |line: &String| line.starts_with("Sando listens on ");
        let line = lines
            .by_ref()
            .map(Result::unwrap)
            .find(listens)
            .expect("it starts");
        // The rest is read on, so that the process never waits for us.
        let log = Some(std::thread::spawn(move || {
            lines.map_while(Result::ok).collect()
        }));
        let url = line.trim_start_matches("Sando listens on ").to_owned();
        #[expect(clippy::disallowed_methods, reason = "a test calls as anybody would")]
        let http = reqwest::Client::new();
        Self {
            child,
            log,
            url,
            http,
        }
    }

    pub async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self
            .http
            .request(method.parse().unwrap(), format!("{}{path}", self.url))
            .bearer_auth(TOKEN);
        let answer = request.json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// Calls the webhook as anybody could; answers status, kind of content, and content.
    pub async fn webhook(&self, body: String) -> (u16, String, Value) {
        let url = format!("{}/webhooks/lever", self.url);
        let answer = self.http.post(url).body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let kind = answer.headers()["content-type"].to_str().unwrap();
        let kind = kind.to_owned();
        let text = answer.text().await.unwrap();
        (status, kind, serde_json::from_str(&text).unwrap())
    }

    pub async fn get(&self, path: &str) -> Value {
        self.call("GET", path, Value::Null).await.1
    }

    pub async fn put(&self, path: &str, body: Value) {
        let (status, answer) = self.call("PUT", path, body).await;
        assert!(
            matches!(status, 200 | 201 | 204),
            "PUT {path}: {status} {answer}"
        );
    }

    /// Puts the configuration of a small company.
    pub async fn configure(&self, around: &Around) {
        self.put("/v1/attributes", attributes()).await;
        let scim = json!({ "type": "scim", "base_url": around.mail.base_url(), "auth": { "type": "bearer" } });
        self.put(
            "/v1/apps/mail",
            json!({ "app": "mail", "name": "Mail", "provisioner": scim }),
        )
        .await;
        self.put(
            "/v1/apps/wiki",
            json!({ "app": "wiki", "provisioner": wiki(&around.wiki) }),
        )
        .await;
        self.put(
            "/v1/apps/mail/credentials",
            json!({ "credentials": { "token": around.mail.token() } }),
        )
        .await;
        let key = json!({ "credentials": { "X-Api-Key": around.wiki.api_key() } });
        self.put("/v1/apps/wiki/credentials", key).await;
        let grants = json!([{ "app": "mail" }, { "app": "wiki", "role": "editor" }]);
        self.put(
            "/v1/policies/everybody",
            json!({ "policy": "everybody", "grants": grants }),
        )
        .await;
    }

    /// Waits until every run has come to its end, and there are so many.
    pub async fn runs_end(&self, count: usize) {
        let done = async || {
            let all = self.get("/v1/runs").await["items"]
                .as_array()
                .map_or(0, Vec::len);
            let running = self.get("/v1/runs?state=running").await["items"]
                .as_array()
                .map_or(1, Vec::len);
            all == count && running == 0
        };
        // What a killed process had in hand is free when its lease has ended.
        wait_until(Duration::from_secs(180), done)
            .await
            .expect("the runs end");
    }

    /// Processor seconds that the process has used.
    pub fn cpu_secs(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        ticks / 100.0
    }

    /// The largest memory that the process has had so far, in MiB.
    pub fn most_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim_end_matches("kB").trim().parse::<u64>().unwrap() / 1_024
    }

    /// The process is killed, as by a power cut.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The process is asked to stop; tells whether it ended well.
    pub fn stop(self) -> bool {
        self.ask_to_stop();
        self.ends_well()
    }

    /// The process is asked to stop, and stops when it likes.
    pub fn ask_to_stop(&self) {
        let asked = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(asked.unwrap().success());
    }

    /// Waits for the end; tells whether it was a good one.
    pub fn ends_well(mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// Has it not ended yet?
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Does it take calls?
    pub fn listens(&self) -> bool {
        std::net::TcpStream::connect(self.url.trim_start_matches("http://")).is_ok()
    }

    /// The process is asked to stop; answers what it logged.
    pub fn stop_and_tell(mut self) -> Vec<String> {
        let log = self.log.take().unwrap();
        assert!(self.stop());
        log.join().unwrap()
    }

    /// Waits until so many checkpoints of the audit were taken.
    pub async fn checkpoints(&self, count: usize) {
        let enough = async || {
            let taken = self.get("/v1/audit?stream=checkpoints").await;
            taken["items"].as_array().unwrap().len() >= count
        };
        wait_until(Duration::from_secs(30), enough).await.unwrap();
    }
}

impl Drop for Sando {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn attributes() -> Value {
    json!({ "attributes": {
        "name": { "first_of": ["opportunity.name", "contact.name"] },
        "personal_email": { "first_of": ["opportunity.emails[0]", "contact.emails[0]"] },
        "work_email": { "address": "{first_name}.{last_name}@contoso.example" },
        "department": "posting.categories.department",
        "start_date": "offer.fields[identifier=anticipated_start_date].value",
    }, "required": ["name", "personal_email"] })
}

fn wiki(app: &HttpApp) -> Value {
    json!({
        "type": "http", "base_url": app.base_url(),
        "auth": { "type": "headers", "headers": [{ "name": "X-Api-Key", "value": "later" }] },
        "actions": {
            "find": { "path": "/members?email={work_email}", "response_path": "members", "id": "id",
                "active": { "path": "state", "op": "is", "value": "active" } },
            "create": { "method": "POST", "path": "/members", "id": "id", "already": [409],
                "body": { "email": "{work_email}", "role": "{grant.role}" } },
            "suspend": { "method": "POST", "path": "/members/{user.id}/suspend" },
            "restore": { "method": "POST", "path": "/members/{user.id}/restore" },
        },
    })
}
