//! Makes single effects on a user, each sent once.

use http::Method;
use sando_core::effect::{Action, Outcome};
use sando_core::ids::ExternalId;
use sando_core::ports::RemoteError;
use serde_json::{Map, Value};

use super::{
    Errand, ScimProvisioner,
    groups::not_there,
    user::new_user,
    wire::{UserBody, patch},
};
use crate::http::{Answer, unreadable};
use crate::outcome::{done, of_answer, of_error, of_look, refused, was_so};

impl ScimProvisioner {
    pub(super) async fn effect(&self, action: Action, errand: &Errand<'_>) -> Outcome {
        match action {
            Action::Create => self.create(errand).await,
            Action::Restore => self.set_active(true, errand).await,
            Action::Suspend => self.set_active(false, errand).await,
            Action::Entitle => self.entitle(errand).await,
            Action::Remove => self.remove(errand).await,
            Action::ReleasePlan => self.release_plan(errand).await,
            Action::RevokeSessions | Action::Send => {
                refused(format!("SCIM has no action `{}`", action.as_str()))
            }
        }
    }

    async fn create(&self, errand: &Errand<'_>) -> Outcome {
        let body = match new_user(&self.provision, errand.subject) {
            Ok(body) => body,
            Err(why) => return refused(why),
        };
        let sent = match self.request(Method::POST, "/Users", errand) {
            Ok(request) => self.send(request, Some(&body)).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(answer) if answer.is_success() => {
                // Without a readable id it is made all the same: the next look finds it.
                let user = answer.parse::<UserBody>().ok();
                done(user.and_then(|user| ExternalId::try_from(user.id).ok()))
            }
            Ok(answer) if answer.status() == 409 => was_so(None),
            Ok(answer) => of_answer(&answer),
            Err(error) => of_error(&error),
        }
    }

    async fn set_active(&self, active: bool, errand: &Errand<'_>) -> Outcome {
        let (id, path) = match self.user_path(errand).await {
            Ok(Some(found)) => found,
            Ok(None) if active => return not_there(),
            Ok(None) => return was_so(None),
            Err(error) => return of_look(&error),
        };
        let outcome = match self.patch_active(active, &path, errand).await {
            Ok(Some(answer)) if answer.status() == 404 => match active {
                true => not_there(),
                false => was_so(None),
            },
            Ok(Some(answer)) => of_answer(&answer),
            Ok(None) => {
                self.replace(&path, errand, |user| {
                    user.remove("groups");
                    user.insert("active".to_owned(), Value::Bool(active));
                })
                .await
            }
            Err(outcome) => outcome,
        };
        match outcome {
            Outcome::Done {
                was_so: false,
                external_id: None,
            } => done(Some(id)),
            other => other,
        }
    }

    /// Nothing if the server does not know PATCH, so that nothing was done.
    async fn patch_active(
        &self,
        active: bool,
        path: &str,
        errand: &Errand<'_>,
    ) -> Result<Option<Answer>, Outcome> {
        let features = self
            .features(errand)
            .await
            .map_err(|error| of_look(&error))?;
        if !features.patch {
            return Ok(None);
        }
        let value = match (self.provision.quirks.patch_active_as_text, active) {
            (false, active) => Value::Bool(active),
            (true, true) => Value::from("True"),
            (true, false) => Value::from("False"),
        };
        let body = patch("replace", "active", Some(value));
        let request = self
            .request(Method::PATCH, path, errand)
            .map_err(|error| of_error(&error))?;
        let answer = self
            .send(request, Some(&body))
            .await
            .map_err(|error| of_error(&error))?;
        Ok(Some(answer).filter(|answer| !matches!(answer.status(), 405 | 501)))
    }

    async fn remove(&self, errand: &Errand<'_>) -> Outcome {
        let (id, path) = match self.user_path(errand).await {
            Ok(Some(found)) => found,
            Ok(None) => return was_so(None),
            Err(error) => return of_look(&error),
        };
        let sent = match self.request(Method::DELETE, &path, errand) {
            Ok(request) => self.send(request, None).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(answer) if answer.is_success() => done(Some(id)),
            Ok(answer) if answer.status() == 404 => was_so(Some(id)),
            Ok(answer) => of_answer(&answer),
            Err(error) => of_error(&error),
        }
    }

    /// Reads a resource, changes it, and puts it back: only if nobody changed it in between, where the server can tell.
    pub(super) async fn replace(
        &self,
        path: &str,
        errand: &Errand<'_>,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Outcome {
        let (mut body, version) = match self.resource(path, errand).await {
            Ok(found) => found,
            Err(RemoteError::Refused { status: 404, .. }) => return not_there(),
            Err(error) => return of_look(&error),
        };
        body.remove("meta");
        change(&mut body);
        let request = self
            .request(Method::PUT, path, errand)
            .and_then(|request| match &version {
                Some(version) => request.header("if-match", version),
                None => Ok(request),
            });
        let sent = match request {
            Ok(request) => self.send(request, Some(&Value::Object(body))).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(answer) if answer.status() == 412 => Outcome::NotDone {
                why: "it was changed in between".to_owned(),
                retry_after_secs: None,
            },
            Ok(answer) => of_answer(&answer),
            Err(error) => of_error(&error),
        }
    }

    /// A resource with the version that a PUT has to name, where the server supports it.
    async fn resource(
        &self,
        path: &str,
        errand: &Errand<'_>,
    ) -> Result<(Map<String, Value>, Option<String>), RemoteError> {
        let features = self.features(errand).await?;
        let answer = self
            .get(self.request(Method::GET, path, errand)?)
            .await?
            .checked()?;
        let Value::Object(body) = answer.json()? else {
            return Err(unreadable(self.remote(), "the resource is no object"));
        };
        let in_body = body
            .get("meta")
            .and_then(|meta| meta.get("version")?.as_str());
        let version = answer
            .header("etag")
            .or_else(|| in_body.filter(|_| features.etag))
            .map(str::to_owned);
        Ok((body, version))
    }

    /// The id and path of the user, looked for if it is not known yet.
    async fn user_path(
        &self,
        errand: &Errand<'_>,
    ) -> Result<Option<(ExternalId, String)>, RemoteError> {
        let id = match &errand.subject.external_id {
            Some(id) => id.clone(),
            None => match self.find_user(errand).await? {
                Some(user) => ExternalId::try_from(user.id)
                    .map_err(|_| unreadable(self.remote(), "the user has no usable id"))?,
                None => return Ok(None),
            },
        };
        let path = self.connection.resource("/Users", id.as_str())?;
        Ok(Some((id, path)))
    }
}
