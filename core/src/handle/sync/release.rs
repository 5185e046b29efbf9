//! Lets a sync count that was held, without what was not accepted of it.

use super::desk::Desk;
use super::settle;
use crate::handle::HandleError;
use crate::roster::{Entry, Face, Loss, Lost, Write, revert};
use crate::store::{Check, Key, Loaded, PartKind, Put};
use crate::sync::{Content, Phase};

/// Users who are looked at in one commit.
const PORTION: usize = 60;

/// Takes back, portion by portion, what was not accepted; then the rest counts.
pub(super) async fn go_on(desk: &mut Desk<'_>) -> Result<(), HandleError> {
    while let Some((part, place)) = here(desk) {
        let Content::Lost(losses) = desk.part(PartKind::Lost, part).await? else {
            next(desk, part.saturating_add(1), 0);
            continue;
        };
        let portion: Vec<Loss> = losses.iter().skip(place).take(PORTION).cloned().collect();
        let refused = portion.iter().filter(|loss| !accepts(desk, loss));
        let refused: Vec<Loss> = refused.cloned().collect();
        let (puts, deletes) = take_back(desk, &refused).await?;
        let place = place.saturating_add(PORTION);
        if place >= losses.len() {
            next(desk, part.saturating_add(1), 0);
        } else {
            next(desk, part, place);
        }
        desk.sync.entity.counts = desk.counts;
        desk.put_sync(true, puts, deletes).await?;
        if desk.should_leave() {
            let now = desk.ports.clock.now();
            return desk.keep(Some(now)).await;
        }
    }
    settle::apply(desk).await
}

/// The part and the place that are next.
fn here(desk: &Desk<'_>) -> Option<(u32, usize)> {
    match &desk.sync.entity.phase {
        Phase::Release { part, place, .. } if *part < desk.sync.entity.lost_parts => {
            Some((*part, *place))
        }
        Phase::Release { .. } | Phase::Read | Phase::Compare { .. } => None,
    }
}

fn next(desk: &mut Desk<'_>, to_part: u32, to_place: usize) {
    if let Phase::Release { part, place, .. } = &mut desk.sync.entity.phase {
        *part = to_part;
        *place = to_place;
    }
}

fn accepts(desk: &Desk<'_>, loss: &Loss) -> bool {
    match &desk.sync.entity.phase {
        Phase::Release { accepted, .. } => accepted.contains(&loss.id),
        Phase::Read | Phase::Compare { .. } => false,
    }
}

/// The writes that leave these users as they were; what is counted follows.
async fn take_back(
    desk: &mut Desk<'_>,
    losses: &[Loss],
) -> Result<(Vec<Put>, Vec<Check>), HandleError> {
    let roster = &desk.sync.entity.roster;
    let keys = losses
        .iter()
        .map(|loss| Key::Entry(roster.clone(), loss.id));
    let keys: Vec<Key> = keys.collect();
    let comparing = desk.comparing();
    let (mut puts, mut deletes) = (Vec::new(), Vec::new());
    for (stored, loss) in desk.get_all(&keys).await?.into_iter().zip(losses) {
        let Some(stored) = stored else { continue };
        let entry: Loaded<Entry> = stored.read()?;
        let now = is_there(entry.entity.visible(comparing.applied));
        let then = is_there(entry.entity.after(comparing.sync, comparing.applied));
        match revert(&entry.entity, &comparing) {
            Write::Nothing => continue,
            Write::Put(entry_before) => puts.push(Put::of(&*entry_before, entry.version)),
            Write::Delete => deletes.push(Check {
                key: stored.key,
                expect: entry.version,
            }),
        }
        let counts = &mut desk.counts;
        counts.users = moved(counts.users, then.0, now.0);
        counts.active = moved(counts.active, then.1, now.1);
        let of_loss = match loss.lost {
            Lost::Vanished => &mut counts.vanished,
            Lost::Inactive => &mut counts.inactive,
            Lost::Licenses(_) => &mut counts.lost_license,
        };
        *of_loss = of_loss.saturating_sub(1);
    }
    Ok((puts, deletes))
}

/// Whether a user is there, and active.
fn is_there(face: Option<&Face>) -> (bool, bool) {
    let face = face.filter(|face| !face.deleted);
    (face.is_some(), face.is_some_and(|face| face.user.active))
}

fn moved(count: u64, was: bool, is: bool) -> u64 {
    match (was, is) {
        (false, true) => count.saturating_add(1),
        (true, false) => count.saturating_sub(1),
        _ => count,
    }
}
