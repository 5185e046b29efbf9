//! The catalogue: definitions of real applications that come with Sando. One is taken as a draft, and changed as needed.

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::definitions;
use sando_core::definition::Source;
use serde::Deserialize;
use serde_json::Value;

use crate::Api;

use super::input::Asks;
use super::integrations::tabs_of;
use super::layout::{Nav, Page};
use super::parts::{hidden, tag};
use super::refusal::Refusal;
use super::states::Shape;
use super::visitor::{Sees, Visitor};
use super::words;

const FILES: &[&str] = &include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// One definition of the catalogue.
pub(super) struct Entry {
    /// Its name in addresses.
    pub(super) id: String,
    /// Its name for people.
    name: String,
    /// How its requests authenticate.
    auth: String,
    /// What the file says about itself.
    notes: Vec<String>,
    /// The file.
    pub(super) file: Value,
}

fn read(text: &str) -> Option<Entry> {
    let file = Source::parse(text).ok()?.value().clone();
    let of = |at: &str| file.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let notes = text.lines().take_while(|line| line.starts_with('#'));
    Some(Entry {
        id: of("/definition")?,
        name: of("/name").or_else(|| of("/app"))?,
        auth: of("/auth/type").unwrap_or_else(|| "none".to_owned()),
        notes: notes
            .map(|line| line.trim_start_matches('#').trim().to_owned())
            .collect(),
        file,
    })
}

static ALL: LazyLock<Vec<Entry>> =
    LazyLock::new(|| FILES.iter().filter_map(|text| read(text)).collect());

/// The definition of that name.
pub(super) fn find(id: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.id == id)
}

/// What to look for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CatalogueQuery {
    #[serde(default)]
    q: String,
}

fn matches(entry: &Entry, text: &str) -> bool {
    text.is_empty()
        || [&entry.id, &entry.name]
            .iter()
            .any(|name| name.to_lowercase().contains(text))
}

/// Lists the catalogue.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    Asks(query): Asks<CatalogueQuery>,
) -> Result<Response, Refusal> {
    let stored = definitions::all(&api.ports).await?;
    let text = query.q.trim().to_lowercase();
    let found: Vec<&Entry> = ALL.iter().filter(|entry| matches(entry, &text)).collect();
    let is_there = |entry: &Entry| {
        stored
            .iter()
            .any(|item| item.entity.id.as_str() == entry.id)
    };
    let body = html! {
        (tabs_of("catalogue"))
        form.filter method="get" action="/console/catalogue" role="search" {
            label { "Find" input type="search" name="q" value=(query.q) data-find="1" maxlength="100"; }
            button type="submit" { (words::FILTER) }
        }
        @if found.is_empty() {
            p.empty { (words::NO_MATCH) " " a href="/console/catalogue" { (words::CLEAR) } ". " (words::NOT_IN_CATALOGUE) }
        } @else {
            table {
                thead { tr { th scope="col" { "Application" } th scope="col" { "Signs in by" } th scope="col" { "What to know" } th scope="col" { span.visually-hidden { "Take it" } } } }
                tbody { @for entry in found { (line(&visitor, entry, is_there(entry))) } }
            }
        }
    };
    let page = Page {
        nav: Nav::Integrations,
        title: words::CATALOGUE.to_owned(),
        above: None,
        verdict: words::catalogue(ALL.len()),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn line(visitor: &Visitor, entry: &Entry, is_there: bool) -> Markup {
    let first = entry.notes.first().map(String::as_str).unwrap_or_default();
    html! {
        tr {
            td { strong { (entry.name) } @if is_there { " " (tag(Shape::Done, "taken")) } }
            td data-label="Signs in by" { (words::auth_type(&entry.auth)) }
            td data-label="What to know" {
                (first)
                @if entry.notes.len() > 1 { details { summary { (words::MORE) } @for note in entry.notes.iter().skip(1) { p.small { (note) } } } }
            }
            td.num {
                @if is_there { a.button href={ "/console/integrations/" (entry.id) } { (words::LOOK) span.visually-hidden { " at " (entry.name) } } }
                @else if visitor.may(Scope::Operate) {
                    form.inline method="post" action="/console/builder" {
                        (hidden(visitor, ""))
                        input type="hidden" name="id" value=(entry.id);
                        input type="hidden" name="from" value="catalogue";
                        button type="submit" { (words::TAKE) span.visually-hidden { " " (entry.name) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_catalogue_is_offered() {
        assert!(FILES.len() > 20);
        assert_eq!(ALL.len(), FILES.len());
    }
}
