//! Encrypts personal values of audit records with a key of the person's own: deleting that key erases them.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key as CipherKey, XChaCha20Poly1305, XNonce};
use serde_json::Value;

use crate::audit::{AuditValue, PersonKey};
use crate::changes::Changes;
use crate::ids::PersonId;
use crate::ports::{Ports, RemoteError};
use crate::store::{Key, Loaded, StoreError};

use super::HandleError;

/// A person's key, unwrapped. Never printed.
pub struct Cipher {
    person: PersonId,
    cipher: XChaCha20Poly1305,
}

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

fn broken(why: &str) -> HandleError {
    HandleError::Keys(RemoteError::Unreadable {
        remote: "the key of a person".to_owned(),
        why: why.to_owned(),
    })
}

impl Cipher {
    /// Makes a new key; it counts once the answered item is stored.
    ///
    /// # Errors
    /// If the keeper of keys cannot wrap it.
    pub async fn make(ports: &Ports, person: &PersonId) -> Result<(Self, PersonKey), HandleError> {
        let mut key = [0_u8; KEY_BYTES];
        ports.chance.fill(&mut key);
        let wrapped = ports.keys.wrap(&key).await.map_err(HandleError::Keys)?;
        let item = PersonKey {
            person: person.clone(),
            wrapped: hex::encode(wrapped),
        };
        Ok((Self::with(person, &key)?, item))
    }

    /// Opens the person's key; none if it was erased or never made.
    ///
    /// # Errors
    /// If the store or the keeper of keys cannot be reached.
    pub async fn find(ports: &Ports, person: &PersonId) -> Result<Option<Self>, HandleError> {
        let stored = ports
            .store
            .find::<PersonKey>(&Key::PersonKey(person.clone()))
            .await?;
        let Some(item) = stored else { return Ok(None) };
        let wrapped =
            hex::decode(&item.entity.wrapped).map_err(|_| broken("it is not hexadecimal"))?;
        let key = ports
            .keys
            .unwrap(&wrapped)
            .await
            .map_err(HandleError::Keys)?;
        Self::with(person, &key).map(Some)
    }

    fn with(person: &PersonId, key: &[u8]) -> Result<Self, HandleError> {
        let key = CipherKey::try_from(key).map_err(|_| broken("it has another length"))?;
        Ok(Self {
            person: person.clone(),
            cipher: XChaCha20Poly1305::new(&key),
        })
    }

    /// Encrypts a value; bound to the person.
    ///
    /// # Errors
    /// None in practice: the values are short.
    pub fn seal(&self, ports: &Ports, value: &Value) -> Result<AuditValue, HandleError> {
        let mut nonce = [0_u8; NONCE_BYTES];
        ports.chance.fill(&mut nonce);
        let text = value.to_string();
        let payload = Payload {
            msg: text.as_bytes(),
            aad: self.person.as_str().as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| broken("it cannot encrypt"))?;
        Ok(AuditValue::Sealed {
            sealed: format!("{}{}", hex::encode(nonce), hex::encode(sealed)),
        })
    }

    /// Decrypts a value; null if it is not one of this key's.
    #[must_use]
    pub fn open(&self, value: &AuditValue) -> Value {
        match value {
            AuditValue::Open(value) => value.clone(),
            AuditValue::Sealed { sealed } => self.decrypt(sealed).unwrap_or(Value::Null),
        }
    }

    fn decrypt(&self, sealed: &str) -> Option<Value> {
        let bytes = hex::decode(sealed).ok()?;
        let (nonce, text) = bytes.split_at_checked(NONCE_BYTES)?;
        let nonce = XNonce::try_from(nonce).ok()?;
        let payload = Payload {
            msg: text,
            aad: self.person.as_str().as_bytes(),
        };
        serde_json::from_slice(&self.cipher.decrypt(&nonce, payload).ok()?).ok()
    }
}

/// Destroys a person's key with these changes: without it nobody can read what the audit sealed, and every chain still
/// verifies.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn destroy(
    ports: &Ports,
    person: &PersonId,
    changes: &mut Changes,
) -> Result<(), StoreError> {
    let key = Key::PersonKey(person.clone());
    if let Some(item) = ports.store.get(&key).await? {
        changes.delete(key, item.version);
    }
    Ok(())
}

/// Puts another key in the place of a person's own with these changes: nobody can read what the audit sealed until now, and
/// what is sealed from now on is read as before.
///
/// # Errors
/// If the store cannot be read or the keeper of keys cannot wrap it.
pub(super) async fn renew(
    ports: &Ports,
    person: &PersonId,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    let (_, item) = Cipher::make(ports, person).await?;
    let key = Key::PersonKey(person.clone());
    match ports.store.find::<PersonKey>(&key).await? {
        Some(known) => changes.update(&Loaded {
            entity: item,
            ..known
        }),
        None => changes.insert(&item),
    }
    Ok(())
}
