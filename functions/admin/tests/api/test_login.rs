//! Logins for a test, at a real token endpoint: whose they are, what they are good for, and for how long.

use std::sync::Arc;

use sando_core::testing::Bare;
use sando_infra::http::{Guard, GuardedClient};
use sando_infra::reading::AccountReaders;
use sando_world::SaasApp;
use sando_world::saas::{Door, List, OauthOptions, OauthServer};
use serde_json::{Value, json};
use url::Url;

use crate::world::{Answer, World, world_with};

const BACK: &str = "https://sando.example/oauth/test-callback";
const HOST: (&str, &str) = ("host", "sando.example");

/// An application with a login page, and a company whose applications are read over HTTP.
pub(crate) struct Lab {
    pub(crate) world: World,
    pub(crate) oauth: OauthServer,
    app: SaasApp,
}

impl Lab {
    pub(crate) async fn start() -> Self {
        let app = SaasApp::start().await.unwrap();
        app.list("/users", List::of(List::users(3)));
        app.door(Door::issued());
        let oauth = OauthServer::new(OauthOptions::default());
        app.oauth(oauth.clone());
        let guard = Guard {
            allow_loopback: true,
            ..Guard::default()
        };
        let http = GuardedClient::new(guard).unwrap();
        let world = world_with(|fakes, store| {
            Arc::new(AccountReaders {
                http,
                secrets: Arc::new(fakes.secrets.clone()),
                store: store.clone(),
                keys: Arc::new(Bare),
                clock: fakes.clone(),
            })
        });
        Self { world, oauth, app }
    }

    pub(crate) fn definition(&self) -> Value {
        let base = self.app.base_url();
        json!({
            "definition": "acme", "app": "acme", "base_url": base,
            "auth": { "type": "oauth2_authorization_code", "authorization_url": format!("{base}/authorize"),
                "token_url": format!("{base}/oauth/token"), "scopes": ["users"] },
            "users": { "path": "/users" },
            "map": { "external_id": "id", "email": "email" }
        })
    }

    /// Somebody begins a login; the answer, and the code that the login page would send back.
    async fn begin(&self, more: Value) -> (Value, String, String) {
        let mut body = json!({ "definition": self.definition() });
        let fields = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(fields);
        let path = "/v1/definitions:authorize";
        let begun = self.world.call("POST", path, Some(body), &[HOST]).await;
        let begun = begun.expect(200);
        let page = begun["authorize_url"].as_str().unwrap();
        let (state, code) = self.log_in(page);
        (begun, state, code)
    }

    /// Somebody logs in on the login page; what comes back from there.
    pub(crate) fn log_in(&self, page: &str) -> (String, String) {
        let page = Url::parse(page).unwrap();
        let of = |name: &str| {
            let mut pairs = page.query_pairs();
            let found = pairs.find(|(known, _)| known == name);
            found.unwrap().1.into_owned()
        };
        assert_eq!(of("client_id"), "client-1");
        assert_eq!(of("redirect_uri"), BACK);
        let code = self.oauth.new_code(&of("code_challenge"), BACK);
        (of("state"), code)
    }

    /// The browser of whoever logged in comes back: nobody is signed in there.
    pub(crate) async fn come_back(&self, query: &str) -> Answer {
        let path = format!("/oauth/test-callback?{query}");
        let nobody = [("authorization", "")];
        self.world.call("GET", &path, None, &nobody).await
    }

    async fn look(&self, session: &str) -> Answer {
        self.world.get(&format!("/v1/test-logins/{session}")).await
    }

    async fn test(&self, definition: Value, session: &str) -> Answer {
        let body = json!({ "definition": definition, "session": session });
        self.world.post("/v1/definitions:test", body).await
    }
}

pub(crate) fn client() -> Value {
    json!({ "client_id": "client-1", "client_secret": "s3cret/+ 1" })
}

fn name(begun: &Value) -> &str {
    begun["session"].as_str().unwrap()
}

