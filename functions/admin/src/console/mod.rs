//! The console: what an administrator does every day, as pages. Rendered on the server; a page works without its script.
//!
//! A page calls the operations of [`sando_core::admin`] that the API calls, and shows what came of it. Read in this
//! order: `frame` (who looks, headers, refusals), `form` (what lets a form through), `visitor` (roles), `layout`,
//! `parts` and `states` (how things look), `words` (what is said); then a file per noun.

mod assets;
mod back;
mod cookie;
mod forecast;
mod form;
mod format;
mod frame;
mod input;
mod layout;
mod lookup;
mod parts;
mod polled;
mod refusal;
mod states;
mod visitor;
mod words;

mod account;
mod audit;
mod brake;
mod builder;
mod catalogue;
mod certificate;
mod changes;
mod chart;
mod connect;
mod correct;
mod credentials;
mod decision;
mod deed;
mod delete;
mod disconnect;
mod drift;
mod erase;
mod events;
mod explain;
mod files;
mod find;
mod graph;
mod guide;
mod held;
mod holdings;
mod import;
mod inbox;
mod integrations;
mod job;
mod kept;
mod keys;
mod lever;
mod linked;
mod login;
mod merge;
mod needs;
mod notify;
mod numbers;
mod overview;
mod people;
mod person;
mod place;
mod provider;
mod provisioner;
mod reading;
mod reclaim;
mod rehearsal;
mod reinstate;
mod reminder;
mod review;
mod run;
mod runs;
mod seen;
mod settings;
mod shortcuts;
mod sign_in;
mod spend;
mod split;
mod story;
mod task;
mod terminate;
mod trail;
mod users;

use axum::Router;
use axum::middleware;
use axum::routing::{MethodRouter, get, post};

use crate::Api;

pub(crate) use frame::refused;
pub(crate) use login::came_back;

