//! Calls Sando's own API as anybody would.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use sando_core::mistake::Mistake;
use sando_infra::http::{Answer, Guard, GuardedClient, Method, Request};
use serde_json::Value;
use url::Url;

/// A client of the API of a Sando.
pub struct Client {
    http: GuardedClient,
    base: Url,
    token: String,
}

/// What was answered.
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The body; null if it is no JSON.
    pub body: Value,
}

impl Answered {
    /// Was it done, or is it being done?
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What was wrong with what was sent, each with its place in it.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let text = |value: &Value, name: &str| {
            let text = value.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let errors = self.body.get("errors").and_then(Value::as_array);
        let errors = errors.into_iter().flatten();
        errors
            .map(|one| Mistake::new(text(one, "path"), text(one, "message")))
            .collect()
    }

    /// What was wrong, for people: each mistake as a line.
    pub fn problem(&self) -> Vec<String> {
        let lines: Vec<String> = self.mistakes().iter().map(Mistake::to_string).collect();
        if lines.is_empty() {
            let detail = self.body.get("detail").and_then(Value::as_str);
            return vec![format!("{}: {}", self.status, detail.unwrap_or_default())];
        }
        lines
    }

    /// The body of what was done.
    ///
    /// # Errors
    /// With what was wrong, if it was not.
    pub fn done(self) -> anyhow::Result<Value> {
        if !self.is_success() {
            bail!("{}", self.problem().join("; "));
        }
        Ok(self.body)
    }
}

impl Client {
    /// A client of a Sando on this machine, with an administrator's token.
    pub fn new(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        Self::at(&format!("http://{address}"), token)
    }

    /// A client of the Sando at this address.
    pub fn at(url: &str, token: &str) -> anyhow::Result<Self> {
        let http = GuardedClient::new(Guard {
            allow_loopback: true,
            ..Guard::default()
        })?;
        Ok(Self {
            http,
            base: Url::parse(url).with_context(|| format!("`{url}` is no URL"))?,
            token: token.to_owned(),
        })
    }

    /// Reads something.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.asked(path).await?.json()?)
    }

    /// Reads something; whatever is answered comes back.
    pub async fn read(&self, path: &str) -> anyhow::Result<Answered> {
        let answer = self.asked(path).await?;
        Ok(Answered {
            status: answer.status(),
            body: answer.json().unwrap_or_default(),
        })
    }

    /// Reads a text.
    pub async fn text(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.asked(path).await?;
        Ok(String::from_utf8_lossy(answer.body()).into_owned())
    }

    /// Reads a part of a text that is long, and where the next part is.
    pub async fn part(&self, path: &str) -> anyhow::Result<(String, Option<String>)> {
        let answer = self.asked(path).await?.checked()?;
        let next = answer.header("link").map(|link| {
            let path = link.strip_prefix('<');
            let path = path.and_then(|path| path.strip_suffix(">; rel=\"next\""));
            path.map(str::to_owned)
                .context("the next part cannot be found")
        });
        let text = String::from_utf8(answer.body().to_vec());
        Ok((text.context("it is no text")?, next.transpose()?))
    }

    async fn asked(&self, path: &str) -> anyhow::Result<Answer> {
        let request = self.request(Method::GET, path)?;
        let answer = self.http.read(&request).await;
        answer.with_context(|| format!("GET {path}"))
    }

    /// Changes something; whatever is answered comes back.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Answered> {
        let request = self.request(method.clone(), path)?.json(body);
        let answer = self
            .http
            .send_once(&request)
            .await
            .with_context(|| format!("{method} {path}"))?;
        Ok(Answered {
            status: answer.status(),
            body: answer.json().unwrap_or_default(),
        })
    }

    /// Changes something.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answered = self.send(method.clone(), path, body).await?;
        if !answered.is_success() {
            bail!(
                "{method} {path} answered {}: {}",
                answered.status,
                answered.body
            );
        }
        Ok(answered.body)
    }

    fn request(&self, method: Method, path: &str) -> anyhow::Result<Request> {
        let request = Request::new("Sando", method, self.base.join(path)?);
        Ok(request.header("authorization", &format!("Bearer {}", self.token))?)
    }
}
