//! How people are told: the mail server, webhooks of chats, and a message that tests it. Secrets go in and never come
//! out.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::AdminError;
use sando_core::admin::api_key::Scope;
use sando_core::admin::settings::{self, LeverSecrets, NotificationSecrets, Set, Shown};
use sando_core::settings::{MailSettings, Notifying, Security, Settings};
use sando_core::store::Version;

use crate::Api;

use super::form::Form;
use super::layout::{Nav, Page, done};
use super::parts::hidden;
use super::refusal::Refusal;
use super::seen;
use super::settings::{Wrong, again, over, set};
use super::visitor::{Administers, Visitor};
use super::words::{self, Said};

const FROM: &str = "mail_from";
const HOST: &str = "mail_host";
const PORT: &str = "mail_port";
const SECURITY: &str = "mail_security";
const USERNAME: &str = "mail_username";
const PASSWORD: &str = "mail_password";
/// How the field of a webhook that there is begins; then follows whom it reaches.
const HOOK: &str = "hook:";
const FORGET: &str = "forget";
const NEW_WHO: &str = "new_who";
const NEW_HOOK: &str = "new_hook";
/// The port for mail that is sent on, where none is said.
const SUBMISSION: u16 = 587;

/// How a connection is secured: the word in the form, and its name.
const WAYS: &[(Security, &str, &str)] = &[
    (Security::Starttls, "starttls", words::MAIL_STARTTLS),
    (Security::Tls, "tls", words::MAIL_TLS),
    (Security::None, "none", words::MAIL_PLAIN),
];

/// Everything about how people are told.
pub(super) fn section(
    visitor: &Visitor,
    shown: &Shown,
    wrong: &Wrong,
    once: &str,
    now: Timestamp,
) -> Markup {
    let may = visitor.may(Scope::Admin);
    html! {
        section aria-labelledby="notification" {
            h2 #notification { (words::NOTIFICATION) }
            p.small { (words::NOTIFICATION_MEANS) }
            form.stack.wide data-unsaved="1" method="post" action="/console/settings/notification" {
                (hidden(visitor, once))
                (seen::field(Some(shown.version)))
                div.columns {
                    (mail_fields(shown, wrong, may, now))
                    (hook_fields(shown, wrong, may, now))
                }
                @if may { p.bar { button type="submit" { (words::NOTIFICATION_SAVE) } } }
            }
            @if may && !shown.settings.notification.is_none() { (test_form(visitor, shown)) }
        }
    }
}

fn mail_fields(shown: &Shown, wrong: &Wrong, may: bool, now: Timestamp) -> Markup {
    let mail = shown.settings.notification.mail.as_ref();
    let text = |of: fn(&MailSettings) -> String| mail.map(of).unwrap_or_default();
    let field = |name: &'static str, label: &str, usual: String| {
        html! {
            div.field {
                label for=(name) { (label) }
                input id=(name) type="text" name=(name) value=(wrong.typed(name, usual)) autocomplete="off" maxlength="300" disabled[!may];
            }
        }
    };
    let usual = mail.map(|mail| mail.security).unwrap_or_default();
    let usual = WAYS.iter().find(|(way, ..)| *way == usual);
    let way = wrong.typed(SECURITY, usual.map_or("", |(_, word, _)| *word).to_owned());
    html! {
        div.stack {
            h3 { (words::MAIL) }
            (field(FROM, words::MAIL_FROM, text(|mail| mail.from.clone())))
            (field(HOST, words::MAIL_HOST, text(|mail| mail.host.clone())))
            (field(PORT, words::MAIL_PORT, text(|mail| mail.port.to_string())))
            div.field {
                label for=(SECURITY) { (words::MAIL_SECURITY) }
                select id=(SECURITY) name=(SECURITY) disabled[!may] {
                    @for (_, word, name) in WAYS { option value=(word) selected[way == *word] { (name) } }
                }
            }
            (field(USERNAME, words::MAIL_USERNAME, text(|mail| mail.username.clone().unwrap_or_default())))
            (secret(PASSWORD, &html! { (words::MAIL_PASSWORD) " " (set(&is_set(shown, PASSWORD), now)) }, may))
        }
    }
}

/// A secret: typed, or left empty, and never shown.
fn secret(name: &str, label: &Markup, may: bool) -> Markup {
    html! {
        div.field {
            @if may {
                label for=(name) { (label) }
                input id=(name) type="password" name=(name) autocomplete="off" maxlength="2048";
            } @else { p { (label) } }
        }
    }
}

fn is_set(shown: &Shown, name: &str) -> Set {
    let (names, at) = &shown.notification;
    Set {
        count: usize::from(names.contains(name)),
        at: *at,
    }
}

fn hook_fields(shown: &Shown, wrong: &Wrong, may: bool, now: Timestamp) -> Markup {
    let hooks = &shown.settings.notification.webhooks;
    html! {
        div.stack {
            h3 { (words::HOOKS) }
            p.hint { (words::HOOKS_HINT) }
            @for who in hooks {
                @let state = is_set(shown, &format!("webhook/{who}"));
                (secret(&format!("{HOOK}{who}"), &html! { code { (who) } " " (set(&state, now)) }, may))
                @if may { label { input type="checkbox" name=(FORGET) value=(who); " " (words::HOOK_FORGET) " " (who) } }
            }
            @if may {
                div.field {
                    label for=(NEW_WHO) { (words::HOOK_WHO) }
                    p.hint #new-who-hint { (words::HOOK_WHO_HINT) }
                    input id=(NEW_WHO) type="text" name=(NEW_WHO) value=(wrong.typed(NEW_WHO, String::new()))
                        aria-describedby="new-who-hint" autocomplete="off" maxlength="300";
                }
                (secret(NEW_HOOK, &html! { (words::HOOK_URL) }, may))
            }
        }
    }
}

