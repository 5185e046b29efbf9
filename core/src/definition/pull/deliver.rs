//! What answers of the line yield: kept values, joined items, parents, pages of users.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    Failure, Pull, Purpose,
    answer::{Answer, Body, loosely, said, words},
    certificate::EndedBy,
    checkpoint::Parents,
    line::JoinTable,
    listing::{Listing, PageOf},
    page::{self, Page},
    request::{Open, What},
    signs,
};
use crate::{
    definition::{
        file::{
            pagination::{Pagination, Style},
            request::Request,
        },
        map::IdHash,
    },
    path::{MissingRows, Path, Row, Scope},
};

/// More rows in one answer are no page.
const MOST_ROWS: usize = 500_000;

/// What is wrong with an answer that is no error, and what it says itself.
pub(super) struct Wrong {
    message: String,
    said: Option<String>,
}

impl Wrong {
    /// There is nothing where something should be.
    pub(super) fn without(path: &Path, answer: &Value) -> Self {
        Self {
            message: format!("the answer has nothing at `{path}`"),
            said: said(answer),
        }
    }
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        let said = None;
        Self { message, said }
    }
}

impl Pull {
    /// Reads an answer that is no error.
    pub(super) fn read(&mut self, open: Open, answer: Answer, now: Timestamp) {
        let limits = self.definition.limits();
        let head = Answer {
            status: answer.status,
            headers: answer.headers.clone(),
            body: Body::Json(Value::Null),
            bytes: answer.bytes,
            cached: answer.cached,
        };
        let read = answer.json(
            limits.max_bytes,
            limits.max_depth,
            self.needs_of(&open.what).map(AsRef::as_ref),
        );
        let read = read.and_then(|value| match graphql_error(&open, &value) {
            Some(message) => Err(message),
            None => Ok(value),
        });
        let result = match read {
            Ok(value) => self.deliver(&open, &head, value, now),
            Err(message) => Err(Wrong::from(message)),
        };
        if let Err(wrong) = result {
            let failure = Failure {
                status: Some(head.status),
                remote: wrong.said,
                ..Failure::shape(open.request.purpose.clone(), wrong.message)
            };
            self.give_up(&open, failure);
        }
    }

    fn deliver(
        &mut self,
        open: &Open,
        head: &Answer,
        value: Value,
        now: Timestamp,
    ) -> Result<(), Wrong> {
        match &open.what {
            What::Step => self.deliver_step(open, head, &value),
            What::Join => self.deliver_join(open, head, &value),
            What::Parents => self.deliver_parents(open, head, &value),
            What::Users => self.deliver_users(open, head, value, now),
            What::Details { .. } => self.deliver_details(open, head, &value),
        }
    }

    fn deliver_step(&mut self, open: &Open, head: &Answer, value: &Value) -> Result<(), Wrong> {
        let definition = self.definition.clone();
        let Some(step) = definition.steps.get(self.state.step) else {
            return Ok(());
        };
        let request = &step.request;
        let rows = match request.pagination.style {
            Style::None => Vec::new(),
            _ => rows_of(request, value)?,
        };
        let place = request.response_path.find(value);
        for (name, path) in &request.keep {
            let found = place
                .as_deref()
                .and_then(|place| kept(path, Scope::of(place)));
            let found = found.or_else(|| kept(path, Scope::of(value)));
            if let Some(found) = found
                && !self.state.kept.contains_key(name)
            {
                self.state.kept.insert(name.clone(), found);
            }
        }
        let page = page_of(open, head, value, &rows, definition.limits().max_pages);
        let Some(ended_by) = self.state.listing.turn(&request.pagination, &page)? else {
            return Ok(());
        };
        for (name, path) in &request.keep {
            if !self.state.kept.contains_key(name) {
                let message = format!("the answer has nothing at `{path}` that `{name}` could be");
                let said = said(value);
                return Err(Wrong { message, said });
            }
        }
        let ended = self.end_step(open.request.purpose.clone(), ended_by);
        ended.map_err(Wrong::from)
    }

