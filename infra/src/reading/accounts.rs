//! Connected accounts, opened for a sync: credentials from where they are kept, tokens in the store, one request at a time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::auth::authorize::SignIn;
use sando_core::auth::{Auth, Tokens};
use sando_core::definition::{Class, Definition, Failure, Outcome, PlannedRequest};
use sando_core::ids::Slug;
use sando_core::mistake::in_lines;
use sando_core::ports::{
    Clock, Connection, CredentialSource, KeyWrap, Opened, Reader, Readers, RemoteError,
    SecretValues, Secrets,
};
use sando_core::store::Store;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use url::Url;

use super::flight::Line;
use super::reader::{no_credentials, without_credentials};
use super::{Counting, Pace};
use crate::auth::{AuthSettings, Authenticator, MemoryTokens, Resolve, StoredTokens};
use crate::budget::{Paced, Rate, name_of, name_of_credential};
use crate::http::{Gate, GuardedClient, Mask, Origin};

/// A token has to be there before the lease of its account ends, and an effect before the one of its run: what is slower than
/// this paces pages only.
const SLOWEST_FOR_ALL: f64 = 0.1;

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

/// The authenticator of a connection, the values of its variables, and what its requests have to pass.
struct Prepared {
    authenticator: Arc<Authenticator>,
    variables: Map<String, Value>,
    tokens_sent: Arc<Counting>,
    pace: Option<Arc<dyn Gate>>,
}

impl AccountReaders {
    fn tokens(&self, owner: &str) -> StoredTokens {
        StoredTokens::new(self.store.clone(), self.keys.clone(), owner)
    }

    /// The pace that the definition asks for: kept together by all who read with the same credentials.
    fn pace(
        &self,
        connection: &Connection,
        values: &SecretValues,
        variables: &Map<String, Value>,
    ) -> Option<Arc<dyn Gate>> {
        let definition = &connection.definition;
        let rate = definition.limits().requests_per_second?;
        Some(match &connection.credentials {
            CredentialSource::Kept { owner, .. } => Arc::new(Paced::new(
                self.store.clone(),
                self.clock.clone(),
                budget_of(definition, owner, values, variables),
                Rate::fraction(rate),
            )),
            CredentialSource::Given(_) | CredentialSource::Session { .. } => {
                Arc::new(Pace::per_second(rate))
            }
        })
    }

    async fn prepare(&self, connection: &Connection) -> Result<Prepared, Failure> {
        let definition = connection.definition.clone();
        let (source, tokens): (Source, Arc<dyn Tokens>) = match &connection.credentials {
            CredentialSource::Kept { owner, since } => (
                Source::Kept {
                    secrets: self.secrets.clone(),
                    owner: owner.clone(),
                    since: *since,
                },
                Arc::new(self.tokens(owner)),
            ),
            CredentialSource::Given(values) => (
                Source::Given(values.clone()),
                Arc::new(MemoryTokens::default()),
            ),
            CredentialSource::Session {
                values,
                owner,
                until,
            } => (
                Source::Given(values.clone()),
                Arc::new(self.tokens(owner).until(*until)),
            ),
        };
        let values = source.read(false).await;
        let values =
            values.map_err(|error| without_credentials(Class::RemoteDown, error.to_string()))?;
        let variables = variables(connection, &values)?;
        let pace = self.pace(connection, &values, &variables);
        let rate = definition.limits().requests_per_second;
        let is_quick = rate.is_some_and(|rate| rate >= SLOWEST_FOR_ALL);
        let kept = KeptValues {
            source,
            given: connection.variables.clone(),
            definition: definition.clone(),
            variables: variables.clone(),
        };
        let tokens_sent = Arc::new(Counting::before(pace.clone().filter(|_| is_quick)));
        let authenticator = Arc::new(Authenticator::new(AuthSettings {
            remote: definition.app().to_string(),
            auth: definition.auth().clone(),
            resolve: Arc::new(kept),
            tokens,
            http: self.http.clone().watched(connection.watch.clone()),
            gate: Some(tokens_sent.clone()),
            clock: self.clock.clone(),
        }));
        Ok(Prepared {
            authenticator,
            variables,
            tokens_sent,
            pace,
        })
    }
}

#[async_trait]
impl Readers for AccountReaders {
    async fn open(&self, connection: &Connection) -> Result<Opened, Failure> {
        let opened = Box::pin(self.open_now(connection)).await;
        opened.map_err(|failure| connection.definition.placed(failure))
    }

    async fn authorise(
        &self,
        connection: &Connection,
        code: &str,
        sign_in: &SignIn,
    ) -> Result<(), Failure> {
        let placed = |failure| connection.definition.placed(failure);
        let prepared = self.prepare(connection).await.map_err(placed)?;
        let granted = prepared.authenticator.authorise(code, sign_in).await;
        granted.map_err(|failure| placed(no_credentials(&failure)))?;
        Ok(())
    }

