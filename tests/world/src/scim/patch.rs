//! `PATCH` (RFC 7644, section 3.5.2): add, replace and remove, with and without a path.

use serde_json::{Map, Value};

use super::filter::Filter;
use super::path::{AttributePath, Attributes, field, key_of};
use super::problem::Problem;

/// One operation of a patch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Operation {
    pub(super) verb: Verb,
    pub(super) target: Option<Target>,
    pub(super) value: Option<Value>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Replace,
    Remove,
}

/// `attribute`, `attribute.sub`, `attribute[filter]` or `attribute[filter].sub`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) path: AttributePath,
    filter: Option<Filter>,
    sub: Option<AttributePath>,
}

impl Target {
    fn parse(text: &str) -> Option<Self> {
        let Some((path, rest)) = text.split_once('[') else {
            return Some(Self {
                path: AttributePath::parse(text)?,
                filter: None,
                sub: None,
            });
        };
        let (filter, after) = rest.rsplit_once(']')?;
        let sub = match after.strip_prefix('.') {
            Some(sub) => Some(AttributePath::parse(sub)?),
            None if after.is_empty() => None,
            None => return None,
        };
        Some(Self {
            path: AttributePath::parse(path)?,
            filter: Some(Filter::parse(filter)?),
            sub,
        })
    }

    /// Whether the first name of the path is this attribute.
    pub(super) fn is(&self, name: &str) -> bool {
        let first = self.path.names().first();
        first.is_some_and(|first| first.eq_ignore_ascii_case(name))
    }
}

/// Reads a `PatchOp` body; values without a path are taken apart into one operation each.
pub(super) fn parse(body: &Value) -> Result<Vec<Operation>, Problem> {
    let listed = body
        .as_object()
        .and_then(|fields| field(fields, "Operations"));
    let listed = listed
        .and_then(Value::as_array)
        .ok_or_else(|| Problem::bad("invalidSyntax", "Operations is missing"))?;
    let mut operations = Vec::new();
    for operation in listed {
        operations.extend(parse_one(operation)?);
    }
    Ok(operations)
}

fn parse_one(operation: &Value) -> Result<Vec<Operation>, Problem> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let verb = match text("op").map(str::to_lowercase).as_deref() {
        Some("add") => Verb::Add,
        Some("replace") => Verb::Replace,
        Some("remove") => Verb::Remove,
        _ => {
            return Err(Problem::bad(
                "invalidSyntax",
                "op is none of add, replace, remove",
            ));
        }
    };
    let value = operation.get("value").cloned();
    if verb != Verb::Remove && value.is_none() {
        return Err(Problem::bad("invalidValue", "value is missing"));
    }
    if let Some(path) = text("path") {
        let target = Some(target(path)?);
        return Ok(vec![Operation {
            verb,
            target,
            value,
        }]);
    }
    let Some(Value::Object(fields)) = value else {
        return Err(Problem::bad(
            "noTarget",
            "an operation needs a path or an object",
        ));
    };
    if verb == Verb::Remove {
        return Err(Problem::bad("noTarget", "remove needs a path"));
    }
    fields
        .into_iter()
        .map(|(name, value)| {
            Ok(Operation {
                verb,
                target: Some(target(&name)?),
                value: Some(value),
            })
        })
        .collect()
}

fn target(path: &str) -> Result<Target, Problem> {
    Target::parse(path).ok_or_else(|| Problem::bad("invalidPath", format!("{path} is not a path")))
}

/// Applies one operation.
pub(super) fn apply(attributes: &mut Attributes, operation: &Operation) -> Result<(), Problem> {
    let Some(target) = &operation.target else {
        return Err(Problem::bad("noTarget", "there is no target"));
    };
    let value = operation.value.clone();
    match (&target.filter, operation.verb, value) {
        (Some(filter), Verb::Remove, _) => {
            remove_elements(attributes, target, filter);
            Ok(())
        }
        (Some(filter), verb, Some(value)) => set_elements(attributes, target, filter, verb, value),
        (None, Verb::Remove, value) => {
            remove(attributes, &target.path, value.as_ref());
            Ok(())
        }
        (None, verb, Some(value)) => {
            set(attributes, &target.path, verb, value);
            Ok(())
        }
        (_, _, None) => Err(Problem::bad("invalidValue", "value is missing")),
    }
}

fn set(object: &mut Attributes, path: &AttributePath, verb: Verb, value: Value) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    let key = key_of(object, name);
    if let Some(rest) = rest {
        let inner = object
            .entry(key)
            .or_insert_with(|| Value::Object(Map::new()));
        if !inner.is_object() {
            *inner = Value::Object(Map::new());
        }
        if let Some(inner) = inner.as_object_mut() {
            set(inner, &rest, verb, value);
        }
        return;
    }
    match (verb, object.get_mut(&key), value) {
        (Verb::Add, Some(Value::Array(known)), value) => append(known, value),
        (_, Some(Value::Object(known)), Value::Object(fields)) => {
            for (name, value) in fields {
                let key = key_of(known, &name);
                known.insert(key, value);
            }
        }
        (_, _, value) => {
            object.insert(key, value);
        }
    }
}

/// Appends what is not there yet; elements are the same if they are equal or have the same `value`.
fn append(known: &mut Vec<Value>, value: Value) {
    let new = match value {
        Value::Array(list) => list,
        single => vec![single],
    };
    for element in new {
        let same = |other: &Value| same_element(other, &element);
        if !known.iter().any(same) {
            known.push(element);
        }
    }
}

