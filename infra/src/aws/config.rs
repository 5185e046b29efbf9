//! The configuration of the functions on AWS: the environment, parsed once, all mistakes told together.
//!
//! `template.yaml` sets every variable for every function alike, so that a function which is added finds what it needs;
//! what a function may do with it is up to its role.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use url::{Host, Url};

use super::platform::Platform;
use crate::budget::Rate;

/// What is wrong with the environment; every mistake is a line that says what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the configuration cannot be used:\n{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

/// Everything that a function is told from outside.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where AWS is, and as whom it is called.
    pub platform: Platform,
    /// The name of the deployment; metrics carry it.
    pub stack: String,
    /// The table of entities.
    pub state_table: String,
    /// The table of audit records.
    pub audit_table: String,
    /// The queue of verified webhooks.
    pub events_queue_url: String,
    /// The queue of what is due.
    pub work_queue_url: String,
    /// The queue of connected accounts and syncs that are due.
    pub syncs_queue_url: String,
    /// The topic of alarms and of notifications, which carry ids only.
    pub alarm_topic_arn: String,
    /// What the names of all secrets begin with: `sando/`.
    pub secrets_prefix: String,
    /// The key that wraps the keys of persons and encrypts secrets.
    pub kms_key: String,
    /// The bucket that keeps checkpoints of the audit, if there is one.
    pub anchor_bucket: Option<String>,
    /// Lever's API, with `/v1`.
    pub lever_api_url: Url,
    /// How old a delivery may be.
    pub lever_max_age: SignedDuration,
    /// Calls a second that Lever is asked for, by all functions together; its own limit is 10.
    pub lever_rate: Rate,
    /// Allows calls to loopback addresses. Only where AWS itself is an emulator on loopback.
    pub allow_loopback: bool,
}

const LEVER: &str = "https://api.lever.co/v1";

impl Config {
    /// Parses pairs of names and values.
    ///
    /// # Errors
    /// All mistakes together.
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut vars = Vars::new(vars);
        let endpoint = vars.url("AWS_ENDPOINT_URL", None);
        let config = Self {
            platform: Platform {
                region: vars.required("AWS_REGION", "Lambda sets it"),
                access_key: vars.required("AWS_ACCESS_KEY_ID", "Lambda sets it"),
                secret_key: vars.required("AWS_SECRET_ACCESS_KEY", "Lambda sets it"),
                session_token: vars.get("AWS_SESSION_TOKEN"),
                endpoint: endpoint.clone(),
            },
            stack: vars.required("SANDO_STACK", "the name of the deployment"),
            state_table: vars.required("SANDO_STATE_TABLE", "the name of the table"),
            audit_table: vars.required("SANDO_AUDIT_TABLE", "the name of the table"),
            events_queue_url: vars.required("SANDO_EVENTS_QUEUE_URL", "the URL of the queue"),
            work_queue_url: vars.required("SANDO_WORK_QUEUE_URL", "the URL of the queue"),
            syncs_queue_url: vars.required("SANDO_SYNCS_QUEUE_URL", "the URL of the queue"),
            alarm_topic_arn: vars.required("SANDO_ALARM_TOPIC_ARN", "the ARN of the topic"),
            secrets_prefix: vars.prefix("SANDO_SECRETS_PREFIX"),
            kms_key: vars.required("SANDO_KMS_KEY", "the ARN of the key"),
            anchor_bucket: vars.get("SANDO_ANCHOR_BUCKET"),
            lever_api_url: vars.lever_url(),
            lever_max_age: SignedDuration::from_secs(i64::from(
                vars.number("SANDO_LEVER_MAX_AGE_SECS", 432_000),
            )),
            lever_rate: vars.rate("SANDO_LEVER_REQUESTS_PER_SECOND"),
            allow_loopback: vars.loopback(endpoint.as_ref()),
        };
        if vars.mistakes.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(vars.mistakes))
        }
    }
}

/// The environment, and what was found wrong with it so far.
struct Vars {
    values: BTreeMap<String, String>,
    mistakes: Vec<String>,
}

impl Vars {
    fn new(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let known = |name: &str| name.starts_with("SANDO_") || name.starts_with("AWS_");
        let values = vars
            .into_iter()
            .map(|(name, value)| (name, value.trim().to_owned()))
            .filter(|(name, value)| known(name) && !value.is_empty());
        Self {
            values: values.collect(),
            mistakes: Vec::new(),
        }
    }

    fn get(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }

