//! Charts, drawn on the server. A bar stands in a table beside the number that it shows; a line has a title, says in words
//! what it shows, and its numbers as a table below it.

use maud::{Markup, html};

/// The part of `of` that `value` is, in percent.
pub(super) fn percent(value: u64, of: u64) -> u64 {
    let part = value.saturating_mul(100).checked_div(of);
    part.unwrap_or(0).min(100)
}

/// A bar of so many percent, beside a number that says the same.
pub(super) fn bar(percent: u64) -> Markup {
    html! {
        svg.share viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.ground width="100" height="10" {}
            rect.part width=(percent) height="10" {}
        }
    }
}
