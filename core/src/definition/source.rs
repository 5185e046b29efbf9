//! The text of a file, YAML or JSON, as a value that remembers where everything stood.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Spanned, options};

use crate::mistake::{self, Mistake};

/// The longest file, in bytes.
const LONGEST: usize = 1 << 20;
/// How deeply a file may be nested.
const DEEPEST: usize = 64;

/// A file that was read: its value, and the place of every key and item in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    value: Value,
    places: BTreeMap<String, Place>,
}

/// A place in a text; both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The character in it.
    pub column: u64,
}

/// A mistake with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMistake {
    /// Where in the text; the beginning for what is missing altogether.
    pub place: Place,
    /// Where as keys and indexes, and what is wrong.
    #[serde(flatten)]
    pub mistake: Mistake,
}

impl FileMistake {
    /// `acme.yaml:12:3: users.path: is missing`.
    #[must_use]
    pub fn in_file(&self, file: &str) -> String {
        format!("{file}:{self}")
    }
}

impl fmt::Display for FileMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.place;
        write!(f, "{line}:{column}: {}", self.mistake)
    }
}

impl std::error::Error for FileMistake {}

impl Source {
    /// Reads a text.
    ///
    /// # Errors
    /// What makes it neither YAML nor JSON: syntax, a key that stands twice, too long, too deep.
    pub fn parse(text: &str) -> Result<Self, FileMistake> {
        let start = Place { line: 1, column: 1 };
        let at_start = |message: &str| FileMistake {
            place: start,
            mistake: Mistake::new("", message),
        };
        if text.len() > LONGEST {
            return Err(at_start("the file has more than 1 MiB"));
        }
        let options = options! { with_snippet: false, strict_booleans: true };
        let node: Spanned<Node> =
            serde_saphyr::from_str_with_options(text, options).map_err(|error| {
                let place = error.location().map_or(start, |location| Place {
                    line: location.line(),
                    column: location.column(),
                });
                let text = error.to_string();
                let message = plainly(text.lines().next().unwrap_or("cannot be read"));
                FileMistake {
                    place,
                    mistake: Mistake::new("", message),
                }
            })?;
        let mut places = BTreeMap::new();
        places.insert(String::new(), place_of(&node));
        let value = node
            .value
            .settle("", 0, &mut places)
            .ok_or_else(|| at_start("the file is nested too deeply"))?;
        Ok(Self { value, places })
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Gives mistakes their places, in the order of the text.
    #[must_use]
    pub fn locate(&self, mistakes: Vec<Mistake>) -> Vec<FileMistake> {
        let mut located: Vec<FileMistake> = mistakes
            .into_iter()
            .map(|mistake| FileMistake {
                place: self.place(&mistake.path),
                mistake,
            })
            .collect();
        located.sort_by_key(|mistake| mistake.place);
        located
    }

    /// The place of a path, or of what stands around it.
    fn place(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return *place;
            }
            path = match path.rfind(['.', '[']) {
                Some(end) => path.get(..end).unwrap_or_default(),
                None if path.is_empty() => return Place { line: 1, column: 1 },
                None => "",
            };
        }
    }
}

/// What the parser says, without what only a program can do about it.
fn plainly(message: &str) -> &str {
    if message.starts_with("budget breached") {
        return "the file becomes too large where its anchors (`&`, `*`) are filled in";
    }
    let said = message.split_once(", set DuplicateKeyPolicy");
    said.map_or(message, |(said, _)| said)
}

fn place_of<T>(spanned: &Spanned<T>) -> Place {
    Place {
        line: spanned.referenced.line(),
        column: spanned.referenced.column(),
    }
}

/// A value of the file, before its places are gathered.
enum Node {
    Scalar(Value),
    List(Vec<Spanned<Self>>),
    Object(Vec<(Spanned<Key>, Self)>),
}

impl Node {
    fn settle(self, at: &str, depth: usize, places: &mut BTreeMap<String, Place>) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        Some(match self {
            Self::Scalar(value) => value,
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    let at = mistake::item(at, index);
                    places.insert(at.clone(), place_of(&item));
                    list.push(item.value.settle(&at, depth + 1, places)?);
                }
                Value::Array(list)
            }
            Self::Object(fields) => {
                let mut map = Map::new();
                for (key, node) in fields {
                    let at = mistake::join(at, &key.value.0);
                    places.insert(at.clone(), place_of(&key));
                    map.insert(key.value.0, node.settle(&at, depth + 1, places)?);
                }
                Value::Object(map)
            }
        })
    }
}

/// A key; numbers and booleans are keys as they are written.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Key, E> {
        Ok(Key(text.to_owned()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Key, E> {
        Ok(Key(number.to_string()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Key, E> {
        Ok(Key(number.to_string()))
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Key, E> {
        Ok(Key(flag.to_string()))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Bool(flag)))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Scalar(Value::from(number)))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Scalar(Value::from(number)))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Node, E> {
        match Number::from_f64(number) {
            Some(number) => Ok(Node::Scalar(Value::Number(number))),
            None => Err(E::custom("not a finite number")),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Value::from(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(field) = fields.next_entry()? {
            object.push(field);
        }
        Ok(Node::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_and_json_are_read_with_their_places() {
        let yaml = Source::parse("a:\n  - b: 1\n    c: \"x\"\n").unwrap();
        let json = Source::parse("{\"a\": [\n\t{\"b\": 1, \"c\": \"x\"}]}").unwrap();

        assert_eq!(yaml.value(), &json!({"a": [{"b": 1, "c": "x"}]}));
        assert_eq!(yaml.value(), json.value());
        assert_eq!(yaml.place("a[0].c"), Place { line: 3, column: 5 });
        assert_eq!(json.place("a[0].b").line, 2);
        assert_eq!(yaml.place("a[0].d"), yaml.place("a[0]"));
    }

    #[test]
    fn what_cannot_be_read_is_told_in_words_of_the_file() {
        let said = |text: &str| match Source::parse(text) {
            Ok(_) => String::new(),
            Err(mistake) => mistake.mistake.to_string(),
        };
        let repeated = (1..9).map(|level| {
            let before = format!("*a{}", level - 1);
            format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", "))
        });
        let unfolding: String = repeated.collect();

        assert_eq!(said("a: 1\na: 2\n"), "duplicate mapping key: a");
        assert_eq!(
            said(&format!("a0: &a0 x\n{unfolding}")),
            "the file becomes too large where its anchors (`&`, `*`) are filled in"
        );
    }

    #[test]
    fn scalars_keep_their_types() {
        let text = "a: no\nb: \"1\"\nc: 1.5\nd: ~\ne: true\nf: 2024-01-01\n1: one\ntrue: yes\ng: 18446744073709551615\n";

        let source = Source::parse(text).unwrap();

        let expected = json!({
            "a": "no", "b": "1", "c": 1.5, "d": null, "e": true, "f": "2024-01-01", "1": "one", "true": "yes",
            "g": 18_446_744_073_709_551_615_u64,
        });
        assert_eq!(source.value(), &expected);
    }

    #[test]
    fn what_cannot_be_read_names_its_line() {
        let twice = Source::parse("a: 1\nb: 2\na: 3\n").unwrap_err();
        let open = Source::parse("a: [1,\nb: {").unwrap_err();
        let deep = Source::parse(&"[".repeat(10_000)).unwrap_err();

        assert_eq!(twice.place.line, 3, "{twice}");
        assert!(open.place.line >= 2, "{open}");
        assert!(!deep.mistake.message.is_empty());
    }
}
