//! What was given when connecting, and texts filled in with it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use url::Url;

use super::{AuthError, AuthField, AuthValue, Params};
use crate::template::{BodyTemplate, Encoding, Placeholders, Template};

/// Variables and credentials of one connection. `Debug` shows the names only.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// Asked when connecting, or kept from an answer.
    pub variables: &'a Map<String, Value>,
    /// Never shown again.
    pub credentials: &'a BTreeMap<String, String>,
}

impl Given<'_> {
    /// A credential; a line break at its end is none of it.
    ///
    /// # Errors
    /// [`AuthError::Missing`] also if it is empty.
    pub fn credential(&self, name: &str) -> Result<&str, AuthError> {
        self.perhaps(name).ok_or_else(|| AuthError::Missing {
            name: name.to_owned(),
        })
    }

    /// A credential that may be missing.
    #[must_use]
    pub fn perhaps(&self, name: &str) -> Option<&str> {
        self.credentials
            .get(name)
            .map(|text| text.trim_end_matches(['\r', '\n']))
            .filter(|text| !text.is_empty())
    }

    /// A value that is fixed, or the credential of that name.
    ///
    /// # Errors
    /// [`AuthError::Missing`] if it is neither.
    pub fn value(&self, name: &str, value: &AuthValue) -> Result<String, AuthError> {
        match value {
            AuthValue::Now(text) => self.text(name, text),
            AuthValue::Later => self.credential(name).map(str::to_owned),
        }
    }

    /// The value of a header or parameter, with what stands before it.
    ///
    /// # Errors
    /// As [`Given::value`].
    pub fn field(&self, field: &AuthField) -> Result<String, AuthError> {
        self.value(&field.name, &field.value)
    }

    /// A text with variables filled in; `place` is where it stands in the file.
    ///
    /// # Errors
    /// If it is too long.
    pub fn text(&self, place: &str, text: &str) -> Result<String, AuthError> {
        self.render(place, text, Encoding::None)
    }

    /// Parameters with variables filled in.
    ///
    /// # Errors
    /// As [`Given::text`].
    pub fn params(&self, place: &str, params: &Params) -> Result<Vec<(String, String)>, AuthError> {
        params
            .iter()
            .map(|(name, text)| Ok((name.to_owned(), self.text(place, text)?)))
            .collect()
    }

    /// A JSON value with variables filled in.
    ///
    /// # Errors
    /// As [`Given::text`].
    pub fn json(&self, place: &str, value: &Value) -> Result<Value, AuthError> {
        let known = |name: &str| self.lookup(name).is_some();
        let wrong = |why: String| AuthError::Wrong {
            place: place.to_owned(),
            why,
        };
        BodyTemplate::compile(value, Placeholders::Declared(&known))
            .map_err(|error| wrong(error.to_string()))?
            .render(|name| self.lookup(name))
            .map_err(|error| wrong(error.to_string()))
    }

    /// A full URL with variables filled in, encoded. A variable at its beginning may be a URL itself.
    ///
    /// # Errors
    /// [`AuthError::Wrong`] if it makes no URL.
    pub fn url(&self, place: &str, text: &str) -> Result<Url, AuthError> {
        let made = self.url_text(place, text)?;
        Url::parse(&made).map_err(|error| AuthError::Wrong {
            place: place.to_owned(),
            why: format!("it makes no URL: {error}"),
        })
    }

    /// The same, as text; perhaps only the path of one.
    ///
    /// # Errors
    /// As [`Given::text`].
    pub fn url_text(&self, place: &str, text: &str) -> Result<String, AuthError> {
        if let Some((name, rest)) = text.strip_prefix('{').and_then(|text| text.split_once('}'))
            && let Some(Value::String(head)) = self.lookup(name)
            && (head.starts_with("https://") || head.starts_with("http://"))
        {
            let rest = self.render(place, rest, Encoding::UrlPath)?;
            return Ok(format!("{}{rest}", head.trim_end_matches('/')));
        }
        self.render(place, text, Encoding::UrlPath)
    }

    fn render(&self, place: &str, text: &str, encoding: Encoding) -> Result<String, AuthError> {
        let known = |name: &str| self.lookup(name).is_some();
        let wrong = |why: String| AuthError::Wrong {
            place: place.to_owned(),
            why,
        };
        Template::parse(text, Placeholders::Declared(&known))
            .map_err(|error| wrong(error.to_string()))?
            .render(|name| self.lookup(name), encoding)
            .map_err(|error| wrong(error.to_string()))
    }

    fn lookup(&self, name: &str) -> Option<Value> {
        let variable = self.variables.get(name).cloned();
        variable.or_else(|| self.perhaps(name).map(Value::from))
    }
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables: Vec<_> = self.variables.keys().collect();
        let credentials: Vec<_> = self.credentials.keys().collect();
        write!(f, "Given({variables:?}, {credentials:?})")
    }
}
