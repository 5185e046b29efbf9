//! JSON bodies with placeholders in their values.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Encoding, Placeholders, RenderError, Template, TemplateError};

/// How deeply a body may be nested.
pub(super) const DEEPEST: usize = 128;

/// A JSON body with placeholders. Keys are never templates.
///
/// A text that is one placeholder becomes its value with its JSON type; other texts stay texts.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyTemplate {
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    Text(Template),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl BodyTemplate {
    /// Compiles a body.
    ///
    /// # Errors
    /// [`TemplateError`] of any of its texts, or of its depth.
    pub fn compile(body: &Value, placeholders: Placeholders<'_>) -> Result<Self, TemplateError> {
        Ok(Self {
            root: Node::compile(body, placeholders, 0)?,
        })
    }

    /// Fills in the values that `lookup` has for the names of the placeholders.
    ///
    /// # Errors
    /// [`RenderError::Missing`]; null is a value where it stands alone, and missing within a text.
    pub fn render(&self, lookup: impl Fn(&str) -> Option<Value>) -> Result<Value, RenderError> {
        self.root.render(&lookup)
    }

    /// The templates of all texts, in the order of the document.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let mut templates = Vec::new();
        self.root.collect(&mut templates);
        templates.into_iter()
    }

    /// The names of all placeholders, in the order of the document.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.templates().flat_map(Template::names)
    }

    /// The body as it was written.
    pub fn to_value(&self) -> Value {
        self.root.to_value()
    }
}

impl Serialize for BodyTemplate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl Node {
    fn compile(
        value: &Value,
        placeholders: Placeholders<'_>,
        depth: usize,
    ) -> Result<Self, TemplateError> {
        if depth > DEEPEST {
            return Err(TemplateError::TooDeep);
        }
        let inner = |value| Self::compile(value, placeholders, depth + 1);
        Ok(match value {
            Value::String(text) => Self::Text(Template::parse(text, placeholders)?),
            Value::Array(items) => Self::List(items.iter().map(inner).collect::<Result<_, _>>()?),
            Value::Object(map) => {
                let fields = map
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), inner(value)?)));
                Self::Object(fields.collect::<Result<_, TemplateError>>()?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Literal(value.clone()),
        })
    }

    fn render(&self, lookup: &impl Fn(&str) -> Option<Value>) -> Result<Value, RenderError> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Text(template) => match template.single() {
                Some(path) => lookup(path.as_str()).ok_or_else(|| RenderError::Missing {
                    name: path.to_string(),
                })?,
                None => Value::String(template.render(lookup, Encoding::None)?),
            },
            Self::List(items) => Value::Array(
                items
                    .iter()
                    .map(|item| item.render(lookup))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(key, node)| Ok((key.clone(), node.render(lookup)?)));
                Value::Object(fields.collect::<Result<Map<_, _>, RenderError>>()?)
            }
        })
    }

    fn collect<'a>(&'a self, templates: &mut Vec<&'a Template>) {
        match self {
            Self::Literal(_) => {}
            Self::Text(template) => templates.push(template),
            Self::List(items) => items.iter().for_each(|item| item.collect(templates)),
            Self::Object(fields) => fields.iter().for_each(|(_, node)| node.collect(templates)),
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Text(template) => Value::from(template.as_str()),
            Self::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Self::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(key, node)| (key.clone(), node.to_value()));
                Value::Object(fields.collect())
            }
        }
    }
}
