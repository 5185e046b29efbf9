//! What a reading is told on the command line: the file, variables, secrets, types of custom fields.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use clap::Args;
use sando_core::app::CustomField;
use sando_core::auth::Given;
use sando_core::definition::{CustomFields, Definition, Explain, Inputs, Source};
use sando_core::mistake;
use sando_core::ports::{RemoteError, SecretValues};
use sando_infra::auth::{AuthSettings, Authenticator, Resolve};
use sando_infra::http::{Gate, Guard, GuardedClient};
use sando_infra::reading::{Counting, Pace, Reader, ReaderSettings};
use sando_infra::system::SystemClock;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::tokens::FileTokens;

/// The largest file that is read.
const LARGEST: u64 = 4 << 20;

/// What `preview` and `pull` are told.
#[derive(Args)]
pub(crate) struct ReadFlags {
    /// The definition (YAML or JSON)
    file: PathBuf,
    /// The value of a variable
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// A credential: the content of a file, or of an environment variable
    #[arg(long, value_name = "NAME=@FILE|NAME=env:VARIABLE")]
    secret: Vec<String>,
    /// Types of custom fields (YAML or JSON): `name: {type: text | number | email | date | multi_value | user}`
    #[arg(long, value_name = "FILE")]
    fields: Option<PathBuf>,
    /// For machines: the closing summary is one JSON object, and there is no progress
    #[arg(long)]
    pub(crate) json: bool,
}

/// Everything that is known before the first request.
pub(crate) struct Prepared {
    pub(crate) definition: Arc<Definition>,
    inputs: Inputs,
    authenticator: Arc<Authenticator>,
    http: GuardedClient,
    tokens_sent: Arc<Counting>,
}

/// A credential and where it came from.
pub(super) struct Secret {
    pub(super) value: String,
    pub(super) file: Option<PathBuf>,
}

impl ReadFlags {
    /// Reads and checks all of it.
    ///
    /// # Errors
    /// All mistakes, each as a line.
    pub(crate) fn prepare(&self, explain: Explain) -> Result<Prepared, Vec<String>> {
        let definition = definition(&self.file)?;
        let mut mistakes = Vec::new();
        let set = pairs("--set", &self.set, &mut mistakes);
        let secrets = self.secrets(&mut mistakes);
        let custom_fields = match &self.fields {
            Some(file) => fields(file).unwrap_or_else(|error| {
                mistakes.push(error);
                CustomFields::new()
            }),
            None => CustomFields::new(),
        };
        let variables = variables(&definition, set, &secrets, &mut mistakes);
        known(&definition, &secrets, &mut mistakes);
        let values = secrets.iter();
        let credentials: BTreeMap<String, String> = values
            .map(|(name, secret)| (name.clone(), secret.value.clone()))
            .collect();
        let given = Given {
            variables: &variables,
            credentials: &credentials,
        };
        for asked in definition.auth().missing(&given) {
            let name = asked.name;
            mistakes.push(format!(
                "{} is missing: give it with `--secret {name}=@file` or `--secret {name}=env:VARIABLE`",
                asked.label
            ));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let refresh_token = secrets.get("refresh_token");
        let tokens = FileTokens::new(refresh_token);
        let inputs = Inputs {
            variables,
            custom_fields,
            app_name: None,
            explain,
        };
        Prepared::with(definition, inputs, credentials, tokens)
    }

    fn secrets(&self, mistakes: &mut Vec<String>) -> BTreeMap<String, Secret> {
        let mut secrets = BTreeMap::new();
        for (name, from) in pairs("--secret", &self.secret, mistakes) {
            match secret(&name, &from) {
                Ok(secret) => {
                    secrets.insert(name, secret);
                }
                Err(error) => mistakes.push(error),
            }
        }
        secrets
    }
}

impl Prepared {
    fn with(
        definition: Definition,
        inputs: Inputs,
        credentials: BTreeMap<String, String>,
        tokens: FileTokens,
    ) -> Result<Self, Vec<String>> {
        let http = GuardedClient::new(Guard {
            allow_loopback: allows_loopback(),
            ..Guard::default()
        })
        .map_err(|error| vec![error.to_string()])?;
        let definition = Arc::new(definition);
        let tokens_sent = Arc::new(Counting::default());
        let fixed = Fixed {
            definition: definition.clone(),
            variables: inputs.variables.clone(),
            values: SecretValues {
                variables: texts(&inputs.variables),
                credentials,
                set_at: None,
            },
        };
        let authenticator = Authenticator::new(AuthSettings {
            remote: definition.app().to_string(),
            auth: definition.auth().clone(),
            resolve: Arc::new(fixed),
            tokens: Arc::new(tokens),
            http: http.clone(),
            gate: Some(tokens_sent.clone()),
            clock: Arc::new(SystemClock),
        });
        Ok(Self {
            inputs,
            authenticator: Arc::new(authenticator),
            definition,
            http,
            tokens_sent,
        })
    }

    /// Begins to read; a token is obtained first where one is needed.
    ///
    /// # Errors
    /// What does not fit, before anything is sent.
    pub(crate) async fn start(&self) -> Result<Reader, Vec<String>> {
        let rate = self.definition.limits().requests_per_second;
        let pace = rate.map(|rate| -> Arc<dyn Gate> { Arc::new(Pace::per_second(rate)) });
        let settings = ReaderSettings {
            definition: self.definition.clone(),
            inputs: self.inputs.clone(),
            http: self.http.clone(),
            authenticator: self.authenticator.clone(),
            clock: Arc::new(SystemClock),
            pace,
        };
        Reader::start(settings)
            .await
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
    }

