//! Lever as it is under a seed: the truth, shown late, and the notes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::catch_up::{Came, How, Moved, Part};
use sando_core::ids::LeverId;
use sando_core::lever::{Archived, Candidacy, Needs, OfferState};
use sando_core::ports::{Lever, Reading, RemoteError, Sent};
use sando_infra::memory::yield_once;
use serde_json::json;

use super::chance::Chance;
use super::clock::{SimClock, after};
use super::faults::Faults;
use super::watch::{Invariant, Watch};

/// How an opportunity stands from a moment on.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Archived, and how.
    pub archived: Option<Archived>,
    /// Deleted.
    pub deleted: bool,
    /// The stage, and when it was entered.
    pub stage: (LeverId, Timestamp),
    /// The first day.
    pub starts_on: jiff::civil::Date,
    /// The department.
    pub department: String,
}

impl Standing {
    /// Is this a hire?
    #[must_use]
    pub fn is_hired(&self) -> bool {
        !self.deleted
            && self
                .archived
                .as_ref()
                .is_some_and(|archived| archived.hired)
    }
}

/// One entry of an opportunity's life.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When it became true.
    pub at: Timestamp,
    /// When readers see it.
    pub visible_at: Timestamp,
    /// What is true.
    pub standing: Standing,
}

/// An opportunity with its whole life.
#[derive(Clone, Debug)]
pub struct Opportunity {
    /// Its id.
    pub id: LeverId,
    /// The contact.
    pub contact: LeverId,
    /// The name.
    pub name: String,
    /// The personal address.
    pub email: String,
    /// Oldest first.
    pub life: Vec<Entry>,
}

/// A note.
struct Note {
    opportunity: LeverId,
    marker: String,
    visible_at: Timestamp,
}

#[derive(Default)]
struct Inner {
    opportunities: BTreeMap<LeverId, Opportunity>,
    notes: Vec<Note>,
    coming: Vec<(Timestamp, Note)>,
}

/// The simulated Lever.
pub struct SimLever {
    inner: Mutex<Inner>,
    /// When it is down.
    pub outages: Vec<(Timestamp, Timestamp)>,
    clock: Arc<SimClock>,
    chance: Arc<Chance>,
    faults: Arc<Faults>,
    watch: Arc<Watch>,
}

