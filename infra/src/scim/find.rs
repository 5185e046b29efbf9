//! Looks for a person's user: by its id, by ours, by name; and whether it has what is wanted.

use http::Method;
use sando_core::grant::Entitlement;
use sando_core::ids::ExternalId;
use sando_core::ports::{FoundUser, RemoteError};
use serde::Deserialize;
use serde_json::Value;

use super::{Errand, ScimProvisioner, groups::is_as_wanted, list::Search, user, wire::UserBody};
use crate::http::unreadable;

impl ScimProvisioner {
    pub(super) async fn look(&self, errand: &Errand<'_>) -> Result<Option<FoundUser>, RemoteError> {
        let Some(user) = self.find_user(errand).await? else {
            return Ok(None);
        };
        let (entitled, shown) = self.shown_to_have(&user, errand).await?;
        let id = errand.subject.person.id.as_str();
        Ok(Some(FoundUser {
            ours: user.external_id.as_str() == Some(id),
            active: user.is_active(),
            entitled,
            seated: Some(shown.plan.is_some()),
            shown: Some(shown),
            external_id: ExternalId::try_from(user.id)
                .map_err(|_| unreadable(self.remote(), "the user has no usable id"))?,
        }))
    }

    /// Whether the user has what is wanted, and what it has. Of an inactive user only the seat is asked for. Where groups are
    /// not for us to see, nothing shows: whoever leaves is suspended all the same.
    async fn shown_to_have(
        &self,
        user: &UserBody,
        errand: &Errand<'_>,
    ) -> Result<(Option<bool>, Entitlement), RemoteError> {
        let active = user.is_active();
        let looked = if active {
            self.memberships(user, errand).await
        } else {
            self.seats(user, errand).await
        };
        match looked {
            Ok(memberships) => {
                let entitled = active.then(|| is_as_wanted(&memberships));
                Ok((entitled, self.holdings(user, &memberships, errand)))
            }
            Err(error) if error.is_passing() => Err(error),
            Err(error) => {
                tracing::warn!(app.slug = self.remote(), %error, "the groups cannot be read");
                Ok((None, Entitlement::default()))
            }
        }
    }

    /// The user: by the application's id if known, by our id, then by name.
    pub(super) async fn find_user(
        &self,
        errand: &Errand<'_>,
    ) -> Result<Option<UserBody>, RemoteError> {
        if let Some(id) = &errand.subject.external_id {
            let path = self.connection.resource("/Users", id.as_str())?;
            let answer = self.get(self.request(Method::GET, &path, errand)?).await?;
            if answer.status() != 404 {
                return answer.checked()?.parse().map(Some);
            }
        }
        let ours = Search {
            path: "/Users",
            attribute: "externalId",
            value: errand.subject.person.id.as_str(),
            exact_case: true,
        };
        if let Some(user) = self.the_only(&ours, errand).await? {
            return Ok(Some(user));
        }
        // Without a name nothing can be looked for; making the user will say what is missing.
        let Some(name) = user::user_name(&self.provision, errand.subject) else {
            return Ok(None);
        };
        let named = Search {
            path: "/Users",
            attribute: "userName",
            value: &name,
            exact_case: false,
        };
        self.the_only(&named, errand).await
    }

    async fn the_only(
        &self,
        search: &Search<'_>,
        errand: &Errand<'_>,
    ) -> Result<Option<UserBody>, RemoteError> {
        let mut users: Vec<UserBody> = Vec::new();
        for row in self.search(search, errand).await? {
            let user = self.user(&row)?;
            if !users.iter().any(|known| known.id == user.id) {
                users.push(user);
            }
        }
        match users.len() {
            0 | 1 => Ok(users.pop()),
            count => Err(unreadable(
                self.remote(),
                format!("{count} users have the same `{}`", search.attribute),
            )),
        }
    }

    fn user(&self, row: &Value) -> Result<UserBody, RemoteError> {
        UserBody::deserialize(row)
            .map_err(|_| unreadable(self.remote(), "a user has another shape"))
    }
}
