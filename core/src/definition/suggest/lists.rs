//! The lists of an answer: arrays, records by their ids, and lists within the records of another one.

use serde_json::{Map, Value};

use super::{DEEPEST, IDS, MOST_ROWS, fields_of, is_address, rank, under};

/// A list, and where it is.
pub(super) type List<'a> = (String, Vec<&'a Value>);

/// All lists of an answer.
pub(super) fn lists_in<'a>(value: &'a Value, at: &str, depth: usize, lists: &mut Vec<List<'a>>) {
    match value {
        Value::Array(items) => {
            lists.push((at.to_owned(), items.iter().collect()));
            lists.extend(lists_within(items, &each(at)));
        }
        Value::Object(map) if is_by_id(map) => lists.push((each(at), map.values().collect())),
        Value::Object(map) if depth < DEEPEST => {
            for (key, value) in map {
                lists_in(value, &under(at, key), depth + 1, lists);
            }
        }
        _ => {}
    }
}

/// The lists of users within the records of another one. A list of addresses alone is a part of a user.
fn lists_within<'a>(items: &'a [Value], at: &str) -> Vec<List<'a>> {
    let mut lists: Vec<List<'a>> = Vec::new();
    let records = items.iter().take(MOST_ROWS).filter_map(Value::as_object);
    for (key, value) in records.flatten() {
        let Some(rows) = value.as_array() else {
            continue;
        };
        let path = under(at, key);
        match lists.iter_mut().find(|(known, _)| *known == path) {
            Some((_, known)) => known.extend(rows),
            None => lists.push((path, rows.iter().collect())),
        }
    }
    let has_id = |row: &&Value| {
        let fields = fields_of(row);
        fields.iter().any(|(path, _)| rank(path, IDS).is_some())
    };
    lists.retain(|(_, rows)| rows.iter().any(has_id));
    lists
}

/// Records by their ids: every key has a digit, and one of them has an id or an address.
fn is_by_id(map: &Map<String, Value>) -> bool {
    let has_digit = |key: &str| key.chars().any(|letter| letter.is_ascii_digit());
    let is_record = |record: &Value| {
        let fields = fields_of(record);
        let mut fields = fields.iter();
        fields.any(|(path, value)| rank(path, IDS).is_some() || is_address(value))
    };
    let mut records = map.iter();
    records.all(|(key, value)| value.is_object() && has_digit(key)) && map.values().any(is_record)
}

pub(super) fn has_address(rows: &[&Value]) -> bool {
    rows.iter().any(|row| {
        let columns = row.as_array().into_iter().flatten();
        let fields = fields_of(row);
        let values = fields.iter().map(|(_, value)| *value);
        values.chain(columns).any(is_address)
    })
}

/// The path of every record under another path.
fn each(at: &str) -> String {
    if at.is_empty() {
        "*".to_owned()
    } else {
        format!("{at}.*")
    }
}
