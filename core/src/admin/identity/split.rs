//! What was merged is taken apart again; or a part of what a person is known by becomes somebody of their own.

use std::collections::BTreeSet;

use serde_json::json;

use super::{MOST, hand_over, is_whole, pass_on, record, stream};
use crate::access::PlannedEffect;
use crate::admin::people::{Done, done, person, stop_taking, to_give};
use crate::admin::{AdminError, Who, deciding};
use crate::changes::{Changes, Line};
use crate::claim::Claim;
use crate::handle::delivery::fresh_person;
use crate::handle::lifecycle::{person_event, start_with};
use crate::handle::{ledger, load};
use crate::ids::{EventId, LeverId, PersonId, derive};
use crate::intake::new_person;
use crate::person::{CanonicalEmail, Identifiers, Person};
use crate::ports::Ports;
use crate::rule::EventKind;
use crate::store::Loaded;

/// What a split would do.
#[derive(Clone, Debug)]
pub struct Splitting {
    /// Whom it is taken from.
    pub from: Person,
    /// Who was merged in and is there again; none: somebody new.
    pub to: Option<Person>,
    /// What changes hands.
    pub part: Identifiers,
    /// What is given again to whoever is there again.
    pub effects: Vec<PlannedEffect>,
    /// Of exactly this part with exactly these effects.
    pub hash: String,
}

/// Plans a split; nothing is changed.
///
/// # Errors
/// As [`split`].
pub async fn plan(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    identifiers: &[String],
) -> Result<Splitting, AdminError> {
    let Scene {
        from, back, part, ..
    } = Scene::load(ports, id, identifiers).await?;
    let to = back.map(|back| restored(back, &part).0.entity);
    let effects = match &to {
        Some(to) if comes_back(to) => {
            to_give(ports, to, &load::company(ports).await?, who.at).await?
        }
        _ => Vec::new(),
    };
    let back = to.as_ref().map(|to| &to.id);
    let parts = json!([id, from.entity.access_epoch, back, part, effects]);
    Ok(Splitting {
        hash: derive(&["split", &parts.to_string()]),
        from: from.entity,
        to,
        part,
        effects,
    })
}

/// Takes identifiers away from a person. Whoever was merged in, and is named by id or by everything that came with them,
/// is there again as they were, and gets again what is due; anything else is somebody new. Answers that person.
///
/// # Errors
/// `Invalid` for what the person is not known by; `Refused` if their access rests on it, or nothing would be left.
pub async fn split(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    identifiers: &[String],
    reason: &str,
) -> Result<Done, AdminError> {
    let split = deciding!(Box::pin(split_once(ports, who, id, identifiers, reason)).await)?;
    if split.person.entity.state.may_receive() {
        stop_taking(ports, who, &split.person.entity).await?;
    }
    Ok(split)
}

async fn split_once(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    identifiers: &[String],
    reason: &str,
) -> Result<Done, AdminError> {
    let scene = Scene::load(ports, id, identifiers).await?;
    let (mut from, part) = (scene.from, scene.part);
    let mut changes = Changes::new(who.clone());
    from.entity.identifiers.take_out(&part);
    for other in scene.others {
        forget(other, &part, &mut changes);
    }
    let mut claims: BTreeSet<Claim> = Claim::all_of(&part).into_iter().collect();
    let (to, is_back) = match scene.back {
        Some(mut back) => {
            from.entity.absorbed.remove(&back.entity.id);
            back.entity.apart.insert(id.clone());
            give_back_erasure(&mut from.entity, &back.entity);
            let (to, had) = restored(back, &part);
            claims.extend(had);
            (to.entity.clone(), Some(to))
        }
        None => {
            let mut new = new_person(fresh_person(ports), who.at);
            new.identifiers = part.clone();
            new.apart.insert(id.clone());
            changes.insert(&new);
            (new, None)
        }
    };
    from.entity.apart.insert(to.id.clone());
    pass_on(ports, claims, id, &to.id, &mut changes).await?;
    hand_over(ports, &part.opportunities, &to, who.at, &mut changes).await?;
    changes.update(&from);
    let line = Line::new(
        stream(id),
        "another person was split off",
        format!("person/{}", to.id),
    );
    record(line, &to.id, &part, reason, &mut changes);
    let line = Line::new(
        stream(&to.id),
        "split off from another person",
        format!("person/{id}"),
    );
    record(line, id, &part, reason, &mut changes);
    let event = comes(ports, who, is_back, changes).await?;
    done(ports, person(ports, &to.id).await?, event).await
}

/// Does the person get again what is due?
fn comes_back(person: &Person) -> bool {
    person.state.may_receive() && !person.baselined
}

/// Commits it; what is due is given again to whoever had it.
async fn comes(
    ports: &Ports,
    who: &Who,
    back: Option<Loaded<Person>>,
    mut changes: Changes,
) -> Result<Option<EventId>, AdminError> {
    match back {
        Some(back) if comes_back(&back.entity) => {
            let epoch = back.entity.access_epoch.to_string();
            let id = EventId::derived(&["reinstated", back.entity.id.as_str(), &epoch]);
            let kind = EventKind::Reinstated;
            let event = person_event(id.clone(), kind, "split", &back.entity, who.at);
            let company = load::company(ports).await?;
            start_with(ports, back, event, &company, true, changes).await?;
            Ok(Some(id))
        }
        Some(back) => {
            changes.update(&back);
            ledger::commit(ports, changes).await?;
            Ok(None)
        }
        None => {
            ledger::commit(ports, changes).await?;
            Ok(None)
        }
    }
}

