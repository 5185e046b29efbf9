//! One change from look to look: what is missing, whether it may be made, and how an attempt ended.

use super::{
    Action, Change, Goal, LOOKS, Next, Outcome, Phase, RETRIES, Setting, Settled, later, retry_at,
};
use crate::ids::{EffectKey, RunId, StepId};
use crate::ports::FoundUser;
use jiff::Timestamp;

impl Change {
    /// Opens a change.
    #[must_use]
    pub fn open(run: RunId, step: StepId, goal: Goal, generation: u32) -> Self {
        Self {
            run,
            step,
            goal,
            generation,
            phase: Phase::Planned,
            made: Vec::new(),
            retries: 0,
            doubtful: false,
        }
    }

    /// The key of an effect of this change: the same for every attempt.
    #[must_use]
    pub fn key(&self, target: &str, action: Action) -> EffectKey {
        EffectKey::derived(&[target, &self.generation.to_string(), action.as_str()])
    }

    /// What comes after a look that saw `found`.
    #[must_use]
    pub fn after_look(
        &self,
        found: Option<&FoundUser>,
        setting: &Setting<'_>,
        now: Timestamp,
    ) -> Next {
        if let Some(user) = found
            && !self.explains(user, setting)
        {
            return self.unexplained();
        }
        let absent = found.is_none();
        match self.missing(found, setting) {
            None if let Some(what) = setting.unchangeable
                && self.goal == Goal::Give
                && setting.may_receive
                && !self.made.contains(&Action::Create) =>
            {
                Next::GiveUp(format!(
                    "the application has no action that changes the {what}"
                ))
            }
            None => Next::Settled(Settled::Verified(
                found.map(|user| user.external_id.clone()),
            )),
            Some(_) if matches!(self.goal, Goal::Give | Goal::Sent) && !setting.may_receive => {
                self.fenced(found, setting, now)
            }
            Some(action) if matches!(self.goal, Goal::Suspend | Goal::Remove) && setting.is_due => {
                self.due_again(action, found, setting, now)
            }
            Some(_) if setting.blind && self.phase.has_intent() && !setting.unique => {
                Next::GiveUp("nobody knows whether it arrived".to_owned())
            }
            Some(action) if !self.may_make(action, setting, now) => self.wait(setting, now),
            Some(action) if !setting.supports.contains(&action) => Next::GiveUp(format!(
                "the application has no action `{}`",
                action.as_str()
            )),
            Some(action) => Next::Make(
                action,
                Phase::Intended {
                    action,
                    saw_absent: absent,
                    at: now,
                },
            ),
        }
    }

    /// Is this user ours to touch (L28)? Our own id or an id known from before, a confirmed match, or our own
    /// intent: absent when we looked, present now.
    fn explains(&self, user: &FoundUser, setting: &Setting<'_>) -> bool {
        user.ours
            || setting.known == Some(&user.external_id)
            || setting.confirmed_match
            || self.phase.saw_absent()
    }

    fn unexplained(&self) -> Next {
        match self.goal {
            Goal::Give => Next::Stranger,
            // Somebody else's account under the same name: the person has none here.
            Goal::Suspend | Goal::Remove | Goal::Sent => Next::Settled(Settled::Verified(None)),
        }
    }

    /// The effect that is still missing between what was seen and the goal.
    fn missing(&self, found: Option<&FoundUser>, setting: &Setting<'_>) -> Option<Action> {
        let made = |action| self.made.contains(&action);
        let can = |action| setting.supports.contains(&action);
        match (self.goal, found) {
            (Goal::Sent, None) => Some(Action::Send),
            (Goal::Sent, Some(_)) => None,
            (Goal::Give, None) => Some(Action::Create),
            (Goal::Give, Some(user)) if !user.active => Some(Action::Restore),
            (Goal::Give, Some(user)) => match user.entitled {
                Some(true) => None,
                Some(false) => Some(Action::Entitle),
                None => (!made(Action::Entitle) && can(Action::Entitle)).then_some(Action::Entitle),
            },
            (Goal::Suspend | Goal::Remove, None) => None,
            (Goal::Suspend | Goal::Remove, Some(user)) => {
                // A seat that shows is given back at last: whatever goes wrong there leaves nobody active.
                let first = [Action::RevokeSessions, Action::ReleasePlan]
                    .into_iter()
                    .filter(|action| *action != Action::ReleasePlan || user.seated.is_none())
                    .find(|action| user.active && can(*action) && !made(*action));
                match (first, self.goal) {
                    (Some(action), _) => Some(action),
                    (None, Goal::Remove) => Some(Action::Remove),
                    (None, _) if user.active => Some(Action::Suspend),
                    (None, _) => (user.seated == Some(true) && can(Action::ReleasePlan))
                        .then_some(Action::ReleasePlan),
                }
            }
        }
    }

