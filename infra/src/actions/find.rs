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
use crate::subject::lookup;

/// So many roles or plans of a user are looked at, with so many bytes each.
const MOST: usize = 50;
const LONGEST: usize = 200;

/// Whom a look is about.
struct Wanted {
    /// The addresses, in lower case, that were asked for.
    asked: Vec<String>,
    /// The application's id of the user, once known.
    known: Option<ExternalId>,
    /// The application was asked for everybody.
    among_all: bool,
}

impl Wanted {
    /// A row that shows addresses, but none that was asked for, is somebody else's: the server ignored the question. Among
    /// everybody only the address tells whose a row is, or the id that is known.
    fn is_met_by(&self, find: &CompiledAction, row: &Value) -> bool {
        let may_be = if self.among_all {
            self.known.is_some() && id_of(find, row) == self.known
        } else {
            self.asked.is_empty() || addresses_of(row).is_empty()
        };
        may_be || self.is_shown_by(row)
    }

    /// Does the row show an address that was asked for?
    fn is_shown_by(&self, row: &Value) -> bool {
        let shown = addresses_of(row);
        shown.iter().any(|address| self.asked.contains(address))
    }
}

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
        let wanted = self.wanted(find, subject)?;
        let met = self.read_all(find, &wanted, subject, until).await?;
        let one = the_one(find, met.iter().collect(), &wanted);
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
            entitled: shown_entitled(find, row, subject),
            shown: shown(find, row, &subject.entitlement),
            seated: None,
        }))
    }

    /// Whom to look for. A request that names neither an address nor an id asks for everybody: of these it is whoever has the
    /// address at work.
    fn wanted(&self, find: &CompiledAction, subject: &Subject) -> Result<Wanted, RemoteError> {
        // An address among the variables is the company's, not the person's.
        let of_person = |name: &str| lookup(subject, name);
        let mut wanted = Wanted {
            asked: find.addresses(&of_person),
            known: subject.external_id.clone(),
            among_all: false,
        };
        if wanted.asked.is_empty() && !find.names_id() {
            wanted.among_all = true;
            if let Some(address) = of_person("work_email") {
                collect_addresses(&address, &mut wanted.asked);
            }
            if wanted.asked.is_empty() && wanted.known.is_none() {
                return Err(self.forbidden("`work_email` has no value".to_owned()));
            }
        }
        Ok(wanted)
    }

    /// All users that may be the person's, once the list was read to its end: before that it tells nothing of anybody.
    async fn read_all(
        &self,
        find: &CompiledAction,
        wanted: &Wanted,
        subject: &Subject,
        until: Instant,
    ) -> Result<Vec<Value>, RemoteError> {
        let remote = self.connection.remote();
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
            let about = about.filter(|row| row.is_object() && wanted.is_met_by(find, row));
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

/// Whether the user has the role and the plan that are wanted, and no plan that is to be taken back; `None` if the answer does
/// not show one of them.
fn shown_entitled(find: &CompiledAction, row: &Value, subject: &Subject) -> Option<bool> {
    let wanted = &subject.entitlement;
    let shows = |path: &Option<Path>, value: &String| {
        let path = path.as_ref()?;
        Some(is_shown(path, row, value))
    };
    let role = wanted.role.as_ref().map(|role| shows(&find.role, role));
    let plan = wanted.plan.as_ref().map(|plan| shows(&find.plan, plan));
    let seat = subject.to_release();
    let seat = seat.map(|plan| shows(&find.plan, plan).map(|there| !there));
    let mut shown = [role, plan, seat].into_iter().flatten();
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

fn addresses_of(row: &Value) -> Vec<String> {
    let mut shown = Vec::new();
    collect_addresses(row, &mut shown);
    shown
}

fn collect_addresses(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains('@') => found.push(text.trim().to_lowercase()),
        Value::Array(items) => items.iter().for_each(|item| collect_addresses(item, found)),
        Value::Object(map) => map.values().for_each(|item| collect_addresses(item, found)),
        _ => {}
    }
}

/// The id of a user, where `id` says.
fn id_of(find: &CompiledAction, row: &Value) -> Option<ExternalId> {
    match &find.id {
        Some(path) => path.find(row).and_then(|id| external_id(&id)),
        None => row.get("id").and_then(external_id),
    }
}

/// The row with the id that is known, else the only one. More than one is nobody's to choose from, and where the one who is
/// known is gone another is theirs only if it shows their address.
fn the_one<'a>(
    find: &CompiledAction,
    rows: Vec<&'a Value>,
    wanted: &Wanted,
) -> Result<Option<(&'a Value, ExternalId)>, String> {
    let mut users: Vec<(&Value, ExternalId)> = Vec::new();
    for row in rows {
        let id = id_of(find, row).ok_or("a user has no id where `id` says")?;
        if !users.iter().any(|(_, other)| *other == id) {
            users.push((row, id));
        }
    }
    let known = wanted.known.as_ref();
    if let Some(place) = users.iter().position(|(_, id)| Some(id) == known) {
        return Ok(Some(users.swap_remove(place)));
    }
    match users.len() {
        0 | 1 => {
            let one = users.pop();
            Ok(one.filter(|(row, _)| known.is_none() || wanted.is_shown_by(row)))
        }
        count => Err(format!(
            "`find` answers {count} users, and none can be told from the others"
        )),
    }
}
