//! Reads the users of one account: which request comes next, and what its answer yields.
//!
//! No I/O: the caller sends the requests and hands the answers back.

mod answer;
mod bounds;
mod certificate;
mod checkpoint;
mod deliver;
mod details;
mod failure;
mod letters;
mod line;
pub(super) mod link;
mod listing;

mod page;
mod pages;
mod policy;
mod reading;
mod render;
mod request;
mod seen;
mod signs;
mod wait;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fmt,
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Map, Value};
use url::Url;

pub use answer::{Answer, Body, Fault, FaultKind, Outcome};
pub use certificate::{Certificate, EndedBy, LeftOut, ListingEnd};
pub use checkpoint::{Checkpoint, ResumeError};
pub use failure::{At, Class, Failure};
pub use pages::{Carried, Pages, Paging};
pub use request::{CacheKey, Credentials, PlannedRequest, Purpose, RequestId};
pub use wait::{MOST_RETRIES, Wait};

use checkpoint::State;
use details::Lately;
use line::JoinTable;
use page::Page;
use policy::Verdict;
use reading::Reading;
use request::{Open, What};
pub(crate) use seen::Seen;

use super::{
    file::{self, Definition, hosts::Allowed},
    map::{CustomFields, Dropped, Explain, Explanation, IdHash, MappedUser},
};
use crate::{mistake::Mistake, path::Needs};

/// What a pull needs beside its definition. `Debug` shows nothing of it.
#[derive(Clone, Default)]
pub struct Inputs {
    /// The values of the variables ([`Variables::resolve`](super::Variables::resolve)), and what a token answer gave (`auth.keep`).
    pub variables: Map<String, Value>,
    /// The custom fields of the application and their types.
    pub custom_fields: CustomFields,
    /// The application's name, which licences have that are not named; absent: the definition's.
    pub app_name: Option<String>,
    /// What is told of every record.
    pub explain: Explain,
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs").finish_non_exhaustive()
    }
}

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// Send this; there may be more to send before its answer comes.
    Send(Box<PlannedRequest>),
    /// Users, in the order of the application.
    Users(Box<Batch>),
    /// Nothing before an answer is handed in.
    Await,
    /// It is over, well or not: the certificate says which.
    Done(Box<Certificate>),
}

/// What one page yields, or a part of a large one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The users that were not seen before.
    pub users: Vec<MappedUser>,
    /// Records that are no users.
    pub dropped: Vec<Dropped>,
    /// The ids that were not seen before, of users and of dropped records: what has not vanished, and what [`Pull::resume`] is given.
    pub seen: Vec<IdHash>,
    /// Of every record, if it was asked for ([`Inputs::explain`]).
    pub explained: Vec<Explanation>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.users.is_empty()
            && self.dropped.is_empty()
            && self.seen.is_empty()
            && self.explained.is_empty()
    }
}

/// A pull under way.
pub struct Pull {
    definition: Arc<Definition>,
    inputs: Inputs,
    /// Variables that `$name` may show.
    shown: Map<String, Value>,
    allowed: Allowed,
    base: Option<Url>,
    reading: Arc<Reading>,
    state: State,
    /// The state before the page whose details are being asked for.
    before_page: Option<Box<State>>,
    seen: Seen,
    joins: Vec<JoinTable>,
    joining: listing::Listing,
    /// The rows so far of the list that is being joined.
    join_so_far: Option<JoinTable>,
    /// Users of lists that are united, until the end.
    held: Vec<MappedUser>,
    /// Where they stand.
    held_at: HashMap<IdHash, usize>,
    /// Those that were not taken since they came or changed.
    held_fresh: BTreeSet<usize>,
    pages: VecDeque<Page>,
    lately: Lately,
    ready: VecDeque<Box<PlannedRequest>>,
    open: BTreeMap<RequestId, Open>,
    next_id: u64,
    over: bool,
}

impl fmt::Debug for Pull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pull")
            .field("definition", self.definition.slug())
            .field("open", &self.open.len())
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

impl Pull {
    /// Begins.
    ///
    /// # Errors
    /// Variables that are missing or do not fit, before anything is sent.
    pub fn start(definition: Arc<Definition>, inputs: Inputs) -> Result<Self, Vec<Mistake>> {
        let state = State::new(&definition);
        Self::with(definition, inputs, state)
    }

