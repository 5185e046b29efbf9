//! Once a day: how many licences are used is kept, what is spent is counted, in portions as other long work, with a look
//! whether everybody can be found, everybody is looked at for drift, and the parts of days that are over are joined; and
//! once an interval of the settings administrators are told that an access review is due.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::account::Account;
use crate::audit::Cause;
use crate::changes::{Changes, Origin};
use crate::company::Company;
use crate::ids::JobId;
use crate::job::{Counting, Job, Work};
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::report::{Costing, CountPiece, Counted, Figures, Idle, UNUSED_DAYS, WEEKS};
use crate::store::{Entity, Key, Loaded, StoreError, Version, as_json};
use crate::tally::{Tally, Used, day_of};

use super::seats::{AT_ONCE, Desk, page};
use super::{HandleError, days, drifting, finding, ledger, load, matches, reminder};

/// The job that counts on a day over so many rosters: another one when an account was read for the first time. Until it is
/// done, what was counted before stays what is known. The number rises whenever it has to begin anew with a new version,
/// and not go on where the one before it stopped.
fn job_of(day: Date, accounts: &[Account]) -> JobId {
    let read = accounts.iter().filter(|account| account.applied > 0);
    JobId::derived(&["count 3", &day.to_string(), &read.count().to_string()])
}

/// Keeps and starts what there is once a day; to be called every few minutes, with all accounts.
///
/// # Errors
/// If the store did not do it; the next call does.
pub async fn daily(ports: &Ports, accounts: &[Account]) -> Result<(), HandleError> {
    if accounts.iter().all(|account| account.applied == 0) {
        return Ok(());
    }
    let now = ports.clock.now();
    let done = [
        keep_use(ports, accounts, now).await,
        start(ports, accounts, now).await,
        drifting::start(ports, accounts, now).await,
        reminder::remind(ports, now).await,
    ];
    for one in done {
        match one {
            // Somebody else was first.
            Err(HandleError::Store(StoreError::Conflict { .. })) => {}
            done => done?,
        }
    }
    Ok(())
}

/// What is done once a day, and nobody asked for.
pub(super) fn changes(now: Timestamp) -> Changes {
    let cause = Cause::of("schedule", "count");
    Changes::new(Origin::sando(cause, "count", now))
}

async fn keep_use(ports: &Ports, accounts: &[Account], now: Timestamp) -> Result<(), HandleError> {
    let sum = |number: fn(&Account) -> u64| {
        let numbers = accounts.iter().map(number);
        numbers.fold(0_u64, u64::saturating_add)
    };
    let used = Used {
        licensed: sum(|account| account.licensed),
        using: sum(|account| account.using),
    };
    if used.licensed == 0 {
        return Ok(());
    }
    let day = day_of(now);
    let stored = ports.store.find::<Tally>(&Tally::key_of(day, 0)).await?;
    let mut tally = stored.unwrap_or_else(|| Loaded {
        entity: Tally::empty(day, 0),
        version: Version::ABSENT,
        due: None,
    });
    if tally.entity.licenses.is_some() {
        return Ok(());
    }
    tally.entity.licenses = Some(used);
    let mut changes = changes(now);
    changes.update(&tally);
    ledger::commit(ports, changes).await
}

async fn start(ports: &Ports, accounts: &[Account], now: Timestamp) -> Result<(), HandleError> {
    let id = job_of(day_of(now), accounts);
    if ports.store.get(&Key::Job(id.clone())).await?.is_some() {
        return Ok(());
    }
    let work = Work::Count(Box::default());
    let mut changes = changes(now);
    changes.insert(&Job::new(id, "sando", work, now));
    ledger::commit(ports, changes).await?;
    days::join(ports, now).await
}

