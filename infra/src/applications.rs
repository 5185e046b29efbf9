//! Makes provisioners from applications: picks the kind, reads the credentials, bounds how many requests there are at a
//! time and in a second.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use sando_core::app::{Application, Limits, Provision};
use sando_core::auth::Tokens;
use sando_core::effect::Outcome;
use sando_core::ids::{AppSlug, EffectKey};
use sando_core::ports::{
    Applications, Calls, Clock, KeyWrap, Provisioner, RemoteError, SecretValues, Secrets,
};
use sando_core::store::Store;
use sando_core::workflow::{HttpStep, Repeat};
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};
use url::Url;

use crate::auth::{MemoryTokens, StoredTokens};
use crate::budget::{Both, Budget, Paced, Priority, Rate, name_of};
use crate::connection::{Connection, ConnectionSettings, nothing_sent};
use crate::http::{Gate, GuardedClient, Request};
use crate::lent::{Lender, Whose};
use crate::outcome::{of_answer, of_error};
use crate::turn::Turns;
use crate::{actions, scim};

/// At most so many requests of this process to one application at a time, where its file does not say.
const CONCURRENCY: usize = 4;

/// The applications of the outside world.
pub struct RemoteApplications {
    http: GuardedClient,
    secrets: Arc<dyn Secrets>,
    store: Arc<dyn Store>,
    lender: Lender,
    clock: Arc<dyn Clock>,
    open: Mutex<HashMap<AppSlug, Open>>,
    bounds: Mutex<HashMap<String, Bounds>>,
    usual: Rate,
    tokens: KeptTokens,
    turns: Turns,
}

/// How many requests an application gets.
#[derive(Clone)]
struct Bounds {
    limits: Limits,
    /// At a time, from this process.
    slots: Arc<Semaphore>,
    /// In a second, from all processes.
    gate: Arc<dyn Gate>,
}

/// Where the tokens of applications are kept.
enum KeptTokens {
    /// With the process: what is lost is obtained again.
    Here,
    /// In the store, for all processes.
    Stored(Arc<dyn Store>, Arc<dyn KeyWrap>),
}

impl KeptTokens {
    fn of(&self, owner: &str) -> Arc<dyn Tokens> {
        match self {
            Self::Here => Arc::new(MemoryTokens::default()),
            Self::Stored(store, keys) => {
                Arc::new(StoredTokens::new(store.clone(), keys.clone(), owner))
            }
        }
    }
}

/// A provisioner with what it was made from: it serves as long as that stays the same.
struct Open {
    app: Application,
    whose: Whose,
    provisioner: Arc<dyn Provisioner>,
}

impl RemoteApplications {
    /// Reads credentials of `app/<slug>`, or of the account that lends them, from `secrets`; processes on one store take turns where something may be made once
    /// only; the clock is for conditions such as `older_than`.
    #[must_use]
    pub fn new(
        http: GuardedClient,
        secrets: Arc<dyn Secrets>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let lender = Lender {
            secrets: secrets.clone(),
            store: store.clone(),
        };
        Self {
            http,
            secrets,
            lender,
            turns: Turns::new(store.clone(), clock.clone()),
            store,
            clock,
            open: Mutex::default(),
            bounds: Mutex::default(),
            usual: Rate::USUAL,
            tokens: KeptTokens::Here,
        }
    }

    /// What an application gets in a second whose file does not say, instead of [`Rate::USUAL`].
    #[must_use]
    pub fn usually(self, usual: Rate) -> Self {
        Self { usual, ..self }
    }

    /// Keeps tokens that are obtained in the store, encrypted: processes share them, and rotated refresh tokens survive.
    #[must_use]
    pub fn keeping_tokens(self, store: Arc<dyn Store>, keys: Arc<dyn KeyWrap>) -> Self {
        Self {
            tokens: KeptTokens::Stored(store, keys),
            ..self
        }
    }

    /// The bounds of an application; those of an `http` step, which belongs to no file, are those of its host.
    async fn bounds(&self, owner: &str, limits: Option<Limits>) -> Bounds {
        let mut known = self.bounds.lock().await;
        if let Some(bounds) = known.get(owner)
            && limits.is_none_or(|limits| limits == bounds.limits)
        {
            return bounds.clone();
        }
        let limits = limits.unwrap_or_default();
        let rate = limits.requests_per_second.map(Rate::fraction);
        let budget = Budget::new(
            self.store.clone(),
            self.clock.clone(),
            name_of(owner),
            rate.unwrap_or(self.usual),
        );
        let slots = limits.concurrency.map_or(CONCURRENCY, usize::from);
        let bounds = Bounds {
            limits,
            slots: Arc::new(Semaphore::new(slots)),
            gate: Arc::new(budget).gate(Priority::Urgent),
        };
        known.insert(owner.to_owned(), bounds.clone());
        bounds
    }

