//! Drops from a document whatever no path reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Path, Segment, follow::step};

/// The document without anything that none of the paths leads to: each of them finds in it what it finds in the whole.
///
/// Of an array only those items stay that a path leads to: behind a filter (`[identifier=team].value`) the first that fits,
/// with the field of the filter and the value that is read. Where a path counts items (`[0]`), null holds the place of the others.
#[must_use]
pub fn keep<'p>(document: &Value, paths: impl IntoIterator<Item = &'p Path>) -> Value {
    let mut kept = Kept::default();
    for path in paths {
        kept.mark(&path.segments, document);
    }
    kept.cut(document)
}

/// What of one value is kept.
#[derive(Default)]
struct Kept {
    all: bool,
    keys: BTreeMap<String, Kept>,
    items: BTreeMap<usize, Kept>,
    /// Items keep their places.
    counted: bool,
}

fn reads_row(segment: &Segment) -> bool {
    matches!(segment, Segment::RowKey | Segment::RowValue)
}

impl Kept {
    /// Marks what a path reads; says whether it leads to anything.
    fn mark(&mut self, segments: &[Segment], value: &Value) -> bool {
        let Some((segment, rest)) = segments.split_first() else {
            self.all = true;
            return true;
        };
        match segment {
            Segment::Key(key) => {
                let child = value.as_object().and_then(|map| map.get(key));
                child.is_some_and(|child| self.mark_key(key, rest, child))
            }
            Segment::Index(index) => {
                self.counted = true;
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                let place = usize::try_from(index.unsigned_abs())
                    .ok()
                    .and_then(|distance| match index {
                        0.. => Some(distance),
                        _ => items.len().checked_sub(distance),
                    });
                place
                    .and_then(|place| Some((place, items.get(place)?)))
                    .is_some_and(|(place, item)| self.item(place).mark(rest, item))
            }
            Segment::First { field, .. } => self.mark_first(segment, field, rest, value),
            // A row's key or scalar is read: every row is.
            Segment::Each if rest.iter().any(reads_row) => {
                self.all = true;
                true
            }
            Segment::Each => {
                self.mark_each(rest, value);
                value.is_array() || value.is_object()
            }
            Segment::RowValue if !value.is_array() && !value.is_object() => self.mark(rest, value),
            Segment::RowValue | Segment::RowKey | Segment::Kept(_) => false,
        }
    }

    fn mark_key(&mut self, key: &str, rest: &[Segment], child: &Value) -> bool {
        let mut kept = self.keys.remove(key).unwrap_or_default();
        let leads = kept.mark(rest, child);
        if leads || kept.is_any() {
            self.keys.insert(key.to_owned(), kept);
        }
        leads
    }

    fn mark_first(
        &mut self,
        segment: &Segment,
        field: &[String],
        rest: &[Segment],
        value: &Value,
    ) -> bool {
        let found = step(segment, value.into());
        let place = value
            .as_array()
            .zip(found)
            .and_then(|(items, found)| items.iter().position(|item| std::ptr::eq(item, found)));
        let Some((place, found)) = place.zip(found) else {
            return false;
        };
        // The filter must find the same item again, whatever stands behind it.
        let keys: Vec<Segment> = field.iter().cloned().map(Segment::Key).collect();
        let item = self.item(place);
        item.mark(&keys, found);
        item.mark(rest, found);
        true
    }

    fn mark_each(&mut self, rest: &[Segment], value: &Value) {
        match value {
            Value::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    let mut kept = self.items.remove(&place).unwrap_or_default();
                    if kept.mark(rest, item) || kept.is_any() {
                        self.items.insert(place, kept);
                    }
                }
            }
            Value::Object(map) => {
                for (key, child) in map {
                    self.mark_key(key, rest, child);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn item(&mut self, place: usize) -> &mut Self {
        self.items.entry(place).or_default()
    }

    fn is_any(&self) -> bool {
        self.all || self.counted || !self.keys.is_empty() || !self.items.is_empty()
    }

    fn cut(&self, value: &Value) -> Value {
        if self.all {
            return value.clone();
        }
        match value {
            Value::Object(map) => {
                let cut = map
                    .iter()
                    .filter_map(|(key, child)| Some((key.clone(), self.keys.get(key)?.cut(child))));
                Value::Object(cut.collect())
            }
            Value::Array(items) => {
                let places: BTreeSet<usize> = if self.counted {
                    (0..items.len()).collect()
                } else {
                    self.items.keys().copied().collect()
                };
                let cut = places.into_iter().filter_map(|place| {
                    let item = items.get(place)?;
                    Some(
                        self.items
                            .get(&place)
                            .map_or(Value::Null, |kept| kept.cut(item)),
                    )
                });
                Value::Array(cut.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(document: &Value, paths: &[&str], expect: &Value) {
        let paths: Vec<Path> = paths
            .iter()
            .map(|text| Path::parse(text).unwrap())
            .collect();
        assert_eq!(&keep(document, &paths), expect);
    }

    #[test]
    fn of_an_offer_only_the_named_fields_stay_and_never_the_pay() {
        let offer = json!({"offer": {"id": "o", "fields": [
            {"text": "Pay", "identifier": "salary_amount", "value": 71000},
            {"text": "Team", "identifier": "team", "value": "Platform"},
            {"text": "Team again", "identifier": "team", "value": "Other"},
        ]}});

        check(
            &offer,
            &["offer.fields[identifier=team].value"],
            &json!({"offer": {"fields": [{"identifier": "team", "value": "Platform"}]}}),
        );
    }

    #[test]
    fn counted_items_keep_their_places() {
        let document = json!({"emails": ["a", "b", "c"], "x": 1});

        check(
            &document,
            &["emails[1]"],
            &json!({"emails": [null, "b", null]}),
        );
        check(
            &document,
            &["emails[-1]"],
            &json!({"emails": [null, null, "c"]}),
        );
    }

    #[test]
    fn what_is_not_there_leaves_nothing() {
        check(
            &json!({"a": {"b": 1}}),
            &["a.c", "d.e", "a.b.c"],
            &json!({}),
        );
        check(&json!({"a": null}), &["a"], &json!({"a": null}));
    }

    fn a_document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3_i64).prop_map(Value::from),
            "[ab]".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[abc]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn a_path() -> impl Strategy<Value = Path> {
        let segment = prop_oneof![
            3 => "[abc]",
            1 => Just("*".to_owned()),
            1 => Just("@key".to_owned()),
            1 => Just("@value".to_owned()),
            1 => (-2..3_i32).prop_map(|index| format!("[{index}]")),
            1 => "[abc]=[ab012]".prop_map(|filter| format!("[{filter}]")),
        ];
        prop::collection::vec(segment, 0..5).prop_map(|segments| {
            let text = segments
                .iter()
                .enumerate()
                .fold(String::new(), |text, (at, segment)| {
                    let dot = if at == 0 || segment.starts_with('[') {
                        ""
                    } else {
                        "."
                    };
                    format!("{text}{dot}{segment}")
                });
            Path::parse(&text).unwrap()
        })
    }

    proptest! {
        #[test]
        fn every_path_finds_what_it_found_before(
            document in a_document(),
            paths in prop::collection::vec(a_path(), 0..4),
        ) {
            let kept = keep(&document, &paths);
            for path in &paths {
                prop_assert_eq!(path.find(&kept), path.find(&document), "{} in {} of {}", path, kept, document);
            }
        }
    }
}
