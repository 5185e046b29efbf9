//! What core needs from outside, in core's own words. Adapters live in `infra`, the simulation's fakes in `tests`.

mod calls;
mod readers;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::app::Application;
use crate::catch_up::{Moved, Part};
use crate::effect::{Action, Outcome};
use crate::event::EventMessage;
use crate::grant::Entitlement;
use crate::ids::{EffectKey, ExternalId, LeverId};
use crate::lever::{Candidacy, Needs};
use crate::oidc::{Identity, OidcSettings, SigningIn};
use crate::person::Person;
use crate::store::{Key, Store, Version};
use crate::workflow::HttpStep;

pub use calls::Calls;
pub use readers::{Connection, CredentialSource, NoReaders, Opened, Reader, Readers};
pub use watch::{Exchange, SentAs, Watch, Watched};

/// Was anything sent before it went wrong?
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// Surely not: the connection was never made, or our own guard refused.
    Never,
    /// It may have arrived.
    Perhaps,
}

/// What went wrong with a remote, by what the caller does about it. Texts have known secrets masked by value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// No answer.
    #[error("{remote} did not answer: {why}")]
    NoAnswer {
        /// Host or application.
        remote: String,
        /// In a few words.
        why: String,
        /// Whether it may have happened.
        sent: Sent,
    },
    /// It wants us to wait: 429, or a 503 that names a time.
    #[error("{remote} asks to wait")]
    Busy {
        /// Host or application.
        remote: String,
        /// The lower bound it named.
        retry_after: Option<Duration>,
    },
    /// It answered with an error status.
    #[error("{remote} answered {status}: {message}")]
    Refused {
        /// Host or application.
        remote: String,
        /// The HTTP status.
        status: u16,
        /// Its own words, bounded and masked.
        message: String,
    },
    /// The answer cannot be used.
    #[error("{remote}: the answer cannot be read: {why}")]
    Unreadable {
        /// Host or application.
        remote: String,
        /// What is wrong with it.
        why: String,
    },
    /// Our own configuration or guard forbids the request: nothing was sent.
    #[error("{remote}: {why}")]
    Forbidden {
        /// Host or application.
        remote: String,
        /// What to change.
        why: String,
    },
}

impl RemoteError {
    /// Is it worth trying again later without anybody changing anything?
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Busy { .. } | Self::Unreadable { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 425 | 429) || *status >= 500,
            Self::Forbidden { .. } => false,
        }
    }

    /// The seconds it named as a lower bound for the next try, rounded up.
    #[must_use]
    pub fn asks_to_wait(&self) -> Option<u64> {
        let Self::Busy { retry_after, .. } = self else {
            return None;
        };
        retry_after.map(|wait| {
            wait.as_secs()
                .saturating_add(u64::from(wait.subsec_nanos() > 0))
        })
    }
}

/// What was read about an opportunity.
#[derive(Clone, Debug)]
pub enum Reading {
    /// It is there.
    Present(Box<Candidacy>),
    /// It is not there: deleted at that time. If no tombstone tells when, it may as well be one of another account.
    Deleted(Option<Timestamp>),
    /// The key may not see it (confidential): a human has to look.
    Hidden,
    /// It is anonymised: personal data is gone.
    Anonymised,
}

/// Lever: the facts, and the notes we leave.
#[async_trait]
pub trait Lever: Send + Sync {
    /// Reads one opportunity with everything `needs` names, and nothing else.
    ///
    /// # Errors
    /// Passing ones are worth a later try.
    async fn read(&self, opportunity: &LeverId, needs: &Needs) -> Result<Reading, RemoteError>;

    /// What moved in Lever within a window, each opportunity once; a hint where to look, no fact.
    ///
    /// # Errors
    /// As for `read`.
    async fn moved(
        &self,
        part: Part,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Moved>, RemoteError>;

    /// Is there a note that carries this marker?
    ///
    /// # Errors
    /// As for `read`.
    async fn has_note(&self, opportunity: &LeverId, marker: &str) -> Result<bool, RemoteError>;

    /// Writes a note, once: never repeated by the client.
    ///
    /// # Errors
    /// `NoAnswer` with [`Sent::Perhaps`] if it may have been written.
    async fn add_note(&self, opportunity: &LeverId, text: &str) -> Result<(), RemoteError>;

    /// Gives the opportunity a tag; one that it has already stays, so that this may be repeated.
    ///
    /// # Errors
    /// As for `read`.
    async fn add_tag(&self, opportunity: &LeverId, tag: &str) -> Result<(), RemoteError>;

    /// Is the API key accepted, and may it read what Sando reads?
    ///
    /// # Errors
    /// `Refused` or `Forbidden` with what is wrong; passing ones are worth a later try.
    async fn test(&self) -> Result<(), RemoteError>;
}

/// Whom an effect is about, as an application sees it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The person with attributes.
    pub person: Person,
    /// What is wanted.
    pub entitlement: Entitlement,
    /// What was given before: of it everything goes that is not wanted any more.
    pub given: Entitlement,
    /// The application's id of the user, once known.
    pub external_id: Option<ExternalId>,
    /// Where what came of each request is written down.
    pub calls: Calls,
}

