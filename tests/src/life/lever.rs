//! Lever as a story has it: the truth at once, deliveries apart from it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sando_core::catch_up::{Came, How, Moved, Part};
use sando_core::ids::LeverId;
use sando_core::lever::{Archived, Candidacy, Needs, OfferState};
use sando_core::ports::{Clock, Lever, Reading, RemoteError, Sent};
use serde_json::{Value, json};

use super::story::Applicant;
use crate::harness::TestClock;

/// A candidacy as it stands.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) contact: LeverId,
    pub(super) name: String,
    pub(super) emails: Vec<String>,
    pub(super) department: Option<String>,
    pub(super) location: Option<String>,
    pub(super) title: String,
    pub(super) manager: Option<String>,
    pub(super) starts: Option<Date>,
    pub(super) offer: OfferState,
    pub(super) archived: Option<Archived>,
    pub(super) stage: Option<(LeverId, Timestamp)>,
    pub(super) deleted: Option<Timestamp>,
    pub(super) confidential: bool,
    pub(super) anonymised: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A note that was written.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) opportunity: LeverId,
    pub(super) text: String,
}

#[derive(Default)]
struct Inner {
    candidacies: BTreeMap<LeverId, Standing>,
    notes: Vec<Note>,
    is_down: bool,
    is_another: bool,
}

/// The Lever of a story.
pub(super) struct StoryLever {
    inner: Mutex<Inner>,
    clock: Arc<TestClock>,
}

/// An id of Lever.
pub(super) fn lever_id(text: &str) -> LeverId {
    LeverId::parse(text).expect("names in stories are ids")
}

impl StoryLever {
    pub(super) fn new(clock: Arc<TestClock>) -> Self {
        let inner = Mutex::default();
        Self { inner, clock }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn apply(&self, applicant: &Applicant) {
        let now = self.clock.now();
        let who = &applicant.who;
        let name = applicant.name.clone().unwrap_or_else(|| full_name(who));
        let email = || format!("{who}@mail.example");
        let standing = Standing {
            contact: lever_id(applicant.contact.as_ref().unwrap_or(who)),
            name,
            emails: applicant.emails.clone().unwrap_or_else(|| vec![email()]),
            department: applicant.department.clone(),
            location: applicant.location.clone(),
            title: applicant.title.clone(),
            manager: applicant.manager.clone(),
            starts: applicant.starts,
            offer: OfferState::Open,
            archived: None,
            stage: None,
            deleted: None,
            confidential: applicant.confidential,
            anonymised: false,
            created_at: now,
            updated_at: now,
        };
        self.inner().candidacies.insert(lever_id(who), standing);
    }

    /// Something becomes true now.
    pub(super) fn becomes(&self, who: &str, change: impl FnOnce(&mut Standing, Timestamp)) {
        let now = self.clock.now();
        let mut inner = self.inner();
        let standing = inner.candidacies.get_mut(&lever_id(who));
        let standing = standing.expect("whom a story names has applied");
        change(standing, now);
        standing.updated_at = now;
    }

    pub(super) fn go_down(&self, is_down: bool) {
        self.inner().is_down = is_down;
    }

    /// Nobody of ours is known there.
    pub(super) fn is_another(&self, is_another: bool) {
        self.inner().is_another = is_another;
    }

    pub(super) fn notes(&self) -> Vec<Note> {
        self.inner().notes.clone()
    }

    fn answers(&self) -> Result<MutexGuard<'_, Inner>, RemoteError> {
        let inner = self.inner();
        if inner.is_down {
            return Err(RemoteError::NoAnswer {
                remote: "lever".to_owned(),
                why: "connection refused".to_owned(),
                sent: Sent::Never,
            });
        }
        Ok(inner)
    }

    /// Of what is deleted there it knows nothing more.
    fn answers_about(&self, id: &LeverId) -> Result<MutexGuard<'_, Inner>, RemoteError> {
        let inner = self.answers()?;
        let standing = inner.candidacies.get(id);
        if standing.is_none_or(|standing| standing.deleted.is_some()) {
            return Err(RemoteError::Refused {
                remote: "lever".to_owned(),
                status: 404,
                message: "not found".to_owned(),
            });
        }
        Ok(inner)
    }
}

