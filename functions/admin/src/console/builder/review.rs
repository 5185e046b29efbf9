//! The last step: what is wrong and where it is corrected, what saving does, and the file as it will be.

use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::definitions::dangling;
use sando_core::catalog::DefinitionItem;
use sando_core::company::Company;
use sando_core::definition::Definition;
use sando_core::ids::Slug;
use sando_core::mistake::Mistake;
use sando_core::store::{Loaded, Version};
use serde_json::Value;

use super::publish::REPLACES;
use super::steps::Step;
use super::yaml;
use crate::console::parts::hidden;
use crate::console::seen;
use crate::console::visitor::Visitor;
use crate::console::words;

/// What is reviewed.
pub(super) struct Review<'a> {
    /// The draft's name.
    pub(super) id: &'a Slug,
    /// Its version.
    pub(super) seen: Version,
    /// What is written.
    pub(super) file: &'a Value,
    /// The definition as it counts now, if there is one.
    pub(super) stored: Option<&'a Loaded<DefinitionItem>>,
    /// What accounts lack that are connected with it.
    pub(super) lacking: Vec<Mistake>,
    /// How many accounts are connected with it.
    pub(super) accounts: usize,
    /// Everything else that there is.
    pub(super) company: &'a Company,
    /// What is wrong with it.
    pub(super) mistakes: &'a [Mistake],
}

impl Review<'_> {
    /// The step as it is shown within the form of the wizard.
    pub(super) fn shown(&self) -> Markup {
        html! {
            @if self.mistakes.is_empty() { (self.warnings()) } @else { (self.wrong()) }
            section aria-labelledby="as-file" {
                h2 #as-file { (words::AS_FILE) }
                pre tabindex="0" { (yaml::print(self.file)) }
            }
        }
    }

    fn wrong(&self) -> Markup {
        html! {
            div.error-summary role="alert" {
                h2 { (words::PROBLEM) }
                ul {
                    @for mistake in self.mistakes {
                        @let step = Step::of_mistake(&mistake.path);
                        li { a href={ "/console/builder/" (self.id) "/" (step.path()) } { (words::step(step.path())) } ": " code { (mistake.path) } " " (mistake.message) }
                    }
                }
            }
        }
    }

    fn warnings(&self) -> Markup {
        let warnings =
            Definition::compile(self.file).map(|definition| dangling(&definition, self.company));
        html! {
            div.said { p { (words::COMPLETE) } }
            @for warning in warnings.unwrap_or_default().iter().chain(&self.lacking) { p.warn { code { (warning.path) } " " (warning.message) } }
        }
    }

    /// What can be done with the draft: forms of their own.
    pub(super) fn ends(&self, visitor: &Visitor, once: &str) -> Markup {
        let place = format!("/console/builder/{}", self.id);
        let (replaces, number) = self.stored.map_or((Version::ABSENT, 1), |stored| {
            (stored.version, stored.entity.number.saturating_add(1))
        });
        html! {
            div.bar {
                @if visitor.may(Scope::Admin) {
                    @if self.mistakes.is_empty() {
                        form.inline method="post" action={ (place) "/save" } {
                            (hidden(visitor, once))
                            (seen::field(Some(self.seen)))
                            (seen::field_named(REPLACES, replaces))
                            button.primary type="submit" { (words::save_version(self.id.as_str(), number)) }
                        }
                    }
                } @else { p.small.muted { (words::SAVE_NEEDS) } }
            }
            @if self.accounts > 0 { p.small.muted { (words::used_by(self.accounts)) } }
            details {
                summary { (words::DISCARD) "…" }
                form.stack method="post" action={ (place) "/discard" } {
                    (hidden(visitor, ""))
                    (seen::field(Some(self.seen)))
                    p { (words::DISCARD_MEANS) }
                    p.bar { button.danger type="submit" { (words::DISCARD) } }
                }
            }
        }
    }
}
