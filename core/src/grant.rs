//! A grant: one thing a person has or should have in an application, and the one change that may be open on it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::takes_part;
use crate::app::Application;
use crate::audit::AuditValue;
use crate::effect::{Action, Change};
pub use crate::entitlement::Entitlement;
use crate::ids::{AppSlug, ApprovalId, ExternalId, GrantId, PersonId, Slug};
use crate::store::{Entity, Key, Listing, Lookup};

/// Where a grant stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// Due by policy, nothing has been tried.
    Desired,
    /// A change is open that will give it.
    Pending,
    /// The person has it.
    Active,
    /// A change is open that will take it away.
    Revoking,
    /// The person does not have it (any more).
    Revoked,
    /// Given up; a human has it as a task.
    Failed,
}

impl GrantState {
    /// The word in API and lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Desired => "desired",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Revoking => "revoking",
            Self::Revoked => "revoked",
            Self::Failed => "failed",
        }
    }
}

/// One thing a person has or should have in one account of an application.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Derived from person, application and account.
    pub id: GrantId,
    /// Whose.
    pub person: PersonId,
    /// Where.
    pub app: AppSlug,
    /// Which account of the application; `default` where there is only one.
    pub account: Slug,
    /// What is wanted.
    pub wanted: Entitlement,
    /// What was last seen to be held.
    #[serde(default)]
    pub held: Option<Entitlement>,
    /// What was given or intended here and is not known to be taken back: groups outlast a suspension.
    #[serde(default, skip_serializing_if = "Entitlement::is_nothing")]
    pub given: Entitlement,
    /// Where it stands.
    pub state: GrantState,
    /// Rises with every change that is opened.
    pub generation: u32,
    /// The application's id of the user, once known.
    #[serde(default)]
    pub external_id: Option<ExternalId>,
    /// The policies that say so.
    #[serde(default)]
    pub policies: Vec<Slug>,
    /// The open change.
    #[serde(default)]
    pub change: Option<Change>,
    /// An intent to create was committed when nobody was there, and nothing has disproved since that it was carried
    /// out: a user who shows up is ours.
    #[serde(default)]
    pub creation_intended: bool,
    /// It was seen in a roster under an address that is the person's, and nobody here gave it (L10).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_roster: bool,
    /// What was held before it was last taken away (L10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
    /// The approval that was asked for what is wanted, if one is needed.
    #[serde(default)]
    pub approval: Option<ApprovalId>,
    /// How often an approval was asked for it.
    #[serde(default)]
    pub asked: u32,
    /// Why it failed or waits.
    #[serde(default)]
    pub reason: Option<String>,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// What was held before it was taken away, so that a leaving can be undone.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Before {
    /// The change that took it.
    pub generation: u32,
    /// When.
    pub at: Timestamp,
    /// The entitlement, encrypted with the person's key.
    pub held: AuditValue,
    /// What the application showed besides, encrypted as well: somebody gave it by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<AuditValue>,
}

impl Grant {
    /// The id of what a person has in an account: always the same.
    #[must_use]
    pub fn id_of(person: &PersonId, app: &AppSlug, account: &Slug) -> GrantId {
        GrantId::derived(&[person.as_str(), app.as_str(), account.as_str()])
    }

    /// The id of what a person has in the one account of an application.
    #[must_use]
    pub fn id_for(person: &PersonId, app: &AppSlug) -> GrantId {
        Self::id_of(person, app, &default_account())
    }

    /// A grant that policies ask for and nothing has been done about.
    #[must_use]
    pub fn desired(person: &PersonId, app: &AppSlug, wanted: Entitlement, now: Timestamp) -> Self {
        let account = default_account();
        Self {
            id: Self::id_of(person, app, &account),
            person: person.clone(),
            app: app.clone(),
            account,
            wanted,
            held: None,
            given: Entitlement::default(),
            state: GrantState::Desired,
            generation: 0,
            external_id: None,
            policies: Vec::new(),
            change: None,
            creation_intended: false,
            from_roster: false,
            before: None,
            approval: None,
            asked: 0,
            reason: None,
            changed_at: now,
        }
    }

    /// What was given here and perhaps is there still; what a roster alone shows was not.
    #[must_use]
    pub fn given(&self) -> Entitlement {
        let held = self.held.clone().filter(|_| !self.from_roster);
        held.unwrap_or_default().with(self.given.clone())
    }

