//! What the server says it can do. A server that says nothing is asked to behave like the standard.

use http::Method;
use sando_core::ports::RemoteError;
use serde_json::Value;

use super::{Errand, ScimProvisioner};

/// What matters of a `ServiceProviderConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Features {
    pub(super) patch: bool,
    pub(super) filter: bool,
    pub(super) etag: bool,
    /// Pages are numbered; otherwise there are cursors only.
    pub(super) index_paging: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            patch: true,
            filter: true,
            etag: false,
            index_paging: true,
        }
    }
}

impl From<&Value> for Features {
    fn from(config: &Value) -> Self {
        let flag = |path: &str| config.pointer(path).and_then(Value::as_bool);
        let standard = Self::default();
        Self {
            patch: flag("/patch/supported").unwrap_or(standard.patch),
            filter: flag("/filter/supported").unwrap_or(standard.filter),
            etag: flag("/etag/supported").unwrap_or(standard.etag),
            index_paging: flag("/pagination/index")
                .unwrap_or(!flag("/pagination/cursor").unwrap_or(false)),
        }
    }
}

impl ScimProvisioner {
    /// Read once, and kept as long as the provisioner.
    ///
    /// # Errors
    /// As any read; a server that has no such page is no error.
    pub(super) async fn features(&self, errand: &Errand<'_>) -> Result<Features, RemoteError> {
        self.features
            .get_or_try_init(|| async {
                let request = self.request(Method::GET, "/ServiceProviderConfig", errand)?;
                let answer = self.get(request).await?;
                match answer.status() {
                    400 | 403 | 404 | 405 | 501 => return Ok(Features::default()),
                    _ => {}
                }
                let config = answer.checked()?.json();
                Ok(config
                    .as_ref()
                    .map_or_else(|_| Features::default(), Features::from))
            })
            .await
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_server_does_not_mention_is_as_the_standard_says() {
        assert_eq!(Features::from(&json!({})), Features::default());
        let features = Features::from(&json!({
            "patch": {"supported": false},
            "pagination": {"cursor": true, "index": false},
        }));
        assert!(!features.patch && !features.index_paging && features.filter);
    }
}
