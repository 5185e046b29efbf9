//! Rows as lists: what paths read of a row stands in numbered columns, without keys.

use std::{fmt, ops::Range};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{Needs, Path, Segment};

/// The places of a row that paths read; the value of each has a column of its own.
///
/// Keys of a list of a hundred thousand users are all the same: neither made nor looked up, they cost nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    /// The keys that lead to each place, in order; none is behind another.
    places: Vec<Vec<String>>,
    row: Node,
}

/// A place, or an object on the way to some.
#[derive(Debug, Clone, Default, PartialEq)]
struct Node {
    /// The columns of all places here.
    columns: Range<usize>,
    keys: Vec<(String, Node)>,
    /// What is read of the value, where this is a place.
    value: Option<Needs>,
}

impl Columns {
    /// The columns for what `paths` read of a row; `None` if one of them reads the row itself.
    #[must_use]
    pub fn of<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Option<Self> {
        let paths = paths.into_iter().filter(|path| !is_elsewhere(path));
        let paths: Vec<&Path> = paths.collect();
        let mut places: Vec<Vec<String>> = Vec::new();
        for path in &paths {
            let place: Vec<String> = path.leading_keys().map(str::to_owned).collect();
            if place.is_empty() {
                return None;
            }
            places.push(place);
        }
        places.sort();
        places.dedup_by(|place, before| place.starts_with(before));
        let mut columns = Self {
            row: Node::default(),
            places,
        };
        for (column, place) in columns.places.iter().enumerate() {
            columns.row.add(place, column);
        }
        for path in paths {
            columns.read(path);
        }
        Some(columns)
    }

    /// The path that finds in the list what `path` finds in the row.
    #[must_use]
    pub fn within(&self, path: &Path) -> Path {
        let Some((column, rest)) = self.column_of(path) else {
            return path.clone();
        };
        let column = Segment::Index(i64::try_from(column).unwrap_or(i64::MAX));
        Path {
            text: path.text.clone(),
            segments: std::iter::once(column)
                .chain(rest.iter().cloned())
                .collect(),
        }
    }

    /// Reads the fields of a row.
    pub(super) fn list<'de, A: MapAccess<'de>>(&self, fields: A) -> Result<Value, A::Error> {
        let mut list = vec![Value::Null; self.places.len()];
        self.row.read(fields, &mut list)?;
        Ok(Value::Array(list))
    }

    fn column_of<'p>(&self, path: &'p Path) -> Option<(usize, &'p [Segment])> {
        let leads = |place: &[String]| place.iter().eq(path.leading_keys().take(place.len()));
        let mut places = self.places.iter().enumerate();
        let (column, place) = places.find(|(_, place)| leads(place))?;
        Some((column, path.segments.get(place.len()..)?))
    }

    fn read(&mut self, path: &Path) {
        let Some((column, rest)) = self.column_of(path) else {
            return;
        };
        if let Some(value) = self.row.value_of(column) {
            value.follow(rest, &[]);
        }
    }
}

/// Does it read something beside the row: its key, a kept value?
fn is_elsewhere(path: &Path) -> bool {
    let first = path.segments.first();
    matches!(first, Some(Segment::RowKey | Segment::Kept(_)))
}

impl Node {
    /// Adds a place; they come in order.
    fn add(&mut self, place: &[String], column: usize) {
        if self.columns.is_empty() {
            self.columns.start = column;
        }
        self.columns.end = column + 1;
        let Some((key, rest)) = place.split_first() else {
            self.value = Some(Needs::default());
            return;
        };
        if self.keys.last().is_none_or(|(known, _)| known != key) {
            self.keys.push((key.clone(), Self::default()));
        }
        if let Some((_, node)) = self.keys.last_mut() {
            node.add(rest, column);
        }
    }

    fn value_of(&mut self, column: usize) -> Option<&mut Needs> {
        if self.value.is_some() {
            return self.value.as_mut();
        }
        let mut nodes = self.keys.iter_mut().map(|(_, node)| node);
        let node = nodes.find(|node| node.columns.contains(&column))?;
        node.value_of(column)
    }

