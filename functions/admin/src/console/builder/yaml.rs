//! A definition as YAML, for people to read and change. What is printed is read back as the same value.

use serde_json::{Map, Value};

/// Words that YAML takes for something else than text, in any case.
const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
/// Short lists of plain values stand on one line.
const SHORT: usize = 72;

/// Prints a value.
pub(in crate::console) fn print(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => object(fields, 0, &mut out),
        Value::Array(items) if !items.is_empty() && flow(value).is_none() => {
            array(items, 0, &mut out);
        }
        plain => {
            out.push_str(&flow(plain).unwrap_or_default());
            out.push('\n');
        }
    }
    out
}

fn pad(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn object(fields: &Map<String, Value>, depth: usize, out: &mut String) {
    for (place, (key, value)) in fields.iter().enumerate() {
        if place > 0 {
            pad(depth, out);
        }
        out.push_str(&text(key));
        out.push(':');
        below(value, depth, out);
    }
}

fn array(items: &[Value], depth: usize, out: &mut String) {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            pad(depth, out);
        }
        out.push('-');
        match item {
            Value::Object(fields) if !fields.is_empty() => {
                out.push(' ');
                object(fields, depth.saturating_add(1), out);
            }
            other => below(other, depth, out),
        }
    }
}

/// What stands behind a key or a dash.
fn below(value: &Value, depth: usize, out: &mut String) {
    let inner = depth.saturating_add(1);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            out.push('\n');
            pad(inner, out);
            object(fields, inner, out);
        }
        Value::Array(items) if flow(value).is_none() => {
            out.push('\n');
            pad(inner, out);
            array(items, inner, out);
        }
        plain => {
            out.push(' ');
            out.push_str(&flow(plain).unwrap_or_default());
            out.push('\n');
        }
    }
}

/// On one line: a scalar, what is empty, a short list of scalars.
fn flow(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("null".to_owned()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(plain) => Some(text(plain)),
        Value::Object(fields) => fields.is_empty().then(|| "{}".to_owned()),
        Value::Array(items) => {
            let is_plain = items
                .iter()
                .all(|item| !item.is_object() && !item.is_array());
            let parts: Option<Vec<String>> = items.iter().map(flow).collect();
            let line = format!("[{}]", parts?.join(", "));
            (is_plain && line.len() <= SHORT).then_some(line)
        }
    }
}

/// A text: bare where YAML cannot take it for anything else, in double quotes where it could.
fn text(plain: &str) -> String {
    let begins = plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_');
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-./@$ ".contains(c);
    let is_word = WORDS.iter().any(|word| plain.eq_ignore_ascii_case(word));
    // A colon is plain where no blank follows it: in URLs.
    let is_scheme = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric());
    let rest = match plain.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => plain,
    };
    let is_bare = begins && !is_word && !plain.ends_with(' ') && rest.chars().all(fits);
    if is_bare {
        plain.to_owned()
    } else {
        quoted(plain)
    }
}

/// In double quotes, as JSON has it; what YAML may not hold as it is stands escaped.
fn quoted(plain: &str) -> String {
    let is_bare = |c: char| {
        !matches!(
            c,
            '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}'
        )
    };
    let shown = |c: char| match is_bare(c) {
        true => c.to_string(),
        false => format!("\\u{:04x}", u32::from(c)),
    };
    Value::from(plain).to_string().chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use sando_core::definition::Source;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value) {
        let printed = print(value);
        let read = Source::parse(&printed).map(|source| source.value().clone());
        assert_eq!(read.as_ref(), Ok(value), "{printed}");
    }

    #[test]
    fn what_is_printed_is_read_back() {
        for value in [
            json!({}),
            json!([]),
            json!("on"),
            json!({ "a": [], "b": {}, "c": null, "d": [[1, 2], [{ "e": 1 }]] }),
            json!({ "when": [{ "path": "a", "op": "some", "where": [{ "path": "b", "op": "is", "value": true }] }] }),
            json!([
                "", " ", "a ", "- a", "a: b", "a #b", "'", "\"", "\\", "\n", "{x}", "[0]", "*",
                "&a", "!t", "%d", "?", "|", ">", "~", "@key"
            ]),
            json!([
                "1",
                "1.5",
                "0x1",
                "1e3",
                "2026-11-22",
                "12:30",
                "TRUE",
                "No",
                "y",
                "null",
                "=",
                "<<",
                "---",
                "...",
                ".inf",
                "é",
                "王",
                "\u{feff}x",
                "\u{7f}"
            ]),
            json!([1, -1, 1.5, 18_446_744_073_709_551_615_u64, true, false]),
            json!({ "a b": { "1": { "": { "yes": 1 } } } }),
            json!({ "base_url": "ftp://{domain}.acme.example/api", "path": "/users", "x": "ftp://a.example:8443/x", "y": "ftp://a.example/x" }),
        ] {
            check(&value);
        }
    }

    #[test]
    fn it_reads_like_what_people_write() {
        let value = json!({ "definition": "acme", "users": { "path": "/users" }, "map": { "email": "profile.email" },
            "status": { "active_when": [{ "path": "state", "op": "any_of", "value": ["on", "active"] }] } });
        let expect = "definition: acme\nusers:\n  path: /users\nmap:\n  email: profile.email\nstatus:\n  active_when:\n    - path: state\n      op: any_of\n      value: [\"on\", active]\n";
        assert_eq!(print(&value), expect);
    }
}
