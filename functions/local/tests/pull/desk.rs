//! A simulated application, a folder for files, and the real binary.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use sando_world::SaasApp;
use sando_world::saas::List;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

/// Runs a command with a terminal for what it says, prints that, and ends as the command did.
const ON_A_TERMINAL: &str = "
import os, pty, subprocess, sys
mine, its = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=its)
os.close(its)
try:
    while said := os.read(mine, 4096):
        sys.stdout.buffer.write(said)
except OSError:
    pass  # The command has ended.
sys.stdout.flush()
sys.exit(child.wait())
";

/// A simulated application, a folder for files, and the command line.
pub(crate) struct Desk {
    pub(crate) app: SaasApp,
    pub(crate) folder: TempDir,
    secrets: Vec<String>,
    more: Vec<String>,
}

/// What a command did.
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) users: Vec<Value>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Told {
    /// What a command did; lines that are no JSON show no user.
    fn all_of(output: Output) -> Self {
        let out = String::from_utf8(output.stdout).unwrap();
        Self {
            code: output.status.code().unwrap(),
            users: out
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect(),
            out,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The closing summary of `--json`, the last line.
    pub(crate) fn summary(&self) -> Value {
        serde_json::from_str(self.err.lines().last().unwrap_or_default())
            .unwrap_or_else(|_| panic!("no summary: {}", self.err))
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        let ids = self.users.iter().map(|user| &user["external_id"]);
        ids.map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// All users from 1 to `count`, each once, and the list read to its end.
    #[track_caller]
    pub(crate) fn are_all(&self, count: usize) {
        assert_eq!(self.code, 0, "{}", self.err);
        let expect: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
        assert_eq!(self.ids(), expect);
        assert_eq!(self.summary()["complete"], true);
    }

    /// Exit code 1 and a summary that names this.
    #[track_caller]
    pub(crate) fn is_incomplete(&self, why: &str) {
        assert_eq!(self.code, 1, "{} {}", self.out, self.err);
        assert_eq!(self.summary()["complete"], false);
        assert!(self.err.contains(why), "{}", self.err);
    }
}

impl Desk {
    pub(crate) async fn new() -> Self {
        Self {
            app: SaasApp::start().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            secrets: Vec::new(),
            more: Vec::new(),
        }
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn secret(mut self, name: &str, value: &str) -> Self {
        let file = self.file(&format!("secret-{name}"), &format!("{value}\n"));
        self.secrets.push(format!("{name}=@{}", file.display()));
        self
    }

    pub(crate) fn with(mut self, more: &[&str]) -> Self {
        self.more.extend(more.iter().map(|text| (*text).to_owned()));
        self
    }

    /// A definition of `/users`, with `further` over the usual.
    pub(crate) fn definition(&self, further: &Value) -> PathBuf {
        let mut file = json!({
            "definition": "acme", "app": "acme", "base_url": self.app.base_url(),
            "users": { "path": "/users" },
            "map": { "external_id": "id", "email": "email", "full_name": "name", "role": "role" },
            "status": { "active_when": [{ "path": "state", "op": "is", "value": "active" }] },
            "limits": { "timeout_secs": 2 },
        });
        merge(&mut file, further);
        let text = file.to_string().replace("{base}", &self.app.base_url());
        self.file("acme.json", &text)
    }

    pub(crate) async fn run(&self, command: &str, file: &Path) -> Told {
        let output = self.command(command, file).output().await;
        Told::all_of(output.unwrap())
    }

    /// The same, and the largest memory that the process had, in MiB.
    pub(crate) async fn run_and_measure(&self, command: &str, file: &Path) -> (Told, u64) {
        let mut command = self.command(command, file);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let process = child.id().unwrap();
        let measured = tokio::task::spawn_blocking(move || largest_memory(process));
        let output = child.wait_with_output().await;
        (Told::all_of(output.unwrap()), measured.await.unwrap())
    }

    /// `sando pull` with users to nowhere and everything else to a terminal: what that shows is in `out`.
    pub(crate) async fn pull_on_a_terminal(&self, file: &Path) -> Told {
        let mut run = Command::new("python3");
        run.args(["-c", ON_A_TERMINAL, env!("CARGO_BIN_EXE_sando"), "pull"]);
        run.arg(file).env("TERM", "xterm");
        run.env("SANDO_ALLOW_LOOPBACK", "1").env_remove("RUST_LOG");
        Told::all_of(run.output().await.unwrap())
    }

    pub(crate) fn command(&self, command: &str, file: &Path) -> Command {
        let mut run = Command::new(env!("CARGO_BIN_EXE_sando"));
        run.arg(command).arg(file).args(&self.more);
        for secret in &self.secrets {
            run.args(["--secret", secret]);
        }
        run.env("SANDO_ALLOW_LOOPBACK", "1").env_remove("RUST_LOG");
        run
    }

    /// `sando pull --json` of that definition.
    pub(crate) async fn pull(&self, further: Value) -> Told {
        let file = self.definition(&further);
        let mut run = Command::new(env!("CARGO_BIN_EXE_sando"));
        run.args(["pull", "--json"]).arg(file).args(&self.more);
        for secret in &self.secrets {
            run.args(["--secret", secret]);
        }
        run.env("SANDO_ALLOW_LOOPBACK", "1").env_remove("RUST_LOG");
        let output = run.output().await.unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        let users = out.lines().map(|line| serde_json::from_str(line).unwrap());
        Told {
            code: output.status.code().unwrap(),
            users: users.collect(),
            out,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same with this list at `/users`, paged like this.
    pub(crate) async fn paged(&self, list: List, pagination: Value, response_path: &str) -> Told {
        self.app.list("/users", list);
        let users =
            json!({ "users": { "pagination": pagination, "response_path": response_path } });
        self.pull(users).await
    }
}

/// The largest memory of a process until it ends, in MiB: what the system tells only ever grows.
fn largest_memory(process: u32) -> u64 {
    let mut most = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let Some(line) = line else {
            return most / 1_024;
        };
        most = line.trim_end_matches("kB").trim().parse().unwrap();
        std::thread::yield_now();
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

pub(crate) fn ten() -> List {
    List::of(List::users(10))
}

pub(crate) fn many() -> List {
    List::of(List::users(23)).size(5)
}
