//! The line of a pull: steps, joined lists, parents, passes, and the list of users, one request after the other.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    Batch, Failure, Pull, Purpose,
    answer::{Answer, Body},
    certificate::{EndedBy, ListingEnd},
    checkpoint::Parents,
    failure::Class,
    listing::{Listing, PageOf},
    page::{self, Page},
    render::Context,
    request::{Open, Terms, What},
};
use crate::{
    definition::{
        file::{pagination::Style, request::Request, users::Join},
        map::IdHash,
    },
    path::{MissingRows, Path, Row, Scope, of_scalar},
};

/// How many held users are handed out at once.
const BATCH: usize = 1_000;

/// A joined list, by key. A failed one has no rows and is not known.
pub(super) struct JoinTable {
    pub(super) rows: HashMap<String, Vec<Value>>,
    pub(super) failed: bool,
}

impl JoinTable {
    fn empty(failed: bool) -> Self {
        Self {
            rows: HashMap::new(),
            failed,
        }
    }

    fn add(&mut self, join: &Join, row: Row<'_>) {
        let Some(found) = join.item.find(row) else {
            return;
        };
        for key in page::keys(&found) {
            self.rows.entry(key).or_default().push(row.value.clone());
        }
    }
}

impl Pull {
    /// Plans the next request of the line, or moves on where none is needed. Held users come as a batch.
    pub(super) fn advance(&mut self) -> Option<Batch> {
        if let Some(step) = self.definition.steps.get(self.state.step) {
            let purpose = Purpose::Step {
                name: step.name.clone(),
            };
            self.plan(What::Step, purpose);
            return None;
        }
        if let Some(join) = self.definition.users.joins.get(self.joins.len()) {
            let purpose = Purpose::Join {
                name: join.alias.clone(),
            };
            self.plan(What::Join, purpose);
            return None;
        }
        if !self.state.users_done {
            self.advance_users();
            return None;
        }
        self.hand_out()
    }

    fn advance_users(&mut self) {
        if let Some(parents) = &mut self.state.parents
            && parents.current.is_none()
        {
            match parents.queue.pop_front() {
                Some(parent) => parents.current = Some(parent),
                None if parents.ended => {
                    self.state.users_done = true;
                    return;
                }
                None => return self.plan(What::Parents, Purpose::Parents),
            }
        }
        let of = self.which_list();
        self.plan(What::Users, Purpose::Users { of });
    }

    /// Which of several lists it is, for people.
    fn which_list(&self) -> String {
        let parent = self
            .state
            .parents
            .as_ref()
            .and_then(|parents| parents.current.as_ref());
        let pass = self.state.pass_values(&self.definition);
        let values = parent.into_iter().chain(pass).flatten();
        let texts = values.filter_map(|(name, value)| {
            let text: String = of_scalar(value)?.chars().take(60).collect();
            Some(format!("{name} {text}"))
        });
        texts.take(4).collect::<Vec<_>>().join(", ")
    }

    /// Hands out held users, and ends.
    fn hand_out(&mut self) -> Option<Batch> {
        let rest = self
            .state
            .held
            .get(self.state.handed_out..)
            .unwrap_or_default();
        let users: Vec<_> = rest.iter().take(BATCH).cloned().collect();
        if users.is_empty() {
            self.state.certificate.complete = true;
            self.over = true;
            return None;
        }
        self.state.handed_out += users.len();
        Some(Batch {
            users,
            ..Batch::default()
        })
    }

    fn plan(&mut self, what: What, purpose: Purpose) {
        let listing = match &what {
            What::Join => &self.joining,
            What::Parents => match &self.state.parents {
                Some(parents) => &parents.listing,
                None => return,
            },
            What::Step | What::Users | What::Details { .. } => &self.state.listing,
        };
        let Some(request) = self.request_of(&what) else {
            return;
        };
        let lookup = |name: &str| self.value(name);
        let rendered = self.context(&lookup).render(request, &listing.position);
        match rendered {
            Ok(rendered) => {
                let open = Open::new(self.next_id, what, purpose, rendered, self.terms());
                self.send(open);
            }
            Err(message) => match what {
                What::Join => {
                    self.state.certificate.warn(format!("{purpose}: {message}"));
                    self.join_failed();
                }
                _ => self.fail(Failure::shape(purpose, message)),
            },
        }
    }

