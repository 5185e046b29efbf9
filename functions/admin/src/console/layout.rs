//! The frame around every page: head, rail, verdict.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, html};
use sando_core::admin::api_key::Scope;

use super::assets::Asset;
use super::cookie;
use super::find::palette;
use super::frame::home;
use super::parts::icon;
use super::visitor::Visitor;
use super::words::{self, Said};

/// htmx: no style of its own, no page kept in the browser, no page of a gateway swapped in.
const HTMX: &str = r#"{"includeIndicatorCSS":false,"history":"reload","noSwap":[204,304,401,403,404,500,502,503,504],"defaultTimeout":15000}"#;

/// Which part of the console a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Nav {
    /// What needs somebody.
    Overview,
    /// Approvals and tasks.
    Inbox,
    /// People.
    People,
    /// Runs.
    Runs,
    /// Definitions and accounts.
    Integrations,
    /// Policies, rules, workflows, attributes, applications.
    Policies,
    /// Licences and what they cost.
    Spend,
    /// The trail.
    Audit,
    /// Settings.
    Settings,
    /// What is looked for.
    Find,
    /// None of them.
    None,
}

const NAV: &[(Nav, &str, &str)] = &[
    (Nav::Overview, "/console", "Overview"),
    (Nav::Inbox, "/console/inbox", "Inbox"),
    (Nav::People, "/console/people", "People"),
    (Nav::Runs, "/console/runs", "Runs"),
    (Nav::Integrations, "/console/integrations", "Integrations"),
    (Nav::Policies, "/console/policies", "Policies"),
    (Nav::Spend, "/console/spend", "Spend"),
    (Nav::Audit, "/console/audit", "Audit"),
    (Nav::Settings, "/console/settings", "Settings"),
];

/// A page.
pub(super) struct Page {
    /// The part that it belongs to.
    pub(super) nav: Nav,
    /// Its name, for the title.
    pub(super) title: String,
    /// Where it lies.
    pub(super) above: Option<Markup>,
    /// The sentence that answers why somebody came.
    pub(super) verdict: String,
    /// What stands below it.
    pub(super) lead: Option<Markup>,
    /// Everything else.
    pub(super) body: Markup,
}

impl Page {
    /// The page for whoever looks.
    pub(super) fn respond(self, visitor: Option<&Visitor>) -> Response {
        let part = NAV.iter().find(|(nav, ..)| *nav == self.nav);
        let part = part.map_or("", |(_, _, name)| *name);
        let title = if self.title.is_empty() || self.title == part {
            format!("{part} · Sando")
        } else if part.is_empty() {
            format!("{} · Sando", self.title)
        } else {
            format!("{} · {part} · Sando", self.title)
        };
        // Only markup of ours has these quotes: text from outside is escaped.
        let is_wrong = self.body.0.contains("class=\"error-summary\"");
        let title = format!("{}{title}", if is_wrong { words::ERROR } else { "" });
        let said = visitor.and_then(|visitor| visitor.said);
        let main = html! {
            main #content tabindex="-1" {
                div.head {
                    @if let Some(above) = &self.above { p.crumbs { (above) } }
                    h1 #verdict { (self.verdict) }
                    @if let Some(lead) = &self.lead { (lead) }
                }
                div role="status" { @if let Some(said) = said { (was_done(said)) } }
                (self.body)
            }
        };
        let body = match visitor {
            Some(visitor) => html! {
                div.frame { (rail(visitor, self.nav)) (main) }
                (keys(visitor))
                @if visitor.may(Scope::Read) && self.nav != Nav::Find { (palette()) }
            },
            None => html! { div.sign-in { header { (brand("/console")) } (main) } },
        };
        document(&title, &body)
    }
}

/// What was just done.
fn was_done(said: Said) -> Markup {
    html! { div.said { (icon("circle-check")) p { (words::said(said)) } } }
}

/// A whole document.
pub(super) fn document(title: &str, body: &Markup) -> Response {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content=(HTMX);
                // A page is painted when it is whole: what comes in later moves nothing.
                link rel="expect" href="#toasts" blocking="render";
                title { (title) }
                link rel="icon" type="image/svg+xml" href=(Asset::Mark.url());
                link rel="stylesheet" href=(Asset::Style.url());
                script src=(Asset::Htmx.url()) defer {}
                script src=(Asset::Script.url()) defer {}
            }
            body {
                a.skip href="#content" { (words::SKIP) }
                (body)
                div #toasts role="status" {}
            }
        }
    };
    Html(document.into_string()).into_response()
}

fn brand(to: &str) -> Markup {
    html! {
        a.brand href=(to) {
            svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true" {
                path d="M3 19C7 19 7 5 12 5s5 14 9 14" {}
                circle cx="3" cy="19" r="2" fill="currentColor" {}
                circle cx="12" cy="5" r="2" fill="currentColor" {}
                circle cx="21" cy="19" r="2" fill="currentColor" {}
            }
            "Sando"
        }
    }
}

fn rail(visitor: &Visitor, here: Nav) -> Markup {
    let sees_all = visitor.may(Scope::Read);
    let shown = NAV
        .iter()
        .filter(|(nav, ..)| sees_all || *nav == Nav::Inbox);
    html! {
        header.rail {
            (brand(home(visitor)))
            button.menu type="button" popovertarget="parts" { (words::MENU) }
            nav #parts popover aria-label=(words::MAIN) {
                ul {
                    @for (nav, to, name) in shown {
                        li { a href=(to) aria-current=[(*nav == here).then_some("page")] { (name) } }
                    }
                }
            }
            @if sees_all { a.find href="/console/find" data-opens="find" { (icon("search")) (words::FIND) } }
            @if sees_all && visitor.is_paused { a.paused href="/console/pause" { (icon("circle-pause")) (words::IS_PAUSED) } }
            div.who {
                strong.name title=(visitor.name) { (visitor.name) }
                button.quiet type="button" data-opens="keys" { (words::SHORTCUTS) }
                form method="post" action="/console/sign-out" {
                    input type="hidden" name="csrf" value=(visitor.csrf);
                    button.quiet type="submit" { (icon("log-out")) (words::SIGN_OUT) }
                }
            }
        }
    }
}

/// The keys of every page, in a dialog that `?` opens, where they are switched off and on.
fn keys(visitor: &Visitor) -> Markup {
    let are_on = visitor.shortcuts;
    let (other, verb) = if are_on {
        ("off", words::SINGLE_KEYS_OFF)
    } else {
        ("on", words::SINGLE_KEYS_ON)
    };
    html! {
        dialog #keys aria-labelledby="keys-name" data-off=[(!are_on).then_some("1")] {
            h2 #keys-name { (words::KEYS) }
            @if !are_on { p { (words::SINGLE_KEYS_ARE_OFF) } }
            dl.facts {
                @for (keys, what) in words::ALL_KEYS { dt { kbd { (keys) } } dd { (what) } }
            }
            form.bar method="post" action="/console/shortcuts" {
                input type="hidden" name="csrf" value=(visitor.csrf);
                button type="button" data-close="1" { (words::CLOSE) }
                button type="submit" name="single_keys" value=(other) { (verb) }
            }
        }
    }
}

/// To another page, which tells what was just done.
pub(super) fn done(to: &str, said: Said) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(place) = HeaderValue::try_from(to) {
        headers.insert(header::LOCATION, place);
    }
    headers.insert(header::SET_COOKIE, cookie::keep_said(said.word()));
    response
}
