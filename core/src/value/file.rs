//! Compiles value expressions as they are written.

use serde_json::{Map, Value};

use super::{Kind, ValueExpression};
use crate::{
    mistake::{self, Mistake},
    moment,
    path::Path,
    template::{Placeholders, Template},
};

/// How deep an expression may stand in another.
const DEEPEST: usize = 16;

pub(super) const KEYS: [&str; 9] = [
    "path", "map", "default", "format", "never", "first_of", "template", "join", "with",
];

pub(super) fn expression(
    file: &Value,
    at: &str,
    depth: usize,
) -> Result<ValueExpression, Vec<Mistake>> {
    if depth > DEEPEST {
        return Err(one(at.to_owned(), "is nested too deeply"));
    }
    let kind = match file {
        Value::String(text) => Kind::Path(path(text, at.to_owned())?),
        Value::Object(map) => form(map, at, depth)?,
        _ => return Err(one(at.to_owned(), EXPECTED)),
    };
    Ok(ValueExpression {
        file: file.clone(),
        kind,
    })
}

const EXPECTED: &str = "must be a path, or an object with `path`, `first_of`, `template` or `join`";

fn one(path: String, message: impl Into<String>) -> Vec<Mistake> {
    vec![Mistake::new(path, message)]
}

fn form(map: &Map<String, Value>, at: &str, depth: usize) -> Result<Kind, Vec<Mistake>> {
    let unknown = map.keys().filter(|key| !KEYS.contains(&key.as_str()));
    let mut mistakes: Vec<Mistake> = unknown
        .map(|key| mistake::unknown_key(at, key, KEYS))
        .collect();
    let form = Form { map, at, depth };
    let heads = ["path", "first_of", "template", "join"];
    let heads: Vec<&str> = heads
        .into_iter()
        .filter(|key| map.contains_key(*key))
        .collect();
    let kind = match heads.as_slice() {
        [head] => {
            mistakes.extend(form.misplaced(head));
            match *head {
                "first_of" => form.parts("first_of").map(Kind::FirstOf),
                "template" => form.template(),
                "join" => form.join(),
                _ => form.at_path(),
            }
        }
        [] if !mistakes.is_empty() => return Err(mistakes),
        [] => Err(one(at.to_owned(), EXPECTED)),
        several => Err(one(
            at.to_owned(),
            format!("`{}` exclude each other", several.join("` and `")),
        )),
    };
    match kind {
        Ok(kind) if mistakes.is_empty() => Ok(kind),
        Ok(_) => Err(mistakes),
        Err(more) => {
            mistakes.extend(more);
            Err(mistakes)
        }
    }
}

struct Form<'a> {
    map: &'a Map<String, Value>,
    at: &'a str,
    depth: usize,
}

impl Form<'_> {
    fn place(&self, key: &str) -> String {
        mistake::join(self.at, key)
    }

    /// The known keys that do not belong to this form.
    fn misplaced(&self, head: &str) -> Vec<Mistake> {
        let belongs = |key: &str| match key {
            "map" | "default" | "format" | "never" => head == "path",
            "with" => head == "join",
            _ => true,
        };
        let keys = self
            .map
            .keys()
            .filter(|key| KEYS.contains(&key.as_str()) && !belongs(key));
        keys.map(|key| Mistake::new(self.place(key), format!("cannot stand beside `{head}`")))
            .collect()
    }

    fn parts(&self, key: &str) -> Result<Vec<ValueExpression>, Vec<Mistake>> {
        let here = self.place(key);
        let items = self
            .map
            .get(key)
            .and_then(Value::as_array)
            .filter(|items| !items.is_empty());
        let Some(items) = items else {
            return Err(one(
                here,
                "must be a list of paths or expressions, and not empty",
            ));
        };
        let mut parts = Vec::with_capacity(items.len());
        let mut mistakes = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match expression(item, &mistake::item(&here, index), self.depth + 1) {
                Ok(part) => parts.push(part),
                Err(more) => mistakes.extend(more),
            }
        }
        if mistakes.is_empty() {
            Ok(parts)
        } else {
            Err(mistakes)
        }
    }

    fn text(&self, key: &str) -> Result<Option<&str>, Vec<Mistake>> {
        match self.map.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(one(self.place(key), "must be text")),
        }
    }

    fn template(&self) -> Result<Kind, Vec<Mistake>> {
        let text = self.text("template")?.unwrap_or_default();
        let template = Template::parse(text, Placeholders::Paths)
            .map_err(|error| one(self.place("template"), error.to_string()))?;
        Ok(Kind::Template(template))
    }

    fn join(&self) -> Result<Kind, Vec<Mistake>> {
        Ok(Kind::Join {
            parts: self.parts("join")?,
            with: self.text("with")?.unwrap_or(" ").to_owned(),
        })
    }

    fn at_path(&self) -> Result<Kind, Vec<Mistake>> {
        let path = path(self.text("path")?.unwrap_or_default(), self.place("path"))?;
        let is_time = self.map.contains_key("format") || self.map.contains_key("never");
        if is_time {
            return self.time(path);
        }
        let map = match self.map.get("map") {
            None => None,
            Some(Value::Object(map)) => Some(map.clone()),
            Some(_) => {
                return Err(one(
                    self.place("map"),
                    "must be an object, from text to value",
                ));
            }
        };
        Ok(Kind::Lookup {
            path,
            map,
            default: self.map.get("default").cloned(),
        })
    }

    fn time(&self, path: Path) -> Result<Kind, Vec<Mistake>> {
        let beside = ["map", "default"]
            .into_iter()
            .filter(|key| self.map.contains_key(*key));
        let mut mistakes: Vec<Mistake> = beside
            .map(|key| Mistake::new(self.place(key), "cannot stand beside `format` or `never`"))
            .collect();
        let format = self.text("format")?.map(str::to_owned);
        if format
            .as_deref()
            .is_some_and(|format| !moment::is_format(format))
        {
            mistakes.push(Mistake::new(
                self.place("format"),
                "is no format of a time, such as `%d/%m/%Y`",
            ));
        }
        let never = match self.map.get("never") {
            None => Vec::new(),
            Some(Value::Array(values)) => values.clone(),
            Some(_) => {
                return Err(one(
                    self.place("never"),
                    "must be a list of values that mean never",
                ));
            }
        };
        if mistakes.is_empty() {
            Ok(Kind::Time {
                path,
                format,
                never,
            })
        } else {
            Err(mistakes)
        }
    }
}

fn path(text: &str, here: String) -> Result<Path, Vec<Mistake>> {
    if text.is_empty() {
        return Err(one(here, "the path is missing"));
    }
    Path::parse(text).map_err(|error| one(here, error.to_string()))
}
