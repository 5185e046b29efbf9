//! Looks for a person's user in what `find` answers, on all pages that it names.

use std::borrow::Cow;

use sando_core::condition::Missing;
use sando_core::grant::Entitlement;
use sando_core::ids::ExternalId;
use sando_core::path::{MissingRows, Path, Row, of_scalar};
use sando_core::ports::{FoundUser, RemoteError, Subject};
use serde_json::Value;
use tokio::time::Instant;

use super::{HttpProvisioner, NotMade, action::CompiledAction, external_id};
use crate::http::{Answer, unreadable};

/// So many roles or plans of a user are looked at, with so many bytes each.
const MOST: usize = 50;
const LONGEST: usize = 200;

impl HttpProvisioner {
    pub(super) async fn look(
        &self,
        subject: &Subject,
        until: Instant,
    ) -> Result<Option<FoundUser>, RemoteError> {
        let remote = self.connection.remote();
        let Some(find) = &self.actions.find else {
            return Err(self.forbidden("it has no action `find`".to_owned()));
        };
        let met = self.read_all(find, subject, until).await?;
        let known = subject.external_id.as_ref();
        let one = the_one(find, met.iter().collect(), known);
        let Some((row, id)) = one.map_err(|why| unreadable(remote, why))? else {
            return Ok(None);
        };
        let now = self.clock.now();
        Ok(Some(FoundUser {
            active: find
                .active
                .as_ref()
                .is_none_or(|active| active.truth(row, Missing::AsDocumented, now).is_true()),
            external_id: id,
            ours: false,
            entitled: shown_entitled(find, row, &subject.entitlement),
            shown: shown(find, row, &subject.entitlement),
            seated: None,
        }))
    }

    /// All users that may be the person's, once the list was read to its end: before that it tells nothing of anybody.
    async fn read_all(
        &self,
        find: &CompiledAction,
        subject: &Subject,
        until: Instant,
    ) -> Result<Vec<Value>, RemoteError> {
        let remote = self.connection.remote();
        let asked = find.addresses(&|name: &str| self.value(subject, name));
        let mut pages = find.paging.pages();
        let mut met: Vec<Value> = Vec::new();
        loop {
            let request = match self.request(find, &pages.carried(), subject, until) {
                Ok(request) => request,
                Err(NotMade::Value(error)) => return Err(self.forbidden(error.to_string())),
                Err(NotMade::Remote(error)) => return Err(error),
            };
            let url = request.url().clone();
            let answer = self.connection.read(request).await?;
            if pages.is_first() && find.says_none(answer.status()) {
                return Ok(met);
            }
            let answer = answer.checked()?;
            if pages.is_first() && answer.body().is_empty() {
                return Ok(met);
            }
            let body = answer.json()?;
            let rows = rows(find, &body).map_err(|why| unreadable(remote, why))?;
            let more = pages.turn(&body, headers(&answer), &url, &rows);
            let about = rows.iter().map(|row| row.value);
            let about = about.filter(|row| row.is_object() && is_about(row, &asked));
            met.extend(about.cloned());
            if !more.map_err(|why| unreadable(remote, why))? {
                return Ok(met);
            }
        }
    }

    fn forbidden(&self, why: String) -> RemoteError {
        RemoteError::Forbidden {
            remote: self.connection.remote().to_owned(),
            why,
        }
    }
}

/// The role and the plan that the user has; `None` if the answer shows neither.
fn shown(find: &CompiledAction, row: &Value, wanted: &Entitlement) -> Option<Entitlement> {
    let has = |path: &Option<Path>, wanted: &Option<String>| {
        let path = path.as_ref()?;
        other_than(path, row, wanted.as_deref())
    };
    let shows = find.role.is_some() || find.plan.is_some();
    shows.then(|| Entitlement {
        role: has(&find.role, &wanted.role),
        plan: has(&find.plan, &wanted.plan),
        ..Entitlement::default()
    })
}

