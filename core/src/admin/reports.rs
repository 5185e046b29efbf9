//! Reports: what one walk over the rosters comes to.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::account::Account;
use crate::company::Company;
use crate::handle::seats::walk;
use crate::handle::{load, residue as leftover};
use crate::ids::{AppSlug, PersonId};
use crate::person::Lifecycle;
use crate::ports::Ports;
use crate::report::{
    Costing, Costs, Flag, Forecast, Forecasting, Licences, Residue, Seat, Spend, WEEKS,
    license_name,
};

use super::people::person;
use super::{AdminError, Who, deciding, files};

pub use crate::handle::seats::{AT_ONCE, Desk, page as review};

/// Everything that a report rests on besides the rosters: people in these states, and accounts; those not seen for so
/// many days count as unused.
///
/// # Errors
/// If the store cannot be read.
pub async fn desk(
    ports: &Ports,
    now: Timestamp,
    states: &[Lifecycle],
    days: u32,
) -> Result<Desk, AdminError> {
    let company = files::company(ports).await?;
    Ok(Desk::open(ports, company, now, states, days).await?)
}

/// The same for a page or two: people are looked up where a page shows them.
///
/// # Errors
/// If the store cannot be read.
pub async fn desk_for_pages(ports: &Ports, now: Timestamp, days: u32) -> Result<Desk, AdminError> {
    let company = files::company(ports).await?;
    Ok(Desk::for_pages(ports, company, now, days).await?)
}

/// What people who left still hold, in seats and money (X13).
///
/// # Errors
/// If the store cannot be read.
pub async fn residue(ports: &Ports, now: Timestamp) -> Result<Residue, AdminError> {
    let desk = desk(ports, now, &[Lifecycle::Left], 0).await?;
    let mut residue = Residue::default();
    walk(ports, &desk, |seat| residue.add(seat)).await?;
    Ok(residue)
}

/// How well licences are used, and what could be saved (L20).
///
/// # Errors
/// If the store cannot be read.
pub async fn licenses(ports: &Ports, now: Timestamp, days: u32) -> Result<Licences, AdminError> {
    let desk = desk(ports, now, &Lifecycle::ALL, days).await?;
    let mut licences = Licences::default();
    desk.company
        .apps
        .values()
        .for_each(|app| licences.bought(app));
    walk(ports, &desk, |seat| {
        let app = desk.company.apps.get(&seat.app);
        licences.add(seat, app);
    })
    .await?;
    Ok(licences)
}

/// What is spent, by application, department and person (L20).
///
/// # Errors
/// If the store cannot be read.
pub async fn spend(ports: &Ports, now: Timestamp) -> Result<Spend, AdminError> {
    let desk = desk(ports, now, &Lifecycle::ALL, 0).await?;
    let mut spend = Spend::default();
    walk(ports, &desk, |seat| spend.add(&seat)).await?;
    Ok(spend)
}

/// How many seats are missing or free in so many weeks (X10).
///
/// # Errors
/// If the store cannot be read.
pub async fn forecast(ports: &Ports, now: Timestamp, weeks: usize) -> Result<Forecast, AdminError> {
    let desk = desk(ports, now, &Lifecycle::ALL, 0).await?;
    let mut forecasting = Forecasting::new(&desk.moving);
    walk(ports, &desk, |seat| {
        forecasting.hold(&seat, desk.company.apps.get(&seat.app));
    })
    .await?;
    Ok(forecasting.finish(&desk.moving, &desk.company, &desk.read(), now, weeks))
}

/// Spend, licences, residue and forecast together (L20, X10, X13).
///
/// # Errors
/// If the store cannot be read.
pub async fn costs(ports: &Ports, now: Timestamp, days: u32) -> Result<Costs, AdminError> {
    let desk = desk(ports, now, &Lifecycle::ALL, days).await?;
    let mut costing = Costing::new(&desk.company, &desk.moving);
    walk(ports, &desk, |seat| {
        let app = desk.company.apps.get(&seat.app);
        costing.add(seat, app);
    })
    .await?;
    Ok(costing.finish(&desk.moving, &desk.company, &desk.read(), now, WEEKS))
}

