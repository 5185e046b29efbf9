//! Incoming webhooks of chats: `{"text": …}`, as Slack takes it and others after it.
//!
//! Source: Slack, "Sending messages using incoming webhooks": 200 with `ok`; 4xx with a word for what will not go away.

use http::Method;
use sando_core::ports::RemoteError;
use serde_json::json;
use url::Url;

use crate::http::{GuardedClient, Mask, Request};

/// How errors call it.
const REMOTE: &str = "the webhook";
/// The longest text that Slack takes without cutting it.
const LONGEST: usize = 3500;

/// Tells a channel, once. The address is a secret and shows in no error.
pub(super) async fn tell(http: &GuardedClient, url: &str, text: &str) -> Result<(), RemoteError> {
    let forbidden = || RemoteError::Forbidden {
        remote: REMOTE.to_owned(),
        why: "its address is no URL: set it again".to_owned(),
    };
    let mask = Mask::default().with([url]);
    let url: Url = url.parse().map_err(|_| forbidden())?;
    let mask = mask.with([url.path()]);
    let text: String = plain(text).chars().take(LONGEST).collect();
    let request = Request::new(REMOTE, Method::POST, url)
        .json(&json!({ "text": text }))
        .masked(&mask);
    http.send_once(&request).await?.checked().map(drop)
}

/// What would be a mention or a link in a chat is text.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_name_mentions_nobody() {
        assert_eq!(plain("<!channel> & co"), "&lt;!channel&gt; &amp; co");
    }
}