    pub(super) fn context<'a>(&'a self, lookup: &'a dyn Fn(&str) -> Option<Value>) -> Context<'a> {
        Context {
            definition: &self.definition,
            lookup,
            base: self.base.as_ref(),
            allowed: &self.allowed,
        }
    }

    pub(super) fn terms(&self) -> Terms {
        let limits = self.definition.limits();
        Terms {
            timeout: limits.timeout,
            max_bytes: limits.max_bytes,
        }
    }

    fn request_of(&self, what: &What) -> Option<&Request> {
        let users = &self.definition.users;
        match what {
            What::Step => self
                .definition
                .steps
                .get(self.state.step)
                .map(|step| &step.request),
            What::Join => users.joins.get(self.joins.len()).map(|join| &join.request),
            What::Parents => users.for_each.as_ref(),
            What::Users => Some(&users.list),
            What::Details { .. } => users.details.as_ref().map(|details| &details.request),
        }
    }

    /// Reads an answer that is no error.
    pub(super) fn read(&mut self, open: Open, answer: Answer, now: Timestamp) {
        let limits = self.definition.limits();
        let head = Answer {
            status: answer.status,
            headers: answer.headers.clone(),
            body: Body::Json(Value::Null),
            cached: answer.cached,
        };
        let read = answer.json(limits.max_bytes, limits.max_depth);
        let read = read.and_then(|value| match graphql_error(&open, &value) {
            Some(message) => Err(message),
            None => Ok(value),
        });
        let result = match read {
            Ok(value) => self.deliver(&open, &head, value, now),
            Err(message) => Err(message),
        };
        if let Err(message) = result {
            let failure = Failure {
                class: Class::Shape,
                purpose: open.request.purpose.clone(),
                status: Some(head.status),
                message,
                remote: None,
                disable: false,
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
    ) -> Result<(), String> {
        match &open.what {
            What::Step => self.deliver_step(open, head, &value),
            What::Join => self.deliver_join(open, head, &value),
            What::Parents => self.deliver_parents(open, head, &value),
            What::Users => self.deliver_users(open, head, value, now),
            What::Details { .. } => self.deliver_details(open, head, &value),
        }
    }

    fn deliver_step(&mut self, open: &Open, head: &Answer, value: &Value) -> Result<(), String> {
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
        let page = page_of(
            open,
            head,
            value,
            &rows,
            page::fingerprint(&rows),
            definition.limits().max_pages,
        );
        let Some(ended_by) = self.state.listing.turn(&request.pagination, &page)? else {
            return Ok(());
        };
        for (name, path) in &request.keep {
            if !self.state.kept.contains_key(name) {
                return Err(format!(
                    "the answer has nothing at `{path}` that `{name}` could be"
                ));
            }
        }
        self.end_step(open.request.purpose.clone(), ended_by)
    }

    fn end_step(&mut self, purpose: Purpose, ended_by: EndedBy) -> Result<(), String> {
        self.note(purpose, ended_by, &self.state.listing.clone());
        self.state.step += 1;
        self.state.listing = Listing::new();
        self.resolve_base()
    }

    fn deliver_join(&mut self, open: &Open, head: &Answer, value: &Value) -> Result<(), String> {
        let definition = self.definition.clone();
        let at = self.joins.len();
        let Some(join) = definition.users.joins.get(at) else {
            return Ok(());
        };
        let rows = rows_of(&join.request, value)?;
        let page = page_of(
            open,
            head,
            value,
            &rows,
            page::fingerprint(&rows),
            definition.limits().max_pages,
        );
        let ended = self.joining.turn(&join.request.pagination, &page)?;
        let mut table = match self.join_so_far.take() {
            Some(table) => table,
            None => JoinTable::empty(false),
        };
        for row in rows {
            table.add(join, row);
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

    fn deliver_parents(&mut self, open: &Open, head: &Answer, value: &Value) -> Result<(), String> {
        let definition = self.definition.clone();
        let (Some(request), Some(mut parents)) =
            (&definition.users.for_each, self.state.parents.clone())
        else {
            return Ok(());
        };
        let rows = rows_of(request, value)?;
        let page = page_of(
            open,
            head,
            value,
            &rows,
            page::fingerprint(&rows),
            definition.limits().max_pages,
        );
        let ended = parents.listing.turn(&request.pagination, &page)?;
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
    ) -> Result<(), String> {
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
        let (ids, fingerprint) = page::ids(&definition.mapping, &rows, &scope);
        let count = rows.len();
        let page = page_of(
            open,
            head,
            &value,
            &rows,
            fingerprint,
            definition.limits().max_pages,
        );
        let ended = self.state.listing.turn(&request.pagination, &page)?;
        let certificate = &mut self.state.certificate;
        certificate.pages += 1;
        certificate.received += u64::try_from(count).unwrap_or(u64::MAX);
        if matches!(request.pagination.style, Style::None) && request.pagination.has_more.is_none()
        {
            if let Some(warning) = page::looks_paged(&value, head, count) {
                certificate.warn(warning);
            }
        }
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

    /// Moves to the next pass, the next parent, or the end.
    fn end_users(&mut self, purpose: Purpose, ended_by: EndedBy) {
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

    /// A rule says that the list ends with the request before.
    pub(super) fn end_by_rule(&mut self, open: Open) {
        let purpose = open.request.purpose.clone();
        let listing = match &open.what {
            What::Join => &self.joining,
            What::Parents => match &self.state.parents {
                Some(parents) => &parents.listing,
                None => return,
            },
            What::Step | What::Users => &self.state.listing,
            What::Details { rows, .. } => return self.details_are_nothing(&rows.clone()),
        };
        let ended_by = match listing.end(EndedBy::Rule) {
            Ok(ended_by) => ended_by,
            Err(message) => return self.give_up(&open, Failure::shape(purpose, message)),
        };
        match &open.what {
            What::Step => {
                if let Err(message) = self.end_step(purpose.clone(), ended_by) {
                    self.fail(Failure::shape(purpose, message));
                }
            }
            What::Join => {
                self.note(purpose, ended_by, &self.joining.clone());
                let table = self
                    .join_so_far
                    .take()
                    .unwrap_or_else(|| JoinTable::empty(false));
                self.joins.push(table);
                self.joining = Listing::new();
            }
            What::Parents => {
                if let Some(mut parents) = self.state.parents.take() {
                    parents.ended = true;
                    self.note(purpose, ended_by, &parents.listing);
                    self.state.parents = Some(parents);
                }
            }
            What::Users => self.end_users(purpose, ended_by),
            What::Details { .. } => {}
        }
    }

    fn note(&mut self, purpose: Purpose, ended_by: EndedBy, listing: &Listing) {
        self.state.certificate.note(ListingEnd {
            purpose,
            ended_by,
            pages: listing.pages,
            received: listing.received,
            declared: listing.declared,
        });
    }

    /// What `$name` means now.
    fn visible(&self) -> Map<String, Value> {
        let mut scope = self.shown.clone();
        scope.extend(self.state.kept.clone());
        let parent = self
            .state
            .parents
            .as_ref()
            .and_then(|parents| parents.current.clone());
        scope.extend(parent.into_iter().flatten());
        let pass = self.state.pass_values(&self.definition).cloned();
        scope.extend(pass.into_iter().flatten());
        scope
    }
}

fn kept(path: &Path, scope: Scope<'_>) -> Option<Value> {
    let found = path.find(scope)?;
    (!found.is_null()).then(|| found.into_owned())
}

pub(super) fn rows_of<'a>(request: &Request, value: &'a Value) -> Result<Vec<Row<'a>>, String> {
    let missing = if request.absent_is_empty {
        MissingRows::AreNone
    } else {
        MissingRows::AreAnError
    };
    request.response_path.rows(value, missing).map_err(|error| {
        let keys = value.as_object().map(|map| {
            let keys: Vec<&str> = map.keys().map(String::as_str).take(10).collect();
            format!("; its keys are {}", keys.join(", "))
        });
        format!("{error}{}", keys.unwrap_or_default())
    })
}

pub(super) fn page_of<'a>(
    open: &'a Open,
    head: &'a Answer,
    answer: &'a Value,
    rows: &'a [Row<'a>],
    fingerprint: Option<IdHash>,
    max_pages: u64,
) -> PageOf<'a> {
    PageOf {
        answer,
        head,
        url: &open.request.url,
        rows,
        fingerprint,
        max_pages,
    }
}

/// A GraphQL answer with errors has perhaps only a part of the data.
fn graphql_error(open: &Open, value: &Value) -> Option<String> {
    let errors = value
        .get("errors")
        .filter(|_| open.is_graphql)?
        .as_array()?;
    let first = errors.first()?;
    let words = first
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or("no message");
    Some(format!(
        "the answer has errors: {}",
        super::answer::one_line(words)
    ))
}

/// The hash of a record.
pub(super) fn record_hash(value: &Value) -> IdHash {
    IdHash::of(&value.to_string())
}
