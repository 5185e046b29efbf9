//! How things stand, in numbers.

use jiff::{SignedDuration, Timestamp};
use sando_core::account::{Account, AccountState, OLD_ROSTER};
use sando_core::admin::{AdminError, pause};
use sando_core::catch_up::CatchUp;
use sando_core::handle::count;
use sando_core::metric::Metric;
use sando_core::ports::Ports;
use sando_core::store::{DUE_SHARDS, Group, Key, StoreError};

/// A poll of Lever that failed once is no news; after so many it is behind.
const POLLS: i32 = 2;
/// Accounts are looked at in every so many minutes: how they stand changes by the hour.
const EVERY: i64 = 5;
/// In this hour of the day (UTC) it is told how many licences are used.
const HOUR: i64 = 5;

/// How things stand.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Standing {
    /// For how long the oldest entry that is due has been so.
    pub oldest_due: SignedDuration,
    /// How many entries had lost their message and were handed on.
    pub handed_on: usize,
    /// Does the brake hold removals?
    pub removals_paused: bool,
    /// Was a checkpoint of the audit not taken, or not kept?
    pub checkpoints_fail: bool,
    /// How far the poll of Lever is behind, if it is.
    pub lever_lag: Option<SignedDuration>,
    /// How long ago Lever was last polled to the end, if that is long.
    pub since_lever_polled: Option<SignedDuration>,
    /// How long ago the roster was read that was not read for longest, if that is long and was looked at.
    pub since_roster_read: Option<SignedDuration>,
    /// How many connected accounts wait for somebody or cannot be read, in the minutes in which that was looked at.
    pub accounts_failing: Option<usize>,
    /// How many licences are used, in percent, if it is time to tell.
    pub licenses_used: Option<u64>,
}

impl Standing {
    /// Looks at everything else.
    pub(crate) async fn look(
        ports: &Ports,
        oldest_due: SignedDuration,
        handed_on: usize,
        checkpoints_fail: bool,
    ) -> Result<Self, AdminError> {
        let now = ports.clock.now();
        let minute = now.as_second().div_euclid(60);
        let polled = ports.store.find::<CatchUp>(&Key::CatchUp).await?;
        let mut standing = Self {
            oldest_due,
            handed_on,
            removals_paused: pause::now(ports).await?.removals.is_some(),
            checkpoints_fail,
            lever_lag: polled.as_ref().and_then(|one| lag(&one.entity, now)),
            since_lever_polled: polled.and_then(|one| unpolled(&one.entity, now)),
            ..Self::default()
        };
        if minute.rem_euclid(EVERY) == 0 {
            let accounts = accounts(ports).await?;
            if let Err(error) = count::daily(ports, &accounts).await {
                tracing::warn!(%error, "what is counted once a day was not: the next look does it");
            }
            standing.accounts_failing = Some(accounts.iter().filter(|one| one.fails(now)).count());
            standing.since_roster_read = unread(&accounts, now);
            let is_time = minute.div_euclid(60).rem_euclid(24) == HOUR;
            standing.licenses_used = used(&accounts).filter(|_| is_time);
        }
        Ok(standing)
    }

    /// Tells the numbers; those that are zero most of the time only when they are not.
    pub fn record(&self) {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let secs = |time: Option<SignedDuration>| time.map_or(0, |time| time.as_secs());
        Metric::OldestDue.record(self.oldest_due.as_secs());
        let sometimes = [
            (Metric::HandedOn, count(self.handed_on)),
            (Metric::RemovalsPaused, i64::from(self.removals_paused)),
            (Metric::CheckpointsFailing, i64::from(self.checkpoints_fail)),
            (Metric::LeverLag, secs(self.lever_lag)),
            (Metric::SinceLeverPolled, secs(self.since_lever_polled)),
            (Metric::SinceRosterRead, secs(self.since_roster_read)),
            (
                Metric::AccountsFailing,
                self.accounts_failing.map_or(0, count),
            ),
        ];
        for (metric, value) in sometimes.into_iter().filter(|(_, value)| *value > 0) {
            metric.record(value);
        }
        if let Some(used) = self.licenses_used {
            Metric::LicensesUsed.record(i64::try_from(used).unwrap_or(i64::MAX));
        }
    }
}

/// For how long the oldest entry that is due has been so. What somebody works on is not due until their lease ends.
pub(crate) async fn oldest_due(ports: &Ports) -> Result<SignedDuration, StoreError> {
    let now = ports.clock.now();
    let mut oldest: Timestamp = now;
    for shard in 0..DUE_SHARDS {
        let first = ports.store.due(shard, now, 1).await?;
        oldest = first
            .iter()
            .map(|entry| entry.due)
            .fold(oldest, Timestamp::min);
    }
    Ok(now.duration_since(oldest))
}

async fn accounts(ports: &Ports) -> Result<Vec<Account>, StoreError> {
    let stored = ports.store.group(&Group::Accounts).await?;
    let read = stored.iter().map(|one| Ok(one.read::<Account>()?.entity));
    read.collect()
}

/// How long ago the roster was read that was not read for longest, if that is long. Of an account that is disabled it is known
/// why.
fn unread(accounts: &[Account], now: Timestamp) -> Option<SignedDuration> {
    let read = |account: &&Account| matches!(account.state, AccountState::Connected);
    let ages = accounts.iter().filter(read).map(|one| one.roster_age(now));
    ages.max().filter(|age| *age > OLD_ROSTER)
}

