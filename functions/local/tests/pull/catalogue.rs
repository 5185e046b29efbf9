//! The whole catalogue over the wire: every definition is read by the real binary from real servers, one for each of its hosts.
//!
//! What was recorded is answered once each, to exactly the request it was recorded for; behind a door that wants what the
//! definition says it sends; with tokens from a token endpoint where the definition gets them from one.

mod doors;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sando_core::definition::Source;
use sando_world::SaasApp;
use sando_world::saas::{SaasAnswer, SaasRequest, SigningKey};
use serde_json::{Map, Value, json};
use url::Url;

use crate::desk::{Desk, Told};

/// Texts in which `https://…` is a name and no place to ask.
const NAMES: [&str; 4] = ["scopes", "claims", "token_params", "authorize_params"];

/// The definition and its recorded answers, with a server in the place of every host.
struct Stage {
    definition: Value,
    recorded: Value,
    /// The values of its variables, and what the answer with a token gives.
    variables: BTreeMap<String, String>,
    servers: BTreeMap<String, SaasApp>,
    /// What is given as a secret.
    secrets: BTreeMap<String, String>,
    /// The query parameters that are credentials.
    keys: Vec<String>,
}

fn catalogue() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue")
}

fn names() -> Vec<String> {
    let files = std::fs::read_dir(catalogue()).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// Scheme and host of a URL, and what follows.
fn host_of(url: &str) -> Option<(&str, &str)> {
    let after = url.strip_prefix("https://")?;
    let end = after.find(['/', '?']).unwrap_or(after.len());
    Some((&after[..end], &after[end..]))
}

/// The texts of a definition that may be URLs.
fn each_url(value: &mut Value, take: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => take(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_url(item, take)),
        Value::Object(map) => map
            .iter_mut()
            .filter(|(name, _)| !NAMES.contains(&name.as_str()))
            .for_each(|(_, item)| each_url(item, take)),
        _ => {}
    }
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn encoded(url: &str) -> String {
    url.replace(':', "%3A").replace('/', "%2F")
}

impl Stage {
    async fn of(name: &str) -> Self {
        let text = std::fs::read_to_string(catalogue().join(format!("{name}.yaml"))).unwrap();
        let recorded = catalogue().join(format!("recorded/{name}.json"));
        let recorded: Value =
            serde_json::from_str(&std::fs::read_to_string(recorded).unwrap()).unwrap();
        let mut stage = Self {
            definition: Source::parse(&text).unwrap().value().clone(),
            variables: BTreeMap::new(),
            recorded,
            servers: BTreeMap::new(),
            secrets: BTreeMap::new(),
            keys: Vec::new(),
        };
        let declared = stage.definition["variables"].as_object().cloned();
        for (name, variable) in declared.unwrap_or_default() {
            if let Some(usual) = variable.get("default") {
                stage.variables.insert(name, text_of(usual));
            }
        }
        for given in ["set", "kept"] {
            let given = stage.recorded[given].as_object().cloned();
            for (name, value) in given.unwrap_or_default() {
                if stage.definition["variables"][&name]["secret"] == true {
                    stage.secrets.insert(name.clone(), text_of(&value));
                }
                stage.variables.insert(name, text_of(&value));
            }
        }
        let params = stage.definition["auth"]["params"].as_array().cloned();
        let params = params.unwrap_or_default().into_iter();
        stage.keys = params.map(|param| text_of(&param["name"])).collect();
        stage.start_servers().await;
        stage.move_hosts();
        stage
    }

    fn filled(&self, text: &str) -> String {
        let variables = self.variables.iter();
        variables.fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }

    async fn start_servers(&mut self) {
        let mut urls: Vec<String> = self.variables.values().cloned().collect();
        each_url(&mut self.definition.clone(), &mut |text: &mut String| {
            urls.push(self.filled(text));
        });
        for answer in self.recorded["answers"].as_array().unwrap() {
            let request = answer["request"].as_str().unwrap();
            urls.push(request.split_once(' ').unwrap().1.to_owned());
        }
        for (host, _) in urls.iter().filter_map(|url| host_of(url)) {
            if !self.servers.contains_key(host) {
                let server = SaasApp::start().await.unwrap();
                self.servers.insert(host.to_owned(), server);
            }
        }
    }

    /// Puts the servers into the place of the hosts.
    fn move_hosts(&mut self) {
        let mut text = self.recorded.to_string();
        for (host, server) in &self.servers {
            let (from, to) = (format!("https://{host}"), server.base_url());
            text = text
                .replace(&from, &to)
                .replace(&encoded(&from), &encoded(&to));
        }
        self.recorded = serde_json::from_str(&text).unwrap();
        let mut definition = self.definition.clone();
        each_url(&mut definition, &mut |text: &mut String| {
            if let Some((host, rest)) = host_of(text) {
                let server = &self.servers[&self.filled(host)];
                *text = format!("{}{rest}", server.base_url());
            }
        });
        if let Some(hosts) = definition.get_mut("hosts").and_then(Value::as_array_mut) {
            hosts.extend(self.servers.values().map(|server| json!(server.host())));
        }
        // A server of our own needs no sparing.
        if let Some(limits) = definition.get_mut("limits").and_then(Value::as_object_mut) {
            limits.remove("requests_per_second");
        }
        self.definition = definition;
    }

    /// The server at a URL of the definition or of what was recorded.
    fn server_at(&self, url: &str) -> &SaasApp {
        let mut servers = self.servers.values();
        let found = servers.find(|server| url.starts_with(&server.base_url()));
        found.unwrap_or_else(|| panic!("{url} is none of the servers"))
    }

    /// The server that gets the credentials.
    fn home(&self) -> &SaasApp {
        let base_url = self.definition["base_url"].as_str().unwrap();
        match self.recorded["kept"].as_object() {
            Some(kept) if base_url.starts_with('{') => {
                let name = base_url.trim_start_matches('{');
                let name = name.split('}').next().unwrap();
                self.server_at(kept[name].as_str().unwrap())
            }
            _ => self.server_at(base_url),
        }
    }

    /// Answers what was recorded, each once.
    fn play(&self) -> Arc<Mutex<Vec<Value>>> {
        let answers = self.recorded["answers"].as_array().unwrap().clone();
        let left = Arc::new(Mutex::new(answers));
        for server in self.servers.values() {
            let (left, base) = (left.clone(), server.base_url());
            let keys = self.keys.clone();
            server.script("*", move |request| {
                let mut left = left.lock().unwrap();
                let mut asked = request.clone();
                asked.query.retain(|(name, _)| !keys.contains(name));
                match left.iter().position(|one| fits(one, &base, &asked)) {
                    Some(place) => as_recorded(&left.remove(place)),
                    None => SaasAnswer::error(
                        410,
                        &json!({ "message": format!("nothing is recorded for {} {} {:?}", request.method, request.path, request.query) }),
                    ),
                }
            });
        }
        left
    }

    /// `sando pull` of it.
    async fn pull(&self) -> Told {
        let mut desk = Desk::new().await.with(&["--json"]);
        for (name, value) in &self.secrets {
            desk = desk.secret(name, value);
        }
        let set = self.recorded["set"].as_object().cloned();
        for (name, value) in set.unwrap_or_default() {
            if self.secrets.contains_key(&name) {
                continue;
            }
            desk = desk.with(&["--set", &format!("{name}={}", text_of(&value))]);
        }
        if let Some(fields) = self.recorded.get("fields") {
            let fields = fields.as_object().unwrap().iter();
            let fields: Map<String, Value> = fields
                .map(|(name, kind)| (name.clone(), json!({ "type": kind })))
                .collect();
            let file = desk.file("fields.json", &Value::Object(fields).to_string());
            desk = desk.with(&["--fields", file.to_str().unwrap()]);
        }
        let file = desk.file("definition.json", &self.definition.to_string());
        desk.run("pull", &file).await
    }
}

/// Was this answer recorded for such a request?
fn fits(recorded: &Value, base: &str, request: &SaasRequest) -> bool {
    let (method, url) = recorded["request"]
        .as_str()
        .unwrap()
        .split_once(' ')
        .unwrap();
    let url: Url = url.parse().unwrap();
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let sent = &recorded["sent"];
    method == request.method
        && url.as_str().starts_with(base)
        && url.path() == request.path
        && query == request.query
        && (sent.is_null() || *sent == request.json() || *sent == request.body.as_str())
}

fn as_recorded(recorded: &Value) -> SaasAnswer {
    let status = recorded["status"].as_u64().unwrap_or(200);
    let mut answer = SaasAnswer::error(u16::try_from(status).unwrap(), &recorded["body"]);
    for (name, value) in recorded["headers"].as_object().into_iter().flatten() {
        let values = match value {
            Value::Array(values) => values.clone(),
            one => vec![one.clone()],
        };
        for value in values {
            answer = answer.with(name, &text_of(&value));
        }
    }
    answer
}

#[tokio::test]
async fn every_definition_of_the_catalogue_reads_real_servers() {
    for name in names() {
        let mut stage = Stage::of(&name).await;
        let left = stage.play();
        stage.lock();

        let told = stage.pull().await;

        assert_eq!(told.code, 0, "{name}: {}", told.err);
        let expected = stage.recorded["users"].as_array().unwrap();
        assert_eq!(&told.users, expected, "{name}");
        assert_eq!(told.summary()["complete"], true, "{name}");
        let left = left.lock().unwrap();
        assert!(left.is_empty(), "{name}: nobody asked for {left:?}");
    }
}

#[tokio::test]
async fn no_definition_of_the_catalogue_gets_in_with_wrong_credentials() {
    for name in names() {
        let mut stage = Stage::of(&name).await;
        let left = stage.play();
        let count = left.lock().unwrap().len();
        stage.lock();
        for (name, secret) in &mut stage.secrets {
            // A key has to be one to sign at all.
            if name == "private_key" {
                *secret = SigningKey::rsa().private().trim_end().to_owned();
            } else {
                secret.push_str("-of-somebody-else");
            }
        }

        let told = stage.pull().await;

        assert_eq!(told.code, 1, "{name}: {} {}", told.out, told.err);
        assert_eq!(
            told.summary()["failure"]["class"],
            "credentials",
            "{name}: {}",
            told.err
        );
        let left = left.lock().unwrap();
        assert_eq!(left.len(), count, "{name}: it was answered");
        assert!(!told.err.contains("-of-somebody-else"), "{name}");
    }
}

#[test]
fn every_definition_says_where_its_key_comes_from_and_what_is_odd_about_it() {
    for name in names() {
        let text = std::fs::read_to_string(catalogue().join(format!("{name}.yaml"))).unwrap();
        let head = text.lines().map_while(|line| line.strip_prefix('#'));
        let head = head.map(str::trim).collect::<Vec<_>>().join(" ");

        for part in ["Where the key", "Limits:", "Quirks:", "Seen 20"] {
            assert!(head.contains(part), "{name} does not tell `{part}`");
        }
    }
}
