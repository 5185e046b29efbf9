//! How those who may decide are asked: whom a letter goes to, and how it begins.

use jiff::Timestamp;

use super::{Approval, Verdict};

impl Approval {
    /// Who is told now: everybody who may decide; of what was just passed on only the deputies.
    #[must_use]
    pub fn to_tell(&self, now: Timestamp) -> Vec<&str> {
        let mut all = self.may_decide(now);
        if self.was_just_passed_on() {
            all.retain(|who| self.is_deputy(who));
        }
        all
    }

    /// Was it passed on since those who may decide were told, and is that what is told now?
    #[must_use]
    pub fn was_just_passed_on(&self) -> bool {
        let last = self.decisions.last();
        let passed_on = last.filter(|last| last.decision == Verdict::Delegated);
        self.reminders > 0 && passed_on.is_some_and(|last| self.remind_at == Some(last.at))
    }

    /// How the letter to somebody who may decide begins.
    #[must_use]
    pub fn headline(&self, who: &str) -> &'static str {
        if self.is_deputy(who) {
            "Passed on to you"
        } else if !self.approvers.iter().any(|one| one == who) {
            "Nobody decided, you are asked as well"
        } else if self.reminders > 1 {
            "Reminder, approval needed"
        } else {
            "Approval needed"
        }
    }

    /// May they decide in somebody's place only?
    fn is_deputy(&self, who: &str) -> bool {
        !self.first_hand().any(|one| one == who)
    }
}
