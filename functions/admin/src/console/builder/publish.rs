//! The end of a draft: it becomes a definition, or is forgotten. Both count for what the page showed.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use sando_core::admin::{AdminError, Expect, definitions, drafts, files};
use sando_core::catalog::Draft;
use sando_core::ids::Slug;
use sando_core::store::Loaded;
use serde_json::Map;

use super::login::Login;
use super::page::{self, Shown};
use super::panel::Panel;
use super::steps::Step;
use super::theirs::Theirs;
use super::{Done, mistakes_of};
use crate::Api;
use crate::console::form::Form;
use crate::console::input::At;
use crate::console::layout::done;
use crate::console::refusal::Refusal;
use crate::console::seen;
use crate::console::visitor::{Administers, Operates, Visitor};
use crate::console::words::Said;

/// The field with the version of the definition that is replaced.
pub(super) const REPLACES: &str = "replaces";

/// Saves the definition, and forgets the draft.
pub(in crate::console) async fn publish(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(id): At<Slug>,
    form: Form,
) -> Result<Response, Refusal> {
    let draft = drafts::must_be(&api.ports, &id).await?;
    if seen::expected(seen::of(&form)).check(Some(&draft)).is_err() {
        let theirs = Theirs::Reviewed(draft.entity.clone());
        return Box::pin(again(&api, &visitor, &draft, theirs)).await;
    }
    let (who, file) = (visitor.who(&api), draft.entity.file.clone());
    let expect = seen::expected(seen::named(&form, REPLACES));
    let put = definitions::put(&api.ports, &who, &id, file, &expect).await;
    if let Err(AdminError::Stale) = put {
        let now = definitions::find(&api.ports, &id).await?;
        let theirs = now.map_or(Theirs::Gone, |now| Theirs::Definition(now.entity));
        return Box::pin(again(&api, &visitor, &draft, theirs)).await;
    }
    put?;
    let expect = Expect::OneOf(vec![draft.version]);
    match drafts::delete(&api.ports, &who, &id, &expect).await {
        // Somebody went on with it, or has forgotten it.
        Err(AdminError::Stale | AdminError::NotFound(_)) => {}
        forgotten => forgotten?,
    }
    Ok(done(&format!("/console/integrations/{id}"), Said::Defined))
}

/// Forgets the draft.
pub(in crate::console) async fn discard(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<Slug>,
    form: Form,
) -> Result<Response, Refusal> {
    let expect = seen::expected(seen::of(&form));
    match drafts::delete(&api.ports, &visitor.who(&api), &id, &expect).await {
        Err(AdminError::Stale) => {
            let draft = drafts::must_be(&api.ports, &id).await?;
            let theirs = Theirs::Reviewed(draft.entity.clone());
            Box::pin(again(&api, &visitor, &draft, theirs)).await
        }
        forgotten => {
            forgotten?;
            Ok(done("/console/builder", Said::Discarded))
        }
    }
}

/// The review again, with what somebody else saved since it was opened.
async fn again(
    api: &Api,
    visitor: &Visitor,
    draft: &Loaded<Draft>,
    theirs: Theirs,
) -> Result<Response, Refusal> {
    let file = &draft.entity.file;
    let company = files::company(&api.ports).await?;
    let panel = Panel::of(api, file, "", None).await?;
    let done = Done {
        theirs: Some(theirs),
        ..Done::default()
    };
    let shown = Shown {
        visitor,
        draft: &draft.entity,
        seen: draft.version,
        step: Step::Review,
        company: &company,
        panel: &panel,
        done: &done,
        mistakes: mistakes_of(&draft.entity.id, file),
        says_mistakes: true,
        variables: Map::new(),
        redirect_url: None,
        login: &Login::default(),
    };
    let page = page::page(api, &shown).await?;
    Ok((StatusCode::PRECONDITION_FAILED, page).into_response())
}
