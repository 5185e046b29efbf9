//! What was filled in, put into the definition. A value that was not changed stays as it is, to the letter.

use sando_core::condition::Operator;
use sando_core::definition::Source;
use serde_json::{Map, Value, json};

use super::delivery;
use super::kind::{Field, Kind};
use super::place::{get, set};
use super::repeat;
use super::rows::{MOST, is_later, wanted};
use super::show::{Unread, lines, prose, typed};
use super::yaml;
use crate::console::form::Form;
use crate::console::words;

/// A form that was sent, and the row that it takes away.
pub(super) struct Filled<'a> {
    form: &'a Form,
    gone: Option<&'a str>,
}

impl<'a> Filled<'a> {
    pub(super) fn of(form: &'a Form) -> Self {
        Self {
            form,
            gone: form.get("do").strip_prefix("remove:"),
        }
    }

    /// Puts a field into the definition, if the form has it; what cannot be read is told, and changes nothing.
    pub(super) fn put(&self, file: &mut Value, field: &Field, unread: &mut Unread) {
        let old = get(file, &field.at).cloned();
        if let Some(text) = self.form.find(&format!("y:{}", field.at)) {
            match read_yaml(text) {
                Ok(value) if value == old => {}
                Ok(value) => set(file, &field.at, value),
                Err(why) => {
                    unread.insert(field.at.clone(), (text.to_owned(), why));
                }
            }
            return;
        }
        let Some(value) = self.value(field, old.as_ref()) else {
            return;
        };
        match value {
            Ok(value) if value == old => {}
            Ok(value) => set(file, &field.at, value),
            Err((text, why)) => {
                unread.insert(field.at.clone(), (text, why));
            }
        }
    }

    /// What a field says; none if the form does not have it.
    fn value(
        &self,
        field: &Field,
        old: Option<&Value>,
    ) -> Option<Result<Option<Value>, (String, String)>> {
        let name = format!("f:{}", field.at);
        let text = || self.form.find(&name);
        Some(Ok(match &field.kind {
            Kind::Text | Kind::Choice(_) => scalar(&field.at, text()?, old),
            Kind::Expression => return Some(expression(&field.at, text()?, old)),
            Kind::Prose => of_prose(text()?, old),
            Kind::Number => number(text()?, old),
            Kind::Flag(usual) => {
                self.form.find(&format!("k:{}", field.at))?;
                let is_on = text().is_some();
                (old.is_some() || is_on != *usual).then_some(Value::Bool(is_on))
            }
            Kind::Lines => of_lines(text()?, old),
            Kind::Yaml => return None,
            Kind::Conditions => {
                let rows = self.conditions(&format!("c:{}", field.at), old)?;
                some_rows(rows, old)
            }
            Kind::Groups(key) => some_rows(self.groups(&format!("g:{}", field.at), old, key)?, old),
            Kind::Later => {
                let when = self.form.find(&format!("l:{}", field.at))?;
                self.later(when, text().unwrap_or_default(), old)
            }
            Kind::Pairs => some_rows(self.pairs(&format!("a:{}", field.at), old)?, old),
            Kind::Aliases => return self.aliases(&format!("n:{}", field.at), old),
            Kind::Repeat => {
                let may = self.form.find(&format!("r:{}", field.at))?;
                repeat::read(may, text().unwrap_or_default(), old)
            }
            Kind::Delivery(_) => {
                let when = self.form.find(&format!("d:{}", field.at))?;
                let at = self
                    .form
                    .find(&format!("t:{}", field.at))
                    .unwrap_or_default();
                delivery::read(when, text().unwrap_or_default(), at, old)
            }
        }))
    }

