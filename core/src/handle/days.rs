//! What was counted by day: read part by part, and joined once a day is over.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::ports::Ports;
use crate::store::{Group, Key, Loaded};
use crate::tally::{Tally, WHOLE, day_of};

use super::count::changes;
use super::{HandleError, ledger};

/// How many days the overview shows.
const SHOWN_DAYS: i64 = 90;

/// What all parts of a day come to, read part by part.
///
/// # Errors
/// If the store cannot be read.
pub async fn of_parts(ports: &Ports, day: Date) -> Result<Tally, HandleError> {
    let mut joined = Tally::empty(day, 0);
    let parts: Vec<Loaded<Tally>> = ports.store.all(&Group::Tallies(day)).await?;
    let parts = parts.iter().map(|part| &part.entity);
    let parts = parts.filter(|part| part.shard != WHOLE);
    parts.for_each(|part| joined.join(part));
    Ok(joined)
}

/// These days as a whole, where their parts were joined.
///
/// # Errors
/// If the store cannot be read.
pub async fn whole_days(ports: &Ports, days: &[Date]) -> Result<Vec<Option<Tally>>, HandleError> {
    let keys = days.iter().map(|day| Tally::key_of(*day, WHOLE));
    let keys: Vec<Key> = keys.collect();
    let mut whole = Vec::with_capacity(days.len());
    for stored in ports.store.get_all(&keys).await? {
        let tally = stored.map(|stored| stored.read::<Tally>()).transpose()?;
        whole.push(tally.map(|tally| tally.entity));
    }
    Ok(whole)
}

/// Joins the parts of the days that are shown at once and in which nothing is counted any more: whoever counts has a lease
/// of minutes, so that is so of every day but this one and the one before.
pub(super) async fn join(ports: &Ports, now: Timestamp) -> Result<(), HandleError> {
    let today = day_of(now);
    let days = (2..=SHOWN_DAYS).map(|back| today.saturating_sub(back.days()));
    let days: Vec<Date> = days.collect();
    let whole = whole_days(ports, &days).await?;
    let missing = days.into_iter().zip(whole);
    for (day, _) in missing.filter(|(_, whole)| whole.is_none()) {
        let joined = of_parts(ports, day).await?;
        if joined.measured.is_empty() && joined.licenses.is_none() {
            continue;
        }
        let whole = Tally {
            shard: WHOLE,
            ..joined
        };
        let mut changes = changes(now);
        changes.insert(&whole);
        ledger::commit(ports, changes).await?;
    }
    Ok(())
}
