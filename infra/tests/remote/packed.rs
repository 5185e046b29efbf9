//! Answers that are packed, over the wire: read to their end, and never larger than allowed.

use std::convert::Infallible;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream;
use sando_core::ports::RemoteError;
use sando_infra::http::{Request, Retry};
use serde_json::json;

use crate::support::{TestServer, client};

const GZIP: [(&str, &str); 1] = [("content-encoding", "gzip")];

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An answer that comes in pieces.
fn in_pieces(pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Response {
    let pieces = pieces.map(Ok::<_, Infallible>);
    (GZIP, Body::from_stream(stream::iter(pieces))).into_response()
}

#[tokio::test]
async fn all_members_of_gzip_are_one_answer() {
    let whole = [packed(b"[1,"), packed(b""), packed(b"2]")].concat();
    let (at_once, by_bytes) = (whole.clone(), whole);
    let router =
        Router::new()
            .route("/at-once", get(|| async move { (GZIP, at_once) }))
            .route(
                "/by-bytes",
                get(|| async move {
                    in_pieces(by_bytes.into_iter().map(|byte| Bytes::from(vec![byte])))
                }),
            )
            .route("/none", get(|| async { (StatusCode::NO_CONTENT, GZIP) }))
            .route(
                "/asked",
                get(|headers: HeaderMap| async move {
                    headers[header::ACCEPT_ENCODING]
                        .to_str()
                        .unwrap()
                        .to_owned()
                }),
            );
    let server = TestServer::start(router).await;

    for path in ["/at-once", "/by-bytes"] {
        let request = Request::get("acme", server.at(path));
        let answer = client().read(&request).await.unwrap();
        assert_eq!(answer.json().unwrap(), json!([1, 2]), "{path}");
        assert_eq!(answer.header("content-encoding"), None, "{path}");
    }
    let none = Request::get("acme", server.at("/none"));
    assert!(client().read(&none).await.unwrap().body().is_empty());
    let asked = Request::get("acme", server.at("/asked"));
    let asked = client().read(&asked).await.unwrap();
    assert_eq!(asked.body().as_ref(), b"gzip, br, deflate");
}

#[tokio::test]
async fn an_answer_that_is_cut_within_a_member_is_no_answer() {
    let whole = [packed(b"[1,"), packed(b"2]")].concat();
    let cut = whole[..whole.len() - 5].to_vec();
    let router = Router::new().route("/", get(|| async move { (GZIP, cut) }));
    let server = TestServer::start(router).await;

    let request = Request::get("acme", server.at("/")).retry(Retry::ONCE);
    let error = client().read(&request).await.unwrap_err();

    assert!(matches!(error, RemoteError::NoAnswer { .. }), "{error:?}");
    assert!(error.to_string().contains("decompressed"), "{error}");
}

#[tokio::test]
async fn bombs_of_one_member_and_of_endless_ones_are_given_up() {
    const LIMIT: usize = 300_000;
    let sent = Arc::new(AtomicUsize::new(0));
    let endless = |member: Vec<u8>| {
        let (sent, member) = (sent.clone(), Bytes::from(member));
        get(|| async move {
            let members = std::iter::repeat_with(move || {
                sent.fetch_add(member.len(), Ordering::Relaxed);
                member.clone()
            });
            in_pieces(members)
        })
    };
    let one = packed(&vec![0_u8; 200 * LIMIT]);
    assert!(one.len() < LIMIT);
    let router = Router::new()
        .route("/one", get(|| async move { (GZIP, one) }))
        .route("/endless", endless(packed(&vec![0_u8; LIMIT / 3])))
        .route("/empty", endless(packed(b"").repeat(100)));
    let server = TestServer::start(router).await;

    for path in ["/one", "/endless", "/empty"] {
        let request = Request::get("acme", server.at(path)).limit(LIMIT);
        let error = client().read(&request).await.unwrap_err();
        assert!(
            error.to_string().contains("larger than 300000 bytes"),
            "{path} {error}"
        );
    }
    assert!(sent.load(Ordering::Relaxed) > LIMIT);
}
