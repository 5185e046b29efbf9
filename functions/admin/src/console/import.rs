//! People from a CSV file: what would come of it line by line, then they are put, some lines at a time.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::import::{self, Entry, How, Imported, Outcome};
use sando_core::ids::derive;

use crate::Api;
use crate::jobs::PATIENCE;

use super::deed::{Seen, mistakes};
use super::form::Form;
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::hidden;
use super::refusal::Refusal;
use super::visitor::{Administers, Visitor};
use super::words::{self, Said};

const PLACE: &str = "/console/people/import";
/// How many mistakes of a file are told.
const TOLD: usize = 200;

/// A file as it was typed, the line to go on from, and the one that what was shown ends before.
struct File<'a> {
    text: &'a str,
    from: usize,
    to: Option<usize>,
}

impl<'a> File<'a> {
    fn of(form: &'a Form) -> Self {
        Self {
            text: form.find("csv").unwrap_or_default(),
            from: form.get("from").parse().unwrap_or(0),
            to: form.get("to").parse().ok(),
        }
    }

    /// The fields that bring it along, out of sight.
    fn along(&self) -> Markup {
        html! {
            input type="hidden" name="from" value=(self.from);
            textarea name="csv" hidden aria-hidden="true" { "\n" (self.text) }
        }
    }

    /// Of what would come of it.
    fn hash(&self, shown: &Imported) -> String {
        let lines = shown.lines.iter();
        let lines = lines.map(|(line, _, outcome)| format!("{line} {}", words::outcome(outcome)));
        let lines: Vec<String> = lines.collect();
        let from = self.from.to_string();
        derive(&["import", self.text, &from, &lines.join("\n")])
    }
}

/// Asks for the file.
pub(super) async fn show(Administers(visitor): Administers) -> Response {
    let body = ask(&visitor, "");
    page(&visitor, words::IMPORT_WHAT.to_owned(), body)
}

fn page(visitor: &Visitor, verdict: String, body: Markup) -> Response {
    let page = Page {
        nav: Nav::People,
        title: words::IMPORT.to_owned(),
        above: Some(html! { a href="/console/people" { "People" } }),
        verdict,
        lead: Some(html! { p.measure.muted { (words::IMPORT_MEANS) } }),
        body,
    };
    page.respond(Some(visitor))
}

fn ask(visitor: &Visitor, text: &str) -> Markup {
    html! {
        form.stack.wide data-unsaved="1" method="post" action=(PLACE) {
            (hidden(visitor, ""))
            div.field {
                label for="csv" { (words::IMPORT_FILE) }
                p.hint #csv-hint { (words::IMPORT_HINT) }
                textarea.file #csv name="csv" spellcheck="false" required aria-describedby="csv-hint" { "\n" (text) }
            }
            p.bar { button.primary type="submit" { (words::SEE_CHANGES) } }
        }
    }
}

/// What would come of some lines.
async fn look(
    api: &Api,
    visitor: &Visitor,
    people: &[Entry],
    (file, is_seen): (&File<'_>, bool),
) -> Result<Imported, Refusal> {
    let who = visitor.who(api);
    let how = How {
        dry_run: true,
        from_line: file.from,
        to_line: file.to,
        // What was shown had time enough, and is looked at again to its end: how long that takes decides nothing.
        until: match is_seen {
            true => Timestamp::MAX,
            false => who.at.saturating_add(PATIENCE).unwrap_or(who.at),
        },
    };
    Ok(Box::pin(import::import(&api.ports, &who, people, how)).await?)
}

/// Puts the lines that were shown, and none after them, also where there would be time for it.
async fn put(
    api: &Api,
    visitor: &Visitor,
    people: &[Entry],
    (from_line, shown): (usize, &Imported),
) -> Result<Imported, Refusal> {
    let who = visitor.who(api);
    let how = How {
        dry_run: false,
        from_line,
        to_line: shown.next_line,
        until: who.at.saturating_add(PATIENCE).unwrap_or(who.at),
    };
    Ok(Box::pin(import::import(&api.ports, &who, people, how)).await?)
}

fn table(shown: &Imported) -> Markup {
    html! {
        table {
            thead { tr { th.num scope="col" { "Line" } th scope="col" { "Key" } th scope="col" { "What comes of it" } } }
            tbody {
                @for (line, key, outcome) in &shown.lines {
                    tr {
                        td.num { (line) }
                        td data-label="Key" { code { (key) } }
                        td data-label="What comes of it" {
                            (words::outcome(outcome))
                            @if let Outcome::Refused(why) = outcome { ": " (why) }
                        }
                    }
                }
            }
        }
    }
}

/// What would come of some lines, and the form that puts them.
fn plan(api: &Api, visitor: &Visitor, file: &File<'_>, shown: &Imported) -> Markup {
    let puts = words::puts(shown);
    html! {
        (table(shown))
        @if let Some(next) = shown.next_line { p.muted { (words::import_more(next)) } }
        form.stack.card method="post" action=(PLACE) {
            (hidden(visitor, &once(api)))
            input type="hidden" name="plan" value=(file.hash(shown));
            @if let Some(next) = shown.next_line { input type="hidden" name="to" value=(next); }
            (file.along())
            p.bar {
                button.primary type="submit" { (puts) }
                a.button href="/console/people" { (words::CANCEL) }
            }
        }
    }
}

/// Shows what would come of the file; confirmed by that, puts its people.
pub(super) async fn submit(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let file = File::of(&form);
    let people = match import::people(file.text) {
        Ok(people) => people,
        Err(mut all) => {
            let verdict = words::of_mistakes(all.len());
            all.truncate(TOLD);
            let body = html! { (mistakes(&all)) (ask(&visitor, file.text)) };
            let page = page(&visitor, verdict, body);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let is_seen = !form.get("plan").is_empty();
    let shown = Box::pin(look(&api, &visitor, &people, (&file, is_seen))).await?;
    let seen = Seen::of(&form, &file.hash(&shown));
    if seen != Seen::This {
        let body = html! {
            (seen.wrong())
            (plan(&api, &visitor, &file, &shown))
            details { summary { (words::IMPORT_CHANGE) } (ask(&visitor, file.text)) }
        };
        return Ok(seen.answer(page(&visitor, words::would_import(&shown), body)));
    }
    let put = Box::pin(put(&api, &visitor, &people, (file.from, &shown))).await?;
    let mut came = put.lines.iter().map(|(_, _, came)| came);
    let is_told = put.next_line.is_some() || came.any(|came| matches!(came, Outcome::Refused(_)));
    if !is_told {
        return Ok(done("/console/people", Said::Imported));
    }
    let body = came_of(&visitor, file, &put);
    Ok(page(&visitor, words::imported(&put), body))
}

/// What came of the lines that were put, and the way on.
fn came_of(visitor: &Visitor, file: File<'_>, put: &Imported) -> Markup {
    html! {
        (table(put))
        @if let Some(from) = put.next_line {
            form.stack.card method="post" action=(PLACE) {
                (hidden(visitor, ""))
                (File { from, to: None, ..file }.along())
                p.bar { button.primary type="submit" { (words::import_next(from)) } }
            }
        } @else { p.bar { a.button href="/console/people" { "People" } } }
    }
}
