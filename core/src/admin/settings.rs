//! Settings, and the secrets of the Lever connection: these go in and never come out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::config::ConfigKind;
use crate::handle::{catch_up, ledger, load};
use crate::ids::{EffectKey, Slug};
use crate::person::CanonicalEmail;
use crate::ports::{Notification, Ports, SecretValues, Secrets};
use crate::settings::{Notifying, Settings};
use crate::store::Version;

use super::{AdminError, Expect, Who, files};

/// Whose secrets the API key of Lever is.
pub const LEVER: &str = "lever";
/// Whose secrets the password of the mail server (`mail_password`) and the webhooks (`webhook/<who>`) are.
pub const NOTIFICATION: &str = "notification";
/// The name of the API key among them.
pub const API_KEY: &str = "api_key";
/// Whose secrets those of the OpenID Connect provider are.
pub const OIDC: &str = "oidc";
/// The name of the console's client secret among them.
pub const CLIENT_SECRET: &str = "client_secret";
/// The longest client secret, in bytes.
const LONGEST_SECRET: usize = 2048;

/// Whose secrets the signing tokens of a registration are: `signing_token_1`, `signing_token_2`, …
#[must_use]
fn registration_owner(name: &Slug) -> String {
    format!("lever/{name}")
}

fn id() -> Slug {
    Slug::parse("settings").expect("the word is a slug")
}

/// Which secrets are set, and since when.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Set {
    /// How many.
    pub count: usize,
    /// Since when.
    pub at: Option<Timestamp>,
}

/// The settings with what is set of Lever's.
#[derive(Clone, PartialEq, Debug)]
pub struct Shown {
    /// The settings.
    pub settings: Settings,
    /// Their version.
    pub version: Version,
    /// The API key.
    pub api_key: Set,
    /// Signing tokens by registration.
    pub registrations: BTreeMap<Slug, Set>,
    /// The names of the secrets of notifications that are set, and since when.
    pub notification: (BTreeSet<String>, Option<Timestamp>),
    /// The client secret of the OpenID Connect provider.
    pub client_secret: Set,
}

/// New secrets of notifications.
#[derive(Clone, Default)]
pub struct NotificationSecrets {
    /// The password of the mail server; nothing keeps it.
    pub mail_password: Option<String>,
    /// All webhooks by whom they reach: those with an address get it, the others keep theirs.
    pub webhooks: BTreeMap<String, Option<String>>,
}

/// The most webhooks.
const MOST_WEBHOOKS: usize = 100;

/// New secrets of the Lever connection.
#[derive(Clone, Default)]
pub struct LeverSecrets {
    /// A new API key.
    pub api_key: Option<String>,
    /// The registrations that there shall be; those with tokens get these tokens.
    pub registrations: Option<BTreeMap<Slug, Option<Vec<String>>>>,
}

/// The settings as they are.
///
/// # Errors
/// If store or secrets cannot be read.
pub async fn shown(ports: &Ports, secrets: &dyn Secrets) -> Result<Shown, AdminError> {
    let (settings, version) = current(ports).await?;
    let api_key = is_set(secrets, LEVER).await?;
    let mut registrations = BTreeMap::new();
    for name in &settings.registrations {
        let set = is_set(secrets, &registration_owner(name)).await?;
        registrations.insert(name.clone(), set);
    }
    let told = secrets.read(NOTIFICATION, true).await?.unwrap_or_default();
    let notification = (told.credentials.into_keys().collect(), told.set_at);
    let client_secret = match settings.oidc {
        Some(_) => is_set(secrets, OIDC).await?,
        None => Set::default(),
    };
    Ok(Shown {
        client_secret,
        settings,
        version,
        api_key,
        registrations,
        notification,
    })
}

/// The settings alone; what cannot be used is as if it had never been set, so that it can be put anew.
///
/// # Errors
/// If the store cannot be read.
pub async fn current(ports: &Ports) -> Result<(Settings, Version), AdminError> {
    let (settings, version) = load::stored_settings(ports).await?;
    Ok((settings.unwrap_or_default(), version))
}