    fn with(
        definition: Arc<Definition>,
        inputs: Inputs,
        state: State,
    ) -> Result<Self, Vec<Mistake>> {
        let missing = definition
            .variables()
            .iter()
            .filter(|(name, _)| !inputs.variables.contains_key(*name));
        let missing: Vec<Mistake> = missing
            .map(|(name, _)| Mistake::new(name, "is missing"))
            .collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let secret = |name: &str| {
            let mut variables = definition.variables().iter();
            variables.any(|(known, variable)| known == name && variable.secret)
        };
        let shown = inputs.variables.iter().filter(|(name, _)| !secret(name));
        let shown = shown
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let lookup = |name: &str| inputs.variables.get(name).cloned();
        let allowed = file::allowed(&definition, lookup)
            .map_err(|message| vec![Mistake::new("hosts", message)])?;
        let mut pull = Self {
            shown,
            allowed,
            base: None,
            reading: Arc::new(Reading::of(&definition, inputs.explain)),
            before_page: None,
            seen: Seen::new(),
            joins: Vec::new(),
            joining: listing::Listing::new(),
            join_so_far: None,
            held: Vec::new(),
            held_at: HashMap::new(),
            held_fresh: BTreeSet::new(),
            pages: VecDeque::new(),
            lately: Lately::default(),
            ready: VecDeque::new(),
            open: BTreeMap::new(),
            next_id: 0,
            over: false,
            definition,
            inputs,
            state,
        };
        pull.resolve_base()
            .map_err(|message| vec![Mistake::new("base_url", message)])?;
        Ok(pull)
    }

    /// What comes next.
    pub fn step(&mut self, now: Timestamp) -> Step {
        loop {
            if self.over {
                return Step::Done(Box::new(self.state.certificate.clone()));
            }
            if let Some(request) = self.ready.pop_front() {
                return Step::Send(request);
            }
            if !self.pages.is_empty() {
                self.ask_for_details(now);
                if self.over || !self.ready.is_empty() {
                    continue;
                }
                if self.front_is_complete() {
                    let batch = self.map_front(now);
                    if batch.is_empty() {
                        continue;
                    }
                    return Step::Users(Box::new(batch));
                }
                return Step::Await;
            }
            if !self.open.is_empty() {
                return Step::Await;
            }
            if let Some(batch) = self.advance() {
                return Step::Users(Box::new(batch));
            }
        }
    }

    /// Takes what came of a request. An id that is not open is ignored. True if it was an answer that could be read: only
    /// such a one may be remembered.
    pub fn receive(&mut self, id: RequestId, outcome: Outcome, now: Timestamp) -> bool {
        let Some(open) = self.open.remove(&id) else {
            return false;
        };
        if self.over {
            return false;
        }
        let needs_body = policy::needs_body(&self.definition.rules);
        let (verdict, answer) = match outcome {
            Outcome::Failed(fault) => {
                self.state.certificate.requests += 1;
                (policy::judge_fault(&fault, &open.request.purpose), None)
            }
            Outcome::Answered(answer) => {
                if !answer.cached {
                    self.state.certificate.requests += 1;
                    self.state.certificate.bytes += answer.bytes;
                }
                let answer = if needs_body && answer.bytes <= self.definition.limits().max_bytes {
                    answer.parsed(self.needs_of(&open.what).map(AsRef::as_ref))
                } else {
                    answer
                };
                let position = &self.listing_of(&open.what).position;
                let (rules, purpose) = (&self.definition.rules, &open.request.purpose);
                let verdict = policy::judge(&answer, rules, purpose, position, now);
                (verdict, Some(answer))
            }
        };
        let is_ok = matches!(verdict, Verdict::Ok);
        let before = self.unread();
        self.act(open, verdict, answer, now);
        is_ok && !self.over && self.unread() == before
    }

    /// How much could not be read so far.
    fn unread(&self) -> u64 {
        let certificate = &self.state.certificate;
        certificate.details_failed + certificate.joins_failed
    }

    fn act(&mut self, open: Open, verdict: Verdict, answer: Option<Answer>, now: Timestamp) {
        match verdict {
            Verdict::Ok => match answer {
                Some(answer) => self.read(open, answer, now),
                None => self.give_up(
                    &open,
                    Failure::shape(open.request.purpose.clone(), "no answer"),
                ),
            },
            Verdict::Ignore => {
                self.state.certificate.ignored += 1;
                self.end_by_rule(open);
            }
            Verdict::EndOfList => self.end_by_rule(open),
            Verdict::Fail(failure) => self.give_up(&open, *failure),
            Verdict::Retry { named, failure } => self.retry(open, named, *failure, MOST_RETRIES),
            Verdict::Nothing { .. } if self.reads_nothing(&open.what) => {
                let purpose = open.request.purpose;
                if let Err(message) = self.end_step(purpose.clone(), EndedBy::SingleRequest) {
                    self.fail(Failure::shape(purpose, message));
                }
            }
            Verdict::Nothing { named, failure } => {
                // There may be as many details as users, and all of them like this.
                let most = match open.what {
                    What::Details { .. } => 1,
                    What::Step | What::Join | What::Parents | What::Users => MOST_RETRIES,
                };
                self.retry(open, named, *failure, most);
            }
            Verdict::Renew { failure } => {
                let is_tried = open.renewed || open.request.attempt >= MOST_RETRIES;
                if is_tried || self.is_hopeless(&open, &failure) {
                    return self.give_up(&open, *failure);
                }
                let mut open = open.again(Wait::NONE, Credentials::Renew);
                open.renewed = true;
                self.send_again(open);
            }
        }
    }