    /// May this effect be made now, or may an earlier attempt still show?
    fn may_make(&self, action: Action, setting: &Setting<'_>, now: Timestamp) -> bool {
        match &self.phase {
            Phase::Planned => true,
            Phase::Retry { at, .. } => *at <= now,
            // Died between intent and outcome: it may still arrive.
            Phase::Intended {
                action: intended, ..
            } => *intended != action || harmless(action, setting),
            Phase::Unknown {
                action: unknown,
                since,
                ..
            } => {
                *unknown != action
                    || harmless(action, setting)
                    || next_look(*since, setting, now).is_none()
            }
            Phase::Accepted {
                action: accepted, ..
            } => *accepted != action,
        }
    }

    /// Nothing seen yet: look again later, or say that it does not come.
    fn wait(&self, setting: &Setting<'_>, now: Timestamp) -> Next {
        match self.phase.clone() {
            Phase::Intended {
                action,
                saw_absent,
                at: since,
            }
            | Phase::Unknown {
                action,
                saw_absent,
                since,
                ..
            } => {
                let look_at = next_look(since, setting, now).unwrap_or(now);
                Next::Wait(Phase::Unknown {
                    action,
                    saw_absent,
                    since,
                    look_at,
                })
            }
            Phase::Accepted {
                action,
                saw_absent,
                since,
                ..
            } => match next_look(since, setting, now) {
                Some(look_at) => Next::Wait(Phase::Accepted {
                    action,
                    saw_absent,
                    since,
                    look_at,
                }),
                None => Next::GiveUp(format!(
                    "contradicted: `{}` was accepted, but does not show",
                    action.as_str()
                )),
            },
            phase @ (Phase::Planned | Phase::Retry { .. }) => Next::Wait(phase),
        }
    }

    /// The person may no longer receive it: what may have been made is looked for, nothing more is made.
    fn fenced(&self, found: Option<&FoundUser>, setting: &Setting<'_>, now: Timestamp) -> Next {
        match found {
            // A user who was there before, whom an effect on its way may still make active.
            Some(user) if !user.active && self.may_still_arrive(setting, now) => {
                self.wait(setting, now)
            }
            // It is there: it is recorded as held, so that the leaver's revoke finds it.
            Some(user) => Next::Settled(Settled::Verified(Some(user.external_id.clone()))),
            None if self.may_still_arrive(setting, now) => self.wait(setting, now),
            None if setting.blind && self.phase.has_intent() => {
                Next::GiveUp("nobody knows whether it arrived".to_owned())
            }
            None => Next::Settled(Settled::Withdrawn),
        }
    }

    /// The person is due it again: what is missing of taking it away is not made. Where only the seat is left to take, it
    /// was taken away, and is given again from the start.
    fn due_again(
        &self,
        action: Action,
        found: Option<&FoundUser>,
        setting: &Setting<'_>,
        now: Timestamp,
    ) -> Next {
        let suspended = found.filter(|user| action == Action::ReleasePlan && !user.active);
        let harmless = suspended.is_some() && self.phase.action() != Some(Action::ReleasePlan);
        match suspended {
            _ if !harmless && self.may_still_arrive(setting, now) => self.wait(setting, now),
            Some(user) => Next::Settled(Settled::Verified(Some(user.external_id.clone()))),
            None => Next::Settled(Settled::Kept),
        }
    }

    /// Is an effect perhaps still on its way?
    fn may_still_arrive(&self, setting: &Setting<'_>, now: Timestamp) -> bool {
        match &self.phase {
            Phase::Planned | Phase::Retry { .. } => false,
            Phase::Intended { at: since, .. }
            | Phase::Unknown { since, .. }
            | Phase::Accepted { since, .. } => next_look(*since, setting, now).is_some(),
        }
    }

