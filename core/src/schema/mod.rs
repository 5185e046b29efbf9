//! The JSON Schemas of the files that describe a company's access, and what is wrong with the shape of such a file.
//!
//! A schema says what a file may look like; what it means is checked when it is taken in
//! ([`Company::take`](crate::company::Company::take)).

mod app;
mod lifecycle;
mod shape;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::config::ConfigKind;
use crate::definition::schema::{list_of, merge, object, pages, reference, shared, text};
use crate::mistake::Mistake;

/// The JSON Schema (2020-12) of files of a kind; none for what nobody keeps in a file.
#[must_use]
pub fn of(kind: ConfigKind) -> Option<Value> {
    let mut schema = match kind {
        ConfigKind::App => app::schema(),
        ConfigKind::Policy => lifecycle::policy(),
        ConfigKind::Rule => lifecycle::rule(),
        ConfigKind::Workflow => lifecycle::workflow(),
        ConfigKind::Attributes => lifecycle::attributes(),
        ConfigKind::Settings | ConfigKind::Pause => return None,
    };
    let mut known = shared();
    merge(&mut known, definitions());
    if kind == ConfigKind::App {
        merge(&mut known, json!({ "pagination": pages() }));
    }
    if kind == ConfigKind::Attributes {
        merge(&mut known, lifecycle::attribute());
    }
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Sando {}", kind.as_str()),
        "$defs": known,
    });
    merge(&mut schema, head);
    Some(schema)
}

/// All that is wrong with the shape of a file: unknown keys and words, what is missing, what is of another type.
#[must_use]
pub fn mistakes(kind: ConfigKind, file: &Value) -> Vec<Mistake> {
    let schema = of(kind);
    schema.map_or_else(Vec::new, |schema| shape::mistakes(&schema, file))
}

/// What these files refer to besides what definitions do.
fn definitions() -> Value {
    let span = json!({
        "description": "A length of time: minutes, hours, calendar days, working days, weeks",
        "type": "string", "pattern": "^[0-9]{1,4}(m|h|d|wd|w)$", "examples": ["72h", "3d", "3wd"],
    });
    let relative = object(
        "Relative to the first day",
        json!({
            "before_start": reference("span"),
            "on_start": { "enum": [true, {}, null] },
            "after_start": reference("span"),
            "at": text("The time of day, where the person works", Some("09:00")),
        }),
        &[],
    );
    json!({
        "auth": crate::auth::schema(),
        "span": span,
        "delivery": { "description": "When", "anyOf": [{ "enum": ["now", "on_start"] }, relative] },
        "names": list_of("Each a name", text("", None)),
        "texts": { "description": "Names and texts", "type": "object", "additionalProperties": { "type": "string" } },
    })
}
