//! Events, with why; and their replay.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use sando_core::admin::replay::{self, LedTo};
use sando_core::event::{Event, EventState};
use sando_core::ids::{EventId, PersonId};
use sando_core::rule::EventKind;
use sando_core::store::Loaded;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::Api;
use crate::approvals::ApprovalView;
use crate::auth::{MayOperate, MayRead};
use crate::body::{Body, InPath, InQuery, word};
use crate::condition::etag;
use crate::list::{Listed, gather, wanted};
use crate::problem::Problem;
use crate::replays::DraftBody;
use crate::runs::RunView;
use crate::views::EffectView;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    id: String,
    kind: String,
    source: String,
    /// The opportunity it is about; the person, for what no candidacy is behind.
    subject: Option<String>,
    opportunity: Option<String>,
    person: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    occurred_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    state: String,
    /// What happened and why, in order: `{at, text, detail}`.
    #[schema(value_type = Vec<Object>)]
    why: Value,
    runs: Vec<String>,
    replays: u32,
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        let opportunity = event.opportunity.as_ref().map(ToString::to_string);
        let person = event.person.as_ref().map(ToString::to_string);
        let of_lever = opportunity.clone().filter(|_| event.source == "lever");
        Self {
            id: event.id.to_string(),
            kind: event.kind.as_str().to_owned(),
            source: event.source.clone(),
            subject: of_lever.or_else(|| person.clone()),
            opportunity,
            person,
            occurred_at: event.occurred_at,
            received_at: event.received_at,
            state: event.state.as_str().to_owned(),
            why: json!(event.why),
            runs: event.runs.iter().map(ToString::to_string).collect(),
            replays: event.replays,
        }
    }
}

/// Which part of the list of events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventsQuery {
    state: Option<String>,
    kind: Option<String>,
    person: Option<PersonId>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Lists events, newest first.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "list_events",
    params(("state" = Option<String>, Query), ("kind" = Option<String>, Query), ("person" = Option<String>, Query),
        ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<EventView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<EventsQuery>,
) -> Result<Json<Listed<EventView>>, Problem> {
    let states: Vec<EventState> = match &query.state {
        Some(state) => vec![word("state", state)?],
        None => EventState::ALL.to_vec(),
    };
    let kind: Option<EventKind> = match &query.kind {
        Some(kind) => Some(word("kind", kind)?),
        None => None,
    };
    let in_states = states.iter().map(|state| state.as_str()).collect();
    let wanted = wanted::<Event>(query.person, in_states);
    let keep =
        |event: &Event| states.contains(&event.state) && kind.is_none_or(|kind| event.kind == kind);
    let listed = gather(&api, &wanted, query.limit, query.cursor, keep).await?;
    Ok(Json(listed.map(|event: Loaded<Event>| {
        EventView::from(&event.entity)
    })))
}

/// An event with what it led to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WholeEventView {
    #[serde(flatten)]
    event: EventView,
    led_to: LedToView,
}

/// What an event led to, as far as it is still kept: so that one call tells what happened and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedToView {
    /// The last twenty runs with their steps, and what was called for each.
    runs: Vec<RunView>,
    /// What their steps asked for, and who decided what.
    approvals: Vec<ApprovalView>,
    /// There are more than these.
    is_cut: bool,
}

impl LedToView {
    fn of(led_to: &LedTo, now: Timestamp) -> Self {
        let approvals = led_to.approvals.iter();
        Self {
            runs: led_to.runs.iter().map(RunView::from).collect(),
            approvals: approvals.map(|one| ApprovalView::of(one, now)).collect(),
            is_cut: led_to.is_cut,
        }
    }
}

/// Reads an event, with what happened because of it and why: its runs, their steps, calls and decisions.
#[utoipa::path(get, path = "/v1/events/{id}", tag = "events", operation_id = "get_event",
    params(("id" = String, Path)), responses((status = 200, body = WholeEventView)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<EventId>,
) -> Result<Response, Problem> {
    let event = replay::event(&api.ports, &id).await?;
    let led_to = replay::led_to(&api.ports, &event.entity).await?;
    let view = WholeEventView {
        event: EventView::from(&event.entity),
        led_to: LedToView::of(&led_to, api.ports.clock.now()),
    };
    Ok((etag(event.version), Json(view)).into_response())
}

/// How to replay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayBody {
    /// Only shows what would be done; so unless it is said otherwise.
    #[serde(default = "yes")]
    dry_run: bool,
    /// Changed files that count as if they were put; for dry runs.
    #[serde(default)]
    draft: DraftBody,
}

pub(crate) fn yes() -> bool {
    true
}

/// What a replay does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayedView {
    dry_run: bool,
    /// The event as it is, or would be.
    event: EventView,
    /// The runs that it starts.
    runs: Vec<RunView>,
    /// The effects of these runs.
    plan: Vec<EffectView>,
}

/// Replays an event on today's rules; applies a baselined person.
#[utoipa::path(post, path = "/v1/events/{id}/@replay", tag = "events", operation_id = "replay_event",
    params(("id" = String, Path)), request_body = ReplayBody,
    responses((status = 200, body = ReplayedView)))]
pub(crate) async fn replay(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    InPath(id): InPath<EventId>,
    Body(body): Body<ReplayBody>,
) -> Result<Json<ReplayedView>, Problem> {
    let who = caller.who(&api);
    let draft = body.draft.changes(&api, body.dry_run, who.at).await?;
    let replayed = replay::replay(&api.ports, &who, &id, body.dry_run, &draft).await?;
    Ok(Json(ReplayedView {
        dry_run: replayed.dry_run,
        event: EventView::from(&replayed.event),
        runs: replayed.runs.iter().map(RunView::from).collect(),
        plan: replayed.plan.iter().map(EffectView::from).collect(),
    }))
}
