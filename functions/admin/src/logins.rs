//! Logins at providers: the login page of an account, and the URL that the provider sends the browser back to.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use sando_core::admin::logins;
use sando_core::ids::Slug;
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::MayAdmin;
use crate::body::InPath;
use crate::problem::Problem;

/// Where providers send the browser back to.
pub(crate) const CALLBACK: &str = "/oauth/callback";
/// Nothing is loaded, nothing is embedded, nothing is sent.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

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
    InPath((definition, name)): InPath<(Slug, Slug)>,
    headers: HeaderMap,
) -> Result<Json<LoginView>, Problem> {
    let who = caller.who(&api);
    let redirect_url = redirect_url(&headers).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "host",
            "the request has no usable `Host`: the redirect URL is made of it",
        )
    })?;
    let secrets = api.secrets.as_ref();
    let of = (&definition, &name);
    let page = logins::begin(&api.ports, secrets, &who, of, redirect_url.as_str()).await?;
    Ok(Json(LoginView {
        authorize_url: page.to_string(),
        redirect_url: redirect_url.to_string(),
    }))
}

/// Where this API is reached, as its caller reached it: over TLS but on the machine itself.
pub(crate) fn redirect_url(headers: &HeaderMap) -> Option<Url> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let url = Url::parse(&format!("https://{host}{CALLBACK}")).ok()?;
    let is_here = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    if is_here {
        return Url::parse(&format!("http://{host}{CALLBACK}")).ok();
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

/// Ends a login. The state that only this login has is what allows it; there is no other proof in a browser that comes back.
pub(crate) async fn callback(State(api): State<Api>, Query(came): Query<CameBack>) -> Response {
    let now = api.ports.clock.now();
    let (status, text) = match (came.state, came.code) {
        (Some(state), Some(code)) => match logins::finish(&api.ports, &state, &code, now).await {
            Ok(account) => (
                StatusCode::OK,
                format!("{} is connected and is synced now. You can close this window.", account.label()),
            ),
            Err(error) => {
                let problem = Problem::from(error);
                (problem.status(), problem.detail().to_owned())
            }
        },
        _ if came.error.as_deref() == Some("access_denied") => (
            StatusCode::BAD_REQUEST,
            "The application sent you back without permission: somebody chose Cancel, or you may not allow it. Begin the login again; nothing was stored.".to_owned(),
        ),
        _ => (
            StatusCode::BAD_REQUEST,
            "The application sent you back without a code. Begin the login again; nothing was stored.".to_owned(),
        ),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, text).into_response()
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
