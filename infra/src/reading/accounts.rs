//! Connected accounts, opened for a sync: credentials from where they are kept, tokens in the store, one request at a time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sando_core::definition::{Class, Definition, Failure, Outcome, PlannedRequest, Purpose};
use sando_core::mistake::in_lines;
use sando_core::ports::{
    Clock, Connection, KeyWrap, Opened, Reader, Readers, RemoteError, SecretValues, Secrets,
};
use sando_core::store::Store;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use url::Url;

use super::Pace;
use super::flight::Line;
use super::reader::no_credentials;
use crate::auth::{AuthSettings, Authenticator, Resolve, StoredTokens};
use crate::http::{Gate, GuardedClient, Mask};

/// Opens connected accounts.
pub struct AccountReaders {
    /// Sends everything.
    pub http: GuardedClient,
    /// Where credentials are kept.
    pub secrets: Arc<dyn Secrets>,
    /// Where tokens are kept.
    pub store: Arc<dyn Store>,
    /// What tokens are encrypted with.
    pub keys: Arc<dyn KeyWrap>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Readers for AccountReaders {
    async fn open(&self, connection: &Connection) -> Result<Opened, Failure> {
        let definition = connection.definition.clone();
        let values = self.secrets.read(&connection.owner, false).await;
        let values = values
            .map_err(|error| failure(Class::RemoteDown, error.to_string()))?
            .unwrap_or_default();
        let mut variables = variables(connection, &values)?;
        let kept = KeptValues {
            secrets: self.secrets.clone(),
            owner: connection.owner.clone(),
            given: connection.variables.clone(),
            definition: definition.clone(),
            variables: variables.clone(),
        };
        let authenticator = Arc::new(Authenticator::new(AuthSettings {
            remote: definition.app().to_string(),
            auth: definition.auth().clone(),
            resolve: Arc::new(kept),
            tokens: Arc::new(StoredTokens::new(
                self.store.clone(),
                self.keys.clone(),
                &connection.owner,
            )),
            http: self.http.clone(),
            gate: None,
            clock: self.clock.clone(),
        }));
        let granted = authenticator.grant().await;
        let granted = granted.map_err(|failure| no_credentials(&failure))?;
        variables.extend(granted.kept());
        let line = Line {
            remote: definition.app().to_string(),
            http: self.http.clone(),
            authenticator,
            clock: self.clock.clone(),
            pace: pace(&definition),
            turns: definition
                .bounds_concurrency()
                .then(|| Semaphore::new(definition.limits().concurrency)),
            carried: Mutex::new(HashMap::new()),
            mask: Mutex::new(Mask::default()),
        };
        line.remember(&granted);
        let reader = Arc::new(LineReader(Arc::new(line)));
        Ok(Opened { variables, reader })
    }
}

fn pace(definition: &Definition) -> Option<Arc<dyn Gate>> {
    let rate = definition.limits().requests_per_second?;
    Some(Arc::new(Pace::per_second(rate)))
}

/// The values of all variables; those that are secret are kept with the credentials.
fn variables(
    connection: &Connection,
    values: &SecretValues,
) -> Result<Map<String, Value>, Failure> {
    let known = connection.definition.variables();
    let secret = known.iter().filter(|(_, variable)| variable.secret);
    let secret = secret.filter_map(|(name, _)| {
        let value = values.credentials.get(name)?;
        Some((name.to_owned(), value.clone()))
    });
    let given: BTreeMap<String, String> = connection
        .variables
        .clone()
        .into_iter()
        .chain(secret)
        .collect();
    let resolved = known.resolve(&given);
    resolved.map_err(|mistakes| failure(Class::Credentials, in_lines(&mistakes)))
}

fn failure(class: Class, message: String) -> Failure {
    Failure {
        disable: class == Class::Credentials,
        class,
        purpose: Purpose::Step {
            name: "authentication".to_owned(),
        },
        status: None,
        message,
        remote: None,
    }
}

/// What an authenticator of an account takes from its surroundings.
struct KeptValues {
    secrets: Arc<dyn Secrets>,
    owner: String,
    given: BTreeMap<String, String>,
    definition: Arc<Definition>,
    variables: Map<String, Value>,
}

#[async_trait]
impl Resolve for KeptValues {
    async fn values(&self, fresh: bool) -> Result<SecretValues, RemoteError> {
        let kept = self.secrets.read(&self.owner, fresh).await?;
        Ok(SecretValues {
            variables: self.given.clone(),
            ..kept.unwrap_or_default()
        })
    }

    fn url(&self, path: &str) -> Result<Url, String> {
        self.definition.auth_url(&self.variables, path)
    }
}

/// Sends the requests of one sync.
struct LineReader(Arc<Line>);

#[async_trait]
impl Reader for LineReader {
    async fn send(&self, request: &PlannedRequest) -> Outcome {
        let id = request.id;
        let (_, outcome) = self.0.clone().fly(Box::new(request.clone())).await;
        if !matches!(&outcome, Outcome::Answered(answer) if answer.status == 401) {
            self.0.forget(id);
        }
        outcome
    }

    fn mask(&self, text: &str) -> String {
        let mask = self.0.mask.lock().unwrap_or_else(PoisonError::into_inner);
        mask.apply(text)
    }
}