/// An address with what answers there.
type Route = (&'static str, fn() -> MethodRouter<Api>);

/// Everything that can be looked at.
const PAGES: &[Route] = &[
    ("/console", || get(overview::show)),
    ("/console/sign-in", || get(sign_in::show)),
    ("/console/inbox", || get(inbox::show)),
    ("/console/find", || get(find::show)),
    ("/approvals/{id}", || get(decision::show)),
    ("/console/tasks/{id}", || get(task::show)),
    ("/console/people", || get(people::show)),
    ("/console/people/import", || get(import::show)),
    ("/console/people/{id}", || get(person::show)),
    ("/console/people/{id}/access", || get(person::access)),
    ("/console/people/{id}/identity", || get(person::identity)),
    ("/console/people/{id}/terminate", || get(terminate::show)),
    ("/console/people/{id}/reinstate", || get(reinstate::show)),
    ("/console/people/{id}/correct", || get(correct::show)),
    ("/console/people/{id}/drift", || get(drift::show)),
    ("/console/people/{id}/erase", || get(erase::show)),
    ("/console/people/{id}/merge", || get(merge::show)),
    ("/console/people/{id}/split", || get(split::show)),
    ("/console/pause", || get(brake::show)),
    ("/console/runs", || get(runs::show)),
    ("/console/runs/{id}", || get(run::show)),
    ("/console/events", || get(events::list)),
    ("/console/events/{id}", || get(events::show)),
    ("/console/integrations", || get(integrations::show)),
    ("/console/integrations/{id}", || {
        get(integrations::definition)
    }),
    ("/console/catalogue", || get(catalogue::show)),
    ("/console/builder", || get(builder::list)),
    ("/console/builder/{id}/{step}", || get(builder::show)),
    ("/console/connect/{definition}", || get(connect::show)),
    ("/console/accounts/{definition}/{name}", || {
        get(account::show)
    }),
    ("/console/accounts/{definition}/{name}/users", || {
        get(users::list)
    }),
    (
        "/console/accounts/{definition}/{name}/users/{external_id}",
        || get(users::user),
    ),
    ("/console/accounts/{definition}/{name}/disconnect", || {
        get(disconnect::show)
    }),
    ("/console/accounts/{definition}/{name}/held", || {
        get(held::show)
    }),
    ("/console/accounts/{definition}/{name}/syncs/{id}", || {
        get(reading::show)
    }),
    ("/console/accounts/{definition}/{name}/credentials", || {
        get(credentials::show)
    }),
    ("/console/policies", || get(files::policies)),
    ("/console/rules", || get(files::rules)),
    ("/console/workflows", || get(files::workflows)),
    ("/console/apps", || get(files::apps)),
    ("/console/apps/{id}/provisioner", || get(provisioner::show)),
    ("/console/attributes", || get(files::attributes)),
    ("/console/spend", || get(spend::show)),
    ("/console/spend/residue", || get(reclaim::show)),
    ("/console/licences/{app}/{plan}", || get(reclaim::licence)),
    ("/console/reports/review", || get(review::show)),
    ("/console/audit", || get(audit::show)),
    ("/console/audit/{*place}", || get(audit::record)),
    ("/console/jobs/{id}", || get(job::show)),
    ("/console/settings", || get(settings::show)),
    ("/console/guide", || get(guide::show)),
];

/// Pages of files of every kind.
const FILES: &[Route] = &[
    ("/console/new/{kind}", || get(changes::new)),
    ("/console/{kind}/{id}", || get(files::show)),
    ("/console/{kind}/{id}/form", || get(builder::open_form)),
];

/// The way to the company's provider and back: no pages, and open to whoever is not signed in yet.
const SIGN_IN: &[Route] = &[
    (provider::GO, || get(provider::go)),
    (provider::BACK, || get(provider::come_back)),
];

/// Everything that can be sent.
const FORMS: &[Route] = &[
    ("/console/sign-in", || post(sign_in::enter)),
    ("/console/sign-out", || post(sign_in::leave)),
    ("/console/shortcuts", || post(shortcuts::switch)),
    ("/approvals/{id}", || post(decision::submit)),
    ("/console/tasks/{id}/complete", || post(task::complete)),
    ("/console/tasks/{id}/reassign", || post(task::reassign)),
    ("/console/people/import", || post(import::submit)),
    ("/console/people/{id}/terminate", || post(terminate::submit)),
    ("/console/people/{id}/reinstate", || post(reinstate::submit)),
    ("/console/people/{id}/correct", || post(correct::submit)),
    ("/console/people/{id}/drift", || post(drift::submit)),
    ("/console/people/{id}/erase", || post(erase::submit)),
    ("/console/people/{id}/merge", || post(merge::submit)),
    ("/console/people/{id}/split", || post(split::submit)),
    ("/console/pause", || post(brake::pause)),
    ("/console/resume", || post(brake::resume)),
    ("/console/spend/count", || post(spend::count)),
    ("/console/spend/residue", || post(reclaim::clear)),
    ("/console/licences/{app}/{plan}", || {
        post(reclaim::give_back)
    }),
    ("/console/reports/review", || post(review::decide)),
    ("/console/events/{id}/replay", || post(events::replay)),
    ("/console/runs/{id}/cancel", || post(run::cancel)),
    ("/console/runs/{id}/steps/{step}/retry", || post(run::retry)),
    ("/console/runs/{id}/steps/{step}/skip", || post(run::skip)),
    ("/console/runs/{id}/steps/{step}/complete", || {
        post(run::complete)
    }),
    ("/console/settings/guards", || post(settings::save_guards)),
    ("/console/settings/retention", || {
        post(settings::save_retention)
    }),
    ("/console/settings/people", || post(settings::save_people)),
    ("/console/settings/review", || post(reminder::save)),
    ("/console/settings/place", || post(place::save)),
    ("/console/settings/notification", || post(notify::save)),
    ("/console/settings/notification/test", || post(notify::test)),
    ("/console/settings/lever", || post(lever::save)),
    ("/console/settings/lever/test", || post(lever::test)),
    ("/console/settings/lever/catch-up", || post(lever::catch_up)),
    ("/console/settings/sign-in", || post(provider::save)),
    ("/console/settings/keys", || post(keys::make)),
    ("/console/settings/keys/{id}/forget", || post(keys::forget)),
    ("/console/apps/{id}/provisioner", || {
        post(provisioner::submit)
    }),
    ("/console/apps/{id}/provisioner/test", || {
        post(provisioner::test)
    }),
    ("/console/connect/{definition}", || post(connect::submit)),
    ("/console/accounts/{definition}/{name}/credentials", || {
        post(credentials::submit)
    }),
    ("/console/accounts/{definition}/{name}/disconnect", || {
        post(disconnect::submit)
    }),
    ("/console/integrations/{id}/rollback", || {
        post(integrations::roll_back)
    }),
    ("/console/integrations/{id}/delete", || {
        post(integrations::delete)
    }),
    ("/console/builder", || post(builder::begin)),
    ("/console/builder/{id}/{step}", || post(builder::submit)),
    ("/console/builder/{id}/save", || post(builder::publish)),
    ("/console/builder/{id}/discard", || post(builder::discard)),
    (
        "/console/accounts/{definition}/{name}/users/{external_id}/person",
        || post(linked::link),
    ),
    (
        "/console/accounts/{definition}/{name}/users/{external_id}/unlink",
        || post(linked::unlink),
    ),
    ("/console/accounts/{definition}/{name}/sync", || {
        post(account::sync)
    }),
    ("/console/accounts/{definition}/{name}/test", || {
        post(account::test)
    }),
    ("/console/accounts/{definition}/{name}/enable", || {
        post(account::enable)
    }),
    ("/console/accounts/{definition}/{name}/authorize", || {
        post(login::authorize)
    }),
    ("/console/accounts/{definition}/{name}/release", || {
        post(held::release)
    }),
    ("/console/{kind}/{id}", || post(changes::submit)),
    ("/console/{kind}/{id}/check", || post(changes::check)),
    ("/console/{kind}/{id}/delete", || post(delete::submit)),
    ("/console/{kind}/{id}/form", || post(builder::submit_form)),
    ("/console/{kind}/{id}/changes", || post(changes::plan)),
    ("/console/{kind}/{id}/events", || post(rehearsal::show)),
];

/// Addresses that are no page of a kind of its own: verifying the trail lies under the record's wildcard.
const VERIFY: Route = ("/console/audit/verify", || post(audit::verify));

/// Tables and documents as files.
const TABLES: &[Route] = &[
    ("/console/spend/csv", || get(spend::csv)),
    ("/console/licences/{app}/{plan}/csv", || get(reclaim::csv)),
    ("/console/reports/review/csv", || get(review::csv)),
    ("/console/audit/csv", || get(trail::csv)),
    ("/console/audit/jsonl", || get(trail::jsonl)),
    ("/console/guide/markdown", || get(guide::markdown)),
];

/// The addresses of all pages, with names of parameters in braces.
#[must_use]
pub fn pages() -> Vec<&'static str> {
    PAGES.iter().chain(FILES).map(|(path, _)| *path).collect()
}

/// The addresses of all forms, with names of parameters in braces.
#[must_use]
pub fn posts() -> Vec<&'static str> {
    let forms = FORMS.iter().chain(std::iter::once(&VERIFY));
    forms.map(|(path, _)| *path).collect()
}

/// The pages and forms, each behind what holds for all of them.
pub(crate) fn router(api: &Api) -> Router<Api> {
    let all = PAGES.iter().chain(FILES).chain(FORMS).chain(SIGN_IN);
    let all = all.chain(std::iter::once(&VERIFY)).chain(TABLES);
    all.fold(Router::new(), |router, (path, handler)| {
        router.route(path, handler())
    })
    .layer(middleware::from_fn_with_state(api.clone(), form::guard))
    .layer(middleware::from_fn_with_state(api.clone(), frame::frame))
    .route("/console/assets/{name}", get(assets::serve))
}
