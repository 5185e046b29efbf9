//! Actions after an id: `POST /v1/people/per_1:terminate` is routed as `/v1/people/per_1/@terminate`, because the router
//! knows whole segments only. The description of the API shows the true paths ([`shown`]).

use axum::extract::Request;
use http::uri::{PathAndQuery, Uri};
use http::{Method, uri::Parts};

/// What may stand after a colon.
const ACTIONS: &[&str] = &[
    "terminate",
    "merge",
    "split",
    "reinstate",
    "correct",
    "let_go",
    "erase",
    "replay",
    "cancel",
    "retry",
    "skip",
    "complete",
    "reassign",
    "approve",
    "reject",
    "delegate",
    "rollback",
    "sync",
    "test",
    "enable",
    "authorize",
    "release",
    "clear",
];

/// Resources whose objects have actions.
const RESOURCES: &[&str] = &[
    "/v1/people/",
    "/v1/events/",
    "/v1/runs/",
    "/v1/tasks/",
    "/v1/approvals/",
    "/v1/definitions/",
    "/v1/accounts/",
    "/v1/apps/",
    "/v1/test-logins/",
];

/// Turns the action at the end of a path into a segment.
pub(crate) async fn actions(mut request: Request) -> Request {
    if request.method() == Method::POST
        && let Some(uri) = rewritten(request.uri())
    {
        *request.uri_mut() = uri;
    }
    request
}

fn rewritten(uri: &Uri) -> Option<Uri> {
    let path = segmented(uri.path())?;
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts: Parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}

/// The path with the action as a segment; none if there is no action.
fn segmented(path: &str) -> Option<String> {
    if !RESOURCES.iter().any(|resource| path.starts_with(resource)) {
        return None;
    }
    let (object, action) = path
        .rsplit_once(':')
        .or_else(|| path.rsplit_once("%3A"))
        .or_else(|| path.rsplit_once("%3a"))?;
    if !ACTIONS.contains(&action) {
        return None;
    }
    // The id of a step may contain a slash: `access/figma`.
    let object = match object.split_once("/steps/") {
        Some((run, step)) => format!("{run}/steps/{}", step.replace('/', "%2F")),
        None => object.to_owned(),
    };
    Some(format!("{object}/@{action}"))
}

/// The path as callers write it.
pub(crate) fn shown(path: &str) -> String {
    path.replace("/@", ":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expect: Option<&str>) {
        assert_eq!(segmented(path).as_deref(), expect, "{path}");
    }

    #[test]
    fn an_action_after_an_id_becomes_a_segment() {
        check(
            "/v1/people/per_1:terminate",
            Some("/v1/people/per_1/@terminate"),
        );
        check(
            "/v1/people/per_1%3Aterminate",
            Some("/v1/people/per_1/@terminate"),
        );
        check("/v1/people/hr:17", None);
        check("/v1/audit:verify", None);
        check("/v1/definitions:check", None);
        check(
            "/v1/accounts/acme/prod:sync",
            Some("/v1/accounts/acme/prod/@sync"),
        );
    }

    #[test]
    fn a_step_inside_a_step_is_one_segment_however_it_is_written() {
        let expect = Some("/v1/runs/run_1/steps/access%2Ffigma/@retry");
        check("/v1/runs/run_1/steps/access/figma:retry", expect);
        check("/v1/runs/run_1/steps/access%2Ffigma:retry", expect);
    }
}
