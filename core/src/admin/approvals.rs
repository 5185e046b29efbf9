//! Approvals decided: yes, no, or by somebody else. What was decided, and why, is audited.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::access::desired;
use crate::approval::{
    Approval, ApprovalState, Decider, Decision, Deputy, Power, Question, Refusal, Roles, Verdict,
};
use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::company::Company;
use crate::handle::approval::is_needed;
use crate::handle::{ledger, load};
use crate::ids::{ApprovalId, KeyId};
use crate::person::Person;
use crate::ports::Ports;
use crate::run::Step;
use crate::store::{Entity, Key, Loaded};

use super::api_key::{ApiKey, Scope};
use super::{AdminError, LONGEST_REASON, Who, deciding};

/// An approval that must be there.
///
/// # Errors
/// `NotFound` if not.
pub async fn approval(ports: &Ports, id: &ApprovalId) -> Result<Loaded<Approval>, AdminError> {
    let stored = ports
        .store
        .find::<Approval>(&Key::Approval(id.clone()))
        .await?;
    stored.ok_or(AdminError::NotFound("approval"))
}

/// Which approvals somebody sees: all of them, or those that they are or were asked about.
pub struct Asked {
    decider: Decider,
    sees_all: bool,
    roles: Roles,
    now: Timestamp,
}

impl Asked {
    /// Is it one of them?
    #[must_use]
    pub fn sees(&self, approval: &Approval) -> bool {
        let decided = |one: &Decision| one.by == self.decider.actor;
        let named = approval.may_decide(self.now);
        self.sees_all
            || approval.decisions.iter().any(decided)
            || named.iter().any(|who| self.decider.is(who, &self.roles))
    }
}

/// Which approvals this caller sees.
///
/// # Errors
/// If the store cannot be read.
pub async fn asked(
    ports: &Ports,
    decider: &Decider,
    sees_all: bool,
    now: Timestamp,
) -> Result<Asked, AdminError> {
    let (settings, _) = super::settings::current(ports).await?;
    Ok(Asked {
        decider: decider.clone(),
        sees_all,
        roles: settings.roles,
        now,
    })
}

/// What somebody wants to decide.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Yes.
    Approve,
    /// No.
    Reject,
    /// Somebody else decides until then.
    Delegate {
        /// An address, `role:…` or `group:…`.
        to: String,
        /// Until when.
        until: Timestamp,
    },
}

/// Decides.
///
/// # Errors
/// `Forbidden` to those who are not asked, about access of their own, and about what they asked for themselves;
/// `Refused` if it no longer waits; `Invalid` for a deputy or reason that cannot be.
pub async fn decide(
    ports: &Ports,
    who: &Who,
    decider: &Decider,
    id: &ApprovalId,
    answer: &Answer,
    reason: &str,
) -> Result<Loaded<Approval>, AdminError> {
    if reason.chars().count() > LONGEST_REASON {
        let message = format!("at most {LONGEST_REASON} characters");
        return Err(AdminError::mistake("reason", message));
    }
    let settled = deciding!(decide_once(ports, who, decider, id, answer, reason).await)?;
    match settled {
        Settled::Decided => approval(ports, id).await,
        Settled::PlanChanged => Err(AdminError::refused(
            "plan_changed",
            "what it was asked for has changed: another approval is asked for",
        )),
    }
}

/// What came of deciding.
enum Settled {
    Decided,
    PlanChanged,
}

/// Everything that a decision rests on.
struct Scene {
    approval: Loaded<Approval>,
    person: Loaded<Person>,
    requester: Option<Decider>,
    company: Company,
}

impl Scene {
    async fn load(ports: &Ports, id: &ApprovalId) -> Result<Self, AdminError> {
        let approval = approval(ports, id).await?;
        let person = load::person(ports, &approval.entity.person).await?;
        let requester = match &approval.entity.requester {
            Some(actor) => Some(known(ports, actor).await?),
            None => None,
        };
        Ok(Self {
            person: person.ok_or(AdminError::NotFound("person"))?,
            company: load::company(ports).await?,
            approval,
            requester,
        })
    }
}