    pub(super) fn end_step(&mut self, purpose: Purpose, ended_by: EndedBy) -> Result<(), String> {
        self.note(purpose, ended_by, &self.state.listing.clone());
        self.state.step += 1;
        self.state.listing = Listing::new();
        self.resolve_base()
    }

    fn deliver_join(&mut self, open: &Open, head: &Answer, value: &Value) -> Result<(), Wrong> {
        let definition = self.definition.clone();
        let at = self.joins.len();
        let Some(join) = definition.users.joins.get(at) else {
            return Ok(());
        };
        let rows = rows_of(&join.request, value)?;
        let page = page_of(open, head, value, &rows, definition.limits().max_pages);
        let ended = self.joining.turn(&join.request.pagination, &page)?;
        let first = ended.filter(|_| self.joining.pages == 1);
        self.look_for_more(open, &join.request.pagination, &page, first);
        let mut table = match self.join_so_far.take() {
            Some(table) => table,
            None => JoinTable::empty(false),
        };
        for row in rows {
            table.add(join, row);
        }
        for (name, path) in &join.request.keep {
            if let Some(found) = kept(path, Scope::of(value)) {
                self.state.kept.insert(name.clone(), found);
            }
        }
        match ended {
            None => self.join_so_far = Some(table),
            Some(ended_by) => {
                self.note(
                    open.request.purpose.clone(),
                    ended_by,
                    &self.joining.clone(),
                );
                self.joins.push(table);
                self.joining = Listing::new();
            }
        }
        Ok(())
    }

    pub(super) fn join_failed(&mut self) {
        self.state.certificate.joins_failed += 1;
        self.join_so_far = None;
        self.joins.push(JoinTable::empty(true));
        self.joining = Listing::new();
    }

    fn deliver_parents(&mut self, open: &Open, head: &Answer, value: &Value) -> Result<(), Wrong> {
        let definition = self.definition.clone();
        let (Some(request), Some(mut parents)) =
            (&definition.users.for_each, self.state.parents.clone())
        else {
            return Ok(());
        };
        let rows = rows_of(request, value)?;
        let page = page_of(open, head, value, &rows, definition.limits().max_pages);
        let ended = parents.listing.turn(&request.pagination, &page)?;
        let first = ended.filter(|_| parents.listing.pages == 1);
        self.look_for_more(open, &request.pagination, &page, first);
        for row in &rows {
            let mut values = Map::new();
            for (name, path) in &request.keep {
                let found = kept(path, Scope::from(*row));
                let found = found.ok_or_else(|| {
                    format!("a parent has nothing at `{path}` that `{name}` could be")
                })?;
                values.insert(name.clone(), found);
            }
            parents.queue.push_back(values);
        }
        if let Some(ended_by) = ended {
            parents.ended = true;
            self.note(open.request.purpose.clone(), ended_by, &parents.listing);
        }
        self.state.parents = Some(parents);
        Ok(())
    }

    fn deliver_users(
        &mut self,
        open: &Open,
        head: &Answer,
        value: Value,
        now: Timestamp,
    ) -> Result<(), Wrong> {
        let definition = self.definition.clone();
        let request = &definition.users.list;
        if definition.users.details.is_some() {
            self.remember();
        }
        for (name, path) in &request.keep {
            if let Some(found) = kept(path, Scope::of(&value)) {
                self.state.kept.insert(name.clone(), found);
            }
        }
        let scope = self.visible();
        let rows = rows_of(request, &value)?;
        let (ids, fingerprint) = page::ids(&self.reading.mapping, &rows, &scope);
        let count = rows.len();
        let page = PageOf {
            answer: &value,
            head,
            url: &open.request.url,
            secret: &open.secret,
            rows: &rows,
            fingerprint,
            max_pages: definition.limits().max_pages,
        };
        let ended = self.state.listing.turn(&request.pagination, &page)?;
        let first = ended.filter(|_| self.state.listing.pages == 1);
        self.look_for_more(open, &request.pagination, &page, first);
        let certificate = &mut self.state.certificate;
        certificate.pages += 1;
        certificate.received += u64::try_from(count).unwrap_or(u64::MAX);
        drop(rows);
        let page = Page::new(value, scope, ids);
        if let Some(ended_by) = ended {
            self.end_users(open.request.purpose.clone(), ended_by);
        }
        self.pages.push_back(page);
        if definition.users.details.is_some() {
            self.plan_details(now);
        } else if self.pages.len() == 1 && self.open.is_empty() && !self.state.users_done {
            // The next page is fetched while this one is mapped.
            self.advance_users();
        }
        Ok(())
    }

