//! The item that processes share a budget by.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sando_core::ids::{Slug, derive};
use sando_core::store::{Commit, Entity, Key, Put, Store, StoreError, Version};
use serde::{Deserialize, Serialize};

use crate::http::Origin;

/// How many hexadecimal digits of their hash tell the credentials of one origin apart.
const DIGITS: usize = 4;
/// A budget that nobody has used for so long is forgotten.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The name of the budget that a credential has: all processes that use the credential share it.
pub(crate) fn name_of(owner: &str) -> Slug {
    Slug::parse(owner.replace('/', "--")).unwrap_or_else(|_| {
        Slug::parse(derive(&["budget", owner])).expect("hexadecimal digits are a slug")
    })
}

/// The name of the budget of these credentials at an origin, whoever uses them and however they are called there.
///
/// The name is readable by whoever reads the table: so little of the hash is in it that nobody can be sure of a password that
/// they guess. Where two credentials happen to have the same name, both are slower than they need be.
pub(crate) fn name_of_credential(origin: &Origin, credentials: &BTreeMap<String, String>) -> Slug {
    let mut values: Vec<&str> = credentials.values().map(String::as_str).collect();
    values.sort_unstable();
    let mut digits = derive(&values);
    digits.truncate(DIGITS);
    Slug::parse(derive(&["budget", origin.as_str(), &digits]))
        .expect("hexadecimal digits are a slug")
}

/// Until when requests are spoken for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BudgetItem {
    name: Slug,
    tat: Timestamp,
}

impl Entity for BudgetItem {
    const KIND: &'static str = "budget";

    fn key(&self) -> Key {
        Key::Budget(self.name.clone())
    }
}

/// The item of one budget.
pub(super) struct Shared {
    store: Arc<dyn Store>,
    pub(super) name: Slug,
}

impl Shared {
    pub(super) fn new(store: Arc<dyn Store>, name: Slug) -> Self {
        Self { store, name }
    }

    /// Until when requests are spoken for, and the version of that.
    pub(super) async fn load(&self) -> Result<(Timestamp, Version), StoreError> {
        let key = Key::Budget(self.name.clone());
        let loaded = self.store.find::<BudgetItem>(&key).await?;
        Ok(loaded.map_or((Timestamp::MIN, Version::ABSENT), |item| {
            (item.entity.tat, item.version)
        }))
    }

    /// Moves it on; false if somebody else was first.
    pub(super) async fn move_to(
        &self,
        tat: Timestamp,
        expect: Version,
    ) -> Result<bool, StoreError> {
        let item = BudgetItem {
            name: self.name.clone(),
            tat,
        };
        let body = serde_json::to_string(&item)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let put = Put {
            key: item.key(),
            kind: BudgetItem::KIND,
            schema: BudgetItem::SCHEMA,
            expect,
            body,
            due: None,
            listing: None,
            lookup: None,
            expires_at: tat.checked_add(KEPT).ok(),
        };
        let commit = Commit {
            puts: vec![put],
            ..Commit::default()
        };
        match self.store.commit(&commit).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { .. } | StoreError::Contended) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
