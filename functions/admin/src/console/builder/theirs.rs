//! What somebody else saved since a page was opened: it is told, and nothing is written over it unseen.

use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::catalog::{DefinitionItem, Draft};
use serde_json::Value;

use super::yaml;
use crate::console::deed::problem;
use crate::console::format::when;
use crate::console::words;

/// What somebody else saved.
pub(super) enum Theirs {
    /// The draft, while somebody filled in a step of it.
    Draft(Draft),
    /// The draft, while somebody looked at it: the page shows it as it is now.
    Reviewed(Draft),
    /// A version of the definition.
    Definition(DefinitionItem),
    /// The definition was deleted.
    Gone,
}

impl Theirs {
    /// Who it was, and what there is now.
    pub(super) fn shown(&self, now: Timestamp) -> Markup {
        let (said, is_now) = match self {
            Self::Draft(draft) => (
                words::draft_overtaken(&draft.saved_by),
                file(&draft.file, draft.saved_at, now),
            ),
            Self::Reviewed(draft) => (words::review_overtaken(&draft.saved_by), html! {}),
            Self::Definition(item) => (
                words::definition_overtaken(&item.changed_by, item.number),
                file(&item.file, item.changed_at, now),
            ),
            Self::Gone => (words::DEFINITION_GONE.to_owned(), html! {}),
        };
        html! {
            (problem(&said))
            (is_now)
        }
    }
}

fn file(file: &Value, at: Timestamp, now: Timestamp) -> Markup {
    html! {
        section aria-labelledby="theirs" {
            h2 #theirs { (words::THEIRS) }
            p.facts { span { (words::SAVED) " " (when(at, now)) } }
            pre tabindex="0" { (yaml::print(file)) }
        }
    }
}
