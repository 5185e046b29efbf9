//! Who has which address, and who was linked to which user: small enough to be at hand for everybody at once.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::definition::IdHash;
use crate::ids::{PersonId, RosterId};
use crate::person::{CanonicalEmail, Lifecycle, Person};

/// A person, as reports name them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// Who.
    pub person: PersonId,
    /// The name.
    pub name: Option<String>,
    /// The department.
    pub department: Option<String>,
    /// Where they stand.
    pub state: Lifecycle,
    /// When they left.
    pub left_at: Option<Timestamp>,
}

/// Every address that is a person's: those they are matched by, and the one at work.
pub fn addresses_of(person: &Person) -> impl Iterator<Item = CanonicalEmail> {
    let known = person.identifiers.emails.iter().cloned();
    let work = person.text("work_email").map(str::to_owned);
    let work = work.and_then(|address| CanonicalEmail::parse(&address).ok());
    known.chain(work)
}

/// Everybody, by address and by what was linked to them by hand.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    holders: Vec<Holder>,
    by_address: BTreeMap<IdHash, usize>,
    by_link: BTreeMap<RosterId, BTreeMap<IdHash, usize>>,
}

impl Directory {
    /// Adds a person.
    pub fn add(&mut self, person: &Person) {
        let text = |name: &str| person.text(name).map(str::to_owned);
        let place = self.holders.len();
        self.holders.push(Holder {
            person: person.id.clone(),
            name: text("name"),
            department: text("department"),
            state: person.state,
            left_at: person.leaves_at,
        });
        for address in addresses_of(person) {
            self.by_address.insert(IdHash::of(address.as_str()), place);
        }
        for linked in &person.identifiers.users {
            let of_roster = self.by_link.entry(linked.roster.clone()).or_default();
            of_roster.insert(linked.user, place);
        }
    }

    /// Whose a user of a roster is: whoever has the address, or else whoever was linked to the user by hand.
    #[must_use]
    pub fn whose(&self, roster: &RosterId, user: IdHash, address: Option<&str>) -> Option<&Holder> {
        let by_address = address.and_then(|address| self.find(address));
        by_address.or_else(|| {
            let place = self.by_link.get(roster)?.get(&user)?;
            self.holders.get(*place)
        })
    }

    /// Was this user linked to one of them by hand?
    #[must_use]
    pub fn is_linked(&self, roster: &RosterId, user: IdHash) -> bool {
        let of_roster = self.by_link.get(roster);
        of_roster.is_some_and(|users| users.contains_key(&user))
    }

    /// Who has this address.
    #[must_use]
    pub fn find(&self, address: &str) -> Option<&Holder> {
        let address = CanonicalEmail::parse(address).ok()?;
        let place = self.by_address.get(&IdHash::of(address.as_str()))?;
        self.holders.get(*place)
    }
}
