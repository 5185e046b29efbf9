//! What a page asks for again and again is sent only when something moved. The script keeps the name of what came last; the
//! browser keeps nothing, since pages are private.

use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};

/// Where a form's word begins that makes it count once: it is another one every time, and nothing moved.
const ONCE: &str = "name=\"once\" value=\"";

/// Does a script ask for a page? Answers what it has already, empty where it has nothing.
pub(super) fn known(method: &Method, headers: &HeaderMap) -> Option<HeaderValue> {
    let is_asked = method == Method::GET && headers.contains_key("hx-request");
    let known = headers.get(header::IF_NONE_MATCH);
    is_asked.then(|| {
        known
            .cloned()
            .unwrap_or_else(|| HeaderValue::from_static(""))
    })
}

/// The answer with its name, or only the name of what is known already.
pub(super) async fn unless(known: &HeaderValue, response: Response) -> Response {
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let name = name(&String::from_utf8_lossy(&bytes));
    let is_known = name == *known;
    head.headers.insert(header::ETAG, name);
    if is_known {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(header::CONTENT_TYPE);
        head.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::from(bytes))
}

fn name(page: &str) -> HeaderValue {
    let mut hash = Sha256::new();
    for (place, part) in page.split(ONCE).enumerate() {
        let rest = part.split_once('"').map_or("", |(_, rest)| rest);
        hash.update(if place == 0 { part } else { rest });
    }
    let name = format!("\"{}\"", hex::encode(hash.finalize()));
    HeaderValue::try_from(name).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_another_name_only_when_something_moved() {
        let page = |once: &str, state: &str| {
            let form = format!("<input {ONCE}{once}\"><p>{state}</p><input {ONCE}{once}\">");
            name(&form)
        };

        assert_eq!(page("1", "running"), page("2", "running"));
        assert_ne!(page("1", "running"), page("1", "finished"));
        assert_ne!(name("running"), name("finished"));
    }
}
