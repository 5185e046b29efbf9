//! Plan before apply: what changed files would do to everybody's access, before they are put.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use sando_core::admin::{files, jobs};
use sando_core::app::Money;
use sando_core::config::ConfigKind;
use sando_core::ids::{AppSlug, PersonId, Slug};
use sando_core::impact::{Difference, FileChange, Impact, Turns};
use sando_core::job::{Applying, Planning, Rehearsed, Rehearsing, Work};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayAdmin, MayOperate};
use crate::body::Body;
use crate::files::named;
use crate::jobs::{JobView, Patience, answer};
use crate::problem::Problem;

/// How much text the changed files may have together: a plan is kept in one item while it is made.
const MOST_TEXT: usize = 200_000;

/// One file that is to be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    /// `app`, `policy`, `rule`, `workflow` or `attributes`.
    #[schema(value_type = String)]
    pub(crate) kind: ConfigKind,
    #[schema(value_type = String)]
    pub(crate) id: Slug,
    /// The file as it would be put; null deletes it.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) file: Option<Map<String, Value>>,
}

/// For whom.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverBody {
    /// Only these people.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    people: Option<Vec<PersonId>>,
    /// Instead of people: what the events that are known since then would do differently.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    events_since: Option<Timestamp>,
}

/// What is to be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanBody {
    changes: Vec<ChangeBody>,
    #[serde(default)]
    over: OverBody,
}

/// What changed files would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanView {
    /// Changes with the configuration, the people and what would differ for them.
    hash: String,
    /// How many people were looked at; people who are only baselined are not.
    people: u64,
    /// For how many something differs.
    affected: u64,
    /// How many lose something.
    losing: u64,
    /// More people lose something than may without a second look: `movers_per_hour` or `movers_percent` of the settings.
    over_cap: bool,
    /// `{gains, changes, losses}`.
    #[schema(value_type = Object)]
    totals: Turns,
    /// The same by application.
    #[schema(value_type = Object)]
    by_app: BTreeMap<AppSlug, Turns>,
    /// What it costs more a month: `{amount_minor, currency}`.
    monthly: Vec<MoneyView>,
    /// What the rosters make of it.
    rosters: RostersView,
    effects: Vec<DifferenceView>,
    /// There are more effects than are listed; the totals count all of them.
    truncated: bool,
}

/// What the rosters make of the first effects of a plan. Who may use an application has a seat there, and so has who may not
/// and still has a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RostersView {
    /// So many effects were looked up.
    looked_up: usize,
    /// So many were not: of those that are listed, only the first 200 people are looked up, and no more once
    /// 250 effects were.
    not_looked_up: u64,
    /// Gained, and nobody is there.
    seats_new: u64,
    /// Gained by who has a seat there already.
    seats_there: u64,
    /// Lost by who has a seat there.
    seats_freed: u64,
    /// Lost by who has no seat there any more.
    seats_gone: u64,
    /// Gained or lost, and nobody can tell: no roster of the application was read since something changed here, or it shows a
    /// user whom no effect touches.
    unclear: u64,
    /// What it costs more a month without what costs and saves nothing: plans that are there already, seats that nobody has
    /// any more. What was not looked up counts as planned.
    monthly: Vec<MoneyView>,
}

/// Money.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MoneyView {
    amount_minor: i64,
    currency: String,
}

/// How one person's access to one application would differ.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DifferenceView {
    #[schema(value_type = String)]
    person: PersonId,
    #[schema(value_type = String)]
    app: AppSlug,
    /// `gains`, `changes` or `loses`.
    effect: Value,
    /// `{plan, role, groups}` as things stand.
    #[schema(value_type = Option<Object>)]
    before: Value,
    /// `{plan, role, groups}` as it would be.
    #[schema(value_type = Option<Object>)]
    after: Value,
    #[schema(value_type = Vec<String>)]
    policies: Vec<Slug>,
    /// What it costs more a month.
    monthly: Vec<MoneyView>,
    /// What the roster of the application shows of the person: `{user, account, plan, at}`. `user` is `active`, `inactive`,
    /// `unexplained` (under the address that is looked for, and nobody here gave it), `other_address` (no effect finds it) or
    /// `absent`. None if nobody looked, or no roster was read since something changed here.
    #[schema(value_type = Option<Object>)]
    roster: Value,
}

fn money(sums: &Money) -> Vec<MoneyView> {
    let one = |(currency, amount): (&String, &i64)| MoneyView {
        amount_minor: *amount,
        currency: currency.clone(),
    };
    sums.0.iter().map(one).collect()
}

