//! One effect in hand: what it is about, how it is looked for, how it is made.

use jiff::Timestamp;

use crate::access::is_due;
use crate::advance::filled;
use crate::app::{Application, Provision};
use crate::effect::{Action, Call, Came, Change, Goal, Outcome, Setting, Told};
use crate::grant::{Entitlement, Grant};
use crate::ids::{EffectKey, ExternalId, GrantId, LeverId, StepId};
use crate::ports::{Calls, FoundUser, Notification, Ports, RemoteError, Subject};
use crate::run::{Step, StepWork};
use crate::store::Loaded;
use crate::template::{BodyTemplate, Encoding, Placeholders, Template};
use crate::workflow::{HttpStep, NotifyStep, Repeat, StepKind};

use super::{Hand, note};

/// What a look saw.
pub(super) type Seen = Result<Option<FoundUser>, RemoteError>;

/// One effect in hand.
#[derive(Clone)]
pub(super) struct Job {
    /// The run's step.
    pub(super) step: StepId,
    /// The change it is part of, as it stands.
    pub(super) change: Change,
    /// What it is about.
    pub(super) target: Target,
    /// What the last look before an effect showed the user to have.
    shown: Option<Entitlement>,
    /// Where what came of each request is written down.
    noted: Calls,
    /// What was called for it and the step does not show yet.
    calls: Vec<Call>,
}

/// What an effect is about.
#[derive(Clone)]
pub(super) enum Target {
    /// A user of an application.
    User {
        /// The application.
        app: Box<Application>,
        /// Whom it is about.
        subject: Box<Subject>,
        /// The grant.
        grant: Box<Loaded<Grant>>,
    },
    /// A note in Lever.
    Note {
        /// On which opportunity.
        opportunity: LeverId,
        /// What it says, with its marker.
        text: String,
        /// The tag that comes with it.
        tag: Option<String>,
    },
    /// A message.
    Message(Notification),
    /// A request.
    Request(Box<HttpStep>),
}

/// How the person stands towards an effect right now.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    /// May the person be given anything?
    pub(super) may_receive: bool,
    /// Is the person due what the effect is about?
    pub(super) is_due: bool,
}

impl Job {
    /// How the person in hand stands towards this effect.
    pub(super) fn standing(&self, hand: &Hand, now: Timestamp) -> Standing {
        let person = &hand.person.entity;
        let is_due = match &self.target {
            Target::User { app, .. } => is_due(person, &hand.company, &app.app, now),
            _ => false,
        };
        let run = &hand.run.entity;
        let step = run.step(&self.step);
        let ends = step.is_some_and(|step| run.ends(step));
        let undoing = step.is_some_and(|step| step.undoing);
        let may_receive = match &self.target {
            Target::User { .. } => person.state.may_receive(),
            Target::Message(_) | Target::Request(_) => !run.is_in_vain(person),
            Target::Note { .. } => true,
        };
        Standing {
            may_receive: may_receive && !ends,
            is_due: is_due && !undoing || ends,
        }
    }

    /// Does it take away what somebody has, or part of it?
    pub(super) fn takes_something(&self) -> bool {
        match (&self.target, self.change.goal) {
            (Target::User { app, grant, .. }, Goal::Give) => {
                grant.entity.loses_part(Some(app.as_ref()))
            }
            (_, goal) => matches!(goal, Goal::Suspend | Goal::Remove),
        }
    }

    /// The effect of a step; none if there is nothing it could be about.
    pub(super) fn of(hand: &Hand, step: &StepId) -> Option<Self> {
        let step = hand.run.entity.step(step)?;
        match &step.work {
            StepWork::Grant {
                grant, app, goal, ..
            } => {
                let grant = hand.grants.iter().find(|known| known.entity.id == *grant)?;
                let app = hand.company.apps.get(app)?;
                Some(Self::of_grant(hand, step, grant, app, *goal))
            }
            StepWork::Workflow { kind, .. } => Self::of_step(hand, step, kind),
        }
    }

    fn of_grant(
        hand: &Hand,
        step: &Step,
        grant: &Loaded<Grant>,
        app: &Application,
        goal: Goal,
    ) -> Self {
        let run = &hand.run.entity.id;
        let open = grant
            .entity
            .change
            .clone()
            .filter(|change| change.run == *run);
        let change = open.unwrap_or_else(|| {
            Change::open(
                run.clone(),
                step.id.clone(),
                goal,
                grant.entity.generation.saturating_add(1),
            )
        });
        let noted = Calls::default();
        let subject = Subject {
            person: hand.person.entity.clone(),
            entitlement: grant.entity.wanted.clone(),
            given: grant.entity.given(),
            external_id: grant.entity.external_id.clone(),
            calls: noted.clone(),
        };
        let target = Target::User {
            app: Box::new(app.clone()),
            subject: Box::new(subject),
            grant: Box::new(grant.clone()),
        };
        Self {
            step: step.id.clone(),
            change,
            target,
            shown: None,
            noted,
            calls: Vec::new(),
        }
    }