/// Who holds one licence: whoever could give it back before the others.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Holders {
    /// The first seats.
    pub seats: Vec<Seat>,
    /// How many there are.
    pub held: u64,
}

/// So many users of an application are looked up; for more, everybody who is known is read at once.
const MOST_LOOKED_UP: u64 = 1_000;

/// Who holds a licence of an application, so many of them at most; none if nobody knows the application.
///
/// # Errors
/// If the store cannot be read.
pub async fn holders(
    ports: &Ports,
    now: Timestamp,
    days: u32,
    app: &AppSlug,
    license: &str,
    most: usize,
) -> Result<Option<Holders>, AdminError> {
    let is_of_app = |account: &Account| account.app == *app;
    let mut desk = desk_for_pages(ports, now, days).await?;
    let users = desk.accounts.iter().filter(|account| is_of_app(account));
    let users = users.map(|account| account.users);
    if users.fold(0_u64, u64::saturating_add) > MOST_LOOKED_UP {
        let company = desk.company;
        desk = Desk::open(ports, company, now, &Lifecycle::ALL, days).await?;
    }
    desk.accounts.retain(is_of_app);
    let application = desk.company.apps.get(app);
    if application.is_none() && desk.accounts.is_empty() {
        return Ok(None);
    }
    let (mut free, mut kept, mut held) = (Vec::new(), Vec::new(), 0_u64);
    let mut seen: BTreeSet<PersonId> = BTreeSet::new();
    walk(ports, &desk, |mut seat| {
        let is_it = |one: &String| license_name(application, one) == license;
        if !seat.licenses.iter().any(is_it) {
            return;
        }
        held = held.saturating_add(1);
        let person = seat.person.as_ref().filter(|_| seat.is_active());
        if person.is_some_and(|id| !seen.insert(id.clone())) {
            seat.flags.push(Flag::Duplicate);
        }
        let list = if seat.flags.is_empty() {
            &mut kept
        } else {
            &mut free
        };
        if list.len() < most {
            list.push(seat);
        }
    })
    .await?;
    free.append(&mut kept);
    free.truncate(most);
    Ok(Some(Holders { seats: free, held }))
}

/// What came of clearing.
#[derive(Clone, PartialEq, Debug)]
pub struct Cleared {
    /// What there was.
    pub residue: Residue,
    /// For how many people it is being taken away now.
    pub started: usize,
}

/// The most people for whom one call starts something.
const MOST_CLEARED: usize = 100;
/// For how long one call starts something: whoever asked waits for the answer.
const CLEARS_FOR: SignedDuration = SignedDuration::from_secs(20);

/// Takes away what people who left still hold, as when they left (X13).
///
/// # Errors
/// If the store did not do it.
pub async fn clear(ports: &Ports, who: &Who) -> Result<Cleared, AdminError> {
    let residue = residue(ports, who.at).await?;
    let company = load::company(ports).await?;
    let until = ports.clock.now().saturating_add(CLEARS_FOR);
    let until = until.unwrap_or(Timestamp::MAX);
    let mut started = 0_usize;
    // Those for whom all is in hand already do not count: there may be hundreds of them.
    for id in residue.leavers() {
        if started == MOST_CLEARED || ports.clock.now() > until {
            break;
        }
        let done = deciding!(clear_one(ports, who, id, &company).await)?;
        started = started.saturating_add(usize::from(done));
    }
    Ok(Cleared { residue, started })
}

async fn clear_one(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    company: &Company,
) -> Result<bool, AdminError> {
    let person = person(ports, id).await?;
    if person.entity.state != Lifecycle::Left || person.entity.merged.is_some() {
        return Ok(false);
    }
    Ok(leftover::clear(ports, person, company, who.clone()).await?)
}
