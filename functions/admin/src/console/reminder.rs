//! How often an access review is due, and administrators are reminded of one.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::settings::Shown;

use crate::Api;

use super::form::Form;
use super::parts::hidden;
use super::refusal::Refusal;
use super::seen;
use super::settings::{Wrong, again, over, saved};
use super::visitor::{Administers, Visitor};
use super::words;

const DAYS: &str = "review_every_days";

/// The one field.
pub(super) fn section(visitor: &Visitor, shown: &Shown, wrong: &Wrong, once: &str) -> Markup {
    let may = visitor.may(Scope::Admin);
    let days = shown.settings.review_every_days;
    let days = days.map_or_else(String::new, |days| days.to_string());
    html! {
        section aria-labelledby="reminder" {
            h2 #reminder { (words::REVIEWS) }
            form.stack data-unsaved="1" method="post" action="/console/settings/review" {
                (hidden(visitor, once))
                (seen::field(Some(shown.version)))
                div.field {
                    label for=(DAYS) { (words::REVIEW_DAYS) }
                    p.hint id={ (DAYS) "-hint" } { (words::REVIEW_DAYS_HINT) }
                    input id=(DAYS) type="text" inputmode="numeric" name=(DAYS) value=(wrong.typed(DAYS, days))
                        aria-describedby={ (DAYS) "-hint" } autocomplete="off" maxlength="9" disabled[!may];
                }
                @if may { p.bar { button type="submit" { (words::REVIEW_DAYS_SAVE) } } }
            }
        }
    }
}

/// Saves it; empty, nobody is reminded.
pub(super) async fn save(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let (mut wanted, version) = over(&api, &form).await?;
    let typed = vec![(DAYS, form.get(DAYS).to_owned())];
    wanted.review_every_days = match form.get(DAYS) {
        "" => None,
        days => match days.parse() {
            Ok(days) => Some(days),
            Err(_) => {
                let mistakes = vec![(DAYS.to_owned(), "a whole number".to_owned())];
                let wrong = Wrong {
                    mistakes,
                    typed,
                    ..Wrong::default()
                };
                return again(&api, &visitor, &wrong).await;
            }
        },
    };
    saved(&api, &visitor, (wanted, version), typed).await
}
