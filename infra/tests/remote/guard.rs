//! The guarded client against servers that do what servers should not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{any, get};
use sando_core::ports::{RemoteError, Sent};
use sando_infra::http::{Credentials, Guard, GuardedClient, Mask, Request, Retry};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

use crate::support::{TestServer, client};

/// A million zeros in a thousand bytes.
const BOMB: &[u8] = include_bytes!("zeros.gz");

fn quick(attempts: u32) -> Retry {
    Retry {
        attempts,
        total: Duration::from_secs(5),
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(2),
    }
}

fn post(url: Url) -> Request {
    Request::new("acme", Method::POST, url)
}

/// Whether a request was sent that nobody answered.
fn sent(error: &RemoteError) -> Option<Sent> {
    match error {
        RemoteError::NoAnswer { sent, .. } => Some(*sent),
        _ => None,
    }
}

fn counting(status: StatusCode) -> (Router, Arc<AtomicUsize>) {
    let hits = Arc::new(AtomicUsize::new(0));
    let handler = move |State(hits): State<Arc<AtomicUsize>>| async move {
        hits.fetch_add(1, Ordering::SeqCst);
        status
    };
    let router = Router::new()
        .fallback(any(handler))
        .with_state(hits.clone());
    (router, hits)
}

#[tokio::test]
async fn loopback_is_refused_unless_it_is_allowed_and_nothing_is_sent() {
    let (router, hits) = counting(StatusCode::OK);
    let server = TestServer::start(router).await;
    let guarded = GuardedClient::new(Guard::default()).unwrap();
    let port = server.url.port().unwrap();

    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
    ] {
        let url = Url::parse(&url).unwrap();
        let read = guarded.read(&Request::get("acme", url.clone())).await;
        assert!(
            matches!(read, Err(RemoteError::Forbidden { .. })),
            "{url} {read:?}"
        );
        let sent = guarded.send_once(&post(url.clone())).await;
        assert!(
            matches!(sent, Err(RemoteError::Forbidden { .. })),
            "{url} {sent:?}"
        );
    }

    assert_eq!(hits.load(Ordering::SeqCst), 0);
    let by_name = Url::parse(&format!("http://localhost:{port}/")).unwrap();
    assert!(client().read(&Request::get("acme", by_name)).await.is_ok());
    assert!(
        client()
            .read(&Request::get("acme", server.at("/")))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_read_is_repeated_and_an_effect_never() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let (router, hits) = counting(StatusCode::from_u16(status).unwrap());
        let server = TestServer::start(router).await;

        let read = Request::get("acme", server.at("/")).retry(quick(4));
        assert_eq!(client().read(&read).await.unwrap().status(), status);
        assert_eq!(hits.swap(0, Ordering::SeqCst), 4, "{status}");

        let sent = client()
            .send_once(&post(server.at("/")).retry(quick(4)))
            .await;
        assert_eq!(sent.unwrap().status(), status);
        assert_eq!(hits.load(Ordering::SeqCst), 1, "{status}");
    }
}

#[tokio::test]
async fn what_the_caller_did_wrong_is_not_asked_again() {
    for status in [400, 401, 403, 404, 409, 422, 501] {
        let (router, hits) = counting(StatusCode::from_u16(status).unwrap());
        let server = TestServer::start(router).await;

        let read = Request::get("acme", server.at("/")).retry(quick(4));
        assert_eq!(client().read(&read).await.unwrap().status(), status);
        assert_eq!(hits.load(Ordering::SeqCst), 1, "{status}");
    }
}