    fn retry(&mut self, open: Open, named: Option<Wait>, mut failure: Failure, most: u32) {
        let attempt = open.request.attempt;
        if attempt >= most || self.is_hopeless(&open, &failure) {
            if attempt > 0 {
                let times = attempt + 1;
                failure.message = format!("{}, {times} times in a row", failure.message);
            }
            return self.give_up(&open, failure);
        }
        // One that is over, or none at all, is no reason to ask again at once.
        let own = Wait::after_failures(attempt + 1);
        let wait = named.map_or(own, |named| named.or_longer(own));
        let credentials = open.request.credentials;
        self.send_again(open.again(wait, credentials));
    }

    /// The counts so far.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.state.certificate
    }

    /// How many different ids were seen.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen.len()
    }

    /// Takes an id for seen: of a pull that continues, in portions instead of all at once ([`Pull::resume`]).
    pub fn recall(&mut self, hash: IdHash) {
        self.seen.insert(hash);
    }

    /// Counts requests that were sent beside its own: for tokens and logins.
    pub fn sent_besides(&mut self, requests: u64) {
        let certificate = &mut self.state.certificate;
        certificate.requests = certificate.requests.saturating_add(requests);
    }

    /// Ends the pull from outside, because whoever drives it cannot go on.
    pub fn abandon(&mut self, failure: Failure) {
        if !self.over {
            self.fail(failure);
        }
    }

    fn send(&mut self, open: Open) {
        self.next_id += 1;
        self.send_again(open);
    }

    fn send_again(&mut self, open: Open) {
        if open.request.attempt > 0 {
            self.state.certificate.retries += 1;
        }
        self.ready.push_back(Box::new(open.request.clone()));
        self.open.insert(open.request.id, open);
    }

    /// A request has failed for good: details and joined lists leave fields unknown, everything else fails the pull.
    fn give_up(&mut self, open: &Open, failure: Failure) {
        let failure = self.definition.placed(failure);
        match &open.what {
            What::Details { rows, .. } => {
                self.state.certificate.warn(&failure.to_string());
                self.lately.count(failure.class, open.renewed);
                self.details_failed(rows);
            }
            What::Join => {
                self.state.certificate.warn(&failure.to_string());
                self.join_failed();
            }
            What::Step | What::Parents | What::Users => self.fail(failure),
        }
    }

    fn fail(&mut self, failure: Failure) {
        let failure = self.definition.placed(failure);
        self.state.certificate.fail(failure);
        self.over = true;
        self.pages.clear();
        self.ready.clear();
        self.open.clear();
    }

    fn resolve_base(&mut self) -> Result<(), String> {
        if self.base.is_none() {
            self.base = self
                .definition
                .base
                .resolve(|name| self.value(name), &self.allowed)?;
        }
        Ok(())
    }

    fn needs_of(&self, what: &What) -> Option<&Arc<Needs>> {
        let needs = self.reading.needs.as_ref();
        needs.filter(|_| matches!(what, What::Users))
    }

    /// The list that a request belongs to.
    fn listing_of<'a>(&'a self, what: &'a What) -> &'a listing::Listing {
        let parents = self.state.parents.as_ref();
        match what {
            What::Join => &self.joining,
            What::Parents => parents.map_or(&self.state.listing, |parents| &parents.listing),
            What::Step | What::Users => &self.state.listing,
            What::Details { listing, .. } => listing,
        }
    }

    /// Has it failed because what leads on in its list is not known any more? Whoever waited long begins anew.
    #[must_use]
    pub fn lost_its_place(&self) -> bool {
        let Some(failure) = &self.state.certificate.failure else {
            return false;
        };
        let what = match failure.purpose {
            Purpose::Users { .. } => What::Users,
            Purpose::Parents => What::Parents,
            Purpose::Step { .. } | Purpose::Join { .. } | Purpose::Details => return false,
        };
        // Not where the quota is used up, nor where a rule disables the account.
        let is_refused = matches!(failure.status, Some(400 | 404 | 409 | 410))
            && failure.class != Class::Quota
            && !failure.disable;
        is_refused && self.listing_of(&what).position != listing::Position::First
    }

    /// The value of a name that stands between braces.
    fn value(&self, name: &str) -> Option<Value> {
        self.state
            .scope_value(&self.definition, name)
            .or_else(|| self.inputs.variables.get(name))
            .cloned()
    }
}