impl Subject {
    /// The plan that was given and is to be taken back without another one.
    #[must_use]
    pub fn to_release(&self) -> Option<&String> {
        let given = self.given.plan.as_ref();
        given.filter(|_| self.entitlement.plan.is_none())
    }
}

/// A user as an application shows it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FoundUser {
    /// The application's id.
    pub external_id: ExternalId,
    /// Is it usable?
    pub active: bool,
    /// Does it carry our id of the person (SCIM's `externalId`)?
    pub ours: bool,
    /// Does it carry everything that is wanted? `None` where the application does not show it.
    pub entitled: Option<bool>,
    /// What it has of role, groups and plan, whoever gave it, as far as the application shows it. `None` where it shows
    /// nothing of it.
    #[serde(default)]
    pub shown: Option<Entitlement>,
    /// Does it take a seat of a plan that can be given back when it is not active any more? `None` where that does not show.
    #[serde(default)]
    pub seated: Option<bool>,
}

/// Effects in one application. What came of each request is written down in [`Subject::calls`].
#[async_trait]
pub trait Provisioner: Send + Sync {
    /// Looks for the user: by the application's id if known, by our id, then by name.
    ///
    /// # Errors
    /// A look that failed says nothing about the user.
    async fn find(&self, subject: &Subject) -> Result<Option<FoundUser>, RemoteError>;

    /// Makes one effect, once: never repeated by the client.
    async fn make(&self, action: Action, subject: &Subject, key: &EffectKey) -> Outcome;
}

/// Makes provisioners from applications: picks the kind, reads the credentials.
#[async_trait]
pub trait Applications: Send + Sync {
    /// The provisioner of an application of type `scim` or `http`.
    ///
    /// # Errors
    /// `Forbidden` with what to change if a credential or variable is missing.
    async fn provisioner(&self, app: &Application) -> Result<Arc<dyn Provisioner>, RemoteError>;

    /// Makes the request of an `http` step, once, and writes down what came of it.
    async fn request(
        &self,
        step: &HttpStep,
        body: &Value,
        key: &EffectKey,
        calls: &Calls,
    ) -> Outcome;
}

/// A message that only makes something happen on time; nothing depends on its arriving.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WorkMessage {
    /// What is due.
    pub key: Key,
    /// The version that was due.
    pub version: Version,
}

/// Who works on what is due. Reading all users of an application takes minutes: nobody who joins or leaves waits behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    /// Everything about persons, and what the company is told.
    Work,
    /// Connected accounts and their syncs.
    Syncs,
}

impl WorkMessage {
    /// The queue that it goes to, where there is more than one.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match &self.key {
            Key::Account(..) | Key::Sync(..) => Lane::Syncs,
            _ => Lane::Work,
        }
    }
}

/// The queues `work` and `syncs`. One machine has one for both, since nothing waits in it for a free worker.
#[async_trait]
pub trait WorkQueue: Send + Sync {
    /// Sends a message to the queue of its [`Lane`], delivered after `delay` (at most 15 minutes).
    async fn send(&self, message: WorkMessage, delay: Duration);
}

/// The queue `events`: a hint that got a 2xx is never lost.
#[async_trait]
pub trait EventsQueue: Send + Sync {
    /// Sends a message; it is durable when this returns.
    ///
    /// # Errors
    /// `NoAnswer` if the queue did not take it: Lever has to retry.
    async fn send(&self, message: &EventMessage) -> Result<(), RemoteError>;
}

/// A notification to a person or role.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// To whom: an address, `role:it-admin`, `group:security`.
    pub to: String,
    /// What it says.
    pub text: String,
    /// The same for every attempt.
    pub key: EffectKey,
}

/// Sends notifications.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Was this one delivered already, as far as can be told?
    ///
    /// # Errors
    /// A look that failed says nothing.
    async fn was_sent(&self, key: &EffectKey) -> Result<bool, RemoteError>;

    /// Sends it, once.
    ///
    /// # Errors
    /// As for any effect.
    async fn send(&self, notification: &Notification) -> Result<(), RemoteError>;
}

