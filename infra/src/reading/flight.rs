//! One request on its way.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::RngExt;
use sando_core::definition::{
    Answer, Credentials, Fault, FaultKind, Method, Outcome, PlannedRequest, RequestId, Wait,
};
use sando_core::ports::{Clock, RemoteError, SentAs, Watch};
use tokio::sync::Semaphore;

use crate::auth::{AuthFailure, Authenticator, Granted};
use crate::http::{self, Gate, GuardedClient, Mask, Request, Retry};

/// What all requests of a pull share.
pub(super) struct Line {
    pub(super) remote: String,
    pub(super) http: GuardedClient,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) pace: Option<Arc<dyn Gate>>,
    pub(super) turns: Option<Semaphore>,
    /// What each open request carried last.
    pub(super) carried: Mutex<HashMap<RequestId, Granted>>,
    /// Everything that must not be seen.
    pub(super) mask: Mutex<Mask>,
    /// Writes down what is sent, for a test.
    pub(super) watch: Option<Arc<Watch>>,
}

impl Line {
    /// Sends a request when its turn has come; always comes back with something.
    pub(super) async fn fly(self: Arc<Self>, request: Box<PlannedRequest>) -> (RequestId, Outcome) {
        let wait = drawn(request.wait);
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
        let _turn = match &self.turns {
            Some(turns) => turns.acquire().await.ok(),
            None => None,
        };
        if let Some(pace) = &self.pace {
            pace.pass().await;
        }
        let outcome = match self.send(&request).await {
            Ok(answer) => Outcome::Answered(request.parsed(answer)),
            Err(fault) => Outcome::Failed(fault),
        };
        (request.id, outcome)
    }

    async fn send(&self, planned: &PlannedRequest) -> Result<Answer, Fault> {
        let refused = |error: RemoteError| fault(&error);
        let method = match planned.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
        };
        let retry = Retry {
            total: planned.timeout,
            ..Retry::ONCE
        };
        let mut request = Request::new(&self.remote, method, planned.url.clone())
            .retry(retry)
            .timeout(planned.timeout)
            .limit(usize::try_from(planned.max_bytes).unwrap_or(usize::MAX));
        for (name, value) in &planned.headers {
            request = request.header(name, value).map_err(refused)?;
        }
        if let Some(body) = &planned.body {
            request = request.bytes(body.clone());
        }
        if planned.credentials != Credentials::Withhold {
            let granted = self.granted(planned).await?;
            let credentials = granted.credentials(&planned.url);
            let credentials = credentials.map_err(|error| credentials_fault(&error.into()))?;
            if let Some(credentials) = credentials {
                self.show(planned, &credentials);
                request = request.with(credentials);
            }
        }
        let answer = self.http.read(&request).await.map_err(refused)?;
        let headers = answer.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let headers = headers.collect();
        Ok(Answer::new(answer.status(), headers, answer.into_body()))
    }

    /// What the request carries; something else than before if that was refused. Where there is nothing else it is sent as
    /// before, so that the application itself says what is wrong.
    async fn granted(&self, planned: &PlannedRequest) -> Result<Granted, Fault> {
        let before = {
            let carried = self.carried.lock().unwrap_or_else(PoisonError::into_inner);
            carried.get(&planned.id).cloned()
        };
        let granted = match (planned.credentials, before) {
            (Credentials::Renew, Some(before)) => {
                let renewed = self.authenticator.renew(&before).await;
                renewed.map(|renewed| renewed.unwrap_or(before))
            }
            _ => self.authenticator.grant().await,
        };
        let granted = granted.map_err(|failure| credentials_fault(&failure))?;
        self.remember(&granted);
        let mut carried = self.carried.lock().unwrap_or_else(PoisonError::into_inner);
        carried.insert(planned.id, granted.clone());
        Ok(granted)
    }

    /// Writes down how a request goes out, where somebody watches.
    fn show(&self, planned: &PlannedRequest, credentials: &http::Credentials) {
        let Some(watch) = &self.watch else { return };
        let (url, secret) = credentials.shown(&planned.url);
        let mut headers: BTreeMap<String, String> = planned.headers.iter().cloned().collect();
        headers.extend(secret);
        watch.sent(planned.id, SentAs { url, headers });
    }

    /// What a request carried is not needed any more.
    pub(super) fn forget(&self, id: RequestId) {
        let mut carried = self.carried.lock().unwrap_or_else(PoisonError::into_inner);
        carried.remove(&id);
    }

    /// Masks these secrets from now on.
    pub(super) fn remember(&self, granted: &Granted) {
        let mut mask = self.mask.lock().unwrap_or_else(PoisonError::into_inner);
        if !mask.knows(&granted.mask()) {
            *mask = mask.clone().and(&granted.mask());
        }
    }
}

/// What went wrong with a request.
fn fault(error: &RemoteError) -> Fault {
    let kind = match error {
        RemoteError::NoAnswer { .. } | RemoteError::Busy { .. } => FaultKind::Connection,
        RemoteError::Unreadable { .. } => FaultKind::TooLarge,
        RemoteError::Forbidden { .. } | RemoteError::Refused { .. } => FaultKind::Refused,
    };
    Fault {
        kind,
        message: error.to_string(),
    }
}

/// A wait between its bounds.
fn drawn(wait: Wait) -> Duration {
    if wait.most <= wait.least {
        return wait.least;
    }
    rand::rng().random_range(wait.least..=wait.most)
}

/// There are no credentials for a request.
pub(super) fn credentials_fault(failure: &AuthFailure) -> Fault {
    let kind = match failure {
        AuthFailure::Remote(error) if error.is_passing() => FaultKind::Connection,
        AuthFailure::Remote(_) => FaultKind::Refused,
        AuthFailure::Wrong(_) | AuthFailure::Refused { .. } => FaultKind::Credentials,
    };
    Fault {
        kind,
        message: failure.to_string(),
    }
}
