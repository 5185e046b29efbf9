//! Every way to authenticate, over the wire.

use sando_world::saas::{
    ClientProof, Door, OauthOptions, OauthServer, Paging, SaasAnswer, SigningKey, TokenCoding,
};
use serde_json::{Value, json};

use crate::desk::{Desk, many, ten};

#[tokio::test]
async fn fixed_credentials_of_every_type_open_the_door() {
    for (door, secret, auth) in [
        (Door::Open, None, json!({ "type": "none" })),
        (
            Door::bearer("t0ken"),
            Some(("token", "t0ken")),
            json!({ "type": "bearer" }),
        ),
        (
            Door::Basic("any".to_owned(), "pass".to_owned()),
            Some(("password", "pass")),
            json!({ "type": "basic", "username": { "now": "any" } }),
        ),
        (
            Door::header("x-api-key", "k3y"),
            Some(("X-Api-Key", "k3y")),
            json!({ "type": "headers", "headers": [{ "name": "X-Api-Key", "value": "later" }] }),
        ),
        (
            Door::Query("key".to_owned(), "k 3y".to_owned()),
            Some(("key", "k 3y")),
            json!({ "type": "query", "params": [{ "name": "key", "value": "later" }] }),
        ),
    ] {
        let mut desk = Desk::new().await;
        desk.app.door(door);
        desk.app.list("/users", ten());
        if let Some((name, value)) = secret {
            desk = desk.secret(name, value);
        }

        desk.pull(json!({ "auth": auth })).await.are_all(10);
    }
}

async fn with_oauth(options: OauthOptions) -> (Desk, OauthServer) {
    let desk = Desk::new().await;
    let oauth = OauthServer::new(options);
    desk.app.oauth(oauth.clone());
    desk.app.door(Door::issued());
    desk.app.list("/users", ten());
    let desk = desk
        .secret("client_id", "client-1")
        .secret("client_secret", "s3cret/+ 1");
    (desk, oauth)
}

#[tokio::test]
async fn client_credentials_bring_a_token_that_counts_as_a_request() {
    let (desk, _) = with_oauth(OauthOptions {
        proof: ClientProof::Body,
        coding: TokenCoding::Json,
        wants: vec![(
            "audience".to_owned(),
            "https://contoso.example/api/".to_owned(),
        )],
        ..OauthOptions::default()
    })
    .await;
    let desk = desk.with(&["--set", "tenant=contoso"]);

    let told = desk
        .pull(json!({
            "variables": { "tenant": { "label": "Tenant" } },
            "auth": { "type": "oauth2_client_credentials", "token_url": "{base}/oauth/token", "client_auth": "body",
                "token_body": "json", "token_params": { "audience": "https://{tenant}.example/api/" } },
        }))
        .await;

    told.are_all(10);
    assert_eq!(told.summary()["requests"], 2);
}

fn code(host: &str) -> Value {
    json!({ "auth": { "type": "oauth2_authorization_code", "authorization_url": "{base}/authorize",
        "token_url": "{base}/oauth/token", "keep": { "instance": "instance_url" } },
        "base_url": "{instance}", "hosts": [host] })
}

#[tokio::test]
async fn a_refresh_token_is_rotated_in_its_file_before_it_is_used() {
    let mut options = OauthOptions {
        rotates: true,
        ..OauthOptions::default()
    };
    let desk = Desk::new().await;
    options.further = json!({ "instance_url": desk.app.base_url() })
        .as_object()
        .unwrap()
        .clone();
    let oauth = OauthServer::new(options);
    desk.app.oauth(oauth.clone());
    desk.app.door(Door::issued());
    desk.app.list("/users", ten());
    let host = desk.app.host();
    let desk = desk
        .secret("client_id", "client-1")
        .secret("client_secret", "s3cret/+ 1")
        .secret("refresh_token", &oauth.new_refresh_token());

    for _ in 0..3 {
        desk.pull(code(&host)).await.are_all(10);
        let kept = std::fs::read_to_string(desk.folder.path().join("secret-refresh_token"));
        assert!(oauth.knows_refresh_token(kept.unwrap().trim_end()));
    }
}

