//! Logins for a test: whoever builds a definition with a login page authorises it once, and tests with the tokens of that
//! login. No account is touched.
//!
//! Client and tokens are encrypted, are used by nobody but who began the login, for nothing but the same sign-in at the same
//! base URL, and are gone minutes later.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::audit::Cause;
use crate::auth::authorize::SignIn;
use crate::auth::{self, Auth};
use crate::catalog::LARGEST_FILE;
use crate::changes::Changes;
use crate::definition::Definition;
use crate::handle::ledger;
use crate::handle::sync::sample::{Sample, sample};
use crate::mistake::in_lines;
use crate::ports::{Connection, CredentialSource, Ports, SecretValues};
use crate::store::{Entity, Key, Loaded, as_json};

use super::accounts::{Given, check};
use super::{AdminError, Who};

/// How long the tokens of a login are used.
const OPEN: SignedDuration = SignedDuration::from_mins(15);
/// The keeper of keys encrypts no more than 4 KiB.
const LARGEST_SECRET: usize = 3 * 1024;
/// The parts of a definition that say where credentials go.
const BOUND_TO: [&str; 2] = ["auth", "base_url"];

/// How far a login for a test is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Stage {
    /// Nobody has come back from the login page yet.
    Waiting,
    /// There are tokens.
    Authorised,
    /// It did not work.
    Failed {
        /// Why; no secret.
        why: String,
    },
}

/// A login for a test.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestLogin {
    name: String,
    /// Who began it; for nobody else it is there.
    actor: String,
    file: Value,
    variables: BTreeMap<String, String>,
    /// The [`Kept`], encrypted.
    sealed: String,
    /// How far it is.
    pub stage: Stage,
    /// When it is over.
    pub until: Timestamp,
}

/// What nobody may read.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Until somebody comes back with the code.
    sign_in: Option<SignIn>,
    credentials: BTreeMap<String, String>,
}

fn key(name: &str) -> Key {
    Key::Login(format!("test-{name}"))
}

impl Entity for TestLogin {
    const KIND: &'static str = "test_login";