/// Somebody whom the audit names, as they are known now.
async fn known(ports: &Ports, actor: &str) -> Result<Decider, AdminError> {
    let mut decider = Decider {
        actor: actor.to_owned(),
        ..Decider::default()
    };
    let key = actor.strip_prefix("key:").map(KeyId::parse);
    if let Some(Ok(id)) = key
        && let Some(key) = ports.store.find::<ApiKey>(&Key::ApiKey(id)).await?
    {
        decider.is_admin = key.entity.scopes.contains(&Scope::Admin);
        decider.names = key.entity.roles;
    }
    Ok(decider)
}

async fn decide_once(
    ports: &Ports,
    who: &Who,
    decider: &Decider,
    id: &ApprovalId,
    answer: &Answer,
    reason: &str,
) -> Result<Settled, AdminError> {
    let mut scene = Scene::load(ports, id).await?;
    let power = may(&scene, decider, who.at, answer);
    let refused = match &power {
        Err(AdminError::Forbidden { code, .. }) => Some(*code),
        Err(_) => concerned(&scene, answer).map(Refusal::code),
        Ok(_) => None,
    };
    if let Some(code) = refused {
        say_refused(ports, who, &scene, code).await?;
    }
    let power = power?;
    still_waits(ports, &scene, who.at).await?;
    let mut changes = Changes::new(who.clone());
    let stream = StreamId::Person(scene.person.entity.id.clone());
    let target = format!("approval/{id}");
    if !is_for_this_plan(ports, &scene, who.at).await? {
        scene.approval.entity.end(ApprovalState::Void, who.at);
        changes.update(&scene.approval);
        changes.say(Line::new(stream, "approval void", target));
        ledger::commit(ports, changes).await?;
        return Ok(Settled::PlanChanged);
    }
    let line = Line::new(stream, said(answer), target);
    let detail = detail(&scene.approval.entity, answer, reason, power);
    settle(&mut scene.approval.entity, who, answer, reason, power)?;
    changes.update(&scene.approval);
    // Whoever leaves at this moment is not decided about.
    changes.check(scene.person.entity.key(), scene.person.version);
    changes.say(line.personal(None, Some(detail)));
    ledger::commit(ports, changes).await?;
    Ok(Settled::Decided)
}

/// Records that somebody wanted to decide who may not.
async fn say_refused(
    ports: &Ports,
    who: &Who,
    scene: &Scene,
    code: &'static str,
) -> Result<(), AdminError> {
    let stream = StreamId::Person(scene.person.entity.id.clone());
    let target = format!("approval/{}", scene.approval.entity.id);
    let line = Line::new(stream, "approval decision refused", target);
    let mut changes = Changes::new(who.clone());
    changes.say(line.after(json!({ "code": code })));
    Ok(ledger::commit(ports, changes).await?)
}

fn said(answer: &Answer) -> &'static str {
    match answer {
        Answer::Approve => "approval approved",
        Answer::Reject => "approval rejected",
        Answer::Delegate { .. } => "approval delegated",
    }
}

fn detail(approval: &Approval, answer: &Answer, reason: &str, power: Power) -> Value {
    let deputy = match answer {
        Answer::Delegate { to, until } => json!({ "to": to, "until": until }),
        _ => Value::Null,
    };
    json!({
        "reason": reason, "step": approval.step, "app": approval.app, "plan_hash": approval.plan_hash,
        "forced": power == Power::Override, "as_deputy": power == Power::Deputy, "delegated": deputy,
    })
}

fn settle(
    approval: &mut Approval,
    who: &Who,
    answer: &Answer,
    reason: &str,
    power: Power,
) -> Result<(), AdminError> {
    let decision = |decision: Verdict| Decision {
        by: who.actor.clone(),
        decision,
        reason: reason.to_owned(),
        at: who.at,
        forced: power == Power::Override,
    };
    match answer {
        Answer::Approve => approval.decide(decision(Verdict::Approved)),
        Answer::Reject => approval.decide(decision(Verdict::Rejected)),
        Answer::Delegate { to, until } => {
            let deputy = Deputy {
                who: to.clone(),
                until: *until,
                by: who.actor.clone(),
            };
            if !approval.delegate(deputy, decision(Verdict::Delegated)) {
                let why = "it was delegated too often";
                return Err(AdminError::refused("too_many_deputies", why));
            }
        }
    }
    Ok(())
}

