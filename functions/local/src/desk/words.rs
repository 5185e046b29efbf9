//! What the API answers, in words for a terminal.

use serde_json::Value;

use super::apply::{entitlement, text};

/// On one line, without what a terminal would obey: names and remote texts come from outside.
pub(super) fn clean(line: &str) -> String {
    let calm = |letter: char| if letter.is_control() { ' ' } else { letter };
    line.chars().map(calm).collect()
}

/// A list inside an answer; none is an empty one.
pub(super) fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let list = value.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// The texts of a list inside an answer.
pub(super) fn texts(value: &Value, name: &str) -> Vec<String> {
    let texts = array(value, name).iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// With blanks between them; what is empty is left out.
pub(super) fn joined(parts: &[&str]) -> String {
    let parts = parts.iter().copied().filter(|part| !part.is_empty());
    parts.collect::<Vec<&str>>().join(" ")
}

/// `before text after`; nothing around nothing.
pub(super) fn around(before: &str, text: &str, after: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("{before}{text}{after}")
}

/// A person with their name, where it is known: `Ada Park (per_1)`.
pub(super) fn person(name: &str, id: &str) -> String {
    if name.is_empty() {
        return id.to_owned();
    }
    format!("{name} ({id})")
}

/// `give figma pro`.
pub(super) fn effect(one: &Value) -> String {
    joined(&[text(one, "action"), text(one, "app"), &entitlement(one)])
}

/// One line an effect, with why; what to say if there is none.
pub(super) fn effects(list: &[Value], none: &str) -> Vec<String> {
    if list.is_empty() {
        return vec![format!("  {none}")];
    }
    let line = |one: &Value| {
        let sign = if text(one, "action") == "give" {
            "+"
        } else {
            "-"
        };
        let why = around(": ", text(one, "why"), "");
        format!("  {sign} {}{why}", effect(one))
    };
    list.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn effects_read_as_lines() {
        let answer = json!({ "plan": [
            { "action": "give", "app": "figma", "plan": "pro", "role": null, "groups": ["eng"], "why": "due by policy" },
            { "action": "suspend", "app": "mail", "plan": null, "role": null, "groups": [], "why": "" },
        ] });
        assert_eq!(
            effects(array(&answer, "plan"), "nothing"),
            ["  + give figma pro eng: due by policy", "  - suspend mail"]
        );
        assert_eq!(effects(array(&answer, "absent"), "nothing"), ["  nothing"]);
    }

    #[test]
    fn nothing_that_a_terminal_would_obey_is_printed() {
        assert_eq!(clean("Ada\u{1b}[2J\r\nPark\u{9b}"), "Ada [2J  Park ");
    }
}
