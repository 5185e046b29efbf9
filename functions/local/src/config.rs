//! The configuration of one machine: environment and flags, parsed once, all mistakes told together.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::SignedDuration;

/// Everything that `sando serve` is told from outside.
#[derive(Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The administrator's token; made and kept in the data folder if none is given.
    pub admin_token: Option<String>,
    /// Allows loopback addresses, and plain HTTP to them.
    pub allow_loopback: bool,
    /// Lever's API, with `/v1`.
    pub lever_api_url: String,
    /// Lever's API key.
    pub lever_api_key: Option<String>,
    /// Signing tokens that are valid at every registration.
    pub lever_signing_tokens: Vec<String>,
    /// How old a delivery may be.
    pub lever_max_age: SignedDuration,
    /// Calls a second that Lever is asked for; its own limit is 10.
    pub lever_requests_per_second: u32,
}

/// What the flags say; they win over the environment.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Where everything is kept [default: ./sando-data]
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
}

const PRODUCTION: &str = "https://api.lever.co/v1";

impl Config {
    /// Parses pairs of names and values.
    ///
    /// # Errors
    /// All mistakes, each as a line that says what to do.
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
        flags: &Flags,
    ) -> Result<Self, Vec<String>> {
        let vars: BTreeMap<String, String> = vars
            .into_iter()
            .filter(|(name, _)| name.starts_with("SANDO_"))
            .collect();
        let get = |name: &str| {
            vars.get(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        let mut mistakes = Vec::new();
        let listen = flags
            .listen
            .clone()
            .or(get("SANDO_LISTEN"))
            .unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let listen = listen.parse().map_err(|_| {
            mistakes.push(format!(
                "--listen: `{listen}` is no address; write for instance 127.0.0.1:8080"
            ));
        });
        let lever_max_age = number(get, "SANDO_LEVER_MAX_AGE_SECS", 432_000, &mut mistakes);
        let per_second = number(get, "SANDO_LEVER_REQUESTS_PER_SECOND", 8, &mut mistakes);
        let allow_loopback = flag(get, "SANDO_ALLOW_LOOPBACK", &mut mistakes);
        let lever_api_url = lever_url(get, &mut mistakes);
        match (listen, mistakes.is_empty()) {
            (Ok(listen), true) => Ok(Self {
                listen,
                data_dir: flags
                    .data
                    .clone()
                    .or(get("SANDO_DATA_DIR").map(PathBuf::from))
                    .unwrap_or_else(|| PathBuf::from("sando-data")),
                admin_token: get("SANDO_ADMIN_TOKEN"),
                allow_loopback,
                lever_api_url,
                lever_api_key: get("SANDO_LEVER_API_KEY"),
                lever_signing_tokens: listed(&get("SANDO_LEVER_SIGNING_TOKEN").unwrap_or_default()),
                lever_max_age: SignedDuration::from_secs(i64::from(lever_max_age)),
                lever_requests_per_second: per_second,
            }),
            _ => Err(mistakes),
        }
    }
}

/// Lever's API, without a slash at its end.
fn lever_url(get: impl Fn(&str) -> Option<String>, mistakes: &mut Vec<String>) -> String {
    let url = get("SANDO_LEVER_API_URL").unwrap_or_else(|| PRODUCTION.to_owned());
    let url = url.trim_end_matches('/');
    if !url.ends_with("/v1") {
        mistakes.push(format!("SANDO_LEVER_API_URL: `{url}` has to end with /v1"));
    }
    url.to_owned()
}

/// What stands between commas.
fn listed(text: &str) -> Vec<String> {
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn number(
    get: impl Fn(&str) -> Option<String>,
    name: &str,
    default: u32,
    mistakes: &mut Vec<String>,
) -> u32 {
    let Some(text) = get(name) else {
        return default;
    };
    match text.parse() {
        Ok(number) if number > 0 => number,
        _ => {
            mistakes.push(format!("{name}: `{text}` is no whole number above 0"));
            default
        }
    }
}

fn flag(get: impl Fn(&str) -> Option<String>, name: &str, mistakes: &mut Vec<String>) -> bool {
    match get(name).as_deref() {
        None | Some("0") => false,
        Some("1") => true,
        Some(other) => {
            mistakes.push(format!("{name}: `{other}` is neither 0 nor 1"));
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(pairs: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::from_vars(pairs, &Flags::default())
    }

    #[test]
    fn nothing_has_to_be_configured_to_start() {
        let config = parsed(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.lever_api_url, PRODUCTION);
        assert!(!config.allow_loopback);
    }

    #[test]
    fn several_signing_tokens_come_with_commas() {
        let config = parsed(&[("SANDO_LEVER_SIGNING_TOKEN", "a, b,")]).unwrap();
        assert_eq!(config.lever_signing_tokens, ["a", "b"]);
    }

    #[test]
    fn all_mistakes_are_told_together() {
        let mistakes = parsed(&[
            ("SANDO_LISTEN", "here"),
            ("SANDO_LEVER_API_URL", "https://api.lever.co"),
            ("SANDO_ALLOW_LOOPBACK", "yes"),
            ("SANDO_LEVER_MAX_AGE_SECS", "long"),
        ])
        .err()
        .unwrap();
        assert_eq!(mistakes.len(), 4, "{mistakes:?}");
    }

    #[test]
    fn flags_win_over_the_environment() {
        let flags = Flags {
            listen: Some("127.0.0.1:9".into()),
            data: Some("there".into()),
        };
        let vars = [("SANDO_LISTEN".to_owned(), "127.0.0.1:1".to_owned())];
        let config = Config::from_vars(vars, &flags).unwrap();
        assert_eq!(config.listen.port(), 9);
        assert_eq!(config.data_dir, PathBuf::from("there"));
    }
}