/// Names and values of credentials that somebody set, by owner (an application or `lever`).
#[async_trait]
pub trait Secrets: Send + Sync {
    /// Reads a credential. `fresh` asks the keeper again, after a 401 or a failed signature.
    ///
    /// # Errors
    /// `NoAnswer` if the keeper cannot be reached.
    async fn read(&self, owner: &str, fresh: bool) -> Result<Option<SecretValues>, RemoteError>;

    /// Reads a credential, past a cache whose values were set before `since`.
    ///
    /// # Errors
    /// As [`Secrets::read`].
    async fn read_since(
        &self,
        owner: &str,
        _since: Timestamp,
    ) -> Result<Option<SecretValues>, RemoteError> {
        self.read(owner, true).await
    }

    /// Stores the credentials of an owner, replacing what was there.
    ///
    /// # Errors
    /// `NoAnswer` if the keeper cannot be reached.
    async fn write(&self, owner: &str, values: &SecretValues) -> Result<(), RemoteError>;

    /// Forgets the credentials of an owner.
    ///
    /// # Errors
    /// `NoAnswer` if the keeper cannot be reached.
    async fn remove(&self, owner: &str) -> Result<(), RemoteError>;
}

/// Variables and credentials of one owner. `Debug` shows the names only.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SecretValues {
    /// Asked when connecting, shown again.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Never shown again.
    #[serde(default)]
    pub credentials: BTreeMap<String, String>,
    /// When they were set.
    #[serde(default)]
    pub set_at: Option<Timestamp>,
}

impl std::fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SecretValues({:?}, {:?})",
            self.variables.keys(),
            self.credentials.keys()
        )
    }
}

/// Why a token of a provider is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not authentic, not for us, not valid any more, or no token at all. Never quotes it.
    #[error("the token is not accepted: {0}")]
    Refused(&'static str),
    /// The provider, or its keys, cannot be reached.
    #[error("the keys of the provider cannot be had")]
    Keys(#[from] RemoteError),
}

/// What an OpenID Connect provider says of people: by tokens that it gave, whose issuer, audience, expiry and signature are
/// verified, and by signing them in.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Whom a token names.
    ///
    /// # Errors
    /// `Refused` for every token that does not prove it; `Keys` if nothing can be said now.
    async fn verify(&self, token: &str, settings: &OidcSettings) -> Result<Identity, TokenError>;

    /// The provider's login page for a sign-in that has begun.
    ///
    /// # Errors
    /// `Refused` if the settings name no client, `Keys` if the provider cannot be asked where it is.
    async fn login_page(
        &self,
        settings: &OidcSettings,
        sign_in: &SigningIn,
    ) -> Result<Url, TokenError>;

    /// Exchanges the code that came back from the login page; whom it names.
    ///
    /// # Errors
    /// `Refused` if the code, or the ID token for it, does not prove it; `Keys` if nothing can be said now.
    async fn redeem(
        &self,
        settings: &OidcSettings,
        client_secret: Option<&str>,
        sign_in: &SigningIn,
        code: &str,
    ) -> Result<Identity, TokenError>;
}

/// Wraps keys: KMS on AWS, the key file on one machine.
#[async_trait]
pub trait KeyWrap: Send + Sync {
    /// Encrypts a key.
    ///
    /// # Errors
    /// `NoAnswer` if the keeper cannot be reached.
    async fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, RemoteError>;

    /// Decrypts a key that `wrap` encrypted.
    ///
    /// # Errors
    /// `Refused` if it is not one of ours.
    async fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, RemoteError>;
}

/// Keeps checkpoints of the audit where nobody can change or remove them.
#[async_trait]
pub trait Anchors: Send + Sync {
    /// Keeps a text under a name. The same once more is no error.
    ///
    /// # Errors
    /// What went wrong; it may be kept nevertheless.
    async fn keep(&self, name: &str, text: String) -> Result<(), RemoteError>;
}

/// The clock; read once per event, at the edge.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Lets time pass, before a busy store is asked again.
    async fn sleep(&self, time: Duration);
}

/// Chance: ids that follow from no fact, nonces, jitter.
pub trait Chance: Send + Sync {
    /// Fills the bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Everything a handler needs. Handed to handlers only, never to what decides.
#[derive(Clone)]
pub struct Ports {
    /// Items and audit.
    pub store: Arc<dyn Store>,
    /// The queues `work` and `syncs`.
    pub work: Arc<dyn WorkQueue>,
    /// Lever.
    pub lever: Arc<dyn Lever>,
    /// Applications.
    pub apps: Arc<dyn Applications>,
    /// Applications whose users are read.
    pub readers: Arc<dyn Readers>,
    /// Notifications.
    pub notifier: Arc<dyn Notifier>,
    /// Wraps the keys of persons.
    pub keys: Arc<dyn KeyWrap>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub chance: Arc<dyn Chance>,
}
