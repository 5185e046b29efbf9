//! The OpenID Connect provider, as the settings show it: of its client secret only whether it is set.

use sando_core::admin::settings::{Set, Shown};
use sando_core::oidc::OidcSettings;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The provider as it goes in, with the secret of the console's client if it is a new one.
#[derive(Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub(crate) struct OidcBody {
    /// What is stored in the open.
    pub(crate) settings: OidcSettings,
    /// What is not; left out, the one that is set stays.
    pub(crate) client_secret: Option<String>,
}

impl TryFrom<Map<String, Value>> for OidcBody {
    type Error = String;

    fn try_from(mut fields: Map<String, Value>) -> Result<Self, String> {
        let client_secret = match fields.remove("client_secret") {
            None | Some(Value::Null) => None,
            Some(Value::String(secret)) => Some(secret),
            // What an answer shows in its place changes nothing.
            Some(Value::Object(shown)) if shown.contains_key("set") => None,
            Some(_) => return Err("`client_secret` is a text".to_owned()),
        };
        let settings = serde_json::from_value(Value::Object(fields));
        Ok(Self {
            settings: settings.map_err(|error| error.to_string())?,
            client_secret,
        })
    }
}

/// The provider as it comes out.
pub(crate) fn view(shown: &Shown) -> Option<Value> {
    let mut view = json!(shown.settings.oidc.as_ref()?);
    let Set { count, at } = &shown.client_secret;
    if let Value::Object(fields) = &mut view {
        let set = json!({ "set": *count > 0, "set_at": at });
        fields.insert("client_secret".to_owned(), set);
    }
    Some(view)
}
