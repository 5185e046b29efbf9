//! What a person is due, as SCIM groups: those of the grant, of its role and of its plan.
//!
//! Groups that `group_for` maps to another role or plan are left, and those that were given and are not wanted any more; all others
//! are none of our business.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::Method;
use sando_core::effect::Outcome;
use sando_core::grant::Entitlement;
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

/// So many groups of a user are taken note of, with names of so many bytes.
const MOST: usize = 50;
const LONGEST: usize = 200;

/// A group that matters, and whether the user is in it.
pub(super) struct Membership {
    name: String,
    /// Where it is known already.
    id: Option<String>,
    is_member: bool,
    wanted: bool,
}

impl ScimProvisioner {
    /// Adds to what is wanted and removes from what is not; each is harmless to repeat.
    pub(super) async fn entitle(&self, errand: &Errand<'_>) -> Outcome {
        let user = match self.find_user(errand).await {
            Ok(Some(user)) => user,
            Ok(None) => return not_there(),
            Err(error) => return of_look(&error),
        };
        match self.memberships(&user, errand).await {
            Ok(memberships) => self.bring_about(memberships, &user, errand).await,
            Err(error) => of_look(&error),
        }
    }

    /// Takes the user out of every group that a plan is, so that its seat is free; harmless to repeat.
    pub(super) async fn release_plan(&self, errand: &Errand<'_>) -> Outcome {
        let user = match self.find_user(errand).await {
            Ok(Some(user)) => user,
            Ok(None) => return was_so(None),
            Err(error) => return of_look(&error),
        };
        match self.seats(&user, errand).await {
            Ok(mut seats) => {
                seats.iter_mut().for_each(|seat| seat.wanted = false);
                self.bring_about(seats, &user, errand).await
            }
            Err(error) => of_look(&error),
        }
    }

    async fn bring_about(
        &self,
        mut memberships: Vec<Membership>,
        user: &UserBody,
        errand: &Errand<'_>,
    ) -> Outcome {
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
        let mut came = done(id);
        for (group, wanted) in changes {
            let outcome = self.change_member(&group, &user.id, wanted, errand).await;
            if matches!(outcome, Outcome::Done { .. }) {
                continue;
            }
            self.group_ids.lock().await.clear();
            came = outcome;
            // One that nobody may write, "Everyone" perhaps, holds up no other.
            if !matches!(came, Outcome::Refused { .. }) {
                break;
            }
        }
        came
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

    /// The groups that are wanted, those that were given, and those that any role or plan is.
    pub(super) async fn memberships(
        &self,
        user: &UserBody,
        errand: &Errand<'_>,
    ) -> Result<Vec<Membership>, RemoteError> {
        let wanted = self.wanted(errand);
        let group_for = &self.provision.group_for;
        let mapped = group_for.role.values().chain(group_for.plan.values());
        let given = &errand.subject.given.groups;
        let names = wanted.iter().chain(given).chain(mapped).cloned().collect();
        self.those_of(user, names, errand).await
    }

    /// The groups that any plan is.
    pub(super) async fn seats(
        &self,
        user: &UserBody,
        errand: &Errand<'_>,
    ) -> Result<Vec<Membership>, RemoteError> {
        let names = self.provision.group_for.plan.values().cloned().collect();
        self.those_of(user, names, errand).await
    }

    async fn those_of(
        &self,
        user: &UserBody,
        names: BTreeSet<String>,
        errand: &Errand<'_>,
    ) -> Result<Vec<Membership>, RemoteError> {
        let wanted = self.wanted(errand);
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

    /// What the user has, as far as it shows: the role and the plan that its groups are, and the other groups.
    pub(super) fn holdings(
        &self,
        user: &UserBody,
        memberships: &[Membership],
        errand: &Errand<'_>,
    ) -> Entitlement {
        let of_user = shown(user).unwrap_or_default().iter();
        let of_user = of_user.filter_map(|group| group.display.as_deref());
        let asked = memberships.iter().filter(|one| one.is_member);
        let asked = asked.map(|one| one.name.as_str());
        let names: BTreeSet<&str> = asked.chain(of_user).collect();
        let wanted = &errand.subject.entitlement;
        let group_for = &self.provision.group_for;
        let mapped = |name: &str| {
            let mut all = group_for.role.values().chain(group_for.plan.values());
            all.any(|group| group == name)
        };
        let others = names
            .iter()
            .filter(|name| !mapped(name) && name.len() <= LONGEST);
        Entitlement {
            plan: held(&group_for.plan, &names, wanted.plan.as_ref()),
            role: held(&group_for.role, &names, wanted.role.as_ref()),
            groups: others.take(MOST).map(|name| (*name).to_owned()).collect(),
        }
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

/// Is the user in all groups that are wanted, and in none that were given before or another role or plan is?
pub(super) fn is_as_wanted(memberships: &[Membership]) -> bool {
    let fits = |one: &Membership| one.is_member == one.wanted;
    memberships.iter().all(fits)
}

/// The role or plan that somebody has by these groups; rather another one than the one that was given.
fn held(
    group_for: &BTreeMap<String, String>,
    names: &BTreeSet<&str>,
    given: Option<&String>,
) -> Option<String> {
    let usual = given.and_then(|given| group_for.get(given));
    let has = |group: &String| names.contains(group.as_str());
    let mut others = group_for.iter().filter(|(_, group)| Some(*group) != usual);
    let other = others.find(|(_, group)| has(group)).map(|(name, _)| name);
    other.or(given.filter(|_| usual.is_some_and(has))).cloned()
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
