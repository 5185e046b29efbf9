//! The task that comes of what does not work by itself: whose it is, and what it is called.

use crate::effect::{Action, Goal};
use crate::task::Task;

use super::job::{Job, Target};

/// Who gets the task if it does not work by itself.
pub(super) fn owner(job: &Job) -> String {
    match &job.target {
        Target::User { app, .. } => app.owner.clone().unwrap_or_else(|| Task::NOBODY.to_owned()),
        _ => Task::NOBODY.to_owned(),
    }
}

/// What that task is called.
pub(super) fn title(job: &Job) -> String {
    match (&job.target, job.change.goal) {
        (Target::User { app, .. }, Goal::Give) => {
            format!("Give access to {}: it does not work by itself", app.label())
        }
        (Target::User { app, .. }, _) if job.change.made.contains(&Action::Suspend) => format!(
            "Take back the seat in {}: it does not work by itself",
            app.label()
        ),
        (Target::User { app, .. }, _) => format!(
            "Take away access to {}: it does not work by itself",
            app.label()
        ),
        (Target::Note { .. }, _) => "The note in Lever could not be written".to_owned(),
        (Target::Message(_), _) => "A notification could not be sent".to_owned(),
        (Target::Request(_), _) => "A request could not be made".to_owned(),
    }
}
