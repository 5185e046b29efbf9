//! Settings and the brake: what an administrator sets once, and what is paused right now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{AppSlug, Slug, derive};
use crate::mistake::{Mistake, join};
use crate::oidc::OidcSettings;
use crate::person::Attributes;
use crate::public_url::PublicUrl;
use crate::retention::Retention;
use crate::review::Reviews;
use crate::value::ValueExpression;

/// The settings (`GET PUT /v1/settings`).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Facts older than this are stored and start nothing; set when Lever is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_from: Option<Timestamp>,
    /// Removals in an hour beyond which removals are paused by themselves.
    pub removals_per_hour: u32,
    /// People in an hour beyond whom changes that take access away are held (L9).
    pub movers_per_hour: u32,
    /// Of how many in a hundred people changes may take access away in an hour: beyond it they are held as well (L9).
    pub movers_percent: u32,
    /// When what a sync found is held until somebody decides.
    pub guard: Guard,
    /// How long what is over is kept.
    pub retention: Retention,
    /// Roles and groups of people: role → addresses.
    pub roles: BTreeMap<String, Vec<String>>,
    /// Webhook registrations of Lever whose signing tokens are kept, by name.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub registrations: BTreeSet<Slug>,
    /// How people are told.
    #[serde(skip_serializing_if = "Notifying::is_none")]
    pub notification: Notifying,
    /// Whose tokens are accepted besides API keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcSettings>,
    /// The account whose users are the people of the company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<Directory>,
    /// Where browsers reach Sando: what letters link to. Without it they have no links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<PublicUrl>,
    /// After so many days without a decision in an access review administrators are told that one is due (L26): 91 is a
    /// quarter. None: nobody is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_every_days: Option<u32>,
}

impl Settings {
    /// What cannot be.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let oidc = self.oidc.iter().flat_map(OidcSettings::mistakes);
        let oidc = oidc.map(|mistake| mistake.under("oidc"));
        let guard = self.guard.mistakes().into_iter();
        let guard = guard.map(|mistake| mistake.under("guard"));
        let directory = self.directory.iter().flat_map(Directory::mistakes);
        let directory = directory.map(|mistake| mistake.under("directory"));
        let kept = self.retention.mistakes().into_iter();
        let kept = kept.map(|mistake| mistake.under("retention"));
        let movers =
            (self.movers_percent > 100).then(|| Mistake::new("movers_percent", "0 to 100"));
        let days = 1..=Reviews::MOST_DAYS;
        let seldom = self.review_every_days.filter(|every| !days.contains(every));
        let seldom = seldom.map(|_| {
            let message = format!("1 to {}", Reviews::MOST_DAYS);
            Mistake::new("review_every_days", message)
        });
        let all = oidc.chain(guard).chain(directory).chain(kept);
        all.chain(movers).chain(seldom).collect()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            live_from: None,
            removals_per_hour: 200,
            movers_per_hour: 5,
            movers_percent: 2,
            guard: Guard::default(),
            retention: Retention::default(),
            roles: BTreeMap::new(),
            registrations: BTreeSet::new(),
            notification: Notifying::default(),
            oidc: None,
            directory: None,
            public_url: None,
            review_every_days: None,
        }
    }
}

/// The account whose users are the people of the company (L30): `{definition, account, attributes}`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// The definition.
    pub definition: Slug,
    /// The name of the account.
    pub account: Slug,
    /// Attribute → a value expression over a user of the roster (`custom_fields.department`). `name` is the full name and
    /// `work_email` the address, unless they stand here.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
}

impl Directory {
    /// What every directory says of people.
    const USUAL: [(&str, &str); 2] = [("name", "full_name"), ("work_email", "email")];

    fn expressions(&self) -> impl Iterator<Item = (String, Value)> {
        let usual = Self::USUAL.into_iter();
        let usual = usual.filter(move |(name, _)| !self.attributes.contains_key(*name));
        let usual = usual.map(|(name, path)| (name.to_owned(), Value::from(path)));
        let own = self.attributes.iter();
        usual.chain(own.map(|(name, value)| (name.clone(), value.clone())))
    }

    /// Does it say what this attribute is?
    #[must_use]
    pub fn makes(&self, attribute: &str) -> bool {
        self.expressions().any(|(name, _)| name == attribute)
    }

    /// What cannot be.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let named = |(name, value): (String, Value)| {
            let at = join("attributes", &name);
            ValueExpression::compile(&value, &at).err()
        };
        self.expressions().filter_map(named).flatten().collect()
    }

    /// What a user of the roster, as JSON, says of the person. What is missing is left out, never set to nothing.
    #[must_use]
    pub fn read(&self, user: &Value) -> Attributes {
        let found = self.expressions().filter_map(|(name, value)| {
            let expression = ValueExpression::compile(&value, &name).ok()?;
            let found = expression.evaluate(user)?;
            let is_there = !found.is_null() && found.as_str() != Some("");
            is_there.then_some((name, found))
        });
        found.collect()
    }

    /// What an attribute is read by: another text if anything of it is changed.
    #[must_use]
    pub fn mapping(&self) -> String {
        let expressions: Map<String, Value> = self.expressions().collect();
        derive(&["directory", &Value::Object(expressions).to_string()])
    }
}

/// How people are told (L25). Passwords and the addresses of webhooks are secrets and lie elsewhere.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notifying {
    /// The mail server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailSettings>,
    /// Who has an incoming webhook of a chat: addresses, `role:…`, `group:…`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub webhooks: BTreeSet<String>,
}

impl Notifying {
    /// Is nobody told anywhere?
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A mail server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Whom the mail comes from.
    pub from: String,
    /// The server.
    pub host: String,
    /// Its port.
    #[serde(default = "submission")]
    pub port: u16,
    /// How the connection is secured.
    #[serde(default)]
    pub security: Security,
    /// As whom, where the server asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

fn submission() -> u16 {
    587
}

/// How the connection to a mail server is secured.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS after the first words; without it nothing is sent.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// None: to this machine only.
    None,
}

/// When what a sync found is held (B17): more users than `users`, and more than `percent` of all, lose something. An empty
/// list always is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    /// So many users may.
    pub users: u32,
    /// So many in a hundred may.
    pub percent: u32,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            users: 10,
            percent: 20,
        }
    }
}

impl Guard {
    /// What cannot be.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let too_much = (self.percent > 100).then(|| Mistake::new("percent", "0 to 100"));
        too_much.into_iter().collect()
    }
}

/// What is paused (L31): events are still received and planned, no effect starts.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pause {
    /// Everything.
    pub all: Option<Paused>,
    /// What takes away.
    pub removals: Option<Paused>,
    /// Single applications.
    pub apps: BTreeMap<AppSlug, Paused>,
}

/// One brake that is on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paused {
    /// Since when.
    pub since: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Paused {
    /// Who put the brake on when the cap on removals did.
    pub const BY_CAP: &'static str = "sando";
}

impl Pause {
    /// Is anything paused?
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.all.is_some() || self.removals.is_some() || !self.apps.is_empty()
    }

    /// Why an effect in this application may not start now.
    #[must_use]
    pub fn holds(&self, app: Option<&AppSlug>, takes_away: bool) -> Option<String> {
        if let Some(paused) = &self.all {
            return Some(format!("everything is paused: {}", paused.reason));
        }
        if takes_away && let Some(paused) = &self.removals {
            return Some(format!("removals are paused: {}", paused.reason));
        }
        let (app, paused) = app.and_then(|app| Some((app, self.apps.get(app)?)))?;
        Some(format!("`{app}` is paused: {}", paused.reason))
    }
}
