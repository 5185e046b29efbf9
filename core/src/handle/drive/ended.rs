//! What has become of a grant once a look shows that the goal of its change is reached.

use crate::effect::Goal;
use crate::grant::{Entitlement, Grant, GrantState};
use crate::ids::ExternalId;

use super::job::{Job, Target};

/// Was something to be taken away of which nothing was held, and nothing was sent? Whoever is found was suspended before.
pub(super) fn found_nothing(job: &Job) -> bool {
    let takes = matches!(job.change.goal, Goal::Suspend | Goal::Remove);
    let sent = job.change.phase.has_intent() || !job.change.made.is_empty();
    let is_unheld =
        matches!(&job.target, Target::User { grant, .. } if grant.entity.held.is_none());
    takes && !sent && is_unheld
}

/// What a grant is once the goal of its change is reached.
pub(super) fn settle_grant(grant: &mut Grant, goal: Goal, user: Option<ExternalId>) {
    grant.reason = None;
    match goal {
        Goal::Give => {
            grant.state = GrantState::Active;
            grant.external_id = user.or(grant.external_id.take());
            grant.held = Some(grant.wanted.clone());
        }
        Goal::Suspend | Goal::Remove | Goal::Sent => {
            grant.state = GrantState::Revoked;
            grant.given = match goal {
                Goal::Suspend => grant.given(),
                _ => Entitlement::default(),
            };
            grant.held = None;
            // Given again, it is asked for again.
            grant.approval = None;
            // A suspended user is found again when the person comes back; a removed one is gone.
            grant.external_id = user.or(grant.external_id.take().filter(|_| goal == Goal::Suspend));
            grant.creation_intended &= goal == Goal::Suspend;
        }
    }
}
