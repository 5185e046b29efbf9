//! May a request be repeated when nobody knows whether it arrived, as a row: the answer, and the header that makes it safe.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::show::Input;
use crate::console::words;

const NEVER: &str = "never";
const SAFE: &str = "safe";
const HEADER: &str = "idempotency_header";

/// What a value says, as far as a row can show it.
fn parts(value: Option<&Value>) -> Option<(&'static str, &str)> {
    match value {
        None => Some((NEVER, "")),
        Some(Value::String(word)) => {
            let word = [NEVER, SAFE].into_iter().find(|known| known == word)?;
            Some((word, ""))
        }
        Some(Value::Object(fields)) if fields.len() == 1 => {
            let name = fields.get(HEADER)?.as_str()?;
            let is_line = name.trim() == name && !name.contains(['\n', '\r']);
            is_line.then_some((HEADER, name))
        }
        Some(_) => None,
    }
}

/// Can a row show it?
pub(super) fn fits(value: &Value) -> bool {
    parts(Some(value)).is_some()
}

/// What was filled in; what was not changed stays as it is, to the letter.
pub(super) fn read(may: &str, header: &str, old: Option<&Value>) -> Option<Value> {
    let (header, was) = (header.trim(), parts(old));
    // A header that was typed is meant, also where nobody chose it.
    let is_new = !header.is_empty() && was.is_none_or(|(_, known)| known != header);
    let made = match may {
        HEADER => (HEADER, header),
        SAFE => (SAFE, ""),
        _ if is_new => (HEADER, header),
        _ => (NEVER, ""),
    };
    if was == Some(made) {
        return old.cloned();
    }
    match made {
        (HEADER, name) => Some(json!({ HEADER: name })),
        (SAFE, _) => Some(json!(SAFE)),
        _ => None,
    }
}

/// The row.
pub(super) fn shown(place: &str, input: &Input<'_>, value: Option<&Value>, of: &str) -> Markup {
    let (may, header) = parts(value).unwrap_or((NEVER, ""));
    let choices = [
        (NEVER, words::REPEAT_NEVER),
        (SAFE, words::REPEAT_SAFE),
        (HEADER, words::REPEAT_HEADER),
    ];
    html! {
        div.row {
            select id=(input.id) name={ "r:" (place) } aria-describedby=[input.described()] aria-invalid=[input.wrong()] {
                @for (word, name) in choices { option value=(word) selected[word == may] { (name) } }
            }
            input type="text" name={ "f:" (place) } value=(header) aria-label={ (of) ": " (words::REPEAT_NAME) } placeholder="Idempotency-Key" autocomplete="off" spellcheck="false" maxlength="100";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_stays_as_it_was_written() {
        assert_eq!(read(NEVER, "", None), None);
        for (value, may, header) in [
            (json!("never"), NEVER, ""),
            (json!("safe"), SAFE, ""),
            (json!({ "idempotency_header": "X-Key" }), HEADER, "X-Key"),
        ] {
            assert!(fits(&value), "{value}");
            assert_eq!(read(may, header, Some(&value)), Some(value));
        }
    }

    #[test]
    fn what_is_changed_is_written_as_the_contract_has_it() {
        let old = json!("safe");
        assert_eq!(read(NEVER, "", Some(&old)), None);
        let header = json!({ "idempotency_header": "X-Key" });
        assert_eq!(read(HEADER, " X-Key ", Some(&old)), Some(header));
    }

    #[test]
    fn a_header_that_is_typed_is_chosen_by_that() {
        let header = json!({ "idempotency_header": "X-Key" });
        for old in [None, Some(&json!("safe"))] {
            assert_eq!(read(NEVER, " X-Key ", old), Some(header.clone()));
        }
        // It was there, and something else was chosen.
        assert_eq!(read(NEVER, "X-Key", Some(&header)), None);
    }

    #[test]
    fn what_a_row_cannot_show_is_not_shown_as_one() {
        for value in [
            json!("always"),
            json!(true),
            json!({}),
            json!({ "idempotency_header": 1 }),
            json!({ "idempotency_header": "X-Key", "else": 1 }),
        ] {
            assert!(!fits(&value), "{value}");
        }
    }
}
