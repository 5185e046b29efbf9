//! The document that attributes are read from, without anything that configuration does not name.

use sando_core::path::{Path, keep};
use serde_json::{Map, Value};

/// Identifiers of offer fields that are about pay.
const PAY_FIELDS: [&str; 5] = [
    "salary_amount",
    "compensation_currency",
    "salary_interval",
    "offered_equity",
    "custom_equity",
];

/// Keys of postings and requisitions that are about pay.
const PAY_KEYS: [&str; 4] = [
    "salaryRange",
    "salaryDescription",
    "salaryDescriptionHtml",
    "compensationBand",
];

/// What the paths name, and nothing else. Pay is kept only for a path that names it itself, not for one that leads to
/// something around it (`offer.fields`).
#[must_use]
pub fn prune(document: &Value, paths: &[Path]) -> Value {
    let mut document = document.clone();
    without_pay(&mut document, paths);
    keep(&document, paths)
}

fn without_pay(document: &mut Value, paths: &[Path]) {
    let is_named = |name: &str| paths.iter().any(|path| path.as_str().contains(name));
    if let Some(Value::Array(fields)) = document.pointer_mut("/offer/fields") {
        fields.retain(|field| {
            let text = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default();
            let (identifier, label) = (text("identifier"), text("text"));
            !PAY_FIELDS.contains(&identifier)
                || is_named(identifier)
                || !label.is_empty() && is_named(label)
        });
    }
    for part in ["forms", "feedback"] {
        let forms = document.get_mut(part).and_then(Value::as_array_mut);
        for form in forms.into_iter().flatten() {
            if let Some(Value::Array(fields)) = form.get_mut("fields") {
                fields.retain(|field| !is_money(field) || is_named_by(field, &is_named));
            }
        }
    }
    for part in ["posting", "requisition"] {
        if let Some(Value::Object(map)) = document.get_mut(part) {
            map.retain(|key, _| !PAY_KEYS.contains(&key.as_str()) || is_named(key));
        }
    }
}

/// Does the field of a form hold an amount of money?
fn is_money(field: &Value) -> bool {
    field.get("type").and_then(Value::as_str) == Some("currency") || field.get("currency").is_some()
}

fn is_named_by(field: &Value, is_named: &impl Fn(&str) -> bool) -> bool {
    let label = field.get("text").and_then(Value::as_str);
    label.is_some_and(|label| !label.is_empty() && is_named(label))
}

/// An opportunity as it looks without `expand`: ids where the objects stand.
pub(super) fn collapsed(opportunity: &Value) -> Value {
    let mut map = opportunity.as_object().cloned().unwrap_or_default();
    for key in ["contact", "stage", "owner", "sourcedBy"] {
        if let Some(value) = map.get_mut(key) {
            collapse(value);
        }
    }
    for key in ["applications", "followers"] {
        if let Some(Value::Array(items)) = map.get_mut(key) {
            items.iter_mut().for_each(collapse);
        }
    }
    Value::Object(map)
}

fn collapse(value: &mut Value) {
    if let Some(id) = value.get("id").cloned() {
        *value = id;
    }
}

/// Puts the parts together; what was not read is not there.
pub(super) fn assemble(parts: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    let there = parts
        .into_iter()
        .filter_map(|(name, part)| Some((name.to_owned(), part?)));
    Value::Object(there.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(texts: &[&str]) -> Vec<Path> {
        texts
            .iter()
            .map(|text| Path::parse(text).unwrap())
            .collect()
    }

    #[test]
    fn pay_stays_only_where_a_path_names_it() {
        let document = json!({
            "offer": {"fields": [
                {"identifier": "salary_amount", "text": "Pay", "value": 71000},
                {"identifier": "team", "text": "Team", "value": "Platform"},
            ]},
            "posting": {"text": "Engineer", "salaryRange": {"min": 1}},
        });

        let kept = prune(&document, &paths(&["offer.fields", "posting"]));
        assert_eq!(
            kept,
            json!({
                "offer": {"fields": [{"identifier": "team", "text": "Team", "value": "Platform"}]},
                "posting": {"text": "Engineer"},
            })
        );

        let kept = prune(
            &document,
            &paths(&["offer.fields[identifier=salary_amount].value"]),
        );
        assert_eq!(
            kept,
            json!({"offer": {"fields": [{"identifier": "salary_amount", "value": 71000}]}})
        );
    }

    #[test]
    fn an_expanded_opportunity_looks_like_any_other() {
        let expanded = json!({
            "id": "o", "contact": {"id": "c", "name": "Ada"}, "stage": {"id": "s", "text": "Offer"},
            "applications": [{"id": "a"}], "owner": null,
        });

        assert_eq!(
            collapsed(&expanded),
            json!({"id": "o", "contact": "c", "stage": "s", "applications": ["a"], "owner": null})
        );
    }
}
