//! What somebody keeps though no policy says so, let go by hand: it is taken away as what is not due any more.

use std::collections::BTreeSet;

use crate::handle::lifecycle::{person_event, start};
use crate::handle::load;
use crate::ids::{AppSlug, EventId, PersonId};
use crate::person::Person;
use crate::ports::Ports;
use crate::rule::EventKind;

use super::identity::is_whole;
use super::people::{Done, done, person, say_why};
use super::{AdminError, Who, deciding};

/// Lets go of what a person keeps in these applications.
///
/// # Errors
/// `NotFound` without the person, `Refused` if they keep nothing in one of them.
pub async fn let_go(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    apps: &BTreeSet<AppSlug>,
    reason: &str,
) -> Result<Done, AdminError> {
    deciding!(let_go_once(ports, who, id, apps, reason).await)
}

async fn let_go_once(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    apps: &BTreeSet<AppSlug>,
    reason: &str,
) -> Result<Done, AdminError> {
    let mut found = person(ports, id).await?;
    is_whole(&found.entity)?;
    let Person { kept, by_hand, .. } = &mut found.entity;
    let is_kept = |app: &AppSlug| kept.contains_key(app) || by_hand.contains_key(app);
    if apps.is_empty() || !apps.iter().all(is_kept) {
        let why = "name applications in which they keep what no policy gives";
        return Err(AdminError::refused("not_kept", why));
    }
    kept.retain(|app, _| !apps.contains(app));
    by_hand.retain(|app, _| !apps.contains(app));
    let company = load::company(ports).await?;
    let version = found.version.to_string();
    let event = EventId::derived(&["let go", id.as_str(), &version]);
    let kind = EventKind::PersonChanged;
    let made = person_event(event.clone(), kind, "api", &found.entity, who.at);
    start(ports, found, made, &company, true, who.clone()).await?;
    say_why(ports, who, id, "kept access let go", reason).await?;
    done(ports, person(ports, id).await?, Some(event)).await
}
