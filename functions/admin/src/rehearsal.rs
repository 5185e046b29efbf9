//! What recorded events would do differently on changed files: the other half of a plan (X2).

use sando_core::job::{EventDifference, Rehearsing};
use serde::Serialize;
use utoipa::ToSchema;

use crate::replays::LeftOutView;
use crate::views::EffectView;

/// What recorded events would do differently on changed files.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RehearsedView {
    /// How many events were run on both.
    events: u64,
    /// How many of them would do something else.
    differing: u64,
    /// Effects that only the changed files lead to.
    more: u64,
    /// Effects that the changed files lead to no more.
    less: u64,
    /// The first 50 events that would do something else.
    listed: Vec<EventDifferenceView>,
    /// How many events could not be run.
    left_out: u64,
    /// The first 50 of them.
    why_not: Vec<LeftOutView>,
}

/// What one event would do differently.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventDifferenceView {
    event: String,
    kind: &'static str,
    person: Option<String>,
    /// The workflows that start as things stand.
    before: Vec<String>,
    /// The workflows that would start.
    after: Vec<String>,
    /// The first 10 effects that only the changed files lead to.
    more: Vec<EffectView>,
    /// The first 10 effects that the changed files lead to no more.
    less: Vec<EffectView>,
}

impl From<&EventDifference> for EventDifferenceView {
    fn from(one: &EventDifference) -> Self {
        Self {
            event: one.event.to_string(),
            kind: one.kind.as_str(),
            person: one.person.as_ref().map(ToString::to_string),
            before: one.before.iter().map(ToString::to_string).collect(),
            after: one.after.iter().map(ToString::to_string).collect(),
            more: one.more.iter().map(EffectView::from).collect(),
            less: one.less.iter().map(EffectView::from).collect(),
        }
    }
}

impl From<&Rehearsing> for RehearsedView {
    fn from(rehearsing: &Rehearsing) -> Self {
        let came = &rehearsing.came;
        Self {
            events: came.events,
            differing: came.differing,
            more: came.more,
            less: came.less,
            listed: came.listed.iter().map(EventDifferenceView::from).collect(),
            left_out: came.left_out,
            why_not: came.why_not.iter().map(LeftOutView::from).collect(),
        }
    }
}