#[tokio::test]
async fn a_wait_that_is_longer_than_the_time_left_ends_the_read() {
    let router = Router::new().fallback(any(|| async {
        (
            StatusCode::TOO_MANY_REQUESTS,
            [(header::RETRY_AFTER, "3600")],
        )
    }));
    let server = TestServer::start(router).await;

    let answer = client().read(&Request::get("acme", server.at("/"))).await;

    let error = answer.unwrap().checked().unwrap_err();
    let RemoteError::Busy { retry_after, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(retry_after, Some(Duration::from_secs(3600)));
}

#[tokio::test]
async fn a_closed_port_says_that_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);

    let error = client()
        .send_once(&post(Url::parse(&url).unwrap()))
        .await
        .unwrap_err();

    assert_eq!(sent(&error), Some(Sent::Never), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_is_cut_after_the_request_says_perhaps_and_is_not_tried_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = hits.clone();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut buffer = [0; 4096];
            let _read = stream.read(&mut buffer).await;
        }
    });

    let error = client()
        .send_once(&post(Url::parse(&url).unwrap()).json(&serde_json::json!({})))
        .await
        .unwrap_err();

    assert_eq!(sent(&error), Some(Sent::Perhaps), "{error:?}");
    assert_eq!(hits.load(Ordering::SeqCst), 1);
    server.abort();
}

#[tokio::test]
async fn an_effect_does_not_use_a_connection_that_waited() {
    // Answers once per connection, as if it would be kept, and closes it when the next request comes.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let _read = stream.read(&mut buffer).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                let _written = stream.write_all(answer).await;
                let _read = stream.read(&mut buffer).await;
            });
        }
    });
    let client = client();

    for _ in 0..3 {
        let answer = client.send_once(&post(url.clone())).await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    server.abort();
}

#[tokio::test]
async fn redirects_are_followed_on_the_origin_only_and_credentials_stay_there() {
    let (other, hits) = counting(StatusCode::OK);
    let other = TestServer::start(other).await;
    let away = other.at("/stolen").to_string();
    let router = Router::new()
        .route("/here", get(|| async { Redirect::temporary("/there") }))
        .route(
            "/there",
            get(|headers: HeaderMap| async move {
                headers
                    .get("x-api-key")
                    .map_or("none".to_owned(), |key| key.to_str().unwrap().to_owned())
            }),
        )
        .route("/loop", any(|| async { Redirect::temporary("/loop") }))
        .route(
            "/away",
            any(move || async move { Redirect::temporary(&away) }),
        )
        .route("/post", any(|| async { Redirect::to("/there") }));
    let server = TestServer::start(router).await;
    let credentials = Credentials::of(&server.url)
        .header("X-Api-Key", "", "top-secret")
        .unwrap();
    let read = |path: &str| Request::get("acme", server.at(path)).with(credentials.clone());
    let client = client();

    let answer = client.read(&read("/here")).await.unwrap();
    assert_eq!(answer.body().as_ref(), b"top-secret");

    let error = client.read(&read("/away")).await.unwrap_err();
    assert!(matches!(error, RemoteError::Forbidden { .. }));
    assert!(
        error
            .to_string()
            .contains(other.url.as_str().trim_end_matches('/'))
    );
    assert!(!error.to_string().contains("stolen"));
    assert_eq!(hits.load(Ordering::SeqCst), 0);

    let error = client.read(&read("/loop")).await.unwrap_err();
    assert!(matches!(error, RemoteError::Unreadable { .. }));

    let sent = client.send_once(&post(server.at("/post"))).await.unwrap();
    assert_eq!(sent.status(), 303);
}

