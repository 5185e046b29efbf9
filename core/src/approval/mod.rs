//! Approvals: a gate that needs a decision by a human, bound to the plan it is asked for (L13).
//!
//! Pure. [`Approval::come_due`] says what time does to it, [`Approval::decide`] what somebody decides; who may do that
//! is in [`Decider`].

mod asked;
mod decider;

pub use decider::{CLAIMED, Decider, Power, Refusal, Roles};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::access::PlannedEffect;
use crate::app::{Application, Price};
use crate::ids::{AppSlug, ApprovalId, EffectKey, GrantId, PersonId, RunId, StepId, derive};
use crate::person::Person;
use crate::policy::ApprovalRule;
use crate::schedule::Place;
use crate::store::{Entity, Key, Listing, Lookup};

/// Where an approval stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// For somebody to decide.
    Waiting,
    /// Somebody said yes.
    Approved,
    /// Somebody said no.
    Rejected,
    /// Nobody decided in time: that is a no.
    Expired,
    /// What it was asked for has changed: another one is asked for.
    Void,
    /// Nobody needs it any more: the person left, or the run ended.
    Gone,
}

impl ApprovalState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Approved,
        Self::Rejected,
        Self::Expired,
        Self::Void,
        Self::Gone,
    ];

    /// The word in API and lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Void => "void",
            Self::Gone => "gone",
        }
    }
}

/// What somebody decided.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Approved,
    /// No.
    Rejected,
    /// Somebody else decides.
    Delegated,
    /// Nobody decided in time.
    Expired,
}

/// One decision, as it is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// Who: `key:<id>`, `local-admin`, `sando`.
    pub by: String,
    /// What.
    pub decision: Verdict,
    /// Why, in their words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// An administrator who is no approver decided (a manual override).
    #[serde(default)]
    pub forced: bool,
}

/// Somebody who decides in an approver's place, for a time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deputy {
    /// An address, `role:…` or `group:…`.
    pub who: String,
    /// Until when.
    pub until: Timestamp,
    /// In whose place.
    pub by: String,
}

/// A gate that needs a decision by a human.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// Derived from the grant and how often an approval was asked for it.
    pub id: ApprovalId,
    /// Where it stands.
    pub state: ApprovalState,
    /// For whom it is.
    pub person: PersonId,
    /// The person's access epoch when it was asked for.
    pub epoch: u64,
    /// Where.
    pub app: AppSlug,
    /// The grant that waits.
    pub grant: GrantId,
    /// The run that asked.
    pub run: RunId,
    /// The step that asked.
    pub step: StepId,
    /// What it is bound to: what would be done, for whom, at what price.
    pub plan_hash: String,
    /// What would be done.
    pub effects: Vec<PlannedEffect>,
    /// What it costs, if the plan has a price.
    pub cost: Option<Price>,
    /// The rule as the policy has it.
    pub rule: ApprovalRule,
    /// The rules of other policies whose people said yes to the same plan before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said_yes: Vec<ApprovalRule>,
    /// Who is asked first.
    pub approvers: Vec<String>,
    /// Who is asked as well since nobody answered.
    #[serde(default)]
    pub escalated: bool,
    /// When they are.
    #[serde(default)]
    pub escalates_at: Option<Timestamp>,
    /// When it is denied by itself.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// Who decides in an approver's place.
    #[serde(default)]
    pub deputies: Vec<Deputy>,
    /// Who started the run by hand; none for an event of Lever.
    #[serde(default)]
    pub requester: Option<String>,
    /// What was decided, in order.
    #[serde(default)]
    pub decisions: Vec<Decision>,
    /// How often everybody was reminded.
    #[serde(default)]
    pub reminders: u32,
    /// When they are reminded next.
    #[serde(default)]
    pub remind_at: Option<Timestamp>,
    /// Whoever waits for it still has to be told how it ended.
    #[serde(default)]
    pub tell_at: Option<Timestamp>,
    /// Since when it is asked for.
    pub created_at: Timestamp,
}

/// What an approval is asked for.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The run's id.
    pub run: &'a RunId,
    /// Who started the run by hand.
    pub requester: Option<&'a String>,
    /// The step's id.
    pub step: &'a StepId,
    /// For whom.
    pub person: &'a Person,
    /// What would be done.
    pub effect: &'a PlannedEffect,
    /// Where; none if it is not configured.
    pub app: Option<&'a Application>,
    /// Who is asked.
    pub rule: &'a ApprovalRule,
    /// Everybody who has to say yes, by the policies that say so.
    pub rules: &'a [ApprovalRule],
    /// Who said yes before.
    pub said_yes: Vec<ApprovalRule>,
    /// Where and when the person works.
    pub place: &'a Place,
    /// How often an approval was asked for this grant before.
    pub asked_before: u32,
    /// Now.
    pub now: Timestamp,
}