    /// Warns where a list ends with its first page, for nothing leads on, and looks as if there were more.
    fn look_for_more(
        &mut self,
        open: &Open,
        paging: &Pagination,
        page: &PageOf<'_>,
        ended: Option<EndedBy>,
    ) {
        let untold = ended.filter(|_| paging.has_more.is_none());
        let Some(warning) = untold.and_then(|ended_by| signs::warning(page, ended_by)) else {
            return;
        };
        let purpose = &open.request.purpose;
        let certificate = &mut self.state.certificate;
        match purpose {
            Purpose::Users { .. } => certificate.warn(&warning),
            _ => certificate.warn(&format!("{purpose}: {warning}")),
        }
    }

    /// Moves to the next pass, the next parent, or the end.
    pub(super) fn end_users(&mut self, purpose: Purpose, ended_by: EndedBy) {
        self.note(purpose, ended_by, &self.state.listing.clone());
        self.state.listing = Listing::new();
        self.state.pass += 1;
        if self.state.pass < self.definition.users.passes.len() {
            return;
        }
        self.state.pass = 0;
        match &mut self.state.parents {
            Some(Parents { current, .. }) => *current = None,
            None => self.state.users_done = true,
        }
    }
}

fn kept(path: &Path, scope: Scope<'_>) -> Option<Value> {
    let found = path.find(scope)?;
    (!found.is_null()).then(|| found.into_owned())
}

pub(super) fn rows_of<'a>(request: &Request, value: &'a Value) -> Result<Vec<Row<'a>>, Wrong> {
    let missing = if request.absent_is_empty {
        MissingRows::AreNone
    } else {
        MissingRows::AreAnError
    };
    let rows = request
        .response_path
        .rows(value, missing)
        .map_err(|error| {
            let keys = value.as_object().map(|map| {
                let keys: Vec<&str> = map.keys().map(String::as_str).take(10).collect();
                format!("; its keys are {}", keys.join(", "))
            });
            let said = said(value);
            let advice = match said {
                Some(_) => "; a rule in `errors` can tell such answers apart",
                None => "",
            };
            let message = format!("{error}{}{advice}", keys.unwrap_or_default());
            Wrong { message, said }
        })?;
    if rows.len() > MOST_ROWS {
        let message =
            format!("the answer has more than {MOST_ROWS} rows: ask for pages (`pagination`)");
        return Err(message.into());
    }
    Ok(rows)
}

/// A page of anything but users; theirs is known by their ids.
pub(super) fn page_of<'a>(
    open: &'a Open,
    head: &'a Answer,
    answer: &'a Value,
    rows: &'a [Row<'a>],
    max_pages: u64,
) -> PageOf<'a> {
    PageOf {
        answer,
        head,
        url: &open.request.url,
        secret: &open.secret,
        rows,
        fingerprint: page::fingerprint(rows),
        max_pages,
    }
}

/// A GraphQL answer with errors, in whatever form, has perhaps only a part of the data.
fn graphql_error(open: &Open, value: &Value) -> Option<String> {
    let errors = value.get("errors").filter(|_| open.is_graphql)?;
    let are_none = match errors {
        Value::Null => true,
        Value::Bool(has_some) => !has_some,
        Value::Number(count) => count.as_u64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    };
    if are_none {
        return None;
    }
    let words = words(errors, 0).unwrap_or_else(|| "no message".to_owned());
    Some(format!("the answer has errors: {}", loosely(&words)))
}

/// The hash of a record.
pub(super) fn record_hash(value: &Value) -> IdHash {
    IdHash::of(&value.to_string())
}