/// `ada` is Ada Park; `ada-2` is somebody of the same name.
fn full_name(who: &str) -> String {
    let first = who.split('-').next().unwrap_or(who);
    let mut letters = first.chars();
    let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
    let first: String = initial.into_iter().chain(letters).collect();
    format!("{first} Park")
}

fn candidacy(id: &LeverId, standing: &Standing) -> Candidacy {
    let midnight = standing
        .starts
        .and_then(|day| day.to_zoned(TimeZone::UTC).ok())
        .map(|day| day.timestamp().as_millisecond());
    let manager = standing.manager.as_deref();
    let field =
        |identifier: &str, value: Value| json!({ "identifier": identifier, "value": value });
    let users = manager.map(|manager| {
        let address = format!("{manager}@contoso.example");
        (manager.to_owned(), json!({ "email": address }))
    });
    let users: serde_json::Map<String, Value> = users.into_iter().collect();
    Candidacy {
        opportunity: id.clone(),
        contact: Some(standing.contact.clone()),
        archived: standing.archived.clone(),
        stage: standing.stage.clone(),
        created_at: standing.created_at,
        updated_at: Some(standing.updated_at),
        application: Some(id.clone()),
        offer: standing.offer,
        emails: standing.emails.clone(),
        document: json!({
            "contact": { "name": standing.name, "emails": standing.emails },
            "posting": { "text": standing.title, "categories": {
                "department": standing.department, "location": standing.location } },
            "offer": { "fields": [
                field("anticipated_start_date", json!(midnight)),
                field("job_title", json!(standing.title)),
                field("hiring_manager", json!(manager)),
            ] },
            "users": users,
        }),
    }
}

fn reading(id: &LeverId, standing: &Standing) -> Reading {
    if let Some(at) = standing.deleted {
        return Reading::Deleted(Some(at));
    }
    if standing.anonymised {
        return Reading::Anonymised;
    }
    if standing.confidential {
        return Reading::Hidden;
    }
    Reading::Present(Box::new(candidacy(id, standing)))
}

#[async_trait]
impl Lever for StoryLever {
    async fn read(&self, id: &LeverId, _: &Needs) -> Result<Reading, RemoteError> {
        let inner = self.answers()?;
        let found = inner.candidacies.get(id).filter(|_| !inner.is_another);
        Ok(found.map_or(Reading::Deleted(None), |standing| reading(id, standing)))
    }

    async fn moved(
        &self,
        part: Part,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Moved>, RemoteError> {
        let inner = self.answers()?;
        let within = |at: Timestamp| from <= at && at <= to;
        let row = |(id, standing): (&LeverId, &Standing)| {
            let archived = standing.archived.clone();
            let how = match (part, standing.deleted) {
                (Part::Deleted, Some(at)) => within(at).then_some(How::Deleted(Some(at))),
                (Part::Deleted, None) | (Part::Hired | Part::Updated, Some(_)) => None,
                (Part::Hired, None) => archived
                    .filter(|archived| archived.hired && within(archived.at))
                    .map(|archived| How::There(Some(archived))),
                (Part::Updated, None) => {
                    within(standing.updated_at).then_some(How::There(archived))
                }
            };
            let how = how.map(|how| match how {
                How::There(_) if standing.anonymised => How::Anonymised,
                how => how,
            });
            Some(Moved {
                opportunity: id.clone(),
                how: how?,
                came: Came::of(
                    standing.stage.clone(),
                    Some(id.clone()),
                    standing.created_at,
                ),
            })
        };
        let ours = inner.candidacies.iter().filter(|_| !inner.is_another);
        Ok(ours.filter_map(row).collect())
    }

    async fn has_note(&self, id: &LeverId, marker: &str) -> Result<bool, RemoteError> {
        let inner = self.answers_about(id)?;
        let mut notes = inner.notes.iter();
        Ok(notes.any(|note| note.opportunity == *id && note.text.contains(marker)))
    }

    async fn add_tag(&self, id: &LeverId, _: &str) -> Result<(), RemoteError> {
        self.answers_about(id).map(drop)
    }

    async fn add_note(&self, id: &LeverId, text: &str) -> Result<(), RemoteError> {
        let mut inner = self.answers_about(id)?;
        inner.notes.push(Note {
            opportunity: id.clone(),
            text: text.to_owned(),
        });
        Ok(())
    }

    async fn test(&self) -> Result<(), RemoteError> {
        self.answers().map(drop)
    }
}
