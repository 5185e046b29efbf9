//! People: seen, put from elsewhere, and changed by hand.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use sando_core::admin::access;
use sando_core::admin::named::{of_app, of_department, of_drift};
use sando_core::admin::outside::{self, Given};
use sando_core::admin::people;
use sando_core::drift::{Drift, DriftKind};
use sando_core::erasure::Erasure;
use sando_core::grant::Grant;
use sando_core::ids::{AppSlug, PersonId};
use sando_core::person::{Lifecycle, Person};
use sando_core::store::{Entity, Loaded, Query};
use sando_core::words::{is_drifting, is_of};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayAdmin, MayRead};
use crate::body::{Body, InPath, InQuery, word};
use crate::condition::{IfMatch, etag, put_status};
use crate::links::LinkView;
use crate::list::{Listed, PeopleList, look_through_people};
use crate::problem::Problem;
use crate::views::{EffectView, GrantView};

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonView {
    id: String,
    name: Option<String>,
    state: String,
    /// As they count: the source's, corrected by hand.
    #[schema(value_type = Object)]
    attributes: Value,
    /// The names of those that were corrected by hand.
    corrected: Vec<String>,
    /// The names of those whose value no alias knows.
    unmapped: BTreeSet<String>,
    identifiers: IdentifiersView,
    #[schema(value_type = Option<String>, format = Date)]
    start_date: Option<Date>,
    #[schema(value_type = Option<String>, format = DateTime)]
    leaves_at: Option<Timestamp>,
    /// The person is to be erased: `{extent, actor, cause, reason, asked_at, look_at}`.
    #[schema(value_type = Option<Object>)]
    erasure: Option<Erasure>,
    /// Was here already: nothing is given before somebody applies it.
    baselined: bool,
    /// The person who this one was found to be.
    merged_into: Option<String>,
    /// The ids of those who were found to be this one.
    absorbed: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    version: u64,
}

/// What a person is known by.
#[derive(Debug, Serialize, ToSchema)]
struct IdentifiersView {
    /// The first Lever contact.
    lever_contact: Option<String>,
    lever_contacts: Vec<String>,
    opportunities: Vec<String>,
    emails: Vec<String>,
    key: Option<String>,
    /// Users of rosters whom somebody linked to the person by hand.
    users: Vec<LinkView>,
}

impl From<&Loaded<Person>> for PersonView {
    fn from(loaded: &Loaded<Person>) -> Self {
        let person = &loaded.entity;
        let known = &person.identifiers;
        Self {
            id: person.id.to_string(),
            name: person.text("name").map(str::to_owned),
            state: person.state.as_str().to_owned(),
            attributes: person.effective().to_value(),
            corrected: person
                .corrected
                .iter()
                .map(|(name, _)| name.clone())
                .collect(),
            unmapped: person.unmapped.clone(),
            identifiers: IdentifiersView {
                lever_contact: known.lever_contact.first().map(ToString::to_string),
                lever_contacts: known
                    .lever_contact
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                opportunities: known
                    .opportunities
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                emails: known
                    .emails
                    .iter()
                    .map(|email| email.as_str().to_owned())
                    .collect(),
                key: known.key.clone(),
                users: known.users.iter().map(LinkView::from).collect(),
            },
            start_date: person.starts_on,
            leaves_at: person.leaves_at,
            erasure: person.erasure.clone(),
            baselined: person.baselined,
            merged_into: person.merged.as_ref().map(|merged| merged.into.to_string()),
            absorbed: person.absorbed.iter().map(ToString::to_string).collect(),
            created_at: person.created_at,
            version: loaded.version.0,
        }
    }
}

fn shown(person: &Loaded<Person>) -> Response {
    (etag(person.version), Json(PersonView::from(person))).into_response()
}

/// Which part of the list of people.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeopleQuery {
    state: Option<String>,
    department: Option<String>,
    app: Option<String>,
    drift: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Which people are looked for, besides their name.
pub(crate) struct Sought<'a> {
    /// In which states.
    pub(crate) states: &'a [Lifecycle],
    /// Of which department, if one is named.
    pub(crate) department: Option<&'a str>,
    /// With something in which application, if one is named.
    pub(crate) app: Option<AppSlug>,
    /// Only those who have drift.
    pub(crate) drift: bool,
}

impl Sought<'_> {
    /// Is it one of them, as far as the person alone tells?
    pub(crate) fn is(&self, person: &Person) -> bool {
        self.states.contains(&person.state)
            && self.department.is_none_or(|name| is_of(person, name))
            && (!self.drift || is_drifting(person))
    }
}

/// The list in which these people are looked for: a short one.
pub(crate) async fn narrowest(api: &Api, sought: &Sought<'_>) -> Result<PeopleList, Problem> {
    // Nobody stays in these for long.
    let is_passing = |state| matches!(state, Lifecycle::Preboarding | Lifecycle::Leaving);
    let mut query = Query::States {
        kind: Person::KIND,
        states: sought.states.iter().map(|state| state.as_str()).collect(),
    };
    let mut holding = sought.app.clone();
    let by_drift = match sought.drift {
        true => of_drift(&api.ports).await?,
        false => None,
    };
    if sought.states.iter().copied().all(is_passing) {
        return Ok(PeopleList { query, holding });
    }
    if let Some(by_drift) = by_drift {
        query = by_drift;
    } else if let Some(name) = sought.department {
        query = of_department(&api.ports, name).await?.unwrap_or(query);
    } else if let Some(app) = &sought.app
        && let Some(by_app) = of_app(&api.ports, app).await?
    {
        query = by_app;
        holding = None;
    }
    Ok(PeopleList { query, holding })
}

