//! One walk over the rosters, page by page, with everybody's addresses at hand; or one page, with the addresses of those
//! who are on it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::account::Account;
use crate::claim::{Claim, Held, Holder};
use crate::company::Company;
use crate::ids::{AppSlug, PersonId};
use crate::person::{CanonicalEmail, Lifecycle, Person};
use crate::ports::Ports;
use crate::report::{Directory, Place, Seat, is_moving, unused_since};
use crate::roster::Entry;
use crate::store::{Entity, Group, Key, Loaded, PageRequest, Query};

use super::{HandleError, load};

/// How many people, or users of a roster, are read at once.
pub const AT_ONCE: usize = 500;

/// Everything that a report rests on besides the rosters.
pub struct Desk {
    /// The configuration.
    pub company: Company,
    /// The accounts whose rosters are walked over.
    pub accounts: Vec<Account>,
    /// Those of the people who take or give back seats in the time ahead.
    pub moving: Vec<Person>,
    /// Everybody; none if those on a page are looked up.
    directory: Option<Directory>,
    unused_since: Timestamp,
}

impl Desk {
    /// Reads people in these states, and accounts; those not seen for so many days count as unused.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open(
        ports: &Ports,
        company: Company,
        now: Timestamp,
        states: &[Lifecycle],
        days: u32,
    ) -> Result<Self, HandleError> {
        Self::seeing(ports, company, now, states, days, |_, _| {}).await
    }

    /// As [`Self::open`], where each person is shown as they are read.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn seeing(
        ports: &Ports,
        company: Company,
        now: Timestamp,
        states: &[Lifecycle],
        days: u32,
        mut see: impl FnMut(&Person, &Company),
    ) -> Result<Self, HandleError> {
        let accounts: Vec<Loaded<Account>> = ports.store.all(&Group::Accounts).await?;
        let see = |person: &Person| see(person, &company);
        let (directory, moving) = people(ports, states, now, see).await?;
        Ok(Self {
            company,
            directory: Some(directory),
            moving,
            accounts: accounts.into_iter().map(|account| account.entity).collect(),
            unused_since: unused_since(now, days),
        })
    }

    /// For a page or two: reads accounts, and no people before a page shows who is on it.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn for_pages(
        ports: &Ports,
        company: Company,
        now: Timestamp,
        days: u32,
    ) -> Result<Self, HandleError> {
        let accounts: Vec<Loaded<Account>> = ports.store.all(&Group::Accounts).await?;
        Ok(Self {
            company,
            directory: None,
            moving: Vec::new(),
            accounts: accounts.into_iter().map(|account| account.entity).collect(),
            unused_since: unused_since(now, days),
        })
    }

    /// The applications of which a roster is known.
    #[must_use]
    pub fn read(&self) -> BTreeSet<AppSlug> {
        let read = self.accounts.iter().filter(|account| account.applied > 0);
        read.map(|account| account.app.clone()).collect()
    }

    /// The seat that an entry of an account's roster is; none for one who has nothing of the application.
    fn seat(&self, account: &Account, entry: &Entry, people: &Directory) -> Option<Seat> {
        let face = entry.visible(account.applied)?;
        let application = self.company.apps.get(&account.app);
        let address = face.user.email.as_deref();
        let holder = people.whose(&account.roster, entry.id, address);
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

async fn people(
    ports: &Ports,
    states: &[Lifecycle],
    now: Timestamp,
    mut see: impl FnMut(&Person),
) -> Result<(Directory, Vec<Person>), HandleError> {
    let query = Query::States {
        kind: Person::KIND,
        states: states.iter().map(|state| state.as_str()).collect(),
    };
    let (mut directory, mut moving) = (Directory::default(), Vec::new());
    let mut page = PageRequest {
        limit: AT_ONCE,
        cursor: None,
    };
    loop {
        let answer = ports.store.list(&query, &page).await?;
        for stored in &answer.items {
            let person: Loaded<Person> = stored.read()?;
            // Whoever was merged away is somebody who may be here.
            if person.entity.merged.is_some() {
                continue;
            }
            directory.add(&person.entity);
            see(&person.entity);
            if is_moving(&person.entity, now) {
                moving.push(person.entity);
            }
        }
        if answer.next.is_none() {
            return Ok((directory, moving));
        }
        page.cursor = answer.next;
    }
}

/// The address that counts of an entry.
pub(super) fn address_of<'a>(account: &Account, entry: &'a Entry) -> Option<&'a str> {
    entry.visible(account.applied)?.user.email.as_deref()
}

