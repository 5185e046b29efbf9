//! Connected accounts: one connection of a definition each, synced once a day.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::audit::StreamId;
use crate::definition::Failure;
use crate::ids::{AppSlug, IdError, RosterId, Slug, derive};
use crate::store::{Entity, Key};
use crate::sync::shape::{Contract, Emptied};
use crate::sync::{Sync, SyncState};

/// Between two syncs of an account that nobody asks for lie at least so many.
const APART: SignedDuration = SignedDuration::from_hours(6);
const DAY_SECS: i64 = 86_400;

/// A roster is older than this only if two daily syncs in a row did not count.
pub const OLD_ROSTER: SignedDuration = SignedDuration::from_hours(48);

/// How an account stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AccountState {
    /// Its credentials are being stored.
    Connecting,
    /// It is synced every day.
    Connected,
    /// It is not synced until somebody has looked (B18).
    Disabled {
        /// Since when.
        since: Timestamp,
        /// Why: the application's own error.
        failure: Failure,
    },
}

impl AccountState {
    /// The word for it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disabled { .. } => "disabled",
        }
    }
}

/// How the last sync ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LastSync {
    /// Its number.
    pub number: u64,
    /// How it ended.
    pub state: SyncState,
    /// When.
    pub at: Timestamp,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// How far the users of an account became people (L30).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fed {
    /// The last sync whose users did.
    pub sync: u64,
    /// By which mapping of attributes.
    pub mapping: String,
}

/// One connection of a definition.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The definition.
    pub definition: Slug,
    /// Its name.
    pub name: Slug,
    /// The name as it was written, where that is not the name itself: in capitals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// The application whose users are read.
    pub app: AppSlug,
    /// Its roster; another one after it was replaced.
    pub roster: RosterId,
    /// What was asked when connecting and is no secret.
    pub variables: BTreeMap<String, String>,
    /// How it stands.
    #[serde(flatten)]
    pub state: AccountState,
    /// When it was connected.
    pub connected_at: Timestamp,
    /// When its credentials were set last; when it was connected, if they were not changed since.
    #[serde(default)]
    pub credentials_at: Option<Timestamp>,
    /// When it is synced next, unless it is disabled.
    pub next_sync_at: Timestamp,
    /// The number of the last sync that began.
    pub last_number: u64,
    /// The sync that is under way.
    pub syncing: Option<u64>,
    /// The last sync that counts; 0 before the first.
    pub applied: u64,
    /// When that was.
    pub applied_at: Option<Timestamp>,
    /// When its list was begun to be read: what changed later need not be in it.
    #[serde(default)]
    pub applied_from: Option<Timestamp>,
    /// Users in the roster.
    pub users: u64,
    /// Those of them who are active.
    pub active: u64,
    /// Users with a licence of whom the application tells when they were last there.
    #[serde(default)]
    pub licensed: u64,
    /// Those of them who were there within 30 days.
    #[serde(default)]
    pub using: u64,
    /// The sync that is held until somebody decides.
    pub held: Option<u64>,
    /// How the last sync ended.
    pub last: Option<LastSync>,
    /// How far its users became people, where it is the directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fed: Option<Fed>,
    /// What its answers are like, as the last sync that counts found them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Contract>,
}

impl Account {
    /// An account whose credentials are about to be stored.
    #[must_use]
    pub fn connecting(
        definition: Slug,
        name: Slug,
        app: AppSlug,
        variables: BTreeMap<String, String>,
        now: Timestamp,
        correlation_id: &str,
    ) -> Self {
        Self {
            roster: RosterId::derived(&[definition.as_str(), name.as_str(), correlation_id]),
            definition,
            name,
            written: None,
            app,
            variables,
            state: AccountState::Connecting,
            connected_at: now,
            credentials_at: None,
            next_sync_at: now,
            last_number: 0,
            syncing: None,
            applied: 0,
            applied_at: None,
            applied_from: None,
            users: 0,
            active: 0,
            licensed: 0,
            using: 0,
            held: None,
            last: None,
            fed: None,
            contract: None,
        }
    }

    /// Whose its credentials are.
    #[must_use]
    pub fn owner(&self) -> String {
        owner(&self.definition, &self.name)
    }