    /// Does what is wanted take away part of what is held?
    #[must_use]
    pub fn loses_part(&self, app: Option<&Application>) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| takes_part(held, &self.wanted, app))
    }

    /// Taking it away is called off: it stands as it did, or is wanted again where a part of it is gone already.
    pub fn keep(&mut self) {
        let is_part = |action: &Action| matches!(action, Action::ReleasePlan | Action::Suspend);
        let change = self.change.take();
        let is_whole = |change: Change| {
            // A seat that may have been given back shows nowhere; a suspended user would have been seen.
            let seat = change.phase.has_intent() && change.phase.tries(Action::ReleasePlan);
            !seat && !change.made.iter().any(is_part)
        };
        let whole = change.is_none_or(is_whole);
        if matches!(self.state, GrantState::Revoking | GrantState::Active) {
            let held = whole && self.held.is_some();
            self.state = if held {
                GrantState::Active
            } else {
                GrantState::Desired
            };
        }
    }

    /// How it stands, for the audit: what is held, and who or what said so.
    #[must_use]
    pub fn recorded(&self) -> Value {
        json!({
            "state": self.state, "held": self.held, "policies": self.policies, "approval": self.approval,
        })
    }

    /// Was it found in a roster, and no policy gives it either?
    #[must_use]
    pub fn is_found(&self) -> bool {
        self.from_roster && self.policies.is_empty()
    }

    /// Might the person have something in the application because of this grant?
    #[must_use]
    pub fn may_be_held(&self) -> bool {
        let intended = self
            .change
            .as_ref()
            .is_some_and(|change| change.phase.has_intent());
        self.creation_intended
            || intended
            || self.external_id.is_some() && self.state != GrantState::Revoked
            || self.held.is_some()
    }

    /// Does the person have something in the application because of this grant, or may they?
    #[must_use]
    pub fn counts_as_held(&self) -> bool {
        self.state != GrantState::Revoked && self.may_be_held()
    }
}

/// Under whom the grants of an application are looked up: an id that stands for the application.
#[must_use]
pub fn holders_of(app: &AppSlug) -> PersonId {
    PersonId::derived(&["holders", app.as_str()])
}

fn default_account() -> Slug {
    Slug::parse("default").expect("the word is a slug")
}

impl Entity for Grant {
    const KIND: &'static str = "grant";

    fn key(&self) -> Key {
        Key::Grant(self.person.clone(), self.id.clone())
    }

    fn listing(&self) -> Option<Listing> {
        Some(Listing {
            kind: Self::KIND,
            state: self.state.as_str(),
            at: self.changed_at,
        })
    }

    /// Under its application, for as long as it counts as held.
    fn lookup(&self) -> Option<Lookup> {
        self.counts_as_held().then(|| Lookup {
            person: holders_of(&self.app),
            kind: Self::KIND,
            at: self.changed_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_looked_up_by_its_application_while_something_may_be_held() {
        let person = PersonId::derived(&["ada"]);
        let figma = AppSlug::parse("figma").unwrap();
        let wanted = Entitlement::default();
        let mut grant = Grant::desired(&person, &figma, wanted.clone(), Timestamp::UNIX_EPOCH);
        assert_eq!(grant.lookup(), None, "nothing was tried yet");

        grant.state = GrantState::Active;
        grant.held = Some(wanted);
        let lookup = grant.lookup().unwrap();
        assert_eq!(lookup.person, holders_of(&figma));
        assert_ne!(lookup.person, holders_of(&AppSlug::parse("desk").unwrap()));

        // A suspended user may be found again, and has nothing.
        grant.state = GrantState::Revoked;
        grant.held = None;
        grant.creation_intended = true;
        assert_eq!(grant.lookup(), None);
    }

    #[test]
    fn what_was_given_is_what_was_held_and_intended_and_not_what_a_roster_alone_shows() {
        let with = |plan: Option<&str>, groups: &[&str]| Entitlement {
            plan: plan.map(str::to_owned),
            role: None,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        };
        let app = AppSlug::parse("figma").unwrap();
        let person = PersonId::derived(&["ada"]);
        let wanted = Entitlement::default();
        let mut grant = Grant::desired(&person, &app, wanted, Timestamp::UNIX_EPOCH);
        grant.held = Some(with(Some("pro"), &["eng"]));
        grant.given = with(None, &["ops"]);

        assert_eq!(grant.given(), with(Some("pro"), &["eng", "ops"]));
        grant.from_roster = true;
        assert_eq!(grant.given(), with(None, &["ops"]));
        let stored = serde_json::to_value(&grant).unwrap();
        assert_eq!(serde_json::from_value::<Grant>(stored).unwrap(), grant);
    }
}
