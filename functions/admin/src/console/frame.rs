//! What holds for every page: who looks is found out before, and headers and pages of refusals are added after.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use maud::html;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sando_core::admin::api_key::Scope;
use sando_core::admin::{pause, session};
use sando_core::ids::derive;

use crate::Api;
use crate::auth::Caller;
use crate::problem::Problem;

use super::back::came_from;
use super::cookie;
use super::layout::{Nav, Page};
use super::lookup::once;
use super::parts::id as copied;
use super::polled;
use super::refusal::Refusal;
use super::visitor::Visitor;
use super::words::{self, Said};

/// Nothing but our own files, no frame around us, forms only to us.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("cross-origin-opener-policy", "same-origin"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
];

/// What a page of a refusal needs of its request.
struct Asked {
    method: Method,
    path: String,
    by_script: bool,
    back: Option<String>,
    /// What a script asks for again, and has already.
    known: Option<HeaderValue>,
}

impl Asked {
    /// Where to come back to after signing in: of a form, the page on which it stood.
    fn place(&self) -> &str {
        if self.method == Method::GET {
            &self.path
        } else {
            self.back.as_deref().unwrap_or_default()
        }
    }
}

/// Finds out who looks, and draws what a handler refused.
pub(super) async fn frame(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let asked = asked(&request);
    let visitor = match visitor(&api, request.headers()).await {
        Ok(visitor) => visitor,
        Err(problem) => return finished(drawn(&api, &problem.into(), None, &asked)),
    };
    if let Some(visitor) = &visitor {
        request.extensions_mut().insert(visitor.clone());
    }
    let mut response = next.run(request).await;
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        response = drawn(&api, &refusal, visitor.as_ref(), &asked);
    } else if visitor.is_some_and(|visitor| visitor.said.is_some())
        && asked.method == Method::GET
        && response.status() == StatusCode::OK
    {
        let headers = response.headers_mut();
        headers.append(header::SET_COOKIE, cookie::forget_said());
    }
    if let Some(known) = &asked.known {
        response = polled::unless(known, response).await;
    }
    finished(response)
}

/// The page for an address of the console that nothing answers at, or not in this way.
pub(crate) async fn refused(api: &Api, request: Request, problem: Problem) -> Response {
    let mut asked = asked(&request);
    if problem.status == StatusCode::METHOD_NOT_ALLOWED {
        // Nobody comes back to an address that is no page.
        asked.path.clear();
    }
    finished(match visitor(api, request.headers()).await {
        Ok(Some(visitor)) => drawn(api, &problem.into(), Some(&visitor), &asked),
        Ok(None) => drawn(api, &Refusal::SignIn, None, &asked),
        Err(problem) => drawn(api, &problem.into(), None, &asked),
    })
}

fn asked(request: &Request) -> Asked {
    let headers = request.headers();
    let path = request.uri().path_and_query();
    Asked {
        method: request.method().clone(),
        path: path.map_or_else(String::new, ToString::to_string),
        by_script: headers.contains_key("hx-request"),
        back: came_from(headers),
        known: polled::known(request.method(), headers),
    }
}

/// Is this a place of the console?
pub(super) fn is_ours(path: &str) -> bool {
    let begins = path == "/console"
        || ["/console/", "/console?", "/approvals/"]
            .iter()
            .any(|ours| path.starts_with(ours));
    begins && !path.contains("//") && !path.contains('\\') && !path.contains(char::is_control)
}

async fn visitor(api: &Api, headers: &HeaderMap) -> Result<Option<Visitor>, Problem> {
    let Some(token) = cookie::session(headers) else {
        return Ok(None);
    };
    let Some(known) = session::known(&api.ports, token).await? else {
        return Ok(None);
    };
    let paused = pause::now(&api.ports).await?;
    Ok(Some(Visitor {
        name: known.name.clone(),
        csrf: derive(&["csrf", token]),
        said: cookie::said(headers).and_then(Said::parse),
        shortcuts: cookie::shortcuts(headers),
        is_paused: paused.is_on(),
        caller: Caller::signed_in(known),
    }))
}