#[track_caller]
fn refused(answer: Answer, why: &str) {
    let problem = answer.expect(422);
    assert_eq!(problem["errors"][0]["path"], "session", "{problem}");
    let message = problem["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains(why), "{problem}");
}

#[tokio::test]
async fn a_definition_is_authorised_for_a_test_and_no_account_is_touched() {
    let lab = Lab::start().await;
    let world = &lab.world;

    let (begun, state, code) = lab.begin(json!({ "credentials": client() })).await;
    assert_eq!(begun["state"], "waiting");
    assert_eq!(begun["redirect_url"], BACK);
    refused(
        lab.test(lab.definition(), name(&begun)).await,
        "nobody has logged in yet",
    );
    let waits = lab.look(name(&begun)).await.expect(200);
    assert_eq!(waits["state"], "waiting");
    assert_eq!(
        waits["authorize_url"],
        json!(null),
        "it has the state in it"
    );
    let back = lab.come_back(&format!("state={state}&code={code}")).await;
    assert_eq!(back.status, 200, "{}", back.text);
    assert!(back.text.contains("data-done"), "{}", back.text);
    assert_eq!(back.header("referrer-policy"), "no-referrer");
    let now = lab.look(name(&begun)).await.expect(200);
    assert_eq!(now["state"], "authorised");
    assert_eq!(now["until"], "2027-01-04T09:15:00Z");

    let tested = lab.test(lab.definition(), name(&begun)).await;

    assert!(!tested.text.contains("access-"), "{}", tested.text);
    let tested = tested.expect(200);
    assert_eq!(tested["ok"], true, "{tested}");
    assert_eq!(tested["rows"].as_array().unwrap().len(), 3);
    let again = lab.come_back(&format!("state={state}&code={code}")).await;
    assert_eq!(again.status, 409, "a login ends once");
    let accounts = world.get("/v1/accounts").await.expect(200);
    assert_eq!(accounts["items"], json!([]));
    assert!(world.fakes.secrets.is_empty());
    let audit = world.get("/v1/audit").await.text;
    assert!(
        !audit.contains("s3cret") && !audit.contains("access-"),
        "{audit}"
    );
}

#[tokio::test]
async fn a_login_for_a_test_is_good_for_its_owner_its_sign_in_and_its_time() {
    let lab = Lab::start().await;
    let world = &lab.world;
    let (begun, state, code) = lab.begin(json!({ "credentials": client() })).await;
    let session = name(&begun);
    let back = lab.come_back(&format!("state={state}&code={code}")).await;
    assert_eq!(back.status, 200, "{}", back.text);

    let key = json!({ "name": "another", "scopes": ["read", "operate"] });
    let key = world.post("/v1/keys", key).await.expect(201);
    let bearer = format!("Bearer {}", key["secret"].as_str().unwrap());
    let other = [("authorization", bearer.as_str())];
    let path = format!("/v1/test-logins/{session}");
    world.call("GET", &path, None, &other).await.expect(404);
    let clear = format!("{path}:clear");
    world.call("POST", &clear, None, &other).await.expect(404);
    let body = json!({ "definition": lab.definition(), "session": session });
    let theirs = world.call("POST", "/v1/definitions:test", Some(body), &other);
    refused(theirs.await, "is over");

    let asked = lab.app.asked_at("/users").len();
    for (part, value) in [
        ("base_url", json!("https://evil.example")),
        ("auth", json!({ "type": "bearer" })),
    ] {
        let mut moved = lab.definition();
        moved[part] = value;
        refused(lab.test(moved, session).await, "have changed since");
    }
    assert_eq!(lab.app.asked_at("/users").len(), asked);
    let mut mapped = lab.definition();
    mapped["map"]["full_name"] = json!("name");
    let tested = lab.test(mapped, session).await.expect(200);
    assert_eq!(tested["ok"], true, "fields may change: {tested}");

    world.pass(15 * 60 + 1).await;
    refused(lab.test(lab.definition(), session).await, "is over");
    lab.look(session).await.expect(404);
}

#[tokio::test]
async fn a_login_that_did_not_count_says_why_and_is_begun_again_with_its_client() {
    let lab = Lab::start().await;
    let (begun, state, _) = lab.begin(json!({ "credentials": client() })).await;

    let back = lab
        .come_back(&format!("state={state}&error=access_denied"))
        .await;
    assert_eq!(back.status, 409);
    assert!(!back.text.contains("data-done"), "it stays open");
    let failed = lab.look(name(&begun)).await.expect(200);
    assert_eq!(failed["state"], "failed");
    let why = failed["detail"].as_str().unwrap();
    assert!(why.contains("without permission"), "{why}");
    let none = lab.come_back("state=another&code=x").await;
    assert_eq!(none.status, 409, "it was begun nowhere");

    let (again, state, _) = lab.begin(json!({ "session": name(&begun) })).await;
    lab.look(name(&begun)).await.expect(404);
    let wrong = lab.come_back(&format!("state={state}&code=forged")).await;
    assert!(wrong.text.contains("invalid_grant"), "{}", wrong.text);
    let (last, state, code) = lab.begin(json!({ "session": name(&again) })).await;
    let back = lab.come_back(&format!("state={state}&code={code}")).await;
    assert_eq!(back.status, 200, "{}", back.text);

    let clear = format!("/v1/test-logins/{}:clear", name(&last));
    lab.world.post(&clear, json!({})).await.expect(204);
    lab.look(name(&last)).await.expect(404);
    refused(lab.test(lab.definition(), name(&last)).await, "is over");
}

#[tokio::test]
async fn what_is_missing_is_told_before_anybody_is_sent_anywhere() {
    let lab = Lab::start().await;
    let authorize = async |body: Value| {
        let path = "/v1/definitions:authorize";
        lab.world.call("POST", path, Some(body), &[HOST]).await
    };

    let missing = authorize(json!({ "definition": lab.definition() })).await;
    let missing = missing.expect(422);
    assert_eq!(missing["errors"][0]["path"], "credentials.client_id");
    let mut plain = lab.definition();
    plain["auth"] = json!({ "type": "bearer" });
    let plain = json!({ "definition": plain, "credentials": { "token": "t" } });
    assert_eq!(authorize(plain).await.expect(409)["code"], "no_login_page");
    let long = json!({ "client_id": "c", "client_secret": "s".repeat(4096) });
    let long = authorize(json!({ "definition": lab.definition(), "credentials": long })).await;
    assert_eq!(long.expect(422)["errors"][0]["path"], "credentials");
    assert_eq!(lab.app.asked().len(), 0);
}
