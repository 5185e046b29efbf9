//! Two persons who are one human become one.

use serde_json::json;

use super::{MOST, end_choices, end_question, hand_over, is_whole, pass_on, record, stream};
use crate::access::PlannedEffect;
use crate::admin::people::{Done, done, person};
use crate::admin::{AdminError, Who, deciding, leaving, links};
use crate::changes::{Changes, Line};
use crate::claim::Claim;
use crate::erasure::{Erasure, Extent};
use crate::handle::lifecycle::{person_event, start_with};
use crate::handle::{ledger, load};
use crate::ids::{EventId, PersonId, derive};
use crate::person::{Identifiers, Lifecycle, Merged, Person};
use crate::ports::Ports;
use crate::rule::EventKind;
use crate::store::Loaded;

/// What a merge would do.
#[derive(Clone, Debug)]
pub struct Merging {
    /// Who is merged away.
    pub from: Person,
    /// Who stays.
    pub to: Person,
    /// What the one who stays is known by from then on, besides.
    pub gained: Identifiers,
    /// What is taken away of whoever is merged away.
    pub effects: Vec<PlannedEffect>,
    /// Of exactly these two with exactly these effects.
    pub hash: String,
}

/// Plans a merge; nothing is changed.
///
/// # Errors
/// As [`merge`].
pub async fn plan(ports: &Ports, id: &PersonId, into: &PersonId) -> Result<Merging, AdminError> {
    let (from, to) = pair(ports, id, into).await?;
    let (from, to) = (from.entity, to.entity);
    let effects = if from.state.may_receive() {
        leaving::of_grants(ports, id).await?
    } else {
        Vec::new()
    };
    let gained = from.identifiers.beyond(&to.identifiers);
    let epochs = [from.access_epoch, to.access_epoch];
    let parts = json!([id, into, epochs, gained, effects]);
    Ok(Merging {
        hash: derive(&["merge", &parts.to_string()]),
        from,
        to,
        gained,
        effects,
    })
}

/// Merges a person into another one, who is known by everything from then on. Whoever is merged away leaves; answers
/// the one who stays, with the event and runs of that leaving.
///
/// # Errors
/// `NotFound`; `Refused` if the one who would stay has not come as far, both have a key of an HR system, or everything
/// about one is to be erased.
pub async fn merge(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    into: &PersonId,
    reason: &str,
) -> Result<Done, AdminError> {
    deciding!(Box::pin(merge_once(ports, who, id, into, reason)).await)
}

async fn merge_once(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    into: &PersonId,
    reason: &str,
) -> Result<Done, AdminError> {
    let (mut from, mut to) = pair(ports, id, into).await?;
    let mut changes = Changes::new(who.clone());
    let identifiers = std::mem::take(&mut from.entity.identifiers);
    let gained = identifiers.beyond(&to.entity.identifiers);
    let claims = Claim::all_of(&identifiers).into_iter().collect();
    let claims = pass_on(ports, claims, id, into, &mut changes).await?;
    let opportunities = &identifiers.opportunities;
    hand_over(ports, opportunities, &to.entity, who.at, &mut changes).await?;
    end_question(ports, id, into, &mut changes).await?;
    end_choices(ports, id, into, &mut changes).await?;
    to.entity.identifiers.add(&gained);
    to.entity.absorbed.insert(id.clone());
    let apart = from.entity.apart.iter().filter(|other| *other != into);
    to.entity.apart.extend(apart.cloned());
    let erasure = pass_erasure_on(&mut from.entity, &mut to.entity);
    changes.update(&to);
    let line = Line::new(
        stream(id),
        "merged into another person",
        format!("person/{into}"),
    );
    record(line, into, &gained, reason, &mut changes);
    let line = Line::new(
        stream(into),
        "another person was merged in",
        format!("person/{id}"),
    );
    record(line, id, &gained, reason, &mut changes);
    from.entity.merged = Some(Merged {
        into: into.clone(),
        at: who.at,
        state: from.entity.state,
        leaves_at: from.entity.leaves_at,
        identifiers,
        gained,
        claims,
        erasure,
    });
    let event = goes(ports, who, from, changes).await?;
    done(ports, person(ports, into).await?, event).await
}