impl From<&Difference> for DifferenceView {
    fn from(difference: &Difference) -> Self {
        Self {
            person: difference.person.clone(),
            app: difference.app.clone(),
            effect: json!(difference.turn),
            before: json!(difference.before),
            after: json!(difference.after),
            policies: difference.policies.clone(),
            monthly: money(&difference.monthly),
            roster: json!(difference.shown),
        }
    }
}

impl From<&Impact> for RostersView {
    fn from(impact: &Impact) -> Self {
        let rosters = &impact.by_rosters;
        Self {
            looked_up: rosters.looked_up,
            not_looked_up: impact.not_looked_up(),
            seats_new: rosters.new,
            seats_there: rosters.there,
            seats_freed: rosters.freed,
            seats_gone: rosters.gone,
            unclear: rosters.unclear,
            monthly: money(&impact.monthly_by_rosters()),
        }
    }
}

impl From<&Planning> for PlanView {
    fn from(planning: &Planning) -> Self {
        let impact: &Impact = &planning.impact;
        let all = impact.all.sum();
        Self {
            hash: planning.hash(),
            people: impact.people,
            affected: impact.affected,
            losing: impact.losing,
            over_cap: impact.is_over_cap(),
            totals: impact.all.clone(),
            by_app: impact.by_app.clone(),
            monthly: money(&impact.monthly),
            rosters: RostersView::from(impact),
            effects: impact.listed.iter().map(DifferenceView::from).collect(),
            truncated: usize::try_from(all).is_ok_and(|all| all > impact.listed.len()),
        }
    }
}

/// Shows what changed files would do to everybody's access, or what recorded events would do differently; nothing is
/// stored, nothing is done.
#[utoipa::path(post, path = "/v1/plan", tag = "configuration", operation_id = "plan",
    params(("Prefer" = Option<String>, Header)), request_body = PlanBody,
    responses((status = 200, description = "`RehearsedView` with `over.events_since`", body = PlanView),
        (status = 202, body = JobView)))]
pub(crate) async fn plan(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    patience: Patience,
    Body(body): Body<PlanBody>,
) -> Result<Response, Problem> {
    let who = caller.who(&api);
    let changes = checked(&api, body.changes, who.at).await?;
    let work = match (body.over.events_since, body.over.people) {
        (Some(_), Some(_)) => {
            let why = "either `people` or `events_since`";
            return Err(Problem::mistake("over", why));
        }
        (Some(since), None) => Work::Rehearse(Box::new(Rehearsing {
            since,
            changes,
            cursor: None,
            came: Rehearsed::default(),
        })),
        (None, people) => Work::Plan(Box::new(Planning::of(changes, people))),
    };
    let job = jobs::run(&api.ports, &who, work, patience.0).await;
    Ok(answer(&job?))
}

/// Which changes are to be applied.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplyBody {
    changes: Vec<ChangeBody>,
    /// The hash of the plan that was seen: if it does not hold any more, nothing is put.
    plan: String,
}

/// Puts changed files if the plan that was seen still holds, and starts what follows from them for everybody.
#[utoipa::path(post, path = "/v1/apply", tag = "configuration", operation_id = "apply",
    request_body = ApplyBody, responses((status = 202, body = JobView)))]
pub(crate) async fn apply(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    Body(body): Body<ApplyBody>,
) -> Result<Response, Problem> {
    let who = caller.who(&api);
    let changes = checked(&api, body.changes, who.at).await?;
    let work = Work::Apply(Box::new(Applying::of(changes, body.plan)));
    let job = jobs::run(&api.ports, &who, work, SignedDuration::ZERO).await;
    Ok(answer(&job?))
}

/// The changes with their names in them; mistakes are told now, not by a job.
pub(crate) async fn checked(
    api: &Api,
    changes: Vec<ChangeBody>,
    now: Timestamp,
) -> Result<Vec<FileChange>, Problem> {
    let changes: Vec<FileChange> = changes.into_iter().map(change).collect();
    let size = serde_json::to_string(&changes).map_or(usize::MAX, |text| text.len());
    if size > MOST_TEXT {
        return Err(Problem::mistake(
            "changes",
            "these are more than 200 kB: plan fewer files at once",
        ));
    }
    files::checked(&api.ports, &changes, now).await?;
    Ok(changes)
}

fn change(body: ChangeBody) -> FileChange {
    let file = body.file.map(|file| named(body.kind, &body.id, file));
    FileChange {
        kind: body.kind,
        id: body.id,
        file,
    }
}
