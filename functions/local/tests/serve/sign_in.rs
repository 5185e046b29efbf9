//! Signing in to the console at a real provider, redirect by redirect, as a browser does it.

use std::collections::BTreeMap;

use crate::support::{Around, Sando, TOKEN};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use sando_tests::harness::PythonOauth;
use serde_json::{Value, json};

/// A browser: it keeps cookies, and follows redirects when it is told to.
struct Browser<'a> {
    sando: &'a Sando,
    http: Client,
    cookies: BTreeMap<String, String>,
}

/// What was answered.
struct Page {
    status: u16,
    location: Option<String>,
    text: String,
}

impl Page {
    async fn of(answer: Response) -> Self {
        let location = answer.headers().get("location");
        Self {
            status: answer.status().as_u16(),
            location: location.map(|place| place.to_str().unwrap().to_owned()),
            text: answer.text().await.unwrap(),
        }
    }

    fn goes_on(self) -> String {
        let Some(place) = self.location else {
            panic!("{}: {}", self.status, self.text)
        };
        place
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split(from).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("`{from}` is not in {text}"));
    rest.split(to).next().unwrap()
}

impl<'a> Browser<'a> {
    fn new(sando: &'a Sando) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test calls as anybody would")]
        let http = Client::builder().redirect(Policy::none()).build();
        Self {
            sando,
            http: http.unwrap(),
            cookies: BTreeMap::new(),
        }
    }

    /// Asks Sando; `form` is sent as a page of ours does.
    async fn ask(&mut self, place: &str, form: Option<&[(&str, &str)]>) -> Page {
        let url = match place.starts_with('/') {
            true => format!("{}{place}", self.sando.url),
            false => place.to_owned(),
        };
        let cookies = self.cookies.iter();
        let cookies: Vec<String> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = match form {
            Some(form) => self
                .http
                .post(url)
                .header("origin", &self.sando.url)
                .form(form),
            None => self.http.get(url),
        };
        let answer = request.header("cookie", cookies.join("; ")).send().await;
        let answer = answer.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let text = set.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            match text.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => {
                    let value = rest.split(';').next().unwrap();
                    self.cookies.insert(name.to_owned(), value.to_owned())
                }
            };
        }
        Page::of(answer).await
    }

    async fn get(&mut self, place: &str) -> Page {
        self.ask(place, None).await
    }

    /// Leaves for the provider and logs in there; where the provider sends the browser back to.
    async fn log_in(&mut self, subject: &str) -> String {
        let page = self.get("/console/sign-in").await;
        let link = between(&page.text, "href=\"/console/sign-in/provider", "\"");
        let link = format!("/console/sign-in/provider{link}");
        let login_page = self.get(&link).await.goes_on();
        assert!(
            login_page.contains("code_challenge_method=S256"),
            "{login_page}"
        );
        assert!(login_page.contains("nonce="), "{login_page}");
        // The provider's own page, without any cookie of ours.
        let there = self.http.post(login_page).form(&[("sub", subject)]);
        Page::of(there.send().await.unwrap()).await.goes_on()
    }
}

fn user(subject: &str, groups: &[&str]) -> Value {
    json!({ "sub": subject, "groups": groups, "email": format!("{subject}@contoso.example"), "email_verified": true })
}

