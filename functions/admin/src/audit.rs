//! The trail: read, and verified. Records are shown as they are chained, so that anybody can follow the hashes.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use sando_core::admin::jobs;
use sando_core::admin::trail::{self, Filter, Place};
use sando_core::audit::{Broken, Record, StreamId, Verification};
use sando_core::ids::PersonId;
use sando_core::job::Work;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayOperate, MayRead};
use crate::body::InQuery;
use crate::jobs::{JobView, Patience, answer};
use crate::list::size;
use crate::problem::Problem;
use crate::timeline::place;

/// Which part of the trail.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    stream: Option<StreamId>,
    person: Option<PersonId>,
    /// By whom: `sando`, `local-admin`, `key:<id>`.
    actor: Option<String>,
    /// What was done, or a part of it.
    action: Option<String>,
    /// On what: `app/figma`, `figma`, or everything of a kind, `app`.
    target: Option<String>,
    /// Because of what: an event, a run or a request by its id, or everything because of a kind, `event`.
    cause: Option<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// One page of the trail. A search looks at so many records and no more: a page may be empty, and go on all the same.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrailView {
    /// The records.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Record>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
    /// How many records this page looked at.
    looked: u64,
}

/// The one stream that is asked for, if it is one.
pub(crate) fn stream(stream: Option<StreamId>, person: Option<PersonId>) -> Option<StreamId> {
    stream.or_else(|| person.map(StreamId::Person))
}

/// Lists audit records: a stream, a person's, or all streams one after the other; oldest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", operation_id = "list_audit",
    params(("stream" = Option<String>, Query), ("person" = Option<String>, Query), ("actor" = Option<String>, Query),
        ("action" = Option<String>, Query), ("target" = Option<String>, Query), ("cause" = Option<String>, Query), ("from" = Option<String>, Query),
        ("until" = Option<String>, Query), ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = TrailView)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<AuditQuery>,
) -> Result<Json<TrailView>, Problem> {
    let stream = stream(query.stream, query.person);
    let from = place(query.cursor.as_deref())?;
    let size = size(query.limit)?;
    let filter = Filter {
        actor: query.actor,
        actions: query
            .action
            .iter()
            .map(|text| text.to_lowercase())
            .collect(),
        target: query.target,
        cause: query.cause,
        from: query.from,
        until: query.until,
    };
    let page = trail::search(&api.ports, stream.as_ref(), &filter, from.as_ref(), size).await?;
    Ok(Json(TrailView {
        items: page.records,
        next_cursor: page.next.as_ref().map(Place::print),
        looked: page.looked,
    }))
}

/// Whether every chain holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VerifiedView {
    ok: bool,
    records: u64,
    streams: u64,
    /// `{stream, seq, why}`.
    #[schema(value_type = Option<Object>)]
    first_broken: Option<Broken>,
}

impl From<&Verification> for VerifiedView {
    fn from(verified: &Verification) -> Self {
        Self {
            ok: verified.first_broken.is_none(),
            records: verified.records,
            streams: verified.streams,
            first_broken: verified.first_broken.clone(),
        }
    }
}

/// Follows every chain from its first record to its head.
#[utoipa::path(post, path = "/v1/audit:verify", tag = "audit", operation_id = "verify_audit",
    params(("Prefer" = Option<String>, Header)),
    responses((status = 200, body = VerifiedView), (status = 202, body = JobView)))]
pub(crate) async fn verify(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    patience: Patience,
) -> Result<Response, Problem> {
    let work = Work::VerifyAudit(Box::default());
    let job = jobs::run(&api.ports, &caller.who(&api), work, patience.0).await?;
    Ok(answer(&job))
}
