//! The router: every resource behind the same rules.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use sando_core::ports::{Ports, Secrets, Tokens};
use tower::Layer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::authenticate;
use crate::console;
use crate::document;
use crate::idempotency::idempotent;
use crate::problem::Problem;
use crate::rewrite;
use crate::{
    accounts, aliases, approvals, apps, attributes, audit, by_hand, catalogue, catch_up,
    definitions, deliveries, drafts, events, explain, export, forecast, guide, import, jobs, keys,
    lever, links, logins, metrics, pause, people, plan, policies, replays, reports, review, rules,
    runs, settings, syncs, tasks, test_logins, timeline, workflows,
};

/// The largest body that is read.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

/// What the handlers share.
#[derive(Clone)]
pub struct Api {
    /// The ports of core.
    pub ports: Ports,
    /// Credentials, which go in and never come out.
    pub secrets: Arc<dyn Secrets>,
    /// Who verifies tokens of the OpenID Connect provider that the settings name.
    pub tokens: Arc<dyn Tokens>,
    /// `SANDO_ADMIN_TOKEN`: all scopes, recorded as `local-admin`. Absent on AWS.
    pub admin_token: Option<String>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api")
    }
}

/// The admin API as one router. Its fallback answers what nobody knows with 404.
pub fn router(api: Api) -> Router {
    let (routes, described) = resources().split_for_parts();
    let described = Arc::new(document::finish(described));
    let routes: Router = routes
        .layer(middleware::from_fn_with_state(api.clone(), idempotent))
        .layer(middleware::from_fn_with_state(api.clone(), authenticate))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route("/healthz", get(healthz))
        .route(logins::CALLBACK, get(logins::callback))
        .route(logins::TEST_CALLBACK, get(logins::test_callback))
        .route(
            "/openapi.json",
            get(move || async move { Json(described.as_ref().clone()) }),
        )
        .merge(console::router(&api))
        .fallback(unknown)
        .method_not_allowed_fallback(not_allowed)
        .layer(middleware::map_response(headers))
        .with_state(api);
    // Rewritten before anything is routed: an action after an id is a segment of its own inside.
    let rewritten = middleware::map_request(rewrite::actions).layer(routes);
    Router::new().fallback_service(rewritten)
}

/// The description of the API, as `GET /openapi.json` answers it.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    document::finish(resources().into_openapi())
}

fn resources() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(document::empty())
        .merge(configuration())
        .merge(builder())
        .merge(about_people())
        .merge(work())
        .merge(administration())
}

fn configuration() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(apps::list))
        .routes(routes!(apps::put, apps::read, apps::delete))
        .routes(routes!(apps::put_credentials, apps::delete_credentials))
        .routes(routes!(apps::test))
        .routes(routes!(attributes::put, attributes::read))
        .routes(routes!(aliases::put, aliases::read, aliases::delete))
        .routes(routes!(policies::list))
        .routes(routes!(policies::put, policies::read, policies::delete))
        .routes(routes!(guide::read))
        .routes(routes!(plan::plan))
        .routes(routes!(plan::apply))
        .routes(routes!(rules::list))
        .routes(routes!(rules::put, rules::read, rules::delete))
        .routes(routes!(workflows::list))
        .routes(routes!(workflows::put, workflows::read, workflows::delete))
}

fn builder() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(definitions::list))
        .routes(routes!(
            definitions::put,
            definitions::read,
            definitions::delete
        ))
        .routes(routes!(definitions::versions))
        .routes(routes!(definitions::rollback))
        .routes(routes!(definitions::check))
        .routes(routes!(definitions::preview_sample))
        .routes(routes!(definitions::test))
        .routes(routes!(definitions::suggested))
        .routes(routes!(logins::authorize))
        .routes(routes!(catalogue::list))
        .routes(routes!(catalogue::one))
        .routes(routes!(test_logins::authorize))
        .routes(routes!(test_logins::read))
        .routes(routes!(test_logins::clear))
        .routes(routes!(drafts::list))
        .routes(routes!(drafts::put, drafts::read, drafts::delete))
        .routes(routes!(accounts::list))
        .routes(routes!(accounts::put, accounts::read, accounts::delete))
        .routes(routes!(accounts::put_credentials))
        .routes(routes!(accounts::test))
        .routes(routes!(accounts::enable))
        .routes(routes!(accounts::sync))
        .routes(routes!(syncs::release))
        .routes(routes!(syncs::list))
        .routes(routes!(syncs::read))
        .routes(routes!(syncs::users))
        .routes(routes!(syncs::user))
        .routes(routes!(links::put, links::delete))
}

fn about_people() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(people::list))
        .routes(routes!(people::read, people::put))
        .routes(routes!(people::access))
        .routes(routes!(import::import))
        .routes(routes!(explain::read))
        .routes(routes!(by_hand::terminate))
        .routes(routes!(by_hand::reinstate))
        .routes(routes!(by_hand::correct))
        .routes(routes!(by_hand::correct_access))
        .routes(routes!(by_hand::let_go))
        .routes(routes!(by_hand::merge))
        .routes(routes!(by_hand::split))
        .routes(routes!(by_hand::erase))
        .routes(routes!(timeline::list))
        .routes(routes!(deliveries::list))
        .routes(routes!(events::list))
        .routes(routes!(events::read))
        .routes(routes!(events::replay))
        .routes(routes!(replays::range))
        .routes(routes!(catch_up::read, catch_up::ask))
}

fn work() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(runs::list))
        .routes(routes!(runs::read))
        .routes(routes!(runs::cancel))
        .routes(routes!(runs::retry))
        .routes(routes!(runs::skip))
        .routes(routes!(runs::complete))
        .routes(routes!(tasks::list))
        .routes(routes!(tasks::complete))
        .routes(routes!(tasks::reassign))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::read))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::reject))
        .routes(routes!(approvals::delegate))
}

fn administration() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(export::export))
        .routes(routes!(jobs::read))
        .routes(routes!(keys::list, keys::make))
        .routes(routes!(keys::forget))
        .routes(routes!(settings::read, settings::put))
        .routes(routes!(lever::test))
        .routes(routes!(pause::read, pause::pause))
        .routes(routes!(pause::resume))
        .routes(routes!(metrics::read))
        .routes(routes!(reports::residue))
        .routes(routes!(reports::clear))
        .routes(routes!(reports::licenses))
        .routes(routes!(reports::spend))
        .routes(routes!(forecast::report))
        .routes(routes!(review::report))
        .routes(routes!(review::decide))
}

async fn healthz() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok" }))
}

async fn unknown(State(api): State<Api>, request: Request) -> Response {
    let problem = Problem::not_found("there is nothing at this address");
    refused(&api, request, problem).await
}

async fn not_allowed(State(api): State<Api>, request: Request) -> Response {
    let problem = Problem::new(
        http::StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this address has no such method",
    );
    refused(&api, request, problem).await
}

/// A page for whoever is in the console, a problem for everybody else.
async fn refused(api: &Api, request: Request, problem: Problem) -> Response {
    let path = request.uri().path();
    if path.starts_with("/console") || path.starts_with("/approvals/") {
        return console::refused(api, request, problem).await;
    }
    problem.into_response()
}

/// Nothing of it is to be kept by anybody in between.
async fn headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    // The console's assets carry their hash in their name, and say for how long they are kept.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