    /// The numbers of the rows of a list, those aside that are taken away; none if the form does not have the list.
    fn rows(&self, prefix: &str) -> Option<Vec<usize>> {
        let begin = format!("{prefix}.");
        let numbers = self.form.names().filter_map(|name| {
            let rest = name.strip_prefix(&begin)?;
            rest.split('.').next()?.parse::<usize>().ok()
        });
        let mut numbers: Vec<usize> = numbers.collect();
        if numbers.is_empty() {
            return None;
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers.retain(|place| self.gone != Some(&format!("{prefix}.{place}")));
        numbers.truncate(MOST);
        Some(numbers)
    }

    fn conditions(&self, prefix: &str, old: Option<&Value>) -> Option<Vec<Value>> {
        let rows = self.rows(prefix)?;
        let one = |place: usize| self.condition(&format!("{prefix}.{place}"), item(old, place));
        Some(rows.into_iter().filter_map(one).collect())
    }

    fn condition(&self, at: &str, old: Option<&Value>) -> Option<Value> {
        let text = |key: &str| self.form.find(&format!("{at}.{key}")).unwrap_or_default();
        let path = text("path").trim();
        let op = Operator::find(text("op"))?;
        let inner = old.and_then(|old| old.get("where"));
        let inner = self
            .conditions(&format!("{at}.where"), inner)
            .unwrap_or_default();
        if path.is_empty() && text("value").trim().is_empty() && inner.is_empty() {
            return None;
        }
        let mut made = Map::new();
        made.insert("path".to_owned(), json!(path));
        made.insert("op".to_owned(), json!(op.name()));
        match op {
            Operator::HasValue | Operator::IsEmpty => {}
            Operator::Some => {
                made.insert("where".to_owned(), Value::Array(inner));
            }
            _ => {
                let before = old.and_then(|old| old.get("value"));
                made.insert("value".to_owned(), asked(op, text("value"), before));
            }
        }
        if self.form.find(&format!("{at}.ignore_case")).is_some() {
            made.insert("ignore_case".to_owned(), Value::Bool(true));
        } else if old.is_some_and(|old| old.get("ignore_case") == Some(&Value::Bool(false))) {
            made.insert("ignore_case".to_owned(), Value::Bool(false));
        }
        Some(as_before(Value::Object(made), old))
    }

    fn groups(&self, prefix: &str, old: Option<&Value>, key: &str) -> Option<Vec<Value>> {
        let rows = self.rows(prefix)?;
        let made = rows.into_iter().filter_map(|place| {
            let (at, old) = (format!("{prefix}.{place}"), item(old, place));
            let before = old.and_then(|old| old.get(key));
            let name = scalar("", self.form.find(&format!("{at}.name"))?, before);
            let inner = old.and_then(|old| old.get("when"));
            let when = self
                .conditions(&format!("{at}.when"), inner)
                .unwrap_or_default();
            if name.is_none() && when.is_empty() {
                return None;
            }
            let mut made = Map::new();
            made.insert(key.to_owned(), name.unwrap_or_else(|| json!("")));
            if let Some(when) = some_rows(when, inner) {
                made.insert("when".to_owned(), when);
            }
            Some(as_before(Value::Object(made), old))
        });
        Some(made.collect())
    }

    fn later(&self, when: &str, text: &str, old: Option<&Value>) -> Option<Value> {
        let before = old.and_then(is_later).flatten();
        match when {
            "now" if before.as_deref() == Some(text) => old.cloned(),
            "now" => Some(json!({ "now": text.trim() })),
            _ if old.is_none() || old == Some(&json!("later")) => old.cloned(),
            _ => Some(json!("later")),
        }
    }

    fn aliases(
        &self,
        prefix: &str,
        old: Option<&Value>,
    ) -> Option<Result<Option<Value>, (String, String)>> {
        let before = old.and_then(Value::as_object).into_iter().flatten();
        let before: Vec<&Value> = before.map(|(_, also)| also).collect();
        let mut made = Map::new();
        for place in self.rows(prefix)? {
            let at = format!("{prefix}.{place}");
            let text = |key: &str| self.form.find(&format!("{at}.{key}")).unwrap_or_default();
            let (name, also) = (text("name").trim(), text("also"));
            if name.is_empty() && also.trim().is_empty() {
                continue;
            }
            let also = asked(Operator::AnyOf, also, before.get(place).copied());
            match made.get_mut(name).and_then(Value::as_array_mut) {
                Some(known) => known.extend(also.as_array().cloned().unwrap_or_default()),
                None => {
                    made.insert(name.to_owned(), also);
                }
            }
        }
        let was_empty = old == Some(&json!({}));
        if made.is_empty() {
            return Some(Ok(was_empty.then(|| json!({}))));
        }
        Some(named(made).map(Some))
    }

    fn pairs(&self, prefix: &str, old: Option<&Value>) -> Option<Vec<Value>> {
        let rows = self.rows(prefix)?;
        let made = rows.into_iter().filter_map(|place| {
            let (at, old) = (format!("{prefix}.{place}"), item(old, place));
            let text = |key: &str| self.form.find(&format!("{at}.{key}")).unwrap_or_default();
            let name = text("name").trim();
            if name.is_empty() {
                return None;
            }
            let before = |key: &str| old.and_then(|old| old.get(key));
            let mut made = Map::new();
            made.insert("name".to_owned(), json!(name));
            let value = self.later(text("when"), text("now"), before("value"));
            made.insert("value".to_owned(), value.unwrap_or_else(|| json!("later")));
            for key in ["label", "prefix"] {
                if let Some(value) = scalar(key, text(key), before(key)) {
                    made.insert(key.to_owned(), value);
                }
            }
            Some(as_before(Value::Object(made), old))
        });
        Some(made.collect())
    }
}

/// No value is without a name.
fn named(made: Map<String, Value>) -> Result<Value, (String, String)> {
    let is_named = !made.contains_key("");
    let made = Value::Object(made);
    if is_named {
        return Ok(made);
    }
    Err((yaml::print(&made), words::ALIAS_OF_NOTHING.to_owned()))
}

fn item(list: Option<&Value>, place: usize) -> Option<&Value> {
    list.and_then(|list| list.get(place))
}

/// The old one, if nothing but the order of its keys is different.
fn as_before(made: Value, old: Option<&Value>) -> Value {
    old.filter(|old| **old == made).cloned().unwrap_or(made)
}

/// A list without rows was never there, or is empty as before.
fn some_rows(rows: Vec<Value>, old: Option<&Value>) -> Option<Value> {
    let was_empty = old.and_then(Value::as_array).is_some_and(Vec::is_empty);
    (!rows.is_empty() || was_empty).then_some(Value::Array(rows))
}

/// Reads YAML; nothing typed is nothing said.
pub(in crate::console) fn read_yaml(text: &str) -> Result<Option<Value>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    match Source::parse(text) {
        Ok(source) => Ok(Some(source.value().clone())),
        Err(wrong) => Err(words::unreadable(wrong.place.line, &wrong.mistake.message)),
    }
}

