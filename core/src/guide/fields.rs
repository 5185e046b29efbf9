//! Which field of an application's users, and of the directory, is mapped to what: from the files as they were put.

use serde_json::{Map, Value};

use super::{Entry, words};
use crate::catalog::DefinitionItem;
use crate::company::Company;
use crate::settings::Directory;

/// The directory, if there is one, and every definition.
pub(super) fn all(company: &Company, definitions: &[DefinitionItem]) -> Vec<Entry> {
    let directory = company.settings.directory.iter().map(directory);
    directory
        .chain(definitions.iter().map(definition))
        .collect()
}

fn directory(directory: &Directory) -> Entry {
    let title = format!(
        "people, from {}/{}",
        directory.definition, directory.account
    );
    let mut lines = vec!["Whoever appears there becomes known here.".to_owned()];
    lines.extend(mapped(&directory.attributes, ""));
    Entry::new(title, lines)
}

fn definition(item: &DefinitionItem) -> Entry {
    let file = &item.file;
    let text = |pointer: &str| file.pointer(pointer).and_then(Value::as_str);
    let mut lines = vec![format!(
        "Users of {} are read from {}, by version {} of the definition {}.",
        item.app,
        text("/base_url").unwrap_or_default(),
        item.number,
        item.id
    )];
    if let Some(preset) = text("/users/preset") {
        lines.push(format!(
            "What is not said here is as {preset} has it, fields included."
        ));
    }
    if let Some(only) = file.pointer("/users/where") {
        lines.push(format!("Only those count whose {}.", words::all(only)));
    }
    for (part, note) in [("map", ""), ("custom_fields", ", a custom field")] {
        if let Some(fields) = file.get(part).and_then(Value::as_object) {
            lines.extend(mapped(fields, note));
        }
    }
    lines.push(match file.pointer("/status/active_when") {
        Some(rules) => format!("Active are those whose {}.", words::all(rules)),
        None => "Everybody who is listed counts as active.".to_owned(),
    });
    lines.extend(licences(file));
    lines.push(match text("/users_without_email") {
        Some("keep") => "Users without an address are kept.".to_owned(),
        _ => "Users without an address are left out, and counted.".to_owned(),
    });
    Entry::new(item.name.as_str(), lines)
}

/// A sentence a field.
fn mapped(fields: &Map<String, Value>, note: &str) -> Vec<String> {
    let one = |(name, value): (&String, &Value)| format!("{name}{note}: {}.", source(value));
    fields.iter().map(one).collect()
}

fn licences(file: &Value) -> Vec<String> {
    let Some(rules) = file
        .pointer("/licenses/conditions")
        .and_then(Value::as_array)
    else {
        return vec!["Every active user has a licence.".to_owned()];
    };
    let one = |rule: &Value| {
        let name = rule.get("name").and_then(Value::as_str).unwrap_or_default();
        match rule.get("when") {
            Some(when) => format!(
                "A licence {name} is had by those whose {}.",
                words::all(when)
            ),
            None => format!("A licence {name} is had by everybody."),
        }
    };
    rules.iter().map(one).collect()
}

/// Where a value comes from.
fn source(value: &Value) -> String {
    if let Some(path) = value.as_str() {
        return path.to_owned();
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let paths = |name: &str| {
        let all = value.get(name)?.as_array()?.iter();
        all.map(Value::as_str).collect::<Option<Vec<&str>>>()
    };
    if let Some(paths) = paths("first_of") {
        return format!("{}, whichever is there first", paths.join(" or "));
    }
    if let Some(paths) = paths("join") {
        return format!("{}, put together", paths.join(" and "));
    }
    if let Some(pattern) = text("template") {
        return format!("made as {pattern}");
    }
    match (text("path"), value.get("map").and_then(Value::as_object)) {
        (Some(path), Some(names)) => {
            let names = names.iter();
            let names = names.map(|(from, to)| format!("{from} means {}", plain(to)));
            let other = value.get("default");
            let other = other.map(|other| format!("anything else means {}", plain(other)));
            let all: Vec<String> = names.chain(other).collect();
            format!("{path}, where {}", all.join(", "))
        }
        (Some(path), None) => path.to_owned(),
        (None, _) => format!("made by this expression: {value}"),
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