    fn required(&mut self, name: &str, what: &str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.mistakes.push(format!("{name} is not set: {what}"));
            String::new()
        })
    }

    fn prefix(&mut self, name: &str) -> String {
        let prefix = self.required(
            name,
            "what the names of all secrets begin with, as `sando/`",
        );
        let fits = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
        if !prefix.is_empty() && (!prefix.ends_with('/') || !prefix.chars().all(fits)) {
            self.mistakes.push(format!(
                "{name}: letters, digits and /_+=.@- with a slash at its end, as `sando/`"
            ));
        }
        prefix
    }

    fn url(&mut self, name: &str, default: Option<&str>) -> Option<Url> {
        let text = self.get(name).or_else(|| default.map(str::to_owned))?;
        match Url::parse(&text) {
            Ok(url) => Some(url),
            Err(error) => {
                self.mistakes.push(format!("{name} is no URL: {error}"));
                None
            }
        }
    }

    fn lever_url(&mut self) -> Url {
        let name = "SANDO_LEVER_API_URL";
        let fallback = || Url::parse(LEVER).expect("the URL is one");
        let mut url = self.url(name, Some(LEVER)).unwrap_or_else(fallback);
        let path = url.path().trim_end_matches('/').to_owned();
        if !path.ends_with("/v1") {
            self.mistakes.push(format!("{name} has to end with /v1"));
        }
        url.set_path(&path);
        url
    }

    fn number(&mut self, name: &str, default: u32) -> u32 {
        let Some(text) = self.get(name) else {
            return default;
        };
        text.parse().ok().filter(|n| *n > 0).unwrap_or_else(|| {
            self.mistakes
                .push(format!("{name}: `{text}` is no whole number above 0"));
            default
        })
    }

    fn rate(&mut self, name: &str) -> Rate {
        Rate::per_second(self.number(name, Rate::LEVER.burst))
    }

    /// On AWS nothing of ours is on loopback, but the runtime's own API is: only an emulator's functions may call it.
    fn loopback(&mut self, endpoint: Option<&Url>) -> bool {
        let name = "SANDO_ALLOW_LOOPBACK";
        let emulated = endpoint.is_some_and(is_loopback);
        match self.get(name).as_deref() {
            None | Some("0") => false,
            Some("1") if emulated => true,
            Some(_) => {
                self.mistakes.push(format!(
                    "{name} is for one machine: remove it (1 is accepted only if AWS_ENDPOINT_URL is itself on loopback)"
                ));
                false
            }
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &[(&str, &str)] = &[
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "an-id"),
        ("AWS_SECRET_ACCESS_KEY", "a-secret"),
        ("SANDO_STACK", "sando"),
        ("SANDO_STATE_TABLE", "state"),
        ("SANDO_AUDIT_TABLE", "audit"),
        ("SANDO_EVENTS_QUEUE_URL", "https://sqs.example/1/events"),
        ("SANDO_WORK_QUEUE_URL", "https://sqs.example/1/work"),
        ("SANDO_SYNCS_QUEUE_URL", "https://sqs.example/1/syncs"),
        ("SANDO_ALARM_TOPIC_ARN", "arn:aws:sns:eu-central-1:1:alarms"),
        ("SANDO_SECRETS_PREFIX", "sando/"),
        ("SANDO_KMS_KEY", "arn:aws:kms:eu-central-1:1:key/1"),
    ];

    fn parsed(also: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let vars = WHOLE.iter().chain(also);
        Config::from_vars(vars.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn what_the_template_sets_is_enough() {
        let config = parsed(&[]).unwrap();

        assert_eq!(config.lever_api_url.as_str(), LEVER);
        assert_eq!(config.lever_rate, Rate::LEVER);
        assert!(!config.allow_loopback);
    }

    #[test]
    fn all_mistakes_are_told_together() {
        let error = Config::from_vars([
            (
                "SANDO_LEVER_API_URL".to_owned(),
                "https://api.lever.co".to_owned(),
            ),
            ("SANDO_SECRETS_PREFIX".to_owned(), "sando".to_owned()),
            ("SANDO_LEVER_MAX_AGE_SECS".to_owned(), "long".to_owned()),
        ])
        .err()
        .unwrap();

        assert_eq!(error.0.len(), WHOLE.len() + 2, "{error}");
        assert!(error.to_string().contains("SANDO_STATE_TABLE is not set"));
    }

    #[test]
    fn loopback_is_refused_on_aws() {
        let on_aws = parsed(&[("SANDO_ALLOW_LOOPBACK", "1")]);
        let elsewhere = parsed(&[
            ("SANDO_ALLOW_LOOPBACK", "1"),
            ("AWS_ENDPOINT_URL", "https://127.0.0.1.example"),
        ]);

        assert!(
            on_aws
                .err()
                .unwrap()
                .to_string()
                .contains("SANDO_ALLOW_LOOPBACK")
        );
        assert!(elsewhere.is_err());
    }

    #[test]
    fn an_emulator_on_loopback_may_have_its_applications_there() {
        let config = parsed(&[
            ("SANDO_ALLOW_LOOPBACK", "1"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        ]);

        assert!(config.unwrap().allow_loopback);
    }

    #[test]
    fn credentials_do_not_print() {
        let printed = format!("{:?}", parsed(&[("AWS_SESSION_TOKEN", "a-token")]).unwrap());

        for secret in ["an-id", "a-secret", "a-token"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}