fn test_form(visitor: &Visitor, shown: &Shown) -> Markup {
    let roles = shown.settings.roles.keys();
    let roles = roles.map(|role| format!("role:{role}"));
    let hooks = shown.settings.notification.webhooks.iter().cloned();
    html! {
        form.stack method="post" action="/console/settings/notification/test" {
            (hidden(visitor, ""))
            div.field {
                label for="test-to" { (words::TEST_TO) }
                input #test-to type="text" name="to" list="reached" autocomplete="off" maxlength="300" required;
                datalist #reached { @for who in roles.chain(hooks) { option value=(who) {} } }
            }
            p.bar { button type="submit" { (words::TEST_SEND) } }
        }
    }
}

/// The mail server; none where both its address and its sender are left empty.
fn mail(form: &Form) -> Result<Option<MailSettings>, (&'static str, &'static str)> {
    if form.get(FROM).is_empty() && form.get(HOST).is_empty() {
        return Ok(None);
    }
    let port = match form.get(PORT) {
        "" => SUBMISSION,
        port => port
            .parse::<u16>()
            .map_err(|_| (PORT, words::MAIL_PORT_WRONG))?,
    };
    let way = WAYS.iter().find(|(_, word, _)| *word == form.get(SECURITY));
    Ok(Some(MailSettings {
        from: form.get(FROM).to_owned(),
        host: form.get(HOST).to_owned(),
        port,
        security: way.map(|(way, ..)| *way).unwrap_or_default(),
        username: Some(form.get(USERNAME).to_owned()).filter(|name| !name.is_empty()),
    }))
}

/// The secrets that were typed, and every webhook that there shall be.
fn given(form: &Form, before: &Notifying) -> NotificationSecrets {
    let typed = |name: &str| Some(form.get(name).to_owned()).filter(|text| !text.is_empty());
    let stays = |who: &&String| !form.all(FORGET).any(|forgotten| forgotten == who.as_str());
    let known = before.webhooks.iter().filter(stays);
    let mut webhooks: BTreeMap<String, Option<String>> = known
        .map(|who| (who.clone(), typed(&format!("{HOOK}{who}"))))
        .collect();
    let (who, url) = (form.get(NEW_WHO), form.get(NEW_HOOK));
    if !who.is_empty() || !url.is_empty() {
        webhooks.insert(who.to_owned(), Some(url.to_owned()));
    }
    NotificationSecrets {
        mail_password: typed(PASSWORD),
        webhooks,
    }
}

/// Saves how people are told. A secret that is left empty stays.
pub(super) async fn save(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let (mut wanted, version) = over(&api, &form).await?;
    let names = [FROM, HOST, PORT, SECURITY, USERNAME, NEW_WHO];
    let typed: Vec<(&'static str, String)> =
        names.map(|name| (name, form.get(name).to_owned())).into();
    let given = given(&form, &wanted.notification);
    let webhooks = given.webhooks.keys().cloned().collect();
    let mail = match mail(&form) {
        Ok(mail) => mail,
        Err((path, why)) => {
            let mistakes = vec![(path.to_owned(), why.to_owned())];
            let wrong = Wrong {
                mistakes,
                typed,
                ..Wrong::default()
            };
            return again(&api, &visitor, &wrong).await;
        }
    };
    wanted.notification = Notifying { mail, webhooks };
    match put(&api, &visitor, (wanted, version), given).await {
        Ok(()) => Ok(done("/console/settings", Said::SettingsSaved)),
        Err(error) => {
            let wrong = Wrong {
                typed,
                ..Wrong::of(error)?
            };
            again(&api, &visitor, &wrong).await
        }
    }
}

async fn put(
    api: &Api,
    visitor: &Visitor,
    (wanted, version): (Settings, Version),
    given: NotificationSecrets,
) -> Result<(), AdminError> {
    let (ports, secrets, who) = (&api.ports, api.secrets.as_ref(), visitor.who(api));
    let named = wanted.notification.clone();
    settings::check_notification(&named, &given)?;
    let none = LeverSecrets::default();
    let expect = seen::expected(Some(version));
    settings::put(ports, secrets, &who, wanted, &none, &expect).await?;
    settings::keep_notification(ports, secrets, &who, &named, given).await
}

/// Sends somebody a test message, and says what came of it.
pub(super) async fn test(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let to = form.get("to");
    let failed = match settings::test_notification(&api.ports, &visitor.who(&api), to).await {
        Ok(()) => None,
        Err(AdminError::Remote(error)) => Some(error.to_string()),
        Err(error) => return Err(error.into()),
    };
    let body = html! {
        @match &failed {
            None => { div.said { p { (words::TEST_SENT) } } }
            Some(why) => { div.said.is-bad { p { (why) } } }
        }
        p.bar { a.button.primary href="/console/settings" { (words::BACK) } }
    };
    let page = Page {
        nav: Nav::Settings,
        title: words::NOTIFICATION.to_owned(),
        above: Some(html! { a href="/console/settings" { "Settings" } }),
        verdict: words::notification_tested(to, failed.is_none()),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}
