//! Signing in at the company's provider: who comes back must be who left, and have a role. The whole way with a real provider
//! is in `functions/local/tests/serve/sign_in.rs`.

use serde_json::{Value, json};

use super::{Browser, between};
use crate::world::{Answer, World, world};

const GO: &str = "/console/sign-in/provider";
const BACK: &str = "/console/sign-in/callback";

fn settings() -> Value {
    json!({
        "roles": { "administrator": ["hanna@contoso.example"] },
        "oidc": { "issuer": "https://id.example", "audience": "sando", "client_id": "console", "client_secret": "s3cret",
            "groups": { "viewers": ["viewer"], "it": ["operator", "it-admin"], "deciders": ["approver"], "others": ["it-admin"] } }
    })
}

async fn with_provider() -> World {
    let world = world();
    world.put("/v1/settings", settings()).await.expect(200);
    world
}

/// Leaves for the provider; the state that the provider would send back.
async fn leave(browser: &mut Browser<'_>, query: &str) -> String {
    let sent = browser.get(&format!("{GO}{query}")).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let place = sent.header("location");
    let begins = "https://id.example/authorize?redirect_uri=https%3A%2F%2Fsando.example%2Fconsole%2Fsign-in%2Fcallback&state=";
    assert!(place.starts_with(begins), "{place}");
    place.split("state=").nth(1).unwrap().to_owned()
}

async fn come_back(browser: &mut Browser<'_>, state: &str, code: &str) -> Answer {
    browser
        .get(&format!("{BACK}?state={state}&code={code}"))
        .await
}

#[track_caller]
fn refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(answer.text.contains(why), "{}", answer.text);
    let cookies = answer.headers.get_all("set-cookie").iter();
    let opened = cookies
        .filter(|cookie| cookie.to_str().unwrap().starts_with("sando_session="))
        .count();
    assert_eq!(opened, 0);
}

#[tokio::test]
async fn whoever_the_provider_names_is_signed_in_with_their_roles() {
    let world = with_provider().await;
    let mut browser = Browser::new(&world);
    let page = browser.get("/console/sign-in?next=/console/people").await;
    let link = format!("href=\"{GO}?next=%2Fconsole%2Fpeople\"");
    assert!(page.text.contains(&link), "{}", page.text);

    let state = leave(&mut browser, "?next=/console/people").await;
    let sealed = browser.cookie("sando_signing_in").unwrap().to_owned();
    let entered = come_back(&mut browser, &state, "viewers").await;

    assert_eq!(entered.status, 303, "{}", entered.text);
    assert_eq!(entered.header("location"), "/console/people");
    assert!(
        browser.cookie("sando_signing_in").is_none(),
        "it counts once"
    );
    let page = browser.get("/console/people").await;
    assert_eq!(page.status, 200);
    let csrf = between(&page.text, "name=\"csrf\" value=\"", "\"").unwrap();
    csrf.clone_into(&mut browser.csrf);
    let work = browser.post("/console/settings/lever/test", &[]).await;
    assert_eq!(work.status, 403);
    assert!(
        work.text.contains("takes the role operator"),
        "{}",
        work.text
    );
    let audit = world.get("/v1/audit?stream=config").await;
    let records = audit.json();
    let last = records["items"].as_array().unwrap().last().unwrap();
    assert_eq!(last["action"], "signed in");
    assert!(
        last["actor"].as_str().unwrap().starts_with("oidc:"),
        "{last}"
    );
    assert!(!audit.text.contains("ada@") && !audit.text.contains(&sealed));
    assert!(!audit.text.contains("s3cret"), "{}", audit.text);

    world.pass(12 * 3_600 + 1).await;
    assert_eq!(
        browser.get("/console/people").await.status,
        303,
        "after twelve hours"
    );
}

#[tokio::test]
async fn who_comes_back_must_be_who_left_in_time_and_once() {
    let world = with_provider().await;

    let mut browser = Browser::new(&world);
    let state = leave(&mut browser, "").await;
    let other = come_back(&mut Browser::new(&world), &state, "viewers").await;
    refused(&other, "not begun in this browser");
    let wrong = come_back(&mut browser, "another", "viewers").await;
    refused(&wrong, "This login was not begun here");
    let spent = come_back(&mut browser, &state, "viewers").await;
    refused(&spent, "not begun in this browser");

    let state = leave(&mut browser, "").await;
    world.pass(15 * 60 + 1).await;
    let late = come_back(&mut browser, &state, "viewers").await;
    refused(&late, "took too long");

    let state = leave(&mut browser, "").await;
    let entered = come_back(&mut browser, &state, "viewers").await;
    assert_eq!(entered.status, 303, "{}", entered.text);
    let again = come_back(&mut browser, &state, "viewers").await;
    refused(&again, "not begun in this browser");
    // Nor does it count twice with a copy of what the browser had.
    let state = leave(&mut browser, "").await;
    let copy = browser.cookies.clone();
    let entered = come_back(&mut browser, &state, "viewers").await;
    assert_eq!(entered.status, 303, "{}", entered.text);
    browser.cookies = copy;
    let replayed = come_back(&mut browser, &state, "viewers").await;
    refused(&replayed, "come back already");
    browser
        .cookies
        .push(("sando_signing_in".to_owned(), "e30".to_owned()));
    refused(
        &come_back(&mut browser, &state, "viewers").await,
        "not begun here",
    );
}

