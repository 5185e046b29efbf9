//! Logins at providers: an administrator is sent to the login page of an application, and comes back with a code.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::account::{Account, AccountState};
use crate::audit::Cause;
use crate::auth::authorize::SignIn;
use crate::auth::{Auth, Given};
use crate::changes::{Changes, Line};
use crate::definition::{Class, Failure, Purpose};
use crate::handle::ledger;
use crate::handle::sync::compiled_now;
use crate::ids::Slug;
use crate::ports::{Connection, Ports, Secrets};
use crate::store::{Entity, Key, as_json};

use super::{AdminError, Who, accounts, deciding, definitions};

/// A login that is on its way. Its state and verifier are encrypted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// What it is found by.
    name: String,
    definition: Slug,
    account: Slug,
    /// Who began it.
    actor: String,
    /// The [`SignIn`], encrypted.
    sealed: String,
    until: Timestamp,
}

impl Entity for Login {
    const KIND: &'static str = "login";

    fn key(&self) -> Key {
        Key::Login(self.name.clone())
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

/// Why an account is not synced before the first login.
pub(super) fn not_yet() -> Failure {
    let purpose = Purpose::Step {
        name: "authentication".to_owned(),
    };
    let why = "nobody has logged in at the application yet; authorise the account first";
    Failure {
        disable: true,
        ..Failure::new(Class::Credentials, purpose, why)
    }
}

/// Begins a login for an account; answers the provider's login page, which the administrator has to open.
///
/// # Errors
/// `NotFound` without the account, `Refused` if its application has no login page, `Invalid` if a value for it is missing.
pub async fn begin(
    ports: &Ports,
    secrets: &dyn Secrets,
    who: &Who,
    (definition, name): (&Slug, &Slug),
    redirect_url: &str,
) -> Result<Url, AdminError> {
    let account = accounts::must_be(ports, definition, name).await?.entity;
    let item = definitions::must_be(ports, definition).await?.entity;
    let compiled = compiled_now(&item)?;
    let Auth::AuthorizationCode(of) = compiled.auth() else {
        let detail = "its credentials are given when it is connected: there is no login page";
        return Err(AdminError::refused("no_login_page", detail));
    };
    let values = secrets.read(&account.owner(), true).await?;
    let credentials = values.unwrap_or_default().credentials;
    let variables = compiled
        .variables()
        .resolve_with(&account.variables, &credentials);
    let variables = variables.map_err(AdminError::Invalid)?;
    let sign_in = SignIn::begin(ports.chance.as_ref(), redirect_url, who.at);
    let given = Given {
        variables: &variables,
        credentials: &credentials,
    };
    let page = of.authorize_url(&given, &sign_in);
    let page = page.map_err(|error| AdminError::mistake("credentials", error.to_string()))?;
    let plain = as_json(&sign_in);
    let login = Login {
        name: sign_in.name(),
        definition: definition.clone(),
        account: name.clone(),
        actor: who.actor.clone(),
        sealed: STANDARD.encode(ports.keys.wrap(plain.as_bytes()).await?),
        until: sign_in.until,
    };
    let mut changes = Changes::new(who.clone());
    changes.insert(&login);
    ledger::commit(ports, changes).await?;
    Ok(page)
}

/// Ends a login: exchanges the code for tokens, and syncs the account. A login ends once.
///
/// # Errors
/// `Refused` with what to do: a login that was not begun here, ended already, took too long, or whose code is not accepted.
pub async fn finish(
    ports: &Ports,
    state: &str,
    code: &str,
    now: Timestamp,
) -> Result<Account, AdminError> {
    let other = || AdminError::refused("login", "this login was not begun here: begin it again");
    let key = Key::Login(SignIn::name_of(state));
    let login = ports.store.find::<Login>(&key).await?.ok_or_else(other)?;
    let who = Who {
        actor: login.entity.actor.clone(),
        cause: Cause::of("login", &login.entity.name),
        correlation_id: login.entity.name.clone(),
        at: now,
    };
    let mut changes = Changes::new(who.clone());
    changes.delete(key, login.version);
    ledger::commit(ports, changes).await?;
    let login = login.entity;
    let sealed = STANDARD.decode(&login.sealed).map_err(|_| other())?;
    let plain = ports.keys.unwrap(&sealed).await?;
    let sign_in: SignIn = serde_json::from_slice(&plain).map_err(|_| other())?;
    let checked = sign_in.check(state, now);
    checked.map_err(|error| AdminError::refused("login", error.to_string()))?;

    let account = accounts::must_be(ports, &login.definition, &login.account).await?;
    let item = definitions::must_be(ports, &login.definition).await?.entity;
    let connection = Connection::of(&account.entity, compiled_now(&item)?);
    let authorised = ports.readers.authorise(&connection, code, &sign_in).await;
    authorised.map_err(|failure| AdminError::refused("login", failure.to_string()))?;
    deciding!(authorised_once(ports, &who, &login).await)
}

/// The account has tokens now: it is synced at once.
async fn authorised_once(ports: &Ports, who: &Who, login: &Login) -> Result<Account, AdminError> {
    let mut account = accounts::must_be(ports, &login.definition, &login.account).await?;
    account.entity.state = AccountState::Connected;
    account.entity.next_sync_at = who.at;
    let mut changes = Changes::new(who.clone());
    let (stream, target) = (account.entity.stream(), accounts::target(&account.entity));
    changes.say(Line::new(stream, "account authorised", target));
    changes.update(&account);
    ledger::commit(ports, changes).await?;
    Ok(account.entity)
}