async fn is_set(secrets: &dyn Secrets, owner: &str) -> Result<Set, AdminError> {
    let values = secrets.read(owner, true).await?;
    Ok(values.map_or_else(Set::default, |values| Set {
        count: values.credentials.len(),
        at: values.set_at,
    }))
}

/// Puts settings and the secrets that come with them.
///
/// # Errors
/// `Invalid`, `Stale`, or `Remote` if the keeper of secrets cannot be reached.
pub async fn put(
    ports: &Ports,
    secrets: &dyn Secrets,
    who: &Who,
    mut settings: Settings,
    lever: &LeverSecrets,
    expect: &Expect,
) -> Result<bool, AdminError> {
    check(lever)?;
    let (before, _) = current(ports).await?;
    settings.registrations = match &lever.registrations {
        Some(wanted) => wanted.keys().cloned().collect(),
        None => before.registrations.clone(),
    };
    // Connected now for the first time: what happened before is history.
    let connected = lever.api_key.is_some().then_some(who.at);
    settings.live_from = settings.live_from.or(before.live_from).or(connected);
    // What is a secret between us and one provider is not told another one.
    let issuer = |of: &Settings| of.oidc.as_ref().map(|oidc| oidc.issuer.clone());
    let is_left = before.oidc.is_some() && issuer(&before) != issuer(&settings);
    let file = json!(settings);
    let stored = files::put(ports, who, ConfigKind::Settings, &id(), file, expect).await?;
    write_secrets(ports, secrets, who, lever, &before.registrations).await?;
    if is_left {
        secrets.remove(OIDC).await?;
    }
    if lever.api_key.is_some() {
        catch_up::begin(ports).await?;
    }
    Ok(stored.is_new)
}

fn check(lever: &LeverSecrets) -> Result<(), AdminError> {
    let bad = |text: &String| text.trim().is_empty() || text.len() > 1024;
    if lever.api_key.as_ref().is_some_and(bad) {
        return Err(AdminError::mistake("lever.api_key", "1 to 1024 characters"));
    }
    let tokens = lever.registrations.iter().flat_map(BTreeMap::values);
    for tokens in tokens.flatten() {
        if tokens.is_empty() || tokens.len() > 2 || tokens.iter().any(bad) {
            let message = "one signing token, or two during a rotation";
            return Err(AdminError::mistake("lever.registrations", message));
        }
    }
    Ok(())
}

async fn write_secrets(
    ports: &Ports,
    secrets: &dyn Secrets,
    who: &Who,
    lever: &LeverSecrets,
    before: &BTreeSet<Slug>,
) -> Result<(), AdminError> {
    if let Some(key) = &lever.api_key {
        let values = BTreeMap::from([(API_KEY.to_owned(), key.trim().to_owned())]);
        keep(secrets, LEVER, values, who).await?;
        say(ports, who, "lever API key set", "settings/lever").await?;
    }
    let Some(wanted) = &lever.registrations else {
        return Ok(());
    };
    for (name, tokens) in wanted {
        let Some(tokens) = tokens else { continue };
        let numbered = tokens.iter().enumerate().map(|(place, token)| {
            let name = format!("signing_token_{}", place.saturating_add(1));
            (name, token.trim().to_owned())
        });
        let owner = registration_owner(name);
        keep(secrets, &owner, numbered.collect(), who).await?;
        let target = format!("settings/lever/{name}");
        say(ports, who, "signing tokens set", &target).await?;
    }
    for gone in before.iter().filter(|name| !wanted.contains_key(*name)) {
        secrets.remove(&registration_owner(gone)).await?;
        let target = format!("settings/lever/{gone}");
        say(ports, who, "signing tokens removed", &target).await?;
    }
    Ok(())
}