/// Whoever has an address of these entries, or was linked to one whose address nobody has, by who claims it.
pub(super) async fn holders(
    ports: &Ports,
    account: &Account,
    entries: &[&Entry],
) -> Result<Directory, HandleError> {
    let addresses: BTreeSet<CanonicalEmail> = entries
        .iter()
        .filter_map(|entry| CanonicalEmail::parse(address_of(account, entry)?).ok())
        .collect();
    let claims = addresses.iter();
    let claims = claims.flat_map(|address| [Claim::email(address), Claim::address(address)]);
    let claims: Vec<Claim> = claims.collect();
    let mut directory = Directory::default();
    add_claimants(ports, claims, &mut directory).await?;
    let nobodys = entries.iter().filter(|entry| {
        let address = address_of(account, entry);
        address.is_none_or(|address| directory.find(address).is_none())
    });
    let claims = nobodys.map(|entry| Claim::user(&account.roster, entry.id));
    let claims: Vec<Claim> = claims.collect();
    add_claimants(ports, claims, &mut directory).await?;
    Ok(directory)
}

/// Adds everybody who has one of these claims.
async fn add_claimants(
    ports: &Ports,
    claims: Vec<Claim>,
    directory: &mut Directory,
) -> Result<(), HandleError> {
    if claims.is_empty() {
        return Ok(());
    }
    let claims: Vec<Key> = claims.into_iter().map(Key::Claim).collect();
    let mut people: BTreeSet<PersonId> = BTreeSet::new();
    for stored in ports.store.get_all(&claims).await?.into_iter().flatten() {
        let held: Loaded<Held> = stored.read()?;
        if let Holder::Person(id) = held.entity.holder {
            people.insert(id);
        }
    }
    let people: Vec<Key> = people.into_iter().map(Key::Person).collect();
    for stored in ports.store.get_all(&people).await?.into_iter().flatten() {
        let person: Loaded<Person> = stored.read()?;
        // Whoever was merged away is somebody else, who may have the address too.
        let person = match &person.entity.merged {
            Some(merged) => load::surviving(ports, &merged.into).await?,
            None => Some(person),
        };
        if let Some(person) = person {
            directory.add(&person.entity);
        }
    }
    Ok(())
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
pub async fn page(
    ports: &Ports,
    desk: &Desk,
    from: Option<&Place>,
    limit: usize,
) -> Result<Review, HandleError> {
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
    let wanted = PageRequest {
        limit,
        cursor: from.filter(same).and_then(|from| from.cursor.clone()),
    };
    let query = Query::Roster(account.roster.clone());
    let answer = ports.store.list(&query, &wanted).await?;
    let mut entries: Vec<Entry> = Vec::with_capacity(answer.items.len());
    for stored in &answer.items {
        entries.push(stored.read()?.entity);
    }
    let everybody = desk.directory.as_ref();
    let roster = &account.roster;
    // A user who was linked is looked up in any case: somebody of a state that was not read may have the address by now.
    let looked_up = entries
        .iter()
        .filter(|entry| everybody.is_none_or(|people| people.is_linked(roster, entry.id)));
    let looked_up: Vec<&Entry> = looked_up.collect();
    let on_it = holders(ports, account, &looked_up).await?;
    let seats = entries.iter().filter_map(|entry| {
        let people = everybody.filter(|people| !people.is_linked(roster, entry.id));
        desk.seat(account, entry, people.unwrap_or(&on_it))
    });
    let seats: Vec<Seat> = seats.collect();
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
///
/// # Errors
/// If the store cannot be read.
pub async fn walk(
    ports: &Ports,
    desk: &Desk,
    mut see: impl FnMut(Seat),
) -> Result<(), HandleError> {
    let mut from = None;
    loop {
        let some = page(ports, desk, from.as_ref(), AT_ONCE).await?;
        some.seats.into_iter().for_each(&mut see);
        if some.next.is_none() {
            return Ok(());
        }
        from = some.next;
    }
}
