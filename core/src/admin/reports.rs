//! Reports: one walk over the rosters, page by page, with everybody's addresses at hand.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::account::Account;
use crate::company::Company;
use crate::handle::{load, residue as leftover};
use crate::ids::{AppSlug, PersonId, Slug};
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::report::{Directory, Flag, Licences, Residue, Seat, Spend, license_name, unused_since};
use crate::roster::Entry;
use crate::store::{Entity, Group, Loaded, PageRequest, Query};

use super::people::person;
use super::{AdminError, Who, deciding, files};

/// How many people, or users of a roster, are read at once.
const AT_ONCE: usize = 500;

/// Everything that a report rests on besides the rosters.
pub struct Desk {
    company: Company,
    directory: Directory,
    accounts: Vec<Account>,
    unused_since: Timestamp,
}

impl Desk {
    /// Reads people in these states, and accounts; those not seen for so many days count as unused.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open(
        ports: &Ports,
        now: Timestamp,
        states: &[Lifecycle],
        days: u32,
    ) -> Result<Self, AdminError> {
        let accounts: Vec<Loaded<Account>> = ports.store.all(&Group::Accounts).await?;
        Ok(Self {
            company: files::company(ports).await?,
            directory: directory(ports, states).await?,
            accounts: accounts.into_iter().map(|account| account.entity).collect(),
            unused_since: unused_since(now, days),
        })
    }

    /// The seat that an entry of an account's roster is; none for one who cannot use the application.
    fn seat(&self, account: &Account, entry: &Entry) -> Option<Seat> {
        let face = entry.visible(account.applied)?;
        let application = self.company.apps.get(&account.app);
        let address = face.user.email.as_deref();
        let holder = address.and_then(|address| self.directory.find(address));
        let since = self.unused_since;
        Seat::of(
            &account.app,
            &account.label(),
            face,
            application,
            holder,
            since,
        )
    }
}

async fn directory(ports: &Ports, states: &[Lifecycle]) -> Result<Directory, AdminError> {
    let query = Query::States {
        kind: Person::KIND,
        states: states.iter().map(|state| state.as_str()).collect(),
    };
    let mut directory = Directory::default();
    let mut page = PageRequest {
        limit: AT_ONCE,
        cursor: None,
    };
    loop {
        let answer = ports.store.list(&query, &page).await?;
        for stored in &answer.items {
            let person: Loaded<Person> = stored.read()?;
            directory.add(&person.entity);
        }
        if answer.next.is_none() {
            return Ok(directory);
        }
        page.cursor = answer.next;
    }
}

/// Where a page of the review ended: in which account, and where in its roster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The definition.
    pub definition: Slug,
    /// The account's name.
    pub name: Slug,
    /// Where in the roster; none at its beginning.
    pub cursor: Option<String>,
}

/// One page of everybody who can use anything: who, where, as what.
#[derive(Clone, PartialEq, Debug)]
pub struct Review {
    /// The seats.
    pub seats: Vec<Seat>,
    /// Where the next page begins.
    pub next: Option<Place>,
}

/// One page of the access review, account by account.
///
/// # Errors
/// If the store cannot be read.
pub async fn review(
    ports: &Ports,
    desk: &Desk,
    from: Option<&Place>,
    limit: usize,
) -> Result<Review, AdminError> {
    let begins = |account: &&Account| {
        from.is_none_or(|from| {
            (&account.definition, &account.name) >= (&from.definition, &from.name)
        })
    };
    let mut rest = desk.accounts.iter().filter(begins);
    let Some(account) = rest.next() else {
        return Ok(Review {
            seats: Vec::new(),
            next: None,
        });
    };
    let same =
        |from: &&Place| (&from.definition, &from.name) == (&account.definition, &account.name);
    let page = PageRequest {
        limit,
        cursor: from.filter(same).and_then(|from| from.cursor.clone()),
    };
    let query = Query::Roster(account.roster.clone());
    let answer = ports.store.list(&query, &page).await?;
    let mut seats = Vec::new();
    for stored in &answer.items {
        let entry: Loaded<Entry> = stored.read()?;
        seats.extend(desk.seat(account, &entry.entity));
    }
    let place = |account: &Account, cursor| Place {
        definition: account.definition.clone(),
        name: account.name.clone(),
        cursor,
    };
    let next = match answer.next {
        Some(cursor) => Some(place(account, Some(cursor))),
        None => rest.next().map(|account| place(account, None)),
    };
    Ok(Review { seats, next })
}

