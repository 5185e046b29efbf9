//! The builder: six steps to a definition, over a draft that is saved with every step, with the test panel beside them.
//!
//! A form is made of [`kind::Field`]s, each a place in the definition; what is filled in is put there and nowhere else
//! ([`fill`]), and what a field cannot show stands in it as YAML ([`show`]). So form and file are one thing. The answer of
//! the application is in the page alone: it goes from step to step with the form, and nothing of it is stored. So does the
//! name of a login for a test, whose tokens are encrypted and gone minutes later ([`login`]).
//!
//! Policies, rules, workflows and aliases have forms of the same fields, beside their files ([`guided`]).

mod config;
mod delivery;
mod fill;
mod guided;
mod kind;
mod list;
mod login;
mod page;
mod panel;
mod place;
mod publish;
mod repeat;
mod review;
mod rows;
mod show;
mod steps;
mod theirs;
mod workflow;
mod yaml;

pub(super) use fill::read_yaml;
pub(super) use guided::{has_form, meant, open as open_form, submit as submit_form};
pub(super) use list::{begin, show as list};
pub(super) use publish::{discard, publish};
pub(super) use yaml::print as print_yaml;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use sando_core::admin::accounts::{self, Given};
use sando_core::admin::test_logins::{self, Stage};
use sando_core::admin::{AdminError, Expect, definitions, drafts, files, preview};
use sando_core::catalog::Draft;
use sando_core::company::Company;
use sando_core::definition::Definition;
use sando_core::handle::sync::sample::Sample;
use sando_core::ids::Slug;
use sando_core::mistake::Mistake;
use sando_core::store::Loaded;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Api;
use crate::logins::redirect_url;
use crate::problem::Problem;

use super::form::Form;
use super::input::{Asks, At};
use super::refusal::Refusal;
use super::visitor::{Operates, Sees, Visitor};
use super::{seen, words};

use fill::Filled;
use kind::Field;
use login::Login;
use page::Shown;
use panel::{Panel, answer_of, without_fields};
use place::{get, pointed, set};
use show::Unread;
use steps::{Step, choose, is_said, sections};
use theirs::Theirs;

/// What a form did to the definition.
#[derive(Default)]
struct Done {
    unread: Unread,
    /// The file could not be read at all: its text, and why.
    text: Option<(String, String)>,
    /// A draft that is not saved: why.
    refused: Vec<Mistake>,
    /// What somebody else saved meanwhile: nothing is written over that.
    theirs: Option<Theirs>,
}

