//! How the list of users is put together: parents, passes, details and joined lists.

use serde_json::{Map, Value};

use super::{
    fields::{Fields, Mistakes},
    names::Names,
    request::{self, Request},
};
use crate::{
    condition::Conditions,
    mistake::{self, Mistake},
    path::{Path, is_name, of_scalar},
};

/// The keys of `users` beside those of a request.
pub(crate) const KEYS: [&str; 6] = ["preset", "for_each", "passes", "where", "details", "join"];
/// The keys of `details` beside those of a request.
pub(crate) const DETAILS_KEYS: [&str; 4] = ["concurrency", "as", "batch", "item"];
/// The keys of an entry of `join` beside those of a request.
pub(crate) const JOIN_KEYS: [&str; 2] = ["by", "as"];
/// The keys of `by`.
pub(crate) const BY_KEYS: [&str; 2] = ["user", "item"];
/// The names of the user that a request for its details may use.
pub(crate) const DETAIL_NAMES: [&str; 3] = ["external_id", "email", "username"];

/// The list of users.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Users {
    pub(crate) list: Request,
    /// Headers that the whole definition sends are not repeated here.
    pub(crate) for_each: Option<Request>,
    /// At least one; usually one without variables.
    pub(crate) passes: Vec<Map<String, Value>>,
    pub(crate) filter: Conditions,
    /// The filter reads what only the details have.
    pub(crate) filter_needs_details: bool,
    pub(crate) details: Option<Details>,
    pub(crate) joins: Vec<Join>,
}

/// More about each user.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Details {
    pub(crate) request: Request,
    pub(crate) concurrency: usize,
    pub(crate) alias: String,
    pub(crate) batch: Option<Batch>,
}

/// Details of several users at once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    pub(crate) size: usize,
    /// Where an item has the user's id.
    pub(crate) item: Path,
}

/// A second list, joined by key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Join {
    pub(crate) request: Request,
    pub(crate) user: Path,
    pub(crate) item: Path,
    pub(crate) alias: String,
}

impl Users {
    /// Reads `users`; `names` are the variables and what the steps keep.
    pub(crate) fn read(fields: Fields<'_>, names: &Names, out: &mut Mistakes) -> Option<Self> {
        let for_each = for_each(fields, names, out);
        let passes = passes(fields, out);
        let mut inner = names.clone();
        for name in for_each.iter().flat_map(Request::kept) {
            inner.add(name);
        }
        for name in passes.iter().flat_map(Map::keys) {
            inner.add(name.as_str());
        }
        let list = Request::read(fields, &inner, out);
        for name in list.iter().flat_map(Request::kept) {
            inner.add(name);
        }
        let details = details(fields, &inner, out);
        let joins = joins(fields, names, out);
        let filter = fields.conditions("where", out).unwrap_or_default();
        let filter_needs_details = details.as_ref().is_some_and(|details| {
            filter
                .paths()
                .any(|path| path.leading_keys().next() == Some(details.alias.as_str()))
        });
        let mut aliases: Vec<&str> = joins.iter().map(|join| join.alias.as_str()).collect();
        aliases.extend(details.iter().map(|details| details.alias.as_str()));
        for (index, alias) in aliases.iter().enumerate() {
            if aliases.iter().take(index).any(|other| other == alias) {
                fields.wrong("join", format!("`as: {alias}` is used twice"), out);
            }
        }
        Some(Self {
            list: list?,
            for_each,
            passes,
            filter,
            filter_needs_details,
            details,
            joins,
        })
    }

    /// The names under which details and joined items stand in a user.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = &str> {
        let joins = self.joins.iter().map(|join| join.alias.as_str());
        joins.chain(self.details.iter().map(|details| details.alias.as_str()))
    }
}

