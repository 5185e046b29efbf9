//! What Lever says about one candidacy, in our words: the facts that events come from, and the document that
//! attributes are read from. Lever's JSON is known to the adapter only.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use crate::ids::{EventId, LeverId};
use crate::path::Path;
use crate::person::CanonicalEmail;

/// What configuration reads of a candidacy: everything else is dropped at the parser, pay above all (L2).
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Paths over `{opportunity, contact, application, posting, requisition, offer, stage, archive_reason, forms,
    /// feedback, users}`.
    pub paths: Vec<Path>,
    /// Paths whose value is a Lever user id to be looked up.
    pub users: Vec<Path>,
}

impl Needs {
    /// Is anything of this part of the document needed?
    #[must_use]
    pub fn part(&self, name: &str) -> bool {
        self.paths
            .iter()
            .chain(&self.users)
            .any(|path| path.to_string().split(['.', '[']).next() == Some(name))
    }
}

/// How a candidacy was archived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Archived {
    /// When.
    pub at: Timestamp,
    /// The reason's id.
    pub reason: LeverId,
    /// The reason is of type `hired`.
    pub hired: bool,
}

/// Where the offer stands, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OfferState {
    /// There is none.
    None,
    /// At least one is neither denied nor revoked.
    Open,
    /// All are denied or revoked.
    Denied,
}

/// One candidacy, as read at one moment.
#[derive(Clone)]
pub struct Candidacy {
    /// The opportunity.
    pub opportunity: LeverId,
    /// The contact: the human as Lever knows them.
    pub contact: Option<LeverId>,
    /// Set while it is archived.
    pub archived: Option<Archived>,
    /// The present stage, and when it was entered.
    pub stage: Option<(LeverId, Timestamp)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed, if Lever tells.
    pub updated_at: Option<Timestamp>,
    /// The application, if there is one.
    pub application: Option<LeverId>,
    /// Where the offer stands.
    pub offer: OfferState,
    /// All addresses that Lever knows.
    pub emails: Vec<String>,
    /// What [`Needs`] names, and nothing else. Personal.
    pub document: Value,
}

impl Candidacy {
    /// The addresses as people are matched by them; what is none is left out.
    pub fn addresses(&self) -> impl Iterator<Item = CanonicalEmail> {
        let emails = self.emails.iter();
        emails.filter_map(|email| CanonicalEmail::parse(email).ok())
    }
}

impl fmt::Debug for Candidacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Candidacy({}, archived {:?}, offer {:?})",
            self.opportunity, self.archived, self.offer
        )
    }
}

/// A hire is an archive reason of type `hired`, never a stage; withdrawn again when its only offer is denied.
#[must_use]
pub fn is_hired(candidacy: &Candidacy) -> bool {
    candidacy
        .archived
        .as_ref()
        .is_some_and(|archived| archived.hired)
        && candidacy.offer != OfferState::Denied
}

/// The id of a fact: both hire webhooks, a replay and a poll make the same one.
#[must_use]
pub fn fact_id(kind: &str, opportunity: &LeverId, at: Option<Timestamp>, detail: &str) -> EventId {
    let at = at
        .map(|at| at.as_millisecond().to_string())
        .unwrap_or_default();
    EventId::derived(&[kind, opportunity.as_str(), &at, detail])
}