#[tokio::test]
async fn somebody_without_a_role_is_told_whom_to_ask() {
    let world = with_provider().await;
    for group in ["nobody", "others"] {
        let mut browser = Browser::new(&world);
        let state = leave(&mut browser, "").await;
        let answer = come_back(&mut browser, &state, group).await;
        refused(&answer, "you have no role here");
        assert!(
            answer.text.contains("Ask hanna@contoso.example"),
            "{}",
            answer.text
        );
        assert_eq!(browser.get("/console").await.status, 303);
    }
    let mut browser = Browser::new(&world);
    let state = leave(&mut browser, "").await;
    let decides = come_back(&mut browser, &state, "deciders").await;
    assert_eq!(decides.header("location"), "/console/inbox");
}

#[tokio::test]
async fn what_went_wrong_at_the_provider_is_said_in_words() {
    let world = with_provider().await;
    let mut browser = Browser::new(&world);

    let cancelled = browser
        .get(&format!("{BACK}?error=access_denied&state=x"))
        .await;
    refused(&cancelled, "without permission");
    let state = leave(&mut browser, "").await;
    refused(
        &come_back(&mut browser, &state, "forged").await,
        "Its signature is wrong",
    );
    let state = leave(&mut browser, "").await;
    let down = come_back(&mut browser, &state, "down").await;
    assert_eq!(down.status, 502, "{}", down.text);
    assert!(down.text.contains("Begin again"), "{}", down.text);
    let nothing = browser.get(BACK).await;
    assert_eq!(nothing.status, 400);

    for next in ["https://evil.example/", "//evil.example"] {
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let state = leave(&mut browser, &format!("?next={next}")).await;
        let entered = come_back(&mut browser, &state, "it").await;
        assert_eq!(entered.header("location"), "/console");
    }
}

#[tokio::test]
async fn nobody_signs_in_by_a_provider_that_is_not_set() {
    let world = world();
    let mut browser = Browser::new(&world);
    assert!(!browser.get("/console/sign-in").await.text.contains(GO));
    refused(&browser.get(GO).await, "Nobody signs in by a provider here");

    let mut only_tokens = settings();
    let oidc = only_tokens["oidc"].as_object_mut().unwrap();
    oidc.remove("client_id");
    world.put("/v1/settings", only_tokens).await.expect(200);
    assert!(!browser.get("/console/sign-in").await.text.contains(GO));
    refused(&browser.get(GO).await, "no `client_id`");
}

#[tokio::test]
async fn the_client_secret_goes_in_and_never_comes_out() {
    let world = with_provider().await;
    let kept = || {
        let secrets = world.fakes.secrets.of("oidc");
        secrets.map(|values| values.credentials["client_secret"].clone())
    };
    let shown = world.get("/v1/settings").await;
    let audit = world.get("/v1/audit").await.text;
    assert!(!shown.text.contains("s3cret") && !audit.contains("s3cret"));
    let shown = shown.expect(200);
    let set = json!({ "set": true, "set_at": "2027-01-04T09:00:00Z" });
    assert_eq!(shown["oidc"]["client_secret"], set);
    // What was read can be put again: the secret stays.
    world.put("/v1/settings", shown.clone()).await.expect(200);
    assert_eq!(world.get("/v1/settings").await.expect(200), shown);
    assert_eq!(kept().as_deref(), Some("s3cret"));

    let mut browser = Browser::admin(&world).await;
    let page = browser.get("/console/settings").await;
    assert!(
        page.text.contains("name=\"client_secret\""),
        "{}",
        page.text
    );
    assert!(!page.text.contains("s3cret"));
    let saved = browser
        .post("/console/settings/sign-in", &[("client_secret", "another")])
        .await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    assert_eq!(kept().as_deref(), Some("another"));
    let empty = browser
        .post("/console/settings/sign-in", &[("client_secret", "")])
        .await;
    assert_eq!(empty.status, 422);

    world
        .put("/v1/settings", json!({ "oidc": null }))
        .await
        .expect(200);
    assert_eq!(kept(), None, "it is gone with its provider");
    world.put("/v1/settings", settings()).await.expect(200);
    assert_eq!(kept().as_deref(), Some("s3cret"));
    let mut other = settings();
    other["oidc"]["issuer"] = json!("https://other.example");
    let oidc = other["oidc"].as_object_mut().unwrap();
    oidc.remove("client_secret");
    world.put("/v1/settings", other).await.expect(200);
    assert_eq!(kept(), None, "another provider is not told it");
    let wrong =
        json!({ "oidc": { "issuer": "https://id.example", "audience": "a", "client_secret": 7 } });
    let wrong = world.put("/v1/settings", wrong).await.expect(422);
    assert_eq!(wrong["errors"][0]["path"], "oidc");
}
