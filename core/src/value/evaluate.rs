//! Makes the value.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Kind, ValueExpression};
use crate::{
    moment::Moment,
    path::{Path, Scope, has_value, of_scalar},
    template::Encoding,
};

impl ValueExpression {
    /// The value that it makes of `input`; `None` if there is none, and never null.
    pub fn evaluate<'a>(&self, input: impl Into<Scope<'a>>) -> Option<Value> {
        self.find(input).map(Cow::into_owned)
    }

    /// The same, without a copy of what stands in `input` as it is.
    pub(crate) fn find<'a>(&self, input: impl Into<Scope<'a>>) -> Option<Cow<'a, Value>> {
        let scope = input.into();
        let value = match &self.kind {
            Kind::Path(path) => path.find(scope),
            Kind::FirstOf(parts) => parts
                .iter()
                .find_map(|part| part.find(scope).filter(|value| has_value(value))),
            Kind::Template(template) => {
                let filled = template.fill(
                    |path| path.find(scope).filter(|value| has_value(value)),
                    Encoding::None,
                );
                filled.ok().map(Value::String).map(Cow::Owned)
            }
            Kind::Join { parts, with } => join(parts, with, scope).map(Cow::Owned),
            Kind::Lookup { path, map, default } => {
                look_up(path, map.as_ref(), scope).or_else(|| default.clone().map(Cow::Owned))
            }
            Kind::Time {
                path,
                format,
                never,
            } => time(path, format.as_deref(), never, scope).map(Cow::Owned),
        };
        value.filter(|value| !value.is_null())
    }
}

fn join(parts: &[ValueExpression], with: &str, scope: Scope<'_>) -> Option<Value> {
    let mut texts: Vec<String> = Vec::new();
    for value in parts.iter().filter_map(|part| part.find(scope)) {
        match &*value {
            Value::Array(items) => {
                texts.extend(items.iter().filter_map(of_scalar).map(Cow::into_owned))
            }
            other => texts.extend(of_scalar(other).map(Cow::into_owned)),
        }
    }
    texts.retain(|text| !text.is_empty());
    (!texts.is_empty()).then(|| Value::String(texts.join(with)))
}

fn look_up<'a>(
    path: &Path,
    map: Option<&Map<String, Value>>,
    scope: Scope<'a>,
) -> Option<Cow<'a, Value>> {
    let found = path.find(scope)?;
    match map {
        None => Some(found).filter(|found| has_value(found)),
        Some(map) => map
            .get(of_scalar(&found)?.as_ref())
            .cloned()
            .map(Cow::Owned),
    }
}

fn time(path: &Path, format: Option<&str>, never: &[Value], scope: Scope<'_>) -> Option<Value> {
    let found = path.find(scope)?;
    let read = |value: &Value| match format {
        Some(format) => Moment::read_as(format, value).or_else(|_| Moment::read(value)),
        None => Moment::read(value),
    };
    let text = of_scalar(&found);
    if text.is_some() && never.iter().any(|value| of_scalar(value) == text) {
        return None;
    }
    let moment = match format {
        Some(format) => Moment::read_as(format, &found).ok()?,
        None => Moment::read(&found).ok()?,
    };
    let timestamp = moment.timestamp()?;
    if never
        .iter()
        .any(|value| read(value).ok().and_then(Moment::timestamp) == Some(timestamp))
    {
        return None;
    }
    moment.print().map(Value::String)
}
