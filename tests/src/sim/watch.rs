//! Sees every commit and every effect as it happens, and what must never happen at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use sando_core::access::desired;
use sando_core::approval::{Approval, Verdict};
use sando_core::audit::{AuditValue, Record};
use sando_core::company::Company;
use sando_core::config::ConfigItem;
use sando_core::effect::Action;
use sando_core::ids::{ApprovalId, EffectKey, LeverId, PersonId, RunId, Slug};
use sando_core::person::{Lifecycle, Person};
use sando_core::ports::Subject;
use sando_core::store::{Commit, Key, Put};

use super::clock::SimClock;

/// What must hold, always or at the end. The names are cited in `ARCHITECTURE.md`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Invariant {
    /// Never two accounts of one person in one application.
    OneAccountEach,
    /// Never is a stranger's account changed.
    StrangersUntouched,
    /// At the end everybody who is hired has what the policies demand, and nothing else.
    AccessAsDue,
    /// At the end whoever left or was withdrawn has nothing active.
    LeaversHoldNothing,
    /// Nothing is given after the commit that made somebody left or withdrawn, except what was intended before.
    NothingAfterLeaving,
    /// Every effect has its intent in the audit before it happens.
    IntentBeforeEffect,
    /// Every audit chain verifies against its head, without a gap.
    TrailUnbroken,
    /// No two notes carry one marker.
    OneNotePerMilestone,
    /// No two persons for one human.
    OnePersonEach,
    /// No two persons have one work address.
    AddressesUnique,
    /// What needs an approval is given only as somebody approved it.
    NothingWithoutApproval,
    /// Nobody is given anything who was never hired in Lever.
    NothingForALie,
    /// Replaying every delivery at the end changes nothing.
    ReplayChangesNothing,
    /// Nothing is taken away that is due; of people who have started nothing because of Lever (L11).
    NobodyLosesWhatIsDue,
    /// While something is paused, no effect of it starts.
    PauseHolds,
    /// The last move of a candidacy to another stage is an event, also where no webhook told.
    MovesFound,
    /// After the faults everything comes to rest: nothing stays due.
    ComesToRest,
}

/// An invariant that did not hold.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub what: String,
}

/// What was seen of a person.
#[derive(Clone, Debug)]
pub struct SeenPerson {
    /// As last committed.
    pub person: Person,
    /// The commit that made them left or withdrawn, while they are.
    pub barred_since: Option<u64>,
}

/// Everything that was seen.
#[derive(Default)]
pub struct Seen {
    /// Commits so far.
    pub commits: u64,
    /// People, as last committed.
    pub people: BTreeMap<PersonId, SeenPerson>,
    /// Commits that recorded an intent, by effect.
    pub intents: BTreeMap<EffectKey, Vec<u64>>,
    /// Configuration, as last committed.
    pub files: BTreeMap<Key, ConfigItem>,
    /// The same, read.
    pub company: Option<Company>,
    /// Approvals, as last committed.
    pub approvals: BTreeMap<ApprovalId, Approval>,
    /// Runs that were made.
    pub runs: BTreeSet<RunId>,
    /// Events that were made.
    pub events: BTreeSet<String>,
    /// Effects that were attempted.
    pub effects: u64,
    /// When things are due.
    pub due: BTreeMap<Key, Timestamp>,
    /// Whom a Lever contact was ever known to be; who is erased is not found by it any more.
    pub contacts: BTreeMap<LeverId, PersonId>,
    /// Opportunities that were hired at some time.
    pub hired: BTreeSet<LeverId>,
    /// What did not hold.
    pub violations: Vec<Violation>,
    /// The story.
    pub story: Vec<String>,
}

/// Watches.
pub struct Watch {
    seen: Mutex<Seen>,
    clock: Arc<SimClock>,
    tells: bool,
}