impl SimLever {
    /// Without opportunities.
    #[must_use]
    pub fn new(
        clock: Arc<SimClock>,
        chance: Arc<Chance>,
        faults: Arc<Faults>,
        watch: Arc<Watch>,
        outages: Vec<(Timestamp, Timestamp)>,
    ) -> Self {
        let inner = Mutex::default();
        Self {
            inner,
            outages,
            clock,
            chance,
            faults,
            watch,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new opportunity.
    pub fn apply(&self, opportunity: Opportunity) {
        self.inner()
            .opportunities
            .insert(opportunity.id.clone(), opportunity);
    }

    /// Something becomes true now; readers see it after a while, in order.
    pub fn becomes(&self, id: &LeverId, change: impl FnOnce(&mut Standing)) {
        let now = self.clock.shows();
        let lag = if self.faults.happens(300) {
            self.chance.up_to(Duration::from_secs(300))
        } else {
            Duration::ZERO
        };
        let mut inner = self.inner();
        let Some(opportunity) = inner.opportunities.get_mut(id) else {
            return;
        };
        let Some(last) = opportunity.life.last().cloned() else {
            return;
        };
        let mut standing = last.standing;
        change(&mut standing);
        if standing.is_hired() {
            self.watch.seen().hired.insert(id.clone());
        }
        opportunity.life.push(Entry {
            at: now,
            visible_at: after(now, lag).max(last.visible_at),
            standing,
        });
    }

    /// When it was last moved to another stage, and to which; none if it was not, or is deleted.
    pub fn last_move(&self, id: &LeverId) -> Option<(LeverId, Timestamp)> {
        let opportunity = self.opportunity(id)?;
        let last = opportunity.life.last()?;
        let (stage, at) = last.standing.stage.clone();
        (!last.standing.deleted && at > created_at(&opportunity)).then_some((stage, at))
    }

    /// An opportunity with its life.
    pub fn opportunity(&self, id: &LeverId) -> Option<Opportunity> {
        self.inner().opportunities.get(id).cloned()
    }

    /// How many notes there are.
    pub fn notes(&self) -> usize {
        self.settle();
        self.inner().notes.len()
    }

    /// What is on its way arrives.
    fn settle(&self) {
        let now = self.clock.shows();
        let mut doubled = Vec::new();
        {
            let mut inner = self.inner();
            let coming = std::mem::take(&mut inner.coming);
            let (here, coming): (Vec<_>, Vec<_>) =
                coming.into_iter().partition(|(at, _)| *at <= now);
            inner.coming = coming;
            for (_, note) in here {
                if inner.notes.iter().any(|other| other.marker == note.marker) {
                    doubled.push(note.marker.clone());
                }
                inner.notes.push(note);
            }
        }
        for marker in doubled {
            self.watch.violated(Invariant::OneNotePerMilestone, marker);
        }
    }

    /// Goes wrong now and then.
    async fn answers(&self) -> Result<(), RemoteError> {
        yield_once().await;
        let now = self.clock.shows();
        let remote = || "lever".to_owned();
        let down = self
            .outages
            .iter()
            .any(|(from, to)| *from <= now && now < *to);
        if down && self.faults.are_on() || self.faults.happens(self.faults.levels.lever) {
            let error = match self.chance.below(4) {
                0 => RemoteError::Busy {
                    remote: remote(),
                    retry_after: Some(Duration::from_secs(10)),
                },
                1 => RemoteError::Refused {
                    remote: remote(),
                    status: 502,
                    message: "bad gateway".to_owned(),
                },
                2 => RemoteError::NoAnswer {
                    remote: remote(),
                    why: "connection refused".to_owned(),
                    sent: Sent::Never,
                },
                _ => {
                    self.clock.until(after(now, Duration::from_secs(20))).await;
                    RemoteError::NoAnswer {
                        remote: remote(),
                        why: "time-out".to_owned(),
                        sent: Sent::Perhaps,
                    }
                }
            };
            return Err(error);
        }
        let latency = self.chance.up_to(Duration::from_millis(800));
        self.clock.until(after(now, latency)).await;
        Ok(())
    }

    /// An opportunity, and how readers see it now.
    fn shown(&self, id: &LeverId) -> Option<(Opportunity, Entry)> {
        let now = self.clock.shows();
        let opportunity = self.opportunity(id)?;
        let mut life = opportunity.life.iter().rev();
        let entry = life.find(|entry| entry.visible_at <= now)?.clone();
        Some((opportunity, entry))
    }

    fn reading(&self, id: &LeverId) -> Reading {
        let Some((opportunity, entry)) = self.shown(id) else {
            return Reading::Deleted(None);
        };
        if entry.standing.deleted {
            return Reading::Deleted(Some(entry.at));
        }
        Reading::Present(Box::new(candidacy(&opportunity, &entry.standing, entry.at)))
    }

    /// A row of a list of what moved in between, if it belongs there.
    fn row(&self, id: LeverId, part: Part, from: Timestamp, to: Timestamp) -> Option<Moved> {
        let (opportunity, Entry { at, standing, .. }) = self.shown(&id)?;
        let created_at = created_at(&opportunity);
        let (how, at) = match part {
            Part::Deleted if standing.deleted => (How::Deleted(Some(at)), at),
            Part::Hired if standing.is_hired() => {
                let archived = standing.archived?;
                let archived_at = archived.at;
                (How::There(Some(archived)), archived_at)
            }
            Part::Updated if !standing.deleted => (How::There(standing.archived), at),
            _ => return None,
        };
        (from <= at && at <= to).then(|| Moved {
            opportunity: id,
            how,
            came: Came::of(Some(standing.stage), None, created_at),
        })
    }
}

/// When it was made.
fn created_at(opportunity: &Opportunity) -> Timestamp {
    let first = opportunity.life.first();
    first.map_or(Timestamp::UNIX_EPOCH, |entry| entry.at)
}

fn candidacy(opportunity: &Opportunity, standing: &Standing, shown_at: Timestamp) -> Candidacy {
    let midnight = standing
        .starts_on
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_or(0, |day| day.timestamp().as_millisecond());
    Candidacy {
        opportunity: opportunity.id.clone(),
        contact: Some(opportunity.contact.clone()),
        archived: standing.archived.clone(),
        stage: Some(standing.stage.clone()),
        created_at: created_at(opportunity),
        updated_at: Some(shown_at),
        application: None,
        offer: OfferState::Open,
        emails: vec![opportunity.email.clone()],
        document: json!({
            "contact": { "name": opportunity.name, "emails": [opportunity.email] },
            "posting": { "categories": { "department": standing.department } },
            "offer": { "fields": [{ "identifier": "anticipated_start_date", "value": midnight }] },
        }),
    }
}

#[async_trait]
impl Lever for SimLever {
    async fn test(&self) -> Result<(), RemoteError> {
        Ok(())
    }

    async fn read(&self, id: &LeverId, _: &Needs) -> Result<Reading, RemoteError> {
        self.answers().await?;
        let reading = self.reading(id);
        self.watch.tell(|| format!("lever shows {reading:?}"));
        yield_once().await;
        Ok(reading)
    }

    async fn moved(
        &self,
        part: Part,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Moved>, RemoteError> {
        self.answers().await?;
        let ids: Vec<LeverId> = self.inner().opportunities.keys().cloned().collect();
        let row = |id| self.row(id, part, from, to);
        Ok(ids.into_iter().filter_map(row).collect())
    }

    async fn has_note(&self, id: &LeverId, marker: &str) -> Result<bool, RemoteError> {
        self.answers().await?;
        self.settle();
        let now = self.clock.shows();
        let found =
            self.inner().notes.iter().any(|note| {
                note.opportunity == *id && note.marker == marker && note.visible_at <= now
            });
        yield_once().await;
        Ok(found)
    }

    async fn add_tag(&self, _: &LeverId, _: &str) -> Result<(), RemoteError> {
        self.answers().await
    }

    async fn add_note(&self, id: &LeverId, text: &str) -> Result<(), RemoteError> {
        yield_once().await;
        let now = self.clock.shows();
        let marker = text.lines().last().unwrap_or_default().to_owned();
        self.watch.tell(|| format!("note {marker} is sent"));
        let note = |at: Timestamp, hidden: Duration| Note {
            opportunity: id.clone(),
            marker: marker.clone(),
            visible_at: after(at, hidden),
        };
        if self.faults.happens(self.faults.levels.not_done) {
            return Err(RemoteError::Busy {
                remote: "lever".to_owned(),
                retry_after: None,
            });
        }
        if self.faults.happens(self.faults.levels.unknown) {
            if self.chance.happens(600) {
                let at = after(now, self.chance.up_to(Duration::from_secs(60)));
                let hidden = self.chance.up_to(Duration::from_secs(40));
                self.inner().coming.push((at, note(at, hidden)));
            }
            self.clock.until(after(now, Duration::from_secs(20))).await;
            return Err(RemoteError::NoAnswer {
                remote: "lever".to_owned(),
                why: "time-out".to_owned(),
                sent: Sent::Perhaps,
            });
        }
        let latency = self.chance.up_to(Duration::from_millis(900));
        let at = after(now, latency / 2);
        self.inner().coming.push((at, note(at, Duration::ZERO)));
        self.clock.until(after(now, latency)).await;
        self.settle();
        yield_once().await;
        Ok(())
    }
}