/// Blanks around these count.
fn is_verbatim(at: &str) -> bool {
    at.ends_with("prefix") || at.ends_with("separator")
}

fn scalar(at: &str, text: &str, old: Option<&Value>) -> Option<Value> {
    if old.and_then(typed).as_deref() == Some(text) {
        return old.cloned();
    }
    let text = if is_verbatim(at) { text } else { text.trim() };
    (!text.is_empty()).then(|| json!(text))
}

fn number(text: &str, old: Option<&Value>) -> Option<Value> {
    let kept = scalar("", text, old)?;
    if Some(&kept) == old {
        return Some(kept);
    }
    let text = text.trim();
    let whole = text.parse::<u64>().map(Value::from).ok();
    let real = || {
        serde_json::from_str::<serde_json::Number>(text)
            .ok()
            .map(Value::Number)
    };
    whole.or_else(real).or(Some(kept))
}

/// A path, or an expression in YAML on one line.
fn expression(
    at: &str,
    text: &str,
    old: Option<&Value>,
) -> Result<Option<Value>, (String, String)> {
    let trimmed = text.trim();
    if trimmed.starts_with('{') {
        return read_yaml(trimmed).map_err(|why| (trimmed.to_owned(), why));
    }
    Ok(scalar(at, text, old))
}

fn of_lines(text: &str, old: Option<&Value>) -> Option<Value> {
    let same = |old: &Value| lines(old).is_some_and(|known| known.lines().eq(text.lines()));
    if let Some(old) = old.filter(|old| same(old)) {
        return Some(old.clone());
    }
    let all = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let all: Vec<&str> = all.collect();
    (!all.is_empty()).then(|| json!(all))
}

/// Browsers end lines in a way of their own, and drop the last end.
fn of_prose(text: &str, old: Option<&Value>) -> Option<Value> {
    let same = |old: &Value| prose(old).is_some_and(|known| known.lines().eq(text.lines()));
    if let Some(old) = old.filter(|old| same(old)) {
        return Some(old.clone());
    }
    let text = text.trim().replace("\r\n", "\n");
    (!text.is_empty()).then(|| json!(text))
}

fn asked(op: Operator, text: &str, old: Option<&Value>) -> Value {
    if let Some(old) = old.filter(|old| wanted(old).as_deref() == Some(text)) {
        return old.clone();
    }
    match op {
        Operator::AnyOf | Operator::NotAnyOf => {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            json!(parts.collect::<Vec<_>>())
        }
        Operator::Gte | Operator::Lte | Operator::Gt | Operator::Lt => {
            number(text, None).unwrap_or_else(|| json!(""))
        }
        _ => json!(text.trim()),
    }
}