impl Done {
    fn status(&self) -> StatusCode {
        let is_read = self.unread.is_empty() && self.text.is_none();
        match self.theirs {
            Some(_) => StatusCode::PRECONDITION_FAILED,
            None if is_read && self.refused.is_empty() => StatusCode::OK,
            None => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

fn step_of(path: &str) -> Result<Step, Refusal> {
    Step::find(path).ok_or_else(Refusal::nothing)
}

/// What is wrong with a definition.
fn mistakes_of(id: &Slug, file: &Value) -> Vec<Mistake> {
    match definitions::checked(id, file) {
        Err(AdminError::Invalid(mistakes)) => mistakes,
        _ => Vec::new(),
    }
}

/// What the address of a step carries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepQuery {
    /// The name of a login for a test.
    session: Option<String>,
}

/// Shows a step.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At((id, step)): At<(Slug, String)>,
    Asks(query): Asks<StepQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let step = step_of(&step)?;
    let session = query.session.as_deref().unwrap_or_default();
    let login = Login::find(&api, &visitor, session).await?;
    if headers.contains_key("hx-request") && login.is(&Stage::Waiting) {
        // The page that asks has the link to the login page, and keeps it.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let draft = drafts::must_be(&api.ports, &id).await?;
    let (seen, draft) = (draft.version, draft.entity);
    let company = files::company(&api.ports).await?;
    let panel = Panel::of(&api, &draft.file, "", None).await?;
    let shown = Shown {
        visitor: &visitor,
        draft: &draft,
        seen,
        step,
        company: &company,
        panel: &panel,
        done: &Done::default(),
        mistakes: mistakes_of(&id, &draft.file),
        says_mistakes: step == Step::Review,
        variables: Map::new(),
        redirect_url: redirect_url(&headers),
        login: &login,
    };
    page::page(&api, &shown).await
}

/// Takes in one step, saves the draft, and shows this or another one.
pub(super) async fn submit(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At((id, step)): At<(Slug, String)>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Refusal> {
    let step = step_of(&step)?;
    let before = drafts::must_be(&api.ports, &id).await?;
    let company = files::company(&api.ports).await?;
    let mut done = Done::default();
    let mut file = before.entity.file.clone();
    let from = Step::find(form.get("from"));
    if let Some(from) = from {
        take_in(&mut file, from, &form, &company, &mut done);
    }
    use_proposals(&mut file, &form);
    let draft = save(&api, &visitor, &form, before, file, &mut done).await?;
    let (seen, draft) = (draft.version, draft.entity);
    let tried = tried(&api, &visitor, &draft.file, &form, &headers).await?;
    done.refused.extend(tried.refused);
    let mut sample = form.get("sample").to_owned();
    if let Some(answer) = tried
        .tested
        .as_ref()
        .and_then(|tested| answer_of(tested, &draft.file))
    {
        sample = answer;
    }
    let panel = Panel::of(&api, &draft.file, &sample, tried.tested).await?;
    let status = done.status();
    // What was not taken in is shown where it was typed.
    let step = if status == StatusCode::OK {
        step
    } else {
        from.unwrap_or(step)
    };
    let variables = form.under("variables.");
    let shown = Shown {
        visitor: &visitor,
        draft: &draft,
        seen,
        step,
        company: &company,
        panel: &panel,
        done: &done,
        mistakes: mistakes_of(&id, &draft.file),
        says_mistakes: step == Step::Review || from == Some(step),
        variables: variables
            .into_iter()
            .map(|(name, value)| (name, Value::from(value)))
            .collect(),
        redirect_url: redirect_url(&headers),
        login: &tried.login,
    };
    let page = page::page(&api, &shown).await?;
    Ok((status, page).into_response())
}

/// Puts what one step says into the definition.
fn take_in(file: &mut Value, from: Step, form: &Form, company: &Company, done: &mut Done) {
    if from == Step::Yaml {
        let Some(text) = form.find("text") else {
            return;
        };
        match read_yaml(text) {
            Ok(Some(Value::Object(fields))) => *file = Value::Object(fields),
            Ok(_) => done.text = Some((text.to_owned(), words::NO_OBJECT.to_owned())),
            Err(why) => done.text = Some((text.to_owned(), why)),
        }
        return;
    }
    let filled = Filled::of(form);
    let mut switched = None;
    for section in sections(from, &file.clone(), company) {
        if let Some(variant) = &section.variant {
            let word = form.find(&format!("v:{}", variant.at));
            let is_known = |word: &&str| variant.choices.iter().any(|(known, _)| known == word);
            if let Some(word) = word.filter(is_known)
                && word != variant.chosen
            {
                let chosen = choose(file, variant.at, word);
                set(file, variant.at, chosen);
                switched = Some(format!("{}/", variant.at));
                continue;
            }
        }
        // What was filled in of another type than the one that is chosen now is gone with it.
        let is_gone = |field: &&Field| switched.as_ref().is_some_and(|at| field.at.starts_with(at));
        for field in section.fields.iter().filter(|field| !is_gone(field)) {
            filled.put(file, field, &mut done.unread);
        }
        // What was filled in of a type that was never said says it.
        if let Some(variant) = &section.variant
            && matches!(variant.at, "/auth" | "/users/pagination")
            && is_said(&variant.chosen)
            && let Some(Value::Object(fields)) = get(file, variant.at)
            && !fields.contains_key("type")
        {
            set(
                file,
                &place::below(variant.at, "type"),
                Some(Value::from(variant.chosen.clone())),
            );
        }
    }
}

/// Follows the proposals that were chosen.
fn use_proposals(file: &mut Value, form: &Form) {
    let wanted = form.get("do");
    let one = wanted.strip_prefix("use:");
    if one.is_none() && wanted != "use-all" {
        return;
    }
    let Some((_, proposed)) = panel::read(form.get("sample")) else {
        return;
    };
    for proposal in proposed {
        if one.is_none_or(|key| key == proposal.key) {
            set(file, &pointed(&proposal.key), Some(proposal.value));
        }
    }
}

/// Saves the draft, unless somebody else did since the form was opened.
async fn save(
    api: &Api,
    visitor: &Visitor,
    form: &Form,
    before: Loaded<Draft>,
    file: Value,
    done: &mut Done,
) -> Result<Loaded<Draft>, Refusal> {
    let fields = match &file {
        Value::Object(fields) if file != before.entity.file => fields.clone(),
        _ => return Ok(before),
    };
    let (id, who) = (before.entity.id.clone(), visitor.who(api));
    let is_seen = seen::expected(seen::of(form)).check(Some(&before)).is_ok();
    // The preview saves what somebody types, while the form keeps the version that it began with.
    if !is_seen && before.entity.saved_by != who.actor {
        return Ok(overtaken(before, file, done));
    }
    let expect = Expect::OneOf(vec![before.version]);
    match drafts::put(&api.ports, &who, &id, fields, &expect).await {
        Ok((saved, _)) => Ok(saved),
        Err(AdminError::Invalid(mistakes)) => {
            done.refused = mistakes;
            Ok(before)
        }
        Err(AdminError::Stale) => {
            let theirs = drafts::must_be(&api.ports, &id).await?;
            Ok(overtaken(theirs, file, done))
        }
        Err(error) => Err(error.into()),
    }
}

/// The draft that somebody else saved, with what was filled in, which is not saved.
fn overtaken(theirs: Loaded<Draft>, file: Value, done: &mut Done) -> Loaded<Draft> {
    done.theirs = Some(Theirs::Draft(theirs.entity.clone()));
    let entity = Draft {
        file,
        ..theirs.entity
    };
    Loaded { entity, ..theirs }
}

/// What a verb of the test step did.
#[derive(Default)]
struct Tried {
    tested: Option<Sample>,
    login: Login,
    refused: Vec<Mistake>,
}

async fn tried(
    api: &Api,
    visitor: &Visitor,
    file: &Value,
    form: &Form,
    headers: &HeaderMap,
) -> Result<Tried, Refusal> {
    let login = Login::find(api, visitor, form.get("session")).await?;
    let mut tried = Tried {
        login,
        ..Tried::default()
    };
    let outcome = match form.get("do") {
        "test" => {
            let tested = test(api, visitor, file, form).await?;
            tested.map(|tested| tried.tested = Some(tested))
        }
        "authorise" => {
            let begun = tried.login.begin(api, visitor, file, form, headers).await?;
            begun.map(|login| tried.login = login)
        }
        "clear-login" => {
            tried.login.clear(api, visitor).await?;
            tried.login = Login::default();
            Ok(())
        }
        _ => Ok(()),
    };
    if let Err(mistakes) = outcome {
        tried.refused = mistakes;
    }
    Ok(tried)
}

/// A definition that users can be read with, and its file; fields need not be mapped yet.
fn readable(file: &Value) -> Result<(Value, Definition), Vec<Mistake>> {
    let whole = Definition::compile(file).map(|definition| (file.clone(), definition));
    whole.or_else(|_| {
        let file = without_fields(file);
        let definition = Definition::compile(&file)?;
        Ok((file, definition))
    })
}

fn given(form: &Form) -> Given {
    Given {
        variables: form.under("variables."),
        credentials: form.under("credentials."),
        ..Given::default()
    }
}

/// Mistakes are shown beside what was typed; everything else is a page of its own.
fn or_mistakes<T>(outcome: Result<T, AdminError>) -> Result<Result<T, Vec<Mistake>>, Refusal> {
    match outcome {
        Ok(done) => Ok(Ok(done)),
        Err(AdminError::Invalid(mistakes)) => Ok(Err(mistakes)),
        Err(error) => Err(Problem::from(error).into()),
    }
}

/// Reads the first page of users with what was given for this once, or with the tokens of a login.
async fn test(
    api: &Api,
    visitor: &Visitor,
    file: &Value,
    form: &Form,
) -> Result<Result<Sample, Vec<Mistake>>, Refusal> {
    let (file, definition) = match readable(file) {
        Ok(readable) => readable,
        Err(mistakes) => return Ok(Err(mistakes)),
    };
    let (ports, given) = (&api.ports, given(form));
    or_mistakes(match form.get("session") {
        "" => preview::test(ports, definition, given).await,
        session => {
            let (of, who) = ((&file, definition), visitor.who(api));
            test_logins::test(ports, &who, of, &given.variables, session).await
        }
    })
}

/// How many accounts are connected with a definition.
async fn connected(api: &Api, id: &Slug) -> Result<usize, Refusal> {
    let accounts = accounts::all(&api.ports).await?;
    Ok(accounts
        .iter()
        .filter(|account| account.entity.definition == *id)
        .count())
}
