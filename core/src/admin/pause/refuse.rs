//! Removals that are held back and refused: who has the access keeps it (L9).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::company::Company;
use crate::effect::{Change, Goal, Phase};
use crate::grant::Grant;
use crate::handle::lifecycle::{person_event, start_built_in};
use crate::handle::{ledger, load};
use crate::ids::{EventId, GrantId, PersonId};
use crate::ports::Ports;
use crate::rule::EventKind;

use super::super::identity::is_whole;
use super::super::people::person;
use super::super::{AdminError, Who, deciding};
use super::{Held, Plan};

/// How much of one person is refused in one commit.
const PORTION: usize = 20;

/// Which of the removals that are held back go on.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Accept {
    /// All of them.
    #[default]
    All,
    /// None of them.
    None,
    /// Those of these grants.
    Some(BTreeSet<GrantId>),
    /// All but those of these grants.
    AllBut(BTreeSet<GrantId>),
}

impl Accept {
    fn takes(&self, held: &Held) -> bool {
        let is_among = |ids: &BTreeSet<GrantId>| {
            let grant = held.grant.as_ref();
            grant.is_some_and(|grant| ids.contains(grant))
        };
        match self {
            Self::All => true,
            Self::None => false,
            Self::Some(ids) => is_among(ids),
            Self::AllBut(ids) => !is_among(ids),
        }
    }

    /// Divides what is held back into what goes on and what does not.
    ///
    /// # Errors
    /// `Invalid` for grants of which nothing is held back.
    pub(super) fn divide(&self, plan: &mut Plan) -> Result<(), AdminError> {
        if let Self::Some(ids) | Self::AllBut(ids) = self {
            let held = plan.effects.iter().filter_map(|held| held.grant.as_ref());
            let held: BTreeSet<&GrantId> = held.collect();
            if let Some(place) = ids.iter().position(|id| !held.contains(id)) {
                let message = "nothing of this grant is held back";
                return Err(AdminError::mistake(format!("accept[{place}]"), message));
            }
        }
        let all = std::mem::take(&mut plan.effects);
        (plan.effects, plan.refused) = all.into_iter().partition(|held| self.takes(held));
        Ok(())
    }
}

/// Lets everybody keep what was refused to be taken: it is due to them until they leave, so that neither the runs that wait
/// nor a later change takes it. Where the taking had begun it is given again. Nothing is written before all of it can be.
///
/// # Errors
/// `Refused` if somebody cannot keep it.
pub(super) async fn refuse(ports: &Ports, who: &Who, refused: &[Held]) -> Result<(), AdminError> {
    let mut of: BTreeMap<&PersonId, Vec<&Held>> = BTreeMap::new();
    for held in refused {
        of.entry(&held.person).or_default().push(held);
    }
    let company = load::company(ports).await?;
    for (id, held) in &of {
        let found = person(ports, id).await?.entity;
        is_whole(&found)?;
        may_keep(found.state.may_receive(), id)?;
        let is_known = |held: &&Held| {
            let app = held.app.as_ref();
            app.is_some_and(|app| company.apps.contains_key(app))
        };
        if held.iter().any(|held| held.undoing || !is_known(held)) {
            let why = format!(
                "{id} cannot keep it: it takes back what a cancelled run gave, or its application is not there any more"
            );
            return Err(AdminError::refused("not_refusable", why));
        }
    }
    for (id, held) in of {
        for some in held.chunks(PORTION) {
            deciding!(refuse_once(ports, who, id, some, &company).await)?;
        }
    }
    Ok(())
}

/// Who left keeps nothing, unless the leaving itself is undone.
fn may_keep(may_receive: bool, id: &PersonId) -> Result<(), AdminError> {
    if may_receive {
        return Ok(());
    }
    let why = format!(
        "{id} has left, and keeps nothing: accept it, or undo the leaving first (`POST /v1/people/{id}:reinstate`)"
    );
    Err(AdminError::refused("has_left", why))
}

async fn refuse_once(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    refused: &[&Held],
    company: &Company,
) -> Result<(), AdminError> {
    let mut found = person(ports, id).await?;
    may_keep(found.entity.state.may_receive(), id)?;
    let grants = load::grants(ports, id).await?;
    let mut changes = Changes::new(who.clone());
    let mut is_torn = false;
    for held in refused {
        let mut all = grants.iter().map(|grant| &grant.entity);
        let Some(grant) = all.find(|grant| Some(&grant.id) == held.grant.as_ref()) else {
            continue;
        };
        let kept = grant.held.as_ref().unwrap_or(&grant.wanted).clone();
        let target = format!("app/{}", grant.app);
        let line = Line::new(StreamId::Person(id.clone()), "removal refused", target);
        changes.say(line.after(json!({ "run": held.run, "step": held.step, "kept": kept })));
        // Part of it is due: the rest is kept besides.
        let of = if held.less {
            &mut found.entity.by_hand
        } else {
            &mut found.entity.kept
        };
        of.insert(grant.app.clone(), kept);
        is_torn |= has_begun(grant);
    }
    if !is_torn {
        changes.update(&found);
        return Ok(ledger::commit(ports, changes).await?);
    }
    let version = found.version.to_string();
    let event = EventId::derived(&["refused", id.as_str(), &version]);
    let event = person_event(
        event,
        EventKind::PersonChanged,
        "api",
        &found.entity,
        who.at,
    );
    // The run that gives it waits until the one that takes it has looked what is left.
    Ok(start_built_in(ports, found, event, company, changes).await?)
}

/// Has something of it perhaps been taken away already?
fn has_begun(grant: &Grant) -> bool {
    let is_open = |change: &Change| {
        let takes = matches!(change.goal, Goal::Suspend | Goal::Remove);
        takes && (!change.made.is_empty() || change.phase != Phase::Planned)
    };
    grant.change.as_ref().is_some_and(is_open)
}