    fn key(&self) -> Key {
        key(&self.name)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

impl TestLogin {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose tokens its tokens are.
    fn owner(&self) -> String {
        format!("test/{}", self.name)
    }

    fn connection(
        &self,
        definition: Definition,
        credentials: BTreeMap<String, String>,
    ) -> Connection {
        Connection {
            definition: Arc::new(definition),
            credentials: CredentialSource::Session {
                values: SecretValues {
                    credentials,
                    ..SecretValues::default()
                },
                owner: self.owner(),
                until: self.until,
            },
            variables: self.variables.clone(),
            watch: None,
        }
    }
}

async fn seal(ports: &Ports, kept: &Kept) -> Result<String, AdminError> {
    let plain = as_json(kept);
    if plain.len() > LARGEST_SECRET {
        let message = format!("all of them together have more than {LARGEST_SECRET} bytes");
        return Err(AdminError::mistake("credentials", message));
    }
    Ok(STANDARD.encode(ports.keys.wrap(plain.as_bytes()).await?))
}

async fn kept(ports: &Ports, login: &TestLogin) -> Result<Kept, AdminError> {
    let sealed = STANDARD.decode(&login.sealed).map_err(|_| over())?;
    let plain = ports.keys.unwrap(&sealed).await?;
    serde_json::from_slice(&plain).map_err(|_| over())
}

fn over() -> AdminError {
    AdminError::mistake("session", "this test login is over: authorise again")
}

/// A login that this actor began, and that is not over.
///
/// # Errors
/// `NotFound` if there is none.
pub async fn mine(ports: &Ports, who: &Who, name: &str) -> Result<Loaded<TestLogin>, AdminError> {
    let found = ports.store.find::<TestLogin>(&key(name)).await?;
    let is_mine =
        |login: &Loaded<TestLogin>| login.entity.actor == who.actor && login.entity.until > who.at;
    let found = found.filter(is_mine);
    found.ok_or(AdminError::NotFound("test login"))
}

/// The same, for who wants to go on with it.
async fn still(ports: &Ports, who: &Who, name: &str) -> Result<Loaded<TestLogin>, AdminError> {
    match mine(ports, who, name).await {
        Err(AdminError::NotFound(_)) => Err(over()),
        found => found,
    }
}

fn compiled(file: &Value) -> Result<Definition, AdminError> {
    let definition = Definition::compile(file);
    definition.map_err(|mistakes| {
        let placed = mistakes.into_iter().map(|one| one.under("definition"));
        AdminError::Invalid(placed.collect())
    })
}

/// Begins a login; `again` is one that it takes the place of, whose client it has if none is given. Answers the provider's
/// login page.
///
/// # Errors
/// `Invalid` with what is wrong with the definition or was not given, `Refused` if there is no login page.
pub async fn begin(
    ports: &Ports,
    who: &Who,
    file: Value,
    given: Given,
    again: Option<&str>,
    redirect_url: &str,
) -> Result<(Url, TestLogin), AdminError> {
    let before = match again {
        Some(name) => Some(still(ports, who, name).await?),
        None => None,
    };
    let given = match &before {
        Some(before) if given.credentials.is_empty() => {
            let variables = match given.variables.is_empty() {
                true => before.entity.variables.clone(),
                false => given.variables,
            };
            Given {
                credentials: kept(ports, &before.entity).await?.credentials,
                variables,
                ..Given::default()
            }
        }
        _ => given,
    };
    let sign_in = SignIn::begin(ports.chance.as_ref(), redirect_url, who.at);
    let page = login_page(&file, &given, &sign_in)?;
    let login = TestLogin {
        name: sign_in.name(),
        actor: who.actor.clone(),
        file,
        variables: given.variables,
        until: sign_in.until,
        sealed: seal(
            ports,
            &Kept {
                sign_in: Some(sign_in),
                credentials: given.credentials,
            },
        )
        .await?,
        stage: Stage::Waiting,
    };
    let mut changes = Changes::new(who.clone());
    changes.insert(&login);
    if let Some(before) = &before {
        changes.delete(before.entity.key(), before.version);
    }
    ledger::commit(ports, changes).await?;
    if let Some(before) = &before {
        ports.readers.forget(&before.entity.owner()).await?;
    }
    Ok((page, login))
}

/// The provider's login page, if everything is there that it takes.
fn login_page(file: &Value, given: &Given, sign_in: &SignIn) -> Result<Url, AdminError> {
    if file.to_string().len() > LARGEST_FILE {
        let message = format!("has more than {LARGEST_FILE} bytes");
        return Err(AdminError::mistake("definition", message));
    }
    let definition = compiled(file)?;
    let Auth::AuthorizationCode(of) = definition.auth() else {
        let detail = "its credentials are given with the test: there is no login page";
        return Err(AdminError::refused("no_login_page", detail));
    };
    check(&definition, given)?;
    let known = definition.variables();
    let variables = known.resolve_with(&given.variables, &given.credentials);
    let variables = variables.map_err(AdminError::Invalid)?;
    let given = auth::Given {
        variables: &variables,
        credentials: &given.credentials,
    };
    let page = of.authorize_url(&given, sign_in);
    page.map_err(|error| AdminError::mistake("credentials", error.to_string()))
}

/// Ends a login: exchanges the code, or keeps why there is none. A login ends once.
///
/// # Errors
/// `Refused` with what to do.
pub async fn finish(
    ports: &Ports,
    state: &str,
    code: Result<&str, &'static str>,
    now: Timestamp,
) -> Result<(), AdminError> {
    let other = || AdminError::refused("login", "this login was not begun here: begin it again");
    let place = key(&SignIn::name_of(state));
    let found = ports.store.find::<TestLogin>(&place).await?;
    let mut login = found.ok_or_else(other)?;
    let mut secret = kept(ports, &login.entity).await?;
    let sign_in = secret.sign_in.take().ok_or_else(other)?;
    let checked = sign_in.check(state, now);
    checked.map_err(|error| AdminError::refused("login", error.to_string()))?;
    let who = Who {
        actor: login.entity.actor.clone(),
        cause: Cause::of("login", &login.entity.name),
        correlation_id: login.entity.name.clone(),
        at: now,
    };
    // Whoever comes a second time finds no state.
    login.entity.sealed = seal(ports, &secret).await?;
    save(ports, &who, &mut login).await?;
    login.entity.until = now.saturating_add(OPEN).unwrap_or(now);
    let exchanged = match code {
        Ok(code) => exchange(ports, &login.entity, secret.credentials, code, &sign_in).await,
        Err(why) => Err(why.to_owned()),
    };
    login.entity.stage = match &exchanged {
        Ok(()) => Stage::Authorised,
        Err(why) => Stage::Failed { why: why.clone() },
    };
    save(ports, &who, &mut login).await?;
    exchanged.map_err(|why| AdminError::refused("login", why))
}

async fn save(ports: &Ports, who: &Who, login: &mut Loaded<TestLogin>) -> Result<(), AdminError> {
    let mut changes = Changes::new(who.clone());
    changes.update(&*login);
    ledger::commit(ports, changes).await?;
    login.version = login.version.next();
    Ok(())
}

async fn exchange(
    ports: &Ports,
    login: &TestLogin,
    credentials: BTreeMap<String, String>,
    code: &str,
    sign_in: &SignIn,
) -> Result<(), String> {
    let definition = Definition::compile(&login.file).map_err(|found| in_lines(&found))?;
    let connection = login.connection(definition, credentials);
    let authorised = ports.readers.authorise(&connection, code, sign_in).await;
    authorised.map_err(|failure| failure.to_string())
}

/// Reads the first page of an application with the tokens of a login; nothing that is read is stored.
///
/// # Errors
/// `Invalid` if the login is over, or was for another sign-in, base URL or other variables. What the application says is in
/// the sample.
pub async fn test(
    ports: &Ports,
    who: &Who,
    (file, definition): (&Value, Definition),
    variables: &BTreeMap<String, String>,
    name: &str,
) -> Result<Sample, AdminError> {
    let login = still(ports, who, name).await?.entity;
    match &login.stage {
        Stage::Authorised => {}
        Stage::Waiting => {
            let message = "nobody has logged in yet: open the login page";
            return Err(AdminError::mistake("session", message));
        }
        Stage::Failed { why } => return Err(AdminError::mistake("session", why.as_str())),
    }
    let has_moved = BOUND_TO
        .iter()
        .any(|part| file.get(*part) != login.file.get(*part));
    if has_moved || !(variables.is_empty() || *variables == login.variables) {
        let message = "the sign-in, base URL or variables have changed since: authorise again";
        return Err(AdminError::mistake("session", message));
    }
    let given = Given {
        variables: login.variables.clone(),
        credentials: kept(ports, &login).await?.credentials,
        ..Given::default()
    };
    check(&definition, &given)?;
    let connection = login.connection(definition, given.credentials);
    Ok(sample(ports, &connection).await?)
}

/// Forgets a login and its tokens.
///
/// # Errors
/// `NotFound` if there is none, `Remote` if the keeper of tokens cannot be reached.
pub async fn clear(ports: &Ports, who: &Who, name: &str) -> Result<(), AdminError> {
    let login = mine(ports, who, name).await?;
    let mut changes = Changes::new(who.clone());
    changes.delete(login.entity.key(), login.version);
    ledger::commit(ports, changes).await?;
    Ok(ports.readers.forget(&login.entity.owner()).await?)
}