/// What recruiting knew of whoever is merged away is erased of the one who stays; answers what was asked for.
fn pass_erasure_on(from: &mut Person, to: &mut Person) -> Option<Box<Erasure>> {
    let erasure = from.erasure.take()?;
    if to.erasure.is_none() {
        let passed = to.erasure.insert(erasure.clone());
        // What it has waited for was of whoever is merged away.
        passed.look_again();
    }
    Some(Box::new(erasure))
}

/// Whoever is merged away leaves, if there is anything to leave.
async fn goes(
    ports: &Ports,
    who: &Who,
    mut from: Loaded<Person>,
    mut changes: Changes,
) -> Result<Option<EventId>, AdminError> {
    if from.entity.state.may_receive() {
        from.entity.enter(Lifecycle::Left);
        from.entity.leaves_at = Some(who.at);
        let epoch = from.entity.access_epoch.to_string();
        let id = EventId::derived(&["terminated", from.entity.id.as_str(), &epoch]);
        let kind = EventKind::Terminated;
        let event = person_event(id.clone(), kind, "merge", &from.entity, who.at);
        let company = load::company(ports).await?;
        start_with(ports, from, event, &company, true, changes).await?;
        return Ok(Some(id));
    }
    if from.entity.state == Lifecycle::Candidate {
        from.entity.enter(Lifecycle::Withdrawn);
    }
    changes.update(&from);
    ledger::commit(ports, changes).await?;
    Ok(None)
}

/// The two, if they can be one.
async fn pair(
    ports: &Ports,
    id: &PersonId,
    into: &PersonId,
) -> Result<(Loaded<Person>, Loaded<Person>), AdminError> {
    if id == into {
        return Err(AdminError::mistake("into", "another person"));
    }
    let (from, to) = (person(ports, id).await?, person(ports, into).await?);
    is_whole(&from.entity)?;
    is_whole(&to.entity)?;
    let is_wholly = |person: &Person| {
        let erasure = person.erasure.as_ref();
        erasure.is_some_and(|erasure| erasure.extent == Extent::Everything)
    };
    if is_wholly(&from.entity) || is_wholly(&to.entity) {
        let why = "one of the two is to be erased: wait until that is done";
        return Err(AdminError::refused("erasure_asked", why));
    }
    if stage(&from.entity) > stage(&to.entity) {
        let why = format!(
            "{id} has come further than {into}: merge the other way round, so that nobody loses access"
        );
        return Err(AdminError::refused("other_way_round", why));
    }
    let (one, other) = (&from.entity.identifiers, &to.entity.identifiers);
    if one.key.is_some() && other.key.is_some() {
        let why = "each has a key of an HR system: split off the one that is no longer used";
        return Err(AdminError::refused("another_key", why));
    }
    if one.count() > MOST {
        let why = format!("{id} is known by more than {MOST} identifiers: split some off first");
        return Err(AdminError::refused("too_many", why));
    }
    if one.users.len().saturating_add(other.users.len()) > links::MOST {
        let why = "the two are linked to too many users: unlink some first";
        return Err(AdminError::refused("too_many", why));
    }
    Ok((from, to))
}

/// How far somebody has come: whoever has come further is the one who stays. What people have who were here already is
/// not ours to take.
fn stage(person: &Person) -> u8 {
    match person.state {
        _ if person.baselined => 0,
        Lifecycle::Active | Lifecycle::Leaving => 2,
        Lifecycle::Preboarding => 1,
        Lifecycle::Candidate | Lifecycle::Left | Lifecycle::Withdrawn => 0,
    }
}
