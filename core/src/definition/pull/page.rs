//! One page of users: filtered, completed, mapped.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet, VecDeque},
};

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Batch, LeftOut, Pull, deliver::rows_of, line::keys};
use crate::{
    condition::{Explained, Missing, Truth},
    definition::{
        file::Definition,
        map::{
            Around, Dropped, Explain, Explanation, IdHash, MappedUser, Mapping, Notes, Reason, User,
        },
    },
    path::{Path, Row, Scope, of_scalar},
};

/// The warning where conditions leave active users without a licence.
const NO_LICENSE: &str = "some active users hold no licence, for no condition fits them: if they should, add a last licence \
     whose conditions say the opposite of the others (`not_any_of`, `is_not`)";

/// How many rows are mapped together.
const TOGETHER: usize = 10_000;

/// A page of users that was received.
pub(super) struct Page {
    pub(super) answer: Value,
    /// What `$name` means for its rows.
    pub(super) scope: Map<String, Value>,
    /// Of the rows that are not mapped yet.
    pub(super) ids: Vec<Result<String, Dropped>>,
    /// How many rows are.
    mapped: usize,
    /// Which rows wait for details, in groups that are asked for together. `None` until it is known.
    pub(super) to_ask: Option<VecDeque<Vec<usize>>>,
    pub(super) asked: usize,
    /// What the requests for details of one user each are made with, by row.
    pub(super) named: BTreeMap<usize, Named>,
    pub(super) details: BTreeMap<usize, Detail>,
}