    /// Takes in how the attempt at `action` ended.
    ///
    /// # Errors
    /// Why it has to be given up, and become a task for a human.
    pub fn after_make(
        mut self,
        outcome: &Outcome,
        key: &EffectKey,
        now: Timestamp,
    ) -> Result<Self, String> {
        let Phase::Intended {
            action, saw_absent, ..
        } = self.phase
        else {
            return Ok(self);
        };
        self.phase = match outcome {
            Outcome::Done { was_so, .. } => {
                self.retries = 0;
                self.made.push(action);
                // "It was there already" was not us, unless an earlier attempt may have been.
                let saw_absent = saw_absent && (!was_so || self.doubtful);
                Phase::Accepted {
                    action,
                    saw_absent,
                    since: now,
                    look_at: later(now, LOOKS[0]),
                }
            }
            Outcome::Unknown { .. } => Phase::Unknown {
                action,
                saw_absent,
                since: now,
                look_at: later(now, LOOKS[0]),
            },
            Outcome::Refused { why } => return Err(why.clone()),
            Outcome::NotDone {
                why,
                retry_after_secs,
            } => {
                let Some(at) = retry_at(key, self.retries, *retry_after_secs, now) else {
                    return Err(format!("given up after {} tries: {why}", RETRIES.len()));
                };
                self.retries = self.retries.saturating_add(1);
                if self.doubtful {
                    // This attempt was not carried out, but one before it may still arrive.
                    Phase::Unknown {
                        action,
                        saw_absent,
                        since: now,
                        look_at: at,
                    }
                } else {
                    // Not done: what shows up later was not made by this attempt.
                    Phase::Retry {
                        action,
                        saw_absent: false,
                        at,
                    }
                }
            }
        };
        Ok(self)
    }
}

/// Is repeating harmless by declaration? A unique create answers 409; the others end in the same state.
pub(super) fn harmless(action: Action, setting: &Setting<'_>) -> bool {
    match action {
        Action::Create | Action::Send => setting.unique,
        Action::Restore | Action::Suspend | Action::Remove => true,
        Action::Entitle | Action::RevokeSessions | Action::ReleasePlan => true,
    }
}

