//! Fields of the wizard as people see them. A value that a field cannot show stands in it as YAML, so that nothing of a
//! definition is ever lost by its form.

use std::collections::BTreeMap;

use maud::{Markup, html};
use sando_core::mistake::Mistake;
use serde_json::Value;

use super::delivery;
use super::kind::{Field, Kind};
use super::place::{dotted, get};
use super::repeat;
use super::rows;
use super::yaml;
use crate::console::parts::anchor;
use crate::console::words;

/// What was typed and cannot be read, by place: the text, and why.
pub(super) type Unread = BTreeMap<String, (String, String)>;

/// What a form shows of a definition.
pub(super) struct Form<'a> {
    /// The definition, as far as it is written.
    pub(super) file: &'a Value,
    /// What is wrong with it, as far as this form is to say so.
    pub(super) mistakes: &'a [Mistake],
    /// What was typed and cannot be read.
    pub(super) unread: &'a Unread,
}

/// A scalar as it is typed.
pub(super) fn typed(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.contains(['\n', '\r']) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Texts, one a line.
pub(super) fn lines(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => {
            let lines: Option<Vec<String>> = items.iter().map(typed).collect();
            let lines =
                lines.filter(|all| all.iter().all(|one| !one.is_empty() && one.trim() == one));
            lines.map(|lines| lines.join("\n"))
        }
        scalar => typed(scalar).filter(|text| text.trim() == text),
    }
}

/// A text as a browser gives it back.
pub(super) fn prose(value: &Value) -> Option<&str> {
    let text = value.as_str()?;
    (!text.starts_with('\n') && !text.contains('\r')).then_some(text)
}

/// Can the field show this value by itself?
pub(super) fn fits(kind: &Kind, value: Option<&Value>) -> bool {
    let Some(value) = value else { return true };
    match kind {
        Kind::Text | Kind::Expression | Kind::Number => typed(value).is_some(),
        Kind::Prose => prose(value).is_some(),
        Kind::Flag(_) => value.is_boolean(),
        Kind::Choice(words) => value
            .as_str()
            .is_some_and(|text| words.iter().any(|word| word == text)),
        Kind::Lines => lines(value).is_some(),
        Kind::Yaml => false,
        Kind::Conditions => rows::fit(value),
        Kind::Groups(name) => rows::groups_fit(value, name),
        Kind::Later => rows::is_later(value).is_some(),
        Kind::Pairs => rows::pairs_fit(value),
        Kind::Delivery(nothing) => delivery::fits(value, nothing),
        Kind::Repeat => repeat::fits(value),
        Kind::Aliases => rows::aliases_fit(value),
    }
}

/// The name of a field as a place in its page.
pub(super) fn id_of(field: &Field) -> String {
    format!("f-{}", anchor(&field.at))
}