/// Whether a filter is on.
pub(crate) fn flag(name: &str, text: &str) -> Result<bool, Problem> {
    match text {
        "" | "0" | "false" => Ok(false),
        "1" | "true" => Ok(true),
        _ => Err(Problem::mistake(name, "1 or 0")),
    }
}

/// Lists people, newest first; those of a department by its name as it counts, in upper or lower case; with `app` those who
/// hold something there through Sando, whoever's changed last first; with `drift=1` those whose access a roster contradicted
/// when that was last looked at: after each sync, and once a day.
#[utoipa::path(get, path = "/v1/people", tag = "people", operation_id = "list_people",
    params(("state" = Option<String>, Query), ("department" = Option<String>, Query), ("app" = Option<String>, Query),
    ("drift" = Option<String>, Query), ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Listed<PersonView>)))]
pub(crate) async fn list(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<PeopleQuery>,
) -> Result<Json<Listed<PersonView>>, Problem> {
    let states: Vec<Lifecycle> = match &query.state {
        Some(state) => vec![word("state", state)?],
        None => Lifecycle::ALL.to_vec(),
    };
    let department = query.department.as_deref();
    if department.is_some_and(|name| name.trim().is_empty()) {
        return Err(Problem::mistake("department", "the name of one"));
    }
    let app = query.app.as_deref();
    let sought = Sought {
        states: &states,
        department,
        app: app.map(|app| word("app", app)).transpose()?,
        drift: flag("drift", query.drift.as_deref().unwrap_or_default())?,
    };
    let wanted = narrowest(&api, &sought).await?;
    let keep = |person: &Person| sought.is(person);
    let (listed, _) = look_through_people(&api, &wanted, query.limit, query.cursor, keep).await?;
    Ok(Json(listed.map(|person| PersonView::from(&person))))
}

/// Reads a person.
#[utoipa::path(get, path = "/v1/people/{id}", tag = "people", operation_id = "get_person",
    params(("id" = String, Path)), responses((status = 200, body = PersonView)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<PersonId>,
) -> Result<Response, Problem> {
    Ok(shown(&people::person(&api.ports, &id).await?))
}

/// A person as an HR system knows them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonBody {
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    start_date: Option<Date>,
    /// The last day; null takes it away, left out it stays.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Date)]
    end_date: Option<Option<Date>>,
}

/// Tells null from left out.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Puts a person under the key of another system. New people are baselined: nothing is given before it is applied, or they are hired.
#[utoipa::path(put, path = "/v1/people/{id}", tag = "people", operation_id = "put_person",
    params(("id" = String, Path, description = "The key in the other system")), request_body = PersonBody,
    responses((status = 200, body = PersonView), (status = 201, body = PersonView)))]
pub(crate) async fn put(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath(key): InPath<String>,
    IfMatch(expect): IfMatch,
    Body(body): Body<PersonBody>,
) -> Result<Response, Problem> {
    let given = Given {
        attributes: body.attributes,
        start_date: body.start_date,
        end_date: body.end_date,
        appeared: None,
    };
    let (person, is_new) =
        outside::put(&api.ports, &caller.who(&api), &key, &given, &expect).await?;
    Ok((put_status(is_new), shown(&person)).into_response())
}

/// What a person is due, has, and what lies between.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessView {
    desired: Vec<GrantView>,
    actual: Vec<GrantView>,
    plan: Vec<EffectView>,
    /// Where a roster contradicts what was given here; `POST …/access:correct` takes it over and does what is due.
    drift: Vec<DriftView>,
    /// Applications where an attribute that is missing or unknown decides: nothing is given or taken there.
    unknown: Vec<String>,
}

/// Access in one application that is not as it was left here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DriftView {
    app: String,
    /// The account whose roster shows it.
    account: String,
    /// `unexplained` (nobody here gave it), `vanished` or `other_plan`.
    #[schema(value_type = String)]
    kind: DriftKind,
    external_id: Option<String>,
    /// The plan that the roster shows.
    plan: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    why: String,
}

impl From<&Drift> for DriftView {
    fn from(drift: &Drift) -> Self {
        Self {
            app: drift.app.to_string(),
            account: drift.account.clone(),
            kind: drift.kind,
            external_id: drift.external_id.clone(),
            plan: drift.plan.clone(),
            seen_at: drift.seen_at,
            why: drift.why.clone(),
        }
    }
}

/// Shows desired and actual access and the plan between them; nothing is changed.
#[utoipa::path(get, path = "/v1/people/{id}/access", tag = "people", operation_id = "get_access",
    params(("id" = String, Path)), responses((status = 200, body = AccessView)))]
pub(crate) async fn access(
    _: MayRead,
    State(api): State<Api>,
    InPath(id): InPath<PersonId>,
) -> Result<Json<AccessView>, Problem> {
    let now = api.ports.clock.now();
    let access = access::of(&api.ports, &id, now).await?;
    let desired = access.desired.due.values().map(|due| {
        let there = access.actual.iter().find(|grant| grant.app == due.app);
        let none = || Grant::desired(&id, &due.app, due.entitlement.clone(), now);
        let grant = there.cloned().unwrap_or_else(none);
        GrantView::desired(due, &grant, access.due_at(&due.app, now))
    });
    let actual = access
        .actual
        .iter()
        .map(|grant| GrantView::of(grant, access.due_at(&grant.app, now)));
    Ok(Json(AccessView {
        desired: desired.collect(),
        actual: actual.collect(),
        plan: access.plan.iter().map(EffectView::from).collect(),
        drift: access.drift.iter().map(DriftView::from).collect(),
        unknown: access
            .desired
            .unknown
            .iter()
            .map(ToString::to_string)
            .collect(),
    }))
}