/// All keys of an object that is a request and more.
pub(crate) fn with_request_keys(own: &[&'static str]) -> Vec<&'static str> {
    request::KEYS.iter().chain(own).copied().collect()
}

fn for_each(fields: Fields<'_>, names: &Names, out: &mut Mistakes) -> Option<Request> {
    let at = fields.place("for_each");
    let inner = Fields::of(fields.get("for_each")?, &at, &request::KEYS, out)?;
    let request = Request::read(inner, names, out)?;
    if request.keep.is_empty() {
        inner.wrong(
            "keep",
            "is missing: what of a parent the list of its users needs",
            out,
        );
    }
    Some(request)
}

fn passes(fields: Fields<'_>, out: &mut Mistakes) -> Vec<Map<String, Value>> {
    let Some(items) = fields.list("passes", out) else {
        return vec![Map::new()];
    };
    let at = fields.place("passes");
    let mut passes: Vec<Map<String, Value>> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let at = mistake::item(&at, index);
        let Value::Object(map) = item else {
            out.push(Mistake::new(
                at,
                "must be an object of variables and their values",
            ));
            continue;
        };
        for (name, value) in map {
            let at = mistake::join(&at, name);
            if !is_name(name) {
                out.push(Mistake::new(&at, "a name has letters, digits and `_`"));
            }
            if of_scalar(value).is_none() {
                out.push(Mistake::new(
                    &at,
                    "must be a text, a number, or true or false",
                ));
            }
        }
        if let Some(first) = passes.first()
            && !(first.len() == map.len() && map.keys().all(|name| first.contains_key(name)))
        {
            out.push(Mistake::new(
                &at,
                "must set the same variables as the first pass",
            ));
        }
        passes.push(map.clone());
    }
    if passes.is_empty() {
        out.push(Mistake::new(at, "must not be empty"));
        passes.push(Map::new());
    }
    passes
}

fn alias(fields: Fields<'_>, usual: Option<&str>, out: &mut Mistakes) -> Option<String> {
    let alias = match (fields.text("as", out), usual) {
        (Some(alias), _) => alias,
        (None, Some(usual)) => usual,
        (None, None) => {
            fields.missing("as", out);
            return None;
        }
    };
    if !is_name(alias) {
        fields.wrong("as", "a name has letters, digits and `_`", out);
    }
    Some(alias.to_owned())
}

fn details(fields: Fields<'_>, names: &Names, out: &mut Mistakes) -> Option<Details> {
    let at = fields.place("details");
    let known = with_request_keys(&DETAILS_KEYS);
    let inner = Fields::of(fields.get("details")?, &at, &known, out)?;
    let batch = inner.whole("batch", 1, 10_000, out);
    let names = match batch {
        Some(_) => names.with(["external_ids"]),
        None => names.with(DETAIL_NAMES),
    };
    let request = Request::read(inner, &names, out);
    if inner.has("keep") {
        inner.wrong(
            "keep",
            "details are of one user: what they say stands under the name of `as`",
            out,
        );
    }
    let concurrency = inner.whole("concurrency", 1, 64, out).unwrap_or(4);
    let item = if batch.is_some() {
        inner.required_path("item", out)
    } else {
        if inner.has("item") {
            inner.wrong("item", "belongs to `batch`", out);
        }
        None
    };
    let alias = alias(inner, Some("detail"), out)?;
    let size = batch.and_then(|size| usize::try_from(size).ok());
    Some(Details {
        request: request?,
        concurrency: usize::try_from(concurrency).unwrap_or(1),
        alias,
        batch: size.zip(item).map(|(size, item)| Batch { size, item }),
    })
}

fn joins(fields: Fields<'_>, names: &Names, out: &mut Mistakes) -> Vec<Join> {
    let at = fields.place("join");
    let items = match fields.get("join") {
        None => return Vec::new(),
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let joins = items.iter().enumerate();
    joins
        .filter_map(|(index, item)| join(item, &mistake::item(&at, index), names, out))
        .collect()
}

fn join(value: &Value, at: &str, names: &Names, out: &mut Mistakes) -> Option<Join> {
    let known = with_request_keys(&JOIN_KEYS);
    let fields = Fields::of(value, at, &known, out)?;
    let request = Request::read(fields, names, out);
    let alias = alias(fields, None, out);
    if !fields.has("by") {
        fields.missing("by", out);
    }
    let by_at = fields.place("by");
    let by = Fields::of(fields.get("by")?, &by_at, &BY_KEYS, out)?;
    let user = by.required_path("user", out);
    let item = by.required_path("item", out);
    Some(Join {
        request: request?,
        user: user?,
        item: item?,
        alias: alias?,
    })
}
