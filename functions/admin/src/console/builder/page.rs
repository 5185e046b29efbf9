//! A step of the wizard as a page.

use axum::response::Response;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::definitions;
use sando_core::admin::test_logins::Stage;
use sando_core::catalog::Draft;
use sando_core::company::Company;
use sando_core::definition::Definition;
use sando_core::mistake::Mistake;
use sando_core::store::Version;
use serde_json::{Map, Value};
use url::Url;

use super::kind::Field;
use super::login::Login;
use super::panel::{Panel, without_fields};
use super::review::Review;
use super::show::Form;
use super::steps::{Section, Step, chosen, sections};
use super::{Done, connected, yaml};
use crate::Api;
use crate::console::connect::{Filled, asked, input};
use crate::console::format::clock;
use crate::console::layout::{Nav, Page};
use crate::console::login::WITH_PAGE;
use crate::console::lookup::once;
use crate::console::parts::{anchor, hidden, id as copied, no_default};
use crate::console::refusal::Refusal;
use crate::console::seen;
use crate::console::visitor::Visitor;
use crate::console::words;
use crate::logins::TEST_CALLBACK;

/// What a step shows.
pub(super) struct Shown<'a> {
    pub(super) visitor: &'a Visitor,
    /// With what was filled in, also where that is not saved.
    pub(super) draft: &'a Draft,
    /// The version of the draft that is stored.
    pub(super) seen: Version,
    pub(super) step: Step,
    pub(super) company: &'a Company,
    pub(super) panel: &'a Panel,
    pub(super) done: &'a Done,
    pub(super) mistakes: Vec<Mistake>,
    /// Whoever just came is not told what is missing.
    pub(super) says_mistakes: bool,
    /// Values of variables that were typed for the test.
    pub(super) variables: Map<String, Value>,
    /// Where a provider's login page leads back to.
    pub(super) redirect_url: Option<Url>,
    /// The login of the test.
    pub(super) login: &'a Login,
}