/// Looks first that everybody is found by their words, then counts on, until the time is over; answers whether everything
/// is counted.
pub(super) async fn portion(
    ports: &Ports,
    id: &JobId,
    counting: &mut Counting,
    until: Timestamp,
) -> Result<bool, HandleError> {
    if !counting.all_found {
        counting.all_found = finding::catch_up(ports, &mut counting.people, until).await?;
        if !counting.all_found {
            return Ok(false);
        }
    }
    let company = load::company(ports).await?;
    let now = ports.clock.now();
    let mut idle = Idle::before(&company);
    let see = |person: &Person, company: &Company| idle.see(person, company, now);
    let desk = Desk::seeing(ports, company, now, &Lifecycle::ALL, UNUSED_DAYS, see).await?;
    let mut costing = match take_up(ports, id, counting).await? {
        Some(costing) => costing,
        None => {
            counting.begin_again();
            Costing::new(&desk.company, &desk.moving)
        }
    };
    loop {
        let some = match page(ports, &desk, counting.place.as_ref(), AT_ONCE).await {
            // The account was replaced meanwhile: another roster has other places.
            Err(HandleError::Store(StoreError::BadCursor)) => {
                counting.begin_again();
                return Ok(false);
            }
            read => read?,
        };
        for seat in some.seats {
            counting.figures.add(&seat);
            let app = desk.company.apps.get(&seat.app);
            costing.add(seat, app);
        }
        counting.place = some.next;
        if counting.place.is_none() {
            keep(ports, &desk, counting.figures.clone(), costing, idle).await?;
            return Ok(true);
        }
        if ports.clock.now() >= until {
            put_down(ports, id, counting, &desk, costing).await?;
            return Ok(false);
        }
    }
}

/// What was put down in pieces after the turn before; none where a count begins, or has to begin again.
async fn take_up(
    ports: &Ports,
    id: &JobId,
    counting: &Counting,
) -> Result<Option<Costing>, HandleError> {
    if counting.place.is_none() {
        return Ok(None);
    }
    let keys =
        (0..counting.pieces).map(|number| Key::CountPiece(id.clone(), counting.turn, number));
    let keys: Vec<Key> = keys.collect();
    let mut text = String::new();
    for stored in ports.store.get_all(&keys).await? {
        let Some(stored) = stored else {
            return Ok(None);
        };
        text += &stored.read::<CountPiece>()?.entity.text;
    }
    Ok(serde_json::from_str(&text).ok())
}

/// Puts down what was counted so far: it counts once the job says so, until then the pieces of the turn before do.
async fn put_down(
    ports: &Ports,
    id: &JobId,
    counting: &mut Counting,
    desk: &Desk,
    mut costing: Costing,
) -> Result<(), HandleError> {
    let here = counting.place.as_ref();
    let ahead = desk.accounts.iter().filter(|account| {
        here.is_none_or(|here| {
            (&account.definition, &account.name) >= (&here.definition, &here.name)
        })
    });
    costing.forget_all_but(&ahead.map(|account| account.app.clone()).collect());
    let text = as_json(&costing);
    let (now, turn) = (ports.clock.now(), counting.turn.saturating_add(1));
    let pieces = CountPiece::cut(id, turn, &text, now);
    (counting.turn, counting.pieces) = (turn, 0);
    for piece in pieces {
        counting.pieces = counting.pieces.saturating_add(1);
        // A turn that was cut off may have left one.
        let stored = ports.store.get(&piece.key()).await?;
        let piece = Loaded {
            entity: piece,
            version: stored.map_or(Version::ABSENT, |stored| stored.version),
            due: None,
        };
        let mut changes = changes(now);
        changes.update(&piece);
        ledger::commit(ports, changes).await?;
    }
    Ok(())
}

/// Keeps what everything came to, in the place of what was counted before.
async fn keep(
    ports: &Ports,
    desk: &Desk,
    figures: Figures,
    costing: Costing,
    idle: Idle,
) -> Result<(), HandleError> {
    let now = ports.clock.now();
    matches::tidy(ports, &desk.company, now).await;
    let costs = costing.finish(&desk.moving, &desk.company, &desk.read(), now, WEEKS);
    let before = ports.store.get(&Key::Counted).await?;
    let counted = Loaded {
        entity: Counted::of(figures, costs, idle, now),
        version: before.map_or(Version::ABSENT, |before| before.version),
        due: None,
    };
    let mut changes = changes(now);
    changes.update(&counted);
    ledger::commit(ports, changes).await
}
