//! Polls Lever for what its webhooks did not deliver, a portion at a time; what is found goes into the durable inbox.

use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::audit::Cause;
use crate::catch_up::{
    CatchUp, Missed, Moved, Named, Rereading, Window, missed, missed_on_the_way,
};
use crate::changes::{Changes, Origin};
use crate::event::{KnownCandidacy, StoredDelivery};
use crate::ids::LeverId;
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::store::{Entity, Key, Loaded, PageRequest, Query, StoreError};

use super::{HandleError, inbox, ledger, load};

/// How many rows are compared with what is known at once.
const AT_ONCE: usize = 16;
/// How many people are put due to be read again in one portion.
const PEOPLE: usize = 50;

/// Begins to poll, an hour from now; without effect if it has begun.
///
/// # Errors
/// If the store did not do it.
pub async fn begin(ports: &Ports) -> Result<(), HandleError> {
    if ports.store.get(&Key::CatchUp).await?.is_some() {
        return Ok(());
    }
    let now = ports.clock.now();
    let mut changes = Changes::new(origin(now));
    changes.insert(&CatchUp::from_now(now));
    ledger::commit_unless_moved(ports, changes).await
}

fn origin(now: Timestamp) -> Origin {
    Origin::sando(Cause::of("schedule", "catch-up"), "catch-up", now)
}

/// Polls the next portion.
///
/// # Errors
/// If the store did not do it; it stays due.
pub async fn poll(ports: &Ports, mut state: Loaded<CatchUp>) -> Result<(), HandleError> {
    let now = ports.clock.now();
    match state.entity.rereading.take() {
        Some(rereading) => {
            state.entity.rereading = put_due(ports, &rereading).await?;
            state.entity.next_at = now;
        }
        None => poll_window(ports, &mut state.entity).await?,
    }
    let mut changes = Changes::new(origin(now));
    changes.update(&state);
    ledger::commit(ports, changes).await
}

async fn poll_window(ports: &Ports, state: &mut CatchUp) -> Result<(), HandleError> {
    let window = state.next_window(ports.clock.now());
    let polled = ports.lever.moved(window.part, window.from, window.to).await;
    let rows = match polled {
        Ok(rows) => rows,
        Err(error) => {
            tracing::warn!(%error, "Lever could not be polled");
            state.failed(error.to_string(), ports.clock.now());
            return Ok(());
        }
    };
    let company = load::company(ports).await?;
    let named = Named::of(company.rules.values().map(|rule| rule.event));
    let since = state.unknown_since(window);
    let taking = rows
        .into_iter()
        .map(|row| take_in(ports, row, window, named, since));
    let taken: Vec<Result<u64, HandleError>> = stream::iter(taking)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut found: u64 = 0;
    for one in taken {
        found = found.saturating_add(one?);
    }
    if found > 0 {
        tracing::info!(
            counter.caught_up = found,
            "webhooks had not told of {found}"
        );
    }
    state.polled(window, found, ports.clock.now());
    Ok(())
}

/// Stores deliveries for what a row tells that is new; answers how many that were.
async fn take_in(
    ports: &Ports,
    moved: Moved,
    window: Window,
    named: Named,
    since: Timestamp,
) -> Result<u64, HandleError> {
    let key = Key::Candidacy(moved.opportunity.clone());
    let known = ports.store.find::<KnownCandidacy>(&key).await?;
    let known = known.as_ref().map(|known| &known.entity);
    if known.is_some_and(|known| known.is_denied) {
        // A list does not show offers.
        put_one_due(ports, &key).await?;
    }
    let on_the_way = missed_on_the_way(&moved, known, named, since);
    let mut found = 0_u64;
    for missed in missed(&moved, known, named).into_iter().chain(on_the_way) {
        let is_new = receive(ports, &moved.opportunity, &missed, window).await?;
        found = found.saturating_add(u64::from(is_new));
    }
    Ok(found)
}

/// Stores a delivery, unless what it tells is known.
async fn receive(
    ports: &Ports,
    opportunity: &LeverId,
    missed: &Missed,
    window: Window,
) -> Result<bool, HandleError> {
    if let Some(fact) = &missed.fact
        && ports.store.get(&Key::Event(fact.clone())).await?.is_some()
    {
        return Ok(false);
    }
    let hint = missed.hint(opportunity, window, ports.clock.now())?;
    let delivery = StoredDelivery::new(hint, ports.clock.now());
    if ports.store.get(&delivery.key()).await?.is_some() {
        return Ok(false);
    }
    inbox::receive(ports, delivery.hint).await?;
    Ok(true)
}

/// Puts a portion of those who have not started due to be read again; none when all are.
async fn put_due(ports: &Ports, rereading: &Rereading) -> Result<Option<Rereading>, HandleError> {
    let query = Query::States {
        kind: Person::KIND,
        states: vec![Lifecycle::Preboarding.as_str()],
    };
    let page = PageRequest {
        limit: PEOPLE,
        cursor: rereading.cursor.clone(),
    };
    let answer = ports.store.list(&query, &page).await?;
    for stored in &answer.items {
        let person: Loaded<Person> = stored.read()?;
        let Some(opportunity) = person.entity.opportunity else {
            continue;
        };
        put_one_due(ports, &Key::Candidacy(opportunity)).await?;
    }
    Ok(answer.next.map(|cursor| Rereading {
        cursor: Some(cursor),
    }))
}

/// Puts a candidacy due to be read again, unless somebody is at it right now.
async fn put_one_due(ports: &Ports, key: &Key) -> Result<(), HandleError> {
    match reread(ports, key).await {
        Err(HandleError::Store(StoreError::Conflict { .. })) => Ok(()),
        done => done,
    }
}

async fn reread(ports: &Ports, key: &Key) -> Result<(), HandleError> {
    let Some(mut known) = ports.store.find::<KnownCandidacy>(key).await? else {
        return Ok(());
    };
    let now = ports.clock.now();
    known.entity.look_at = Some(now);
    let mut changes = Changes::new(origin(now));
    changes.update(&known);
    ledger::commit(ports, changes).await
}
