//! Lever's lists: `limit`, opaque `offset`, `hasNext` and `next`.

use axum::Json;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::state::State;
use crate::query::Params;

/// The largest and the default page.
const MAX_LIMIT: usize = 100;

/// A row's place in its list; its JSON is the offset token.
pub(super) trait Place: Ord {
    /// The token's JSON array.
    fn token(&self) -> Value;
    /// The place a token stands for.
    fn parse(token: &Value) -> Option<Self>
    where
        Self: Sized;
}

/// Opportunities: stage rank, then last advanced first, then id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PipelinePlace {
    pub(super) rank: i64,
    pub(super) advanced: std::cmp::Reverse<i64>,
    pub(super) id: String,
}

impl Place for PipelinePlace {
    fn token(&self) -> Value {
        json!([self.rank, self.advanced.0, self.id])
    }

    fn parse(token: &Value) -> Option<Self> {
        let [rank, advanced, id] = token.as_array()?.as_slice() else {
            return None;
        };
        Some(Self {
            rank: rank.as_i64()?,
            advanced: std::cmp::Reverse(advanced.as_i64()?),
            id: id.as_str()?.to_owned(),
        })
    }
}

/// Users, postings, notes, deleted rows: newest first, then id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NewestFirst {
    pub(super) at: std::cmp::Reverse<i64>,
    pub(super) id: String,
}

impl NewestFirst {
    /// The place of a JSON row with `id` and a time in the field `time`.
    pub(super) fn of(row: &Value, time: &str) -> Self {
        Self {
            at: std::cmp::Reverse(row.get(time).and_then(Value::as_i64).unwrap_or(0)),
            id: super::admit::text(row, "id").unwrap_or_default(),
        }
    }
}

impl Place for NewestFirst {
    fn token(&self) -> Value {
        json!([self.at.0, self.id])
    }

    fn parse(token: &Value) -> Option<Self> {
        let [at, id] = token.as_array()?.as_slice() else {
            return None;
        };
        Some(Self {
            at: std::cmp::Reverse(at.as_i64()?),
            id: id.as_str()?.to_owned(),
        })
    }
}

/// Requisitions: by id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ById(pub(super) String);

impl Place for ById {
    fn token(&self) -> Value {
        json!([self.0])
    }

    fn parse(token: &Value) -> Option<Self> {
        let [id] = token.as_array()?.as_slice() else {
            return None;
        };
        Some(Self(id.as_str()?.to_owned()))
    }
}

/// One page of a list.
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    next: Option<String>,
}

impl<T> Page<T> {
    /// The list's envelope around what `show` makes of the rows.
    pub(super) fn envelope(
        self,
        show: impl FnMut(T) -> Result<Value, Refusal>,
    ) -> Result<Json<Value>, Refusal> {
        let data: Vec<Value> = self.rows.into_iter().map(show).collect::<Result<_, _>>()?;
        Ok(Json(match self.next {
            None => json!({ "data": data, "hasNext": false }),
            Some(next) => json!({ "data": data, "hasNext": true, "next": next }),
        }))
    }
}

/// One page of `rows`.
///
/// The token names the first row of the next page by its place at that moment, so rows that move
/// while somebody pages are skipped or seen twice, as in the real service.
pub(super) fn page<P: Place, T>(
    state: &mut State,
    list: &'static str,
    mut rows: Vec<(P, T)>,
    params: &Params,
) -> Result<Page<T>, Refusal> {
    let limit = limit(params)?;
    let start: Option<P> = match params.one("offset") {
        Some(token) => Some(known_place(state, list, token)?),
        None => None,
    };
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    if let Some(start) = start {
        rows.retain(|(place, _)| *place >= start);
    }
    let next = rows.get(limit).map(|(place, _)| {
        let token = place.token().to_string();
        let encoded = utf8_percent_encode(&token, NON_ALPHANUMERIC).to_string();
        state.offsets.insert((list, token));
        encoded
    });
    let rows = rows.into_iter().take(limit).map(|(_, row)| row).collect();
    Ok(Page { rows, next })
}

fn limit(params: &Params) -> Result<usize, Refusal> {
    let Some(text) = params.one("limit") else {
        return Ok(MAX_LIMIT);
    };
    text.parse()
        .ok()
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| Refusal::BadRequest("limit must be between 1 and 100".to_owned()))
}

/// Clients send the token once or twice encoded; both arrive here with one layer taken off.
fn known_place<P: Place>(state: &State, list: &'static str, token: &str) -> Result<P, Refusal> {
    let invalid = || Refusal::BadRequest(format!("Invalid offset token: {token}"));
    let decoded = if token.starts_with('[') {
        token.to_owned()
    } else {
        percent_decode_str(token).decode_utf8_lossy().into_owned()
    };
    let value: Value = serde_json::from_str(&decoded).map_err(|_| invalid())?;
    if !state.offsets.contains(&(list, value.to_string())) {
        return Err(invalid());
    }
    P::parse(&value).ok_or_else(invalid)
}
