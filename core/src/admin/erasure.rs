//! Erasing a person by hand.

use jiff::Timestamp;
use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::erasure::{Erasure, Extent};
use crate::handle::erasure::{Erased, erase as carry_out};
use crate::handle::holds::{InTheWay, in_the_way};
use crate::handle::{lease_from, ledger, load};
use crate::ids::PersonId;
use crate::person::Person;
use crate::ports::Ports;
use crate::store::Loaded;

use super::identity::is_whole;
use super::people::person;
use super::{AdminError, LONGEST_REASON, Who, deciding};

/// A shorter word says too little to name anybody.
const TELLING: usize = 3;

/// Erases everything about a person who is not here, or not any more, and holds nothing. The reason stays in the audit.
///
/// # Errors
/// `Refused` while the person is here, was merged away, or something is held or under way, `Invalid` for a reason that is
/// none or that names the person.
pub async fn erase(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    reason: &str,
) -> Result<(), AdminError> {
    deciding!(ask(ports, who, id, reason.trim()).await)?;
    match deciding!(go_on(ports, id).await)? {
        Erased::Done | Erased::Kept => Ok(()),
        Erased::Waits => Err(still_held("something")),
    }
}

async fn go_on(ports: &Ports, id: &PersonId) -> Result<Erased, AdminError> {
    match load::person(ports, id).await? {
        Some(person) => Ok(carry_out(ports, person).await?),
        // Somebody else was faster.
        None => Ok(Erased::Done),
    }
}

fn still_held(what: &str) -> AdminError {
    AdminError::refused(
        "still_held",
        format!("the person still holds {what}: take it away first"),
    )
}

/// Somebody who can be erased as things stand: not here, holding nothing, with nothing under way. Nothing is changed.
///
/// # Errors
/// `Refused` with what is in the way.
pub async fn erasable(ports: &Ports, id: &PersonId) -> Result<Loaded<Person>, AdminError> {
    let found = person(ports, id).await?;
    check_free(ports, &found.entity).await?;
    Ok(found)
}

async fn check_free(ports: &Ports, person: &Person) -> Result<(), AdminError> {
    is_whole(person)?;
    let state = person.state;
    if state.may_receive() {
        let detail = format!(
            "the person is {}: terminate the person first",
            state.as_str()
        );
        return Err(AdminError::refused("still_here", detail));
    }
    match in_the_way(ports, person, Extent::Everything).await? {
        Some((_, InTheWay::Held(held))) => {
            let apps: Vec<&str> = held.iter().map(|app| app.as_str()).collect();
            return Err(still_held(&apps.join(", ")));
        }
        Some((_, InTheWay::Task)) => {
            return Err(still_held("what a task has to take away by hand"));
        }
        Some((_, InTheWay::Running)) => {
            let detail = "a run of the person is not over: wait for it, or cancel it";
            return Err(AdminError::refused("still_running", detail));
        }
        None => {}
    }
    Ok(())
}

async fn ask(ports: &Ports, who: &Who, id: &PersonId, reason: &str) -> Result<(), AdminError> {
    let mut found = person(ports, id).await?;
    check_reason(&found.entity, reason)?;
    check_free(ports, &found.entity).await?;
    found.entity.erasure = Some(Erasure {
        extent: Extent::Everything,
        actor: who.actor.clone(),
        cause: who.cause.clone(),
        reason: reason.to_owned(),
        asked_at: who.at,
        // Done at once; whoever finds it due later goes on where this process was stopped.
        look_at: Some(lease_from(later(ports, who))),
    });
    let mut changes = Changes::new(who.clone());
    changes.update(&found);
    let line = Line::new(
        StreamId::Person(id.clone()),
        "erasure asked for",
        format!("person/{id}"),
    );
    changes.say(line.after(json!({ "reason": reason })));
    Ok(ledger::commit(ports, changes).await?)
}

fn later(ports: &Ports, who: &Who) -> Timestamp {
    ports.clock.now().max(who.at)
}

/// The reason outlives the person: it must not name them.
fn check_reason(person: &Person, reason: &str) -> Result<(), AdminError> {
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        let message = format!("1 to {LONGEST_REASON} characters");
        return Err(AdminError::mistake("reason", message));
    }
    let said = reason.to_lowercase();
    let words: Vec<&str> = said.split(|c: char| !c.is_alphanumeric()).collect();
    let name = ["name", "first_name", "last_name"]
        .into_iter()
        .filter_map(|name| person.text(name))
        .flat_map(str::split_whitespace)
        .map(str::to_lowercase)
        .filter(|part| part.chars().count() >= TELLING);
    let addresses = ["work_email", "personal_email"]
        .into_iter()
        .filter_map(|name| person.text(name))
        .chain(person.identifiers.emails.iter().map(|email| email.as_str()))
        .map(str::to_lowercase);
    let mut named = name
        .map(|part| words.contains(&part.as_str()))
        .chain(addresses.map(|address| said.contains(&address)));
    if named.any(|named| named) {
        let message = "it is kept when the person is gone, so it must not name the person";
        return Err(AdminError::mistake("reason", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::a_person;

    #[track_caller]
    fn check(reason: &str, fits: bool) {
        let person = a_person().build();
        assert_eq!(check_reason(&person, reason).is_ok(), fits, "{reason}");
    }

    #[test]
    fn a_reason_says_why_and_names_nobody() {
        check("request 4711 of 2027-03-01", true);
        check("a parked request", true);
        check("", false);
        check(&"x".repeat(LONGEST_REASON), true);
        check(&"x".repeat(LONGEST_REASON + 1), false);
        check("Ada asked for it", false);
        check("asked by ADA.PARK@contoso.example", false);
        check("mail of ada.park@mail.example", false);
    }
}