/// Walks over everything.
async fn walk(ports: &Ports, desk: &Desk, mut see: impl FnMut(Seat)) -> Result<(), AdminError> {
    let mut from = None;
    loop {
        let page = review(ports, desk, from.as_ref(), AT_ONCE).await?;
        page.seats.into_iter().for_each(&mut see);
        if page.next.is_none() {
            return Ok(());
        }
        from = page.next;
    }
}

/// What people who left still hold, in seats and money (X13).
///
/// # Errors
/// If the store cannot be read.
pub async fn residue(ports: &Ports, now: Timestamp) -> Result<Residue, AdminError> {
    let desk = Desk::open(ports, now, &[Lifecycle::Left], 0).await?;
    let mut residue = Residue::default();
    walk(ports, &desk, |seat| residue.add(seat)).await?;
    Ok(residue)
}

/// How well licences are used, and what could be saved (L20).
///
/// # Errors
/// If the store cannot be read.
pub async fn licenses(ports: &Ports, now: Timestamp, days: u32) -> Result<Licences, AdminError> {
    let desk = Desk::open(ports, now, &Lifecycle::ALL, days).await?;
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
    let desk = Desk::open(ports, now, &Lifecycle::ALL, 0).await?;
    let mut spend = Spend::default();
    walk(ports, &desk, |seat| spend.add(&seat)).await?;
    Ok(spend)
}

/// Everything about money, from one walk.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Costs {
    /// What is spent.
    pub spend: Spend,
    /// How well licences are used.
    pub licences: Licences,
    /// What people who left still hold.
    pub residue: Residue,
}

/// Spend, licences and residue together (L20, X13).
///
/// # Errors
/// If the store cannot be read.
pub async fn costs(ports: &Ports, now: Timestamp, days: u32) -> Result<Costs, AdminError> {
    let desk = Desk::open(ports, now, &Lifecycle::ALL, days).await?;
    let mut costs = Costs::default();
    for app in desk.company.apps.values() {
        costs.licences.bought(app);
    }
    walk(ports, &desk, |seat| {
        costs.spend.add(&seat);
        let app = desk.company.apps.get(&seat.app);
        costs.licences.add(seat.clone(), app);
        if seat.state == Some(Lifecycle::Left) {
            costs.residue.add(seat);
        }
    })
    .await?;
    Ok(costs)
}

/// Who holds one licence: whoever could give it back before the others.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Holders {
    /// The first seats.
    pub seats: Vec<Seat>,
    /// How many there are.
    pub held: u64,
}

/// How many holders of a licence are shown.
const MOST_HOLDERS: usize = 500;

/// Who holds a licence of an application; none if nobody knows the application.
///
/// # Errors
/// If the store cannot be read.
pub async fn holders(
    ports: &Ports,
    now: Timestamp,
    days: u32,
    app: &AppSlug,
    license: &str,
) -> Result<Option<Holders>, AdminError> {
    let mut desk = Desk::open(ports, now, &Lifecycle::ALL, days).await?;
    desk.accounts.retain(|account| account.app == *app);
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
        if seat
            .person
            .as_ref()
            .is_some_and(|id| !seen.insert(id.clone()))
        {
            seat.flags.push(Flag::Duplicate);
        }
        let list = if seat.flags.is_empty() {
            &mut kept
        } else {
            &mut free
        };
        if list.len() < MOST_HOLDERS {
            list.push(seat);
        }
    })
    .await?;
    free.append(&mut kept);
    free.truncate(MOST_HOLDERS);
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

/// Takes away what people who left still hold, as when they left (X13).
///
/// # Errors
/// If the store did not do it.
pub async fn clear(ports: &Ports, who: &Who) -> Result<Cleared, AdminError> {
    let residue = residue(ports, who.at).await?;
    let mut started = 0_usize;
    for id in residue.leavers().take(MOST_CLEARED) {
        let done = deciding!(clear_one(ports, who, id).await)?;
        started = started.saturating_add(usize::from(done));
    }
    Ok(Cleared { residue, started })
}

async fn clear_one(ports: &Ports, who: &Who, id: &PersonId) -> Result<bool, AdminError> {
    let person = person(ports, id).await?;
    if person.entity.state != Lifecycle::Left {
        return Ok(false);
    }
    let company = load::company(ports).await?;
    Ok(leftover::clear(ports, person, &company, who.clone()).await?)
}