fn lag(polled: &CatchUp, now: Timestamp) -> Option<SignedDuration> {
    late(polled.until, now)
}

/// How long ago everything was polled to its end, if that is long; since it began, if it never was.
fn unpolled(polled: &CatchUp, now: Timestamp) -> Option<SignedDuration> {
    late(polled.last_success.unwrap_or(polled.until), now)
}

/// How long ago that is, if it is more than a poll that failed once.
fn late(since: Timestamp, now: Timestamp) -> Option<SignedDuration> {
    let time = now.duration_since(since);
    (time > CatchUp::EVERY.saturating_mul(POLLS)).then_some(time)
}

/// How many of all licences are used, in percent; none if no application tells.
fn used(accounts: &[Account]) -> Option<u64> {
    let sum = |number: fn(&Account) -> u64| {
        accounts
            .iter()
            .fold(0_u64, |sum, one| sum.saturating_add(number(one)))
    };
    let using = sum(|account| account.using).saturating_mul(100);
    using.checked_div(sum(|account| account.licensed))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sando_core::account::LastSync;
    use sando_core::definition::{Class, Failure, Purpose};
    use sando_core::ids::Slug;
    use sando_core::sync::SyncState;

    use super::*;

    fn account(licensed: u64, using: u64) -> Account {
        let slug = |text: &str| Slug::parse(text).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        Account {
            licensed,
            using,
            ..Account::connecting(
                slug("acme"),
                slug("a"),
                slug("acme"),
                BTreeMap::new(),
                now,
                "r",
            )
        }
    }

    #[test]
    fn licences_are_used_in_percent_of_those_whose_use_is_known() {
        assert_eq!(used(&[account(40, 30), account(60, 20)]), Some(50));
        assert_eq!(used(&[account(0, 0)]), None);
    }

    /// A sync that the application did not answer, or whose credentials it did not accept.
    fn failed(status: u16) -> Failure {
        let disable = status == 401;
        Failure {
            class: Class::of_status(status),
            purpose: Purpose::Users { of: String::new() },
            at: None,
            status: Some(status),
            message: format!("it answered {status}"),
            remote: None,
            disable,
        }
    }

    #[test]
    fn an_account_fails_that_waits_for_somebody_or_cannot_be_read() {
        let (begin, day) = (Timestamp::UNIX_EPOCH, SignedDuration::from_hours(24));
        let after = |days: i32| begin.saturating_add(day.saturating_mul(days)).unwrap();
        let connected = Account {
            state: AccountState::Connected,
            applied_at: Some(after(1)),
            ..account(0, 0)
        };
        let last = |state: SyncState, failure: Option<Failure>| Account {
            last: Some(LastSync {
                number: 2,
                state,
                at: after(1),
                failure,
            }),
            ..connected.clone()
        };
        let held = Account {
            held: Some(3),
            ..connected.clone()
        };
        let disabled = Account {
            state: AccountState::Disabled {
                since: begin,
                failure: failed(401),
            },
            ..connected.clone()
        };
        let never = Account {
            applied_at: None,
            ..connected.clone()
        };

        let now = after(2);
        assert!(!connected.fails(now));
        assert!(!last(SyncState::Done, None).fails(now));
        assert!(!never.fails(now));
        assert!(held.fails(now));
        assert!(disabled.fails(now));
        assert!(last(SyncState::Failed, Some(failed(503))).fails(now));
        // Mended by somebody, and not yet read again.
        assert!(!last(SyncState::Failed, Some(failed(401))).fails(now));
        assert!(!connected.fails(after(3)), "two days at most");
        assert!(connected.fails(after(4)));
        assert!(never.fails(after(3)));
    }

    #[test]
    fn one_poll_that_failed_is_no_lag() {
        let polled = CatchUp::from_now(Timestamp::UNIX_EPOCH);
        let after = |hours: i64| {
            let now = polled
                .until
                .saturating_add(SignedDuration::from_hours(hours));
            lag(&polled, now.unwrap()).map(|lag| lag.as_hours())
        };

        assert_eq!(after(2), None);
        assert_eq!(after(3), Some(3));
    }

    #[test]
    fn the_last_success_is_told_once_it_is_long_ago() {
        let begin = Timestamp::UNIX_EPOCH;
        let hour = SignedDuration::from_hours(1);
        let after = |hours: i32| begin.saturating_add(hour.saturating_mul(hours)).unwrap();
        // Windows of long ago were polled, the last one then.
        let polled = CatchUp {
            last_success: Some(after(20)),
            ..CatchUp::from_now(begin)
        };
        let never = CatchUp::from_now(begin);
        let connected = |hours: i32| Account {
            state: AccountState::Connected,
            applied_at: Some(after(hours)),
            ..account(0, 0)
        };
        let accounts = [connected(30), connected(2), account(0, 0)];

        assert_eq!(unpolled(&polled, after(22)), None);
        assert_eq!(unpolled(&polled, after(24)), Some(hour.saturating_mul(4)));
        assert_eq!(unpolled(&never, after(24)), Some(hour.saturating_mul(24)));
        assert_eq!(unread(&accounts, after(50)), None);
        assert_eq!(unread(&accounts, after(51)), Some(hour.saturating_mul(49)));
        assert_eq!(
            unread(&accounts[2..], after(100)),
            None,
            "not connected yet"
        );
    }
}
