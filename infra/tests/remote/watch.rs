//! What a test shows of the requests it makes: everything but secrets.

use std::collections::BTreeMap;
use std::sync::Arc;

use sando_core::definition::{Definition, Inputs, Outcome, Pull, Step};
use sando_core::ports::{
    Clock, Connection, CredentialSource, Opened, Readers, SecretValues, Watch, Watched,
};
use sando_infra::memory::MemoryStore;
use sando_infra::reading::AccountReaders;
use sando_infra::system::SystemClock;
use sando_world::saas::{ClientProof, Door, OauthOptions, OauthServer, SaasAnswer};
use serde_json::json;

use crate::auth::{Visitor, memory};
use crate::support::{FixedSecrets, client};
use crate::tokens::Turning;

/// An application that issues tokens, opened with this client secret.
async fn opened(secret: &str) -> (Visitor, Connection, Arc<Watch>, Option<Opened>) {
    let visitor = Visitor::to(Door::issued()).await;
    visitor.app.oauth(OauthServer::new(OauthOptions {
        proof: ClientProof::Body,
        ..OauthOptions::default()
    }));
    let base = visitor.app.base_url();
    let file = json!({
        "definition": "acme", "app": "acme", "base_url": base,
        "auth": {
            "type": "oauth2_client_credentials", "client_auth": "body",
            "token_url": format!("{base}/oauth/token")
        },
        "users": { "path": "/users" }, "map": { "external_id": "id", "email": "mail" }
    });
    let given = [("client_id", "client-1"), ("client_secret", secret)];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let watch = Arc::new(Watch::default());
    let connection = Connection {
        definition: Arc::new(Definition::compile(&file).unwrap()),
        credentials: CredentialSource::Given(SecretValues {
            credentials: given.into(),
            ..SecretValues::default()
        }),
        variables: BTreeMap::new(),
        watch: Some(watch.clone()),
    };
    let readers = AccountReaders {
        http: client(),
        secrets: Arc::new(FixedSecrets::default()),
        store: Arc::new(MemoryStore::new()),
        keys: Arc::new(Turning),
        clock: Arc::new(SystemClock),
    };
    let opened = readers.open(&connection).await.ok();
    (visitor, connection, watch, opened)
}

fn shows_no_secret(watched: &Watched) {
    let whole = format!("{watched:?}");
    assert!(!whole.contains("s3cret"), "{whole}");
    assert!(!whole.contains("access-"), "{whole}");
}

#[tokio::test]
async fn token_requests_and_headers_are_shown_without_secrets() {
    let (_visitor, connection, watch, opened) = opened("s3cret/+ 1").await;
    let opened = opened.unwrap();
    let inputs = Inputs {
        variables: opened.variables,
        ..Inputs::default()
    };
    let mut pull = Pull::start(connection.definition.clone(), inputs).unwrap();
    let Step::Send(request) = pull.step(SystemClock.now()) else {
        panic!("nothing is sent");
    };
    let Outcome::Answered(answer) = opened.reader.send(&request).await else {
        panic!("nothing is answered");
    };
    assert_eq!(answer.status, 200);

    let watched = watch.take();

    let counted = [opened.reader.tokens_sent(), opened.reader.tokens_sent()];
    assert_eq!(counted, [1, 0], "the token was asked for once");
    let token = &watched.tokens[0];
    assert_eq!((token.purpose, token.status), ("token", Some(200)));
    assert!(token.url.ends_with("/oauth/token"), "{}", token.url);
    let sent = token.sent.as_deref().unwrap();
    assert!(sent.contains("grant_type=client_credentials"), "{sent}");
    assert!(sent.contains("client_secret=***"), "{sent}");
    assert!(token.body.contains(r#""access_token":"***""#), "{token:?}");
    let sent = &watched.sent[&request.id];
    assert_eq!(sent.headers["authorization"], "Bearer ***");
    shows_no_secret(&watched);
}

#[tokio::test]
async fn a_token_that_is_refused_is_shown_too() {
    let (_visitor, _, watch, opened) = opened("s3cret-of-yesterday").await;
    assert!(opened.is_none());

    let watched = watch.take();

    let token = &watched.tokens[0];
    assert!(
        token.status.is_some_and(|status| status >= 400),
        "{token:?}"
    );
    shows_no_secret(&watched);
}

#[tokio::test]
async fn a_header_that_is_quoted_gives_no_password_away() {
    let visitor = Visitor::to(Door::Open).await.client();
    let visitor = visitor
        .with("username", "key-1234")
        .with("password", "pass-word");
    visitor.app.script("/token", |request| {
        let quoted = request.header("authorization").unwrap_or_default();
        let words = format!("invalid header {quoted}");
        SaasAnswer::error(
            401,
            &json!({ "error": "invalid_client", "error_description": words }),
        )
    });
    let basic = visitor.authenticator(json!({ "type": "basic" }), memory());
    let client = json!({ "type": "oauth2_client_credentials", "token_url": "{base}/token" });
    let client = visitor.authenticator(client, memory());

    let granted = basic.grant().await.unwrap();
    let refused = client.grant().await.unwrap_err().to_string();

    // `key-1234:pass-word` in base64.
    let quoted = "invalid header Basic a2V5LTEyMzQ6cGFzcy13b3Jk";
    assert_eq!(granted.mask().apply(quoted), "invalid header Basic ***");
    assert!(refused.contains("invalid header Basic ***"), "{refused}");
}
