//! Tokens that are kept: by one process, by many, and when storing goes wrong.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::future::join_all;
use jiff::Timestamp;
use sando_core::auth::{Held, TokenState, Tokens};
use sando_core::ports::{Clock, KeyWrap, RemoteError, Sent};
use sando_core::store::{Key, Store, Version};
use sando_infra::auth::{Authenticator, StoredTokens};
use sando_infra::memory::MemoryStore;
use sando_infra::system::SystemClock;
use sando_world::saas::{Door, OauthOptions, OauthServer};
use serde_json::json;

use crate::auth::{Visitor, code, memory};

/// Wraps keys by turning their bits over.
pub(crate) struct Turning;

#[async_trait]
impl KeyWrap for Turning {
    async fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, RemoteError> {
        Ok(key.iter().map(|byte| !byte).collect())
    }

    async fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, RemoteError> {
        Ok(wrapped.iter().map(|byte| !byte).collect())
    }
}

fn stored(store: &Arc<MemoryStore>) -> Arc<dyn Tokens> {
    Arc::new(StoredTokens::new(
        store.clone(),
        Arc::new(Turning),
        "account/a",
    ))
}

#[tokio::test]
async fn processes_that_share_a_store_refresh_once_and_nothing_of_it_can_be_read() {
    let visitor = Visitor::to(Door::issued()).await.client();
    let oauth = OauthServer::new(OauthOptions {
        rotates: true,
        ..OauthOptions::default()
    });
    visitor.app.oauth(oauth.clone());
    let visitor = {
        let refresh = oauth.new_refresh_token();
        visitor.with("refresh_token", &refresh)
    };
    let store = Arc::new(MemoryStore::default());
    let processes: Vec<Authenticator> = (0..8)
        .map(|_| visitor.authenticator(code(), stored(&store)))
        .collect();

    let granted = join_all(processes.iter().map(Authenticator::grant)).await;

    for granted in granted {
        assert_eq!(visitor.status(&granted.unwrap()).await, 200);
    }
    assert_eq!(visitor.app.asked_at("/oauth/token").len(), 1);
    let item = store
        .get(&Key::Tokens("account/a".to_owned()))
        .await
        .unwrap()
        .unwrap();
    assert!(!item.body.contains("refresh-") && !item.body.contains("access-"));
    let state = stored(&store).read().await.unwrap().state.unwrap();
    assert!(oauth.knows_refresh_token(&state.refresh_token.unwrap()));
}

#[tokio::test]
async fn who_lost_the_lease_writes_nothing_and_a_write_whose_answer_was_lost_is_recognised() {
    for tokens in [memory(), stored(&Arc::new(MemoryStore::default()))] {
        let later = SystemClock.now() + jiff::SignedDuration::from_secs(60);
        let state = |token: &str| TokenState {
            access_token: token.to_owned(),
            refresh_token: None,
            expires_at: None,
            obtained_at: Timestamp::UNIX_EPOCH,
            credentials_at: None,
            kept: serde_json::Map::new(),
        };
        let empty: Held = tokens.read().await.unwrap();
        assert_eq!(empty.version, Version::ABSENT);
        let first = tokens.lease(&empty, later).await.unwrap().unwrap();
        assert_eq!(tokens.lease(&empty, later).await.unwrap(), None);
        let held = tokens.read().await.unwrap();
        let second = tokens.lease(&held, later).await.unwrap().unwrap();

        assert!(!tokens.write(first, &state("a")).await.unwrap());
        assert!(tokens.write(second, &state("b")).await.unwrap());
        let held = tokens.read().await.unwrap();
        assert_eq!(held.state.unwrap().access_token, "b");
        assert_eq!(held.leased_until, None);
    }
}

/// A keeper that stores, and loses the answer, once.
struct Forgetful {
    tokens: Arc<dyn Tokens>,
    lost: AtomicUsize,
}

#[async_trait]
impl Tokens for Forgetful {
    async fn read(&self) -> Result<Held, RemoteError> {
        self.tokens.read().await
    }

    async fn lease(&self, seen: &Held, until: Timestamp) -> Result<Option<Version>, RemoteError> {
        self.tokens.lease(seen, until).await
    }

    async fn write(&self, leased: Version, state: &TokenState) -> Result<bool, RemoteError> {
        let written = self.tokens.write(leased, state).await?;
        if self.lost.fetch_add(1, Ordering::SeqCst) == 0 {
            return Err(RemoteError::NoAnswer {
                remote: "store".to_owned(),
                why: "lost".to_owned(),
                sent: Sent::Perhaps,
            });
        }
        Ok(written)
    }

    async fn release(&self, leased: Version) {
        self.tokens.release(leased).await;
    }
}

#[tokio::test]
async fn tokens_whose_storing_was_not_confirmed_are_used_once_they_are_seen_to_be_stored() {
    let visitor = Visitor::to(Door::issued()).await.client();
    visitor.app.oauth(OauthServer::new(OauthOptions::default()));
    let store = Arc::new(MemoryStore::default());
    let forgetful = Forgetful {
        tokens: stored(&store),
        lost: AtomicUsize::new(0),
    };
    let auth = json!({ "type": "oauth2_client_credentials", "token_url": "{base}/oauth/token" });
    let authenticator = visitor.authenticator(auth, Arc::new(forgetful));

    let granted = authenticator.grant().await.unwrap();

    assert_eq!(visitor.status(&granted).await, 200);
    assert_eq!(visitor.app.asked_at("/oauth/token").len(), 1);
    assert_eq!(BTreeMap::<String, String>::new(), visitor.values.variables);
}

#[tokio::test]
async fn new_credentials_get_a_token_of_their_own() {
    let mut visitor = Visitor::to(Door::issued()).await.client();
    visitor.app.oauth(OauthServer::new(OauthOptions::default()));
    let store = Arc::new(MemoryStore::default());
    let auth = json!({ "type": "oauth2_client_credentials", "token_url": "{base}/oauth/token" });
    let mut asked = Vec::new();
    for set_at in [1, 1, 2, 1] {
        visitor.values.set_at = Some(Timestamp::from_second(set_at).unwrap());
        let authenticator = visitor.authenticator(auth.clone(), stored(&store));
        authenticator.grant().await.unwrap();
        asked.push(visitor.app.asked_at("/oauth/token").len());
    }

    // Only newer ones: a process that does not know of them yet uses what they gave.
    assert_eq!(asked, [1, 1, 2, 2]);
}

#[tokio::test]
async fn whoever_gets_tokens_while_they_are_forgotten_cannot_store_them() {
    let store = Arc::new(MemoryStore::default());
    let tokens = StoredTokens::new(store.clone(), Arc::new(Turning), "account/a");
    let state = TokenState {
        access_token: "of the old tenant".to_owned(),
        refresh_token: None,
        expires_at: None,
        obtained_at: Timestamp::UNIX_EPOCH,
        credentials_at: None,
        kept: serde_json::Map::new(),
    };
    tokens.drop_all().await.unwrap();
    let until = Timestamp::MAX;
    let first = tokens.read().await.unwrap();
    let leased = tokens.lease(&first, until).await.unwrap().unwrap();
    assert!(tokens.write(leased, &state).await.unwrap());
    let second = tokens.read().await.unwrap();
    let leased = tokens.lease(&second, until).await.unwrap().unwrap();

    tokens.drop_all().await.unwrap();

    assert!(!tokens.write(leased, &state).await.unwrap());
    let held = tokens.read().await.unwrap();
    assert_eq!((held.state, held.leased_until), (None, None));
}
