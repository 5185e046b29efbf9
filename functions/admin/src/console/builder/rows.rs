//! Rows of the wizard: conditions, named groups of them, headers and parameters. Each list ends in an empty row; a row that
//! is left empty is not there.

use maud::{Markup, html};
use sando_core::condition::Operator;
use serde_json::Value;

use super::show::{Input, typed};
use crate::console::words;

/// The most rows of a list, the empty one at its end included; what has more is shown as YAML.
pub(super) const MOST: usize = 200;
const KEYS: [&str; 5] = ["path", "op", "value", "where", "ignore_case"];
const PAIR_KEYS: [&str; 4] = ["name", "value", "label", "prefix"];

fn has_only(value: &Value, keys: &[&str]) -> bool {
    let fields = value.as_object();
    fields.is_some_and(|fields| fields.keys().all(|key| keys.contains(&key.as_str())))
}

/// A value that a condition wants, as it is typed: several with commas.
pub(super) fn wanted(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(typed).collect();
            let is_plain =
                |text: &String| !text.is_empty() && !text.contains(',') && text.trim() == text;
            let texts = texts.filter(|texts| texts.iter().all(is_plain));
            texts.map(|texts| texts.join(", "))
        }
        scalar => typed(scalar),
    }
}

fn one_fits(value: &Value, outer: bool) -> bool {
    let text = |key: &str| {
        value.get(key).is_none_or(|value| {
            value
                .as_str()
                .is_some_and(|text| !text.is_empty() && text.trim() == text)
        })
    };
    let op = value
        .get("op")
        .and_then(Value::as_str)
        .and_then(Operator::find);
    has_only(value, &KEYS)
        && value.get("path").is_some()
        && text("path")
        && op.is_some()
        && value
            .get("value")
            .is_none_or(|value| wanted(value).is_some())
        && value.get("ignore_case").is_none_or(Value::is_boolean)
        && value
            .get("where")
            .is_none_or(|inner| outer && op == Some(Operator::Some) && all_fit(inner, false))
}

fn all_fit(value: &Value, outer: bool) -> bool {
    let items = value.as_array();
    items.is_some_and(|items| items.len() < MOST && items.iter().all(|item| one_fits(item, outer)))
}

/// Can conditions be shown as rows?
pub(super) fn fit(value: &Value) -> bool {
    all_fit(value, true)
}

/// Can groups of conditions be shown as rows?
pub(super) fn groups_fit(value: &Value, name: &str) -> bool {
    let one = |item: &Value| {
        has_only(item, &[name, "when"])
            && item.get(name).and_then(typed).is_some()
            && item.get("when").is_none_or(fit)
    };
    let items = value.as_array();
    items.is_some_and(|items| items.len() < MOST && items.iter().all(one))
}

/// Is it asked when connecting, or set now to a text? None for anything else.
pub(super) fn is_later(value: &Value) -> Option<Option<String>> {
    if value == "later" {
        return Some(None);
    }
    let text = value.get("now").and_then(typed);
    text.filter(|_| has_only(value, &["now"])).map(Some)
}

/// Can headers or parameters be shown as rows?
pub(super) fn pairs_fit(value: &Value) -> bool {
    let one = |item: &Value| {
        has_only(item, &PAIR_KEYS)
            && item
                .get("name")
                .and_then(Value::as_str)
                .is_some_and(|name| !name.is_empty() && name.trim() == name)
            && item
                .get("value")
                .is_some_and(|value| is_later(value).is_some())
            && ["label", "prefix"].iter().all(|key| {
                item.get(key)
                    .is_none_or(|value| value.as_str().and_then(|_| typed(value)).is_some())
            })
    };
    let items = value.as_array();
    items.is_some_and(|items| items.len() < MOST && items.iter().all(one))
}

/// Can values with their other names be shown as rows?
pub(super) fn aliases_fit(value: &Value) -> bool {
    let one = |(name, also): (&String, &Value)| {
        let is_line = !name.is_empty() && name.trim() == name && !name.contains(['\n', '\r']);
        is_line && also.is_array() && wanted(also).is_some()
    };
    let all = value.as_object();
    all.is_some_and(|all| all.len() < MOST && all.iter().all(one))
}

