//! Where AWS is and as whom it is called; the SDK's clients, which share one HTTP client.
//!
//! Credentials come from the environment, where Lambda puts those of the function's role: no chain of providers is
//! linked or tried, which keeps the start of a function short.

use std::fmt;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::SdkConfig;
use url::Url;

use crate::dynamo::retries;

/// Where AWS is, and as whom it is called. `Debug` shows the region only.
#[derive(Clone)]
pub struct Platform {
    /// `eu-central-1`.
    pub region: String,
    /// Of the function's role.
    pub access_key: String,
    /// Of the function's role.
    pub secret_key: String,
    /// Of the function's role.
    pub session_token: Option<String>,
    /// Where every service is, if not at AWS: an emulator.
    pub endpoint: Option<Url>,
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Platform({})", self.region)
    }
}

impl Platform {
    /// What every client is made from.
    #[must_use]
    pub fn sdk(&self) -> SdkConfig {
        let credentials = Credentials::new(
            &self.access_key,
            &self.secret_key,
            self.session_token.clone(),
            None,
            "environment",
        );
        let http = Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build_https();
        // Within a region answers take milliseconds: what takes longer is asked anew.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(4))
            .operation_timeout(Duration::from_secs(9))
            .build();
        let mut sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(retries())
            .timeout_config(timeouts)
            .http_client(http);
        if let Some(endpoint) = &self.endpoint {
            sdk = sdk.endpoint_url(endpoint.as_str());
        }
        sdk.build()
    }
}
