//! Checkpoints of the audit in a bucket that keeps what it was given (object lock).
//!
//! Of S3 one request is needed, so it is made here and signed with AWS's own signer: the SDK's client would bring a dozen
//! further crates, and features that make all other clients be built anew.
//! Source: S3 API reference, "PutObject"; "Amazon S3 and Signature Version 4", seen 2026-11.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_credential_types::Credentials as Keys;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use sando_core::ports::{Anchors, Clock, RemoteError};
use sha2::{Digest, Sha256};
use url::Url;

use super::config::Config;
use super::platform::Platform;
use crate::http::{Credentials, Guard, GuardedClient, Request};
use crate::system::SystemClock;

const REMOTE: &str = "S3";
/// Where checkpoints lie in the bucket; the role of `schedule` may write nowhere else.
const PREFIX: &str = "checkpoints/";

/// Puts checkpoints into a bucket, an object each. `Debug` shows the bucket only.
#[derive(Clone)]
pub struct S3Anchors {
    http: GuardedClient,
    platform: Platform,
    bucket: String,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for S3Anchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Anchors({})", self.bucket)
    }
}

/// The bucket of the configuration, if it names one. Nothing is called yet.
///
/// # Errors
/// `Forbidden` if TLS cannot be set up.
pub fn anchors(config: &Config) -> Result<Option<Arc<dyn Anchors>>, RemoteError> {
    let Some(bucket) = config.anchor_bucket.clone() else {
        return Ok(None);
    };
    let http = GuardedClient::new(Guard {
        allow_loopback: config.platform.endpoint.is_some(),
        ..Guard::default()
    })?;
    Ok(Some(Arc::new(S3Anchors {
        http,
        platform: config.platform.clone(),
        bucket,
        clock: Arc::new(SystemClock),
    })))
}

impl S3Anchors {
    /// Each bucket has a name of its own; at an emulator it is the beginning of the path.
    fn url(&self, name: &str) -> Result<Url, RemoteError> {
        let (bucket, region) = (&self.bucket, &self.platform.region);
        let text = match &self.platform.endpoint {
            Some(endpoint) => {
                let endpoint = endpoint.as_str().trim_end_matches('/');
                format!("{endpoint}/{bucket}/{PREFIX}{name}")
            }
            None => {
                let china = if region.starts_with("cn-") { ".cn" } else { "" };
                format!("https://{bucket}.s3.{region}.amazonaws.com{china}/{PREFIX}{name}")
            }
        };
        Url::parse(&text).map_err(|_| forbidden("SANDO_ANCHOR_BUCKET is no name of a bucket"))
    }

    /// What proves who asks: the headers of the signature, for this request alone.
    fn signed(&self, url: &Url, body: &[u8], checksum: &str) -> Result<Credentials, RemoteError> {
        let platform = &self.platform;
        let (id, key) = (&platform.access_key, &platform.secret_key);
        let keys = Keys::new(id, key, platform.session_token.clone(), None, "environment");
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let identity = keys.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&platform.region)
            .name("s3")
            .time(SystemTime::from(self.clock.now()))
            .settings(settings)
            .build()
            .map_err(|_| forbidden("the request cannot be signed"))?;
        let headers = [("x-amz-checksum-sha256", checksum)].into_iter();
        let signable =
            SignableRequest::new("PUT", url.as_str(), headers, SignableBody::Bytes(body));
        let signed = signable.and_then(|signable| sign(signable, &params.into()));
        let signed = signed.map_err(|_| forbidden("the request cannot be signed"))?;
        let (instructions, _) = signed.into_parts();
        let (headers, _) = instructions.into_parts();
        headers
            .into_iter()
            .try_fold(Credentials::of(url), |credentials, header| {
                credentials.header(header.name(), "", header.value())
            })
            .map_err(forbidden)
    }
}

fn forbidden(why: impl Into<String>) -> RemoteError {
    RemoteError::Forbidden {
        remote: REMOTE.to_owned(),
        why: why.into(),
    }
}

#[async_trait]
impl Anchors for S3Anchors {
    /// For how long it is locked is the bucket's own default. A bucket with object lock takes nothing without a checksum.
    async fn keep(&self, name: &str, text: String) -> Result<(), RemoteError> {
        let url = self.url(name)?;
        let checksum = STANDARD.encode(Sha256::digest(text.as_bytes()));
        let signed = self.signed(&url, text.as_bytes(), &checksum)?;
        let request = Request::new(REMOTE, Method::PUT, url)
            .header("content-type", "application/json")?
            .header("x-amz-checksum-sha256", &checksum)?
            .bytes(text)
            .with(signed);
        self.http.send_once(&request).await?.checked()?;
        Ok(())
    }
}