/// Those of a list that are filled in.
fn items(value: Option<&Value>) -> &[Value] {
    value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// Does a click on a button that keeps all that was typed.
fn act(what: &str, words: &str, of: &str) -> Markup {
    html! {
        button.quiet type="submit" name="do" value=(what) data-keeps="1" { (words) span.visually-hidden { " " (of) } }
    }
}

/// Conditions, all of which must hold; `outer` ones may ask for items of a list.
pub(super) fn conditions(prefix: &str, value: Option<&Value>, outer: bool, of: &str) -> Markup {
    let items = items(value);
    html! {
        ol.rows aria-label=(of) {
            @for (place, item) in items.iter().map(Some).chain([None]).enumerate() {
                (condition(&format!("{prefix}.{place}"), item, outer, &format!("{of}, {}", place.saturating_add(1))))
            }
        }
        @if outer { (act("keep", words::ADD_ROW, of)) }
    }
}

fn condition(at: &str, item: Option<&Value>, outer: bool, of: &str) -> Markup {
    let text = |key: &str| {
        item.and_then(|item| item.get(key))
            .and_then(wanted)
            .unwrap_or_default()
    };
    let op = item.and_then(|item| item.get("op")?.as_str());
    let folds = item.is_some_and(|item| item.get("ignore_case") == Some(&Value::Bool(true)));
    html! {
        li.row {
            input type="text" name={ (at) ".path" } value=(text("path")) aria-label={ (of) ": path" } placeholder="path" list="paths" autocomplete="off" spellcheck="false";
            select name={ (at) ".op" } aria-label={ (of) ": operator" } {
                @for one in Operator::ALL {
                    @if outer || one != Operator::Some {
                        option value=(one.name()) selected[op == Some(one.name())] { (words::operator(one)) }
                    }
                }
            }
            input type="text" name={ (at) ".value" } value=(text("value")) aria-label={ (of) ": value" } placeholder="value" autocomplete="off" spellcheck="false";
            @if folds {
                label.small { input type="checkbox" name={ (at) ".ignore_case" } value="1" checked; " any case" }
            }
            @if item.is_some() { (act(&format!("remove:{at}"), words::REMOVE, of)) }
            @if op == Some("some") {
                div.nested {
                    p.small.muted { (words::SOME_OF) }
                    (conditions(&format!("{at}.where"), item.and_then(|item| item.get("where")), false, of))
                }
            }
        }
    }
}

/// Groups of conditions with a name each.
pub(super) fn groups(prefix: &str, value: Option<&Value>, name: &str, of: &str) -> Markup {
    let items = items(value);
    html! {
        ol.groups aria-label=(of) {
            @for (place, item) in items.iter().map(Some).chain([None]).enumerate() {
                @let at = format!("{prefix}.{place}");
                @let text = item.and_then(|item| item.get(name)).and_then(typed).unwrap_or_default();
                @let of = format!("{of} {}", place.saturating_add(1));
                li.group {
                    div.row {
                        input type="text" name={ (at) ".name" } value=(text) aria-label={ (of) ": name" } placeholder="name" autocomplete="off";
                        @if item.is_some() { (act(&format!("remove:{at}"), words::REMOVE, &of)) } @else { (act("keep", words::ADD, &of)) }
                    }
                    @if item.is_some() {
                        div.nested { (conditions(&format!("{at}.when"), item.and_then(|item| item.get("when")), true, &of)) }
                    }
                }
            }
        }
    }
}

fn moment(name: &str, is_now: bool, of: &str) -> Markup {
    html! {
        select name=(name) aria-label={ (of) ": when" } {
            option value="later" selected[!is_now] { "asked when connecting" }
            option value="now" selected[is_now] { "set now" }
        }
    }
}

/// One value, set now or asked when connecting.
pub(super) fn later(at: &str, input: &Input<'_>, value: Option<&Value>) -> Markup {
    let now = value.and_then(is_later).flatten();
    html! {
        div.row {
            (moment(&format!("l:{at}"), now.is_some(), "value"))
            input id=(input.id) type="text" name={ "f:" (at) } value=(now.unwrap_or_default()) autocomplete="off" spellcheck="false"
                aria-describedby=[input.described()] aria-invalid=[input.wrong()];
        }
    }
}

/// Headers or parameters.
pub(super) fn pairs(prefix: &str, value: Option<&Value>, of: &str) -> Markup {
    let items = items(value);
    html! {
        ol.rows aria-label=(of) {
            @for (place, item) in items.iter().map(Some).chain([None]).enumerate() {
                @let at = format!("{prefix}.{place}");
                @let of = format!("{of} {}", place.saturating_add(1));
                @let text = |key: &str| item.and_then(|item| item.get(key)).and_then(typed).unwrap_or_default();
                @let now = item.and_then(|item| item.get("value")).and_then(is_later).flatten();
                li.row {
                    input type="text" name={ (at) ".name" } value=(text("name")) aria-label={ (of) ": name" } placeholder="name" autocomplete="off" spellcheck="false";
                    (moment(&format!("{at}.when"), now.is_some(), &of))
                    input type="text" name={ (at) ".now" } value=(now.unwrap_or_default()) aria-label={ (of) ": value" } placeholder="value, if set now" autocomplete="off" spellcheck="false";
                    input type="text" name={ (at) ".label" } value=(text("label")) aria-label={ (of) ": label" } placeholder="label" autocomplete="off";
                    input type="text" name={ (at) ".prefix" } value=(text("prefix")) aria-label={ (of) ": prefix" } placeholder="prefix" autocomplete="off" spellcheck="false";
                    @if item.is_some() { (act(&format!("remove:{at}"), words::REMOVE, &of)) }
                }
            }
        }
        (act("keep", words::ADD_ROW, of))
    }
}

/// Values, each with what it is also called.
pub(super) fn aliases(prefix: &str, value: Option<&Value>, of: &str) -> Markup {
    let all = value.and_then(Value::as_object).into_iter().flatten();
    html! {
        ol.rows aria-label=(of) {
            @for (place, one) in all.map(Some).chain([None]).enumerate() {
                @let at = format!("{prefix}.{place}");
                @let of = format!("{of} {}", place.saturating_add(1));
                @let name = one.map_or("", |(name, _)| name.as_str());
                @let also = one.and_then(|(_, also)| wanted(also)).unwrap_or_default();
                li.row {
                    input type="text" name={ (at) ".name" } value=(name) aria-label={ (of) ": value that counts" } placeholder="Engineering" autocomplete="off" spellcheck="false";
                    input type="text" name={ (at) ".also" } value=(also) aria-label={ (of) ": also called" } placeholder="Eng, R&D" autocomplete="off" spellcheck="false";
                    @if one.is_some() { (act(&format!("remove:{at}"), words::REMOVE, &of)) }
                }
            }
        }
        (act("keep", words::ADD_ROW, of))
    }
}
