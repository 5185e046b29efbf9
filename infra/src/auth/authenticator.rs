//! Gives requests what they carry, and renews it when it ends or is refused.

use std::sync::Arc;

use async_trait::async_trait;
use sando_core::auth::authorize::SignIn;
use sando_core::auth::{Auth, AuthError, Given, Held, LEASE, Next, TokenState, Tokens};
use sando_core::ports::{Clock, RemoteError, SecretValues, Sent};
use tokio::sync::Mutex;
use url::Url;

use super::granted::{secrets, variables};
use super::obtain::Sender;
use super::{AuthFailure, Granted};
use crate::http::{Gate, GuardedClient};

/// How often a lease is asked for before somebody else's tokens are given up on.
const TRIES: u32 = 1_000;

/// What an authenticator takes from its surroundings.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// Variables and credentials as they are kept; `fresh` asks the keeper again.
    ///
    /// # Errors
    /// `NoAnswer` if the keeper cannot be reached.
    async fn values(&self, fresh: bool) -> Result<SecretValues, RemoteError>;

    /// The URL of a path of the definition, where requests may go to it.
    ///
    /// # Errors
    /// Why not.
    fn url(&self, path: &str) -> Result<Url, String>;
}

/// What an authenticator is made from.
pub struct AuthSettings {
    /// How errors call the remote: the application's slug.
    pub remote: String,
    /// How requests authenticate.
    pub auth: Auth,
    /// Variables, credentials and URLs.
    pub resolve: Arc<dyn Resolve>,
    /// Where tokens are kept.
    pub tokens: Arc<dyn Tokens>,
    /// Sends token requests.
    pub http: GuardedClient,
    /// What every token request has to pass.
    pub gate: Option<Arc<dyn Gate>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Gives requests what they carry. Within a process one obtains tokens at a time; among processes the lease of
/// [`Tokens`] sees to it.
pub struct Authenticator {
    settings: AuthSettings,
    auth: Arc<Auth>,
    /// What was read last, and the turn of who obtains.
    values: Mutex<Option<Arc<SecretValues>>>,
    turn: Mutex<()>,
}

impl Authenticator {
    /// Makes one; nothing is read or sent yet.
    #[must_use]
    pub fn new(settings: AuthSettings) -> Self {
        Self {
            auth: Arc::new(settings.auth.clone()),
            settings,
            values: Mutex::default(),
            turn: Mutex::default(),
        }
    }

    /// What requests carry now; obtains a token if there is none that is good.
    ///
    /// # Errors
    /// [`AuthFailure`].
    pub async fn grant(&self) -> Result<Granted, AuthFailure> {
        let values = self.values(false).await?;
        let token = match self.auth.obtains() {
            true => Some(self.token(&values, None).await?),
            false => None,
        };
        Ok(self.granted(values, token))
    }

    /// What requests carry after a 401; none if there is nothing else to try.
    ///
    /// # Errors
    /// [`AuthFailure`].
    pub async fn renew(&self, refused: &Granted) -> Result<Option<Granted>, AuthFailure> {
        let values = self.values(true).await?;
        let Some(token) = &refused.token else {
            let changed = *values != *refused.values;
            return Ok(changed.then(|| self.granted(values, None)));
        };
        let token = self.token(&values, Some(&token.access_token)).await?;
        Ok(Some(self.granted(values, Some(token))))
    }

    /// Exchanges the code that came back from the login page, and keeps the tokens.
    ///
    /// # Errors
    /// [`AuthFailure`].
    pub async fn authorise(&self, code: &str, sign_in: &SignIn) -> Result<Granted, AuthFailure> {
        let Auth::AuthorizationCode(of) = &*self.auth else {
            return Err(AuthError::Wrong {
                place: "auth.type".to_owned(),
                why: "there is no login page".to_owned(),
            }
            .into());
        };
        let values = self.values(true).await?;
        let variables = variables(&values);
        let sender = self.sender(&values, &variables);
        let verifier = sign_in.verifier(of);
        let request = of.exchange(&sender.given, code, &sign_in.redirect_url, verifier)?;
        let mask = secrets(&self.auth, &values).with([code]).with(verifier);
        let mut state = sender.token(request, &of.keep, &mask).await?;
        state.credentials_at = values.set_at;
        let _turn = self.turn.lock().await;
        for _ in 0..TRIES {
            let held = self.settings.tokens.read().await?;
            let leased = self.lease(&held).await?;
            if let Some(leased) = leased
                && self.settings.tokens.write(leased, &state).await?
            {
                return Ok(self.granted(values.clone(), Some(state)));
            }
        }
        Err(self.busy().into())
    }

    fn granted(&self, values: Arc<SecretValues>, token: Option<TokenState>) -> Granted {
        Granted {
            auth: self.auth.clone(),
            values,
            token,
        }
    }

