//! After the end of the list: looks through the stored roster for who was not in it.

use jiff::{SignedDuration, Timestamp};

use super::desk::{Desk, Stop};
use super::settle;
use crate::handle::{HandleError, load};
use crate::retention::kept_since;
use crate::roster::difference::Comparing;
use crate::roster::{Entry, Write, unseen};
use crate::store::{Loaded, PageRequest, Query};
use crate::sync::{Counts, Phase};

/// Who was not there for so long does not use a licence.
const UNUSED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Entries that are looked at together.
const AT_ONCE: usize = 100;

/// Goes on with looking, and decides at the end.
pub(super) async fn go_on(mut desk: Desk<'_>) -> Result<(), HandleError> {
    let seen = desk.all_seen().await?;
    let query = Query::Roster(desk.sync.entity.roster.clone());
    let days = load::settings(desk.ports)
        .await?
        .retention
        .dropped_users_days;
    let moment = kept_since(desk.ports.clock.now(), days);
    loop {
        let cursor = match &desk.sync.entity.phase {
            Phase::Compare { cursor } => cursor.clone(),
            Phase::Read | Phase::Release { .. } => None,
        };
        let page = PageRequest {
            limit: AT_ONCE,
            cursor,
        };
        let page = desk.ports.store.list(&query, &page).await?;
        let comparing = desk.comparing();
        let mut writes = Vec::new();
        for stored in &page.items {
            let entry: Loaded<Entry> = stored.read()?;
            let is_seen = seen.contains(entry.entity.id);
            let (write, loss) = unseen(&entry.entity, is_seen, &comparing);
            let write = match write {
                Write::Nothing if !is_seen && is_outlived(&entry.entity, &comparing, moment) => {
                    Write::Delete
                }
                write => write,
            };
            count(&mut desk.counts, &entry.entity, &write, &comparing);
            if let Some(loss) = loss {
                desk.counts.vanished = desk.counts.vanished.saturating_add(1);
                desk.loses(loss);
            }
            writes.push((write, stored.key.clone(), entry.version));
        }
        match desk.write(writes).await {
            Ok(()) => {}
            Err(Stop::Handle(error)) => return Err(error),
            Err(Stop::Fail(failure)) => return settle::fail(&mut desk, *failure).await,
        }
        let is_end = page.next.is_none();
        desk.sync.entity.phase = Phase::Compare { cursor: page.next };
        if is_end {
            return settle::decide(&mut desk).await;
        }
        if desk.should_leave() {
            let now = desk.ports.clock.now();
            return desk.keep(Some(now)).await;
        }
        if desk.should_keep() {
            desk.keep(None).await?;
        }
    }
}

/// Was somebody who is gone from the application kept for long enough?
fn is_outlived(entry: &Entry, comparing: &Comparing, moment: Timestamp) -> bool {
    let face = entry.visible(comparing.applied);
    face.is_some_and(|face| face.deleted && face.at < moment)
}

/// Counts who was there before, and who will be.
fn count(counts: &mut Counts, entry: &Entry, write: &Write, comparing: &Comparing) {
    let is_there = |entry: &Entry| {
        let face = entry.visible(comparing.applied);
        face.is_some_and(|face| !face.deleted)
    };
    if is_there(entry) {
        counts.before = counts.before.saturating_add(1);
    }
    let after = match write {
        Write::Delete => None,
        Write::Put(entry) => entry.after(comparing.sync, comparing.applied),
        Write::Nothing => entry.after(comparing.sync, comparing.applied),
    };
    if let Some(face) = after.filter(|face| !face.deleted) {
        counts.users = counts.users.saturating_add(1);
        let is_known = !face.unknown.iter().any(|field| field == "active");
        if face.user.active && is_known {
            counts.active = counts.active.saturating_add(1);
        }
        let since = comparing.at.saturating_sub(UNUSED);
        if let Some(uses) = face.user.uses_license(since.unwrap_or(Timestamp::MIN)) {
            counts.licensed = counts.licensed.saturating_add(1);
            counts.using = counts.using.saturating_add(u64::from(uses));
        }
    }
}
