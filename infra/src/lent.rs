//! Whose credentials a provisioner signs in with: its own, or, where it has no `auth`, those of the connected account that
//! its application's roster is read from.

use std::sync::Arc;

use sando_core::account::{self, Account};
use sando_core::app::{Application, Provision, ReadFrom};
use sando_core::auth::Auth;
use sando_core::catalog::DefinitionItem;
use sando_core::definition::Definition;
use sando_core::ids::Slug;
use sando_core::mistake::in_lines;
use sando_core::ports::{RemoteError, SecretValues, Secrets, Sent};
use sando_core::store::{Key, Store, StoreError};
use url::Url;

use crate::reading::pace_of;

/// How a provisioner signs in, and with what.
#[derive(Clone, PartialEq)]
pub(crate) struct Whose {
    /// Whose credentials: `app/<slug>`, or `account/<definition>/<account>`.
    pub(crate) owner: String,
    /// How to set them, for errors.
    pub(crate) how_to_set: String,
    /// How requests authenticate.
    pub(crate) auth: Option<Auth>,
    /// Variables and credentials.
    pub(crate) values: SecretValues,
    /// Where an account's credentials belong: they go to no other origin.
    pub(crate) home: Option<Url>,
    /// The budget of an account's credentials, which whoever reads with them keeps as well, and its requests a second.
    pub(crate) pace: Option<(Slug, f64)>,
}

/// Finds out whose credentials a provisioner uses.
pub(crate) struct Lender {
    /// Where credentials are kept.
    pub(crate) secrets: Arc<dyn Secrets>,
    /// Where accounts and definitions are.
    pub(crate) store: Arc<dyn Store>,
}

impl Lender {
    /// Those of an application's provisioner.
    ///
    /// # Errors
    /// `Forbidden` if it has no `auth` and its account is not connected; that store or secrets did not answer.
    pub(crate) async fn whose(&self, app: &Application) -> Result<Whose, RemoteError> {
        match (app.provisioner.auth(), &app.read) {
            (None, Some(read)) if !matches!(app.provisioner, Provision::Manual(_)) => {
                self.lent(app, read).await
            }
            (auth, _) => self.own(app, auth.cloned()).await,
        }
    }

    async fn own(&self, app: &Application, auth: Option<Auth>) -> Result<Whose, RemoteError> {
        let owner = format!("app/{}", app.app);
        Ok(Whose {
            values: self.secrets.read(&owner, false).await?.unwrap_or_default(),
            how_to_set: format!("PUT /v1/apps/{}/credentials", app.app),
            auth,
            home: None,
            pace: None,
            owner,
        })
    }

    async fn lent(&self, app: &Application, read: &ReadFrom) -> Result<Whose, RemoteError> {
        let (account, definition) = self.connected(app, read).await?;
        let owner = account.owner();
        let since = account.credentials_at.unwrap_or(account.connected_at);
        let kept = self.secrets.read_since(&owner, since).await?;
        let values = SecretValues {
            variables: account.variables.clone(),
            ..kept.unwrap_or_default()
        };
        let variables = definition.variables();
        let variables = variables
            .resolve_with(&values.variables, &values.credentials)
            .map_err(|mistakes| forbidden(app, in_lines(&mistakes)))?;
        let home = definition.auth_url(&variables, "/");
        let pace = pace_of(&definition, &owner, &values, &variables);
        Ok(Whose {
            how_to_set: format!(
                "PUT /v1/accounts/{}/{}/credentials",
                account.definition, account.name
            ),
            auth: Some(definition.auth().clone()),
            values,
            pace,
            home: Some(home.map_err(|why| {
                forbidden(app, format!("{why}, or give the provisioner an `auth`"))
            })?),
            owner,
        })
    }

    async fn connected(
        &self,
        app: &Application,
        read: &ReadFrom,
    ) -> Result<(Account, Definition), RemoteError> {
        let missing = || {
            let why = format!(
                "its provisioner has no `auth`, and the account {}/{} of `read` is not connected: connect it, or give the provisioner an `auth`",
                read.definition, read.account
            );
            forbidden(app, why)
        };
        let no_answer = |error| no_answer(app, &error);
        let name = account::name_of(&read.account).map_err(|_| missing())?;
        let key = Key::Account(read.definition.clone(), name);
        let account = self.store.find::<Account>(&key).await.map_err(no_answer)?;
        let account = account.ok_or_else(missing)?.entity;
        let key = Key::Definition(read.definition.clone());
        let definition = self.store.find::<DefinitionItem>(&key).await;
        let definition = definition.map_err(no_answer)?.ok_or_else(missing)?;
        let compiled = definition.entity.compile();
        let compiled = compiled.map_err(|mistakes| forbidden(app, in_lines(&mistakes)))?;
        Ok((account, compiled))
    }
}

fn forbidden(app: &Application, why: String) -> RemoteError {
    RemoteError::Forbidden {
        remote: app.app.to_string(),
        why,
    }
}

/// Nothing was sent to the application yet.
fn no_answer(app: &Application, error: &StoreError) -> RemoteError {
    RemoteError::NoAnswer {
        remote: app.app.to_string(),
        why: error.to_string(),
        sent: Sent::Never,
    }
}
