//! Calls Sando's own API as anybody would.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use sando_infra::http::{Guard, GuardedClient, Method, Request};
use serde_json::Value;
use url::Url;

/// A client of the API of a Sando on this machine.
pub struct Client {
    http: GuardedClient,
    base: Url,
    token: String,
}

impl Client {
    /// A client with an administrator's token.
    pub fn new(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let http = GuardedClient::new(Guard {
            allow_loopback: true,
            ..Guard::default()
        })?;
        Ok(Self {
            http,
            base: Url::parse(&format!("http://{address}"))?,
            token: token.to_owned(),
        })
    }

    /// Reads something.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let request = self.request(Method::GET, path)?;
        let answer = self
            .http
            .read(&request)
            .await
            .with_context(|| format!("GET {path}"))?;
        Ok(answer.json()?)
    }

    /// Changes something.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.request(method.clone(), path)?.json(body);
        let answer = self
            .http
            .send_once(&request)
            .await
            .with_context(|| format!("{method} {path}"))?;
        if !answer.is_success() {
            bail!(
                "{method} {path} answered {}: {}",
                answer.status(),
                String::from_utf8_lossy(answer.body())
            );
        }
        Ok(answer.json().unwrap_or_default())
    }

    fn request(&self, method: Method, path: &str) -> anyhow::Result<Request> {
        let request = Request::new("Sando", method, self.base.join(path)?);
        Ok(request.header("authorization", &format!("Bearer {}", self.token))?)
    }
}