    /// The values that were read before, or fresh ones.
    async fn values(&self, fresh: bool) -> Result<Arc<SecretValues>, RemoteError> {
        let mut kept = self.values.lock().await;
        if let Some(values) = kept.as_ref()
            && !fresh
        {
            return Ok(values.clone());
        }
        let read = Arc::new(self.settings.resolve.values(fresh).await?);
        *kept = Some(read.clone());
        Ok(read)
    }

    /// A token that is good, and not the one that was refused.
    async fn token(
        &self,
        values: &SecretValues,
        refused: Option<&str>,
    ) -> Result<TokenState, AuthFailure> {
        let _turn = self.turn.lock().await;
        for _ in 0..TRIES {
            let held = self.settings.tokens.read().await?;
            match held.next(self.settings.clock.now(), values.set_at, refused) {
                Next::Use(state) => return Ok(state),
                Next::Wait(time) => self.settings.clock.sleep(time).await,
                Next::Obtain => {
                    if let Some(leased) = self.lease(&held).await? {
                        return self.renewed(values, &held, leased).await;
                    }
                }
            }
        }
        Err(self.busy().into())
    }

    async fn lease(&self, held: &Held) -> Result<Option<sando_core::store::Version>, RemoteError> {
        let now = self.settings.clock.now();
        if held.leased_until.is_some_and(|until| until > now) {
            self.settings
                .clock
                .sleep(std::time::Duration::from_millis(250))
                .await;
            return Ok(None);
        }
        let until = now.saturating_add(LEASE).unwrap_or(now);
        self.settings.tokens.lease(held, until).await
    }

    /// Obtains, and stores before anything uses it.
    async fn renewed(
        &self,
        values: &SecretValues,
        held: &Held,
        leased: sando_core::store::Version,
    ) -> Result<TokenState, AuthFailure> {
        let tokens = &self.settings.tokens;
        let state = match self.obtain(values, held.state.as_ref()).await {
            Ok(state) => TokenState {
                credentials_at: values.set_at,
                ..state
            },
            Err(failure) => {
                tokens.release(leased).await;
                return Err(failure);
            }
        };
        // A rotated refresh token that is lost here is lost for good: try hard.
        let mut tries = 0;
        loop {
            match tokens.write(leased, &state).await {
                Ok(true) => return Ok(state),
                Ok(false) => return Err(self.busy().into()),
                Err(error) if tries >= 5 => return Err(error.into()),
                Err(_) => {
                    tries += 1;
                    let pause = std::time::Duration::from_millis(200 * tries);
                    self.settings.clock.sleep(pause).await;
                }
            }
        }
    }

    async fn obtain(
        &self,
        values: &SecretValues,
        before: Option<&TokenState>,
    ) -> Result<TokenState, AuthFailure> {
        let variables = variables(values);
        let sender = self.sender(values, &variables);
        // A refresh token that came with new credentials takes the place of the one that is kept.
        let is_given = sender.given.perhaps("refresh_token").is_some();
        let before = before.filter(|before| !(is_given && before.is_outdated(values.set_at)));
        let mask = secrets(&self.auth, values);
        match &*self.auth {
            Auth::ClientCredentials(of) => {
                let request = of.request(&sender.given)?;
                sender.token(request, &of.keep, &mask).await
            }
            Auth::AuthorizationCode(of) => match sender.refresh(of, before, &mask).await {
                // Somebody may have authorised again, and given the new refresh token.
                Err(AuthFailure::Refused { .. }) if is_given_anew(&sender.given, before) => {
                    sender.refresh(of, None, &mask).await
                }
                result => result,
            },
            Auth::Login(of) => {
                let request = of.request(&sender.given, |path| self.settings.resolve.url(path))?;
                sender.login(of, request, &mask).await
            }
            Auth::Jwt(of) => sender.jwt(of, &mask).await,
            Auth::None {}
            | Auth::Bearer { .. }
            | Auth::Basic { .. }
            | Auth::Headers { .. }
            | Auth::Query { .. } => Err(AuthError::Wrong {
                place: "auth.type".to_owned(),
                why: "no token is obtained".to_owned(),
            }
            .into()),
        }
    }

    fn sender<'a>(
        &'a self,
        values: &'a SecretValues,
        variables: &'a serde_json::Map<String, serde_json::Value>,
    ) -> Sender<'a> {
        Sender {
            remote: &self.settings.remote,
            http: &self.settings.http,
            gate: self.settings.gate.as_ref(),
            given: Given {
                variables,
                credentials: &values.credentials,
            },
            now: self.settings.clock.now(),
        }
    }

    fn busy(&self) -> RemoteError {
        RemoteError::NoAnswer {
            remote: self.settings.remote.clone(),
            why: "another process is getting a new token and does not come to an end".to_owned(),
            sent: Sent::Never,
        }
    }
}

/// Was another refresh token given than the one that is kept?
fn is_given_anew(given: &Given<'_>, before: Option<&TokenState>) -> bool {
    let kept = before.map(|state| state.refresh_token.as_deref());
    let token = given.perhaps("refresh_token");
    kept.is_some_and(|kept| token.is_some() && token != kept)
}