/// Checks what people are told with, before the settings that name it are put.
///
/// # Errors
/// `Invalid` with what is wrong.
pub fn check_notification(
    settings: &Notifying,
    given: &NotificationSecrets,
) -> Result<(), AdminError> {
    let bad =
        |text: &String| text.is_empty() || text.len() > 2048 || text.contains(char::is_control);
    if let Some(mail) = &settings.mail {
        if CanonicalEmail::parse(&mail.from).is_err() {
            return Err(AdminError::mistake(
                "notification.mail.from",
                "this is no address",
            ));
        }
        if bad(&mail.host) || mail.host.contains('/') {
            let message = "the name of a server, such as smtp.contoso.example";
            return Err(AdminError::mistake("notification.mail.host", message));
        }
    }
    if given.mail_password.as_ref().is_some_and(bad) {
        let message = "1 to 2048 characters";
        return Err(AdminError::mistake("notification.mail.password", message));
    }
    if settings.webhooks.len() > MOST_WEBHOOKS {
        let message = format!("at most {MOST_WEBHOOKS}");
        return Err(AdminError::mistake("notification.webhooks", message));
    }
    for (who, url) in &given.webhooks {
        let path = format!("notification.webhooks[{who:?}]");
        if bad(who) || !(who.contains('@') || who.contains(':')) {
            return Err(AdminError::mistake(
                path,
                "an address, `role:…` or `group:…`",
            ));
        }
        let is_url = |url: &String| {
            let parsed = url::Url::parse(url);
            parsed.is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        };
        if url.as_ref().is_some_and(|url| bad(url) || !is_url(url)) {
            return Err(AdminError::mistake(
                path,
                "the address of an incoming webhook",
            ));
        }
    }
    Ok(())
}

/// Keeps the secrets of notifications, and forgets those of whom the settings do not name.
///
/// # Errors
/// `Remote` if the keeper of secrets cannot be reached.
pub async fn keep_notification(
    ports: &Ports,
    secrets: &dyn Secrets,
    who: &Who,
    settings: &Notifying,
    given: NotificationSecrets,
) -> Result<(), AdminError> {
    let known = secrets.read(NOTIFICATION, true).await?.unwrap_or_default();
    let before = known.credentials;
    let mut after = BTreeMap::new();
    let password = given.mail_password.or(before.get("mail_password").cloned());
    let password = password.filter(|_| settings.mail.is_some());
    after.extend(password.map(|password| ("mail_password".to_owned(), password)));
    for (to, url) in given.webhooks {
        let name = format!("webhook/{to}");
        let url = url.or(before.get(&name).cloned());
        after.extend(url.map(|url| (name, url.trim().to_owned())));
    }
    if after == before {
        return Ok(());
    }
    keep(secrets, NOTIFICATION, after, who).await?;
    say(ports, who, "notification set", "settings/notification").await
}

/// What somebody is sent to see whether they can be told.
const TEST: &str = "A test message of Sando\n\nSomebody is setting up how people are told. There is nothing to do.";

/// Sends somebody a message that says it is a test, once, by what the settings name.
///
/// # Errors
/// `Invalid` if that is nobody, `Refused` if the settings name no way to them, or `Remote` as it was answered.
pub async fn test_notification(ports: &Ports, who: &Who, to: &str) -> Result<(), AdminError> {
    let is_somebody = to.contains('@') || to.contains(':');
    if !is_somebody || to.len() > LONGEST_SECRET || to.contains(char::is_control) {
        let message = "an address, `role:…` or `group:…`";
        return Err(AdminError::mistake("to", message));
    }
    let (settings, _) = current(ports).await?;
    let told = settings.notification;
    if told.mail.is_none() && !told.webhooks.contains(to) {
        let detail = "nothing leads there: save a mail server, or a webhook for them, first";
        return Err(AdminError::refused("no_way", detail));
    }
    say(ports, who, "notification tested", "settings/notification").await?;
    let notification = Notification {
        to: to.to_owned(),
        text: TEST.to_owned(),
        key: EffectKey::derived(&["notification tested", to, &who.at.to_string()]),
    };
    Ok(ports.notifier.send(&notification).await?)
}

