//! Every row of the table of `definition.md`, "auth": as it is written, asked, and sent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::authorize::{SignIn, challenge};
use super::*;
use crate::ports::Chance;

struct Sevens;

impl Chance for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn auth(file: Value) -> Auth {
    serde_json::from_value(file).unwrap()
}

/// Variables and credentials for the tests.
struct World {
    variables: Map<String, Value>,
    credentials: BTreeMap<String, String>,
}

impl World {
    fn new() -> Self {
        let variables =
            json!({ "domain": "contoso", "account": 7, "instance": "https://eu.acme.example/" });
        let credentials = [
            ("client_id", "id 1"),
            ("client_secret", "s/1\n"),
            ("password", "pw"),
        ];
        Self {
            variables: variables.as_object().unwrap().clone(),
            credentials: credentials
                .into_iter()
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .collect(),
        }
    }

    fn given(&self) -> Given<'_> {
        Given {
            variables: &self.variables,
            credentials: &self.credentials,
        }
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn code(further: Value) -> AuthorizationCode {
    let mut file = json!({
        "type": "oauth2_authorization_code",
        "authorization_url": "https://{domain}.acme.example/authorize?tenant=1",
        "token_url": "https://{domain}.acme.example/token",
        "scopes": ["users:read", "b", "a"],
    });
    let further = further.as_object().unwrap().clone();
    file.as_object_mut().unwrap().extend(further);
    match auth(file) {
        Auth::AuthorizationCode(code) => *code,
        other => panic!("{other:?}"),
    }
}

fn form(request: &TokenRequest) -> Vec<String> {
    match &request.content {
        Content::Form(fields) => fields
            .iter()
            .map(|(name, text)| format!("{name}={text}"))
            .collect(),
        _ => panic!("no form"),
    }
}

#[test]
fn every_type_of_the_table_is_read_and_printed_again() {
    let files = [
        json!({ "type": "none" }),
        json!({ "type": "bearer", "prefix": "SSWS" }),
        json!({ "type": "basic", "password": { "now": "x" } }),
        json!({ "type": "headers", "headers": [
            { "name": "X-Version", "value": { "now": "2024-01" } },
            { "name": "X-Api-Key", "value": "later", "label": "API key" } ] }),
        json!({ "type": "query", "params": [{ "name": "key", "value": "later" }] }),
        json!({ "type": "oauth2_client_credentials", "token_url": "https://a.example/t", "scopes": ["a"],
            "token_params": { "audience": "x" }, "client_auth": "body", "token_body": "json", "grant_type": "account_credentials" }),
        json!({ "type": "oauth2_authorization_code", "authorization_url": "https://a.example/a", "token_url": "https://a.example/t",
            "scopes": ["b", "a"], "scope_separator": ",", "refresh_token": true, "refresh_url": "https://a.example/r",
            "authorize_params": { "access_type": "offline" }, "token_params": { "a": "b" }, "refresh_params": { "c": "d" },
            "client_auth": "basic", "token_body": "form", "pkce": true, "keep": { "host": "instance_url" } }),
        json!({ "type": "login", "method": "POST", "path": "/login", "body": { "user": "{user}" }, "token_path": "token",
            "keep": { "org": "org.id" }, "expires_in_secs": 900, "send": { "header": "X-Session" } }),
        json!({ "type": "jwt", "algorithm": "RS256", "claims": { "iss": "{account}" }, "lifetime_secs": 60,
            "exchange": { "token_url": "https://a.example/t", "grant_type": "g", "assertion": "assertion", "token_body": "form" } }),
    ];
    for (file, name) in files.into_iter().zip(Auth::TYPES) {
        let read = auth(file.clone());

        assert_eq!(serde_json::to_value(&read).unwrap(), file);
        assert_eq!(file["type"], name);
        assert_eq!(read.mistakes("auth"), []);
    }
    let unknown = json!({ "type": "jwt", "algorithm": "RS256", "claim": {} });
    assert!(serde_json::from_value::<Auth>(unknown).is_err());
}

#[test]
fn what_is_asked_follows_from_the_type() {
    let names = |file: Value| -> Vec<String> {
        let asked = auth(file).asked();
        asked
            .into_iter()
            .map(|asked| format!("{}{}", asked.name, if asked.optional { "?" } else { "" }))
            .collect()
    };

    assert_eq!(names(json!({ "type": "bearer" })), ["token"]);
    assert_eq!(names(json!({ "type": "basic" })), ["username", "password?"]);
    assert_eq!(
        names(json!({ "type": "basic", "username": { "now": "any" } })),
        ["password?"]
    );
    let headers = json!({ "type": "headers", "headers": [
        { "name": "X-Version", "value": { "now": "1" } }, { "name": "X-Key", "value": "later" }] });
    assert_eq!(names(headers), ["X-Key"]);
    let jwt = json!({ "type": "jwt", "algorithm": "HS256", "exchange": { "token_url": "https://a.example", "client_auth": "body" } });
    assert_eq!(names(jwt), ["private_key", "client_id", "client_secret?"]);
}

#[test]
fn a_client_proves_itself_in_the_header_or_in_the_body() {
    let world = World::new();
    let request = |further: Value| {
        let mut file = json!({ "type": "oauth2_client_credentials", "token_url": "https://{domain}.acme.example/token",
                "scopes": ["a", "b"], "token_params": { "account_id": "{account}", "n": 3 } });
        let further = further.as_object().unwrap().clone();
        file.as_object_mut().unwrap().extend(further);
        match auth(file) {
            Auth::ClientCredentials(of) => of.request(&world.given()).unwrap(),
            other => panic!("{other:?}"),
        }
    };

    let basic = request(json!({}));
    assert_eq!(basic.url.as_str(), "https://contoso.acme.example/token");
    assert_eq!(basic.basic, Some(("id+1".to_owned(), "s%2F1".to_owned())));
    assert_eq!(
        form(&basic),
        [
            "grant_type=client_credentials",
            "scope=a b",
            "account_id=7",
            "n=3"
        ]
    );
    let body = request(json!({ "client_auth": "body", "token_body": "json", "grant_type": "g" }));
    assert_eq!(body.basic, None);
    let expect = json!({ "grant_type": "g", "scope": "a b", "client_id": "id 1", "client_secret": "s/1",
        "account_id": "7", "n": "3" });
    assert!(body.content == Content::Json(expect));
}

#[test]
fn the_login_page_gets_ordered_scopes_further_parameters_state_and_challenge() {
    let world = World::new();
    let now = at("2026-11-21T20:00:00Z");
    let signing_in = SignIn::begin(&Sevens, "https://sando.example/oauth/callback", now);
    let of = code(json!({ "authorize_params": { "access_type": "offline", "state": "mine" } }));

    let url = of.authorize_url(&world.given(), &signing_in).unwrap();

    let verifier = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    let expect = format!(
        "https://contoso.acme.example/authorize?tenant=1&response_type=code&client_id=id%201\
         &redirect_uri=https%3A%2F%2Fsando.example%2Foauth%2Fcallback&scope=users%3Aread%20b%20a&state={verifier}\
         &code_challenge={}&code_challenge_method=S256&access_type=offline",
        challenge(verifier)
    );
    assert_eq!(url.as_str(), expect);
    assert!(signing_in.check(verifier, now).is_ok());
    assert!(signing_in.check("other", now).is_err());
    assert!(
        signing_in
            .check(verifier, at("2026-11-21T21:00:00Z"))
            .is_err()
    );
    assert!(!of.mistakes_of().is_empty(), "state is ours");
}

impl AuthorizationCode {
    fn mistakes_of(&self) -> Vec<crate::mistake::Mistake> {
        Auth::AuthorizationCode(Box::new(self.clone())).mistakes("auth")
    }
}

#[test]
fn the_challenge_is_that_of_rfc_7636() {
    assert_eq!(
        challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
}

#[test]
fn a_code_and_a_refresh_token_are_exchanged() {
    let world = World::new();
    let of = code(
        json!({ "client_auth": "body", "refresh_url": "{instance}/refresh",
        "refresh_params": { "grant_type": "renew" } }),
    );

    let exchange = of
        .exchange(&world.given(), "c", "https://sando.example/cb", Some("v"))
        .unwrap();
    assert_eq!(
        form(&exchange),
        [
            "grant_type=authorization_code",
            "code=c",
            "redirect_uri=https://sando.example/cb",
            "code_verifier=v",
            "client_id=id 1",
            "client_secret=s/1"
        ]
    );
    let refresh = of.refresh(&world.given(), "r").unwrap();
    assert_eq!(refresh.url.as_str(), "https://eu.acme.example/refresh");
    assert_eq!(
        form(&refresh),
        [
            "grant_type=renew",
            "refresh_token=r",
            "client_id=id 1",
            "client_secret=s/1"
        ]
    );
}

#[test]
fn a_login_is_a_request_like_others() {
    let world = World::new();
    let file = json!({ "type": "login", "path": "/login/{domain}", "token_path": "token",
        "form": { "pw": "{password}", "as": { "json": { "account": "{account}" } }, "text": "{ q { id } }" } });
    let Auth::Login(login) = auth(file) else {
        panic!("a login")
    };

    let request = login
        .request(&world.given(), |path| {
            Ok(format!("https://acme.example{path}").parse().unwrap())
        })
        .unwrap();

    assert_eq!(request.method, "POST");
    assert_eq!(request.url.as_str(), "https://acme.example/login/contoso");
    assert_eq!(
        form(&request),
        [r#"as={"account":7}"#, "pw=pw", "text={ q { id } }"]
    );
}

#[test]
fn a_token_to_sign_has_its_times_and_for_an_exchange_whom_it_is_for() {
    let world = World::new();
    let file = json!({ "type": "jwt", "algorithm": "RS256", "lifetime_secs": 60,
        "claims": { "iss": "acc.{account}", "n": "{account}" }, "header": { "kid": "k" },
        "exchange": { "token_url": "https://{domain}.acme.example/token" } });
    let Auth::Jwt(jwt) = auth(file) else {
        panic!("a jwt")
    };

    let unsigned = jwt
        .unsigned(&world.given(), at("2026-11-21T20:00:00Z"), "u")
        .unwrap();

    let parts: Vec<Value> = unsigned
        .text
        .split('.')
        .map(|part| {
            use base64::Engine;
            let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
            serde_json::from_slice(&bytes.unwrap()).unwrap()
        })
        .collect();
    assert_eq!(
        parts,
        [
            json!({ "alg": "RS256", "typ": "JWT", "kid": "k" }),
            json!({ "iss": "acc.7", "n": 7, "iat": 1_795_291_200, "exp": 1_795_291_260,
                "aud": "https://contoso.acme.example/token", "jti": "u" })
        ]
    );
    assert_eq!(unsigned.expires_at, at("2026-11-21T20:01:00Z"));
}

#[test]
fn what_cannot_work_is_told_with_its_place() {
    let told = |file: Value| -> Vec<String> {
        let mistakes = auth(file).mistakes("auth");
        mistakes.iter().map(ToString::to_string).collect()
    };

    assert_eq!(
        told(json!({ "type": "headers", "headers": [] })),
        ["auth.headers: at least one"]
    );
    assert_eq!(
        told(json!({ "type": "oauth2_client_credentials", "token_url": "/token" })),
        ["auth.token_url: a full URL: https://…"]
    );
    let login = json!({ "type": "login", "method": "GET", "path": "/l", "body": {}, "send": {} });
    assert_eq!(told(login).len(), 3);
}

#[test]
fn a_token_is_renewed_a_little_early_and_at_once_when_refused() {
    let state = |expires_at: Option<&str>| TokenState {
        access_token: "a".to_owned(),
        refresh_token: None,
        expires_at: expires_at.map(at),
        obtained_at: at("2026-11-21T20:00:00Z"),
        credentials_at: None,
        kept: Map::new(),
    };
    let held = |state: Option<TokenState>, leased_until: Option<&str>| Held {
        state,
        leased_until: leased_until.map(at),
        version: crate::store::Version(1),
    };
    let short = state(Some("2026-11-21T20:01:00Z"));

    let now = at("2026-11-21T20:00:50Z");
    assert_eq!(
        held(Some(short.clone()), None).next(now, None, None),
        Next::Use(short.clone())
    );
    assert_eq!(
        held(Some(short.clone()), None).next(now, None, Some("a")),
        Next::Obtain
    );
    assert_eq!(
        held(Some(short.clone()), None).next(at("2026-11-21T20:00:55Z"), None, None),
        Next::Obtain
    );
    let waits = held(Some(short), Some("2026-11-21T20:01:30Z"));
    assert!(matches!(waits.next(now, None, Some("a")), Next::Wait(_)));
    assert_eq!(
        held(None, Some("2026-11-21T20:00:10Z")).next(now, None, None),
        Next::Obtain,
        "a lease that has ended is none"
    );
    let forever = state(None);
    assert!(forever.is_good(at("2036-11-21T20:00:00Z")));
}

#[test]
fn a_token_of_older_credentials_is_not_used_and_one_of_newer_ones_is() {
    let with = |credentials_at: Option<&str>| Held {
        state: Some(TokenState {
            access_token: "a".to_owned(),
            refresh_token: None,
            expires_at: None,
            obtained_at: at("2026-11-21T20:00:00Z"),
            credentials_at: credentials_at.map(at),
            kept: Map::new(),
        }),
        leased_until: None,
        version: crate::store::Version(1),
    };
    let now = at("2026-11-21T20:00:50Z");
    let of = Some("2026-11-21T19:00:00Z");
    let next = |held: &Held, set_at: Option<&str>| held.next(now, set_at.map(at), None);

    assert!(matches!(next(&with(of), of), Next::Use(_)));
    assert_eq!(next(&with(of), Some("2026-11-21T20:00:40Z")), Next::Obtain);
    assert_eq!(next(&with(None), of), Next::Obtain);
    // Whoever still has the credentials of before uses what the new ones gave.
    assert!(matches!(
        next(&with(of), Some("2026-11-21T18:00:00Z")),
        Next::Use(_)
    ));
}

#[test]
fn what_a_refresh_does_not_repeat_stays() {
    let old = TokenState {
        access_token: "a".to_owned(),
        refresh_token: Some("r".to_owned()),
        expires_at: None,
        obtained_at: at("2026-11-21T20:00:00Z"),
        credentials_at: None,
        kept: Map::from_iter([("host".to_owned(), json!("x"))]),
    };
    let new = TokenState {
        access_token: "b".to_owned(),
        refresh_token: None,
        kept: Map::new(),
        ..old.clone()
    };

    let next = old.followed_by(new.clone());
    assert_eq!(next.refresh_token.as_deref(), Some("r"));
    assert_eq!(next.kept["host"], "x");
    let rotated = old.followed_by(TokenState {
        refresh_token: Some("r2".to_owned()),
        ..new
    });
    assert_eq!(rotated.refresh_token.as_deref(), Some("r2"));
    assert!(!format!("{old:?}").contains("\"a\""));
}

#[test]
fn an_access_token_alone_is_enough_and_a_refresh_token_needs_its_client() {
    let of = Auth::AuthorizationCode(Box::new(code(json!({ "pkce": false }))));
    let missing = |names: &[&str]| -> Vec<String> {
        let credentials = names
            .iter()
            .map(|name| ((*name).to_owned(), "x".to_owned()));
        let credentials = credentials.collect();
        let given = Given {
            variables: &Map::new(),
            credentials: &credentials,
        };
        let missing = of.missing(&given).into_iter();
        missing.map(|asked| asked.name).collect()
    };

    assert_eq!(missing(&["access_token"]), [""; 0]);
    assert_eq!(missing(&[]), ["refresh_token"]);
    assert_eq!(missing(&["refresh_token"]), ["client_id", "client_secret"]);
}