    fn of_step(hand: &Hand, step: &Step, kind: &StepKind) -> Option<Self> {
        let run = &hand.run.entity;
        // A second note is another effect than the first.
        let generation = step.notes.saturating_add(1);
        let change = step.change.clone().unwrap_or_else(|| {
            Change::open(run.id.clone(), step.id.clone(), Goal::Sent, generation)
        });
        let key = change.key(&format!("{}/{}", run.id, step.id), Action::Send);
        let target = match kind {
            StepKind::LeverNote { tag } => Target::Note {
                opportunity: run.opportunity.clone()?,
                text: note::text(hand, &key),
                tag: tag.clone(),
            },
            StepKind::Notify(notify) => Target::Message(message(hand, notify, key)),
            StepKind::Http(http) => Target::Request(http.clone()),
            _ => return None,
        };
        Some(Self {
            step: step.id.clone(),
            change,
            target,
            shown: None,
            noted: Calls::default(),
            calls: Vec::new(),
        })
    }

    /// The key of an effect of this job: the same for every attempt.
    pub(super) fn key(&self, action: Action) -> EffectKey {
        match &self.target {
            Target::User { grant, .. } => self.change.key(grant.entity.id.as_str(), action),
            _ => self
                .change
                .key(&format!("{}/{}", self.change.run, self.step), action),
        }
    }

    /// What it is called in the audit.
    pub(super) fn name(&self) -> String {
        match &self.target {
            Target::User { app, .. } => format!("app/{}", app.app),
            Target::Note { .. } => "lever/note".to_owned(),
            Target::Message(_) | Target::Request(_) => format!("step/{}", self.step),
        }
    }

    /// Looks whether it is there.
    pub(super) async fn look(&mut self, ports: &Ports) -> Seen {
        let began = ports.clock.now();
        let seen = self.see(ports).await;
        let request = if self.change.phase.has_intent() {
            Call::VERIFY
        } else {
            Call::LOOK
        };
        self.remember(request, began);
        seen
    }

    async fn see(&self, ports: &Ports) -> Seen {
        match &self.target {
            Target::User { app, subject, .. } => {
                ports.apps.provisioner(app).await?.find(subject).await
            }
            Target::Note { opportunity, .. } => {
                let marker = note::marker(&self.key(Action::Send));
                let there = ports.lever.has_note(opportunity, &marker);
                Ok(self.noting(ports, there).await?.then(sent))
            }
            // Not every way to tell somebody can be asked afterwards, and no request can: what was accepted counts as there.
            Target::Message(_) | Target::Request(_) if self.change.made.contains(&Action::Send) => {
                Ok(Some(sent()))
            }
            Target::Message(notification) => {
                Ok(ports.notifier.was_sent(&notification.key).await?.then(sent))
            }
            Target::Request(_) => Ok(None),
        }
    }

    /// Makes it, once.
    pub(super) async fn make(
        &mut self,
        ports: &Ports,
        hand_person: &crate::person::Person,
        action: Action,
    ) -> Outcome {
        let began = ports.clock.now();
        let outcome = self.send(ports, hand_person, action).await;
        self.remember(action.as_str(), began);
        outcome
    }

    async fn send(
        &self,
        ports: &Ports,
        hand_person: &crate::person::Person,
        action: Action,
    ) -> Outcome {
        let key = self.key(action);
        match &self.target {
            Target::User { app, subject, .. } => match ports.apps.provisioner(app).await {
                Ok(provisioner) => provisioner.make(action, subject, &key).await,
                Err(error) => Outcome::from(error),
            },
            Target::Note {
                opportunity,
                text,
                tag,
            } => {
                let written = note::write(ports, opportunity, text, tag.as_deref());
                outcome(self.noting(ports, written).await)
            }
            Target::Message(notification) => {
                let sent = ports.notifier.send(notification);
                outcome(self.noting(ports, sent).await)
            }
            Target::Request(step) => match request(step, hand_person) {
                Ok((step, body)) => {
                    let calls = &self.noted;
                    ports.apps.request(&step, &body, &key, calls).await
                }
                Err(why) => Outcome::Refused { why },
            },
        }
    }

    /// Notes what came of a call by a port that writes nothing down itself, and so tells no status of what it did.
    async fn noting<T>(
        &self,
        ports: &Ports,
        call: impl Future<Output = Result<T, RemoteError>>,
    ) -> Result<T, RemoteError> {
        let began = ports.clock.now();
        let result = call.await;
        let took = ports.clock.now().duration_since(began);
        let came = match &result {
            Ok(_) => Came::Told(Told::Answered),
            Err(error) => Came::from(error),
        };
        self.noted.note(came, took.try_into().unwrap_or_default());
        result
    }

    /// What was written down since is what was called for this request.
    fn remember(&mut self, request: &str, began: Timestamp) {
        let at = Timestamp::from_millisecond(began.as_millisecond()).unwrap_or(began);
        let calls = self.noted.take().into_iter().map(|(came, took)| Call {
            at,
            request: request.to_owned(),
            came,
            took_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
        });
        self.calls.extend(calls);
    }

    /// Shows with the step what was called for it.
    pub(super) fn tell(&mut self, hand: &mut Hand) {
        let calls = std::mem::take(&mut self.calls);
        if let Some(step) = hand.run.entity.step_mut(&self.step) {
            step.called(calls);
        }
    }

