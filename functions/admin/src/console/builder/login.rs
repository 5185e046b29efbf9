//! The login of a test: begun from the test step, watched while somebody is at the login page, used until it is over.

use http::HeaderMap;
use maud::{Markup, html};
use sando_core::admin::AdminError;
use sando_core::admin::test_logins::{self, Stage, TestLogin};
use sando_core::mistake::Mistake;
use serde_json::Value;
use url::Url;

use super::{given, or_mistakes, readable};
use crate::Api;
use crate::console::form::Form;
use crate::console::format::clock;
use crate::console::login::opens;
use crate::console::parts::tag;
use crate::console::refusal::Refusal;
use crate::console::states::Shape;
use crate::console::visitor::Visitor;
use crate::console::words;
use crate::logins::{TEST_CALLBACK, url_here};
use crate::problem::Problem;

/// The login of a test, if there is one.
#[derive(Default)]
pub(super) struct Login {
    now: Option<TestLogin>,
    /// The provider's login page, when it was just begun: it is shown once.
    page: Option<Url>,
}

impl Login {
    /// The login of this name, if whoever looks began it and it is not over.
    pub(super) async fn find(api: &Api, visitor: &Visitor, name: &str) -> Result<Self, Refusal> {
        if name.is_empty() {
            return Ok(Self::default());
        }
        match test_logins::mine(&api.ports, &visitor.who(api), name).await {
            Ok(login) => Ok(Self {
                now: Some(login.entity),
                page: None,
            }),
            Err(AdminError::NotFound(_)) => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Is it so far?
    pub(super) fn is(&self, stage: &Stage) -> bool {
        self.now.as_ref().is_some_and(|now| now.stage == *stage)
    }

    /// What it is called.
    pub(super) fn name(&self) -> Option<&str> {
        self.now.as_ref().map(TestLogin::name)
    }

    /// Begins one in its place.
    pub(super) async fn begin(
        &self,
        api: &Api,
        visitor: &Visitor,
        file: &Value,
        form: &Form,
        headers: &HeaderMap,
    ) -> Result<Result<Self, Vec<Mistake>>, Refusal> {
        let file = match readable(file) {
            Ok((file, _)) => file,
            Err(mistakes) => return Ok(Err(mistakes)),
        };
        let to = url_here(headers, TEST_CALLBACK).ok_or_else(Problem::no_host)?;
        let (who, again) = (visitor.who(api), self.name());
        let begun = test_logins::begin(&api.ports, &who, file, given(form), again, to.as_str());
        let begun = or_mistakes(begun.await)?;
        Ok(begun.map(|(page, login)| Self {
            now: Some(login),
            page: Some(page),
        }))
    }

    /// Forgets it.
    pub(super) async fn clear(&self, api: &Api, visitor: &Visitor) -> Result<(), Refusal> {
        let Some(name) = self.name() else {
            return Ok(());
        };
        match test_logins::clear(&api.ports, &visitor.who(api), name).await {
            Ok(()) | Err(AdminError::NotFound(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What the test step shows of it; `place` is that step.
    pub(super) fn shown(&self, place: &str) -> Markup {
        let verb = |value: &str, class: &str, words: &str| {
            html! { button class=(class) type="submit" name="do" value=(value) formaction=(place) { (words) } }
        };
        html! {
            section.stack #test-login aria-labelledby="test-login-name" {
                h2 #test-login-name { (words::TEST_LOGIN) }
                @match self.now.as_ref().map(|now| (now, &now.stage)) {
                    None => {
                        p.hint.measure { (words::TEST_LOGIN_HINT) }
                        p.bar { (verb("authorise", "", words::AUTHORISE)) }
                    }
                    Some((_, Stage::Waiting)) => {
                        p role="status" { (tag(Shape::Waiting, words::TEST_LOGIN_WAITS)) }
                        p.bar {
                            @if let Some(page) = &self.page { (opens(page.as_str(), words::LOGIN_OPEN)) }
                            (verb("authorise", "", words::AUTHORISE_AGAIN))
                            (verb("clear-login", "", words::TEST_LOGIN_CLEAR))
                        }
                    }
                    Some((now, Stage::Authorised)) => {
                        p role="status" {
                            (tag(Shape::Done, words::TEST_LOGIN_DONE)) " "
                            span data-ends=(now.until.to_string()) { (words::UNTIL) " " (clock(now.until)) }
                        }
                        p.bar {
                            (verb("authorise", "", words::AUTHORISE_AGAIN))
                            (verb("clear-login", "", words::TEST_LOGIN_CLEAR))
                        }
                    }
                    Some((_, Stage::Failed { why })) => {
                        p.bad role="status" { (words::TEST_LOGIN_FAILED) " " (why) }
                        p.bar {
                            (verb("authorise", "", words::AUTHORISE_AGAIN))
                            (verb("clear-login", "", words::TEST_LOGIN_CLEAR))
                        }
                    }
                }
            }
        }
    }

    /// Looks every two seconds whether somebody came back; lies outside of the form, of which it sends nothing.
    pub(super) fn watch(&self, place: &str) -> Markup {
        let waits = self.name().filter(|_| self.is(&Stage::Waiting));
        let asks = waits.map(|name| format!("{place}?session={name}"));
        html! {
            div #login-watch data-asks=[asks.as_ref().map(|_| "1")] hx-get=[asks.as_deref()]
                hx-trigger=[asks.as_ref().map(|_| "every 2s")] hx-target="#test-login" hx-select="#test-login" hx-select-oob="#login-watch" hx-swap="outerMorph" {}
        }
    }
}