impl Shown<'_> {
    fn place(&self, step: Step) -> String {
        format!("/console/builder/{}/{}", self.draft.id, step.path())
    }

    fn is_open(&self, step: Step) -> bool {
        let open = |mistake: &Mistake| Step::of_mistake(&mistake.path) == step;
        match step {
            Step::Test => false,
            Step::Review | Step::Yaml => !self.mistakes.is_empty(),
            _ => self.mistakes.iter().any(open),
        }
    }

    /// The steps: each button keeps what was typed, and goes there.
    fn steps(&self) -> Markup {
        let numbered = Step::ALL.into_iter().zip(1_u8..);
        html! {
            nav.tabs.wizard aria-label=(words::WIZARD) {
                @for (step, number) in numbered {
                    @let here = step == self.step;
                    button.tab type="submit" formaction=(self.place(step)) aria-current=[here.then_some("step")] {
                        @if step != Step::Yaml { (number) " " }
                        (words::step(step.path()))
                        @if !matches!(step, Step::Test | Step::Review | Step::Yaml) {
                            @if self.is_open(step) { span.muted title="not complete" { " ○" } } @else { span.ok title="complete" { " ✓" } }
                        }
                    }
                }
            }
        }
    }

    fn form(&self) -> Form<'_> {
        Form {
            file: &self.draft.file,
            mistakes: if self.says_mistakes {
                &self.mistakes
            } else {
                &[]
            },
            unread: &self.done.unread,
        }
    }

    fn section(&self, section: &Section) -> Markup {
        let form = self.form();
        let id = anchor(&format!("s-{}", section.title));
        let is_filled = |field: &&Field| super::get(&self.draft.file, &field.at).is_some();
        let filled = section.fields.iter().filter(is_filled).count();
        let is_wrong = section.fields.iter().any(|field| form.is_wrong(field));
        let inner = html! {
            @if !section.hint.is_empty() { p.hint.measure { (section.hint) } }
            @if let Some(variant) = &section.variant {
                @let name = format!("v:{}", variant.at);
                @let id = anchor(&name);
                div.field {
                    label for=(id) { (words::variant(variant.at)) }
                    div.row.choose {
                        select id=(id) name=(name) hx-post=(self.place(self.step)) hx-trigger="change"
                            hx-target="#builder" hx-select="#builder" hx-swap="outerMorph" {
                            @if !variant.choices.iter().any(|(word, _)| *word == variant.chosen) { option value=(variant.chosen) selected { (variant.chosen) } }
                            @for (word, name) in &variant.choices { option value=(word) selected[*word == variant.chosen] { (name) } }
                        }
                        noscript { button type="submit" name="do" value="keep" { (words::CHOOSE) } }
                    }
                }
            }
            @for field in &section.fields { (form.field(field)) }
        };
        html! {
            @if section.is_more {
                details.more open[is_wrong || (filled > 0 && section.fields.len() < 4)] { summary { (section.title) (words::filled_in(filled)) } div.stack { (inner) } }
            } @else if section.title.is_empty() { div.stack { (inner) } }
            @else { section.stack aria-labelledby=(id) { h2 id=(id) { (section.title) } (inner) } }
        }
    }

    fn body(&self, review: &Markup) -> Markup {
        let file = &self.draft.file;
        match self.step {
            Step::Review => review.clone(),
            Step::Yaml => self.file(),
            Step::Test => self.test(),
            step => html! {
                (self.redirect())
                @for section in &sections(step, file, self.company) { (self.section(section)) }
            },
        }
    }

    /// Does its application have a login page?
    fn has_login(&self) -> bool {
        chosen(&self.draft.file, "/auth", "none") == WITH_PAGE
    }

    /// What the provider of a login page has to know.
    fn redirect(&self) -> Markup {
        let url = self.redirect_url.as_ref();
        let url = url.filter(|_| self.has_login() && self.step == Step::Auth);
        html! {
            @if let Some(url) = url {
                div.said.is-warn {
                    p { (words::REDIRECT_URL) " " (copied(url.as_str())) }
                    @if let Ok(url) = url.join(TEST_CALLBACK) { p { (words::TEST_REDIRECT_URL) " " (copied(url.as_str())) } }
                }
            }
        }
    }

    /// The whole as a file.
    fn file(&self) -> Markup {
        let (text, wrong) = match &self.done.text {
            Some((text, why)) => (text.clone(), Some(why)),
            None => (yaml::print(&self.draft.file), None),
        };
        html! {
            div.field {
                label for="text" { (words::FILE) }
                p.hint #text-hint { (words::YAML_HINT) }
                textarea.file #text name="text" spellcheck="false" aria-describedby="text-hint" aria-invalid=[wrong.map(|_| "true")] maxlength="250000" { (text) }
                @if let Some(why) = wrong { p.error { "✕ " (why) } }
            }
            @if self.says_mistakes {
                @for mistake in &self.mistakes { p.error { "✕ " code { (mistake.path) } " " (mistake.message) } }
            }
        }
    }

    /// What is asked for a test.
    fn test(&self) -> Markup {
        let file = &self.draft.file;
        let definition =
            Definition::compile(file).or_else(|_| Definition::compile(&without_fields(file)));
        let filled = Filled {
            variables: self
                .variables
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            mistakes: self.done.refused.clone(),
            ..Filled::default()
        };
        html! {
            p.hint.measure { (words::TEST_HINT) }
            @match definition {
                Ok(definition) => {
                    @for one in asked(&definition) { (input(&one.for_once(), &filled)) }
                    @if self.has_login() { (self.login.shown(&self.place(Step::Test))) }
                    p.bar {
                        button.primary[!self.login.is(&Stage::Waiting)] type="submit" name="do" value="test" formaction=(self.place(Step::Test)) data-enter="1" { (words::RUN_TEST) }
                    }
                }
                Err(mistakes) => {
                    p.warn { (words::NOT_YET) }
                    ul { @for mistake in mistakes { li { code { (mistake.path) } " " (mistake.message) } } }
                }
            }
        }
    }

    fn refused(&self) -> Markup {
        html! {
            @if !self.done.refused.is_empty() {
                div.error-summary role="alert" {
                    h2 { (words::PROBLEM) }
                    ul { @for mistake in &self.done.refused { li { code { (mistake.path) } " " (mistake.message) } } }
                }
            }
        }
    }

    /// The preview follows what is typed, against the answer that is in the page.
    fn live(&self) -> Markup {
        html! {
            @if matches!(self.step, Step::Endpoint | Step::Fields) {
                div hx-post=(self.place(self.step)) hx-trigger="input delay:350ms from:#step-form" hx-include="#step-form"
                    hx-target="#preview" hx-select="#preview" hx-select-oob="#saved" hx-swap="outerMorph" hx-sync="this:replace" {}
            }
        }
    }

    fn builder(&self, review: &Markup) -> Markup {
        let next = self.step.next();
        html! {
            form.builder #step-form data-unsaved="1" method="post" action=(self.place(self.step)) hx-boost="true" hx-target="#builder"
                hx-select="#builder" hx-select-oob="#verdict" hx-swap="outerMorph" {
                (no_default())
                (hidden(self.visitor, ""))
                (seen::field(Some(self.seen)))
                input type="hidden" name="from" value=(self.step.path());
                @if let Some(name) = self.login.name() { input type="hidden" name="session" value=(name); }
                (self.steps())
                (self.refused())
                @if self.step.has_panel() {
                    div.columns.beside {
                        div.stack { (self.body(review)) }
                        aside.panel #panel aria-label=(words::TEST_PANEL) { (self.panel.shown(self.step, &self.draft.file)) }
                    }
                } @else {
                    div.stack { (self.body(review)) }
                    textarea name="sample" hidden aria-hidden="true" { (self.panel.sample) }
                }
                p.bar {
                    @if let Some(next) = next {
                        button.primary[self.step != Step::Test] type="submit" formaction=(self.place(next))
                            data-enter=[(self.step != Step::Test).then_some("1")] { (words::continue_to(next.path())) }
                    }
                    @if self.step != Step::Review { button type="submit" name="do" value="keep" { (words::SAVE) } }
                    span.small.muted #saved {
                        @if self.done.theirs.is_some() { (words::NOT_SAVED) } @else { (words::SAVED) " " (clock(self.draft.saved_at)) }
                    }
                }
            }
            // It saves as well, and over what somebody else saved only a button does.
            @if self.done.theirs.is_none() { (self.live()) }
            @if self.step == Step::Test && self.has_login() { (self.login.watch(&self.place(Step::Test))) }
        }
    }

    fn read_only(&self) -> Markup {
        html! {
            p.small.muted { (words::LOOKS_ONLY) }
            pre tabindex="0" { (yaml::print(&self.draft.file)) }
        }
    }
}