/// By what right?
fn may(
    scene: &Scene,
    decider: &Decider,
    now: Timestamp,
    answer: &Answer,
) -> Result<Power, AdminError> {
    let (person, requester) = (&scene.person.entity, scene.requester.as_ref());
    let roles = &scene.company.settings.roles;
    let power = decider.may_decide(&scene.approval.entity, person, requester, roles, now);
    let power = power.map_err(|refusal| AdminError::Forbidden {
        code: refusal.code(),
        detail: refusal.to_string(),
    })?;
    let Answer::Delegate { to, until } = answer else {
        return Ok(power);
    };
    if power == Power::Deputy {
        return Err(AdminError::Forbidden {
            code: "deputy",
            detail: "a deputy decides, and names no other deputy".to_owned(),
        });
    }
    let fits = !to.trim().is_empty() && to.chars().count() <= 254 && !to.contains(char::is_control);
    if !fits {
        return Err(AdminError::mistake(
            "to",
            "an address, `role:…` or `group:…`",
        ));
    }
    if *until <= now {
        return Err(AdminError::mistake("until", "a time to come"));
    }
    if concerned(scene, answer).is_some() {
        return Err(AdminError::mistake(
            "to",
            "nobody decides about access of their own, or about what they asked for",
        ));
    }
    Ok(power)
}

/// Why whoever is named as a deputy cannot be one: the matter is their own.
fn concerned(scene: &Scene, answer: &Answer) -> Option<Refusal> {
    let Answer::Delegate { to, .. } = answer else {
        return None;
    };
    let deputy = Decider {
        actor: to.clone(),
        ..Decider::default()
    };
    let (person, requester) = (&scene.person.entity, scene.requester.as_ref());
    deputy.is_not_concerned(person, requester).err()
}

async fn still_waits(ports: &Ports, scene: &Scene, now: Timestamp) -> Result<(), AdminError> {
    let approval = &scene.approval.entity;
    let over = |why: &str| Err(AdminError::refused("not_waiting", why));
    if approval.state != ApprovalState::Waiting {
        return over(&format!("the approval is {}", approval.state.as_str()));
    }
    if !approval.waits(now) {
        return over("the approval is expired");
    }
    if !scene.person.entity.state.may_receive() {
        return over(&scene.person.entity.state.sentence());
    }
    if !is_needed(ports, approval).await? {
        return over("nothing waits for it any more");
    }
    Ok(())
}

/// Is what would be done still what it was asked for?
async fn is_for_this_plan(
    ports: &Ports,
    scene: &Scene,
    now: Timestamp,
) -> Result<bool, AdminError> {
    let (approval, person) = (&scene.approval.entity, &scene.person.entity);
    let desired = desired(person, &scene.company, now);
    let grants = load::grants(ports, &person.id).await?;
    let mut known = grants.iter().map(|grant| &grant.entity);
    let grant = known.find(|grant| grant.app == approval.app);
    let Some(due) = desired.due_to(&approval.app, grant, &scene.company) else {
        return Ok(false);
    };
    let Some(rule) = due.approvals.first() else {
        return Ok(false);
    };
    let current = grants
        .iter()
        .any(|grant| grant.entity.approval.as_ref() == Some(&approval.id));
    let place = scene.company.mapping.place(person);
    let effect = due.effect(approval.grant.clone(), "due by policy");
    let question = Question {
        run: &approval.run,
        requester: approval.requester.as_ref(),
        step: &approval.step,
        person,
        effect: &effect,
        app: scene.company.apps.get(&approval.app),
        rule,
        rules: &due.approvals,
        said_yes: Vec::new(),
        place: &place,
        asked_before: 0,
        now,
    };
    Ok(current && approval.is_for(&question))
}

/// Ends the approval that a step waits for, because the step ends by hand.
pub(super) async fn let_go(
    ports: &Ports,
    step: &Step,
    changes: &mut Changes,
) -> Result<(), AdminError> {
    let Some(id) = step.approval() else {
        return Ok(());
    };
    let key = Key::Approval(id.clone());
    let Some(mut found) = ports.store.find::<Approval>(&key).await? else {
        return Ok(());
    };
    if found.entity.state == ApprovalState::Waiting {
        found.entity.end(ApprovalState::Gone, changes.origin.at);
        changes.update(&found);
    }
    Ok(())
}