async fn company(sando: &Sando, provider: &PythonOauth) {
    let oidc = json!({
        "issuer": provider.issuer(), "audience": "sando", "client_id": "sando-console", "client_secret": "a secret",
        "groups": { "it": ["operator"], "lookers": ["viewer"] }
    });
    let roles = json!({ "administrator": ["hanna@contoso.example"] });
    sando
        .put("/v1/settings", json!({ "oidc": oidc, "roles": roles }))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_a_real_provider_sign_in_with_the_roles_of_their_groups() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let users = [
        user("ada", &["it"]),
        user("lee", &["lookers"]),
        user("jo", &["others"]),
        json!({ "sub": "kim" }),
    ];
    let provider = PythonOauth::with_users(&users).await;
    let sando = Sando::start(folder.path(), &around).await;
    company(&sando, &provider).await;

    let mut work = Vec::new();
    for subject in ["ada", "lee"] {
        let mut browser = Browser::new(&sando);
        let back = browser.log_in(subject).await;
        let entered = browser.get(&back).await;
        assert_eq!(entered.status, 303, "{subject}: {}", entered.text);
        assert_eq!(entered.goes_on(), "/console");
        let page = browser.get("/console").await;
        assert_eq!(page.status, 200, "{}", page.text);
        let name = format!("{subject}@contoso.example");
        assert!(page.text.contains(&name), "{}", page.text);
        let csrf = between(&page.text, "name=\"csrf\" value=\"", "\"");
        let form = [("csrf", csrf)];
        let tested = browser.ask("/console/settings/lever/test", Some(&form));
        work.push(tested.await.status);
        let out = browser.ask("/console/sign-out", Some(&form)).await;
        assert_eq!(out.goes_on(), "/console/sign-in");
        assert_eq!(browser.get("/console").await.status, 303, "signed out");
    }
    assert_eq!(work, [200, 403], "an operator may, a viewer may not");

    for subject in ["jo", "kim"] {
        let mut browser = Browser::new(&sando);
        let back = browser.log_in(subject).await;
        let refused = browser.get(&back).await;
        assert_eq!(refused.status, 403, "{subject}");
        assert!(
            refused.text.contains("Ask hanna@contoso.example"),
            "{}",
            refused.text
        );
        assert_eq!(browser.get("/console").await.status, 303);
    }
    assert!(sando.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_counts_once_and_for_who_began_it() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let provider = PythonOauth::with_users(&[user("ada", &["it"])]).await;
    let sando = Sando::start(folder.path(), &around).await;
    company(&sando, &provider).await;

    // Somebody else's browser, and another state.
    let mut browser = Browser::new(&sando);
    let back = browser.log_in("ada").await;
    let lured = Browser::new(&sando).get(&back).await;
    assert_eq!(lured.status, 403, "{}", lured.text);
    let kept = browser.cookies.clone();
    let other = browser.get(&format!("{back}x")).await;
    assert_eq!(other.status, 403, "{}", other.text);

    // The code is still good; after it was used, whoever kept cookie and address gets nothing for them.
    browser.cookies = kept.clone();
    assert_eq!(browser.get(&back).await.status, 303);
    let mut thief = Browser::new(&sando);
    thief.cookies = kept;
    let replayed = thief.get(&back).await;
    assert_eq!(replayed.status, 403, "{}", replayed.text);
    assert!(
        replayed.text.contains("This login has come back already"),
        "{}",
        replayed.text
    );
    assert_eq!(thief.get("/console").await.status, 303);

    // A code that another login gave: its ID token has another nonce.
    let mut one = Browser::new(&sando);
    let theirs = one.log_in("ada").await;
    let mut two = Browser::new(&sando);
    let ours = two.log_in("ada").await;
    let code = between(&theirs, "code=", "&");
    let own = between(&ours, "code=", "&");
    let injected = two.get(&ours.replace(own, code)).await;
    assert_eq!(injected.status, 403, "{}", injected.text);
    assert!(
        injected.text.contains("of another sign-in"),
        "{}",
        injected.text
    );
    assert!(sando.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_lets_nobody_in_and_locks_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let sando = Sando::start(folder.path(), &around).await;
    let gone = PythonOauth::start().await;
    company(&sando, &gone).await;
    drop(gone);

    let mut browser = Browser::new(&sando);
    let page = browser.get("/console/sign-in/provider").await;
    assert_eq!(page.status, 503, "{}", page.text);
    assert!(page.text.contains("Begin again"), "{}", page.text);
    let form = [("key", TOKEN)];
    let entered = browser.ask("/console/sign-in", Some(&form)).await;
    assert_eq!(entered.goes_on(), "/console", "a key still opens it");
    assert!(sando.stop());
}
