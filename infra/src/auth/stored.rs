//! Tokens of an account in the store: encrypted, guarded by version, with a lease for who refreshes.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use jiff::Timestamp;
use rand::TryRng;
use rand::rngs::SysRng;
use sando_core::auth::{Held, TokenState, Tokens};
use sando_core::ports::{KeyWrap, RemoteError, Sent};
use sando_core::store::{Commit, Entity, Key, Loaded, Put, Store, StoreError, Version};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::http::unreadable;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The item of an account's tokens. Nothing in it can be read without the keeper of keys.
#[derive(Clone, Serialize, Deserialize)]
struct TokensItem {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leased_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
    /// When it may be forgotten, if it is for a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// Tokens, encrypted with a key that the keeper of keys has wrapped. Both as hexadecimal text.
#[derive(Clone, Serialize, Deserialize)]
struct Sealed {
    key: String,
    state: String,
}

impl Entity for TokensItem {
    const KIND: &'static str = "tokens";

    fn key(&self) -> Key {
        Key::Tokens(self.name.clone())
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.until
    }
}

/// The tokens of one account, in the store. `Debug` shows whose.
pub struct StoredTokens {
    store: Arc<dyn Store>,
    keys: Arc<dyn KeyWrap>,
    name: String,
    /// When they may be forgotten, if they are for a time.
    until: Option<Timestamp>,
    /// The key that was unwrapped last, by its wrapped text: the keeper is asked once.
    unwrapped: Mutex<Option<(String, Vec<u8>)>>,
}

impl fmt::Debug for StoredTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredTokens({})", self.name)
    }
}

impl StoredTokens {
    /// The tokens that are kept under a name, such as `account/<id>` or `app/<slug>`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, keys: Arc<dyn KeyWrap>, name: impl Into<String>) -> Self {
        Self {
            store,
            keys,
            name: name.into(),
            until: None,
            unwrapped: Mutex::default(),
        }
    }

    /// The same for a time: afterwards they may be forgotten.
    #[must_use]
    pub fn until(self, until: Timestamp) -> Self {
        Self {
            until: Some(until),
            ..self
        }
    }

    /// Drops the tokens. The item stays, empty, and its version goes on: whoever is getting tokens now cannot store them.
    ///
    /// # Errors
    /// `NoAnswer` if the store cannot be reached.
    pub async fn drop_all(&self) -> Result<(), RemoteError> {
        while let Some(loaded) = self.item().await? {
            let empty = TokensItem {
                name: self.name.clone(),
                leased_until: None,
                sealed: None,
                until: loaded.entity.until,
            };
            if self.put(&empty, loaded.version).await? {
                break;
            }
        }
        Ok(())
    }

    async fn item(&self) -> Result<Option<Loaded<TokensItem>>, RemoteError> {
        let key = Key::Tokens(self.name.clone());
        self.store.find(&key).await.map_err(|error| kept(&error))
    }

    async fn put(&self, item: &TokensItem, expect: Version) -> Result<bool, RemoteError> {
        let commit = Commit {
            puts: vec![Put::of(item, expect)],
            ..Commit::default()
        };
        match self.store.commit(&commit).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(kept(&error)),
        }
    }

    async fn open(&self, sealed: &Sealed) -> Result<TokenState, RemoteError> {
        let broken = || unreadable("stored tokens", "they cannot be decrypted: authorise again");
        let cipher = self.cipher(&sealed.key).await?;
        let bytes = hex::decode(&sealed.state).map_err(|_| broken())?;
        let (nonce, text) = bytes
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(broken)?;
        let payload = Payload {
            msg: text,
            aad: self.name.as_bytes(),
        };
        let plain = cipher.decrypt(&XNonce::from(*nonce), payload);
        serde_json::from_slice(&plain.map_err(|_| broken())?).map_err(|_| broken())
    }

    /// Encrypts with the key of the item, or with a new one.
    async fn seal(
        &self,
        before: Option<&Sealed>,
        state: &TokenState,
    ) -> Result<Sealed, RemoteError> {
        let broken = || unreadable("stored tokens", "they cannot be encrypted");
        let key = match before {
            Some(before) => before.key.clone(),
            None => {
                let mut key = [0; KEY_BYTES];
                SysRng.try_fill_bytes(&mut key).map_err(|_| broken())?;
                let wrapped = hex::encode(self.keys.wrap(&key).await?);
                *self.unwrapped.lock().await = Some((wrapped.clone(), key.to_vec()));
                wrapped
            }
        };
        let cipher = self.cipher(&key).await?;
        let mut nonce = [0; NONCE_BYTES];
        SysRng.try_fill_bytes(&mut nonce).map_err(|_| broken())?;
        let text = serde_json::to_vec(state).map_err(|_| broken())?;
        let payload = Payload {
            msg: &text,
            aad: self.name.as_bytes(),
        };
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload);
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed.map_err(|_| broken())?);
        Ok(Sealed {
            key,
            state: hex::encode(bytes),
        })
    }

    async fn cipher(&self, wrapped: &str) -> Result<XChaCha20Poly1305, RemoteError> {
        let broken = || unreadable("stored tokens", "their key cannot be read");
        let mut unwrapped = self.unwrapped.lock().await;
        if unwrapped.as_ref().is_none_or(|(known, _)| known != wrapped) {
            let bytes = hex::decode(wrapped).map_err(|_| broken())?;
            *unwrapped = Some((wrapped.to_owned(), self.keys.unwrap(&bytes).await?));
        }
        let key = unwrapped.as_ref().map(|(_, key)| key.as_slice());
        XChaCha20Poly1305::new_from_slice(key.unwrap_or_default()).map_err(|_| broken())
    }
}

