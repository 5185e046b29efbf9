//! Who may decide: whom the policy names, their deputies, and an administrator as an override; never about access of
//! their own, never about what they asked for themselves.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::advance::filled;
use crate::person::{CanonicalEmail, Person};
use crate::policy::ApprovalRule;

use super::Approval;

/// Who decides what nobody else can.
pub(super) const NOBODY_ELSE: &str = "role:admin";

/// Before an address in somebody's names that nobody has verified: it keeps them from a matter that may be their own, and
/// lets them decide nothing.
pub const CLAIMED: &str = "claimed:";

/// Somebody who wants to decide.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Decider {
    /// As the audit names them.
    pub actor: String,
    /// Who they are for approvals: roles, groups, addresses.
    pub names: BTreeSet<String>,
    /// An administrator may override, but not in a matter of their own.
    pub is_admin: bool,
}

/// Why somebody may not decide.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// It is access of their own.
    #[error("nobody decides about access of their own")]
    OwnAccess,
    /// They asked for it.
    #[error("nobody decides about what they asked for themselves")]
    OwnRequest,
    /// They are not among those who are asked.
    #[error("only those who are asked may decide")]
    NotAsked,
}

impl Refusal {
    /// For programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OwnAccess => "own_access",
            Self::OwnRequest => "own_request",
            Self::NotAsked => "not_an_approver",
        }
    }
}

/// Roles with the addresses of who has them, as the settings tell.
pub type Roles = BTreeMap<String, Vec<String>>;

impl Decider {
    fn addresses(&self) -> BTreeSet<CanonicalEmail> {
        let actor = self.actor.rsplit(':').next().unwrap_or_default();
        self.names
            .iter()
            .map(String::as_str)
            .filter(|name| !name.starts_with(CLAIMED))
            .chain([actor])
            .filter_map(|name| CanonicalEmail::parse(name).ok())
            .collect()
    }

    /// The same, with addresses that nobody has verified.
    fn perhaps(&self) -> BTreeSet<CanonicalEmail> {
        let claimed = self.names.iter();
        let claimed = claimed.filter_map(|name| name.strip_prefix(CLAIMED));
        let claimed = claimed.filter_map(|address| CanonicalEmail::parse(address).ok());
        claimed.chain(self.addresses()).collect()
    }

    /// Is this who is meant by an address, `role:…` or `group:…`?
    #[must_use]
    pub fn is(&self, who: &str, roles: &Roles) -> bool {
        if who.starts_with(CLAIMED) {
            return false;
        }
        if self.names.contains(who) || self.actor == who {
            return true;
        }
        let addresses = self.addresses();
        let has = |address: &str| {
            CanonicalEmail::parse(address).is_ok_and(|address| addresses.contains(&address))
        };
        match who.split_once(':') {
            Some(("role" | "group", name)) => {
                self.names.contains(name)
                    || self.is_admin && who == NOBODY_ELSE
                    || roles
                        .get(name)
                        .is_some_and(|members| members.iter().any(|member| has(member)))
            }
            _ => has(who),
        }
    }

    /// Is this the same human, as far as can be told?
    fn is_same(&self, other: &Self) -> bool {
        self.actor == other.actor || !self.perhaps().is_disjoint(&other.perhaps())
    }

    /// Is this the person, as far as can be told?
    fn is_person(&self, person: &Person) -> bool {
        !self.perhaps().is_disjoint(&addresses_of(person))
    }

    /// May they decide now, and only as an override?
    ///
    /// # Errors
    /// [`Refusal`]: no administrator, approver or deputy decides in a matter of their own.
    pub fn may_decide(
        &self,
        approval: &Approval,
        person: &Person,
        requester: Option<&Self>,
        roles: &Roles,
        now: Timestamp,
    ) -> Result<Power, Refusal> {
        self.is_not_concerned(person, requester)?;
        let asked = |all: Vec<&str>| all.into_iter().any(|who| self.is(who, roles));
        if asked(approval.first_hand().collect()) {
            Ok(Power::Own)
        } else if asked(approval.may_decide(now)) {
            Ok(Power::Deputy)
        } else if self.is_admin {
            Ok(Power::Override)
        } else {
            Err(Refusal::NotAsked)
        }
    }

    /// Is the matter somebody else's?
    ///
    /// # Errors
    /// [`Refusal::OwnAccess`], [`Refusal::OwnRequest`].
    pub fn is_not_concerned(
        &self,
        person: &Person,
        requester: Option<&Self>,
    ) -> Result<(), Refusal> {
        if self.is_person(person) {
            return Err(Refusal::OwnAccess);
        }
        if requester.is_some_and(|requester| self.is_same(requester)) {
            return Err(Refusal::OwnRequest);
        }
        Ok(())
    }
}

/// By what right somebody decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Power {
    /// They are asked.
    Own,
    /// In an approver's place.
    Deputy,
    /// As an administrator, by hand.
    Override,
}

/// The addresses that a person is known by.
fn addresses_of(person: &Person) -> BTreeSet<CanonicalEmail> {
    let attributes = ["work_email", "personal_email", "email"]
        .into_iter()
        .filter_map(|name| person.text(name))
        .filter_map(|address| CanonicalEmail::parse(address).ok());
    let known = person.identifiers.emails.iter().cloned();
    known.chain(attributes).collect()
}

/// Whom the policy names, with `{manager}` and the like filled in; not the person it is about.
pub(super) fn asked_first(rule: &ApprovalRule, person: &Person) -> Vec<String> {
    let own = addresses_of(person);
    let is_own = |who: &String| CanonicalEmail::parse(who).is_ok_and(|email| own.contains(&email));
    rule.by
        .iter()
        .filter(|who| !who.contains('{') || is_known(who, person))
        .map(|who| filled(who, person))
        .filter(|who| !is_own(who))
        .collect()
}

/// Does the person have every attribute that the template names?
fn is_known(template: &str, person: &Person) -> bool {
    let mut names = template.split('{').skip(1);
    names.all(|rest| {
        let name = rest.split('}').next().unwrap_or_default();
        person.attribute(name).is_some()
    })
}
