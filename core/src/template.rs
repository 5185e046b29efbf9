//! Texts and bodies with placeholders: `/members/{user.id}`.
//!
//! A value that is filled in is a value and nothing else: it cannot end a path segment, begin a query, or open a JSON object.
//! What is a placeholder and what is text: `definition.md`, "One request, everywhere".

mod body;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde::{Serialize, Serializer};
use serde_json::Value;

pub use body::BodyTemplate;

use crate::path::{Path, is_name, of_scalar};

/// The longest text of a template, in bytes.
const LONGEST: usize = 64 * 1024;
/// The longest name of a placeholder, in bytes.
const LONGEST_NAME: usize = 1_000;

/// Everything but letters, digits, `-`, `.`, `_` and `~` (RFC 3986, "unreserved").
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text as it stands in a path or a query.
pub(crate) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

/// A text with placeholders, compiled. It prints as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
    undeclared: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(Path),
}

/// What between braces is a placeholder; everything else is text, braces included.
#[derive(Clone, Copy)]
pub enum Placeholders<'a> {
    /// Every name, or names with dots between them: `{login}`, `{user.id}`.
    AnyName,
    /// The names that are declared; asked with the whole of what stands between the braces (`grant.role`).
    Declared(&'a dyn Fn(&str) -> bool),
    /// Every path: `{emails[0].value}`.
    Paths,
}

/// How values are filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As they are: text for people, JSON values, header values.
    None,
    /// Percent-encoded for a URL or its path; what would still change the path (nothing, `.`, `..`) is refused.
    UrlPath,
    /// Percent-encoded for a query or a form.
    UrlQuery,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The text is too long.
    #[error("a template has at most {LONGEST} bytes")]
    TooLong,
    /// A body is nested too deeply.
    #[error("a body is nested at most {} levels deep", body::DEEPEST)]
    TooDeep,
}

/// Why a template could not be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// There is no value.
    #[error("`{name}` has no value")]
    Missing {
        /// The placeholder.
        name: String,
    },
    /// The value would change which path is meant: it is empty, or makes a segment `.` or `..`.
    #[error("the value of `{name}` cannot stand in the path of a URL")]
    UnfitForPath {
        /// The placeholder.
        name: String,
    },
}

