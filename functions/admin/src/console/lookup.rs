//! What pages look up besides their own objects: names of people, a word for a form that counts once.

use std::collections::{BTreeMap, BTreeSet};

use sando_core::ids::PersonId;
use sando_core::person::Person;
use sando_core::store::{Key, Loaded};

use crate::Api;

use super::refusal::Refusal;
use super::words;

/// The names of people.
pub(super) struct Names(BTreeMap<PersonId, String>);

impl Names {
    /// Reads the names of these people together.
    pub(super) async fn of<'a>(
        api: &Api,
        people: impl Iterator<Item = &'a PersonId>,
    ) -> Result<Self, Refusal> {
        let ids: BTreeSet<&PersonId> = people.collect();
        let keys: Vec<Key> = ids.into_iter().map(|id| Key::Person(id.clone())).collect();
        let mut names = BTreeMap::new();
        for keys in keys.chunks(50) {
            for stored in api.ports.store.get_all(keys).await?.into_iter().flatten() {
                let person: Loaded<Person> = stored.read()?;
                names.insert(person.entity.id.clone(), words::name(&person.entity));
            }
        }
        Ok(Self(names))
    }

    /// What to call somebody.
    pub(super) fn get(&self, id: &PersonId) -> String {
        let name = self.0.get(id).cloned();
        name.unwrap_or_else(|| format!("Somebody ({id})"))
    }
}

/// A word that makes a form count once, however often it is sent.
pub(super) fn once(api: &Api) -> String {
    let mut bytes = [0_u8; 16];
    api.ports.chance.fill(&mut bytes);
    hex::encode(bytes)
}