    fn read<'de, A: MapAccess<'de>>(
        &self,
        mut fields: A,
        list: &mut [Value],
    ) -> Result<(), A::Error> {
        while let Some(node) = fields.next_key_seed(Key(self))? {
            match node {
                Some(node) => fields.next_value_seed(Field { node, list })?,
                None => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A key, not made but looked up.
struct Key<'n>(&'n Node);

impl<'de, 'n> DeserializeSeed<'de> for Key<'n> {
    type Value = Option<&'n Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Key<'n> {
    type Value = Option<&'n Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        let mut keys = self.0.keys.iter();
        Ok(keys.find(|(known, _)| known == key).map(|(_, node)| node))
    }
}

/// A field that is a place, or leads to some.
struct Field<'n, 'l> {
    node: &'n Node,
    list: &'l mut [Value],
}

impl<'de> DeserializeSeed<'de> for Field<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let columns = self.node.columns.clone();
        let Some(value) = &self.node.value else {
            // Of a key that stands twice the last counts.
            if let Some(before) = self.list.get_mut(columns) {
                before.fill(Value::Null);
            }
            return deserializer.deserialize_any(self);
        };
        let value = value.value(deserializer)?;
        if let Some(column) = self.list.get_mut(columns.start) {
            *column = value;
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Field<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<(), A::Error> {
        self.node.read(fields, self.list)
    }

    // Within anything else there is no place.

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        IgnoredAny.visit_seq(items).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::path::tests::any_json;

    fn paths(texts: &[&str]) -> Vec<Path> {
        let paths = texts.iter().map(|text| Path::parse(text).unwrap());
        paths.collect()
    }

    fn list(columns: &Columns, row: &Value) -> Value {
        let mut needs = Needs::default();
        assert!(needs.add_columns(&Path::root(), columns.clone()));
        let page = needs.parse(json!([row]).to_string().as_bytes()).unwrap();
        page[0].clone()
    }

    #[test]
    fn a_row_is_the_list_of_what_is_read() {
        let read = paths(&[
            "name.last",
            "id",
            "name.first",
            "mails[primary=true].value",
            "$tenant",
        ]);
        let columns = Columns::of(&read).unwrap();
        let row = json!({ "id": 7, "more": [1], "name": { "first": "Ada", "nick": "a" },
            "mails": [{ "primary": true, "value": "a@b.example", "since": 1 }] });

        let mails = json!([{ "primary": true, "value": "a@b.example" }]);
        assert_eq!(list(&columns, &row), json!([7, mails, "Ada", null]));
        assert_eq!(columns.within(&read[4]), read[4]);
    }

    #[test]
    fn who_reads_the_row_itself_gets_it() {
        assert_eq!(Columns::of(&paths(&["id", "@value"])), None);
        assert_eq!(Columns::of(&paths(&[""])), None);
        assert_eq!(Columns::of(&paths(&["*.id"])), None);
    }

    #[test]
    fn of_a_key_that_stands_twice_the_last_counts() {
        let read = paths(&["a.b", "a.c"]);
        let columns = Columns::of(&read).unwrap();
        let mut needs = Needs::default();
        assert!(needs.add_columns(&Path::root(), columns));

        let page = needs.parse(br#"[{"a": {"b": 1}, "a": {"c": 2}}]"#).unwrap();

        assert_eq!(page, json!([[null, 2]]));
    }

    proptest! {
        #[test]
        fn every_path_finds_what_it_finds_in_the_row(
            row in any_json(),
            read in prop::collection::vec(
                prop::sample::select(vec!["a", "b.a", "a.b", "a.*.b", "b[0]", "a.a.a", "b[-1].a", "b[a=1].b", "a.@value"]), 1..5),
        ) {
            let read = paths(&read);
            let Some(columns) = Columns::of(&read) else { return Ok(()) };
            // Read from the same text: what a fraction loses there is lost in both.
            let row: Value = serde_json::from_str(&row.to_string()).unwrap();
            let list = list(&columns, &row);

            for path in &read {
                // What is null and what is not there are the same for everything that reads users.
                let found = |found: Option<std::borrow::Cow<'_, Value>>| {
                    found.filter(|found| !found.is_null()).map(|found| found.into_owned())
                };
                prop_assert_eq!(found(path.find(&row)), found(columns.within(path).find(&list)), "{} of {}", path, row);
            }
        }
    }
}
