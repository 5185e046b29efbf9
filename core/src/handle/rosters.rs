//! What the rosters show of an address or a person.

use crate::account::Account;
use crate::definition::{IdHash, User};
use crate::drift::Seen;
use crate::intake::Match;
use crate::linked::Linked;
use crate::person::{CanonicalEmail, Person};
use crate::ports::Ports;
use crate::report::addresses_of;
use crate::roster::{Entry, Face, holder_of};
use crate::store::{Entity, Group, Key, Loaded, PageRequest, Query};

use super::{HandleError, whose};

/// How many entries of one address are looked at.
const ENTRIES: usize = 100;

/// The rosters of all connected accounts, which are read when something is found in one.
pub struct Rosters<'a> {
    ports: &'a Ports,
    accounts: Option<Vec<Account>>,
    /// Also users who were shown once and are not any more.
    deleted: bool,
}

impl<'a> Rosters<'a> {
    /// Nothing is read yet.
    #[must_use]
    pub fn of(ports: &'a Ports) -> Self {
        Self {
            ports,
            accounts: None,
            deleted: false,
        }
    }

    /// The same, with users who vanished from their rosters.
    #[must_use]
    pub fn with_deleted(ports: &'a Ports) -> Self {
        Self {
            deleted: true,
            ..Self::of(ports)
        }
    }

    /// All connected accounts.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn accounts(&mut self) -> Result<&[Account], HandleError> {
        if self.accounts.is_none() {
            let loaded: Vec<Loaded<Account>> = self.ports.store.all(&Group::Accounts).await?;
            self.accounts = Some(loaded.into_iter().map(|account| account.entity).collect());
        }
        Ok(self.accounts.as_deref().unwrap_or_default())
    }

    /// Every user under an address, whether they may use the application or not.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn under(&mut self, address: &CanonicalEmail) -> Result<Vec<Seen>, HandleError> {
        let query = Query::Person {
            person: holder_of(address),
            kind: Entry::KIND,
        };
        let page = PageRequest {
            limit: ENTRIES,
            cursor: None,
        };
        let mut found = Vec::new();
        for stored in self.ports.store.list(&query, &page).await?.items {
            let entry: Loaded<Entry> = stored.read()?;
            let deleted = self.deleted;
            let accounts = self.accounts().await?;
            let of = |account: &&Account| account.roster == entry.entity.roster;
            if let Some(account) = accounts.iter().find(of) {
                let face = entry.entity.visible(account.applied);
                let face = face.filter(|face| has(face, address) && (deleted || !face.deleted));
                found.extend(face.map(|face| seen(account, face)));
            }
        }
        Ok(found)
    }

    /// Every user under any address of a person, and every user who was linked to the person by hand and whose address
    /// nobody else has by now.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn of_person(&mut self, person: &Person) -> Result<Vec<Seen>, HandleError> {
        let work = person.text("work_email");
        let work = work.and_then(|address| CanonicalEmail::parse(address).ok());
        let mut addresses: Vec<CanonicalEmail> = addresses_of(person).collect();
        addresses.sort();
        addresses.dedup();
        let mut found: Vec<Seen> = Vec::new();
        for address in addresses {
            let at_work = Some(&address) == work.as_ref();
            let seen = self.under(&address).await?;
            found.extend(seen.into_iter().map(|seen| Seen { at_work, ..seen }));
        }
        for linked in &person.identifiers.users {
            if let Some(seen) = self.linked(linked).await?
                && !found.iter().any(|one| is_same(one, &seen))
                && is_still_theirs(self.ports, person, &seen.face.user).await?
            {
                found.push(Seen {
                    linked: true,
                    ..seen
                });
            }
        }
        Ok(found)
    }

    /// The user who was linked by hand, if their account is still connected.
    async fn linked(&mut self, linked: &Linked) -> Result<Option<Seen>, HandleError> {
        let mut accounts = self.accounts().await?.iter();
        let account = accounts.find(|account| account.roster == linked.roster);
        match account.cloned() {
            Some(account) => self.by_hash(&account, linked.user).await,
            None => Ok(None),
        }
    }

    /// The user of an account with this id.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn by_id(&self, account: &Account, id: &str) -> Result<Option<Seen>, HandleError> {
        self.by_hash(account, IdHash::of(id)).await
    }

    async fn by_hash(&self, account: &Account, id: IdHash) -> Result<Option<Seen>, HandleError> {
        let key = Key::Entry(account.roster.clone(), id);
        let entry = self.ports.store.find::<Entry>(&key).await?;
        let face = entry
            .as_ref()
            .and_then(|entry| entry.entity.visible(account.applied));
        let face = face.filter(|face| self.deleted || !face.deleted);
        Ok(face.map(|face| seen(account, face)))
    }
}

fn is_same(one: &Seen, other: &Seen) -> bool {
    one.roster == other.roster && one.face.user.external_id == other.face.user.external_id
}

/// Is the user's address nobody else's? An address counts before a link.
pub(super) async fn is_still_theirs(
    ports: &Ports,
    person: &Person,
    user: &User,
) -> Result<bool, HandleError> {
    Ok(match whose::by_address(ports, user).await? {
        Match::Nobody => true,
        Match::One(one) => one.entity.id == person.id,
        Match::Several(_) => false,
    })
}

/// Is it under this address?
fn has(face: &Face, address: &CanonicalEmail) -> bool {
    let theirs = face.user.email.as_deref();
    let theirs = theirs.and_then(|theirs| CanonicalEmail::parse(theirs).ok());
    theirs.as_ref() == Some(address)
}

fn seen(account: &Account, face: &Face) -> Seen {
    let at = account.applied_at.unwrap_or(face.at);
    Seen {
        app: account.app.clone(),
        roster: account.roster.clone(),
        account: account.label(),
        face: face.clone(),
        at_work: false,
        linked: false,
        from: account.applied_from.unwrap_or(at),
        at,
    }
}