#[tokio::test]
async fn an_access_token_alone_is_enough() {
    let desk = Desk::new().await;
    desk.app.door(Door::bearer("acc3ss"));
    desk.app.list("/users", ten());
    let desk = desk.secret("access_token", "acc3ss");

    let told = desk
        .pull(json!({ "auth": { "type": "oauth2_authorization_code", "authorization_url": "{base}/authorize",
            "token_url": "{base}/oauth/token" } }))
        .await;

    told.are_all(10);
}

#[tokio::test]
async fn a_session_that_dies_in_the_middle_is_begun_again() {
    let desk = Desk::new().await;
    let oauth = OauthServer::new(OauthOptions {
        uses: Some(2),
        ..OauthOptions::default()
    });
    let issuing = oauth.clone();
    desk.app.oauth(oauth);
    desk.app.door(Door::Issued {
        header: "x-session".to_owned(),
        prefix: String::new(),
    });
    desk.app.script("/login", move |request| {
        match request.form("p").as_deref() {
            Some("pass-word") => SaasAnswer::json(&json!({ "s": { "id": issuing.issue() } })),
            _ => SaasAnswer::error(403, &json!({ "message": "no" })),
        }
    });
    desk.app.list("/users", many().paged(Paging::page()));
    let desk = desk.secret("password", "pass-word");

    let told = desk
        .pull(json!({
            "variables": { "password": { "secret": true } },
            "auth": { "type": "login", "path": "/login", "form": { "p": "{password}" }, "token_path": "s.id",
                "send": { "header": "X-Session" } },
            "users": { "pagination": { "type": "page" } },
        }))
        .await;

    told.are_all(23);
    assert_eq!(
        desk.app.asked_at("/login").len(),
        3,
        "six pages, two a session"
    );
    assert!(!told.err.contains("pass-word"));
}

