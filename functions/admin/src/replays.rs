//! The replay of a range of events, and drafts that replays can be shown on.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use sando_core::admin::jobs;
use sando_core::config::ConfigKind;
use sando_core::ids::{EventId, Slug};
use sando_core::impact::FileChange;
use sando_core::job::{Came, Range, ReplayedEvent, Replaying, Work};
use sando_core::rule::EventKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::MayOperate;
use crate::body::Body;
use crate::events::yes;
use crate::jobs::{JobView, Patience, answer};
use crate::plan::{ChangeBody, checked};
use crate::problem::Problem;
use crate::views::EffectView;

/// Files by name; null deletes one.
type Files = BTreeMap<Slug, Option<Map<String, Value>>>;

/// Changed files that count as if they were put.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DraftBody {
    /// The attributes file.
    #[schema(value_type = Option<Object>)]
    attributes: Option<Map<String, Value>>,
    /// By name; null deletes one.
    #[schema(value_type = Object)]
    apps: Files,
    /// By name; null deletes one.
    #[schema(value_type = Object)]
    policies: Files,
    /// By name; null deletes one.
    #[schema(value_type = Object)]
    rules: Files,
    /// By name; null deletes one.
    #[schema(value_type = Object)]
    workflows: Files,
}

impl DraftBody {
    /// The draft as changed files, checked. Only what is shown may rest on one.
    pub(crate) async fn changes(
        self,
        api: &Api,
        dry_run: bool,
        now: Timestamp,
    ) -> Result<Vec<FileChange>, Problem> {
        let mut changes: Vec<ChangeBody> = Vec::new();
        if let Some(file) = self.attributes {
            changes.push(ChangeBody {
                kind: ConfigKind::Attributes,
                id: Slug::parse("attributes").expect("the word is a slug"),
                file: Some(file),
            });
        }
        for (kind, files) in [
            (ConfigKind::App, self.apps),
            (ConfigKind::Policy, self.policies),
            (ConfigKind::Rule, self.rules),
            (ConfigKind::Workflow, self.workflows),
        ] {
            let one = |(id, file)| ChangeBody { kind, id, file };
            changes.extend(files.into_iter().map(one));
        }
        if !changes.is_empty() && !dry_run {
            let why = "a replay on a draft is only shown: put the files, then replay";
            return Err(Problem::mistake("draft", why));
        }
        checked(api, changes, now).await
    }
}

/// Which events, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayRangeBody {
    /// Events that are known since then …
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// … and until then; until now if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Only of these kinds.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    kinds: BTreeSet<EventKind>,
    /// Only shows what would be done; so unless it is said otherwise.
    #[serde(default = "yes")]
    dry_run: bool,
    /// Changed files that count as if they were put; for dry runs.
    #[serde(default)]
    draft: DraftBody,
}

/// What the replay of a range does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayedRangeView {
    dry_run: bool,
    /// How many events were replayed.
    events: u64,
    /// How many runs they start.
    runs: u64,
    /// How many effects these have.
    effects: u64,
    /// Effects by application, and what they end in: `{app: {give: 3, suspend: 1}}`.
    #[schema(value_type = Object)]
    by_app: BTreeMap<String, BTreeMap<String, u64>>,
    /// The first 100 events that start something.
    listed: Vec<ReplayedEventView>,
    /// How many events could not be replayed.
    left_out: u64,
    /// The first 100 of them.
    why_not: Vec<LeftOutView>,
}

/// What one event starts again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayedEventView {
    event: String,
    kind: &'static str,
    person: Option<String>,
    workflows: Vec<String>,
    /// Its first 20 effects.
    plan: Vec<EffectView>,
}

/// An event that could not be replayed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeftOutView {
    event: String,
    why: String,
}

impl From<&(EventId, String)> for LeftOutView {
    fn from((event, why): &(EventId, String)) -> Self {
        Self {
            event: event.to_string(),
            why: why.clone(),
        }
    }
}

impl From<&ReplayedEvent> for ReplayedEventView {
    fn from(one: &ReplayedEvent) -> Self {
        Self {
            event: one.event.to_string(),
            kind: one.kind.as_str(),
            person: one.person.as_ref().map(ToString::to_string),
            workflows: one.workflows.iter().map(ToString::to_string).collect(),
            plan: one.plan.iter().map(EffectView::from).collect(),
        }
    }
}

impl From<&Replaying> for ReplayedRangeView {
    fn from(replaying: &Replaying) -> Self {
        let came: &Came = &replaying.came;
        let by_app = came.by_app.iter();
        Self {
            dry_run: replaying.dry_run,
            events: came.events,
            runs: came.runs,
            effects: came.effects,
            by_app: by_app
                .map(|(app, goals)| (app.to_string(), goals.clone()))
                .collect(),
            listed: came.listed.iter().map(ReplayedEventView::from).collect(),
            left_out: came.left_out,
            why_not: came.why_not.iter().map(LeftOutView::from).collect(),
        }
    }
}

/// Replays the events of some time on today's rules, or shows what that would do, also on a draft.
#[utoipa::path(post, path = "/v1/events:replay", tag = "events", operation_id = "replay_events",
    params(("Prefer" = Option<String>, Header)), request_body = ReplayRangeBody,
    responses((status = 200, body = ReplayedRangeView), (status = 202, body = JobView)))]
pub(crate) async fn range(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    patience: Patience,
    Body(body): Body<ReplayRangeBody>,
) -> Result<Response, Problem> {
    let who = caller.who(&api);
    let to = body.to.unwrap_or(who.at);
    if to < body.from {
        return Err(Problem::mistake("to", "it is before `from`"));
    }
    let draft = body.draft.changes(&api, body.dry_run, who.at).await?;
    let replaying = Replaying {
        range: Range {
            from: body.from,
            to,
            kinds: body.kinds,
        },
        dry_run: body.dry_run,
        draft,
        cursor: None,
        came: Came::default(),
    };
    let work = Work::Replay(Box::new(replaying));
    let job = jobs::run(&api.ports, &who, work, patience.0).await;
    Ok(answer(&job?))
}
