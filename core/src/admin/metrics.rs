//! How Sando does, day by day (L19), and what was counted last: read as it was kept, never by looking at everything.

use std::iter::successors;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::civil::Date;

use crate::handle::days::{of_parts, whole_days};
use crate::ports::Ports;
use crate::report::Counted;
use crate::store::Key;
use crate::tally::Tally;

use super::AdminError;

/// How many days are read at once.
const AT_ONCE: usize = 16;

/// Every day from one to another, oldest first; those on which nothing was counted are empty.
///
/// # Errors
/// If the store cannot be read.
pub async fn days(ports: &Ports, from: Date, to: Date) -> Result<Vec<Tally>, AdminError> {
    let days = successors(Some(from), |day| day.tomorrow().ok()).take_while(|day| *day <= to);
    let days: Vec<Date> = days.collect();
    let whole = whole_days(ports, &days).await?;
    // In order, so many at a time.
    let days = stream::iter(days.into_iter().zip(whole));
    let days = days.map(|(day, whole)| one(ports, day, whole));
    days.buffered(AT_ONCE).try_collect().await
}

async fn one(ports: &Ports, day: Date, whole: Option<Tally>) -> Result<Tally, AdminError> {
    match whole {
        Some(whole) => Ok(Tally { shard: 0, ..whole }),
        None => Ok(of_parts(ports, day).await?),
    }
}

/// What was counted last over all rosters, whatever was connected since; none if nothing was counted yet.
///
/// # Errors
/// If the store cannot be read.
pub async fn counted(ports: &Ports) -> Result<Option<Counted>, AdminError> {
    let found = ports.store.find::<Counted>(&Key::Counted).await?;
    Ok(found.map(|found| found.entity))
}
