//! What a person is due, as SCIM groups: those of the grant, of its role and of its plan.
//!
//! Groups that `group_for` maps to another role or plan are left; all others are none of our business.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use sando_core::effect::Outcome;
use sando_core::ports::RemoteError;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    Errand, ScimProvisioner,
    list::Search,
    wire::{GROUP_SCHEMA, GroupBody, MemberBody, UserBody, patch},
};
use crate::http::unreadable;
use crate::outcome::{done, of_answer, of_error, of_look, refused, was_so};

/// The pause while another process makes a group.
const PAUSE: Duration = Duration::from_millis(250);

/// A group that matters, and whether the user is in it.
struct Membership {
    name: String,
    /// Where it is known already.
    id: Option<String>,
    is_member: bool,
    wanted: bool,
}

impl ScimProvisioner {
    /// Is the user in all groups that are wanted, and in none that another role or plan is?
    pub(super) async fn is_entitled(
        &self,
        user: &UserBody,
        errand: &Errand<'_>,
    ) -> Result<bool, RemoteError> {
        let memberships = self.memberships(user, errand).await?;
        Ok(memberships
            .iter()
            .all(|membership| membership.is_member == membership.wanted))
    }

    /// Adds to what is wanted and removes from what is not; each is harmless to repeat.
    pub(super) async fn entitle(&self, errand: &Errand<'_>) -> Outcome {
        let user = match self.find_user(errand).await {
            Ok(Some(user)) => user,
            Ok(None) => return not_there(),
            Err(error) => return of_look(&error),
        };
        let mut memberships = match self.memberships(&user, errand).await {
            Ok(memberships) => memberships,
            Err(error) => return of_look(&error),
        };
        memberships.retain(|membership| membership.is_member != membership.wanted);
        let id = sando_core::ids::ExternalId::try_from(user.id.clone()).ok();
        if memberships.is_empty() {
            return was_so(id);
        }
        // All groups first: one that is missing must not leave half of it done.
        let mut changes = Vec::new();
        for membership in memberships {
            match self.group_of(&membership, errand).await {
                Ok(group) => changes.push((group, membership.wanted)),
                Err(outcome) => return outcome,
            }
        }
        for (group, wanted) in changes {
            let outcome = self.change_member(&group, &user.id, wanted, errand).await;
            if !matches!(outcome, Outcome::Done { .. }) {
                self.group_ids.lock().await.clear();
                return outcome;
            }
        }
        done(id)
    }

    fn wanted(&self, errand: &Errand<'_>) -> BTreeSet<String> {
        let wanted = &errand.subject.entitlement;
        let groups = &self.provision.group_for;
        let role = wanted.role.as_ref().and_then(|role| groups.role.get(role));
        let plan = wanted.plan.as_ref().and_then(|plan| groups.plan.get(plan));
        wanted
            .groups
            .iter()
            .chain(role)
            .chain(plan)
            .cloned()
            .collect()
    }

    async fn memberships(
        &self,
        user: &UserBody,
        errand: &Errand<'_>,
    ) -> Result<Vec<Membership>, RemoteError> {
        let wanted = self.wanted(errand);
        let group_for = &self.provision.group_for;
        let mapped = group_for.role.values().chain(group_for.plan.values());
        let names: BTreeSet<String> = wanted.iter().chain(mapped).cloned().collect();
        let mut memberships = Vec::new();
        for name in names {
            let (id, is_member) = match shown(user) {
                Some(groups) => {
                    let group = groups
                        .iter()
                        .find(|group| group.display.as_deref() == Some(name.as_str()));
                    (group.and_then(|group| group.value.clone()), group.is_some())
                }
                None => self.asked(user, &name, errand).await?,
            };
            memberships.push(Membership {
                wanted: wanted.contains(&name),
                name,
                id,
                is_member,
            });
        }
        Ok(memberships)
    }

    /// Asks the group itself for its members.
    async fn asked(
        &self,
        user: &UserBody,
        name: &str,
        errand: &Errand<'_>,
    ) -> Result<(Option<String>, bool), RemoteError> {
        let Some(mut group) = self.find_group(name, errand).await? else {
            return Ok((None, false));
        };
        let names = |members: &[MemberBody], id: &str| {
            members
                .iter()
                .any(|member| member.value.as_deref() == Some(id))
        };
        if user
            .groups
            .as_deref()
            .is_some_and(|groups| names(groups, &group.id))
        {
            return Ok((Some(group.id), true));
        }
        if group.members.is_none() {
            let path = self.connection.resource("/Groups", &group.id)?;
            let answer = self.get(self.request(Method::GET, &path, errand)?).await?;
            group = answer.checked()?.parse()?;
        }
        let is_member = group
            .members
            .as_deref()
            .is_some_and(|members| names(members, &user.id));
        Ok((Some(group.id), is_member))
    }

    async fn find_group(
        &self,
        name: &str,
        errand: &Errand<'_>,
    ) -> Result<Option<GroupBody>, RemoteError> {
        let search = Search {
            path: "/Groups",
            attribute: "displayName",
            value: name,
            exact_case: true,
        };
        let mut found = Vec::new();
        for row in self.search(&search, errand).await? {
            let group = GroupBody::deserialize(row)
                .map_err(|_| unreadable(self.remote(), "a group has another shape"))?;
            found.push(group);
        }
        found.dedup_by(|a, b| a.id == b.id);
        if found.len() > 1 {
            return Err(unreadable(
                self.remote(),
                format!(
                    "{} groups are called `{name}`: rename or delete all but one",
                    found.len()
                ),
            ));
        }
        let group = found.pop();
        if let Some(group) = &group {
            let mut ids = self.group_ids.lock().await;
            ids.insert(name.to_owned(), group.id.clone());
        }
        Ok(group)
    }

