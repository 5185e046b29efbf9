//! Which version a form was filled in over: nobody writes over what they have not seen.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::admin::{Expect, files as stored};
use sando_core::store::Version;

use crate::Api;

use super::builder::print_yaml;
use super::changes::page;
use super::files::{Edited, editor, who_changed};
use super::form::Form;
use super::format::when;
use super::parts::empty;
use super::refusal::Refusal;
use super::visitor::Visitor;
use super::words;

const FIELD: &str = "seen";

/// The version that a page shows, as a field of its form.
pub(super) fn field(seen: Option<Version>) -> Markup {
    html! { @if let Some(version) = seen { (field_named(FIELD, version)) } }
}

/// The version of something else that a page shows as well.
pub(super) fn field_named(name: &str, seen: Version) -> Markup {
    html! { input type="hidden" name=(name) value=(seen.0); }
}

/// The version that a form was filled in over; none if it does not say.
pub(super) fn of(form: &Form) -> Option<Version> {
    named(form, FIELD)
}

/// The version of something else that it was filled in over.
pub(super) fn named(form: &Form, name: &str) -> Option<Version> {
    form.get(name).parse().ok().map(Version)
}

/// What is demanded of what is stored; nothing where no version was seen, as without `If-Match`.
pub(super) fn expected(seen: Option<Version>) -> Expect {
    match seen {
        None => Expect::Anything,
        Some(Version::ABSENT) => Expect::Absent,
        Some(version) => Expect::OneOf(vec![version]),
    }
}

/// The page of a file that somebody else changed since it was opened: as it is now, and what was typed, which is kept.
/// None if nobody did.
pub(super) async fn overtaken(
    api: &Api,
    visitor: &Visitor,
    edited: &Edited<'_>,
) -> Result<Option<Response>, Refusal> {
    let (kind, id) = (edited.kind, edited.id);
    let item = stored::find(&api.ports, kind.kind, id).await?;
    if expected(edited.seen).check(item.as_ref()).is_ok() {
        return Ok(None);
    }
    let version = item.as_ref().map_or(Version::ABSENT, |item| item.version);
    let yours = Edited {
        seen: Some(version),
        ..*edited
    };
    let now = api.ports.clock.now();
    let body = html! {
        section aria-labelledby="theirs" {
            h2 #theirs { (words::THEIRS) }
            @match &item {
                Some(item) => {
                    p.facts { span { "changed " (when(item.entity.changed_at, now)) } (who_changed(kind, id)) }
                    pre tabindex="0" { (print_yaml(&item.entity.file)) }
                }
                None => { (empty(words::THEIRS_GONE)) }
            }
        }
        section aria-labelledby="yours" {
            h2 #yours { (words::YOURS) }
            p.small { (words::YOURS_KEPT) }
            (editor(visitor, &yours, &[]))
        }
    };
    let verdict = words::overtaken(kind.one, id.as_str());
    let page = page(kind, id, verdict, body).respond(Some(visitor));
    Ok(Some(
        (StatusCode::PRECONDITION_FAILED, page).into_response(),
    ))
}
