//! The document of what is configured (L29), as a page and as a file.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use maud::html;
use sando_core::guide::{self, Section};

use crate::Api;

use super::files::tabs_of;
use super::layout::{Nav, Page};
use super::parts::anchor;
use super::refusal::Refusal;
use super::visitor::Sees;
use super::words;

/// Shows the document.
pub(super) async fn show(Sees(visitor): Sees, State(api): State<Api>) -> Result<Response, Refusal> {
    let (company, definitions) = crate::guide::configured(&api).await?;
    let sections = guide::sections(&company, &definitions);
    let body = html! {
        (tabs_of(None))
        nav aria-label=(words::GUIDE_PARTS) {
            ul { @for section in &sections { li { a href={ "#" (place(section)) } { (section.title) } } } }
        }
        @for section in &sections {
            section aria-labelledby=(place(section)) {
                h2 id=(place(section)) { (section.title) }
                @for entry in &section.entries {
                    h3 { (entry.title) }
                    ul.measure { @for line in &entry.lines { li { (line) } } }
                }
            }
        }
    };
    let page = Page {
        nav: Nav::Policies,
        title: words::GUIDE_TAB.to_owned(),
        above: None,
        verdict: words::GUIDE.to_owned(),
        lead: Some(
            html! { p.bar { a.button href="/console/guide/markdown" { (words::GUIDE_FILE) } span.small.muted { "GET /v1/document" } } },
        ),
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

/// The name of a section's place in the page.
fn place(section: &Section) -> String {
    format!("about-{}", anchor(section.title).to_lowercase())
}

/// The document as Markdown.
pub(super) async fn markdown(_: Sees, State(api): State<Api>) -> Result<Response, Refusal> {
    let (company, definitions) = crate::guide::configured(&api).await?;
    let text = guide::markdown(&company, &definitions);
    let headers = [
        (header::CONTENT_TYPE, "text/markdown; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"configured.md\"",
        ),
    ];
    Ok((headers, text).into_response())
}