#[async_trait]
impl Tokens for StoredTokens {
    async fn read(&self) -> Result<Held, RemoteError> {
        let Some(item) = self.item().await? else {
            return Ok(Held {
                state: None,
                leased_until: None,
                version: Version::ABSENT,
            });
        };
        let state = match &item.entity.sealed {
            Some(sealed) => Some(self.open(sealed).await?),
            None => None,
        };
        Ok(Held {
            state,
            leased_until: item.entity.leased_until,
            version: item.version,
        })
    }

    async fn lease(&self, seen: &Held, until: Timestamp) -> Result<Option<Version>, RemoteError> {
        let loaded = self.item().await?;
        let version = loaded
            .as_ref()
            .map_or(Version::ABSENT, |loaded| loaded.version);
        if version != seen.version {
            return Ok(None);
        }
        let item = TokensItem {
            name: self.name.clone(),
            leased_until: Some(until),
            sealed: loaded.and_then(|loaded| loaded.entity.sealed),
            until: self.until,
        };
        let taken = self.put(&item, version).await?;
        Ok(taken.then(|| version.next()))
    }

    async fn write(&self, leased: Version, state: &TokenState) -> Result<bool, RemoteError> {
        let Some(loaded) = self.item().await? else {
            return Ok(false);
        };
        if loaded.version != leased {
            // An earlier write whose answer was lost?
            let Some(sealed) = &loaded.entity.sealed else {
                return Ok(false);
            };
            return Ok(self.open(sealed).await? == *state);
        }
        let item = TokensItem {
            name: self.name.clone(),
            leased_until: None,
            sealed: Some(self.seal(loaded.entity.sealed.as_ref(), state).await?),
            until: self.until,
        };
        self.put(&item, leased).await
    }

    async fn release(&self, leased: Version) {
        let Ok(Some(loaded)) = self.item().await else {
            return;
        };
        if loaded.version == leased {
            let item = TokensItem {
                leased_until: None,
                ..loaded.entity
            };
            // If it cannot be given back, the lease ends by itself.
            let _ended = self.put(&item, leased).await;
        }
    }
}

fn kept(error: &StoreError) -> RemoteError {
    RemoteError::NoAnswer {
        remote: "the store of tokens".to_owned(),
        why: error.to_string(),
        sent: Sent::Perhaps,
    }
}