/// What stands there; of several rather one that is not wanted, since somebody gave it by hand.
fn other_than(path: &Path, row: &Value, wanted: Option<&str>) -> Option<String> {
    let found = path.find(row)?;
    let all = match &*found {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let texts = all.iter().take(MOST).filter_map(of_scalar);
    let texts = texts.filter(|text| (1..=LONGEST).contains(&text.len()));
    let texts: Vec<String> = texts.map(Cow::into_owned).collect();
    let other = texts.iter().find(|text| Some(text.as_str()) != wanted);
    other.or(texts.first()).cloned()
}

/// Whether the user has the role and the plan that are wanted; `None` if the answer does not show one of them.
fn shown_entitled(find: &CompiledAction, row: &Value, wanted: &Entitlement) -> Option<bool> {
    let pairs = [(&find.role, &wanted.role), (&find.plan, &wanted.plan)];
    let mut shown = pairs.into_iter().filter_map(|(path, wanted)| {
        let wanted = wanted.as_deref()?;
        Some(path.as_ref().map(|path| is_shown(path, row, wanted)))
    });
    let first = shown.next()?;
    shown.fold(first, |one, other| match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    })
}

/// Whether this value stands there, alone or in a list.
fn is_shown(path: &Path, row: &Value, wanted: &str) -> bool {
    let is_it = |value: &Value| of_scalar(value).is_some_and(|text| text == wanted);
    path.find(row).is_some_and(|found| match &*found {
        Value::Array(items) => items.iter().any(is_it),
        one => is_it(one),
    })
}

/// The rows of an answer: a list, or one user alone.
fn rows<'a>(find: &CompiledAction, body: &'a Value) -> Result<Vec<Row<'a>>, String> {
    let path = find.response_path.clone().unwrap_or_else(Path::root);
    if !path.is_many()
        && let Some(Cow::Borrowed(value)) = path.find(body)
        && value.is_object()
    {
        return Ok(vec![Row { key: None, value }]);
    }
    path.rows(body, MissingRows::AreAnError)
        .map_err(|error| error.to_string())
}

/// The headers that are text.
fn headers(answer: &Answer) -> Vec<(String, String)> {
    let headers = answer.headers().iter();
    headers
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect()
}

/// A row that shows addresses, but none that was asked for, is somebody else's: the server ignored the question.
fn is_about(row: &Value, asked: &[String]) -> bool {
    let mut shown = Vec::new();
    collect_addresses(row, &mut shown);
    asked.is_empty() || shown.is_empty() || shown.iter().any(|address| asked.contains(address))
}

fn collect_addresses(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains('@') => found.push(text.trim().to_lowercase()),
        Value::Array(items) => items.iter().for_each(|item| collect_addresses(item, found)),
        Value::Object(map) => map.values().for_each(|item| collect_addresses(item, found)),
        _ => {}
    }
}

/// The row with the id that is known, else the only one. More than one is nobody's to choose from.
fn the_one<'a>(
    find: &CompiledAction,
    rows: Vec<&'a Value>,
    known: Option<&ExternalId>,
) -> Result<Option<(&'a Value, ExternalId)>, String> {
    let mut users: Vec<(&Value, ExternalId)> = Vec::new();
    for row in rows {
        let id = match &find.id {
            Some(path) => path.find(row).and_then(|id| external_id(&id)),
            None => row.get("id").and_then(external_id),
        };
        let id = id.ok_or("a user has no id where `id` says")?;
        if !users.iter().any(|(_, other)| *other == id) {
            users.push((row, id));
        }
    }
    if let Some(place) = users.iter().position(|(_, id)| Some(id) == known) {
        return Ok(Some(users.swap_remove(place)));
    }
    match users.len() {
        0 | 1 => Ok(users.pop()),
        count => Err(format!(
            "`find` answers {count} users, and none can be told from the others"
        )),
    }
}
