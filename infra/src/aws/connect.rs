//! Everything outside of a function on AWS, as core's ports.

use std::sync::Arc;

use sando_core::ids::Slug;
use sando_core::ports::{Clock, EventsQueue, Ports, RemoteError, Secrets, Tokens};
use sando_core::store::Store;

use super::config::Config;
use super::kms::KmsKeyWrap;
use super::secrets::SecretsManagerSecrets;
use super::sns::SnsNotifier;
use super::sqs::{SqsEvents, SqsWork};
use crate::applications::RemoteApplications;
use crate::budget::Budget;
use crate::dynamo::{DynamoStore, Tables};
use crate::http::{Guard, GuardedClient};
use crate::lever::{LeverClient, LeverSettings};
use crate::notify::{Besides, PostOffice};
use crate::oidc::ProviderTokens;
use crate::reading::AccountReaders;
use crate::system::{SystemChance, SystemClock};

/// The outside of a function.
#[derive(Clone)]
pub struct Connected {
    /// What handlers work with.
    pub ports: Ports,
    /// Credentials.
    pub secrets: Arc<dyn Secrets>,
    /// Who verifies tokens of an OpenID Connect provider.
    pub tokens: Arc<dyn Tokens>,
}

/// The outside of the function that receives webhooks: no store, no way out.
#[derive(Clone)]
pub struct Edge {
    /// Where verified webhooks go.
    pub events: Arc<dyn EventsQueue>,
    /// The signing tokens, asked for each time: the webhook caches them itself.
    pub secrets: Arc<dyn Secrets>,
}

/// Makes what the webhook needs. Nothing is called yet.
#[must_use]
pub fn connect_edge(config: &Config) -> Edge {
    let sdk = config.platform.sdk();
    let keeper = aws_sdk_secretsmanager::Client::new(&sdk);
    let secrets = SecretsManagerSecrets::new(keeper, config, Arc::new(SystemClock)).uncached();
    let events = SqsEvents::new(aws_sdk_sqs::Client::new(&sdk), &config.events_queue_url);
    Edge {
        events: Arc::new(events),
        secrets: Arc::new(secrets),
    }
}

/// Makes the ports. Nothing is called yet: what a role does not allow shows at the call that needs it.
///
/// # Errors
/// `Forbidden` if TLS cannot be set up.
pub fn connect(config: &Config) -> Result<Connected, RemoteError> {
    let sdk = config.platform.sdk();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tables = Tables {
        state: config.state_table.clone(),
        audit: config.audit_table.clone(),
        queue: String::new(),
    };
    let dynamo = aws_sdk_dynamodb::Client::new(&sdk);
    let store: Arc<dyn Store> = Arc::new(DynamoStore::new(dynamo, tables));
    let secrets: Arc<dyn Secrets> = Arc::new(SecretsManagerSecrets::new(
        aws_sdk_secretsmanager::Client::new(&sdk),
        config,
        clock.clone(),
    ));
    let http = GuardedClient::new(Guard {
        allow_loopback: config.allow_loopback,
        ..Guard::default()
    })?;
    let lever = lever(config, &http, &store, &secrets, &clock);
    let queues = aws_sdk_sqs::Client::new(&sdk);
    let work = SqsWork::new(queues, &config.work_queue_url, &config.syncs_queue_url);
    let topic = SnsNotifier::new(aws_sdk_sns::Client::new(&sdk), &config.alarm_topic_arn);
    let notifier = PostOffice {
        besides: Besides::Fallback(Arc::new(topic)),
        store: store.clone(),
        secrets: secrets.clone(),
        http: http.clone(),
        allow_loopback: config.allow_loopback,
    };
    let keys = Arc::new(KmsKeyWrap::new(
        aws_sdk_kms::Client::new(&sdk),
        &config.kms_key,
    ));
    let apps = RemoteApplications::new(http.clone(), secrets.clone(), store.clone(), clock.clone())
        .keeping_tokens(store.clone(), keys.clone());
    let readers = AccountReaders {
        http: http.clone(),
        secrets: secrets.clone(),
        store: store.clone(),
        keys: keys.clone(),
        clock: clock.clone(),
    };
    let ports = Ports {
        store,
        work: Arc::new(work),
        lever: Arc::new(lever),
        apps: Arc::new(apps),
        readers: Arc::new(readers),
        notifier: Arc::new(notifier),
        keys,
        clock,
        chance: Arc::new(SystemChance),
    };
    Ok(Connected {
        ports,
        secrets,
        tokens: Arc::new(ProviderTokens::new(http)),
    })
}

/// The client of Lever, with the budget that all processes share.
fn lever(
    config: &Config,
    http: &GuardedClient,
    store: &Arc<dyn Store>,
    secrets: &Arc<dyn Secrets>,
    clock: &Arc<dyn Clock>,
) -> LeverClient {
    let name = Slug::parse("lever").expect("the word is a slug");
    let budget = Budget::new(store.clone(), clock.clone(), name, config.lever_rate);
    LeverClient::new(LeverSettings {
        base_url: config.lever_api_url.clone(),
        http: http.clone(),
        secrets: secrets.clone(),
        budget: Arc::new(budget),
        clock: clock.clone(),
    })
}
