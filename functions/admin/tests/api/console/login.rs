//! Logins at applications from the console: the one of a test, and the one of an account.

use axum::body::Body;
use http::header;
use serde_json::json;

use super::{Browser, between};
use crate::builder::given;
use crate::test_login::Lab;
use crate::wizard::with_login_page;
use crate::world::{Answer, world};

const TEST: &str = "/console/builder/acme/test";
const CLIENT: [(&str, &str); 2] = [
    ("credentials.client_id", "client-1"),
    ("credentials.client_secret", "s3cret/+ 1"),
];

async fn press(browser: &mut Browser<'_>, verb: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![("from", "test"), ("do", verb)];
    fields.extend(more);
    browser.post(TEST, &fields).await
}

/// Asks as the page does while somebody is at the login page.
async fn watch(browser: &mut Browser<'_>, session: &str) -> Answer {
    let request = browser.request("GET", &format!("{TEST}?session={session}"));
    let request = request.header("hx-request", "true");
    browser.send(request.body(Body::empty()).unwrap()).await
}

fn session(page: &Answer) -> String {
    let found = between(&page.text, "name=\"session\" value=\"", "\"");
    found.expect(&page.text).to_owned()
}

/// Begins a login from the test step: its name, and the query that comes back from the login page.
async fn begin(lab: &Lab, browser: &mut Browser<'_>) -> (String, String) {
    let begun = press(browser, "authorise", &CLIENT).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    assert!(!begun.text.contains("s3cret"), "{}", begun.text);
    // It rests like everything that asks again: while nobody looks, and more the longer it lasts.
    let watch = between(&begun.text, "id=\"login-watch\"", ">").expect(&begun.text);
    for part in ["hx-trigger=\"every 2s\"", "data-asks=\"1\""] {
        assert!(watch.contains(part), "{watch}");
    }
    assert!(begun.text.contains("data-popup"), "{}", begun.text);
    let mut links = begun.text.split("href=\"");
    let page = links.find(|rest| rest.contains("code_challenge")).unwrap();
    let page = page.split('"').next().unwrap();
    let (state, code) = lab.log_in(&page.replace("&amp;", "&"));
    (session(&begun), format!("state={state}&code={code}"))
}

#[tokio::test]
async fn the_builder_authorises_in_a_window_and_goes_on() {
    let lab = Lab::start().await;
    let draft = lab.definition();
    lab.world.put("/v1/drafts/acme", draft).await.expect(201);
    let mut browser = Browser::admin(&lab.world).await;
    let first = browser.get(TEST).await;
    assert!(first.text.contains("value=\"authorise\""), "{}", first.text);
    assert!(!first.text.contains("name=\"session\""));

    let (name, came) = begin(&lab, &mut browser).await;
    assert_eq!(watch(&mut browser, &name).await.status, 204, "it waits");
    let back = lab.come_back(&came).await;
    assert_eq!(back.status, 200, "{}", back.text);
    let policy = back.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let now = watch(&mut browser, &name).await;
    assert_eq!(now.status, 200);
    let ends = "data-ends=\"2027-01-04T09:15:00Z\"";
    assert!(now.text.contains(ends), "{}", now.text);
    assert!(!now.text.contains("every 2s"), "it asks no more");

    let tested = press(&mut browser, "test", &[("session", &name)]).await;
    assert_eq!(tested.status, 200, "{}", tested.text);
    let user = "user2@contoso.example";
    assert!(tested.text.contains(user), "{}", tested.text);
    assert_eq!(session(&tested), name, "it goes from step to step");
    assert!(!tested.text.contains("access-"), "{}", tested.text);
}

#[tokio::test]
async fn a_login_for_a_test_is_missed_denied_and_cleared_in_words() {
    let lab = Lab::start().await;
    let draft = lab.definition();
    lab.world.put("/v1/drafts/acme", draft).await.expect(201);
    let mut browser = Browser::admin(&lab.world).await;

    let nobody = press(&mut browser, "authorise", &[]).await;
    assert_eq!(nobody.status, 422);
    let (name, came) = begin(&lab, &mut browser).await;
    let early = press(&mut browser, "test", &[("session", &name)]).await;
    assert_eq!(early.status, 422);
    let why = "nobody has logged in yet";
    assert!(early.text.contains(why), "{}", early.text);
    let back = lab.come_back(&came).await;
    assert_eq!(back.status, 200, "{}", back.text);
    let mut viewer = Browser::with(&lab.world, "read", &[]).await;
    let looks = watch(&mut viewer, &name).await;
    assert!(!looks.text.contains("data-ends"), "it is somebody else's");

    let cleared = press(&mut browser, "clear-login", &[("session", &name)]).await;
    assert!(
        !cleared.text.contains("name=\"session\""),
        "{}",
        cleared.text
    );
    let late = press(&mut browser, "test", &[("session", &name)]).await;
    assert_eq!(late.status, 422);
    assert!(late.text.contains("authorise again"), "{}", late.text);
}

#[tokio::test]
async fn both_redirect_urls_can_be_copied() {
    let lab = Lab::start().await;
    let draft = lab.definition();
    lab.world.put("/v1/drafts/acme", draft).await.expect(201);
    let mut browser = Browser::admin(&lab.world).await;

    let page = browser.get("/console/builder/acme/auth").await;

    for path in ["/oauth/callback", "/oauth/test-callback"] {
        let copied = format!("data-copy=\"https://sando.example{path}\"");
        assert!(page.text.contains(&copied), "{}", page.text);
    }
}

#[tokio::test]
async fn an_account_with_a_login_page_is_authorised_from_its_page() {
    let world = world();
    world
        .put("/v1/definitions/acme", with_login_page())
        .await
        .expect(201);
    let mut client = given();
    client["credentials"] = json!({ "client_id": "c", "client_secret": "s", "tenant": "t" });
    world
        .put("/v1/accounts/acme/prod", client)
        .await
        .expect(201);
    let mut browser = Browser::admin(&world).await;
    let mut operator = Browser::with(&world, "operate", &[]).await;
    let place = "/console/accounts/acme/prod";
    let form = format!("action=\"{place}/authorize\"");

    let page = browser.get(place).await;
    assert!(page.text.contains(&form), "{}", page.text);
    let refused = operator.post(&format!("{place}/authorize"), &[]).await;
    assert_eq!(refused.status, 403);
    let begun = browser.post(&format!("{place}/authorize"), &[]).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let link =
        "href=\"https://login.acme.example/authorize?response_type=code&amp;client_id=c&amp;";
    assert!(begun.text.contains(link), "{}", begun.text);
    let state = between(&begun.text, "state=", "&amp;").unwrap();
    let back = format!("/oauth/callback?state={state}&code=good");
    let back = Browser::new(&world).get(&back).await;
    assert_eq!(back.status, 200, "{}", back.text);
    assert!(
        back.text.contains("acme/prod is connected"),
        "{}",
        back.text
    );
    assert_eq!(back.headers[header::CACHE_CONTROL], "no-store");
    world.pass(1).await;
    let account = world.get("/v1/accounts/acme/prod").await.expect(200);
    assert_eq!(account["state"], "connected");
}
