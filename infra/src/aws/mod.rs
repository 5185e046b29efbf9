//! The adapters for AWS: queues in SQS, secrets in Secrets Manager, keys wrapped by KMS, notifications over SNS.
//!
//! [`Config`] says where everything is; [`connect`] makes the ports of a function from it. The store is
//! [`crate::dynamo::DynamoStore`], as everywhere.

pub mod batch;
mod config;
mod connect;
mod errors;
mod kms;
mod platform;
mod s3;
mod secrets;
mod sns;
mod sqs;
mod telemetry;

pub use config::{Config, ConfigError};
pub use connect::{Connected, Edge, connect, connect_edge};
pub use kms::KmsKeyWrap;
pub use platform::Platform;
pub use s3::{S3Anchors, anchors};
pub use secrets::SecretsManagerSecrets;
pub use sns::SnsNotifier;
pub use sqs::{SqsEvents, SqsWork, queue_name};

/// Starts logging and reads the environment: what every function begins with.
///
/// # Errors
/// All mistakes of the configuration, which are logged too: Lambda shows no more of them than their type.
pub fn start() -> Result<Config, ConfigError> {
    let config = Config::from_vars(std::env::vars());
    telemetry::start(config.as_ref().map_or("", |config| &config.stack));
    config.inspect_err(|error| tracing::error!("{error}"))
}
