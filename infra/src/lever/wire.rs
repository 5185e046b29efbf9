//! Lever's JSON, as far as facts come from it. Everything may be missing; what is unknown is ignored.
//!
//! Source: Lever API reference, sections 6.1 to 6.9; times are milliseconds since 1970, UTC.

use jiff::Timestamp;
use sando_core::ids::LeverId;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The envelope of every answer.
#[derive(Deserialize)]
pub(super) struct Data<T> {
    pub(super) data: T,
}

/// One page of a list. Some lists have no `hasNext`: then there is no next page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageBody<T> {
    pub(super) data: OneOrMany<T>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) has_next: bool,
    #[serde(default)]
    pub(super) next: Option<String>,
}

/// A page as it comes: the documents show lists of forms without their envelope.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ListBody<T> {
    Bare(Vec<T>),
    Page(PageBody<T>),
}

impl<T> ListBody<T> {
    pub(super) fn into_page(self) -> PageBody<T> {
        match self {
            Self::Page(page) => page,
            Self::Bare(rows) => PageBody {
                data: OneOrMany::Many(rows),
                has_next: false,
                next: None,
            },
        }
    }
}

/// Where documents show one object and the service an array, or the other way round.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    pub(super) fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(all) => all,
            Self::One(one) => vec![one],
        }
    }
}

/// A field that `expand` turns from an id into an object.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
pub(super) enum IdOr<T> {
    Id(String),
    Object(T),
}

/// Anything that has an id.
#[derive(Deserialize, Clone)]
pub(super) struct WithId {
    pub(super) id: String,
}

impl IdOr<WithId> {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Object(WithId { id }) => id,
        }
    }
}

/// Milliseconds since 1970.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Millis(i64);

impl From<Millis> for Timestamp {
    fn from(millis: Millis) -> Self {
        Self::from_millisecond(millis.0).unwrap_or(if millis.0 < 0 { Self::MIN } else { Self::MAX })
    }
}

/// `GET /opportunities/:id`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpportunityBody {
    pub(super) id: String,
    pub(super) contact: Option<IdOr<WithId>>,
    pub(super) stage: Option<IdOr<WithId>>,
    pub(super) archived: Option<ArchivedBody>,
    /// Flat in the documentation's samples only.
    pub(super) archived_at: Option<Millis>,
    /// Flat in the documentation's samples only.
    pub(super) archive_reason: Option<IdOr<WithId>>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) stage_changes: Vec<StageChangeBody>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) applications: Vec<IdOr<WithId>>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) emails: Vec<String>,
    pub(super) created_at: Option<Millis>,
    /// Null on old rows.
    pub(super) updated_at: Option<Millis>,
    pub(super) last_advanced_at: Option<Millis>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) is_anonymized: bool,
}

/// How it was archived.
#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArchivedBody {
    pub(super) archived_at: Option<Millis>,
    pub(super) reason: Option<IdOr<WithId>>,
}

/// One move between stages.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StageChangeBody {
    pub(super) to_stage_id: Option<String>,
    pub(super) updated_at: Option<Millis>,
}

/// A row of `GET /opportunities/deleted`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeletedBody {
    pub(super) id: String,
    pub(super) deleted_at: Option<Millis>,
}

/// A row of `GET /archive_reasons`.
#[derive(Deserialize, Clone)]
pub(super) struct ReasonBody {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) text: Option<String>,
}

/// A row of `GET /opportunities/:id/offers`, beside the raw one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfferBody {
    pub(super) status: Option<String>,
    pub(super) created_at: Option<Millis>,
}

/// A row of `GET /opportunities/:id/notes`.
#[derive(Deserialize)]
pub(super) struct NoteBody {
    #[serde(default, deserialize_with = "nullable")]
    pub(super) fields: Vec<NoteFieldBody>,
    #[serde(default)]
    pub(super) value: Value,
}

/// The note itself, or a comment to it.
#[derive(Deserialize)]
pub(super) struct NoteFieldBody {
    #[serde(default)]
    pub(super) value: Value,
}

/// A field that may be null where it is documented as a list or flag.
fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// An id of Lever's as ours.
pub(super) fn lever_id(id: &str) -> Option<LeverId> {
    LeverId::parse(id).ok()
}
