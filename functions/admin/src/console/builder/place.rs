//! Places in a definition that is being written, as JSON pointers: `/users/path`.

use serde_json::{Map, Value};

/// What stands at a place.
pub(super) fn get<'a>(file: &'a Value, at: &str) -> Option<&'a Value> {
    file.pointer(at)
}

/// Puts something at a place, making what is around it; nothing takes away what stands there.
pub(super) fn set(file: &mut Value, at: &str, value: Option<Value>) {
    let keys = at.split('/').skip(1);
    let keys: Vec<String> = keys
        .map(|key| key.replace("~1", "/").replace("~0", "~"))
        .collect();
    let Some((last, around)) = keys.split_last() else {
        return;
    };
    let mut here = file;
    for key in around {
        let Value::Object(fields) = here else { return };
        if value.is_none() && !fields.contains_key(key) {
            return;
        }
        here = fields
            .entry(key.clone())
            .or_insert_with(|| Value::Object(Map::new()));
    }
    let Value::Object(fields) = here else { return };
    match value {
        Some(value) => {
            fields.insert(last.clone(), value);
        }
        None => {
            fields.shift_remove(last);
        }
    }
}

/// A place below another one.
pub(super) fn below(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// A place as mistakes name it: `users.path`.
pub(super) fn dotted(at: &str) -> String {
    at.trim_start_matches('/')
        .replace('/', ".")
        .replace("~1", "/")
        .replace("~0", "~")
}

/// The place that a mistake or proposal names, as far as it is made of keys alone.
pub(super) fn pointed(dotted: &str) -> String {
    dotted
        .split('.')
        .fold(String::new(), |at, key| below(&at, key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_put_is_there_and_what_is_taken_away_leaves_the_rest() {
        let mut file = json!({ "users": { "path": "/u" }, "licenses": "auto" });
        set(&mut file, "/users/response_path", Some(json!("data")));
        set(&mut file, "/map/email", Some(json!("mail")));
        set(&mut file, "/users/path", None);
        set(&mut file, "/status/active_when", None);
        set(&mut file, "/licenses/conditions", Some(json!([])));
        set(
            &mut file,
            &below("/custom_fields", "a/b~c"),
            Some(json!("x")),
        );
        let expect = json!({ "users": { "response_path": "data" }, "licenses": "auto", "map": { "email": "mail" },
            "custom_fields": { "a/b~c": "x" } });
        assert_eq!(file, expect);
        assert_eq!(dotted("/users/path"), "users.path");
        assert_eq!(pointed("users.path"), "/users/path");
    }
}