    async fn forget(&self, owner: &str) -> Result<(), RemoteError> {
        self.tokens(owner).drop_all().await
    }
}

impl AccountReaders {
    async fn open_now(&self, connection: &Connection) -> Result<Opened, Failure> {
        let Prepared {
            authenticator,
            mut variables,
            tokens_sent,
            pace,
        } = self.prepare(connection).await?;
        let granted = authenticator.grant().await;
        let granted = granted.map_err(|failure| no_credentials(&failure))?;
        variables.extend(granted.kept());
        let definition = &connection.definition;
        let line = Line {
            remote: definition.app().to_string(),
            http: self.http.clone(),
            authenticator,
            clock: self.clock.clone(),
            pace,
            turns: definition
                .bounds_concurrency()
                .then(|| Semaphore::new(definition.limits().concurrency)),
            carried: Mutex::new(HashMap::new()),
            mask: Mutex::new(Mask::default()),
            watch: connection.watch.clone(),
        };
        line.remember(&granted);
        let reader = Arc::new(LineReader {
            line: Arc::new(line),
            tokens_sent,
        });
        Ok(Opened { variables, reader })
    }
}

/// The budget of an account's credentials and how many requests a second it has, where the definition says so: for requests
/// that cannot wait as long as a list can.
pub(crate) fn pace_of(
    definition: &Definition,
    owner: &str,
    values: &SecretValues,
    variables: &Map<String, Value>,
) -> Option<(Slug, f64)> {
    let rate = definition.limits().requests_per_second;
    let rate = rate.filter(|rate| *rate >= SLOWEST_FOR_ALL)?;
    Some((budget_of(definition, owner, values, variables), rate))
}

/// The budget of an account's credentials: accounts with the same ones at one origin share it. What a login page gave is an
/// account's own.
fn budget_of(
    definition: &Definition,
    owner: &str,
    values: &SecretValues,
    variables: &Map<String, Value>,
) -> Slug {
    let by_login = matches!(definition.auth(), Auth::AuthorizationCode(_));
    match definition.auth_url(variables, "/") {
        Ok(base) if !by_login => name_of_credential(&Origin::of(&base), &values.credentials),
        _ => name_of(owner),
    }
}

/// The values of all variables; those that are secret are kept with the credentials.
fn variables(
    connection: &Connection,
    values: &SecretValues,
) -> Result<Map<String, Value>, Failure> {
    let known = connection.definition.variables();
    let resolved = known.resolve_with(&connection.variables, &values.credentials);
    resolved.map_err(|mistakes| without_credentials(Class::Credentials, in_lines(&mistakes)))
}

/// Where credentials are read.
enum Source {
    Kept {
        secrets: Arc<dyn Secrets>,
        owner: String,
        since: Timestamp,
    },
    Given(SecretValues),
}

impl Source {
    async fn read(&self, fresh: bool) -> Result<SecretValues, RemoteError> {
        match self {
            Self::Kept {
                secrets,
                owner,
                since,
            } => {
                let read = match fresh {
                    true => secrets.read(owner, true),
                    false => secrets.read_since(owner, *since),
                };
                Ok(read.await?.unwrap_or_default())
            }
            Self::Given(values) => Ok(values.clone()),
        }
    }
}

/// What an authenticator of an account takes from its surroundings.
struct KeptValues {
    source: Source,
    given: BTreeMap<String, String>,
    definition: Arc<Definition>,
    variables: Map<String, Value>,
}

#[async_trait]
impl Resolve for KeptValues {
    async fn values(&self, fresh: bool) -> Result<SecretValues, RemoteError> {
        Ok(SecretValues {
            variables: self.given.clone(),
            ..self.source.read(fresh).await?
        })
    }

    fn url(&self, path: &str) -> Result<Url, String> {
        self.definition.auth_url(&self.variables, path)
    }
}

/// Sends the requests of one sync.
struct LineReader {
    line: Arc<Line>,
    tokens_sent: Arc<Counting>,
}

#[async_trait]
impl Reader for LineReader {
    async fn send(&self, request: &PlannedRequest) -> Outcome {
        let id = request.id;
        let (_, outcome) = self.line.clone().fly(Box::new(request.clone())).await;
        if !matches!(&outcome, Outcome::Answered(answer) if answer.status == 401) {
            self.line.forget(id);
        }
        outcome
    }

    fn mask(&self, text: &str) -> String {
        let mask = &self.line.mask;
        let mask = mask.lock().unwrap_or_else(PoisonError::into_inner);
        mask.apply(text)
    }

    fn tokens_sent(&self) -> u64 {
        self.tokens_sent.take()
    }
}