impl Watch {
    /// Watches; and writes the story down if it `tells`.
    #[must_use]
    pub fn new(clock: Arc<SimClock>, tells: bool) -> Self {
        let seen = Mutex::default();
        Self { seen, clock, tells }
    }

    /// What was seen.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One line of the story.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        if self.tells {
            let line = format!("{}  {}", self.clock.shows(), line());
            self.seen().story.push(line);
        }
    }

    /// An invariant does not hold.
    pub fn violated(&self, invariant: Invariant, what: String) {
        self.tell(|| format!("!! {invariant:?}: {what}"));
        let at = self.clock.shows();
        self.seen().violations.push(Violation {
            invariant,
            at,
            what,
        });
    }

    /// Did anything not hold?
    pub fn is_alarmed(&self) -> bool {
        !self.seen().violations.is_empty()
    }

    /// When the next thing is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.seen().due.values().min().copied()
    }

    /// A claim happened.
    pub fn claimed(&self, key: &Key, until: Timestamp) {
        self.seen().due.insert(key.clone(), until);
    }

    /// A commit happened, whether or not its answer arrives.
    pub fn committed(&self, commit: &Commit) {
        let number = {
            let mut seen = self.seen();
            seen.commits += 1;
            for put in &commit.puts {
                match put.due {
                    Some(due) => seen.due.insert(put.key.clone(), due),
                    None => seen.due.remove(&put.key),
                };
            }
            for check in &commit.deletes {
                seen.due.remove(&check.key);
            }
            seen.commits
        };
        // An intent is judged by the pause that was on when it was committed, and by the person as it is with it.
        for put in &commit.puts {
            self.put(put, number);
        }
        for record in &commit.records {
            self.recorded(record, number);
        }
        for put in &commit.puts {
            if matches!(put.key, Key::Config(..)) {
                self.configured(put);
            }
        }
    }

    fn put(&self, put: &Put, number: u64) {
        match &put.key {
            Key::Run(run) => {
                if put.expect.0 == 0 {
                    self.tell(|| format!("run {run} starts"));
                }
                self.seen().runs.insert(run.clone());
            }
            Key::Event(event) => {
                self.seen().events.insert(event.to_string());
            }
            Key::Person(_) => self.changed(put, number),
            Key::Approval(id) => {
                if let Ok(approval) = serde_json::from_str(&put.body) {
                    self.seen().approvals.insert(id.clone(), approval);
                }
            }
            _ => {}
        }
    }

    fn changed(&self, put: &Put, number: u64) {
        let Ok(person) = serde_json::from_str::<Person>(&put.body) else {
            return;
        };
        let id = person.id.clone();
        let barred = matches!(person.state, Lifecycle::Left | Lifecycle::Withdrawn);
        let receives = person.state.may_receive();
        let known = person.identifiers.opportunities.clone();
        let mut seen = self.seen();
        let before = seen.people.get(&id).cloned();
        let changed = before.as_ref().map(|before| before.person.state) != Some(person.state);
        let received = |before: &SeenPerson| before.person.state.may_receive();
        let begins = receives && !before.as_ref().is_some_and(received);
        for contact in &person.identifiers.lever_contact {
            seen.contacts.insert(contact.clone(), id.clone());
        }
        let state = person.state;
        let since = before.and_then(|before| before.barred_since);
        let barred_since = barred.then(|| since.unwrap_or(number));
        seen.people.insert(
            id.clone(),
            SeenPerson {
                person,
                barred_since,
            },
        );
        let lied = begins
            && !known
                .iter()
                .any(|opportunity| seen.hired.contains(opportunity));
        drop(seen);
        if changed {
            self.tell(|| format!("person {id} is {}", state.as_str()));
        }
        if lied {
            self.violated(
                Invariant::NothingForALie,
                format!("{id} may receive, but was never hired"),
            );
        }
    }

    fn configured(&self, put: &Put) {
        let Ok(item) = serde_json::from_str::<ConfigItem>(&put.body) else {
            return;
        };
        let mut seen = self.seen();
        seen.files.insert(put.key.clone(), item);
        let files: Vec<ConfigItem> = seen.files.values().cloned().collect();
        seen.company = Company::load(&files).ok();
    }

    fn recorded(&self, record: &Record, number: u64) {
        self.tell(|| {
            let about = record.stream.to_string();
            format!(
                "[{about}] {} {} ({})",
                record.action, record.target, record.result
            )
        });
        let Some(action) = record.action.strip_suffix(" intended") else {
            return;
        };
        let Some(AuditValue::Open(after)) = &record.after else {
            return;
        };
        let key = after
            .get("effect")
            .and_then(|key| key.as_str())
            .and_then(|key| EffectKey::parse(key).ok());
        let mut seen = self.seen();
        if let Some(key) = key {
            seen.intents.entry(key).or_default().push(number);
        }
        let takes = ["revoke_sessions", "release_plan", "suspend", "remove"].contains(&action);
        let app = record
            .target
            .strip_prefix("app/")
            .and_then(|app| Slug::parse(app).ok());
        let Some(company) = seen.company.clone() else {
            return;
        };
        let person = match &record.stream {
            sando_core::audit::StreamId::Person(id) => seen.people.get(id).cloned(),
            _ => None,
        };
        drop(seen);
        if let Some(why) = company.pause.holds(app.as_ref(), takes) {
            self.violated(
                Invariant::PauseHolds,
                format!("{} of {} although {why}", record.action, record.target),
            );
        }
        if let (Some(person), Some(app)) = (person, app)
            && takes
            && desired(&person.person, &company, record.at)
                .due
                .contains_key(&app)
        {
            self.violated(
                Invariant::NobodyLosesWhatIsDue,
                format!(
                    "{action} of `{app}` is intended for {}, who is {} and due it",
                    person.person.id,
                    person.person.state.as_str()
                ),
            );
        }
    }

    /// An effect is about to be sent.
    pub fn attempted(&self, app: &Slug, action: Action, subject: &Subject, key: &EffectKey) {
        let person = &subject.person.id;
        self.tell(|| format!("{app}: {} for {person} is sent", action.as_str()));
        let mut seen = self.seen();
        seen.effects += 1;
        let last = seen.intents.get(key).and_then(|all| all.last().copied());
        let barred = seen.people.get(person).and_then(|seen| seen.barred_since);
        let unapproved = !action.takes_away() && is_unapproved(&seen, app, subject);
        drop(seen);
        if unapproved {
            let what = format!("{} in `{app}` for {person}", action.as_str());
            self.violated(Invariant::NothingWithoutApproval, what);
        }
        let Some(intended) = last else {
            self.violated(
                Invariant::IntentBeforeEffect,
                format!("{} in `{app}` for {person}", action.as_str()),
            );
            return;
        };
        if !action.takes_away() && barred.is_some_and(|barred| intended > barred) {
            self.violated(
                Invariant::NothingAfterLeaving,
                format!("{} in `{app}` for {person}", action.as_str()),
            );
        }
    }
}

/// Does a policy ask for an approval there, and nobody gave one for exactly this?
fn is_unapproved(seen: &Seen, app: &Slug, subject: &Subject) -> bool {
    let Some(company) = &seen.company else {
        return false;
    };
    let mut grants = company.policies.values().flat_map(|policy| &policy.grants);
    let is_asked = grants.any(|grant| grant.app == *app && grant.approval.is_some());
    let said_yes = |approval: &Approval| {
        let yes = |one: &sando_core::approval::Decision| one.decision == Verdict::Approved;
        approval.person == subject.person.id
            && approval.app == *app
            && approval.decisions.iter().any(yes)
            && approval
                .effects
                .iter()
                .any(|effect| effect.entitlement == subject.entitlement)
    };
    is_asked && !seen.approvals.values().any(said_yes)
}
