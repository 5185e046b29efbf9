//! Details: a request for each user, or for many at once.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Class, Failure, Pull, Purpose,
    answer::Answer,
    deliver::{Wrong, page_of, record_hash, rows_of},
    listing::Listing,
    page::{self, Detail, Named, Page},
    request::{CacheKey, Open, What},
};
use crate::{
    definition::{
        file::{Definition, pagination::Style, users::Details},
        map::IdHash,
    },
    path::{Row, Scope},
};

/// How many requests for details fail in a row until each further one is sent once.
const MOST_FAILED: u32 = 20;

/// How requests for details went lately, since the last one that was answered.
#[derive(Default)]
pub(super) struct Lately {
    /// How many failed in a row because the application was down.
    failed: u32,
    /// The credentials of one were refused though its token was renewed.
    is_refused: bool,
}

impl Lately {
    /// Counts one that has failed for good.
    pub(super) fn count(&mut self, class: Class, was_renewed: bool) {
        match class {
            Class::RemoteDown => self.failed = self.failed.saturating_add(1),
            Class::Credentials => self.is_refused |= was_renewed,
            // The application answers.
            Class::Permission | Class::Missing => self.failed = 0,
            Class::Quota | Class::Shape => {}
        }
    }
}

impl Pull {
    /// Is it of no use to send a request for details again, for so many others failed the same way?
    pub(super) fn is_hopeless(&self, open: &Open, failure: &Failure) -> bool {
        let so_far = match failure.class {
            Class::Credentials => self.lately.is_refused,
            Class::RemoteDown => self.lately.failed >= MOST_FAILED,
            Class::Permission | Class::Missing | Class::Quota | Class::Shape => false,
        };
        so_far && matches!(open.what, What::Details { .. })
    }

    /// Finds out which rows of the page in front need details.
    pub(super) fn plan_details(&mut self, now: Timestamp) {
        let Some(details) = &self.definition.users.details else {
            return;
        };
        let Some(page) = self.pages.front().filter(|page| page.to_ask.is_none()) else {
            return;
        };
        let size = details.batch.as_ref().map_or(1, |batch| batch.size);
        let wanted = self.wants_details(page, now).into_iter();
        let given_up = &self.state.given_up;
        let is_given_up =
            |row: &usize| hash_of(page, *row).is_some_and(|id| given_up.contains(&id));
        let (lacking, wanted): (Vec<usize>, Vec<usize>) = wanted.partition(is_given_up);
        let groups: VecDeque<Vec<usize>> = wanted.chunks(size).map(<[usize]>::to_vec).collect();
        let named = match details.batch {
            None => named(&self.definition, page, &wanted),
            Some(_) => BTreeMap::new(),
        };
        if let Some(page) = self.pages.front_mut() {
            page.to_ask = Some(groups);
            page.named = named;
        }
        self.lack(&lacking);
    }

    /// Plans as many requests for details as may be under way.
    pub(super) fn ask_for_details(&mut self, now: Timestamp) {
        let definition = self.definition.clone();
        let Some(details) = &definition.users.details else {
            return;
        };
        self.plan_details(now);
        while let Some(page) = self.pages.front_mut() {
            if page.asked >= details.concurrency {
                return;
            }
            let Some(rows) = page.to_ask.as_mut().and_then(VecDeque::pop_front) else {
                return;
            };
            page.asked += 1;
            self.ask(details, rows, Listing::new(), Vec::new());
            if self.over {
                return;
            }
        }
    }

    fn ask(&mut self, details: &Details, rows: Vec<usize>, listing: Listing, gathered: Vec<Value>) {
        let Some(page) = self.pages.front() else {
            return;
        };
        let names = names(details, page, &rows);
        let lookup = |name: &str| {
            let own = names.iter().find(|(known, _)| *known == name);
            match own {
                Some((_, value)) => value.clone(),
                None => page.scope.get(name).cloned().or_else(|| self.value(name)),
            }
        };
        let rendered = self
            .context(&lookup)
            .render(&details.request, &listing.position);
        let cache = match (
            details.batch.is_none(),
            &details.request.pagination.style,
            rows.as_slice(),
        ) {
            (true, Style::None, [row]) => cache_key(page, *row),
            _ => None,
        };
        match rendered {
            Ok(rendered) => {
                let what = What::Details {
                    rows,
                    listing: Box::new(listing),
                    gathered,
                };
                let mut open =
                    Open::new(self.next_id, what, Purpose::Details, rendered, self.terms());
                open.request.cache = cache;
                self.send(open);
            }
            Err(message) => {
                let failure = Failure::shape(Purpose::Details, message);
                let failure = self.definition.placed(failure);
                self.state.certificate.warn(&failure.to_string());
                self.details_failed(&rows);
            }
        }
    }

