//! Signing in and out: links that count once, keys, sessions that end.

use axum::body::Body;
use http::Request;
use sando_core::admin::session;
use serde_json::json;

use super::{Browser, HOST, encoded, everything};
use crate::world::{TOKEN, world};

#[tokio::test]
async fn a_link_signs_in_once() {
    let world = world();
    let link = session::link(&world.ports).await.unwrap();
    let mut browser = Browser::new(&world);

    let page = browser.get(&format!("/console/sign-in?link={link}")).await;
    assert_eq!(page.status, 200);
    let still = browser.get("/console").await;
    assert_eq!(still.status, 303, "looking at the link signs nobody in");
    assert_eq!(still.header("location"), "/console/sign-in");
    let entered = browser.post("/console/sign-in", &[("link", &link)]).await;

    assert_eq!(entered.status, 303);
    assert_eq!(browser.get("/console").await.status, 200);
    let mut other = Browser::new(&world);
    let again = other.post("/console/sign-in", &[("link", &link)]).await;
    assert_eq!(again.status, 410, "{}", again.text);
    assert_eq!(other.get("/console").await.status, 303);
}

#[tokio::test]
async fn a_link_is_too_old_after_an_hour() {
    let world = world();
    let link = session::link(&world.ports).await.unwrap();
    world.pass(3_601).await;

    let mut browser = Browser::new(&world);
    let late = browser.post("/console/sign-in", &[("link", &link)]).await;

    assert_eq!(late.status, 410);
}

#[tokio::test]
async fn a_session_is_no_link_and_a_link_no_session() {
    let world = world();
    let link = session::link(&world.ports).await.unwrap();
    let mut browser = Browser::new(&world);
    browser.cookies.push(("sando_session".to_owned(), link));
    assert_eq!(browser.get("/console").await.status, 303);

    let admin = Browser::admin(&world).await;
    let token = admin.cookie("sando_session").unwrap().to_owned();
    let mut other = Browser::new(&world);
    let answer = other.post("/console/sign-in", &[("link", &token)]).await;
    assert_eq!(answer.status, 410);
}

#[tokio::test]
async fn a_wrong_key_is_told_beside_its_field() {
    let world = world();
    let mut browser = Browser::new(&world);
    for key in ["", "sk_key_0_0", "the-admin-tokem", "a.viewers.b"] {
        let answer = browser.post("/console/sign-in", &[("key", key)]).await;
        assert_eq!(answer.status, 422, "{key}");
        assert!(answer.text.contains("key-error"), "{}", answer.text);
    }
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn the_cookie_is_for_this_host_alone_and_for_no_script() {
    let world = world();
    let enter = async |proto: &str| {
        let request = Request::builder()
            .method("POST")
            .uri("/console/sign-in")
            .header("host", HOST)
            .header("origin", format!("{proto}://{HOST}"))
            .header("x-forwarded-proto", proto)
            .body(Body::from(encoded(&[("key", TOKEN)])))
            .unwrap();
        let answer = world.send(request).await;
        let cookies: Vec<String> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        cookies
            .into_iter()
            .find(|cookie| cookie.starts_with("sando_session="))
            .unwrap()
    };

    let plain = enter("http").await;
    assert!(plain.contains("; HttpOnly; SameSite=Lax"), "{plain}");
    assert!(
        !plain.contains("Secure") && !plain.contains("Domain"),
        "{plain}"
    );
    assert!(enter("https").await.ends_with("; Secure"));
}

#[tokio::test]
async fn a_session_ends_by_signing_out_by_time_and_with_its_key() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let stolen = browser.cookies.clone();
    let out = browser.post("/console/sign-out", &[]).await;
    assert_eq!(out.status, 303);
    let mut thief = Browser::new(&world);
    thief.cookies = stolen;
    assert_eq!(
        thief.get("/console").await.status,
        303,
        "the session is over everywhere"
    );

    let mut browser = Browser::admin(&world).await;
    world.pass(12 * 3_600 + 1).await;
    assert_eq!(
        browser.get("/console").await.status,
        303,
        "after twelve hours"
    );

    let mut viewer = Browser::with(&world, "read", &[]).await;
    assert_eq!(viewer.get("/console").await.status, 200);
    let keys = world.get("/v1/keys").await.expect(200);
    let id = keys["items"][0]["id"].as_str().unwrap();
    world.delete(&format!("/v1/keys/{id}")).await.expect(204);
    assert_eq!(
        viewer.get("/console").await.status,
        303,
        "its key was forgotten"
    );
}

