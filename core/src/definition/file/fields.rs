//! Reads the keys of an object of the file, and gathers every mistake on the way.

use serde_json::{Map, Value};

use crate::{
    condition::Conditions,
    mistake::{self, Mistake},
    path::Path,
    value::ValueExpression,
};

/// Everything that is wrong with a file.
pub(crate) type Mistakes = Vec<Mistake>;

/// An object of the file and its place.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    at: &'a str,
}

impl<'a> Fields<'a> {
    /// The object; a mistake if it is none, and one for every key that is not `known`.
    pub(crate) fn of(
        value: &'a Value,
        at: &'a str,
        known: &[&'static str],
        out: &mut Mistakes,
    ) -> Option<Self> {
        let Value::Object(map) = value else {
            out.push(Mistake::new(
                at,
                format!("must be an object with the keys {}", known.join(", ")),
            ));
            return None;
        };
        let unknown = map.keys().filter(|key| !known.contains(&key.as_str()));
        out.extend(unknown.map(|key| mistake::unknown_key(at, key, known.iter().copied())));
        Some(Self { map, at })
    }

    /// The place of one key.
    pub(crate) fn place(&self, key: &str) -> String {
        mistake::join(self.at, key)
    }

    /// The value of a key; null is as good as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn wrong(&self, key: &str, message: impl Into<String>, out: &mut Mistakes) {
        out.push(Mistake::new(self.place(key), message));
    }

    pub(crate) fn missing(&self, key: &str, out: &mut Mistakes) {
        self.wrong(key, "is missing", out);
    }

    pub(crate) fn text(&self, key: &str, out: &mut Mistakes) -> Option<&'a str> {
        match self.get(key)? {
            Value::String(text) => Some(text),
            _ => {
                self.wrong(key, "must be text", out);
                None
            }
        }
    }

    pub(crate) fn required_text(&self, key: &str, out: &mut Mistakes) -> Option<&'a str> {
        if !self.has(key) {
            self.missing(key, out);
        }
        match self.text(key, out)? {
            "" => {
                self.wrong(key, "must not be empty", out);
                None
            }
            text => Some(text),
        }
    }

    pub(crate) fn flag(&self, key: &str, out: &mut Mistakes) -> Option<bool> {
        match self.get(key)? {
            Value::Bool(flag) => Some(*flag),
            _ => {
                self.wrong(key, "must be true or false", out);
                None
            }
        }
    }

    pub(crate) fn whole(
        &self,
        key: &str,
        least: u64,
        most: u64,
        out: &mut Mistakes,
    ) -> Option<u64> {
        let number = self.get(key)?.as_u64();
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Some(number),
            None => {
                self.wrong(
                    key,
                    format!("must be a whole number from {least} to {most}"),
                    out,
                );
                None
            }
        }
    }

    pub(crate) fn list(&self, key: &str, out: &mut Mistakes) -> Option<&'a [Value]> {
        match self.get(key)? {
            Value::Array(items) => Some(items),
            _ => {
                self.wrong(key, "must be a list", out);
                None
            }
        }
    }

    pub(crate) fn object(&self, key: &str, out: &mut Mistakes) -> Option<&'a Map<String, Value>> {
        match self.get(key)? {
            Value::Object(map) => Some(map),
            _ => {
                self.wrong(key, "must be an object", out);
                None
            }
        }
    }

    /// A list of texts, or one text alone.
    pub(crate) fn texts(&self, key: &str, out: &mut Mistakes) -> Option<Vec<String>> {
        let texts = match self.get(key)? {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect(),
            _ => None,
        };
        if texts.is_none() {
            self.wrong(key, "must be a list of texts", out);
        }
        texts
    }

    /// One of several words.
    pub(crate) fn word<T: Copy>(
        &self,
        key: &str,
        words: &[(&'static str, T)],
        out: &mut Mistakes,
    ) -> Option<T> {
        let text = self.text(key, out)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known = words.iter().map(|(word, _)| *word);
            out.push(mistake::unknown_word("word", &self.place(key), text, known));
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// A path into an answer or a user.
    pub(crate) fn path(&self, key: &str, out: &mut Mistakes) -> Option<Path> {
        let text = self.text(key, out)?;
        match Path::parse(text) {
            Ok(path) => Some(path),
            Err(error) => {
                self.wrong(key, error.to_string(), out);
                None
            }
        }
    }

    pub(crate) fn required_path(&self, key: &str, out: &mut Mistakes) -> Option<Path> {
        if !self.has(key) {
            self.missing(key, out);
        }
        self.path(key, out)
    }

    pub(crate) fn conditions(&self, key: &str, out: &mut Mistakes) -> Option<Conditions> {
        let compiled = Conditions::compile(self.get(key)?, &self.place(key));
        gathered(compiled, out)
    }

    pub(crate) fn expression(&self, key: &str, out: &mut Mistakes) -> Option<ValueExpression> {
        let compiled = ValueExpression::compile(self.get(key)?, &self.place(key));
        gathered(compiled, out)
    }
}

/// The result, or its mistakes among the others.
pub(crate) fn gathered<T>(result: Result<T, Vec<Mistake>>, out: &mut Mistakes) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(mistakes) => {
            out.extend(mistakes);
            None
        }
    }
}
