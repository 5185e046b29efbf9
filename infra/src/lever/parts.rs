//! The parts around an opportunity: posting, requisition, forms, feedback and users, each read only if it is needed.

use std::collections::BTreeSet;

use sando_core::lever::Needs;
use sando_core::path::Path;
use sando_core::ports::RemoteError;
use serde_json::{Map, Value};

use super::{
    Errand, LeverClient,
    document::{assemble, collapsed, prune},
    paging::List,
    reasons::Reason,
    wire::{Data, lever_id},
};

/// More users than this are not looked up for one candidacy.
const MOST_USERS: usize = 20;

impl LeverClient {
    /// The document that `needs` names, and nothing else.
    pub(super) async fn document(
        &self,
        raw: &Value,
        offer: Option<&Value>,
        reason: Option<&Reason>,
        needs: &Needs,
        errand: &Errand,
    ) -> Result<Value, RemoteError> {
        let application = application(raw);
        // The offer field `job_posting` may carry the id of an application: it is not used.
        let posting = id_at(application, &["posting"]).or_else(|| id_at(offer, &["posting"]));
        let posting = match posting.filter(|_| needs.part("posting")) {
            Some(id) => self.optional(&["postings", id], errand).await?,
            None => None,
        };
        let requisition = id_at(application, &["requisitionForHire"]);
        let requisition = match requisition.filter(|_| needs.part("requisition")) {
            Some(id) => self.optional(&["requisitions", id], errand).await?,
            None => None,
        };
        let forms = self.forms("forms", raw, needs, errand).await?;
        let feedback = self.forms("feedback", raw, needs, errand).await?;
        let mut document = assemble([
            ("opportunity", Some(collapsed(raw))),
            ("contact", part(raw, "contact").cloned()),
            ("application", application.cloned()),
            ("posting", posting),
            ("requisition", requisition),
            ("offer", offer.cloned()),
            ("stage", part(raw, "stage").cloned()),
            ("archive_reason", reason.map(Reason::to_value)),
            ("forms", forms),
            ("feedback", feedback),
        ]);
        let users = self.users(&document, needs, errand).await?;
        let mut paths: Vec<Path> = needs.paths.iter().chain(&needs.users).cloned().collect();
        paths.extend(
            ["users.*.email", "users.*.id"]
                .iter()
                .filter_map(|text| Path::parse(text).ok()),
        );
        if let Value::Object(map) = &mut document {
            map.insert("users".to_owned(), Value::Object(users));
        }
        Ok(prune(&document, &paths))
    }

    /// What was filled in about the candidate (`forms`, or `feedback` with its scores), newest first; what was deleted is
    /// left out.
    async fn forms(
        &self,
        kind: &'static str,
        raw: &Value,
        needs: &Needs,
        errand: &Errand,
    ) -> Result<Option<Value>, RemoteError> {
        let Some(id) = id_at(Some(raw), &[]).filter(|_| needs.part(kind)) else {
            return Ok(None);
        };
        let list = List {
            parts: &["opportunities", id, kind],
            query: Vec::new(),
            most_pages: 10,
        };
        let rows = self.list::<Value>(&list, errand).await;
        let Some(mut rows) = or_not_there(rows)? else {
            return Ok(None);
        };
        rows.retain(|row| row.get("deletedAt").is_none_or(Value::is_null));
        let at = |row: &Value| row.get("createdAt").and_then(Value::as_i64);
        rows.sort_by_key(|row| std::cmp::Reverse(at(row)));
        let mut known = BTreeSet::new();
        rows.retain(|row| known.insert(id_at(Some(row), &[]).map(str::to_owned)));
        Ok(Some(Value::Array(rows)))
    }

    /// The Lever users whose ids stand where `needs.users` says, by id.
    async fn users(
        &self,
        document: &Value,
        needs: &Needs,
        errand: &Errand,
    ) -> Result<Map<String, Value>, RemoteError> {
        let mut ids = BTreeSet::new();
        for path in &needs.users {
            if let Some(found) = path.find(document) {
                collect_ids(&found, &mut ids);
            }
        }
        let mut users = Map::new();
        for id in ids.into_iter().take(MOST_USERS) {
            if let Some(user) = self.optional(&["users", &id], errand).await? {
                users.insert(id, user);
            }
        }
        Ok(users)
    }

    /// An object that may be gone or not for this key to see: then it is not there.
    async fn optional(
        &self,
        parts: &[&str],
        errand: &Errand,
    ) -> Result<Option<Value>, RemoteError> {
        match or_not_there(self.get(parts, errand).await)? {
            Some(answer) => Ok(Some(answer.parse::<Data<Value>>()?.data)),
            None => Ok(None),
        }
    }
}

/// What is gone, or not for this key to see, is not there.
fn or_not_there<T>(answer: Result<T, RemoteError>) -> Result<Option<T>, RemoteError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(RemoteError::Refused {
            status: 400 | 403 | 404,
            ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// An expanded part; an id alone is none.
pub(super) fn part<'a>(raw: &'a Value, name: &str) -> Option<&'a Value> {
    raw.get(name).filter(|value| value.is_object())
}

/// The expanded application; there is at most one.
pub(super) fn application(raw: &Value) -> Option<&Value> {
    raw.get("applications")?
        .as_array()?
        .first()
        .filter(|application| application.is_object())
}

/// The id at a place, whether it stands there alone or in its object.
fn id_at<'a>(value: Option<&'a Value>, keys: &[&str]) -> Option<&'a str> {
    let found = keys.iter().try_fold(value?, |value, key| value.get(*key))?;
    found
        .as_str()
        .or_else(|| found.get("id")?.as_str())
        .filter(|id| !id.is_empty())
}

fn collect_ids(found: &Value, ids: &mut BTreeSet<String>) {
    match found {
        Value::String(id) if lever_id(id).is_some() => {
            ids.insert(id.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_ids(item, ids)),
        Value::Object(map) => {
            if let Some(id) = map.get("id") {
                collect_ids(id, ids);
            }
        }
        _ => {}
    }
}