/// What is wrong with a client secret that was given.
///
/// # Errors
/// `Invalid`.
pub fn check_client_secret(secret: &str) -> Result<(), AdminError> {
    if secret.trim().is_empty()
        || secret.len() > LONGEST_SECRET
        || secret.contains(char::is_control)
    {
        let message = format!("1 to {LONGEST_SECRET} characters");
        return Err(AdminError::mistake("oidc.client_secret", message));
    }
    Ok(())
}

/// Keeps the secret of the client that the console is at the OpenID Connect provider.
///
/// # Errors
/// `Invalid`, `Refused` if the settings name no provider, or `Remote` if the keeper of secrets cannot be reached.
pub async fn keep_client_secret(
    ports: &Ports,
    secrets: &dyn Secrets,
    who: &Who,
    secret: &str,
) -> Result<(), AdminError> {
    check_client_secret(secret)?;
    let (settings, _) = current(ports).await?;
    if settings.oidc.is_none() {
        let detail = "there is no provider that the secret could be for: set `oidc` first";
        return Err(AdminError::refused("no_provider", detail));
    }
    let values = BTreeMap::from([(CLIENT_SECRET.to_owned(), secret.trim().to_owned())]);
    keep(secrets, OIDC, values, who).await?;
    say(ports, who, "client secret set", "settings/oidc").await
}

async fn keep(
    secrets: &dyn Secrets,
    owner: &str,
    credentials: BTreeMap<String, String>,
    who: &Who,
) -> Result<(), AdminError> {
    let values = SecretValues {
        variables: BTreeMap::new(),
        credentials,
        set_at: Some(who.at),
    };
    Ok(secrets.write(owner, &values).await?)
}

async fn say(ports: &Ports, who: &Who, action: &str, target: &str) -> Result<(), AdminError> {
    let mut changes = Changes::new(who.clone());
    changes.say(Line::new(StreamId::Config, action, target));
    Ok(ledger::commit(ports, changes).await?)
}

/// Sets variables and credentials of an application.
///
/// # Errors
/// `NotFound` without the application, `Remote` if the keeper of secrets cannot be reached.
pub async fn set_credentials(
    ports: &Ports,
    secrets: &dyn Secrets,
    who: &Who,
    app: &Slug,
    mut values: SecretValues,
) -> Result<SecretValues, AdminError> {
    must_be(ports, app).await?;
    values.set_at = Some(who.at);
    secrets.write(&app_owner(app), &values).await?;
    let mut changes = Changes::new(who.clone());
    let names: Vec<&String> = values.credentials.keys().collect();
    let line = Line::new(StreamId::Config, "credentials set", format!("app/{app}"));
    changes.say(line.after(json!({ "variables": values.variables, "credentials": names })));
    ledger::commit(ports, changes).await?;
    Ok(values)
}

/// Forgets variables and credentials of an application.
///
/// # Errors
/// As [`set_credentials`].
pub async fn forget_credentials(
    ports: &Ports,
    secrets: &dyn Secrets,
    who: &Who,
    app: &Slug,
) -> Result<(), AdminError> {
    must_be(ports, app).await?;
    let owner = app_owner(app);
    secrets.remove(&owner).await?;
    ports.readers.forget(&owner).await?;
    say(ports, who, "credentials removed", &format!("app/{app}")).await
}

/// Whose secrets an application's are.
#[must_use]
pub fn app_owner(app: &Slug) -> String {
    format!("app/{app}")
}

async fn must_be(ports: &Ports, app: &Slug) -> Result<(), AdminError> {
    let stored = files::find(ports, ConfigKind::App, app).await?;
    stored.map(|_| ()).ok_or(AdminError::NotFound("app"))
}