    /// How many token and login requests were sent.
    pub(crate) fn tokens_sent(&self) -> u64 {
        self.tokens_sent.count()
    }
}

/// Reads a definition.
///
/// # Errors
/// All mistakes, each with file, line and place.
pub(super) fn definition(file: &Path) -> Result<Definition, Vec<String>> {
    let text = text(file).map_err(|error| vec![error])?;
    Definition::parse(&text).map_err(|mistakes| {
        let name = file.display().to_string();
        mistakes
            .iter()
            .map(|mistake| mistake.in_file(&name))
            .collect()
    })
}

/// Reads a file that is not larger than files of this kind are.
pub(super) fn text(file: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{}: cannot be read: {error}", file.display());
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > LARGEST {
        return Err(format!("{}: is larger than 4 MiB", file.display()));
    }
    std::fs::read_to_string(file).map_err(failed)
}

fn pairs(flag: &str, given: &[String], mistakes: &mut Vec<String>) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::new();
    for text in given {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                if pairs.insert(name.to_owned(), value.to_owned()).is_some() {
                    mistakes.push(format!("{flag} {name}: is given twice"));
                }
            }
            // What stands there may be a secret: it is not repeated.
            _ => mistakes.push(format!(
                "{flag} takes a name and a value: {flag} name=value"
            )),
        }
    }
    pairs
}

fn secret(name: &str, from: &str) -> Result<Secret, String> {
    if let Some(file) = from.strip_prefix('@') {
        let path = PathBuf::from(file);
        let text = text(&path).map_err(|error| format!("--secret {name}: {error}"))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(format!("--secret {name}: {file} is empty"));
        }
        return Ok(Secret {
            value: text.to_owned(),
            file: Some(path),
        });
    }
    let Some(variable) = from.strip_prefix("env:") else {
        return Err(format!(
            "--secret {name}: a secret is not written on the command line itself, where others see it: \
             `{name}=@file` or `{name}=env:VARIABLE`"
        ));
    };
    let value = std::env::vars_os().find(|(known, _)| known == variable);
    let value = value.and_then(|(_, value)| value.into_string().ok());
    match value.filter(|value| !value.is_empty()) {
        Some(value) => Ok(Secret { value, file: None }),
        None => Err(format!(
            "--secret {name}: the environment variable `{variable}` is not set"
        )),
    }
}

/// The values of all variables: those set, those given as secrets, the defaults.
fn variables(
    definition: &Definition,
    mut set: BTreeMap<String, String>,
    secrets: &BTreeMap<String, Secret>,
    mistakes: &mut Vec<String>,
) -> Map<String, Value> {
    for (name, variable) in definition.variables().iter() {
        if variable.secret && set.remove(name).is_some() {
            mistakes.push(format!(
                "--set {name}: it is a secret: `--secret {name}=@file` or `--secret {name}=env:VARIABLE`"
            ));
            // Only this is wrong with it.
            set.insert(name.to_owned(), String::from("x"));
        }
        if let Some(secret) = secrets.get(name) {
            set.insert(name.to_owned(), secret.value.clone());
        }
    }
    match definition.variables().resolve(&set) {
        Ok(values) => values,
        Err(wrong) => {
            let of = |name: &str| {
                let is_secret = definition
                    .variables()
                    .iter()
                    .any(|(known, variable)| known == name && variable.secret);
                if is_secret { "--secret" } else { "--set" }
            };
            mistakes.extend(
                wrong
                    .iter()
                    .map(|mistake| format!("{} {mistake}", of(&mistake.path))),
            );
            Map::new()
        }
    }
}

/// Every secret must be one that the definition asks for.
fn known(definition: &Definition, secrets: &BTreeMap<String, Secret>, mistakes: &mut Vec<String>) {
    let asked = definition.auth().asked();
    let mut names: Vec<&str> = asked.iter().map(|asked| asked.name.as_str()).collect();
    names.extend(definition.variables().iter().map(|(name, _)| name));
    for name in secrets.keys() {
        if !names.contains(&name.as_str()) {
            let place = "--secret";
            let unknown = match names.is_empty() {
                true => format!("--secret {name}: the definition asks for no secret"),
                false => {
                    mistake::unknown_word("secret", place, name, names.iter().copied()).to_string()
                }
            };
            mistakes.push(unknown);
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldFile {
    r#type: CustomField,
}

fn fields(file: &Path) -> Result<CustomFields, String> {
    let name = file.display();
    let source =
        Source::parse(&text(file)?).map_err(|mistake| mistake.in_file(&name.to_string()))?;
    let read: Result<BTreeMap<String, FieldFile>, _> =
        serde_json::from_value(source.value().clone());
    let read = read.map_err(|error| {
        format!("{name}: {error}; expected `name: {{type: text | number | email | date | multi_value | user}}`")
    })?;
    Ok(read
        .into_iter()
        .map(|(name, field)| (name, field.r#type))
        .collect())
}

fn texts(variables: &Map<String, Value>) -> BTreeMap<String, String> {
    let texts = variables.iter();
    texts
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn allows_loopback() -> bool {
    let mut vars = std::env::vars_os();
    vars.any(|(name, value)| name == "SANDO_ALLOW_LOOPBACK" && value == "1")
}

/// What was given on the command line never changes.
struct Fixed {
    definition: Arc<Definition>,
    variables: Map<String, Value>,
    values: SecretValues,
}

#[async_trait]
impl Resolve for Fixed {
    async fn values(&self, _: bool) -> Result<SecretValues, RemoteError> {
        Ok(self.values.clone())
    }

    fn url(&self, path: &str) -> Result<Url, String> {
        self.definition.auth_url(&self.variables, path)
    }
}
