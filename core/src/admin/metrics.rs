//! How Sando does, day by day (L19), and what was counted last: read as it was kept, never by looking at everything.

use std::collections::BTreeMap;
use std::iter::successors;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::account::Account;
use crate::handle::count::job_of;
use crate::job::{Job, JobState, Work};
use crate::ports::Ports;
use crate::report::Figures;
use crate::store::{Key, Loaded};
use crate::tally::{SHARDS, Tally};

use super::AdminError;

/// Every day from one to another, oldest first; those on which nothing was counted are empty.
///
/// # Errors
/// If the store cannot be read.
pub async fn days(ports: &Ports, from: Date, to: Date) -> Result<Vec<Tally>, AdminError> {
    let days = successors(Some(from), |day| day.tomorrow().ok());
    let mut days: BTreeMap<Date, Tally> = days
        .take_while(|day| *day <= to)
        .map(|day| (day, Tally::empty(day, 0)))
        .collect();
    let parts = days
        .keys()
        .flat_map(|day| (0..SHARDS).map(move |shard| (*day, shard)));
    let keys: Vec<Key> = parts
        .map(|(day, shard)| Tally::key_of(day, shard))
        .collect();
    for stored in ports.store.get_all(&keys).await?.into_iter().flatten() {
        let part: Loaded<Tally> = stored.read()?;
        if let Some(day) = days.get_mut(&part.entity.day) {
            day.join(&part.entity);
        }
    }
    Ok(days.into_values().collect())
}

/// What was counted last over all rosters, on this day or the one before; none while it is being counted.
///
/// # Errors
/// If the store cannot be read.
pub async fn figures(
    ports: &Ports,
    today: Date,
    accounts: &[Account],
) -> Result<Option<(Figures, Timestamp)>, AdminError> {
    let days = [Some(today), today.yesterday().ok()];
    for day in days.into_iter().flatten() {
        let key = Key::Job(job_of(day, accounts));
        let Some(job) = ports.store.find::<Job>(&key).await? else {
            continue;
        };
        if let (JobState::Done, Work::Count(counting)) = (job.entity.state, &job.entity.work) {
            let at = job.entity.finished_at.unwrap_or(job.entity.started_at);
            return Ok(Some((counting.figures.clone(), at)));
        }
    }
    Ok(None)
}