/// Everything that a split rests on.
struct Scene {
    from: Loaded<Person>,
    /// Who was merged in and is meant.
    back: Option<Loaded<Person>>,
    /// Who else was merged in.
    others: Vec<Loaded<Person>>,
    part: Identifiers,
}

impl Scene {
    async fn load(ports: &Ports, id: &PersonId, named: &[String]) -> Result<Self, AdminError> {
        if named.is_empty() || named.len() > MOST {
            let message = format!("1 to {MOST} of what the person is known by");
            return Err(AdminError::mistake("identifiers", message));
        }
        let from = person(ports, id).await?;
        is_whole(&from.entity)?;
        let mut others = Vec::new();
        for id in &from.entity.absorbed {
            others.extend(load::person(ports, id).await?);
        }
        let (part, meant) = part(&from.entity, &others, named)?;
        let place = others.iter().position(|one| match &meant {
            Some(meant) => one.entity.id == *meant,
            None => gained(one).is_some_and(|gained| *gained == part && gained.count() > 0),
        });
        let scene = Self {
            back: place.map(|place| others.remove(place)),
            from,
            others,
            part,
        };
        scene.fits()?;
        Ok(scene)
    }

    fn fits(&self) -> Result<(), AdminError> {
        let (from, part) = (&self.from.entity, &self.part);
        if part.count() > MOST {
            let why = format!("more than {MOST} identifiers: name fewer");
            return Err(AdminError::refused("too_many", why));
        }
        let rests_on = from.opportunity.as_ref();
        let rests = rests_on.is_some_and(|one| part.opportunities.contains(one));
        if rests && from.state.may_receive() {
            let why = "the person's access comes from this candidacy: it cannot be split off";
            return Err(AdminError::refused("access_rests_on_it", why));
        }
        if self.back.is_none() && from.identifiers.beyond(part).count() == 0 {
            let why = "nothing would be left that the person is known by";
            return Err(AdminError::refused("nothing_left", why));
        }
        Ok(())
    }
}

fn gained(one: &Loaded<Person>) -> Option<&Identifiers> {
    one.entity.merged.as_ref().map(|merged| &merged.gained)
}

/// What is named of what the person is known by, and who is meant by their id.
fn part(
    of: &Person,
    absorbed: &[Loaded<Person>],
    named: &[String],
) -> Result<(Identifiers, Option<PersonId>), AdminError> {
    let mut part = Identifiers::default();
    let mut meant = None;
    for (place, name) in named.iter().enumerate() {
        let path = format!("identifiers[{place}]");
        let whole = absorbed.iter().find(|one| one.entity.id.as_str() == name);
        if let Some(whole) = whole {
            if meant.replace(whole.entity.id.clone()).is_some() {
                return Err(AdminError::mistake(path, "one person at a time"));
            }
            part.add(gained(whole).unwrap_or(&Identifiers::default()));
            continue;
        }
        let known = known_by(&of.identifiers, name);
        if known.count() == 0 {
            return Err(AdminError::mistake(path, "the person is not known by it"));
        }
        part.add(&known);
    }
    Ok((part, meant))
}

fn known_by(known: &Identifiers, name: &str) -> Identifiers {
    let lever = LeverId::parse(name).ok();
    let email = CanonicalEmail::parse(name).ok();
    let one = |set: &BTreeSet<LeverId>| lever.clone().filter(|id| set.contains(id));
    Identifiers {
        lever_contact: one(&known.lever_contact).into_iter().collect(),
        opportunities: one(&known.opportunities).into_iter().collect(),
        emails: email
            .filter(|email| known.emails.contains(email))
            .into_iter()
            .collect(),
        key: known.key.clone().filter(|key| key == name),
        users: known
            .users
            .iter()
            .filter(|linked| linked.name() == name)
            .cloned()
            .collect(),
    }
}

/// Whoever was merged away, as they were, with the claims that they had.
fn restored(mut back: Loaded<Person>, part: &Identifiers) -> (Loaded<Person>, BTreeSet<Claim>) {
    let Some(merged) = back.entity.merged.take() else {
        return (back, BTreeSet::new());
    };
    back.entity.identifiers = merged.identifiers;
    back.entity.identifiers.add(part);
    back.entity.leaves_at = merged.leaves_at;
    if let Some(erasure) = merged.erasure {
        back.entity.erasure = Some(*erasure);
    }
    let left_with = back.entity.left_with.clone();
    back.entity.enter(merged.state);
    if let Some(had) = left_with.filter(|_| merged.state.may_receive()) {
        (back.entity.kept, back.entity.by_hand) = (had.kept, had.by_hand);
    }
    (back, merged.claims)
}

/// What came with whoever was merged in is erased of them alone.
fn give_back_erasure(from: &mut Person, back: &Person) {
    let merged = back.merged.as_ref();
    if let Some(theirs) = merged.and_then(|merged| merged.erasure.as_ref()) {
        from.erasure
            .take_if(|erasure| erasure.cause == theirs.cause);
    }
}

/// What somebody else has from now on does not come back to whoever was merged away.
fn forget(mut other: Loaded<Person>, part: &Identifiers, changes: &mut Changes) {
    let Some(merged) = &mut other.entity.merged else {
        return;
    };
    if merged.identifiers.beyond(part) != merged.identifiers {
        merged.identifiers.take_out(part);
        merged.gained.take_out(part);
        let taken: BTreeSet<Claim> = Claim::all_of(part).into_iter().collect();
        merged.claims.retain(|claim| !taken.contains(claim));
        changes.update(&other);
    }
}