fn same_element(one: &Value, other: &Value) -> bool {
    match (one.get("value"), other.get("value")) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// `value` limits the removal to the listed elements, as some clients write it.
fn remove(object: &mut Attributes, path: &AttributePath, value: Option<&Value>) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    let key = key_of(object, name);
    match (rest, value) {
        (Some(rest), _) => {
            if let Some(inner) = object.get_mut(&key).and_then(Value::as_object_mut) {
                remove(inner, &rest, value);
            }
        }
        (None, Some(Value::Array(listed))) => {
            if let Some(known) = object.get_mut(&key).and_then(Value::as_array_mut) {
                known.retain(|element| !listed.iter().any(|other| same_element(element, other)));
            }
        }
        (None, _) => {
            object.remove(&key);
        }
    }
}

fn remove_elements(object: &mut Attributes, target: &Target, filter: &Filter) {
    let Some(elements) = elements_mut(object, &target.path) else {
        return;
    };
    let matches = |element: &Value| {
        element
            .as_object()
            .is_some_and(|fields| filter.accepts(fields))
    };
    match &target.sub {
        None => elements.retain(|element| !matches(element)),
        Some(sub) => {
            let matching = elements.iter_mut().filter(|element| matches(element));
            for fields in matching.filter_map(Value::as_object_mut) {
                remove(fields, sub, None);
            }
        }
    }
}

fn set_elements(
    object: &mut Attributes,
    target: &Target,
    filter: &Filter,
    verb: Verb,
    value: Value,
) -> Result<(), Problem> {
    let missing = || Problem::bad("noTarget", "no element matches the filter");
    if verb == Verb::Add
        && let Some((name, None)) = target.path.split_first()
    {
        let key = key_of(object, name);
        object
            .entry(key)
            .or_insert_with(|| Value::Array(Vec::new()));
    }
    let elements = elements_mut(object, &target.path).ok_or_else(missing)?;
    let matches = |element: &Value| {
        element
            .as_object()
            .is_some_and(|fields| filter.accepts(fields))
    };
    if !elements.iter().any(matches) {
        if verb == Verb::Replace {
            return Err(missing());
        }
        elements.push(Value::Object(filter.implied()));
    }
    for element in elements.iter_mut().filter(|element| matches(element)) {
        match (&target.sub, element.as_object_mut(), &value) {
            (Some(sub), Some(fields), value) => set(fields, sub, verb, value.clone()),
            (None, Some(fields), Value::Object(new)) => fields.extend(new.clone()),
            (_, _, value) => *element = value.clone(),
        }
    }
    Ok(())
}

fn elements_mut<'a>(
    object: &'a mut Attributes,
    path: &AttributePath,
) -> Option<&'a mut Vec<Value>> {
    let (name, rest) = path.split_first()?;
    let key = key_of(object, name);
    let inner = object.get_mut(&key)?;
    match rest {
        None => inner.as_array_mut(),
        Some(rest) => elements_mut(inner.as_object_mut()?, &rest),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(operations: Value) -> Result<Value, Problem> {
        let user = json!({
            "userName": "ada", "active": true,
            "emails": [{ "value": "a@x.example", "type": "work" }],
        });
        let mut attributes = user.as_object().unwrap().clone();
        for operation in parse(&json!({ "Operations": operations }))? {
            apply(&mut attributes, &operation)?;
        }
        Ok(Value::Object(attributes))
    }

    fn check(operation: Value, pointer: &str, expected: Value) {
        let user = patched(json!([operation.clone()])).unwrap();
        let found = user.pointer(pointer).cloned().unwrap_or(Value::Null);
        assert_eq!(found, expected, "{operation}");
    }

    #[test]
    fn operations_change_what_they_name() {
        check(
            json!({ "op": "Replace", "path": "active", "value": false }),
            "/active",
            json!(false),
        );
        check(
            json!({ "op": "replace", "value": { "active": false } }),
            "/active",
            json!(false),
        );
        check(
            json!({ "op": "add", "value": { "name.givenName": "Ada" } }),
            "/name/givenName",
            json!("Ada"),
        );
        check(
            json!({ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@x.example" }),
            "/emails/0/value",
            json!("b@x.example"),
        );
        check(
            json!({ "op": "add", "path": "emails[type eq \"home\"].value", "value": "h@x.example" }),
            "/emails/1",
            json!({ "type": "home", "value": "h@x.example" }),
        );
        check(
            json!({ "op": "remove", "path": "emails[type eq \"work\"]" }),
            "/emails",
            json!([]),
        );
        check(
            json!({ "op": "remove", "path": "active" }),
            "/active",
            Value::Null,
        );
        check(
            json!({ "op": "add", "path": "emails", "value": [{ "value": "a@x.example" }] }),
            "/emails/1",
            Value::Null,
        );
    }

    #[test]
    fn a_patch_without_a_target_is_refused() {
        let kind = |operation| patched(json!([operation])).unwrap_err().kind.unwrap();

        assert_eq!(kind(json!({ "op": "remove" })), "noTarget");
        assert_eq!(
            kind(json!({ "op": "replace", "path": "emails[type eq \"home\"].value", "value": 1 })),
            "noTarget"
        );
        assert_eq!(
            kind(json!({ "op": "add", "path": "a b", "value": 1 })),
            "invalidPath"
        );
        assert_eq!(kind(json!({ "op": "move", "path": "a" })), "invalidSyntax");
    }
}
