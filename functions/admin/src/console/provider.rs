//! Signing in at the company's OpenID Connect provider: the way there, the way back, and the secret that it takes.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{StatusCode, header};
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::AdminError;
use sando_core::admin::settings::{self, Shown};
use sando_core::admin::sign_in::{self, Ended};
use serde::Deserialize;

use crate::Api;
use crate::logins::url_here;
use crate::problem::Problem;

use super::cookie;
use super::form::Form;
use super::frame::is_ours;
use super::input::Asks;
use super::layout::{Nav, Page, done};
use super::parts::{hidden, id as copied};
use super::refusal::Refusal;
use super::settings::{Wrong, again, set};
use super::sign_in::{ALL, INBOX};
use super::visitor::{Administers, Visitor};
use super::words::{self, Said};

/// The way to the provider. A link and no form, since a form may lead to nobody else.
pub(super) const GO: &str = "/console/sign-in/provider";
/// The way back.
pub(super) const BACK: &str = "/console/sign-in/callback";

/// What the address of the way there carries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoQuery {
    /// Where to go afterwards.
    next: Option<String>,
}

/// Sends the browser to the provider, with what it has to bring back in a cookie. Nothing is stored.
pub(super) async fn go(
    State(api): State<Api>,
    Asks(query): Asks<GoQuery>,
    parts: Parts,
) -> Result<Response, Refusal> {
    let next = query.next.as_deref().filter(|next| is_ours(next));
    let redirect_url = url_here(&parts.headers, BACK).ok_or_else(Problem::no_host)?;
    let (ports, tokens) = (&api.ports, api.tokens.as_ref());
    let begun = match sign_in::begin(ports, tokens, redirect_url.as_str(), next).await {
        Ok(begun) => begun,
        Err(error) => return Ok(failed(error)),
    };
    let mut response = Redirect::to(begun.page.as_str()).into_response();
    let cookie = cookie::keep_signing_in(&begun.sealed, cookie::is_secure(&parts));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// What a provider sends back. Never printed: the code is worth a session.
#[derive(Deserialize)]
pub(super) struct CameBack {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

/// Ends a sign-in. What the browser left with counts once, however it ends.
pub(super) async fn come_back(
    State(api): State<Api>,
    Asks(came): Asks<CameBack>,
    parts: Parts,
) -> Response {
    let secure = cookie::is_secure(&parts);
    let mut response = ended(&api, &parts, &came).await;
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, cookie::forget_signing_in(secure));
    response
}

async fn ended(api: &Api, parts: &Parts, came: &CameBack) -> Response {
    let (state, code) = match (&came.state, &came.code, came.error.as_deref()) {
        (Some(state), Some(code), None) => (state.as_str(), code.as_str()),
        (_, _, Some("access_denied")) => {
            return refused(StatusCode::FORBIDDEN, words::SIGN_IN_DENIED);
        }
        _ => return refused(StatusCode::BAD_REQUEST, words::SIGN_IN_NO_CODE),
    };
    let Some(sealed) = cookie::signing_in(&parts.headers) else {
        return refused(StatusCode::FORBIDDEN, words::SIGN_IN_ELSEWHERE);
    };
    let (secrets, tokens) = (api.secrets.as_ref(), api.tokens.as_ref());
    let came = (state, code);
    match sign_in::finish(&api.ports, secrets, tokens, sealed, came).await {
        Ok(Ended::In {
            token,
            may_read,
            next,
        }) => {
            let home = if may_read { ALL } else { INBOX };
            let next = next.as_deref().filter(|next| is_ours(next));
            let mut response = done(next.unwrap_or(home), Said::SignedIn);
            let cookie = cookie::keep_session(&token, cookie::is_secure(parts));
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        Ok(Ended::NoRole { ask }) => {
            tracing::info!("somebody without a role signed in at the provider");
            let lead = words::ask_for_role(&ask);
            page(StatusCode::FORBIDDEN, words::NO_ROLE, &lead)
        }
        Err(error) => failed(error),
    }
}

/// Why somebody is not signed in.
fn failed(error: AdminError) -> Response {
    let is_refused = matches!(error, AdminError::Refused { .. });
    tracing::warn!(
        counter.unauthorized = 1,
        %error,
        "a sign-in at the provider did not count"
    );
    let problem = Problem::from(error);
    let status = if is_refused {
        StatusCode::FORBIDDEN
    } else {
        problem.status()
    };
    refused(status, &words::because(problem.detail()))
}

fn refused(status: StatusCode, why: &str) -> Response {
    page(status, words::SIGN_IN_FAILED, why)
}

fn page(status: StatusCode, verdict: &str, lead: &str) -> Response {
    let page = Page {
        nav: Nav::None,
        title: words::SIGN_IN.to_owned(),
        above: None,
        verdict: verdict.to_owned(),
        lead: Some(html! { p.measure { (lead) } }),
        body: html! { p.bar { a.button.primary href="/console/sign-in" { (words::SIGN_IN_AGAIN) } } },
    };
    let mut response = page.respond(None);
    *response.status_mut() = status;
    response
}

/// What the console signs people in with.
pub(super) fn section(visitor: &Visitor, shown: &Shown, once: &str, now: Timestamp) -> Markup {
    let client = shown.settings.oidc.as_ref();
    let client = client.and_then(|oidc| oidc.client_id.as_ref());
    let url = shown.settings.public_url.as_ref();
    let (allow, back) = match url {
        Some(url) => (words::CLIENT_REDIRECT_WHOLE, url.link(BACK)),
        None => (words::CLIENT_REDIRECT, BACK.to_owned()),
    };
    html! {
        section aria-labelledby="sign-in" {
            h2 #sign-in { (words::CLIENT_SECRET) }
            @if client.is_none() { p.muted { (words::CLIENT_NONE) } }
            @else {
                p { (allow) " " (copied(&back)) }
                form.stack data-unsaved="1" method="post" action="/console/settings/sign-in" {
                    (hidden(visitor, once))
                    div.field {
                        label for="client-secret" { (words::CLIENT_SECRET_LABEL) " " (set(&shown.client_secret, now)) }
                        p.hint #client-secret-hint { (words::CLIENT_SECRET_HINT) }
                        input #client-secret type="password" name="client_secret" autocomplete="off" maxlength="2048" required aria-describedby="client-secret-hint";
                    }
                    p.bar { button type="submit" { (words::CLIENT_SECRET_SAVE) } }
                }
            }
        }
    }
}

/// Keeps the client secret.
pub(super) async fn save(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let (ports, secrets, who) = (&api.ports, api.secrets.as_ref(), visitor.who(&api));
    let secret = form.get("client_secret");
    match settings::keep_client_secret(ports, secrets, &who, secret).await {
        Ok(()) => Ok(done("/console/settings", Said::SettingsSaved)),
        Err(error) => again(&api, &visitor, &Wrong::of(error)?).await,
    }
}
