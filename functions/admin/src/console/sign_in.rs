//! Signing in: by the link that a start prints, or with an API key or the administrator's token; at the company's provider see
//! `provider`. Signing out.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{StatusCode, header};
use maud::{Markup, html};
use sando_core::admin::{session, sign_in};
use sando_core::audit::Cause;
use serde::Deserialize;

use crate::Api;
use crate::auth::proved;

use super::cookie;
use super::form::Form;
use super::frame::is_ours;
use super::input::Asks;
use super::layout::{Nav, Page, done};
use super::parts::segment;
use super::provider;
use super::refusal::Refusal;
use super::visitor::SignedIn;
use super::words::{self, Said};

/// Where those begin who see everything.
pub(super) const ALL: &str = "/console";
/// Where those begin who only decide.
pub(super) const INBOX: &str = "/console/inbox";

/// What the address of the page carries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInQuery {
    /// A link that a start printed.
    link: Option<String>,
    /// Where to go afterwards.
    next: Option<String>,
}

/// Asks who it is. A link is used up by the button, not by being opened: mail readers open links too.
pub(super) async fn show(
    State(api): State<Api>,
    Asks(query): Asks<SignInQuery>,
) -> Result<Response, Refusal> {
    page(&api, query.link.as_deref(), query.next.as_deref(), None).await
}

/// The way to the company's provider, above the key that others sign in with.
fn at_provider(next: Option<&str>) -> Markup {
    let query = next.map_or_else(String::new, |next| format!("?next={}", segment(next)));
    html! {
        div.card.stack {
            p.bar { a.button.primary href={ (provider::GO) (query) } { (words::SIGN_IN_PROVIDER) } }
            p.muted { (words::SIGN_IN_PROVIDER_HINT) }
        }
        h2 { (words::SIGN_IN_OTHERWISE) }
    }
}

async fn page(
    api: &Api,
    link: Option<&str>,
    next: Option<&str>,
    mistake: Option<&str>,
) -> Result<Response, Refusal> {
    let next = next.filter(|next| is_ours(next));
    let by_provider = link.is_none() && sign_in::is_offered(&api.ports).await?;
    let verdict = if link.is_some() {
        words::SIGN_IN_LINK
    } else {
        words::SIGN_IN_KEY
    };
    let body = html! {
        @if by_provider { (at_provider(next)) }
        form.stack.card method="post" action="/console/sign-in" {
            @if let Some(next) = next { input type="hidden" name="next" value=(next); }
            @match link {
                Some(link) => {
                    input type="hidden" name="link" value=(link);
                    p.muted { (words::LINK_ONCE) }
                }
                None => {
                    div.field {
                        label for="key" { (words::KEY_LABEL) }
                        p.hint #key-hint { (words::KEY_HINT) }
                        input #key type="password" name="key" required autocomplete="off"
                            aria-describedby={ "key-hint" (if mistake.is_some() { " key-error" } else { "" }) }
                            aria-invalid=[mistake.map(|_| "true")];
                        @if let Some(mistake) = mistake { p.error #key-error role="alert" { "✕ " (mistake) } }
                    }
                }
            }
            button.primary[!by_provider] type="submit" { (words::SIGN_IN) }
        }
    };
    let page = Page {
        nav: Nav::None,
        title: if mistake.is_some() {
            format!("Error: {}", words::SIGN_IN)
        } else {
            words::SIGN_IN.to_owned()
        },
        above: None,
        verdict: verdict.to_owned(),
        lead: None,
        body,
    };
    Ok(page.respond(None))
}

/// Opens a session.
pub(super) async fn enter(
    State(api): State<Api>,
    parts: Parts,
    form: Form,
) -> Result<Response, Refusal> {
    let next = Some(form.get("next")).filter(|next| is_ours(next));
    let (token, home) = match form.get("link") {
        "" => match by_key(&api, form.get("key")).await? {
            Some(entered) => entered,
            None => {
                let mut response = page(&api, None, next, Some(words::KEY_WRONG)).await?;
                *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                return Ok(response);
            }
        },
        link => match by_link(&api, link).await? {
            Some(token) => (token, ALL),
            None => return Ok(spent()),
        },
    };
    let mut response = done(next.unwrap_or(home), Said::SignedIn);
    let cookie = cookie::keep_session(&token, cookie::is_secure(&parts));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

async fn by_link(api: &Api, link: &str) -> Result<Option<String>, Refusal> {
    let who = sando_core::admin::Who {
        actor: session::LOCAL.to_owned(),
        cause: Cause::of("console", "link"),
        correlation_id: "console".to_owned(),
        at: api.ports.clock.now(),
    };
    Ok(session::redeem(&api.ports, &who, link).await?)
}

/// The token of a session for a key, and where whoever has it begins.
async fn by_key(api: &Api, key: &str) -> Result<Option<(String, &'static str)>, Refusal> {
    let Some(caller) = proved(api, key).await? else {
        tracing::warn!(
            counter.unauthorized = 1,
            "a sign-in to the console was refused"
        );
        return Ok(None);
    };
    let Some(signed) = caller.signed() else {
        return Ok(None);
    };
    let token = session::open(&api.ports, &caller.who(api), signed).await?;
    let home = if caller.may_read() { ALL } else { INBOX };
    Ok(Some((token, home)))
}

fn spent() -> Response {
    let body = html! {
        p.measure { (words::LINK_SPENT_WHY) }
        p.bar { a.button.primary href="/console/sign-in" { (words::SIGN_IN) } }
    };
    let page = Page {
        nav: Nav::None,
        title: words::SIGN_IN.to_owned(),
        above: None,
        verdict: words::LINK_SPENT.to_owned(),
        lead: None,
        body,
    };
    let mut response = page.respond(None);
    *response.status_mut() = StatusCode::GONE;
    response
}

/// Ends the session.
pub(super) async fn leave(
    SignedIn(visitor): SignedIn,
    State(api): State<Api>,
    parts: Parts,
) -> Result<Response, Refusal> {
    if let Some(token) = cookie::session(&parts.headers) {
        session::close(&api.ports, &visitor.who(&api), token).await?;
    }
    let mut response = Redirect::to("/console/sign-in").into_response();
    let cookie = cookie::forget_session(cookie::is_secure(&parts));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
