//! Small parts of pages: icons, state tags, ids, hidden fields, links to lists' next pages.

use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sando_core::admin::LONGEST_REASON;

use super::assets::Asset;
use super::form::Form;
use super::states::Shape;
use super::visitor::Visitor;
use super::words;

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':');

/// A text as one segment of a path, or as a value in a query.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// An icon beside a word.
pub(super) fn icon(name: &str) -> Markup {
    html! {
        svg.icon aria-hidden="true" { use href={ (Asset::Icons.url()) "#" (name) } {} }
    }
}

/// A state: shape, word, colour.
pub(super) fn tag(shape: Shape, word: &str) -> Markup {
    html! { span class={ "tag t-" (shape.tone()) } { (icon(shape.icon())) (word) } }
}

/// A state as a shape alone, with its word for who cannot see it.
pub(super) fn dot(shape: Shape, word: &str) -> Markup {
    html! {
        span class={ "d-" (shape.tone()) } title=(word) {
            (icon(shape.icon())) span.visually-hidden { (word) ", " }
        }
    }
}

/// An id that can be copied.
pub(super) fn id(text: &str) -> Markup {
    html! {
        span.nowrap {
            code { (text) }
            button.copy type="button" data-copy=(text) aria-label={ (words::COPY) " " (text) } { (icon("copy")) }
        }
    }
}

/// A long id in a table: what does not fit is cut by the style sheet, and there all the same.
pub(super) fn clipped(text: &str) -> Markup {
    html! { span.clip title=(text) { (text) } }
}

/// The hidden fields of every form. `once` lets a form that is sent twice count once.
pub(super) fn hidden(visitor: &Visitor, once: &str) -> Markup {
    html! {
        input type="hidden" name="csrf" value=(visitor.csrf);
        @if !once.is_empty() { input type="hidden" name="once" value=(once); }
    }
}

/// A form of one button.
pub(super) fn button(visitor: &Visitor, to: &str, class: &str, words: &str) -> Markup {
    html! {
        form.inline method="post" action=(to) {
            (hidden(visitor, ""))
            button type="submit" class=(class) { (words) }
        }
    }
}

/// The next page of a list, if there is one.
pub(super) fn older(path: &str, cursor: Option<&str>) -> Markup {
    let sign = if path.contains('?') { '&' } else { '?' };
    html! {
        @if let Some(cursor) = cursor {
            p.pager { a href={ (path) (sign) "cursor=" (segment(cursor)) } rel="next" { (words::OLDER) } }
        }
    }
}

/// Why there is nothing, and what to do.
pub(super) fn empty(words: &str) -> Markup {
    html! { p.empty { (words) } }
}

/// A reason in words; `r` goes there.
pub(super) fn reason(needed: bool) -> Markup {
    reason_again(needed, "")
}

/// The same, as it was typed before.
pub(super) fn reason_again(needed: bool, typed: &str) -> Markup {
    html! {
        div.field {
            label for="reason" { (words::REASON) }
            p.hint #reason-hint { (if needed { words::REASON_NEEDED } else { words::REASON_HINT }) }
            textarea #reason name="reason" maxlength=(LONGEST_REASON) aria-describedby="reason-hint" required[needed] { (typed) }
        }
    }
}

/// From so many on that lose something their number is typed.
pub(super) const TYPED_FROM: u64 = 6;

/// The field for the number of those that lose something.
pub(super) fn type_number(label: &str, hint: &str, is_wrong: bool) -> Markup {
    html! {
        div.field {
            label for="number" { (label) }
            p.hint #number-hint { (hint) }
            input #number type="text" name="number" inputmode="numeric" autocomplete="off" maxlength="20"
                aria-describedby="number-hint" aria-invalid=[is_wrong.then_some("true")];
        }
    }
}

/// Was the number of those that lose something typed, where it has to be?
pub(super) fn is_typed(form: &Form, losing: u64) -> bool {
    losing < TYPED_FROM || form.get("number").replace(',', "") == losing.to_string()
}

/// Tabs that are addresses: name, address, is it here?
pub(super) fn tabs(label: &str, all: &[(String, String, bool)]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for (name, to, here) in all {
                a href=(to) aria-current=[here.then_some("page")] { (name) }
            }
        }
    }
}

/// `Enter` in a field of a form with several verbs chooses none of them.
pub(super) fn no_default() -> Markup {
    html! { button type="submit" disabled hidden {} }
}

/// An id as the name of a place in a page.
pub(super) fn anchor(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.chars()
        .map(|c| if fits(c) { c } else { '-' })
        .collect()
}