#[tokio::test]
async fn a_signed_token_opens_the_door_or_is_exchanged() {
    let key = SigningKey::rsa();
    let desk = Desk::new()
        .await
        .secret("private_key", key.private().trim_end());
    desk.app.door(Door::Signed(key.clone()));
    desk.app.list("/users", ten());
    let auth = json!({ "type": "jwt", "algorithm": "RS256", "claims": { "iss": "acme" }, "lifetime_secs": 600 });
    desk.pull(json!({ "auth": auth })).await.are_all(10);

    desk.app.oauth(OauthServer::new(OauthOptions {
        proof: ClientProof::None,
        grants: vec!["urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()],
        assertions: Some(key),
        ..OauthOptions::default()
    }));
    desk.app.door(Door::issued());
    let auth = json!({ "type": "jwt", "algorithm": "RS256", "claims": { "iss": "acme" },
        "exchange": { "token_url": "{base}/oauth/token" } });
    desk.pull(json!({ "auth": auth })).await.are_all(10);
}

#[tokio::test]
async fn credentials_that_are_not_accepted_fail_with_the_application_s_words() {
    let desk = Desk::new().await.secret("token", "wr0ng-token");
    desk.app.door(Door::bearer("t0ken"));
    let told = desk.pull(json!({ "auth": { "type": "bearer" } })).await;

    told.is_incomplete("the token is not accepted");
    assert_eq!(told.summary()["failure"]["class"], "credentials");
    assert!(!told.err.contains("wr0ng-token"), "{}", told.err);

    let (desk, _) = with_oauth(OauthOptions::default()).await;
    let desk = desk.secret("refresh_token", "rev0ked");
    let mut without = code("127.0.0.1");
    without["base_url"] = json!("{base}");
    let told = desk.pull(without).await;
    told.is_incomplete("invalid_grant");
    assert!(!told.err.contains("rev0ked"), "{}", told.err);
}

#[tokio::test]
async fn a_token_endpoint_that_cannot_answer_now_says_nothing_about_the_credentials() {
    for status in [408, 425, 429, 500, 503] {
        for error in [
            json!("too_many_requests"),
            json!({ "code": status, "message": "try later" }),
        ] {
            let desk = Desk::new()
                .await
                .secret("client_id", "client-1")
                .secret("client_secret", "s3cret/+ 1");
            // Longer than anybody waits: the first try is the last one.
            desk.app.script("/token", move |_| {
                SaasAnswer::error(status, &json!({ "error": error })).with("retry-after", "3600")
            });

            let auth = json!({ "type": "oauth2_client_credentials", "token_url": "{base}/token" });
            let told = desk.pull(json!({ "auth": auth })).await;

            assert_eq!(told.code, 1, "{status}: {}", told.err);
            let failure = &told.summary()["failure"];
            assert_eq!(failure["class"], "remote_down", "{status}: {failure}");
            assert_eq!(failure["disable"], false, "{status}: {failure}");
        }
    }
}

#[tokio::test]
async fn credentials_are_not_sent_to_another_host_that_is_allowed() {
    let other = Desk::new().await;
    other.app.fixed(
        "/more",
        json!({ "data": [{ "id": 2, "email": "b@contoso.example" }], "next": null }),
    );
    let desk = Desk::new().await.secret("token", "t0ken");
    desk.app.door(Door::bearer("t0ken"));
    let next = format!("{}/more", other.app.base_url());
    desk.app.fixed(
        "/users",
        json!({ "data": [{ "id": 1, "email": "a@contoso.example" }], "next": next }),
    );
    let further = |hosts: Value| {
        json!({ "auth": { "type": "bearer" }, "hosts": hosts,
            "users": { "response_path": "data", "pagination": { "type": "next_url", "path": "next" } } })
    };

    desk.pull(further(json!([other.app.host()])))
        .await
        .are_all(2);
    assert_eq!(other.app.asked().len(), 1);
    assert_eq!(other.app.asked()[0].header("authorization"), None);

    let told = desk.pull(further(json!([]))).await;
    told.is_incomplete("hosts");
    assert_eq!(other.app.asked().len(), 1, "nothing was sent there");
}

#[tokio::test]
async fn a_token_may_come_from_another_host_and_each_sees_only_its_own_secret() {
    // 61, and 60: the issuer calls its tokens `BEARER`.
    let issuer = Desk::new().await;
    let (desk, oauth) = with_oauth(OauthOptions::default()).await;
    issuer.app.oauth(oauth);
    let token_url = format!("{}/oauth/token", issuer.app.base_url());

    let told = desk
        .pull(json!({ "auth": { "type": "oauth2_client_credentials", "token_url": token_url } }))
        .await;

    told.are_all(10);
    let asked_for_a_token = issuer.app.asked();
    assert_eq!(asked_for_a_token.len(), 1);
    let sent = asked_for_a_token[0].header("authorization");
    assert!(sent.unwrap_or_default().starts_with("Basic "));
    let asked_for_users = desk.app.asked();
    assert_eq!(asked_for_users.len(), 1);
    let sent = asked_for_users[0].header("authorization");
    assert!(sent.unwrap_or_default().starts_with("Bearer access-"));
}

#[tokio::test]
async fn no_part_of_a_long_token_is_shown_of_what_an_application_says() {
    let token = long_token();
    let says = |token: &str| format!("the token {token} lacks the scope `users`");
    for answer in [
        SaasAnswer::error(403, &json!({ "message": says(&token) })),
        SaasAnswer::text(403, "text/plain", &says(&token)),
        SaasAnswer::text(300, "text/plain", "").with(
            "location",
            &format!("https://login.acme.example/{token}/again"),
        ),
    ] {
        let desk = Desk::new().await.secret("token", &token);
        desk.app.script("/users", move |_| answer.clone());

        let told = desk.pull(json!({ "auth": { "type": "bearer" } })).await;

        assert_eq!(told.code, 1, "{}", told.err);
        assert!(told.err.contains("***"), "{}", told.err);
        assert!(!told.err.contains(&token[..20]), "{}", told.err);
    }
}

/// A token of 400 characters, no two parts of which are the same.
fn long_token() -> String {
    let numbers: String = (100..).take(132).map(|n: u32| n.to_string()).collect();
    format!("eyJ-{numbers}")
}
