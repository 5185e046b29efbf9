//! The line of a pull: steps, joined lists, parents, passes, and the list of users, one request after the other.

use std::{borrow::Cow, collections::HashMap};

use serde_json::{Map, Value};

use super::{
    Batch, Failure, Pull, Purpose,
    certificate::{EndedBy, ListingEnd},
    listing::Listing,
    render::Context,
    request::{Open, Terms, What},
};
use crate::{
    definition::file::{pagination::Style, request::Request, users::Join},
    path::{Row, of_scalar},
};

/// How many held users are handed out at once.
const BATCH: usize = 1_000;

/// A joined list, by key. A failed one has no rows and is not known.
pub(super) struct JoinTable {
    pub(super) rows: HashMap<String, Vec<Value>>,
    pub(super) failed: bool,
}

impl JoinTable {
    pub(super) fn empty(failed: bool) -> Self {
        Self {
            rows: HashMap::new(),
            failed,
        }
    }

    pub(super) fn add(&mut self, join: &Join, row: Row<'_>) {
        let Some(found) = join.item.find(row) else {
            return;
        };
        for key in keys(&found) {
            self.rows.entry(key).or_default().push(row.value.clone());
        }
    }
}

/// The texts of a key that joins: one, or all of a list.
pub(super) fn keys(found: &Value) -> Vec<String> {
    match found {
        Value::Array(items) => items
            .iter()
            .filter_map(of_scalar)
            .map(Cow::into_owned)
            .collect(),
        one => of_scalar(one).map(Cow::into_owned).into_iter().collect(),
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

    pub(super) fn advance_users(&mut self) {
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
        let rest = self.held.get(self.state.handed_out..).unwrap_or_default();
        let users: Vec<_> = rest.iter().take(BATCH).cloned().collect();
        if users.is_empty() {
            self.state.certificate.finish();
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
                let needs = self.needs_of(&what).cloned();
                let mut open = Open::new(self.next_id, what, purpose, rendered, self.terms());
                open.request.needs = needs;
                self.send(open);
            }
            Err(message) => match what {
                What::Join => {
                    let failure = self.definition.placed(Failure::shape(purpose, message));
                    self.state.certificate.warn(&failure.to_string());
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

    /// Is it a step of whose answer nothing is read?
    pub(super) fn reads_nothing(&self, what: &What) -> bool {
        let step = self.request_of(what).filter(|_| matches!(what, What::Step));
        step.is_some_and(|step| {
            step.keep.is_empty() && matches!(step.pagination.style, Style::None)
        })
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

    pub(super) fn note(&mut self, purpose: Purpose, ended_by: EndedBy, listing: &Listing) {
        self.state.certificate.note(ListingEnd {
            purpose,
            ended_by,
            pages: listing.pages,
            received: listing.received,
            declared: listing.declared,
        });
    }

    /// What `$name` means now.
    pub(super) fn visible(&self) -> Map<String, Value> {
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