/// What a request for the details of one user may name, and the hash of the user's record.
pub(super) struct Named {
    pub(super) names: [(&'static str, Option<String>); 2],
    pub(super) record: IdHash,
}

/// The details of one user.
pub(super) enum Detail {
    Known(Value),
    Failed,
}

impl Page {
    pub(super) fn new(
        answer: Value,
        scope: Map<String, Value>,
        ids: Vec<Result<String, Dropped>>,
    ) -> Self {
        Self {
            answer,
            scope,
            ids,
            mapped: 0,
            to_ask: None,
            asked: 0,
            named: BTreeMap::new(),
            details: BTreeMap::new(),
        }
    }

    fn is_complete(&self) -> bool {
        self.asked == 0 && self.to_ask.as_ref().is_none_or(VecDeque::is_empty)
    }
}

/// The ids of rows, and the fingerprint of the page that they make.
pub(super) fn ids(
    mapping: &Mapping,
    rows: &[Row<'_>],
    scope: &Map<String, Value>,
) -> (Vec<Result<String, Dropped>>, Option<IdHash>) {
    let mut digest = Sha256::new();
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        let id = mapping.id(Scope::from(*row).with_kept(scope));
        match &id {
            Ok(id) => digest.update(id.as_bytes()),
            Err(_) => digest.update(row.value.to_string().as_bytes()),
        }
        digest.update([0]);
        ids.push(id);
    }
    (ids, (!rows.is_empty()).then(|| IdHash::finish(digest)))
}

/// The fingerprint of a page of anything else.
pub(super) fn fingerprint(rows: &[Row<'_>]) -> Option<IdHash> {
    let mut digest = Sha256::new();
    for row in rows {
        digest.update(row.key.unwrap_or_default().as_bytes());
        digest.update(row.value.to_string().as_bytes());
        digest.update([0]);
    }
    (!rows.is_empty()).then(|| IdHash::finish(digest))
}

/// A row with its details and joined items.
struct Completed<'a> {
    value: Cow<'a, Value>,
    failed: Vec<&'a str>,
}

impl Pull {
    pub(super) fn front_is_complete(&self) -> bool {
        self.pages.front().is_some_and(Page::is_complete)
    }

    /// Maps the page in front; of a large one a part, and the next part at the next call.
    pub(super) fn map_front(&mut self, now: Timestamp) -> Batch {
        let mut batch = Batch::default();
        let Some(mut page) = self.pages.pop_front() else {
            return batch;
        };
        self.before_page = None;
        self.state.given_up.clear();
        let definition = self.definition.clone();
        let Ok(rows) = rows_of(&definition.users.list, &page.answer) else {
            return batch;
        };
        let mut ids = std::mem::take(&mut page.ids).into_iter();
        let part = rows.iter().enumerate().skip(page.mapped).take(TOGETHER);
        for ((index, row), id) in part.zip(ids.by_ref()) {
            let completed = self.complete(&definition, *row, page.details.get(&index));
            let scope = Scope::of(&completed.value)
                .with_key(row.key)
                .with_kept(&page.scope);
            self.map_row(&definition, scope, id, &completed.failed, now, &mut batch);
        }
        drop(rows);
        page.ids = ids.collect();
        page.mapped += TOGETHER;
        if !page.ids.is_empty() {
            self.pages.push_front(page);
        }
        batch
    }

    fn complete<'a>(
        &self,
        definition: &'a Definition,
        row: Row<'a>,
        detail: Option<&Detail>,
    ) -> Completed<'a> {
        let users = &definition.users;
        let mut completed = Completed {
            value: Cow::Borrowed(row.value),
            failed: Vec::new(),
        };
        if users.details.is_none() && users.joins.is_empty() {
            return completed;
        }
        let mut more: Vec<(&str, Value)> = Vec::new();
        for (join, table) in users.joins.iter().zip(&self.joins) {
            if table.failed {
                completed.failed.push(&join.alias);
                continue;
            }
            let found = join
                .user
                .find(row)
                .map(|found| keys(&found))
                .unwrap_or_default();
            let items = found
                .iter()
                .filter_map(|key| table.rows.get(key))
                .flatten()
                .cloned();
            let item = if join.user.is_many()
                || join.item.is_many()
                || join.user.find(row).is_some_and(|found| found.is_array())
            {
                Some(Value::Array(items.collect()))
            } else {
                items.take(1).next()
            };
            more.extend(item.map(|item| (join.alias.as_str(), item)));
        }
        if let Some(details) = &users.details {
            match detail {
                Some(Detail::Known(value)) => more.push((&details.alias, value.clone())),
                Some(Detail::Failed) => completed.failed.push(&details.alias),
                None => {}
            }
        }
        let mut map = match row.value {
            Value::Object(map) => map.clone(),
            // An id alone: its details are all that is known.
            Value::String(_) | Value::Number(_) if !more.is_empty() => Map::new(),
            _ => return completed,
        };
        map.extend(
            more.into_iter()
                .map(|(alias, value)| (alias.to_owned(), value)),
        );
        completed.value = Cow::Owned(Value::Object(map));
        completed
    }

