//! Parses of a document only what paths read: everything else is skipped without being made.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Columns, Path, Segment};

/// What paths read of a document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Needs {
    all: bool,
    /// By length, then by name: most keys of a document are told apart without being compared.
    keys: BTreeMap<usize, BTreeMap<String, Needs>>,
    /// Of every item of an array, where a path counts or searches them.
    items: Option<Box<Needs>>,
    /// Of every item of an array and every value of an object.
    each: Option<Box<Needs>>,
    /// Of every value of an object that nothing else is read of.
    others: Option<Box<Needs>>,
    /// An object here is a row, which is made as a list.
    columns: Option<Box<Columns>>,
}

impl Needs {
    /// Adds what a path reads.
    pub fn add(&mut self, path: &Path) {
        self.follow(&path.segments, &[]);
    }

    /// Adds what paths read of the rows that `rows` leads to.
    pub fn add_rows<'p>(&mut self, rows: &Path, paths: impl IntoIterator<Item = &'p Path>) {
        for path in paths {
            self.follow(&rows.segments, &path.segments);
        }
    }

    /// Has the rows that `rows` leads to made as lists; false if that cannot be, for something else reads them too.
    pub fn add_columns(&mut self, rows: &Path, columns: Columns) -> bool {
        let mut here = self;
        for segment in &rows.segments {
            let Segment::Key(key) = segment else {
                return false;
            };
            if here.all || here.each.is_some() {
                return false;
            }
            here = here.key(key);
        }
        if here.all || here.items.is_some() || here.each.is_some() {
            return false;
        }
        here.items().columns = Some(Box::new(columns));
        true
    }

    /// Adds what a look for these keys reads: at the top, and in the objects there.
    pub fn add_signs(&mut self, keys: &[&str]) {
        let there = self.keys.values_mut().flat_map(BTreeMap::values_mut);
        there.for_each(|own| own.add_keys(keys));
        let mut others = Self::default();
        others.add_keys(keys);
        self.others = Some(Box::new(others));
        self.add_keys(keys);
    }

    fn add_keys(&mut self, keys: &[&str]) {
        keys.iter().for_each(|key| self.key(key).all = true);
    }

    /// Parses a document. Each path finds in the result what it finds in the whole; keys at its top that no path reads are null.
    ///
    /// # Errors
    /// It is not JSON. What is skipped may be nested as deep as it likes: whoever gives the document has looked.
    pub fn parse(&self, document: &[u8]) -> Result<Value, serde_json::Error> {
        // Checked once as a whole, not text by text.
        let Ok(document) = str::from_utf8(document) else {
            return Err(serde_json::Error::custom("it is not UTF-8"));
        };
        let mut parser = serde_json::Deserializer::from_str(document);
        let value = self.read(true, &mut parser)?;
        parser.end()?;
        Ok(value)
    }

    /// Reads a value within a document.
    pub(super) fn value<'de, D: Deserializer<'de>>(&self, from: D) -> Result<Value, D::Error> {
        self.read(false, from)
    }

    fn read<'de, D: Deserializer<'de>>(&self, top: bool, from: D) -> Result<Value, D::Error> {
        if self.all {
            return Value::deserialize(from);
        }
        let (needs, fields) = (self, 0);
        Pruned { needs, top, fields }.deserialize(from)
    }

    /// Follows the path to the rows, and from each of them `row`.
    pub(super) fn follow(&mut self, segments: &[Segment], row: &[Segment]) {
        let Some((segment, rest)) = segments.split_first() else {
            if !row.is_empty() {
                // The path leads to an array of rows, or behind `*` to a row itself.
                self.each().follow(row, &[]);
                self.follow(row, &[]);
            } else {
                self.all = true;
            }
            return;
        };
        match segment {
            Segment::Key(key) => self.key(key).follow(rest, row),
            Segment::Index(_) => self.items().follow(rest, row),
            Segment::First { field, .. } => {
                let keys: Vec<Segment> = field.iter().cloned().map(Segment::Key).collect();
                self.items().follow(&keys, &[]);
                self.items().follow(rest, row);
            }
            Segment::Each if rest.is_empty() && !row.is_empty() => self.each().follow(row, &[]),
            Segment::Each => self.each().follow(rest, row),
            Segment::RowValue => self.all = true,
            Segment::RowKey | Segment::Kept(_) => {}
        }
    }

    fn key(&mut self, key: &str) -> &mut Self {
        let alike = self.keys.entry(key.len()).or_default();
        alike.entry(key.to_owned()).or_default()
    }

    fn items(&mut self) -> &mut Self {
        self.items.get_or_insert_default()
    }

    fn each(&mut self) -> &mut Self {
        self.each.get_or_insert_default()
    }

    fn of_key(&self, key: &str) -> Child<'_> {
        let alike = self.keys.get(&key.len());
        let own = alike.and_then(|alike| alike.get(key));
        let own = own.or(self.others.as_deref());
        Child::of(own, self.each.as_deref())
    }

    fn of_item(&self) -> Child<'_> {
        Child::of(self.items.as_deref(), self.each.as_deref())
    }
}

/// What is read of a value within another.
#[derive(Clone, Copy)]
enum Child<'n> {
    Nothing,
    All,
    Some(&'n Needs),
}

