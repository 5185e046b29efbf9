//! What a simulated Lever can be told before it starts.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::faults::millis;
use crate::server::any_port;

/// An API key and what it may do.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The key itself: the user name of Basic auth, with an empty password.
    pub key: String,
    /// Whether it may read confidential rows.
    pub confidential: bool,
    /// Path parts below `/v1` it may not use, such as `/offers`.
    pub forbidden: Vec<String>,
}

impl ApiKey {
    /// A key that may do everything but read confidential rows.
    pub fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            confidential: false,
            forbidden: Vec::new(),
        }
    }
}

/// A token bucket.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// Requests added for each second.
    pub per_second: u32,
    /// How many can be saved up.
    pub burst: u32,
}

/// How a simulated Lever behaves.
#[derive(Clone, Debug)]
pub struct LeverOptions {
    /// Where it listens; a free port on loopback unless given.
    pub address: SocketAddr,
    /// The accepted API keys.
    pub keys: Vec<ApiKey>,
    /// For each key; `None` switches it off.
    pub rate_limit: Option<RateLimit>,
    /// Makes ids, tokens and chance repeatable.
    pub seed: u64,
    /// Whether objects carry fields nobody documented.
    pub unknown_fields: bool,
    /// Whether a hire over the API raises webhooks as one in the UI does.
    pub api_changes_fire: bool,
    /// How long reads still show the old `archived` after a change;
    /// `Duration::MAX` lasts until [`super::LeverSim::end_read_lag`].
    pub read_lag: Duration,
    /// How webhooks are delivered.
    pub webhooks: WebhookSwitches,
}

impl Default for LeverOptions {
    fn default() -> Self {
        Self {
            address: any_port(),
            keys: vec![ApiKey::new("lever-key")],
            rate_limit: Some(RateLimit {
                per_second: 10,
                burst: 20,
            }),
            seed: 1,
            unknown_fields: false,
            api_changes_fire: true,
            read_lag: Duration::ZERO,
            webhooks: WebhookSwitches::default(),
        }
    }
}

/// Which of a hire's two events is sent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HireOrder {
    /// `candidateArchiveChange`, then `candidateHired`.
    ArchiveChangeFirst,
    /// `candidateHired`, then `candidateArchiveChange`.
    HiredFirst,
}

/// How webhooks are delivered; durations are milliseconds in JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookSwitches {
    /// The order of a hire's two events.
    pub order: HireOrder,
    /// Between two events of one change.
    #[serde(with = "millis")]
    pub spacing: Duration,
    /// Before the first attempt.
    #[serde(with = "millis")]
    pub delay: Duration,
    /// The probability that a delivery is never sent.
    pub drop: f64,
    /// The probability that a delivery is sent twice.
    pub duplicate: f64,
    /// The probability that a delivery is overtaken by later ones.
    pub reorder: f64,
    /// How long an overtaken delivery is held back.
    #[serde(with = "millis")]
    pub held_back: Duration,
    /// Attempts after the first.
    pub retries: u32,
    /// Before the first retry; doubles from one to the next.
    #[serde(with = "millis")]
    pub retry_base: Duration,
    /// How long an attempt may take.
    #[serde(with = "millis")]
    pub timeout: Duration,
    /// Whether bodies carry `id`.
    pub with_id: bool,
    /// Whether a retry or rerun repeats the body; otherwise it gets a new token and signature.
    pub retry_reuses_token: bool,
    /// Whether a re-signed retry also gets a new `triggeredAt`.
    pub retry_moves_time: bool,
}

impl Default for WebhookSwitches {
    fn default() -> Self {
        Self {
            order: HireOrder::ArchiveChangeFirst,
            spacing: Duration::ZERO,
            delay: Duration::ZERO,
            drop: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
            held_back: Duration::from_millis(200),
            retries: 5,
            retry_base: Duration::from_secs(1),
            timeout: Duration::from_secs(10),
            with_id: false,
            retry_reuses_token: true,
            retry_moves_time: false,
        }
    }
}