impl Question<'_> {
    fn cost(&self) -> Option<Price> {
        let plan = self.effect.entitlement.plan.as_ref()?;
        let plans = &self.app?.plans;
        plans.iter().find(|known| known.id == *plan)?.price.clone()
    }

    /// The hash of what would be done, for whom, at what price. What does not change that does not change it.
    #[must_use]
    pub fn plan_hash(&self) -> String {
        let wanted = serde_json::json!([
            self.person.id,
            self.effect.app,
            self.effect.goal,
            self.effect.entitlement,
            self.cost(),
        ]);
        derive(&["plan", &wanted.to_string()])
    }
}

impl Approval {
    /// Without a time in the policy, others are asked after so long.
    const ESCALATES_AFTER: SignedDuration = SignedDuration::from_hours(72);
    /// How many deputies there may be.
    const MOST_DEPUTIES: usize = 20;
    /// Hours between reminders, growing; the last one repeats.
    const REMINDED_AFTER: [i64; 6] = [4, 8, 24, 48, 96, 168];

    /// Asks for an approval.
    #[must_use]
    pub fn ask(question: &Question<'_>) -> Self {
        let (now, rule) = (question.now, question.rule);
        let expires_at = rule
            .expires
            .and_then(|span| question.place.later(now, span));
        let escalates_at = (!rule.escalate_to.is_empty()).then(|| match expires_at {
            Some(end) => halfway(now, end),
            None => after(now, Self::ESCALATES_AFTER),
        });
        let grant = &question.effect.grant;
        let mut approval = Self {
            id: ApprovalId::derived(&[grant.as_str(), &question.asked_before.to_string()]),
            state: ApprovalState::Waiting,
            person: question.person.id.clone(),
            epoch: question.person.access_epoch,
            app: question.effect.app.clone(),
            grant: grant.clone(),
            run: question.run.clone(),
            step: question.step.clone(),
            plan_hash: question.plan_hash(),
            effects: vec![question.effect.clone()],
            cost: question.cost(),
            rule: rule.clone(),
            said_yes: question.said_yes.clone(),
            approvers: decider::asked_first(rule, question.person),
            escalated: false,
            escalates_at,
            expires_at,
            deputies: Vec::new(),
            requester: question.requester.cloned(),
            decisions: Vec::new(),
            reminders: 0,
            remind_at: Some(now),
            tell_at: None,
            created_at: now,
        };
        if approval.approvers.is_empty() {
            // Whom the policy names cannot decide about access of their own.
            approval.escalate();
        }
        approval
    }

    /// Is it still for this plan, asked of the people whom the policy names now?
    #[must_use]
    pub fn is_for(&self, question: &Question<'_>) -> bool {
        self.plan_hash == question.plan_hash()
            && (self.state != ApprovalState::Waiting
                || question.rules.contains(&self.rule) && self.asks_whom_it_would(question))
    }

    /// Would the same people be asked now? Whom `{manager}` means may have changed.
    fn asks_whom_it_would(&self, question: &Question<'_>) -> bool {
        let anew = Self::ask(&Question {
            rule: &self.rule,
            ..question.clone()
        });
        anew.approvers == self.approvers
    }

    /// Everybody who said yes, once this is approved.
    #[must_use]
    pub fn all_yes(&self) -> Vec<ApprovalRule> {
        let before = self.said_yes.iter().cloned();
        before.chain([self.rule.clone()]).collect()
    }