    /// The application accepted it: the next look goes by the id that it named.
    pub(super) fn accepted(&mut self, action: Action, user: Option<&ExternalId>) {
        match (&self.target, user) {
            (Target::User { .. }, Some(user)) => self.found(user.clone()),
            (Target::Message(_) | Target::Request(_), _) => self.change.made.push(action),
            _ => {}
        }
    }

    /// A look saw this user: what is made from now on is made to them.
    pub(super) fn saw(&mut self, user: &FoundUser) {
        self.shown.clone_from(&user.shown);
        self.found(user.external_id.clone());
    }

    /// What the user of this grant was seen to have; none if the job is about something else.
    pub(super) fn shown(&self, id: &GrantId) -> Option<&Entitlement> {
        match &self.target {
            Target::User { grant, .. } if grant.entity.id == *id => self.shown.as_ref(),
            _ => None,
        }
    }

    fn found(&mut self, user: ExternalId) {
        if let Target::User { subject, grant, .. } = &mut self.target {
            subject.external_id = Some(user.clone());
            grant.entity.external_id = Some(user);
        }
    }

    /// An attempt was surely not carried out: whoever shows up later is not ours because of it.
    pub(super) fn disprove(&mut self, action: Action) {
        if let Target::User { grant, .. } = &mut self.target
            && action == Action::Create
            && !self.change.doubtful
        {
            grant.entity.creation_intended = false;
        }
    }

    /// What the protocol may rely on.
    pub(super) fn setting<'a>(&'a self, supports: &'a [Action], standing: Standing) -> Setting<'a> {
        let plain = Setting {
            supports,
            unique: false,
            settle_secs: 0,
            may_receive: standing.may_receive,
            is_due: standing.is_due,
            known: None,
            confirmed_match: true,
            blind: false,
            unchangeable: None,
        };
        match &self.target {
            Target::User { app, grant, .. } => {
                let (settle_secs, unique) = app.settling();
                let known = grant.entity.external_id.as_ref();
                let ours = grant.entity.creation_intended || grant.entity.from_roster;
                let confirmed_match = ours || app.identifies_people();
                Setting {
                    unique,
                    settle_secs,
                    known,
                    confirmed_match,
                    unchangeable: unchangeable(app, &grant.entity),
                    ..plain
                }
            }
            Target::Request(step) => Setting {
                unique: step.repeat != Repeat::Never,
                blind: true,
                ..plain
            },
            Target::Note { .. } | Target::Message(_) => plain,
        }
    }
}

/// What was given or is held, is wanted otherwise, and cannot be changed for want of an action.
fn unchangeable(app: &Application, grant: &Grant) -> Option<&'static str> {
    let Provision::Http(http) = &app.provisioner else {
        return None;
    };
    let (wanted, given) = (&grant.wanted, grant.given());
    if given.role.is_some() && wanted.role.is_none() {
        return Some("role to none");
    }
    if given.plan.is_some() && wanted.plan.is_none() && http.actions.release_plan.is_none() {
        return Some("plan to none: give `release_plan`");
    }
    let held = grant.held.as_ref()?;
    let changes =
        |held: &Option<String>, wanted: &Option<String>| wanted.is_some() && wanted != held;
    if changes(&held.role, &wanted.role) && http.actions.update.is_none() {
        return Some("role: give `update`");
    }
    let plan = changes(&held.plan, &wanted.plan) && http.actions.assign_plan.is_none();
    plan.then_some("plan: give `assign_plan`")
}

/// A note, message or request that was found as a user would be.
fn sent() -> FoundUser {
    let external_id = ExternalId::try_from("sent".to_owned()).expect("the word is an id");
    FoundUser {
        external_id,
        active: true,
        ours: true,
        entitled: Some(true),
        shown: None,
        seated: None,
    }
}

fn message(hand: &Hand, notify: &NotifyStep, key: EffectKey) -> Notification {
    let person = &hand.person.entity;
    Notification {
        to: filled(&notify.to, person),
        text: filled(&notify.text, person),
        key,
    }
}

fn outcome(result: Result<(), RemoteError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done {
            external_id: None,
            was_so: false,
        },
        Err(error) => Outcome::from(error),
    }
}

/// The request of a step with the person's attributes filled in.
fn request(
    step: &HttpStep,
    person: &crate::person::Person,
) -> Result<(HttpStep, serde_json::Value), String> {
    let lookup = |name: &str| person.attribute(name).cloned();
    let path =
        Template::parse(&step.path, Placeholders::AnyName).map_err(|error| error.to_string())?;
    let path = path
        .render(lookup, Encoding::UrlPath)
        .map_err(|error| error.to_string())?;
    let body = match &step.body {
        None => serde_json::Value::Null,
        Some(body) => BodyTemplate::compile(body, Placeholders::AnyName)
            .map_err(|error| error.to_string())?
            .render(lookup)
            .map_err(|error| error.to_string())?,
    };
    Ok((
        HttpStep {
            path,
            ..step.clone()
        },
        body,
    ))
}
