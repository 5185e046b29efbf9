//! The declarative HTTP provisioner: requests as the application file writes them.
//!
//! Values in URLs are percent-encoded, values in JSON are JSON: a value changes nothing but itself.

mod action;
mod find;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sando_core::app::{ActionRequest, HttpProvision};
use sando_core::definition::Carried;
use sando_core::effect::{Action, Outcome};
use sando_core::ids::{EffectKey, ExternalId};
use sando_core::ports::{Clock, FoundUser, Provisioner, RemoteError, Subject};
use sando_core::template::RenderError;
use serde_json::Value;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::http::{Answer, Request};
use crate::outcome::{done, of_answer, of_error, refused, was_so};
use crate::subject::{lookup, personal};

use action::CompiledAction;

/// Everything in one look or effect ends within this; the lease (90 s) outlives both together.
const WITHIN: Duration = Duration::from_secs(20);

/// An application with an HTTP API of its own.
pub struct HttpProvisioner {
    connection: Connection,
    actions: Actions,
    clock: Arc<dyn Clock>,
}

/// The compiled requests.
struct Actions {
    find: Option<CompiledAction>,
    create: Option<CompiledAction>,
    update: Option<CompiledAction>,
    suspend: Option<CompiledAction>,
    restore: Option<CompiledAction>,
    remove: Option<CompiledAction>,
    assign_plan: Option<CompiledAction>,
    release_plan: Option<CompiledAction>,
    revoke_sessions: Option<CompiledAction>,
}

/// Why a request was not made.
enum NotMade {
    /// A placeholder has no value, or one that cannot stand there.
    Value(RenderError),
    Remote(RemoteError),
}

impl HttpProvisioner {
    fn new(
        connection: Connection,
        provision: &HttpProvision,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RemoteError> {
        let compile = |name: &str, request: &Option<ActionRequest>| {
            request
                .as_ref()
                .map(CompiledAction::compile)
                .transpose()
                .map_err(|why| RemoteError::Forbidden {
                    remote: connection.remote().to_owned(),
                    why: format!("the action `{name}`: {why}"),
                })
        };
        let named = &provision.actions;
        let actions = Actions {
            find: compile("find", &named.find)?,
            create: compile("create", &named.create)?,
            update: compile("update", &named.update)?,
            suspend: compile("suspend", &named.suspend)?,
            restore: compile("restore", &named.restore)?,
            remove: compile("remove", &named.remove)?,
            assign_plan: compile("assign_plan", &named.assign_plan)?,
            release_plan: compile("release_plan", &named.release_plan)?,
            revoke_sessions: compile("revoke_sessions", &named.revoke_sessions)?,
        };
        Ok(Self {
            connection,
            actions,
            clock,
        })
    }

    /// Variables first: no attribute can stand in for one.
    fn value(&self, subject: &Subject, name: &str) -> Option<Value> {
        match self.connection.variable(name) {
            Some(variable) => Some(Value::from(variable)),
            None => lookup(subject, name),
        }
    }

    fn request(
        &self,
        action: &CompiledAction,
        carried: &[Carried],
        subject: &Subject,
        until: Instant,
    ) -> Result<Request, NotMade> {
        let value = |name: &str| self.value(subject, name);
        let request = action.request(&self.connection, &value, carried)?;
        let request = request.until(until).masked(&personal(subject));
        Ok(request.noted(&subject.calls))
    }

    async fn run(
        &self,
        action: Option<&CompiledAction>,
        subject: &Subject,
        until: Instant,
    ) -> Outcome {
        let Some(action) = action else {
            return refused("the application has no such action");
        };
        let request = match self.request(action, &[], subject, until) {
            Ok(request) => request,
            Err(NotMade::Value(error)) => return refused(error.to_string()),
            Err(NotMade::Remote(error)) => return of_error(&error),
        };
        match self.connection.send_once(request).await {
            Ok(answer) => self.outcome(action, &answer),
            Err(error) => of_error(&error),
        }
    }

    fn outcome(&self, action: &CompiledAction, answer: &Answer) -> Outcome {
        if action.says_was_so(answer.status()) {
            return was_so(None);
        }
        if !answer.is_success() {
            return of_answer(answer);
        }
        let id = action
            .id
            .as_ref()
            .and_then(|path| external_id(path.find(&answer.json().ok()?)?.as_ref()));
        done(id)
    }

    /// The role, then the plan, or that it is taken back; all are as harmless to repeat as setting a value is.
    async fn entitle(&self, subject: &Subject, until: Instant) -> Outcome {
        let wanted = &subject.entitlement;
        let role = self
            .actions
            .update
            .as_ref()
            .filter(|_| wanted.role.is_some());
        let plan = self
            .actions
            .assign_plan
            .as_ref()
            .filter(|_| wanted.plan.is_some());
        let release = self.actions.release_plan.as_ref();
        let release = release.filter(|_| subject.to_release().is_some());
        let mut last = was_so(subject.external_id.clone());
        for action in role.into_iter().chain(plan).chain(release) {
            last = self.run(Some(action), subject, until).await;
            if !matches!(last, Outcome::Done { .. }) {
                return last;
            }
        }
        last
    }
}

#[async_trait]
impl Provisioner for HttpProvisioner {
    async fn find(&self, subject: &Subject) -> Result<Option<FoundUser>, RemoteError> {
        self.look(subject, Instant::now() + WITHIN).await
    }

    async fn make(&self, action: Action, subject: &Subject, _: &EffectKey) -> Outcome {
        let until = Instant::now() + WITHIN;
        let actions = &self.actions;
        let request = match action {
            Action::Entitle => return self.entitle(subject, until).await,
            Action::Create => &actions.create,
            Action::Restore => &actions.restore,
            Action::RevokeSessions => &actions.revoke_sessions,
            Action::ReleasePlan => &actions.release_plan,
            Action::Suspend => &actions.suspend,
            Action::Remove => &actions.remove,
            Action::Send => &None,
        };
        self.run(request.as_ref(), subject, until).await
    }
}

/// An id as applications write them: text or number.
fn external_id(value: &Value) -> Option<ExternalId> {
    let text = sando_core::path::of_scalar(value)?;
    ExternalId::try_from(text.into_owned()).ok()
}

/// The provisioner as the port.
///
/// # Errors
/// `Forbidden` if an action cannot be compiled.
pub(crate) fn provisioner(
    connection: Connection,
    provision: &HttpProvision,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Provisioner>, RemoteError> {
    Ok(Arc::new(HttpProvisioner::new(
        connection, provision, clock,
    )?))
}