    /// Who is asked next, since this is approved and several policies ask others each; none if nobody is left.
    #[must_use]
    pub fn next_of<'a>(&self, rules: &'a [ApprovalRule]) -> Option<&'a ApprovalRule> {
        if self.state != ApprovalState::Approved {
            return None;
        }
        let yes = self.all_yes();
        let said = |rule: &ApprovalRule| yes.iter().any(|yes| yes.asks_the_same(rule));
        rules.iter().find(|rule| !said(rule))
    }

    /// May somebody still decide?
    #[must_use]
    pub fn waits(&self, now: Timestamp) -> bool {
        self.state == ApprovalState::Waiting && self.expires_at.is_none_or(|at| at > now)
    }

    /// Everybody who may decide now, deputies last.
    #[must_use]
    pub fn may_decide(&self, now: Timestamp) -> Vec<&str> {
        let deputies = self
            .deputies
            .iter()
            .filter(|deputy| deputy.until > now)
            .map(|deputy| deputy.who.as_str());
        let mut all: Vec<&str> = Vec::new();
        for who in self.first_hand().chain(deputies) {
            if !all.contains(&who) {
                all.push(who);
            }
        }
        all
    }

    /// Whom the policy names, and those who are asked since nobody answered.
    fn first_hand(&self) -> impl Iterator<Item = &str> {
        let further = self.escalated.then_some(&self.rule.escalate_to);
        self.approvers
            .iter()
            .chain(further.into_iter().flatten())
            .map(String::as_str)
    }

    fn escalate(&mut self) {
        self.escalated = true;
        self.escalates_at = None;
        if self.approvers.is_empty() && self.rule.escalate_to.is_empty() {
            self.approvers = vec![decider::NOBODY_ELSE.to_owned()];
        }
    }

    /// Ends it; whoever waits for it is told at `now`.
    pub fn end(&mut self, state: ApprovalState, now: Timestamp) {
        self.state = state;
        self.remind_at = None;
        self.escalates_at = None;
        self.tell_at = Some(now);
    }

    /// What somebody who may decide decides.
    pub fn decide(&mut self, decision: Decision) {
        let (verdict, at) = (decision.decision, decision.at);
        self.decisions.push(decision);
        match verdict {
            Verdict::Approved => self.end(ApprovalState::Approved, at),
            Verdict::Rejected => self.end(ApprovalState::Rejected, at),
            Verdict::Expired => self.end(ApprovalState::Expired, at),
            Verdict::Delegated => self.remind_at = Some(at),
        }
    }

    /// Lets somebody decide in an approver's place; false if there are too many already.
    pub fn delegate(&mut self, deputy: Deputy, decision: Decision) -> bool {
        if self.deputies.len() >= Self::MOST_DEPUTIES {
            return false;
        }
        self.deputies.push(deputy);
        self.decide(decision);
        true
    }

    /// What time does to it: it expires, others are asked, everybody is reminded.
    #[must_use]
    pub fn come_due(&mut self, now: Timestamp) -> Passed {
        let has_come = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if self.state != ApprovalState::Waiting {
            return Passed::default();
        }
        if has_come(self.expires_at) {
            self.decide(Decision {
                by: "sando".to_owned(),
                decision: Verdict::Expired,
                reason: "nobody decided in time".to_owned(),
                at: now,
                forced: false,
            });
            return Passed {
                expired: true,
                ..Passed::default()
            };
        }
        let mut passed = Passed::default();
        if has_come(self.escalates_at) {
            self.escalate();
            self.remind_at = Some(now);
            passed.escalated = true;
        }
        passed.remind = has_come(self.remind_at);
        passed
    }

    /// Everybody was reminded; the next time is further away.
    pub fn reminded(&mut self, now: Timestamp) {
        let place = usize::try_from(self.reminders).unwrap_or(usize::MAX);
        let hours = Self::REMINDED_AFTER.get(place).copied().unwrap_or(168);
        self.reminders = self.reminders.saturating_add(1);
        self.remind_at = Some(after(now, SignedDuration::from_hours(hours)));
    }

    /// The key of a reminder: the same for every attempt at it.
    #[must_use]
    pub fn reminder_key(&self, who: &str) -> EffectKey {
        EffectKey::derived(&[
            self.id.as_str(),
            "reminder",
            &self.reminders.to_string(),
            who,
        ])
    }
}

/// What time did to an approval.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Passed {
    /// It was denied because nobody decided.
    pub expired: bool,
    /// Others are asked as well.
    pub escalated: bool,
    /// Everybody is to be reminded.
    pub remind: bool,
}

fn after(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.saturating_add(time).unwrap_or(Timestamp::MAX)
}

fn halfway(from: Timestamp, to: Timestamp) -> Timestamp {
    let half = to.duration_since(from).as_secs() / 2;
    after(from, SignedDuration::from_secs(half))
}

impl Entity for Approval {
    const KIND: &'static str = "approval";

    fn key(&self) -> Key {
        Key::Approval(self.id.clone())
    }

    fn due(&self) -> Option<Timestamp> {
        if self.state != ApprovalState::Waiting {
            return self.tell_at;
        }
        [self.expires_at, self.escalates_at, self.remind_at]
            .into_iter()
            .flatten()
            .min()
    }

    fn listing(&self) -> Option<Listing> {
        Some(Listing {
            kind: Self::KIND,
            state: self.state.as_str(),
            at: self.created_at,
        })
    }

    fn lookup(&self) -> Option<Lookup> {
        Some(Lookup {
            person: self.person.clone(),
            kind: Self::KIND,
            at: self.created_at,
        })
    }
}

#[cfg(test)]
mod tests;
