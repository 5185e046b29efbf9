//! Why somebody has an application, or does not: every policy that gives it, condition by condition (X11).

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use sando_core::admin::explain::{self, Met, MetGrant};
use sando_core::condition::{Operator, Truth, Why};
use sando_core::grant::Grant;
use sando_core::ids::{AppSlug, PersonId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::Api;
use crate::auth::MayRead;
use crate::body::InPath;
use crate::problem::Problem;
use crate::views::GrantView;

/// Why somebody is due an application, or not, and what they have of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhyAccessView {
    person: String,
    app: String,
    /// `due`, `kept` (they keep what they had), `not_due`, `unknown` (an attribute that is missing or unknown decides)
    /// or `nothing_is_due` (to nobody in the person's state).
    verdict: String,
    /// The same in a sentence.
    why: String,
    /// What is due.
    desired: Option<GrantView>,
    /// What there is, or was.
    actual: Option<GrantView>,
    /// Every grant of a policy that is about the application, as it meets the person.
    policies: Vec<MetView>,
}

/// One grant of a policy, as it meets a person.
#[derive(Debug, Serialize, ToSchema)]
struct MetView {
    policy: String,
    /// Does it give? `true`, `false` or `unknown`.
    #[schema(value_type = String)]
    matches: Truth,
    plan: Option<String>,
    role: Option<String>,
    groups: BTreeSet<String>,
    /// The policy's conditions, then those of the grant; none: it is for everybody.
    conditions: Vec<ConditionView>,
}

/// One condition, as it meets a person.
#[derive(Debug, Serialize, ToSchema)]
struct ConditionView {
    /// Where it stands in the policy's file: `when[0]`, `grants[1].when[0].any[0][2]`.
    at: String,
    /// What it reads.
    path: String,
    #[schema(value_type = String)]
    op: Operator,
    /// What it wants, as it is written.
    wanted: Option<Value>,
    /// The person's value. None if there is none, or none that is known.
    found: Option<Value>,
    /// Does it hold? `true`, `false` or `unknown`.
    #[schema(value_type = String)]
    holds: Truth,
}

impl ConditionView {
    fn of(list: &str, why: &Why) -> Self {
        Self {
            at: format!("{list}{}", why.at),
            path: why.path.clone(),
            op: why.op,
            wanted: why.wanted.clone(),
            found: why.found.clone(),
            holds: why.truth,
        }
    }
}

impl MetView {
    fn of(met: &Met<'_>, one: &MetGrant<'_>) -> Self {
        let own = format!("grants[{}].when", one.place);
        let of_policy = met
            .when
            .why
            .iter()
            .map(|why| ConditionView::of("when", why));
        let of_grant = one.when.why.iter().map(|why| ConditionView::of(&own, why));
        Self {
            policy: met.policy.policy.to_string(),
            matches: one.gives,
            plan: one.grant.plan.clone(),
            role: one.grant.role.clone(),
            groups: one.grant.groups.clone(),
            conditions: of_policy.chain(of_grant).collect(),
        }
    }
}

/// Explains why a person is due an application, or not: every policy that gives it, with each condition and the person's
/// value. Nothing is changed.
#[utoipa::path(get, path = "/v1/people/{id}/access/{app}", tag = "people", operation_id = "explain_access",
    params(("id" = String, Path), ("app" = String, Path)), responses((status = 200, body = WhyAccessView)))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InPath((id, app)): InPath<(PersonId, AppSlug)>,
) -> Result<Json<WhyAccessView>, Problem> {
    let now = api.ports.clock.now();
    let explained = explain::of(&api.ports, &id, app, now).await?;
    let app = &explained.app;
    let due_at = explained.access.due_at(app, now);
    let actual = explained.actual();
    let desired = explained.due().map(|due| {
        let none = || Grant::desired(&id, app, due.entitlement.clone(), now);
        let grant = actual.cloned().unwrap_or_else(none);
        GrantView::desired(due, &grant, due_at)
    });
    let policies = explained.policies();
    let met = policies.iter().flat_map(|met| {
        let grants = met.grants.iter();
        grants.map(move |one| MetView::of(met, one))
    });
    Ok(Json(WhyAccessView {
        person: id.to_string(),
        app: app.to_string(),
        verdict: explained.verdict().as_str().to_owned(),
        why: explained.sentence(),
        desired,
        actual: actual.map(|grant| GrantView::of(grant, due_at)),
        policies: met.collect(),
    }))
}
