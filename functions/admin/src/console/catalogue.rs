//! The catalogue: definitions of real applications that come with Sando. One is taken as a draft, and changed as needed.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::definitions;
use serde::Deserialize;

use crate::Api;
use crate::catalogue::{ALL, Entry, search};

use super::input::Asks;
use super::integrations::tabs_of;
use super::layout::{Nav, Page};
use super::parts::{hidden, tag};
use super::refusal::Refusal;
use super::states::Shape;
use super::visitor::{Sees, Visitor};
use super::words;

/// What to look for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CatalogueQuery {
    #[serde(default)]
    q: String,
}

/// Lists the catalogue.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    Asks(query): Asks<CatalogueQuery>,
) -> Result<Response, Refusal> {
    let stored = definitions::all(&api.ports).await?;
    let found = search(&query.q);
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
