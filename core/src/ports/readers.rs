//! Reading the users of an application: credentials, tokens and requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{RemoteError, SecretValues, Watch};
use crate::account::Account;
use crate::auth::authorize::SignIn;
use crate::definition::{Class, Definition, Failure, Outcome as Came, PlannedRequest, Purpose};

/// What an account is read with.
#[derive(Clone, Debug)]
pub struct Connection {
    /// How its users are read.
    pub definition: Arc<Definition>,
    /// Whose credentials are used.
    pub credentials: CredentialSource,
    /// The values of the variables that are no secrets.
    pub variables: BTreeMap<String, String>,
    /// Writes down what is sent, for a test.
    pub watch: Option<Arc<Watch>>,
}

impl Connection {
    /// A connected account, with its credentials as they were set last.
    #[must_use]
    pub fn of(account: &Account, definition: Arc<Definition>) -> Self {
        Self {
            definition,
            credentials: CredentialSource::Kept {
                owner: account.owner(),
                since: account.credentials_at.unwrap_or(account.connected_at),
            },
            variables: account.variables.clone(),
            watch: None,
        }
    }
}

/// Where the credentials of a connection come from.
#[derive(Clone, Debug)]
pub enum CredentialSource {
    /// [`Secrets`](super::Secrets) knows them, and the tokens that were obtained with them are kept too.
    Kept {
        /// Under this name.
        owner: String,
        /// When they were set: older ones, which a process may still remember, are not used.
        since: Timestamp,
    },
    /// Given for this one reading: neither they nor a token is kept.
    Given(SecretValues),
    /// Given for a test that has a login page: its tokens are kept until it is over.
    Session {
        /// What was given.
        values: SecretValues,
        /// Whose tokens they are.
        owner: String,
        /// When nobody needs them any more.
        until: Timestamp,
    },
}

/// A connection that is open.
pub struct Opened {
    /// The values of all variables: those given, the defaults, secret ones, and what a token answer kept.
    pub variables: Map<String, Value>,
    /// Sends requests.
    pub reader: Arc<dyn Reader>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opened")
    }
}

/// Opens the applications whose users are read: knows credentials, tokens and HTTP.
#[async_trait]
pub trait Readers: Send + Sync {
    /// Reads the credentials and obtains a token where one is needed.
    ///
    /// # Errors
    /// Credentials or variables that are missing, not accepted, or cannot be had now; its texts show no secret.
    async fn open(&self, connection: &Connection) -> Result<Opened, Failure>;

    /// Exchanges the code that came back from the login page, and keeps the tokens.
    ///
    /// # Errors
    /// Credentials that are missing, a code that is not accepted, or a provider that does not answer.
    async fn authorise(
        &self,
        connection: &Connection,
        code: &str,
        sign_in: &SignIn,
    ) -> Result<(), Failure>;

    /// Forgets the tokens that are kept for an owner; nobody who is obtaining some now can store them.
    ///
    /// # Errors
    /// `NoAnswer` if their keeper cannot be reached.
    async fn forget(&self, owner: &str) -> Result<(), RemoteError>;
}

/// Sends the requests of one reading. Several may be under way; each counts against the limits of the definition.
#[async_trait]
pub trait Reader: Send + Sync {
    /// Sends a request once, after the wait that it asks for and when its turn has come; always comes back with something.
    async fn send(&self, request: &PlannedRequest) -> Came;

    /// How many requests that only served to authenticate were sent since this was asked last; none where there are none.
    fn tokens_sent(&self) -> u64 {
        0
    }

    /// A text with every secret of the connection masked by value.
    fn mask(&self, text: &str) -> String;
}

/// For a process that reads no applications.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoReaders;

#[async_trait]
impl Readers for NoReaders {
    async fn open(&self, _: &Connection) -> Result<Opened, Failure> {
        Err(reads_nothing())
    }

    async fn authorise(&self, _: &Connection, _: &str, _: &SignIn) -> Result<(), Failure> {
        Err(reads_nothing())
    }

    async fn forget(&self, _: &str) -> Result<(), RemoteError> {
        Ok(())
    }
}

fn reads_nothing() -> Failure {
    let purpose = Purpose::Step {
        name: "connection".to_owned(),
    };
    let why = "this process reads no applications";
    Failure::new(Class::RemoteDown, purpose, why)
}
