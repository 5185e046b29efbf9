//! What is wrong with the shape of a file, by its schema: all of it at once, each with its place.

use serde_json::{Map, Value};

use crate::condition::{Condition, Conditions};
use crate::definition::Paging;
use crate::mistake::{self, Mistake};
use crate::schedule::Span;

/// Understands as much of JSON Schema as our own schemas use; what stands in a text or a number is told by who reads it.
pub(super) fn mistakes(schema: &Value, file: &Value) -> Vec<Mistake> {
    let mut shape = Shape {
        known: schema.get("$defs"),
        found: Vec::new(),
    };
    shape.look(schema, file, "");
    shape.found
}

struct Shape<'a> {
    known: Option<&'a Value>,
    found: Vec<Mistake>,
}

impl<'a> Shape<'a> {
    fn look(&mut self, schema: &'a Value, value: &Value, at: &str) {
        let reference = schema.get("$ref").and_then(Value::as_str);
        if let Some(name) = reference.and_then(|to| to.strip_prefix("#/$defs/")) {
            return self.look_up(name, value, at);
        }
        for word in ["oneOf", "anyOf"] {
            if let Some(forms) = schema.get(word).and_then(Value::as_array) {
                return self.look_at_one_of(forms, value, at);
            }
        }
        if !fits(schema, value) {
            self.found.push(misfit(&[schema], value, at));
            return;
        }
        match value {
            Value::Object(fields) => self.look_inside(schema, fields, at),
            Value::Array(items) => {
                let Some(each) = schema.get("items") else {
                    return;
                };
                for (index, item) in items.iter().enumerate() {
                    self.look(each, item, &mistake::item(at, index));
                }
            }
            _ => {}
        }
    }

    /// What stands in the file under a name of its own; what has a reader that tells all mistakes is left to it.
    fn look_up(&mut self, name: &str, value: &Value, at: &str) {
        match (name, value) {
            ("conditions", _) => {
                let mistakes = Conditions::compile(value, at).err();
                self.found.extend(mistakes.unwrap_or_default());
            }
            ("pagination", _) => self.found.extend(Paging::mistakes(value, at)),
            ("condition", _) => {
                let mistakes = Condition::compile(value, at).err();
                self.found.extend(mistakes.unwrap_or_default());
            }
            ("span", Value::String(text)) => {
                let error = Span::try_from(text.clone()).err();
                self.found
                    .extend(error.map(|error| Mistake::new(at, error.to_string())));
            }
            // `Mapping::compile` tells them.
            ("attribute", _) => {}
            _ => {
                if let Some(schema) = self.known.and_then(|known| known.get(name)) {
                    self.look(schema, value, at);
                }
            }
        }
    }

    /// An object of several is the one with its `type`; anything else is the first that it could be.
    fn look_at_one_of(&mut self, forms: &'a [Value], value: &Value, at: &str) {
        let kinds: Vec<&str> = forms.iter().filter_map(kind_of).collect();
        if kinds.is_empty() {
            match forms.iter().find(|form| fits(form, value)) {
                Some(form) => self.look(form, value, at),
                None => {
                    let all: Vec<&Value> = forms.iter().collect();
                    self.found.push(misfit(&all, value, at));
                }
            }
            return;
        }
        let here = mistake::join(at, "type");
        let Some(fields) = value.as_object() else {
            self.found.push(Mistake::new(at, "must be an object"));
            return;
        };
        let given = fields.get("type").and_then(Value::as_str);
        let form = given.and_then(|word| forms.iter().find(|form| kind_of(form) == Some(word)));
        match (given, form) {
            (Some(_), Some(form)) => self.look(form, value, at),
            (Some(word), None) => self
                .found
                .push(mistake::unknown_word("type", &here, word, kinds)),
            (None, _) => {
                let message = format!("is missing: one of {}", kinds.join(", "));
                self.found.push(Mistake::new(here, message));
            }
        }
    }

    fn look_inside(&mut self, schema: &'a Value, fields: &Map<String, Value>, at: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let further = schema.get("additionalProperties");
        let required = schema.get("required").and_then(Value::as_array);
        let required: Vec<&str> = required
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (key, value) in fields {
            let here = mistake::join(at, key);
            match (
                properties.and_then(|properties| properties.get(key)),
                further,
            ) {
                // Nothing is as good as left out.
                (Some(_), _) if value.is_null() && !required.contains(&key.as_str()) => {}
                (Some(schema), _) => self.look(schema, value, &here),
                (None, Some(Value::Bool(false))) => {
                    let known = properties.into_iter().flat_map(Map::keys);
                    let known = known.map(String::as_str);
                    let unknown = || mistake::unknown_key(at, key, known);
                    let mistake = not_of_actions(&here).unwrap_or_else(unknown);
                    self.found.push(mistake);
                }
                (None, Some(schema)) => self.look(schema, value, &here),
                (None, None) => {}
            }
        }
        let missing = required.iter().filter(|key| !fields.contains_key(**key));
        self.found
            .extend(missing.map(|key| Mistake::new(mistake::join(at, key), "is missing")));
    }
}

/// What requests of a definition have, and those of a provisioner have not.
fn not_of_actions(at: &str) -> Option<Mistake> {
    let (_, key) = at.strip_prefix("provisioner.actions.")?.split_once('.')?;
    let why = match key {
        "keep" => "nothing is kept for another request: attributes and `{user.id}` are there",
        _ => return None,
    };
    Some(Mistake::new(at, why))
}

/// The `type` that an object of this form has.
fn kind_of(form: &Value) -> Option<&str> {
    form.pointer("/properties/type/const")?.as_str()
}

/// Could it be meant, looked at from outside?
fn fits(schema: &Value, value: &Value) -> bool {
    if let Some(only) = schema.get("const") {
        return only == value;
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.contains(value);
    }
    match schema.get("type") {
        Some(Value::String(name)) => is(name, value),
        Some(Value::Array(names)) => {
            let mut names = names.iter().filter_map(Value::as_str);
            names.any(|name| is(name, value))
        }
        _ => true,
    }
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}

/// What could stand there instead.
fn misfit(forms: &[&Value], value: &Value, at: &str) -> Mistake {
    let words: Vec<&str> = forms.iter().flat_map(|form| words(form)).collect();
    if let Some(word) = value.as_str().filter(|_| !words.is_empty()) {
        return mistake::unknown_word("word", at, word, words);
    }
    let expected: Vec<String> = forms.iter().map(|form| expected(form)).collect();
    Mistake::new(at, format!("must be {}", expected.join(", or ")))
}

fn words(form: &Value) -> Vec<&str> {
    let words = form.get("enum").and_then(Value::as_array);
    let words = words.into_iter().flatten().chain(form.get("const"));
    words.filter_map(Value::as_str).collect()
}

fn expected(form: &Value) -> String {
    let words = words(form);
    if !words.is_empty() {
        return format!("one of {}", words.join(", "));
    }
    let name = |name: &Value| match name.as_str() {
        Some("string") => "text",
        Some("number") => "a number",
        Some("integer") => "a whole number",
        Some("boolean") => "true or false",
        Some("array") => "a list",
        Some("object") => "an object",
        _ => "nothing",
    };
    match form.get("type") {
        Some(Value::Array(names)) => names.iter().map(name).collect::<Vec<_>>().join(" or "),
        Some(one) => name(one).to_owned(),
        None => "something else".to_owned(),
    }
}
