//! The JSON Schema of a definition.

use serde_json::{Value, json};

/// The JSON Schema (2020-12) that `sando schema definition` prints.
#[must_use]
pub fn schema() -> Value {
    json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object" })
}