/// A step as a page.
pub(super) async fn page(api: &Api, shown: &Shown<'_>) -> Result<Response, Refusal> {
    let id = &shown.draft.id;
    let stored = definitions::find(&api.ports, id).await?;
    let lacking = match Definition::compile(&shown.draft.file) {
        Ok(definition) if shown.step == Step::Review => {
            definitions::lacking(&api.ports, &definition).await?
        }
        _ => Vec::new(),
    };
    let review = Review {
        id,
        seen: shown.seen,
        lacking,
        file: &shown.draft.file,
        stored: stored.as_ref(),
        accounts: connected(api, id).await?,
        company: shown.company,
        mistakes: &shown.mistakes,
    };
    let may = shown.visitor.may(Scope::Operate);
    let body = html! {
        div #builder {
            @if may {
                @if let Some(theirs) = &shown.done.theirs { (theirs.shown(api.ports.clock.now())) }
                (shown.builder(&review.shown()))
                @if shown.step == Step::Review { (review.ends(shown.visitor, &once(api))) }
            } @else { (shown.read_only()) }
        }
    };
    let name = shown.draft.file.get("name").and_then(Value::as_str);
    let name = name.unwrap_or(id.as_str());
    let page = Page {
        nav: Nav::Integrations,
        title: format!("{}: {name}", words::step(shown.step.path())),
        above: Some(
            html! { a href="/console/integrations" { "Integrations" } " › " a href="/console/builder" { (words::BUILDER) } },
        ),
        verdict: words::builder(name, shown.step.path(), shown.mistakes.len()),
        lead: None,
        body,
    };
    Ok(page.respond(Some(shown.visitor)))
}
