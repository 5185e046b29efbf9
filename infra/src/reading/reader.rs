//! Drives a pull: what is to be sent is sent, what comes back is handed in, users come out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sando_core::definition::{
    Batch, Certificate, Class, Definition, Failure, FaultKind, Inputs, Outcome, Pull, Purpose,
    RequestId, Step,
};
use sando_core::mistake::Mistake;
use sando_core::ports::Clock;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::flight::{Line, credentials_fault};
use crate::auth::{AuthFailure, Authenticator};
use crate::http::{Gate, GuardedClient, Mask};

/// Longer than anybody waits without being told: our own waits after failures are shorter.
const LONG_WAIT: Duration = Duration::from_secs(30);

/// What a reading needs.
pub struct ReaderSettings {
    /// What is read, and how.
    pub definition: Arc<Definition>,
    /// Variables and custom fields.
    pub inputs: Inputs,
    /// Sends everything.
    pub http: GuardedClient,
    /// Authenticates.
    pub authenticator: Arc<Authenticator>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What every request has to pass, if there is a budget.
    pub pace: Option<Arc<dyn Gate>>,
}

/// What comes next of a reading.
#[derive(Debug)]
pub enum Read {
    /// Users, in the order of the application.
    Users(Box<Batch>),
    /// The application asks to wait so long before the next request.
    Waits(Duration),
    /// It is over, well or not.
    Done(Box<Certificate>),
}

/// A reading under way. Dropping it ends every request that is on its way.
pub struct Reader {
    pull: Pull,
    line: Arc<Line>,
    flights: JoinSet<(RequestId, Outcome)>,
}

impl Reader {
    /// Begins: obtains a token where one is needed, and hands what its answer keeps to the pull.
    ///
    /// # Errors
    /// Variables that are missing or do not fit, before anything is sent.
    pub async fn start(settings: ReaderSettings) -> Result<Self, Vec<Mistake>> {
        let ReaderSettings {
            definition,
            mut inputs,
            http,
            authenticator,
            clock,
            pace,
        } = settings;
        // Whether everything is there is known before anything is sent.
        Pull::start(definition.clone(), inputs.clone())?;
        let granted = authenticator.grant().await;
        if let Ok(granted) = &granted {
            inputs.variables.extend(granted.kept());
        }
        let line = Line {
            remote: definition.app().to_string(),
            http,
            authenticator,
            clock,
            pace,
            // Without a bound of the file's own the engine plans no more than it may.
            turns: definition
                .bounds_concurrency()
                .then(|| Semaphore::new(definition.limits().concurrency)),
            carried: Mutex::new(HashMap::new()),
            mask: Mutex::new(Mask::default()),
            watch: None,
        };
        let mut pull = Pull::start(definition, inputs)?;
        match &granted {
            Ok(granted) => line.remember(granted),
            Err(failure) => pull.abandon(no_credentials(failure)),
        }
        Ok(Self {
            pull,
            line: Arc::new(line),
            flights: JoinSet::new(),
        })
    }

    /// What comes next.
    pub async fn next(&mut self) -> Read {
        loop {
            match self.pull.step(self.line.clock.now()) {
                Step::Send(request) => {
                    let wait = request.wait.least;
                    self.flights.spawn(self.line.clone().fly(request));
                    if wait > LONG_WAIT {
                        return Read::Waits(wait);
                    }
                }
                Step::Users(batch) => return Read::Users(batch),
                Step::Done(certificate) => {
                    self.flights.abort_all();
                    return Read::Done(Box::new(self.masked(*certificate)));
                }
                Step::Await => self.land().await,
            }
        }
    }

    /// The counts so far.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        self.pull.certificate()
    }

    /// A text without any of the secrets.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let mask = self
            .line
            .mask
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        mask.apply(text)
    }

    async fn land(&mut self) {
        let now = || self.line.clock.now();
        match self.flights.join_next().await {
            Some(Ok((id, outcome))) => {
                let refused = matches!(&outcome, Outcome::Answered(answer) if answer.status == 401);
                self.pull.receive(id, outcome, now());
                if !refused {
                    self.line.forget(id);
                }
            }
            // A task that panicked, or none where one should be: a defect of ours, and no end of a list.
            Some(Err(_)) | None => {
                let purpose = Purpose::Step {
                    name: "reading".to_owned(),
                };
                let why = "a request was lost within Sando";
                self.pull
                    .abandon(Failure::new(Class::RemoteDown, purpose, why));
            }
        }
    }

    fn masked(&self, mut certificate: Certificate) -> Certificate {
        let mask = self
            .line
            .mask
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(failure) = &mut certificate.failure {
            failure.remote = failure.remote.as_deref().map(|remote| mask.clean(remote));
        }
        certificate.mask(&|text| mask.apply(text));
        certificate
    }
}

pub(super) fn no_credentials(failure: &AuthFailure) -> Failure {
    let fault = credentials_fault(failure);
    let class = match fault.kind {
        FaultKind::Credentials => Class::Credentials,
        FaultKind::Connection | FaultKind::Timeout => Class::RemoteDown,
        FaultKind::TooLarge | FaultKind::Redirect | FaultKind::Refused => Class::Shape,
    };
    Failure {
        status: match failure {
            AuthFailure::Refused { status, .. } => *status,
            AuthFailure::Wrong(_) | AuthFailure::Remote(_) => None,
        },
        ..without_credentials(class, fault.message)
    }
}

/// The request could not be authenticated.
pub(super) fn without_credentials(class: Class, message: String) -> Failure {
    let purpose = Purpose::Step {
        name: "authentication".to_owned(),
    };
    Failure {
        disable: class == Class::Credentials,
        ..Failure::new(class, purpose, message)
    }
}
