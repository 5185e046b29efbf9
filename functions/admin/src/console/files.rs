//! The files of configuration: lists, one file, and what changing it would do before it is saved.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::files;
use sando_core::company::Company;
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::ids::Slug;
use sando_core::mistake::Mistake;
use sando_core::store::{Loaded, Version};

use crate::Api;
use crate::attributes::{current as attributes_now, id as attributes_id};

use super::builder::{has_form, print_yaml};
use super::form::Form;
use super::format::{many, size, when};
use super::input::At;
use super::layout::{Nav, Page};
use super::parts::{empty, hidden, tabs};
use super::refusal::Refusal;
use super::visitor::{Sees, Visitor};
use super::{delete, seen, words};

/// A kind of file as addresses and people call it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    /// The kind.
    pub(super) kind: ConfigKind,
    /// In addresses.
    pub(super) path: &'static str,
    /// One of them.
    pub(super) one: &'static str,
    /// More of them.
    pub(super) more: &'static str,
    /// On its tab.
    tab: &'static str,
}

/// A file that somebody changes: as it would be, and the version of it that they saw.
#[derive(Clone, Copy)]
pub(super) struct Edited<'a> {
    /// Its kind.
    pub(super) kind: Kind,
    /// Its name.
    pub(super) id: &'a Slug,
    /// As it was typed.
    pub(super) text: &'a str,
    /// The version that was there; none if nobody knows.
    pub(super) seen: Option<Version>,
}

impl<'a> Edited<'a> {
    /// As a form says it.
    pub(super) fn of(kind: Kind, id: &'a Slug, form: &'a Form) -> Self {
        Self {
            kind,
            id,
            text: form.get("file"),
            seen: seen::of(form),
        }
    }

    /// The fields that bring it along, out of sight.
    pub(super) fn along(&self) -> Markup {
        html! {
            (seen::field(self.seen))
            textarea name="file" hidden aria-hidden="true" { (self.text) }
        }
    }
}

pub(super) const KINDS: &[Kind] = &[
    Kind {
        kind: ConfigKind::Policy,
        path: "policies",
        one: "policy",
        more: "policies",
        tab: "Policies",
    },
    Kind {
        kind: ConfigKind::Rule,
        path: "rules",
        one: "rule",
        more: "rules",
        tab: "Rules",
    },
    Kind {
        kind: ConfigKind::Workflow,
        path: "workflows",
        one: "workflow",
        more: "workflows",
        tab: "Workflows",
    },
    Kind {
        kind: ConfigKind::App,
        path: "apps",
        one: "application",
        more: "applications",
        tab: "Applications",
    },
    Kind {
        kind: ConfigKind::Attributes,
        path: "attributes",
        one: "file of attributes",
        more: "files of attributes",
        tab: "Attributes",
    },
];

/// The kind that an address names.
pub(super) fn kind(path: &str) -> Result<Kind, Refusal> {
    let found = KINDS.iter().find(|kind| kind.path == path);
    found.copied().ok_or_else(Refusal::nothing)
}

/// The tabs of all kinds, and of the document of all of it.
pub(super) fn tabs_of(here: Option<Kind>) -> Markup {
    let kinds = KINDS.iter().map(|kind| {
        (
            kind.tab.to_owned(),
            format!("/console/{}", kind.path),
            Some(*kind) == here,
        )
    });
    let guide = (
        words::GUIDE_TAB.to_owned(),
        "/console/guide".to_owned(),
        here.is_none(),
    );
    let all: Vec<(String, String, bool)> = kinds.chain([guide]).collect();
    tabs("Configuration", &all)
}