impl Template {
    /// Compiles a text.
    ///
    /// # Errors
    /// [`TemplateError::TooLong`]. Nothing else is wrong: what is no placeholder is text.
    pub fn parse(text: &str, placeholders: Placeholders<'_>) -> Result<Self, TemplateError> {
        if text.len() > LONGEST {
            return Err(TemplateError::TooLong);
        }
        let mut template = Self {
            text: text.to_owned(),
            parts: Vec::new(),
            undeclared: Vec::new(),
        };
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            literal.push_str(before);
            if let Some(after) = after.strip_prefix('{') {
                literal.push('{');
                rest = after;
            } else if let Some((path, after)) = template.placeholder(after, placeholders) {
                template.push_text(&mut literal);
                template.parts.push(Part::Placeholder(path));
                rest = after;
            } else {
                literal.push('{');
                rest = after;
            }
        }
        literal.push_str(rest);
        template.push_text(&mut literal);
        Ok(template)
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of all placeholders, in their order, as they stand between the braces.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.paths().map(Path::as_str)
    }

    /// The placeholders as paths.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(path) => Some(path),
            Part::Text(_) => None,
        })
    }

    /// The placeholders as paths, to be exchanged for others.
    pub(crate) fn paths_mut(&mut self) -> impl Iterator<Item = &mut Path> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Placeholder(path) => Some(path),
            Part::Text(_) => None,
        })
    }

    /// The names between braces that are not declared and therefore text; perhaps misspelt ones.
    pub fn undeclared(&self) -> &[String] {
        &self.undeclared
    }

    /// Fills in the values that `lookup` has for the names of the placeholders.
    ///
    /// Scalars are written as a human would, arrays of scalars with commas between them, all else as JSON.
    ///
    /// # Errors
    /// [`RenderError::Missing`] also for null; [`RenderError::UnfitForPath`] with [`Encoding::UrlPath`] only.
    pub fn render(
        &self,
        lookup: impl Fn(&str) -> Option<Value>,
        encoding: Encoding,
    ) -> Result<String, RenderError> {
        self.fill(|path| lookup(path.as_str()).map(Cow::Owned), encoding)
    }

    /// Fills in the values that `lookup` has for the placeholders as paths.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn fill<'v>(
        &self,
        lookup: impl Fn(&Path) -> Option<Cow<'v, Value>>,
        encoding: Encoding,
    ) -> Result<String, RenderError> {
        let mut out = String::with_capacity(self.text.len());
        for part in &self.parts {
            let path = match part {
                Part::Text(text) => {
                    out.push_str(text);
                    continue;
                }
                Part::Placeholder(path) => path,
            };
            let missing = || RenderError::Missing {
                name: path.to_string(),
            };
            let value = lookup(path).ok_or_else(missing)?;
            let text = to_text(&value).ok_or_else(missing)?;
            if text.is_empty() && encoding == Encoding::UrlPath && !out.contains('?') {
                return Err(RenderError::UnfitForPath {
                    name: path.to_string(),
                });
            }
            match encoding {
                Encoding::None => out.push_str(&text),
                Encoding::UrlPath | Encoding::UrlQuery => out.extend(encoded(&text)),
            }
        }
        match self.paths().last() {
            Some(path) if encoding == Encoding::UrlPath && has_dot_segment(&out) => {
                Err(RenderError::UnfitForPath {
                    name: path.to_string(),
                })
            }
            _ => Ok(out),
        }
    }

    /// The only placeholder, if the template is nothing else.
    fn single(&self) -> Option<&Path> {
        match self.parts.as_slice() {
            [Part::Placeholder(path)] => Some(path),
            _ => None,
        }
    }

    fn push_text(&mut self, literal: &mut String) {
        if !literal.is_empty() {
            self.parts.push(Part::Text(std::mem::take(literal)));
        }
    }

    /// Reads the placeholder whose `{` stands before `text`, and gives what follows its `}`.
    fn placeholder<'t>(
        &mut self,
        text: &'t str,
        placeholders: Placeholders<'_>,
    ) -> Option<(Path, &'t str)> {
        let end = text.find(['{', '}'])?;
        let (inside, rest) = text.split_at_checked(end).filter(|_| end <= LONGEST_NAME)?;
        let rest = rest.strip_prefix('}')?;
        let path = Path::parse(inside).ok().filter(|path| !path.is_root())?;
        let is_one = match placeholders {
            Placeholders::AnyName => is_dotted_name(inside),
            Placeholders::Declared(declared) => {
                is_dotted_name(inside) && self.declares(inside, declared)
            }
            Placeholders::Paths => inside.trim() == inside && !inside.contains('\n'),
        };
        is_one.then_some((path, rest))
    }

    fn declares(&mut self, name: &str, declared: &dyn Fn(&str) -> bool) -> bool {
        let declares = declared(name);
        if !declares {
            self.undeclared.push(name.to_owned());
        }
        declares
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// A value as it stands in a text; `None` for null.
fn to_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::Array(items) => {
            let scalars: Option<Vec<Cow<'_, str>>> = items.iter().map(of_scalar).collect();
            Some(Cow::Owned(scalars.map_or_else(
                || value.to_string(),
                |scalars| scalars.join(","),
            )))
        }
        other => of_scalar(other).or_else(|| Some(Cow::Owned(other.to_string()))),
    }
}

fn is_dotted_name(text: &str) -> bool {
    text.split('.').all(is_name)
}

/// Whether a segment of the path is `.` or `..`, also where its dots are encoded, as URL parsers see it.
fn has_dot_segment(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|segment| {
        matches!(
            segment.to_ascii_lowercase().replace("%2e", ".").as_str(),
            "." | ".."
        )
    })
}