#[tokio::test]
async fn after_signing_in_one_comes_back_and_nowhere_else() {
    let world = world();
    let mut browser = Browser::new(&world);
    let sent = browser.get("/console/people?state=left").await;
    let place = sent.header("location").to_owned();
    assert_eq!(
        place,
        "/console/sign-in?next=%2Fconsole%2Fpeople%3Fstate%3Dleft"
    );
    let page = browser.get(&place).await;
    assert!(
        page.text.contains("value=\"/console/people?state=left\""),
        "{}",
        page.text
    );

    for (next, expect) in [
        ("/console/people?state=left", "/console/people?state=left"),
        ("https://evil.example/", "/console"),
        ("//evil.example", "/console"),
        ("/console//evil.example", "/console"),
        ("/console/\\evil.example", "/console"),
        ("/v1/people", "/console"),
    ] {
        let mut browser = Browser::new(&world);
        let entered = browser
            .post("/console/sign-in", &[("key", TOKEN), ("next", next)])
            .await;
        assert_eq!(entered.header("location"), expect, "{next}");
    }
}

/// A form that nobody is signed in for, sent from a page.
fn form(path: &str, page: Option<&str>, by_script: bool) -> Request<Body> {
    let mut request = Request::builder()
        .method("POST")
        .uri(path)
        .header("host", HOST)
        .header("origin", format!("https://{HOST}"));
    if let Some(page) = page {
        request = request.header("referer", format!("https://{HOST}{page}"));
    }
    if by_script {
        request = request.header("hx-request", "true");
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn after_signing_in_for_a_form_one_comes_back_to_its_page() {
    let (world, fixture) = everything().await;
    let page = "/console/people?state=left";
    let back = "/console/sign-in?next=%2Fconsole%2Fpeople%3Fstate%3Dleft";
    for path in sando_admin::console_posts() {
        if path == "/console/sign-in" {
            continue;
        }
        let path = fixture.fill(path);
        for (page, back) in [(Some(page), back), (None, "/console/sign-in")] {
            let sent = world.send(form(&path, page, false)).await;
            let by_script = world.send(form(&path, page, true)).await;

            assert_eq!(sent.status, 401, "{path}");
            let link = format!("href=\"{back}\"");
            assert!(sent.text.contains(&link), "{path}: {}", sent.text);
            assert_eq!(by_script.status, 401, "{path}");
            assert_eq!(by_script.header("hx-redirect"), back, "{path}");
        }
    }
}

#[tokio::test]
async fn who_opens_the_address_of_a_form_sees_a_page() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    for path in sando_admin::console_posts() {
        let path = fixture.fill(path);
        let answer = browser.get(&path).await;
        let kind = answer.header("content-type");
        assert!(kind.starts_with("text/html"), "{path}: {}", answer.text);
        let is_page = [200, 404, 405].contains(&answer.status.as_u16());
        assert!(is_page, "{path}: {}", answer.status);
    }

    let opened = browser.get("/console/resume").await;
    let asked = Browser::new(&world).get("/console/resume").await;

    assert_eq!(opened.status, 405, "{}", opened.text);
    let why = "This address is where a form is sent, and no page.";
    assert!(opened.text.contains(why), "{}", opened.text);
    assert!(opened.text.contains("To the start"), "{}", opened.text);
    assert_eq!(asked.status, 303);
    assert_eq!(asked.header("location"), "/console/sign-in");
}

#[tokio::test]
async fn a_cookie_opens_no_part_of_the_api() {
    let world = world();
    let mut browser = Browser::admin(&world).await;

    assert_eq!(browser.get("/v1/people").await.status, 401);
    let body = [("reason", "x")];
    assert_eq!(browser.post("/v1/pause", &body).await.status, 401);
}

#[tokio::test]
async fn signing_in_and_out_is_audited_without_a_token() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let token = browser.cookie("sando_session").unwrap().to_owned();
    browser.post("/console/sign-out", &[]).await;

    let audit = world.get("/v1/audit?stream=config").await.expect(200);
    let said: Vec<&str> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["action"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["signed in", "signed out"]);
    assert_eq!(audit["items"][0]["actor"], json!("local-admin"));
    assert!(!audit.to_string().contains(&token));
}