macro_rules! lists {
    ($($(#[$doc:meta])* $name:ident => $path:literal;)*) => {
        $(
            $(#[$doc])*
            pub(super) async fn $name(Sees(visitor): Sees, State(api): State<Api>) -> Result<Response, Refusal> {
                list(&visitor, &api, kind($path)?).await
            }
        )*
    };
}

lists! {
    /// Lists policies.
    policies => "policies";
    /// Lists rules.
    rules => "rules";
    /// Lists workflows.
    workflows => "workflows";
    /// Lists applications.
    apps => "apps";
    /// Lists the file of attributes.
    attributes => "attributes";
}

async fn list(visitor: &Visitor, api: &Api, kind: Kind) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let items = files::all(&api.ports, kind.kind).await?;
    let company = files::company(&api.ports).await?;
    let one = attributes_id();
    let built_in: Vec<&Slug> = match kind.kind {
        ConfigKind::Attributes if items.is_empty() => vec![&one],
        ConfigKind::Workflow => company
            .workflows
            .keys()
            .filter(|id| !items.iter().any(|item| item.entity.id == **id))
            .collect(),
        _ => Vec::new(),
    };
    let count = items.len().saturating_add(built_in.len());
    let body = html! {
        (tabs_of(Some(kind)))
        @if visitor.may(Scope::Admin) { (make(kind)) }
        @if count == 0 { (empty(&format!("There are no {} yet.", kind.more))) } @else { (table(kind, &items, &built_in, &company, now)) }
    };
    let page = Page {
        nav: Nav::Policies,
        title: kind.tab.to_owned(),
        above: None,
        verdict: words::files(count, kind.one, kind.more),
        lead: None,
        body,
    };
    Ok(page.respond(Some(visitor)))
}

fn make(kind: Kind) -> Markup {
    html! {
        @if kind.kind != ConfigKind::Attributes {
            form.filter method="get" action={ "/console/new/" (kind.path) } {
                label { "Name of a new " (kind.one) input type="text" name="id" required pattern="[a-z0-9][a-z0-9_\\-]{0,62}" maxlength="63"; }
                button type="submit" { "Write it" }
            }
        }
    }
}

fn table(
    kind: Kind,
    items: &[Loaded<ConfigItem>],
    built_in: &[&Slug],
    company: &Company,
    now: Timestamp,
) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Name" } th scope="col" { "What it says" } th scope="col" { "Changed" } } }
            tbody {
                @for item in items {
                    @let id = &item.entity.id;
                    tr {
                        td { a href={ "/console/" (kind.path) "/" (id) } { (id) } }
                        td data-label="What it says" { (gist(kind.kind, id, company)) }
                        td data-label="Changed" { (when(item.entity.changed_at, now)) }
                    }
                }
                @for id in built_in {
                    tr {
                        td { a href={ "/console/" (kind.path) "/" (id) } { (id) } }
                        td data-label="What it says" { (gist(kind.kind, id, company)) }
                        td data-label="Changed" { span.muted { "built in" } }
                    }
                }
            }
        }
    }
}

/// What a file says, in a few words.
fn gist(kind: ConfigKind, id: &Slug, company: &Company) -> String {
    let listed = |words: Vec<String>| words.join(", ");
    match kind {
        ConfigKind::Policy => company.policies.get(id).map_or_else(String::new, |policy| {
            let apps = policy.grants.iter().map(|grant| {
                let plan = grant
                    .plan
                    .as_ref()
                    .map_or_else(String::new, |plan| format!(" {plan}"));
                format!("{}{plan}", grant.app)
            });
            let paths: Vec<String> = policy.when.paths().map(ToString::to_string).collect();
            let whom = if paths.is_empty() {
                "everybody".to_owned()
            } else {
                format!("by {}", paths.join(", "))
            };
            format!("{whom}: {}", listed(apps.collect()))
        }),
        ConfigKind::App => company.apps.get(id).map_or_else(String::new, |app| {
            let owner = app.owner.as_deref().unwrap_or("nobody");
            let plans = match size(app.plans.len()) {
                0 => String::new(),
                count => format!(", {}", many(count, "plan", "plans")),
            };
            format!("{}, owned by {owner}{plans}", app.label())
        }),
        ConfigKind::Rule => company
            .rules
            .get(id)
            .map_or_else(String::new, |rule| format!("starts {}", rule.workflow)),
        ConfigKind::Workflow => company
            .workflows
            .get(id)
            .map_or_else(String::new, |workflow| {
                listed(
                    workflow
                        .steps
                        .iter()
                        .map(|step| step.id.to_string())
                        .collect(),
                )
            }),
        ConfigKind::Attributes | ConfigKind::Settings | ConfigKind::Pause => String::new(),
    }
}

