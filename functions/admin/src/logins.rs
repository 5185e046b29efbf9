//! Logins at providers: the login page of an account, and the URL that the provider sends the browser back to.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use sando_core::admin::{logins, test_logins};
use sando_core::ids::Slug;
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::MayAdmin;
use crate::body::{AccountName, InPath};
use crate::console::came_back;
use crate::problem::Problem;

/// Where providers send the browser back to.
pub(crate) const CALLBACK: &str = "/oauth/callback";
/// Where providers send the browser back to that authorised a definition for a test.
pub(crate) const TEST_CALLBACK: &str = "/oauth/test-callback";

/// Where to log in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginView {
    /// The provider's login page; good for 15 minutes and one login.
    authorize_url: String,
    /// What the application has to allow as redirect URL.
    redirect_url: String,
}

/// Begins a login at the provider: open `authorize_url` in a browser. The account is synced when the login came back.
#[utoipa::path(post, path = "/v1/accounts/{definition}/{account}/@authorize", tag = "builder",
    operation_id = "authorize_account",
    params(("definition" = String, Path), ("account" = String, Path)),
    responses((status = 200, body = LoginView)))]
pub(crate) async fn authorize(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InPath((definition, name)): InPath<(Slug, AccountName)>,
    headers: HeaderMap,
) -> Result<Json<LoginView>, Problem> {
    let AccountName(name) = name;
    let who = caller.who(&api);
    let redirect_url = redirect_url(&headers).ok_or_else(Problem::no_host)?;
    let secrets = api.secrets.as_ref();
    let of = (&definition, &name);
    let page = logins::begin(&api.ports, secrets, &who, of, redirect_url.as_str()).await?;
    Ok(Json(LoginView {
        authorize_url: page.to_string(),
        redirect_url: redirect_url.to_string(),
    }))
}

/// Where providers send the browser back to, as the caller reached this API.
pub(crate) fn redirect_url(headers: &HeaderMap) -> Option<Url> {
    url_here(headers, CALLBACK)
}

/// The address of a path, as the caller reached this API: over TLS but on the machine itself.
pub(crate) fn url_here(headers: &HeaderMap, path: &str) -> Option<Url> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let url = Url::parse(&format!("https://{host}{path}")).ok()?;
    let is_here = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    if is_here {
        return Url::parse(&format!("http://{host}{path}")).ok();
    }
    Some(url)
}

/// What a provider sends back.
#[derive(Deserialize)]
pub(crate) struct CameBack {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

impl CameBack {
    /// The code, or why there is none.
    fn code(&self) -> Result<&str, &'static str> {
        match (&self.code, self.error.as_deref()) {
            (Some(code), None) => Ok(code.as_str()),
            (_, Some("access_denied")) => Err(
                "The application sent you back without permission: somebody chose Cancel, or you may not allow it. Begin the login again; nothing was stored.",
            ),
            _ => Err(
                "The application sent you back without a code. Begin the login again; nothing was stored.",
            ),
        }
    }
}

/// Ends a login. The state that only this login has is what allows it; there is no other proof in a browser that comes back.
pub(crate) async fn callback(State(api): State<Api>, Query(came): Query<CameBack>) -> Response {
    let now = api.ports.clock.now();
    let state = came.state.as_deref().unwrap_or_default();
    let code = match came.code() {
        Ok(code) => code,
        Err(why) => return came_back(StatusCode::BAD_REQUEST, why),
    };
    match logins::finish(&api.ports, state, code, now).await {
        Ok(account) => {
            let told = format!("{} is connected and is synced now.", account.label());
            came_back(StatusCode::OK, &told)
        }
        Err(error) => refused(Problem::from(error)),
    }
}

/// Ends a login for a test; whoever began it sees in their own window what came of it.
pub(crate) async fn test_callback(
    State(api): State<Api>,
    Query(came): Query<CameBack>,
) -> Response {
    let now = api.ports.clock.now();
    let state = came.state.as_deref().unwrap_or_default();
    match test_logins::finish(&api.ports, state, came.code(), now).await {
        Ok(()) => came_back(
            StatusCode::OK,
            "Authorised for a test; no account is touched.",
        ),
        Err(error) => refused(Problem::from(error)),
    }
}

fn refused(problem: Problem) -> Response {
    let detail = problem.detail();
    let mut chars = detail.chars();
    let first = chars.next().map(char::to_uppercase);
    let sentence: String = first.into_iter().flatten().chain(chars).collect();
    came_back(
        problem.status(),
        &format!("{}.", sentence.trim_end_matches('.')),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &'static str, expect: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, http::HeaderValue::from_static(host));
        let url = redirect_url(&headers).map(|url| url.to_string());
        assert_eq!(url.as_deref(), expect, "{host}");
    }

    #[test]
    fn the_redirect_url_is_where_the_api_is_reached() {
        check(
            "sando.example",
            Some("https://sando.example/oauth/callback"),
        );
        check(
            "127.0.0.1:8788",
            Some("http://127.0.0.1:8788/oauth/callback"),
        );
        check("localhost:1", Some("http://localhost:1/oauth/callback"));
        check("[::1]:1", Some("http://[::1]:1/oauth/callback"));
        check("a b", None);
    }
}