#[tokio::test]
async fn a_post_that_reads_is_sent_again_where_it_was_moved_to() {
    let router = Router::new()
        .route("/old", any(|| async { Redirect::permanent("/new") }))
        .route("/seen", any(|| async { Redirect::to("/new") }))
        .route("/new", any(|body: String| async move { body }));
    let server = TestServer::start(router).await;
    let search = |path: &str| {
        Request::new("acme", Method::POST, server.at(path)).json(&json!({ "page": 2 }))
    };
    let client = client();

    let moved = client.read(&search("/old")).await.unwrap();
    let seen = client.read(&search("/seen")).await.unwrap();
    let effect = client.send_once(&search("/old")).await.unwrap();

    assert_eq!(moved.body().as_ref(), br#"{"page":2}"#);
    assert_eq!(seen.status(), 303, "nobody knows what becomes of it");
    assert_eq!(effect.status(), 308, "an effect is sent once");
}

#[tokio::test]
async fn credentials_of_one_origin_are_not_sent_to_another() {
    let router = Router::new().route(
        "/",
        get(|headers: HeaderMap| async move {
            let sent = headers.contains_key(header::AUTHORIZATION);
            if sent { "sent" } else { "kept" }
        }),
    );
    let server = TestServer::start(router).await;
    let elsewhere = Url::parse("https://api.acme.example").unwrap();
    let credentials = Credentials::of(&elsewhere).basic("key-1234", "").unwrap();

    let request = Request::get("acme", server.at("/")).with(credentials);
    let answer = client().read(&request).await.unwrap();

    assert_eq!(answer.body().as_ref(), b"kept");
}

#[tokio::test]
async fn an_answer_is_bounded_in_size_also_after_decompression() {
    let router = Router::new()
        .route("/declared", get(|| async { "x".repeat(2_000) }))
        .route(
            "/streamed",
            get(|| async {
                let chunks =
                    (0..200).map(|_| Ok::<_, std::io::Error>(Bytes::from("x".repeat(100))));
                Body::from_stream(futures::stream::iter(chunks)).into_response()
            }),
        )
        .route(
            "/bomb",
            get(|| async { ([(header::CONTENT_ENCODING, "gzip")], BOMB) }),
        );
    let server = TestServer::start(router).await;

    for path in ["/declared", "/streamed", "/bomb"] {
        let request = Request::get("acme", server.at(path)).limit(1_000);
        let error = client().read(&request).await.unwrap_err();
        assert!(
            error.to_string().contains("larger than 1000 bytes"),
            "{path} {error}"
        );
    }
    let whole = client()
        .read(&Request::get("acme", server.at("/bomb")))
        .await
        .unwrap();
    assert!(whole.body().len() >= 1_000_000);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_in_time() {
    let router = Router::new().route(
        "/",
        any(|| async {
            let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from("["))]);
            let stream = futures::StreamExt::chain(first, futures::stream::pending());
            Body::from_stream(stream)
        }),
    );
    let server = TestServer::start(router).await;
    let timeout = Duration::from_millis(200);

    let request = Request::get("acme", server.at("/"))
        .timeout(timeout)
        .retry(Retry::ONCE);
    let error = client().read(&request).await.unwrap_err();
    assert_eq!(sent(&error), Some(Sent::Perhaps), "{error:?}");

    let error = client()
        .send_once(&post(server.at("/")).timeout(timeout))
        .await
        .unwrap_err();
    assert_eq!(sent(&error), Some(Sent::Perhaps), "{error:?}");
}

#[tokio::test]
async fn a_remote_that_echoes_secrets_does_not_get_them_into_errors() {
    let router = Router::new().fallback(any(|headers: HeaderMap, uri: Uri| async move {
        let key = headers[header::AUTHORIZATION].to_str().unwrap().to_owned();
        (
            StatusCode::BAD_REQUEST,
            format!("{uri} {key} ada@contoso.example hidden-value"),
        )
    }));
    let server = TestServer::start(router).await;
    let credentials = Credentials::of(&server.url)
        .basic("key-1234", "pass word/1")
        .unwrap()
        .query("token", "", "query secret");

    let request = post(server.at("/"))
        .with(credentials)
        .masked(&Mask::default().with(["hidden-value"]));
    let error = client()
        .send_once(&request)
        .await
        .unwrap()
        .checked()
        .unwrap_err()
        .to_string();

    for secret in [
        "key-1234",
        "pass word",
        "query",
        "secret",
        "ada@",
        "hidden",
        "a2V5",
    ] {
        assert!(!error.contains(secret), "{error}");
    }
    assert!(error.contains("***"), "{error}");
}

#[tokio::test]
async fn headers_of_the_connection_are_not_the_caller_s() {
    let url = Url::parse("https://api.acme.example/").unwrap();
    for name in [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "a b",
        "x\r\ny",
    ] {
        assert!(post(url.clone()).header(name, "x").is_err(), "{name}");
    }
    assert!(post(url.clone()).header("x-name", "a\r\nb: c").is_err());
    assert!(post(url).header("x-name", "Zoë").is_ok());
}