impl<'n> Child<'n> {
    fn of(own: Option<&'n Needs>, each: Option<&'n Needs>) -> Self {
        match (own, each) {
            (None, None) => Self::Nothing,
            (Some(needs), None) | (None, Some(needs)) if !needs.all => Self::Some(needs),
            _ => Self::All,
        }
    }
}

struct Pruned<'n> {
    needs: &'n Needs,
    top: bool,
    /// How many fields there will be: as many as in the row before.
    fields: usize,
}

impl<'de> DeserializeSeed<'de> for Pruned<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pruned<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        match self.needs.of_item() {
            Child::Nothing => while items.next_element::<IgnoredAny>()?.is_some() {},
            Child::All => {
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
            }
            Child::Some(needs) => {
                let (top, mut fields) = (false, 0);
                while let Some(item) = items.next_element_seed(Pruned { needs, top, fields })? {
                    fields = item.as_object().map_or(0, Map::len);
                    list.push(item);
                }
            }
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        if let Some(columns) = &self.needs.columns {
            return columns.list(fields);
        }
        let mut map = Map::with_capacity(self.fields);
        while let Some((key, child)) = fields.next_key_seed(Key {
            needs: self.needs,
            top: self.top,
        })? {
            let value = match child {
                Child::Nothing => {
                    fields.next_value::<IgnoredAny>()?;
                    Value::Null
                }
                Child::All => fields.next_value()?,
                Child::Some(needs) => fields.next_value_seed(Pruned {
                    needs,
                    top: false,
                    fields: 0,
                })?,
            };
            if let Some(key) = key {
                map.insert(key, value);
            }
        }
        Ok(Value::Object(map))
    }
}

/// A key, made only if it is of use.
struct Key<'n> {
    needs: &'n Needs,
    top: bool,
}

impl<'de, 'n> DeserializeSeed<'de> for Key<'n> {
    type Value = (Option<String>, Child<'n>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Key<'n> {
    type Value = (Option<String>, Child<'n>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        let child = self.needs.of_key(key);
        let is_made = self.top || !matches!(child, Child::Nothing);
        Ok((is_made.then(|| key.to_owned()), child))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::path::{MissingRows, tests::any_json};

    fn needs(rows: &str, paths: &[&str]) -> Needs {
        let paths: Vec<Path> = paths
            .iter()
            .map(|path| Path::parse(path).unwrap())
            .collect();
        let mut needs = Needs::default();
        needs.add_rows(&Path::parse(rows).unwrap(), &paths);
        needs
    }

    #[test]
    fn only_what_is_read_is_made() {
        let mut needs = needs("data.users", &["id", "mails[primary=true].value"]);
        needs.add(&Path::parse("meta.next").unwrap());
        let document = json!({
            "data": { "users": [{ "id": 1, "x": [1], "mails": [{ "primary": true, "value": "a", "y": 1 }] }], "z": {} },
            "meta": { "next": "c", "w": 1 },
            "other": [1],
        });

        let parsed = needs.parse(document.to_string().as_bytes()).unwrap();

        let expected = json!({
            "data": { "users": [{ "id": 1, "mails": [{ "primary": true, "value": "a" }] }] },
            "meta": { "next": "c" },
            "other": null,
        });
        assert_eq!(parsed, expected);
        assert!(needs.parse(b"{\"a\":").is_err());
        assert!(needs.parse(b"{} x").is_err());
        assert!(needs.parse(b"{\"other\":\"\xFF\"}").is_err());
    }

    #[test]
    fn signs_are_made_at_the_top_and_in_the_objects_there() {
        let mut needs = needs("data.users", &["id"]);
        needs.add_signs(&["next", "total"]);
        let document = json!({
            "data": { "users": [{ "id": 1, "next": 1 }], "total": 7, "x": [1] },
            "meta": { "next": "c", "deep": { "next": 1 } },
            "links": [{ "next": 1 }],
            "total": 9,
        });

        let parsed = needs.parse(document.to_string().as_bytes()).unwrap();

        let expected = json!({
            "data": { "users": [{ "id": 1 }], "total": 7 },
            "meta": { "next": "c" },
            "links": [],
            "total": 9,
        });
        assert_eq!(parsed, expected);
    }

    proptest! {
        #[test]
        fn every_path_finds_what_it_finds_in_the_whole(
            document in any_json(),
            rows in prop::sample::select(vec!["", "a", "*", "a.*", "*.b", "a[0]", "*.*"]),
            path in prop::sample::select(vec!["a", "b.a", "*", "a.*.b", "[0]", "[-1].a", "[a=1]", "[a=1].b", "@value", "@key"]),
        ) {
            let needs = needs(rows, &[path]);
            let (rows, path) = (Path::parse(rows).unwrap(), Path::parse(path).unwrap());
            let text = document.to_string();
            // Read from the same text: what a fraction loses there is lost in both.
            let document: Value = serde_json::from_str(&text).unwrap();
            let pruned = needs.parse(text.as_bytes()).unwrap();

            let of = |document: &Value| {
                let rows = rows.rows(document, MissingRows::AreAnError).ok()?;
                Some(rows.iter().map(|row| path.find(*row).map(|found| found.into_owned())).collect::<Vec<_>>())
            };
            prop_assert_eq!(of(&document), of(&pruned));
        }
    }
}
