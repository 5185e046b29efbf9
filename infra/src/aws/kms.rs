//! Keys of persons, wrapped by KMS.

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use sando_core::ports::{KeyWrap, RemoteError};

use super::errors::remote_error;

const REMOTE: &str = "KMS";
/// What a wrapped key is bound to. The roles of the functions may use the key with this context only, so that nothing
/// else that the key encrypts can be read with them.
const CONTEXT: (&str, &str) = ("sando", "person-key");

/// Wraps keys with a key that never leaves KMS.
#[derive(Clone, Debug)]
pub struct KmsKeyWrap {
    client: Client,
    key: String,
}

impl KmsKeyWrap {
    /// Wraps with the key of this ARN.
    #[must_use]
    pub fn new(client: Client, key: impl Into<String>) -> Self {
        let key = key.into();
        Self { client, key }
    }
}

#[async_trait]
impl KeyWrap for KmsKeyWrap {
    async fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, RemoteError> {
        let call = self.client.encrypt().key_id(&self.key);
        let wrapped = call
            .plaintext(Blob::new(key))
            .encryption_context(CONTEXT.0, CONTEXT.1)
            .send()
            .await
            .map_err(|error| remote_error(REMOTE, &error))?;
        bytes(wrapped.ciphertext_blob)
    }

    async fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, RemoteError> {
        let call = self.client.decrypt().key_id(&self.key);
        let key = call
            .ciphertext_blob(Blob::new(wrapped))
            .encryption_context(CONTEXT.0, CONTEXT.1)
            .send()
            .await
            .map_err(|error| remote_error(REMOTE, &error))?;
        bytes(key.plaintext)
    }
}

fn bytes(blob: Option<Blob>) -> Result<Vec<u8>, RemoteError> {
    blob.map(Blob::into_inner)
        .ok_or_else(|| RemoteError::Unreadable {
            remote: REMOTE.to_owned(),
            why: "it answered without a key".to_owned(),
        })
}
