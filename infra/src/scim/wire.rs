//! SCIM's JSON, as far as it is read. `externalId` is *our* id of the person, `id` the server's of the user.

use serde::Deserialize;
use serde_json::{Value, json};

pub(super) const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const GROUP_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A user.
#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserBody {
    pub(super) id: String,
    #[serde(default)]
    pub(super) external_id: Value,
    #[serde(default)]
    pub(super) active: Value,
    /// Absent where the server does not show it, or where there are none.
    #[serde(default)]
    pub(super) groups: Option<Vec<MemberBody>>,
}

impl UserBody {
    /// Some servers write booleans as text. A server that shows nothing knows no inactive users.
    pub(super) fn is_active(&self) -> bool {
        match &self.active {
            Value::Bool(active) => *active,
            Value::String(text) => !text.eq_ignore_ascii_case("false"),
            _ => true,
        }
    }
}

/// A group.
#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupBody {
    pub(super) id: String,
    #[serde(default)]
    pub(super) members: Option<Vec<MemberBody>>,
}

/// A member of a group, or a group of a user.
#[derive(Deserialize, Clone)]
pub(super) struct MemberBody {
    #[serde(default)]
    pub(super) value: Option<String>,
    #[serde(default)]
    pub(super) display: Option<String>,
}

/// A list, by index or by cursor.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListBody {
    #[serde(default)]
    pub(super) total_results: Option<u64>,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
    #[serde(default, rename = "Resources", alias = "resources")]
    pub(super) resources: Option<Vec<Value>>,
}

/// A PATCH of one operation.
pub(super) fn patch(op: &str, path: &str, value: Option<Value>) -> Value {
    let mut operation = json!({"op": op, "path": path});
    if let (Some(value), Some(map)) = (value, operation.as_object_mut()) {
        map.insert("value".to_owned(), value);
    }
    json!({"schemas": [PATCH_SCHEMA], "Operations": [operation]})
}