    fn map_row(
        &mut self,
        definition: &Definition,
        scope: Scope<'_>,
        id: Result<String, Dropped>,
        failed: &[&str],
        now: Timestamp,
        batch: &mut Batch,
    ) {
        let (passes, why) = self.passes_filter(scope, failed, now);
        let notes = Notes::of(self.inputs.explain);
        let mut explanation = notes.map(|notes| notes.finish(self.record(scope), why.clone()));
        if passes == Truth::False {
            self.removed(&id, explanation.as_ref());
            batch.explained.extend(explanation);
            return;
        }
        let id = match id {
            Ok(id) => id,
            Err(dropped) => return self.leave_out(dropped, explanation, batch),
        };
        let hash = IdHash::of(&id);
        if !self.seen.insert(hash) {
            let is_left_out = self.state.parents.is_some() && !self.held_at.contains_key(&hash);
            let adopted = if is_left_out && passes.is_true() {
                self.adopt(definition, scope, id, failed, now)
            } else {
                self.repeated(definition, scope, id, hash, now);
                None
            };
            if let Some(explanation) = &mut explanation {
                explanation.repeated = adopted.is_none();
                explanation.user = adopted;
            }
            batch.explained.extend(explanation);
            return;
        }
        batch.seen.push(hash);
        if passes == Truth::Unknown {
            // Seen, and nothing more: who is stored stays as they are.
            let dropped = Dropped {
                external_id: Some(id),
                reason: Reason::FilterUnknown,
                found: None,
            };
            return self.leave_out(dropped, explanation, batch);
        }
        let explained = self.map_new(definition, scope, id, failed, why, now, batch);
        batch.explained.extend(explained);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one row and all that is known of it"
    )]
    fn map_new(
        &mut self,
        definition: &Definition,
        scope: Scope<'_>,
        id: String,
        failed: &[&str],
        why: Option<Explained>,
        now: Timestamp,
        batch: &mut Batch,
    ) -> Option<Explanation> {
        let mut notes = Notes::of(self.inputs.explain);
        let record = self.record(scope);
        let mapping = &self.reading.mapping;
        let made = mapping.map(id, scope, self.around(definition, now), notes.as_mut());
        let certificate = &mut self.state.certificate;
        certificate.invalid_custom_fields += made.invalid_custom_fields;
        certificate.invalid_times += made.invalid_times;
        let mut explanation = notes.map(|notes| notes.finish(record, why));
        match made.result {
            Ok(user) => {
                certificate.contradictions += u64::from(made.contradicts);
                let mapped = self.counted(definition, user, failed);
                if let Some(explanation) = &mut explanation {
                    explanation.user = Some(mapped.clone());
                    explanation.contradicts = made.contradicts;
                }
                if self.state.parents.is_some() {
                    self.hold_new(mapped);
                } else {
                    batch.users.push(mapped);
                }
            }
            Err(dropped) => {
                if let Some(explanation) = &mut explanation {
                    explanation.dropped = Some(dropped.clone());
                }
                self.count_dropped(&dropped);
                batch.dropped.push(dropped);
            }
        }
        explanation
    }

    fn counted(&mut self, definition: &Definition, user: User, failed: &[&str]) -> MappedUser {
        let mapped = MappedUser::of(user, definition.mapping.unknown(failed));
        let is_active = mapped.user.active && mapped.knows("active");
        let certificate = &mut self.state.certificate;
        certificate.users += 1;
        certificate.active += u64::from(is_active);
        let holds_none = is_active && mapped.user.licenses.is_empty();
        if holds_none && definition.mapping.has_license_conditions() && mapped.knows("licenses") {
            certificate.warn(NO_LICENSE);
        }
        mapped
    }

    fn hold_new(&mut self, mapped: MappedUser) {
        self.held_fresh.insert(self.held.len());
        self.hold(mapped);
    }

    /// A record of somebody whose records under the parents before were no user.
    fn adopt(
        &mut self,
        definition: &Definition,
        scope: Scope<'_>,
        id: String,
        failed: &[&str],
        now: Timestamp,
    ) -> Option<MappedUser> {
        let mapping = &self.reading.mapping;
        let made = mapping.map(id, scope, self.around(definition, now), None);
        let mapped = self.counted(definition, made.result.ok()?, failed);
        self.hold_new(mapped.clone());
        Some(mapped)
    }

    /// A record becomes no user.
    fn leave_out(&mut self, dropped: Dropped, explanation: Option<Explanation>, batch: &mut Batch) {
        self.count_dropped(&dropped);
        batch
            .explained
            .extend(explanation.map(|explanation| Explanation {
                dropped: Some(dropped.clone()),
                ..explanation
            }));
        batch.dropped.push(dropped);
    }

    /// A user who was there before: of another parent it brings its role, everything else is from the first.
    fn repeated(
        &mut self,
        definition: &Definition,
        scope: Scope<'_>,
        id: String,
        hash: IdHash,
        now: Timestamp,
    ) {
        let is_union = self.state.parents.is_some() || definition.users.passes.len() > 1;
        if !is_union {
            self.state.certificate.duplicates += 1;
            return;
        }
        if self.state.parents.is_none() {
            return;
        }
        let mapping = &self.reading.mapping;
        let made = mapping.map(id, scope, self.around(definition, now), None);
        let Some(at) = self.held_at.get(&hash).copied() else {
            return;
        };
        if let (Some(held), Ok(user)) = (self.held.get_mut(at), made.result) {
            let before = held.user.role.clone();
            held.join_role(user.role.as_deref());
            if held.user.role != before {
                self.held_fresh.insert(at);
            }
        }
    }

    /// The record as an explanation has it.
    fn record(&self, scope: Scope<'_>) -> Value {
        match self.inputs.explain {
            Explain::Whole => scope.value().clone(),
            Explain::Reasons | Explain::Nothing => Value::Null,
        }
    }

    fn around<'a>(&'a self, definition: &'a Definition, now: Timestamp) -> Around<'a> {
        Around {
            custom_fields: &self.inputs.custom_fields,
            app_name: self.inputs.app_name.as_deref().unwrap_or(definition.name()),
            now,
        }
    }

    fn count_dropped(&mut self, dropped: &Dropped) {
        let certificate = &mut self.state.certificate;
        let reason = dropped.reason.name();
        *certificate.dropped.entry(reason.to_owned()).or_default() += 1;
        certificate.leave_out(reason, || LeftOut {
            external_id: dropped.external_id.clone(),
            why: dropped.sentence(),
        });
    }

    fn removed(&mut self, id: &Result<String, Dropped>, explanation: Option<&Explanation>) {
        let certificate = &mut self.state.certificate;
        certificate.removed_by_where += 1;
        certificate.leave_out("removed_by_where", || LeftOut {
            external_id: id.as_ref().ok().cloned(),
            why: explanation
                .and_then(Explanation::removed)
                .unwrap_or_else(|| "removed by `where`".to_owned()),
        });
    }

    /// Whether a record passes the filter; unknown if what failed decides.
    fn passes_filter(
        &self,
        scope: Scope<'_>,
        failed: &[&str],
        now: Timestamp,
    ) -> (Truth, Option<Explained>) {
        let filter = &self.reading.filter;
        if filter.is_empty() {
            return (Truth::True, None);
        }
        let explained = self
            .inputs
            .explain
            .is_asked()
            .then(|| filter.evaluate(scope, Missing::AsDocumented, now));
        let truth = match &explained {
            _ if !failed.is_empty() => filter.truth_without(failed, scope, now),
            Some(explained) => explained.truth,
            None => filter.truth(scope, Missing::AsDocumented, now),
        };
        let explained = explained.map(|explained| Explained { truth, ..explained });
        (truth, explained)
    }

    /// The rows of the page in front whose details are worth asking for.
    pub(super) fn wants_details(&self, page: &Page, now: Timestamp) -> Vec<usize> {
        let definition = &self.definition;
        let Ok(rows) = rows_of(&definition.users.list, &page.answer) else {
            return Vec::new();
        };
        let mut here = HashSet::new();
        let mut wanted = Vec::new();
        for (index, (row, id)) in rows.iter().zip(&page.ids).enumerate() {
            let Ok(id) = id else { continue };
            let hash = IdHash::of(id);
            // Who was no user under the parents before may be one here, and then has details.
            let may_be_adopted = self.state.parents.is_some() && !self.held_at.contains_key(&hash);
            let is_first = here.insert(hash) && !self.seen.contains(hash);
            if !is_first && !may_be_adopted {
                continue;
            }
            let completed = self.complete(definition, *row, None);
            let scope = Scope::of(&completed.value)
                .with_key(row.key)
                .with_kept(&page.scope);
            let passes = || {
                let (passes, _) = self.passes_filter(scope, &completed.failed, now);
                passes.is_true()
            };
            if definition.users.filter_needs_details || passes() {
                wanted.push(index);
            }
        }
        wanted
    }
}

/// The id at a path of an item, as users have it.
pub(super) fn id_at(path: &Path, row: Row<'_>) -> Option<String> {
    let found = path.find(row)?;
    Some(of_scalar(&found)?.into_owned())
}