/// With the headers that every page has.
pub(super) fn finished(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}

/// Where one signs in, to come back to a place.
pub(super) fn sign_in_at(path: &str) -> String {
    if path == "/console" || !is_ours(path) {
        return "/console/sign-in".to_owned();
    }
    let next = utf8_percent_encode(path, NON_ALPHANUMERIC);
    format!("/console/sign-in?next={next}")
}

fn drawn(api: &Api, refusal: &Refusal, visitor: Option<&Visitor>, asked: &Asked) -> Response {
    let mut response = match (refusal, visitor) {
        (Refusal::SignIn, _) if asked.by_script => StatusCode::UNAUTHORIZED.into_response(),
        (Refusal::SignIn, _) if asked.method == Method::GET => {
            let place = [(header::LOCATION, sign_in_at(asked.place()))];
            (StatusCode::SEE_OTHER, place).into_response()
        }
        (Refusal::SignIn, _) => {
            let mut page = page(api, refusal, None, asked);
            *page.status_mut() = StatusCode::UNAUTHORIZED;
            page
        }
        _ => page(api, refusal, visitor, asked),
    };
    if asked.by_script
        && matches!(refusal, Refusal::SignIn)
        && let Ok(place) = HeaderValue::try_from(sign_in_at(asked.place()))
    {
        response.headers_mut().insert("hx-redirect", place);
    }
    response
}

fn page(api: &Api, refusal: &Refusal, visitor: Option<&Visitor>, asked: &Asked) -> Response {
    let back = asked
        .back
        .as_deref()
        .filter(|_| asked.method == Method::POST);
    let errors = match refusal {
        Refusal::Problem(problem) => problem.errors.as_slice(),
        _ => &[],
    };
    let quote = broken(refusal).map(|problem| quoted(api, problem));
    let body = html! {
        @if let Some(quote) = &quote { p { (words::QUOTE) " " (copied(quote)) } }
        @if !errors.is_empty() {
            div.error-summary role="alert" {
                h2 { (words::PROBLEM) }
                ul { @for error in errors { li { code { (error.path) } " " (error.message) } } }
            }
        }
        p.bar {
            @match (visitor, back) {
                (None, _) => { a.button.primary href=(sign_in_at(asked.place())) { (words::SIGN_IN) } }
                (Some(_), Some(back)) => { a.button.primary href=(back) { (words::BACK) } }
                (Some(visitor), None) => {
                    a.button.primary href=(home(visitor)) { (words::TO_START) }
                }
            }
        }
    };
    let (verdict, lead) = words::refusal(refusal);
    let page = Page {
        nav: Nav::None,
        title: words::refused_title(refusal).to_owned(),
        above: None,
        verdict,
        lead: lead.map(|lead| html! { p.measure { (lead) } }),
        body,
    };
    let mut response = page.respond(visitor);
    *response.status_mut() = refusal.status();
    response
}

/// What broke, on our side or outside; what only takes longer did not.
fn broken(refusal: &Refusal) -> Option<&Problem> {
    match refusal {
        Refusal::Problem(problem)
            if problem.status.is_server_error() && problem.code != "unfinished" =>
        {
            Some(problem)
        }
        _ => None,
    }
}

/// What to quote, which stands in the log with the reason.
fn quoted(api: &Api, problem: &Problem) -> String {
    let id: String = once(api).chars().take(12).collect();
    let id = format!("err_{id}");
    let error = problem.chain.as_deref().unwrap_or(problem.detail());
    tracing::error!(error.id = %id, %error, "a page of the console says that something broke");
    id
}

/// Where somebody begins.
pub(super) fn home(visitor: &Visitor) -> &'static str {
    if visitor.may(Scope::Read) {
        "/console"
    } else {
        "/console/inbox"
    }
}
