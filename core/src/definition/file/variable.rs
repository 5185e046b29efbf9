//! What is asked when an application is connected: variables, checked.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

use super::fields::{Fields, Mistakes};
use crate::{
    mistake::{self, Mistake},
    path::{is_name, of_scalar},
};

/// The keys of a variable.
pub(crate) const KEYS: [&str; 6] = [
    "label", "example", "pattern", "choices", "default", "secret",
];

/// The longest value, in bytes.
const LONGEST: usize = 16 * 1024;

/// One variable.
#[derive(Debug, Clone)]
pub struct Variable {
    /// What to call it when asking.
    pub label: Option<String>,
    /// What a value looks like.
    pub example: Option<String>,
    /// The only values, if they are known.
    pub choices: Vec<String>,
    /// The value if none is given.
    pub default: Option<String>,
    /// Given and kept as a credential.
    pub secret: bool,
    pattern: Option<Regex>,
}

impl Variable {
    fn check(&self, text: &str) -> Result<(), String> {
        if text.len() > LONGEST {
            return Err("is too long".to_owned());
        }
        if text.is_empty() {
            return Err("must not be empty".to_owned());
        }
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == text) {
            return Err(format!("must be one of {}", self.choices.join(", ")));
        }
        if let Some(pattern) = &self.pattern
            && !pattern.is_match(text)
        {
            let example = self.example.as_deref();
            let example =
                example.map_or_else(String::new, |example| format!(", as `{example}` does"));
            return Err(format!("does not fit `{}`{example}", pattern.as_str()));
        }
        Ok(())
    }
}

/// All of them, by name.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    by_name: BTreeMap<String, Variable>,
}

impl Variables {
    /// Reads `variables`.
    pub(crate) fn read(fields: Fields<'_>, out: &mut Mistakes) -> Self {
        let mut by_name = BTreeMap::new();
        for (name, value) in fields.object("variables", out).into_iter().flatten() {
            let at = mistake::join(&fields.place("variables"), name);
            if !is_name(name) {
                out.push(Mistake::new(&at, "a name has letters, digits and `_`"));
            }
            let variable = match value {
                Value::Null => read(&Value::Object(Map::new()), &at, out),
                value => read(value, &at, out),
            };
            by_name.extend(variable.map(|variable| (name.clone(), variable)));
        }
        Self { by_name }
    }

    /// Their names and what is known of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.by_name
            .iter()
            .map(|(name, variable)| (name.as_str(), variable))
    }

    /// The values of all: those that are kept, secret ones out of the credentials, and the defaults. What is kept for a variable
    /// that is not declared any more is left out.
    ///
    /// # Errors
    /// Every value that is missing or does not fit.
    pub fn resolve_with(
        &self,
        given: &BTreeMap<String, String>,
        credentials: &BTreeMap<String, String>,
    ) -> Result<Map<String, Value>, Vec<Mistake>> {
        let secret = self.iter().filter(|(_, variable)| variable.secret);
        let secret = secret.filter_map(|(name, _)| credentials.get_key_value(name));
        let declared = given
            .iter()
            .filter(|(name, _)| self.by_name.contains_key(*name));
        let all = declared.chain(secret);
        self.resolve(
            &all.map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// The values of all: those given, and the defaults.
    ///
    /// # Errors
    /// Every value that is missing, does not fit, or belongs to no variable.
    pub fn resolve(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<Map<String, Value>, Vec<Mistake>> {
        let mut mistakes: Vec<Mistake> = given
            .keys()
            .filter(|name| !self.by_name.contains_key(*name))
            .map(|name| {
                mistake::unknown_word(
                    "variable",
                    name,
                    name,
                    self.by_name.keys().map(String::as_str),
                )
            })
            .collect();
        let mut values = Map::new();
        for (name, variable) in &self.by_name {
            let Some(text) = given.get(name).or(variable.default.as_ref()) else {
                let label = variable
                    .label
                    .as_deref()
                    .unwrap_or("a variable of the definition");
                mistakes.push(Mistake::new(name, format!("is missing: {label}")));
                continue;
            };
            match variable.check(text) {
                Ok(()) => {
                    values.insert(name.clone(), Value::from(text.as_str()));
                }
                Err(message) => mistakes.push(Mistake::new(name, message)),
            }
        }
        if mistakes.is_empty() {
            Ok(values)
        } else {
            Err(mistakes)
        }
    }
}

fn read(value: &Value, at: &str, out: &mut Mistakes) -> Option<Variable> {
    let fields = Fields::of(value, at, &KEYS, out)?;
    let scalar = |key: &str| {
        fields
            .get(key)
            .and_then(of_scalar)
            .map(std::borrow::Cow::into_owned)
    };
    let choices = fields.list("choices", out).unwrap_or_default();
    let choices = choices.iter().filter_map(of_scalar);
    let variable = Variable {
        label: scalar("label"),
        example: scalar("example"),
        choices: choices.map(std::borrow::Cow::into_owned).collect(),
        default: scalar("default"),
        secret: fields.flag("secret", out).unwrap_or_default(),
        pattern: pattern(fields, out),
    };
    for key in ["default", "example"] {
        if let Some(text) = scalar(key)
            && let Err(message) = variable.check(&text)
        {
            fields.wrong(key, message, out);
        }
    }
    if variable.secret && variable.default.is_some() {
        fields.wrong("default", "a secret has no default", out);
    }
    Some(variable)
}

fn pattern(fields: Fields<'_>, out: &mut Mistakes) -> Option<Regex> {
    let text = fields.text("pattern", out)?;
    let regex = regex::RegexBuilder::new(text).size_limit(1 << 20).build();
    match regex {
        Ok(regex) => Some(regex),
        Err(error) => {
            let message = error.to_string();
            let reason = message.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            fields.wrong(
                "pattern",
                format!("not a regular expression: {reason}"),
                out,
            );
            None
        }
    }
}
