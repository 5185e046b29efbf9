//! Secrets in Secrets Manager: one secret an owner, `<prefix><owner>`, whose text is [`SecretValues`] as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::delete_secret::DeleteSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use jiff::{SignedDuration, Timestamp};
use sando_core::ports::{Clock, RemoteError, SecretValues, Secrets};
use tokio::sync::Mutex;

use super::config::Config;
use super::errors::remote_error;

const REMOTE: &str = "Secrets Manager";
/// How long values are believed without asking again.
const KEPT: SignedDuration = SignedDuration::from_mins(5);
/// How often a 401 or a failed signature may make us ask.
const ASKED_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// Keeps secrets in Secrets Manager. Values are cached for 5 minutes, their absence is not; `fresh` asks again, at most every
/// 30 s.
#[derive(Clone)]
pub struct SecretsManagerSecrets {
    client: Client,
    prefix: String,
    kms_key: String,
    clock: Arc<dyn Clock>,
    kept: SignedDuration,
    cache: Arc<Mutex<BTreeMap<String, Kept>>>,
}

impl fmt::Debug for SecretsManagerSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretsManagerSecrets")
    }
}

#[derive(Clone)]
struct Kept {
    read_at: Timestamp,
    values: SecretValues,
}

impl SecretsManagerSecrets {
    /// Secrets below the prefix of the configuration, encrypted with its key.
    #[must_use]
    pub fn new(client: Client, config: &Config, clock: Arc<dyn Clock>) -> Self {
        Self {
            client,
            prefix: config.secrets_prefix.clone(),
            kms_key: config.kms_key.clone(),
            clock,
            kept: KEPT,
            cache: Arc::default(),
        }
    }

    /// The same without a cache, for a caller that has its own.
    #[must_use]
    pub fn uncached(self) -> Self {
        Self {
            kept: SignedDuration::ZERO,
            ..self
        }
    }

    fn name(&self, owner: &str) -> String {
        format!("{}{owner}", self.prefix)
    }

    async fn ask(&self, owner: &str) -> Result<Option<SecretValues>, RemoteError> {
        let call = self.client.get_secret_value().secret_id(self.name(owner));
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(remote_error(REMOTE, &error)),
        };
        let text = answer.secret_string().unwrap_or_default();
        // Not serde's own words: they can quote the values.
        let values = serde_json::from_str(text);
        values.map(Some).map_err(|_| RemoteError::Unreadable {
            remote: REMOTE.to_owned(),
            why: format!(
                "`{}` is not {{\"variables\": {{…}}, \"credentials\": {{…}}}}",
                self.name(owner)
            ),
        })
    }

    async fn ask_and_remember(&self, owner: &str) -> Result<Option<SecretValues>, RemoteError> {
        let now = self.clock.now();
        let values = self.ask(owner).await?;
        self.remember(owner, values.clone(), now).await;
        Ok(values)
    }

    /// That there is nothing is not remembered: another function may set it in the next moment, and is believed at once.
    async fn remember(&self, owner: &str, values: Option<SecretValues>, read_at: Timestamp) {
        let mut cache = self.cache.lock().await;
        match values.filter(|_| self.kept > SignedDuration::ZERO) {
            Some(values) => cache.insert(owner.to_owned(), Kept { read_at, values }),
            None => cache.remove(owner),
        };
    }

    async fn create(&self, owner: &str, text: String) -> Result<(), RemoteError> {
        let call = self.client.create_secret().name(self.name(owner));
        let made = call
            .kms_key_id(&self.kms_key)
            .secret_string(text)
            .send()
            .await;
        made.map(|_| ())
            .map_err(|error| remote_error(REMOTE, &error))
    }
}

#[async_trait]
impl Secrets for SecretsManagerSecrets {
    async fn read(&self, owner: &str, fresh: bool) -> Result<Option<SecretValues>, RemoteError> {
        let now = self.clock.now();
        let kept = self.cache.lock().await.get(owner).cloned();
        let limit = if fresh { ASKED_AGAIN } else { self.kept };
        if let Some(kept) = &kept
            && now.duration_since(kept.read_at) < limit
        {
            return Ok(Some(kept.values.clone()));
        }
        match (self.ask_and_remember(owner).await, kept) {
            // What was valid is the best guess while the keeper is away: at worst it gets a 401.
            (Err(error), Some(kept)) if error.is_passing() => {
                tracing::warn!(%error, "secrets cannot be read again: the known ones are used");
                Ok(Some(kept.values))
            }
            (answer, _) => answer,
        }
    }

    async fn read_since(
        &self,
        owner: &str,
        since: Timestamp,
    ) -> Result<Option<SecretValues>, RemoteError> {
        let kept = self.cache.lock().await.get(owner).cloned();
        let set_at = kept.and_then(|kept| kept.values.set_at);
        if set_at.is_some_and(|set_at| set_at >= since) {
            return self.read(owner, false).await;
        }
        self.ask_and_remember(owner).await
    }

    async fn write(&self, owner: &str, values: &SecretValues) -> Result<(), RemoteError> {
        let text = serde_json::to_string(values).map_err(|_| RemoteError::Unreadable {
            remote: REMOTE.to_owned(),
            why: "the values cannot be written as JSON".to_owned(),
        })?;
        let call = self.client.put_secret_value().secret_id(self.name(owner));
        match call.secret_string(&text).send().await {
            Ok(_) => {}
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutSecretValueError::is_resource_not_found_exception) =>
            {
                self.create(owner, text).await?;
            }
            Err(error) => return Err(remote_error(REMOTE, &error)),
        }
        self.remember(owner, Some(values.clone()), self.clock.now())
            .await;
        Ok(())
    }

    /// At once and for good: a secret that waits for its deletion could not be set again under its name.
    async fn remove(&self, owner: &str) -> Result<(), RemoteError> {
        let call = self.client.delete_secret().secret_id(self.name(owner));
        match call.force_delete_without_recovery(true).send().await {
            Ok(_) => {}
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DeleteSecretError::is_resource_not_found_exception) => {}
            Err(error) => return Err(remote_error(REMOTE, &error)),
        }
        self.remember(owner, None, self.clock.now()).await;
        Ok(())
    }
}
