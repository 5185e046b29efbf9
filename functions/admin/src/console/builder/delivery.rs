//! When something is given, as a row: relative to what, how long, at what time of day.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::show::Input;
use crate::console::words;

const NOW: &str = "now";
const BEFORE: &str = "before_start";
const ON: &str = "on_start";
const AFTER: &str = "after_start";
const AT: &str = "at";

/// What a value says, as far as a row can show it.
#[derive(PartialEq)]
struct Parts {
    when: &'static str,
    span: String,
    at: String,
}

fn line(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.contains(['\n', '\r']));
    text.map(str::to_owned)
}

/// What stands in a file; none if a row cannot show it.
fn parts(value: Option<&Value>) -> Option<Parts> {
    let said = |when: &'static str, span: String, at: String| Some(Parts { when, span, at });
    let fields = match value {
        None => return said(NOW, String::new(), String::new()),
        Some(Value::String(word)) => {
            let word = [NOW, ON]
                .into_iter()
                .find(|known| *known == word.as_str())?;
            return said(word, String::new(), String::new());
        }
        Some(Value::Object(fields)) => fields,
        Some(_) => return None,
    };
    let at = match fields.get(AT) {
        None => String::new(),
        Some(at) => line(at)?,
    };
    let mut others = fields.iter().filter(|(key, _)| key.as_str() != AT);
    let (key, value) = others.next()?;
    if others.next().is_some() {
        return None;
    }
    match (key.as_str(), value) {
        (BEFORE, span) => said(BEFORE, line(span)?, at),
        (AFTER, span) => said(AFTER, line(span)?, at),
        (ON, Value::Null | Value::Bool(true)) => said(ON, String::new(), at),
        (ON, Value::Object(nothing)) if nothing.is_empty() => said(ON, String::new(), at),
        _ => None,
    }
}

/// Can a row show it, in which `nothing` is what is written nowhere?
pub(super) fn fits(value: &Value, nothing: &str) -> bool {
    let is_now = value.as_str() == Some(NOW);
    parts(Some(value)).is_some() && (!is_now || nothing == words::GIVEN_NOW)
}

/// What was filled in; what was not changed stays as it is, to the letter.
pub(super) fn read(when: &str, span: &str, at: &str, old: Option<&Value>) -> Option<Value> {
    let all = [NOW, BEFORE, ON, AFTER];
    let when = all.into_iter().find(|known| *known == when).unwrap_or(NOW);
    let kept = |counts: bool, text: &str| match counts {
        true => text.trim().to_owned(),
        false => String::new(),
    };
    let made = Parts {
        when,
        span: kept(matches!(when, BEFORE | AFTER), span),
        at: kept(when != NOW, at),
    };
    if parts(old).as_ref() == Some(&made) {
        return old.cloned();
    }
    let value = match when {
        NOW => return None,
        ON => Value::Bool(true),
        _ => json!(made.span),
    };
    let mut fields = Map::new();
    fields.insert(when.to_owned(), value);
    if !made.at.is_empty() {
        fields.insert(AT.to_owned(), json!(made.at));
    }
    Some(Value::Object(fields))
}

/// The row.
pub(super) fn shown(
    place: &str,
    input: &Input<'_>,
    value: Option<&Value>,
    nothing: &str,
    of: &str,
) -> Markup {
    let parts = parts(value);
    let when = parts.as_ref().map_or(NOW, |parts| parts.when);
    let span = parts.as_ref().map_or("", |parts| parts.span.as_str());
    let at = parts.as_ref().map_or("", |parts| parts.at.as_str());
    let choices = [
        (NOW, nothing),
        (BEFORE, words::GIVEN_BEFORE),
        (ON, words::GIVEN_ON),
        (AFTER, words::GIVEN_AFTER),
    ];
    html! {
        div.row {
            select id=(input.id) name={ "d:" (place) } aria-describedby=[input.described()] aria-invalid=[input.wrong()] {
                @for (word, name) in choices { option value=(word) selected[word == when] { (name) } }
            }
            input type="text" name={ "f:" (place) } value=(span) aria-label={ (of) ": how long" } placeholder="3d" autocomplete="off" spellcheck="false" maxlength="20";
            input type="text" name={ "t:" (place) } value=(at) aria-label={ (of) ": time of day" } placeholder="09:00" autocomplete="off" spellcheck="false" maxlength="20";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: Option<Value>, (when, span, at): (&str, &str, &str), expect: Option<Value>) {
        assert_eq!(read(when, span, at, old.as_ref()), expect);
    }

    #[test]
    fn what_is_not_changed_stays_as_it_was_written() {
        check(None, (NOW, "", ""), None);
        for (value, said) in [
            (json!("now"), (NOW, "", "")),
            (json!("on_start"), (ON, "", "")),
            (
                json!({ "on_start": null, "at": "09:00" }),
                (ON, "", "09:00"),
            ),
            (
                json!({ "at": "08:00", "before_start": "3wd" }),
                (BEFORE, "3wd", "08:00"),
            ),
        ] {
            assert!(fits(&value, words::GIVEN_NOW), "{value}");
            check(Some(value.clone()), said, Some(value));
        }
    }

    #[test]
    fn what_is_changed_is_written_as_the_contract_has_it() {
        let old = json!({ "before_start": "3d", "at": "09:00" });
        check(Some(old.clone()), (NOW, "3d", "09:00"), None);
        check(
            Some(old.clone()),
            (ON, "3d", ""),
            Some(json!({ "on_start": true })),
        );
        check(
            Some(old),
            (AFTER, " 1wd ", "10:00"),
            Some(json!({ "after_start": "1wd", "at": "10:00" })),
        );
    }

    #[test]
    fn what_a_row_cannot_show_is_not_shown_as_one() {
        for value in [
            json!(3),
            json!("later"),
            json!({}),
            json!({ "at": "09:00" }),
            json!({ "before_start": "3d", "after_start": "3d" }),
            json!({ "before_start": "3d", "else": 1 }),
            json!({ "on_start": false }),
        ] {
            assert!(!fits(&value, words::GIVEN_NOW), "{value}");
        }
        assert!(!fits(&json!(NOW), words::NOT_SAID));
    }
}