/// Is it about what stands at a place?
pub(super) fn is_at(mistake: &Mistake, dotted: &str) -> bool {
    let rest = mistake.path.strip_prefix(dotted);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

impl Form<'_> {
    fn mistakes_of<'a>(&'a self, field: &'a Field) -> impl Iterator<Item = &'a str> {
        let dotted = field.dotted();
        let is_here = move |mistake: &&Mistake| is_at(mistake, &dotted);
        let unread = self.unread.get(&field.at).map(|(_, why)| why.as_str());
        let wrong = self.mistakes.iter().filter(is_here);
        unread
            .into_iter()
            .chain(wrong.map(|mistake| mistake.message.as_str()))
    }

    /// What is wrong at a place, and with none of its fields.
    pub(super) fn beside(&self, at: &str, fields: &[&Field]) -> Vec<&str> {
        let here = dotted(at);
        let is_of_field =
            |mistake: &Mistake| fields.iter().any(|one| is_at(mistake, &one.dotted()));
        let all = self.mistakes.iter();
        let beside = all.filter(|mistake| is_at(mistake, &here) && !is_of_field(mistake));
        beside.map(|mistake| mistake.message.as_str()).collect()
    }

    /// Is anything wrong with a field?
    pub(super) fn is_wrong(&self, field: &Field) -> bool {
        self.mistakes_of(field).next().is_some()
    }

    /// A field with its words and what is wrong with it.
    pub(super) fn field(&self, field: &Field) -> Markup {
        let wrong: Vec<&str> = self.mistakes_of(field).collect();
        let id = id_of(field);
        let has_hint = !field.hint.is_empty();
        let value = get(self.file, &field.at);
        let unread = self.unread.contains_key(&field.at);
        let is_whole = unread || field.kind == Kind::Yaml || !fits(&field.kind, value);
        let is_rows = matches!(
            field.kind,
            Kind::Conditions | Kind::Groups(_) | Kind::Pairs | Kind::Aliases | Kind::Flag(_)
        );
        let input = Input {
            id: &id,
            has_hint,
            is_wrong: !wrong.is_empty(),
        };
        html! {
            div.field {
                @if is_rows && !is_whole {
                    @if !matches!(field.kind, Kind::Flag(_)) { h3 id=(id) { (field.label) } }
                } @else { label for=(id) { (field.label) } }
                @if has_hint { p.hint id={ (id) "-hint" } { (field.hint) } }
                @if is_whole { (self.whole(field, value, &input)) } @else { (self.input(field, value, &input)) }
                @if !wrong.is_empty() { div id={ (id) "-error" } { @for why in &wrong { p.error { "✕ " (why) } } } }
            }
        }
    }

    /// As YAML: what the form cannot show, and what is nothing else.
    fn whole(&self, field: &Field, value: Option<&Value>, input: &Input<'_>) -> Markup {
        let text = match self.unread.get(&field.at) {
            Some((text, _)) => text.clone(),
            None => value.map_or_else(String::new, yaml::print),
        };
        let rows = text.lines().count().clamp(2, 12);
        html! {
            @if field.kind != Kind::Yaml { p.hint { (words::AS_YAML) } }
            textarea.yaml id=(input.id) name={ "y:" (field.at) } rows=(rows) spellcheck="false" autocomplete="off"
                aria-describedby=[input.described()] aria-invalid=[input.wrong()] { (text) }
        }
    }

    fn input(&self, field: &Field, value: Option<&Value>, input: &Input<'_>) -> Markup {
        let (at, id) = (&field.at, input.id);
        let text = value.and_then(typed).unwrap_or_default();
        match &field.kind {
            Kind::Text | Kind::Expression | Kind::Number => html! {
                input id=(id) type="text" name={ "f:" (at) } value=(text) autocomplete="off" spellcheck="false" maxlength="4096"
                    list=[matches!(field.kind, Kind::Expression).then_some("paths")]
                    aria-describedby=[input.described()] aria-invalid=[input.wrong()];
            },
            Kind::Flag(usual) => {
                let is_on = value.and_then(Value::as_bool).unwrap_or(*usual);
                html! {
                    div.choice {
                        input type="hidden" name={ "k:" (at) } value="1";
                        input id=(id) type="checkbox" name={ "f:" (at) } value="1" checked[is_on] aria-describedby=[input.described()];
                        label for=(id) { (field.label) }
                    }
                }
            }
            Kind::Choice(words) => html! {
                select id=(id) name={ "f:" (at) } aria-describedby=[input.described()] aria-invalid=[input.wrong()] {
                    option value="" { (words::NOT_SAID) }
                    @for word in words { option value=(word) selected[*word == text] { (word) } }
                }
            },
            Kind::Lines => html! {
                textarea id=(id) name={ "f:" (at) } rows="3" spellcheck="false" aria-describedby=[input.described()] aria-invalid=[input.wrong()] {
                    (value.and_then(lines).unwrap_or_default())
                }
            },
            Kind::Prose => html! {
                textarea id=(id) name={ "f:" (at) } rows="4" aria-describedby=[input.described()] aria-invalid=[input.wrong()] {
                    (value.and_then(prose).unwrap_or_default())
                }
            },
            Kind::Yaml => html! {},
            Kind::Conditions => rows::conditions(&format!("c:{at}"), value, true, &field.label),
            Kind::Groups(name) => rows::groups(&format!("g:{at}"), value, name, &field.label),
            Kind::Later => rows::later(at, input, value),
            Kind::Pairs => rows::pairs(&format!("a:{at}"), value, &field.label),
            Kind::Delivery(nothing) => delivery::shown(at, input, value, nothing, &field.label),
            Kind::Repeat => repeat::shown(at, input, value, &field.label),
            Kind::Aliases => rows::aliases(&format!("n:{at}"), value, &field.label),
        }
    }
}

/// What holds for a field however it is filled in.
pub(super) struct Input<'a> {
    /// Its name as a place in its page.
    pub(super) id: &'a str,
    has_hint: bool,
    is_wrong: bool,
}

impl Input<'_> {
    /// What tells more about it: what to know, and what is wrong.
    pub(super) fn described(&self) -> Option<String> {
        let parts = [(self.has_hint, "hint"), (self.is_wrong, "error")];
        let parts = parts.iter().filter(|(is_there, _)| *is_there);
        let parts: Vec<String> = parts
            .map(|(_, part)| format!("{}-{part}", self.id))
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// Is something wrong with it?
    pub(super) fn wrong(&self) -> Option<&'static str> {
        self.is_wrong.then_some("true")
    }
}