    /// Its stream in the audit.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        StreamId::Account(self.definition.clone(), self.name.clone())
    }

    /// Its name as it was written.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.written.as_deref().unwrap_or(self.name.as_str())
    }

    /// Its name in the audit and in notifications.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}/{}", self.definition, self.name)
    }

    /// The fields that had values before and have none any more.
    #[must_use]
    pub fn emptied(&self) -> &[Emptied] {
        let contract = self.contract.as_ref();
        contract
            .map(|contract| contract.emptied.as_slice())
            .unwrap_or_default()
    }

    /// Is it synced now, if nothing else holds it up?
    #[must_use]
    pub fn wants_sync(&self, now: Timestamp) -> bool {
        self.state == AccountState::Connected && self.syncing.is_none() && self.next_sync_at <= now
    }

    /// Why its last sync failed, if nothing but the next one can mend that: it is not disabled, and tried again every day.
    #[must_use]
    pub fn failing(&self) -> Option<&Failure> {
        let failure = self.last.as_ref()?.failure.as_ref()?;
        (self.state == AccountState::Connected && !failure.disable).then_some(failure)
    }

    /// For how long its roster has not been read; since it was connected, if it never was.
    #[must_use]
    pub fn roster_age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.applied_at.unwrap_or(self.connected_at))
    }

    /// Was its roster read lately?
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.applied_at.is_some() && self.roster_age(now) <= OLD_ROSTER
    }

    /// Does its roster stay as it was, until somebody has looked or a sync works?
    #[must_use]
    pub fn fails(&self, now: Timestamp) -> bool {
        let state = match self.state {
            AccountState::Connecting => false,
            AccountState::Connected => self.roster_age(now) > OLD_ROSTER,
            AccountState::Disabled { .. } => true,
        };
        state || self.held.is_some() || self.failing().is_some()
    }

    /// Its sync has ended this way; it is synced again tomorrow.
    pub fn ended(&mut self, sync: &Sync, now: Timestamp) {
        self.syncing = None;
        self.next_sync_at = next_slot(&self.definition, &self.name, now);
        self.last = Some(LastSync {
            number: sync.number,
            state: sync.state,
            at: now,
            failure: sync.failure.clone(),
        });
        if let Some(failure) = sync.failure.as_ref().filter(|failure| failure.disable) {
            self.state = AccountState::Disabled {
                since: now,
                failure: failure.clone(),
            };
        }
    }
}

impl Entity for Account {
    const KIND: &'static str = "account";

    fn key(&self) -> Key {
        Key::Account(self.definition.clone(), self.name.clone())
    }

    fn due(&self) -> Option<Timestamp> {
        let waits = self.state == AccountState::Connected && self.syncing.is_none();
        waits.then_some(self.next_sync_at)
    }
}

/// Whose the credentials of an account are.
#[must_use]
pub fn owner(definition: &Slug, name: &Slug) -> String {
    format!("account/{definition}/{name}")
}

/// The name of an account as somebody writes it: its case does not matter.
///
/// # Errors
/// [`IdError`] if the text is no name in lower case either.
pub fn name_of(written: &str) -> Result<Slug, IdError> {
    Slug::parse(written.to_ascii_lowercase())
}

/// The account's moment of the day after `now`: accounts are spread over the day by their names.
#[must_use]
pub fn next_slot(definition: &Slug, name: &Slug, now: Timestamp) -> Timestamp {
    let hash = derive(&["slot", definition.as_str(), name.as_str()]);
    let number = i64::from_str_radix(hash.get(..8).unwrap_or("0"), 16).unwrap_or(0);
    let slot = number.rem_euclid(DAY_SECS);
    let earliest = now.saturating_add(APART).unwrap_or(now).as_second();
    let today = earliest.div_euclid(DAY_SECS).saturating_mul(DAY_SECS);
    let at = today.saturating_add(slot);
    let at = if at < earliest {
        at.saturating_add(DAY_SECS)
    } else {
        at
    };
    Timestamp::from_second(at).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(text: &str) -> Slug {
        Slug::parse(text).unwrap()
    }

    #[test]
    fn an_account_is_synced_once_a_day_at_its_own_time() {
        let now: Timestamp = "2027-01-04T09:30:00Z".parse().unwrap();

        let first = next_slot(&slug("acme"), &slug("prod"), now);
        let second = next_slot(&slug("acme"), &slug("prod"), first);
        let third = next_slot(&slug("acme"), &slug("prod"), second);

        assert!(first.duration_since(now) >= APART);
        assert_eq!(second.duration_since(first), SignedDuration::from_hours(24));
        assert_eq!(third.duration_since(second), SignedDuration::from_hours(24));
    }

    #[test]
    fn accounts_are_spread_over_the_day() {
        let now: Timestamp = "2027-01-04T00:00:00Z".parse().unwrap();
        let mut hours = [0; 24];
        for n in 0..2_400 {
            let at = next_slot(&slug("acme"), &slug(&format!("a{n}")), now);
            let secs = at.as_second().rem_euclid(DAY_SECS);
            hours[usize::try_from(secs / 3_600).unwrap()] += 1;
        }

        assert!(
            hours.iter().all(|count| (60..140).contains(count)),
            "{hours:?}"
        );
    }
}
