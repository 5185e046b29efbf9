//! Where Sando is reached, and the account whose users are the people of the company.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::settings::Shown;
use sando_core::ids::Slug;
use sando_core::public_url::PublicUrl;
use sando_core::settings::Directory;
use serde_json::{Map, Value};

use crate::Api;

use super::builder::read_yaml;
use super::form::Form;
use super::parts::hidden;
use super::refusal::Refusal;
use super::settings::{Wrong, again, over, saved, yaml_of};
use super::visitor::{Administers, Visitor};
use super::{seen, words};

const URL: &str = "public_url";
const DEFINITION: &str = "directory_definition";
const ACCOUNT: &str = "directory_account";
const ATTRIBUTES: &str = "directory_attributes";

/// The fields of both.
pub(super) fn section(visitor: &Visitor, shown: &Shown, wrong: &Wrong, once: &str) -> Markup {
    let may = visitor.may(Scope::Admin);
    let now = &shown.settings;
    let url = now.public_url.clone().map(String::from);
    let directory = now.directory.as_ref();
    let field = |name: &'static str, label: &str, hint: &str, usual: Option<String>| {
        html! {
            div.field {
                label for=(name) { (label) }
                p.hint id={ (name) "-hint" } { (hint) }
                input id=(name) type="text" name=(name) value=(wrong.typed(name, usual.unwrap_or_default()))
                    aria-describedby={ (name) "-hint" } autocomplete="off" maxlength="300" disabled[!may];
            }
        }
    };
    let definition = directory.map(|one| one.definition.to_string());
    let account = directory.map(|one| one.account.to_string());
    let attributes = directory.map_or_else(String::new, |one| yaml_of(&one.attributes));
    html! {
        section aria-labelledby="place" {
            h2 #place { (words::PLACE) }
            form.stack.wide data-unsaved="1" method="post" action="/console/settings/place" {
                (hidden(visitor, once))
                (seen::field(Some(shown.version)))
                (field(URL, words::PUBLIC_URL, words::PUBLIC_URL_HINT, url))
                h3 { (words::DIRECTORY) }
                p.small { (words::DIRECTORY_MEANS) }
                div.columns {
                    (field(DEFINITION, words::DIRECTORY_DEFINITION, words::DIRECTORY_DEFINITION_HINT, definition))
                    (field(ACCOUNT, words::DIRECTORY_ACCOUNT, words::DIRECTORY_ACCOUNT_HINT, account))
                }
                div.field {
                    label for=(ATTRIBUTES) { (words::DIRECTORY_ATTRIBUTES) }
                    p.hint id={ (ATTRIBUTES) "-hint" } { (words::DIRECTORY_ATTRIBUTES_HINT) }
                    textarea.yaml id=(ATTRIBUTES) name=(ATTRIBUTES) rows="6" spellcheck="false" maxlength="100000"
                        aria-describedby={ (ATTRIBUTES) "-hint" } readonly[!may] { (wrong.typed(ATTRIBUTES, attributes)) }
                }
                @if may { p.bar { button type="submit" { (words::PLACE_SAVE) } } }
            }
        }
    }
}

/// What cannot be: in which field, and why.
type Mistake = (&'static str, String);

fn public_url(form: &Form) -> Result<Option<PublicUrl>, Mistake> {
    match form.get(URL) {
        "" => Ok(None),
        text => PublicUrl::try_from(text.to_owned())
            .map(Some)
            .map_err(|error| (URL, error.to_string())),
    }
}

/// The directory; none where all of its fields are empty.
fn directory(form: &Form) -> Result<Option<Directory>, Mistake> {
    let all = [DEFINITION, ACCOUNT, ATTRIBUTES];
    if all.iter().all(|name| form.get(name).is_empty()) {
        return Ok(None);
    }
    let slug =
        |name: &'static str| Slug::parse(form.get(name)).map_err(|error| (name, error.to_string()));
    Ok(Some(Directory {
        definition: slug(DEFINITION)?,
        account: slug(ACCOUNT)?,
        attributes: attributes(form).map_err(|why| (ATTRIBUTES, why))?,
    }))
}

fn attributes(form: &Form) -> Result<Map<String, Value>, String> {
    match read_yaml(form.get(ATTRIBUTES))? {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(fields)) => Ok(fields),
        Some(_) => Err(words::DIRECTORY_ATTRIBUTES_HINT.to_owned()),
    }
}

/// Saves both; what is empty is taken away.
pub(super) async fn save(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let (mut wanted, version) = over(&api, &form).await?;
    let names = [URL, DEFINITION, ACCOUNT, ATTRIBUTES];
    let mut wrong = Wrong {
        typed: names.map(|name| (name, form.get(name).to_owned())).into(),
        ..Wrong::default()
    };
    let mut refuse = |(name, why): Mistake| wrong.mistakes.push((name.to_owned(), why));
    match public_url(&form) {
        Ok(url) => wanted.public_url = url,
        Err(mistake) => refuse(mistake),
    }
    match directory(&form) {
        Ok(directory) => wanted.directory = directory,
        Err(mistake) => refuse(mistake),
    }
    if !wrong.mistakes.is_empty() {
        return again(&api, &visitor, &wrong).await;
    }
    saved(&api, &visitor, (wanted, version), wrong.typed).await
}
