//! Rosters of applications, as a sync that was read to its end leaves them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sando_core::account::{Account, AccountState};
use sando_core::definition::IdHash;
use sando_core::ids::JobId;
use sando_core::job::{Evidence, Job, Work};
use sando_core::roster::{Entry, Next};
use sando_core::store::{Commit, Entity, Loaded, Put, Version};
use sando_core::testing::a_face;

use super::company::slug;
use super::story::Rostered;
use super::world::World;

/// An application's only roster is read anew, and what it says of tasks is looked at.
pub(super) async fn read(world: &World, rostered: &Rostered) {
    let (store, now, app) = (&world.ports.store, world.now(), slug(&rostered.app));
    let none = BTreeMap::new();
    let fresh = Account::connecting(app.clone(), slug("prod"), app, none, now, "a story");
    let stored = store.find::<Account>(&fresh.key()).await;
    let stored = stored.expect("the store can be read");
    let mut account = stored.unwrap_or(Loaded {
        entity: fresh,
        version: Version::ABSENT,
        due: None,
    });
    let known = &mut account.entity;
    known.state = AccountState::Connected;
    known.applied = known.applied.saturating_add(1);
    (known.applied_at, known.applied_from) = (Some(now), Some(now));
    known.next_sync_at = Timestamp::MAX;
    let evidence = evidence(&account.entity, now);
    let mut puts = vec![
        Put::of(&account.entity, account.version),
        Put::of(&evidence, Version::ABSENT),
    ];
    let shows = rostered.shows.iter().map(|address| (address, true));
    let gone = rostered.gone.iter().map(|address| (address, false));
    for (address, there) in shows.chain(gone) {
        puts.push(entry(world, &account.entity, address, there).await);
    }
    let commit = Commit {
        puts,
        ..Commit::default()
    };
    store.commit(&commit).await.expect("the roster can be put");
}

/// The job that holds tasks against the roster.
fn evidence(account: &Account, now: Timestamp) -> Job {
    let (roster, number) = (account.roster.clone(), account.applied);
    let id = JobId::derived(&["evidence", roster.as_str(), &number.to_string()]);
    let evidence = Evidence {
        roster,
        account: account.label(),
        app: account.app.clone(),
        sync: number,
        from: now,
        cursor: None,
        tasks: 0,
        all_tasks: false,
        users: None,
        since: number.saturating_sub(1),
    };
    Job::new(id, "sando", Work::Evidence(evidence), now)
}

/// The user of this address, from now on there or not.
async fn entry(world: &World, account: &Account, address: &str, there: bool) -> Put {
    let now = world.now();
    let mut entry = Entry {
        roster: account.roster.clone(),
        id: IdHash::of(address),
        first_seen_at: now,
        now: None,
        next: None,
    };
    let stored = world.ports.store.find::<Entry>(&entry.key()).await;
    let stored = stored.expect("the store can be read");
    let version = stored.map_or(Version::ABSENT, |stored| stored.version);
    let mut face = a_face(address, address, "pro", now);
    face.deleted = !there;
    let sync = account.applied;
    entry.next = Some(Next { sync, face });
    Put::of(&entry, version)
}