    /// The id of a group that has to be there.
    async fn group_of(
        &self,
        membership: &Membership,
        errand: &Errand<'_>,
    ) -> Result<String, Outcome> {
        let name = &membership.name;
        if let Some(id) = &membership.id {
            return Ok(id.clone());
        }
        let known = self.group_ids.lock().await.get(name).cloned();
        if let Some(id) = known {
            return Ok(id);
        }
        match self.find_group(name, errand).await {
            Ok(Some(group)) => Ok(group.id),
            Ok(None) if self.provision.create_groups => self.in_turn(name, errand).await,
            Ok(None) => Err(refused(format!(
                "the group `{name}` does not exist in {}: make it there, or set `create_groups: true`",
                self.remote()
            ))),
            Err(error) => Err(of_look(&error)),
        }
    }

    /// Makes a group that is missing, if nobody else does: many servers take a name twice, and then nobody knows which
    /// group is meant. Where it is not known whether it was made, the turn is kept until it would show.
    async fn in_turn(&self, name: &str, errand: &Errand<'_>) -> Result<String, Outcome> {
        let turn_name = format!("group/{}/{name}", self.remote());
        loop {
            let turn = self.turns.take(&turn_name).await;
            let Some(turn) = turn.map_err(|error| of_look(&error))? else {
                if Instant::now() + PAUSE >= errand.until {
                    return Err(Outcome::NotDone {
                        why: format!("somebody else makes the group `{name}`"),
                        retry_after_secs: None,
                    });
                }
                sleep(PAUSE).await;
                match self.find_group(name, errand).await {
                    Ok(Some(group)) => return Ok(group.id),
                    Ok(None) => continue,
                    Err(error) => return Err(of_look(&error)),
                }
            };
            // Whoever had the turn before has perhaps made it.
            let made = match self.find_group(name, errand).await {
                Ok(Some(group)) => Ok(group.id),
                Ok(None) => self.create_group(name, errand).await,
                Err(error) => Err(of_look(&error)),
            };
            if !matches!(made, Err(Outcome::Unknown { .. })) {
                self.turns.give_back(turn).await;
            }
            return made;
        }
    }

    async fn create_group(&self, name: &str, errand: &Errand<'_>) -> Result<String, Outcome> {
        let body = json!({"schemas": [GROUP_SCHEMA], "displayName": name});
        let request = self
            .request(Method::POST, "/Groups", errand)
            .map_err(|error| of_error(&error))?;
        let answer = self
            .send(request, Some(&body))
            .await
            .map_err(|error| of_error(&error))?;
        match answer.status() {
            200..=299 => match answer.parse::<GroupBody>() {
                Ok(group) => Ok(group.id),
                // It is made; the next attempt finds it.
                Err(error) => Err(Outcome::Unknown {
                    why: error.to_string(),
                }),
            },
            409 => match self.find_group(name, errand).await {
                Ok(Some(group)) => Ok(group.id),
                Ok(None) => Err(of_answer(&answer)),
                Err(error) => Err(of_look(&error)),
            },
            _ => Err(of_answer(&answer)),
        }
    }

    /// Takes one user in, or out: however few members a server lets one request name (`members_per_patch`), it is one.
    async fn change_member(
        &self,
        group: &str,
        user: &str,
        wanted: bool,
        errand: &Errand<'_>,
    ) -> Outcome {
        let features = match self.features(errand).await {
            Ok(features) => features,
            Err(error) => return of_look(&error),
        };
        let path = match self.connection.resource("/Groups", group) {
            Ok(path) => path,
            Err(error) => return of_error(&error),
        };
        if !features.patch {
            return self
                .replace(&path, errand, |body| set_member(body, user, wanted))
                .await;
        }
        let body = if wanted {
            patch("add", "members", Some(json!([{"value": user}])))
        } else {
            patch(
                "remove",
                &format!("members[value eq {}]", Value::from(user)),
                None,
            )
        };
        let sent = match self.request(Method::PATCH, &path, errand) {
            Ok(request) => self.send(request, Some(&body)).await,
            Err(error) => Err(error),
        };
        match sent {
            // In it already.
            Ok(answer) if wanted && answer.status() == 409 => was_so(None),
            Ok(answer) => of_answer(&answer),
            Err(error) => of_error(&error),
        }
    }
}

pub(super) fn not_there() -> Outcome {
    Outcome::NotDone {
        why: "the user is not there".to_owned(),
        retry_after_secs: None,
    }
}

/// The groups that the user shows, if it shows any, by name.
fn shown(user: &UserBody) -> Option<&[MemberBody]> {
    let groups = user.groups.as_deref().filter(|groups| !groups.is_empty())?;
    groups
        .iter()
        .all(|group| group.display.is_some())
        .then_some(groups)
}

fn set_member(group: &mut serde_json::Map<String, Value>, user: &str, wanted: bool) {
    let members = group.entry("members").or_insert(Value::Null);
    if !members.is_array() {
        *members = json!([]);
    }
    if let Some(members) = members.as_array_mut() {
        let is_user = |member: &Value| member.get("value").and_then(Value::as_str) == Some(user);
        if !wanted {
            members.retain(|member| !is_user(member));
        } else if !members.iter().any(is_user) {
            members.push(json!({"value": user}));
        }
    }
}