    pub(super) fn deliver_details(
        &mut self,
        open: &Open,
        head: &Answer,
        value: &Value,
    ) -> Result<(), Wrong> {
        let definition = self.definition.clone();
        let (
            Some(details),
            What::Details {
                rows,
                listing,
                gathered,
            },
        ) = (&definition.users.details, &open.what)
        else {
            return Ok(());
        };
        let request = &details.request;
        if matches!(request.pagination.style, Style::None) && details.batch.is_none() {
            let found = request.response_path.find(value);
            let found = match found.filter(|found| !found.is_null()) {
                Some(found) => found.into_owned(),
                None if request.absent_is_empty => Value::Null,
                None if value.is_null() => {
                    return Err("the answer has nothing in it".to_owned().into());
                }
                None => return Err(Wrong::without(&request.response_path, value)),
            };
            self.know(rows, |_| Some(found.clone()));
            return Ok(());
        }
        let received = rows_of(request, value)?;
        let mut listing = listing.as_ref().clone();
        let page = page_of(open, head, value, &received, definition.limits().max_pages);
        let ended = listing.turn(&request.pagination, &page)?;
        let mut gathered = gathered.clone();
        gathered.extend(received.iter().map(|row| row.value.clone()));
        if ended.is_none() {
            self.ask(details, rows.clone(), listing, gathered);
            return Ok(());
        }
        self.know_gathered(details, rows, &gathered);
        Ok(())
    }

    /// All rows of the lists of details belong to one user, or each to the user that it names.
    fn know_gathered(&mut self, details: &Details, rows: &[usize], gathered: &[Value]) {
        let Some(batch) = &details.batch else {
            return self.know(rows, |_| Some(Value::Array(gathered.to_vec())));
        };
        let by_id: HashMap<String, &Value> = gathered
            .iter()
            .rev()
            .filter_map(|value| Some((page::id_at(&batch.item, Row { key: None, value })?, value)))
            .collect();
        let is_told = |row: &usize| {
            let id = self.pages.front().and_then(|page| id_of(page, *row));
            details.request.absent_is_empty || id.is_some_and(|id| by_id.contains_key(id))
        };
        let (told, untold): (Vec<usize>, Vec<usize>) = rows.iter().copied().partition(is_told);
        self.know(&told, |id| by_id.get(id).map(|value| (*value).clone()));
        if !untold.is_empty() {
            let warning = format!(
                "the answer has no details of {} ids out of {}: lower `batch` if it has fewer at once, or say \
                 `absent_is_empty` if they have none",
                untold.len(),
                rows.len()
            );
            self.state.certificate.warn(&warning);
            self.lack(&untold);
        }
    }

    fn know(&mut self, rows: &[usize], of: impl Fn(&str) -> Option<Value>) {
        let Some(page) = self.pages.front_mut() else {
            return;
        };
        page.asked = page.asked.saturating_sub(1);
        self.lately = Lately::default();
        self.state.details += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        for row in rows {
            if let Some(value) = id_of(page, *row).and_then(&of) {
                page.details.insert(*row, Detail::Known(value));
            }
        }
    }

    pub(super) fn details_failed(&mut self, rows: &[usize]) {
        let Some(page) = self.pages.front_mut() else {
            return;
        };
        page.asked = page.asked.saturating_sub(1);
        self.lack(rows);
    }

    /// Does without the details of these rows, here and wherever the pull continues.
    fn lack(&mut self, rows: &[usize]) {
        let Some(page) = self.pages.front_mut() else {
            return;
        };
        for row in rows {
            self.state.given_up.extend(hash_of(page, *row));
            page.details.insert(*row, Detail::Failed);
            self.state.certificate.details_failed += 1;
        }
    }

    /// A rule says that there are no details, and that this is no failure.
    pub(super) fn details_are_nothing(&mut self, rows: &[usize]) {
        self.know(rows, |_| None);
    }
}

/// What a request for details may name.
fn names(details: &Details, page: &Page, rows: &[usize]) -> Vec<(&'static str, Option<Value>)> {
    let id = |row: &usize| id_of(page, *row).map(str::to_owned);
    if details.batch.is_some() {
        let ids = rows.iter().filter_map(id).map(Value::String).collect();
        return vec![("external_ids", Some(Value::Array(ids)))];
    }
    let mut names = vec![("external_id", rows.first().and_then(id).map(Value::String))];
    if let Some(named) = rows.first().and_then(|row| page.named.get(row)) {
        let mapped = named.names.iter();
        names.extend(mapped.map(|(name, text)| (*name, text.clone().map(Value::String))));
    }
    names
}

/// What is read once a page of these of its rows: the rows of a page are not found anew for each of them.
fn named(definition: &Definition, page: &Page, rows: &[usize]) -> BTreeMap<usize, Named> {
    let received = rows_of(&definition.users.list, &page.answer).unwrap_or_default();
    let found = rows.iter().filter_map(|at| Some((*at, received.get(*at)?)));
    let named = found.map(|(at, row)| {
        let scope = Scope::from(*row).with_kept(&page.scope);
        let named = Named {
            names: definition.mapping.names_for_details(scope),
            record: record_hash(row.value),
        };
        (at, named)
    });
    named.collect()
}

fn id_of(page: &Page, row: usize) -> Option<&str> {
    page.ids.get(row)?.as_deref().ok()
}

fn hash_of(page: &Page, row: usize) -> Option<IdHash> {
    id_of(page, row).map(IdHash::of)
}

fn cache_key(page: &Page, row: usize) -> Option<CacheKey> {
    Some(CacheKey {
        user: hash_of(page, row)?,
        record: page.named.get(&row)?.record,
    })
}
