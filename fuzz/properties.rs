//! What must hold of any bytes read as a definition or as a path. Whatever breaks it panics.

use sando_core::definition::Definition;
use sando_core::path::{MissingRows, Path};
use serde_json::{Value, json};

/// Mistakes that say something; or a definition that is itself when it is printed and read again.
pub(crate) fn definition(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Definition::parse(&text) {
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "refused without a reason");
            for mistake in &mistakes {
                assert!(!mistake.in_file("acme.yaml").is_empty());
            }
        }
        Ok(first) => {
            let printed = first.to_value();
            let second = Definition::parse(&printed.to_string());
            let second = second.unwrap_or_else(|mistakes| panic!("{mistakes:?} in {printed}"));
            assert_eq!(printed, second.to_value());
            // Not the texts alone: what was compiled of them, too.
            assert_eq!(format!("{first:?}"), format!("{second:?}"));
        }
    }
}

/// A reason; or a path that is itself when it is printed and read again, and that comes to an end in any document.
pub(crate) fn path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(path) = Path::parse(&text) else { return };
    let again = Path::parse(&path.to_string());
    assert_eq!(again.as_ref(), Ok(&path));
    for document in documents() {
        let _ = path.find(&document);
        let rows = path.rows(&document, MissingRows::AreNone);
        assert!(rows.map_or(0, |rows| rows.len()) <= 1_000);
    }
}

fn documents() -> [Value; 3] {
    let inner =
        json!({ "a": [1, { "b": null, "a": "x" }, [[], {}]], "b c": true, "k": "é", "": 0.5 });
    [
        json!(null),
        json!([inner, inner, [inner]]),
        json!({ "a": inner, "emails": [{ "primary": true, "value": inner }], "k": { "k": inner } }),
    ]
}