/// The next moment to look for an effect whose outcome is open since `since`; none when looking has ended.
pub(super) fn next_look(
    since: Timestamp,
    setting: &Setting<'_>,
    now: Timestamp,
) -> Option<Timestamp> {
    let settle = (setting.settle_secs > LOOKS[3]).then_some(setting.settle_secs);
    LOOKS
        .into_iter()
        .chain(settle)
        .map(|secs| later(since, secs))
        .find(|at| *at > now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ExternalId;
    use crate::ids::PersonId;

    const NOW: i64 = 1_000;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    fn a_change(goal: Goal, phase: Phase) -> Change {
        let run = RunId::derived(&["run"]);
        let step = StepId::from("access/figma");
        let open = Change::open(run, step, goal, 1);
        Change { phase, ..open }
    }

    fn unknown(action: Action, since: i64) -> Phase {
        Phase::Unknown {
            action,
            saw_absent: action == Action::Create,
            since: at(since),
            look_at: at(NOW),
        }
    }

    fn setting(may_receive: bool, is_due: bool) -> Setting<'static> {
        Setting {
            supports: &[Action::Create, Action::Restore, Action::Suspend],
            unique: true,
            settle_secs: 0,
            may_receive,
            is_due,
            known: None,
            confirmed_match: true,
            blind: false,
            unchangeable: None,
        }
    }

    fn a_user(active: bool) -> FoundUser {
        FoundUser {
            external_id: ExternalId::try_from("u1".to_owned()).unwrap(),
            active,
            ours: true,
            entitled: Some(true),
            shown: None,
            seated: None,
        }
    }

    fn with_seat(active: bool) -> FoundUser {
        FoundUser {
            seated: Some(true),
            ..a_user(active)
        }
    }

    fn made(next: Next) -> Option<Action> {
        match next {
            Next::Make(action, _) => Some(action),
            _ => None,
        }
    }

    #[test]
    fn a_seat_that_shows_is_given_back_once_the_user_is_suspended() {
        let can = [Action::Suspend, Action::ReleasePlan];
        let left = Setting {
            supports: &can,
            ..setting(false, false)
        };
        let change = a_change(Goal::Suspend, Phase::Planned);
        let after = |user: &FoundUser| change.after_look(Some(user), &left, at(NOW));

        assert_eq!(made(after(&with_seat(true))), Some(Action::Suspend));
        assert_eq!(made(after(&with_seat(false))), Some(Action::ReleasePlan));
        let free = FoundUser {
            seated: Some(false),
            ..a_user(false)
        };
        assert!(matches!(after(&free), Next::Settled(Settled::Verified(_))));
        // Where nothing shows it goes first, while the user can still be acted upon.
        assert_eq!(made(after(&a_user(true))), Some(Action::ReleasePlan));
        let cannot = Setting {
            supports: &can[..1],
            ..left.clone()
        };
        let next = change.after_look(Some(&with_seat(false)), &cannot, at(NOW));
        assert!(matches!(next, Next::Settled(Settled::Verified(_))));
    }

    #[test]
    fn a_seat_is_not_taken_from_whoever_is_due_it_again() {
        let can = [Action::Suspend, Action::ReleasePlan];
        let due = Setting {
            supports: &can,
            ..setting(true, true)
        };
        let check = |phase: Phase, waits: bool| {
            let change = a_change(Goal::Suspend, phase);
            let next = change.after_look(Some(&with_seat(false)), &due, at(NOW));
            let gone = matches!(next, Next::Settled(Settled::Verified(Some(_))));
            assert_eq!(matches!(next, Next::Wait(_)), waits, "{next:?}");
            assert_eq!(gone, !waits, "{next:?}");
        };

        check(Phase::Planned, false);
        check(unknown(Action::Suspend, NOW - 10), false);
        check(unknown(Action::ReleasePlan, NOW - 10), true);
        check(unknown(Action::ReleasePlan, NOW - 400), false);
    }

    #[test]
    fn a_restore_that_may_still_arrive_is_waited_for_before_a_leavers_grant_is_settled() {
        let user = a_user(false);
        let left = setting(false, false);

        let recent = a_change(Goal::Give, unknown(Action::Restore, NOW - 10));
        let next = recent.after_look(Some(&user), &left, at(NOW));
        assert!(
            matches!(next, Next::Wait(Phase::Unknown { .. })),
            "{next:?}"
        );

        let old = a_change(Goal::Give, unknown(Action::Restore, NOW - 400));
        let next = old.after_look(Some(&user), &left, at(NOW));
        assert!(
            matches!(next, Next::Settled(Settled::Verified(_))),
            "{next:?}"
        );
    }

    #[test]
    fn a_request_of_which_nobody_knows_whether_it_arrived_goes_to_a_human_once_it_is_not_wanted() {
        let left = Setting {
            blind: true,
            ..setting(false, false)
        };
        let after = |phase: Phase| a_change(Goal::Sent, phase).after_look(None, &left, at(NOW));

        let recent = after(unknown(Action::Send, NOW - 10));
        assert!(matches!(recent, Next::Wait(_)), "{recent:?}");
        let old = after(unknown(Action::Send, NOW - 400));
        assert!(matches!(old, Next::GiveUp(_)), "{old:?}");
        let never = after(Phase::Planned);
        assert_eq!(never, Next::Settled(Settled::Withdrawn));
    }

    #[test]
    fn a_removal_that_may_still_arrive_is_waited_for_before_what_is_due_again_is_kept() {
        let user = a_user(true);
        let due = setting(true, true);

        let recent = a_change(Goal::Suspend, unknown(Action::Suspend, NOW - 10));
        let next = recent.after_look(Some(&user), &due, at(NOW));
        assert!(
            matches!(next, Next::Wait(Phase::Unknown { .. })),
            "{next:?}"
        );

        let untouched = a_change(Goal::Suspend, Phase::Planned);
        let next = untouched.after_look(Some(&user), &due, at(NOW));
        assert_eq!(next, Next::Settled(Settled::Kept));
    }

    #[test]
    fn what_cannot_be_changed_is_given_up_and_what_was_just_made_is_as_wanted() {
        let user = FoundUser {
            entitled: None,
            ..a_user(true)
        };
        let stuck = Setting {
            unchangeable: Some("role: give `update`"),
            ..setting(true, true)
        };
        let change = a_change(Goal::Give, Phase::Planned);
        let next = change.after_look(Some(&user), &stuck, at(NOW));
        assert!(matches!(next, Next::GiveUp(why) if why.contains("`update`")));

        let mut created = change.clone();
        created.made.push(Action::Create);
        let left = Setting {
            may_receive: false,
            ..stuck.clone()
        };
        for (change, setting) in [(&created, &stuck), (&change, &left)] {
            let next = change.after_look(Some(&user), setting, at(NOW));
            assert!(matches!(next, Next::Settled(_)), "{next:?}");
        }
    }

    #[test]
    fn an_attempt_that_was_not_done_says_nothing_about_the_one_before_it() {
        let person = PersonId::derived(&["ada"]);
        let key = EffectKey::derived(&[person.as_str()]);
        let intended = Phase::Intended {
            action: Action::Create,
            saw_absent: true,
            at: at(NOW),
        };
        let outcome = Outcome::NotDone {
            why: "429".to_owned(),
            retry_after_secs: None,
        };

        let sure = a_change(Goal::Give, intended.clone());
        let sure = sure.after_make(&outcome, &key, at(NOW)).unwrap();
        let mut doubtful = a_change(Goal::Give, intended);
        doubtful.doubtful = true;
        let doubtful = doubtful.after_make(&outcome, &key, at(NOW)).unwrap();

        assert!(!sure.phase.has_intent());
        assert!(doubtful.phase.has_intent());
    }
}