/// Shows one file.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At((path, id)): At<(String, Slug)>,
) -> Result<Response, Refusal> {
    let kind = kind(&path)?;
    let stored = files::find(&api.ports, kind.kind, &id).await?;
    let now = api.ports.clock.now();
    let version = stored.as_ref().map_or(Version::ABSENT, |item| item.version);
    let (file, changed_at, ignored) = match stored {
        Some(item) => {
            let company = files::company(&api.ports).await?;
            let ignored = company.dangling(&item.entity);
            (item.entity.file, Some(item.entity.changed_at), ignored)
        }
        None => (built_in(&api, kind.kind, &id).await?, None, Vec::new()),
    };
    let text = print_yaml(&file);
    let edited = Edited {
        kind,
        id: &id,
        text: &text,
        seen: Some(version),
    };
    let lead = html! {
        p.facts {
            @match changed_at { Some(at) => { span { "changed " (when(at, now)) } } None => { span { (words::BUILT_IN) } } }
            @if kind.kind == ConfigKind::App { a href={ "/console/apps/" (id) "/provisioner" } { (words::CREDENTIALS_OF) } }
            @if changed_at.is_some() { (who_changed(kind, &id)) }
        }
    };
    let page = Page {
        nav: Nav::Policies,
        title: id.to_string(),
        above: Some(above(kind)),
        verdict: words::file(kind.one, id.as_str()),
        lead: Some(lead),
        body: html! {
            (warnings(&ignored))
            (editor(&visitor, &edited, &[]))
            @if changed_at.is_some() { (delete::ask(&visitor, kind, &id)) }
        },
    };
    Ok(page.respond(Some(&visitor)))
}

/// A file that counts where nobody wrote one.
pub(super) async fn built_in(
    api: &Api,
    kind: ConfigKind,
    id: &Slug,
) -> Result<serde_json::Value, Refusal> {
    if kind == ConfigKind::Attributes && *id == attributes_id() {
        return Ok(attributes_now(api).await?.0);
    }
    let company = files::company(&api.ports).await?;
    let workflow = company
        .workflows
        .get(id)
        .filter(|_| kind == ConfigKind::Workflow);
    let workflow = workflow.ok_or_else(Refusal::nothing)?;
    Ok(serde_json::to_value(workflow).unwrap_or_default())
}

/// The way to who changed a file.
pub(super) fn who_changed(kind: Kind, id: &Slug) -> Markup {
    html! { a href={ "/console/audit?stream=config&to=" (kind.kind.as_str()) "/" (id) } { (words::WHO_CHANGED) } }
}

/// Where a file lies.
pub(super) fn above(kind: Kind) -> Markup {
    html! { a href={ "/console/" (kind.path) } { (kind.tab) } }
}

/// What a file names that is not there, or says to no effect: it can be saved all the same.
pub(super) fn warnings(all: &[Mistake]) -> Markup {
    html! {
        @if !all.is_empty() {
            div.said.is-warn {
                ul { @for warning in all { li { code { (warning.path) } " " (warning.message) } } }
            }
        }
    }
}

/// The file to read, and to change for who may: it is planned before it is saved.
pub(super) fn editor(
    visitor: &Visitor,
    edited: &Edited<'_>,
    mistakes: &[(String, String)],
) -> Markup {
    let (kind, id, text) = (edited.kind, edited.id, edited.text);
    if !visitor.may(Scope::Operate) {
        return html! { p.small.muted { (words::FILE_READ_ONLY) } pre tabindex="0" { (text) } };
    }
    html! {
        @if !mistakes.is_empty() {
            div.error-summary role="alert" {
                h2 { (words::PROBLEM) }
                ul { @for (path, message) in mistakes { li { code { (path) } " " (message) } } }
            }
        }
        form.stack.wide #file-form data-unsaved="1" method="post" action={ "/console/" (kind.path) "/" (id) "/changes" } {
            (hidden(visitor, ""))
            (seen::field(edited.seen))
            div.field {
                label for="file" { (words::FILE) }
                p.hint #file-hint { (words::FILE_HINT) }
                textarea.file #file name="file" spellcheck="false" aria-describedby="file-hint" maxlength="200000" { (text) }
            }
            p.bar {
                button.primary type="submit" data-enter="1" { (words::SEE_CHANGES) }
                @if has_form(kind) {
                    button type="submit" name="do" value="form" formaction={ "/console/" (kind.path) "/" (id) "/form" } { (words::SHOW_FORM) }
                }
            }
        }
        div hx-post={ "/console/" (kind.path) "/" (id) "/check" } hx-trigger="input delay:350ms from:#file-form" hx-include="#file-form"
            hx-target="#checked" hx-select="#checked" hx-swap="outerMorph" hx-sync="this:replace" {}
        div #checked role="status" {}
    }
}