    async fn settings(&self, slug: &str, limits: Option<Limits>) -> ConnectionSettings {
        let owner = format!("app/{slug}");
        let Bounds { slots, gate, .. } = self.bounds(&owner, limits).await;
        ConnectionSettings {
            remote: slug.to_owned(),
            how_to_set: format!("PUT /v1/apps/{slug}/credentials"),
            base_url: String::new(),
            auth: None,
            home: None,
            slots,
            gate,
            http: self.http.clone(),
            secrets: self.secrets.clone(),
            tokens: self.tokens.of(&owner),
            clock: self.clock.clone(),
            owner,
        }
    }

    /// What requests with these credentials have to pass: the application's budget, and the one of an account that lends them.
    fn gate(&self, whose: &Whose, of_app: &Arc<dyn Gate>) -> Arc<dyn Gate> {
        let Some((budget, rate)) = &whose.pace else {
            return of_app.clone();
        };
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let pace = Paced::new(store, clock, budget.clone(), Rate::fraction(*rate));
        Arc::new(Both(of_app.clone(), Arc::new(pace.one_by_one())))
    }

    async fn make(
        &self,
        app: &Application,
        whose: &Whose,
    ) -> Result<Arc<dyn Provisioner>, RemoteError> {
        let settings = |base_url: &str, usual: ConnectionSettings| ConnectionSettings {
            gate: self.gate(whose, &usual.gate),
            base_url: base_url.to_owned(),
            auth: whose.auth.clone(),
            home: whose.home.clone(),
            how_to_set: whose.how_to_set.clone(),
            tokens: self.tokens.of(&whose.owner),
            owner: whose.owner.clone(),
            ..usual
        };
        let usual = self.settings(app.app.as_str(), Some(app.limits)).await;
        match &app.provisioner {
            Provision::Scim(scim) => {
                let connection = Connection::open(settings(&scim.base_url, usual), &whose.values)?;
                Ok(scim::provisioner(
                    connection,
                    (**scim).clone(),
                    self.turns.clone(),
                ))
            }
            Provision::Http(http) => {
                let connection = Connection::open(settings(&http.base_url, usual), &whose.values)?;
                actions::provisioner(connection, http, self.clock.clone())
            }
            Provision::Manual(_) => Err(RemoteError::Forbidden {
                remote: app.app.to_string(),
                why: "it is provisioned by a human (`type: manual`)".to_owned(),
            }),
        }
    }

    async fn step(
        &self,
        step: &HttpStep,
        body: &Value,
        key: &EffectKey,
        calls: &Calls,
    ) -> Result<Outcome, RemoteError> {
        let url = Url::parse(&step.path).map_err(|error| RemoteError::Forbidden {
            remote: "http step".to_owned(),
            why: format!("`path` is no full URL: {error}"),
        })?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let slug = slug_of(&host);
        let owner = format!("app/{slug}");
        let values = match &step.auth {
            Some(_) => self
                .secrets
                .read(&owner, false)
                .await
                .map_err(nothing_sent)?
                .unwrap_or_default(),
            None => SecretValues::default(),
        };
        let settings = ConnectionSettings {
            remote: host,
            // What looks like a placeholder in a URL that is filled in already is text.
            base_url: url.origin().ascii_serialization(),
            auth: step.auth.clone(),
            ..self.settings(&slug, None).await
        };
        let connection = Connection::open(settings, &values)?;
        let method =
            Method::from_bytes(step.method.as_bytes()).map_err(|_| RemoteError::Forbidden {
                remote: connection.remote().to_owned(),
                why: "`method` is no HTTP method".to_owned(),
            })?;
        let mut request = Request::new(connection.remote(), method, url).noted(calls);
        for (name, value) in &step.headers {
            request = request.header(name, value)?;
        }
        if let Repeat::IdempotencyHeader(name) = &step.repeat {
            request = request.header(name, key.as_str())?;
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = connection.send_once(request).await?;
        Ok(of_answer(&answer))
    }
}

#[async_trait]
impl Applications for RemoteApplications {
    async fn provisioner(&self, app: &Application) -> Result<Arc<dyn Provisioner>, RemoteError> {
        let whose = self.lender.whose(app).await?;
        if let Some(open) = self.open.lock().await.get(&app.app)
            && open.app == *app
            && open.whose == whose
        {
            return Ok(open.provisioner.clone());
        }
        let provisioner = self.make(app, &whose).await?;
        let open = Open {
            app: app.clone(),
            whose,
            provisioner: provisioner.clone(),
        };
        self.open.lock().await.insert(app.app.clone(), open);
        Ok(provisioner)
    }

    async fn request(
        &self,
        step: &HttpStep,
        body: &Value,
        key: &EffectKey,
        calls: &Calls,
    ) -> Outcome {
        match self.step(step, body, key, calls).await {
            Ok(outcome) => outcome,
            Err(error) => of_error(&error),
        }
    }
}

/// The application whose credentials serve a host: `lms.example` is `lms-example`.
fn slug_of(host: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    host.to_ascii_lowercase()
        .chars()
        .map(|c| if fits(c) { c } else { '-' })
        .collect()
}
