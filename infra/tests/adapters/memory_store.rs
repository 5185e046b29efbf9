//! The weather of the store in memory, and the places where a simulation steps in.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures::FutureExt;
use jiff::Timestamp;
use sando_core::store::{
    Commit, DUE_SHARDS, Key, Listing, PageRequest, Put, Query, Store, StoreError, Version,
};
use sando_infra::memory::{MemoryStore, Moment, Operation, Point, Weather, yield_once};

fn key(n: u32) -> Key {
    Key::Counter(n.to_string())
}

fn put(n: u32, expect: u64, state: &'static str) -> Commit {
    let at = Timestamp::from_second(i64::from(n)).unwrap();
    let put = Put {
        key: key(n),
        kind: "counter",
        schema: 1,
        expect: Version(expect),
        body: n.to_string(),
        due: Some(at),
        listing: Some(Listing {
            kind: "counter",
            state,
            at,
        }),
        lookup: None,
        expires_at: Some(at),
    };
    Commit {
        puts: vec![put],
        ..Commit::default()
    }
}

async fn listed(store: &MemoryStore, state: &'static str) -> usize {
    let query = Query::States {
        kind: "counter",
        states: vec![state],
    };
    let page = PageRequest {
        limit: 100,
        cursor: None,
    };
    store.list(&query, &page).await.unwrap().items.len()
}

async fn due(store: &MemoryStore) -> usize {
    let mut count = 0;
    for shard in 0..DUE_SHARDS {
        count += store.due(shard, Timestamp::MAX, 100).await.unwrap().len();
    }
    count
}

#[tokio::test]
async fn indexes_lag_until_they_settle_and_items_never_do() {
    let store = MemoryStore::in_weather(Weather {
        index_lag: 1000,
        ..Weather::fair()
    });
    for n in 0..50 {
        store.commit(&put(n, 0, "open")).await.unwrap();
        assert!(store.get(&key(n)).await.unwrap().is_some());
    }
    assert!(listed(&store, "open").await < 50);
    assert!(due(&store).await < 50);

    store.settle();

    assert_eq!(listed(&store, "open").await, 50);
    assert_eq!(due(&store).await, 50);
}

#[tokio::test]
async fn a_stale_list_never_shows_an_item_in_a_state_it_has_left() {
    let store = MemoryStore::new();
    for n in 0..20 {
        store.commit(&put(n, 0, "open")).await.unwrap();
    }
    store.settle();
    store.set_weather(Weather {
        index_lag: 1000,
        ..Weather::fair()
    });

    for n in 0..20 {
        store.commit(&put(n, 1, "done")).await.unwrap();
    }

    assert_eq!(listed(&store, "open").await, 0);
    assert!(listed(&store, "done").await < 20);
}

/// What a day brings: for each commit the answer, and whether it happened.
async fn day(weather: Weather) -> Vec<(Option<StoreError>, bool)> {
    let store = MemoryStore::in_weather(weather);
    let mut answers = Vec::new();
    for n in 0..200 {
        let answer = store.commit(&put(n, 0, "open")).await;
        answers.push((n, answer.err()));
    }
    store.set_weather(Weather::fair());
    let mut day = Vec::new();
    for (n, error) in answers {
        let happened = store.get(&key(n)).await.unwrap().is_some();
        day.push((error, happened));
    }
    day
}

#[tokio::test]
async fn bad_weather_fails_before_or_after_the_deed_and_says_no_more_than_it_knows() {
    let day = day(Weather::rough(7)).await;

    let count = |wanted: fn(&(Option<StoreError>, bool)) -> bool| {
        day.iter().filter(|outcome| wanted(outcome)).count()
    };
    assert!(count(|o| matches!(o, (Some(StoreError::Contended), false))) > 0);
    assert!(count(|o| matches!(o, (Some(StoreError::Unavailable(_)), false))) > 0);
    assert!(count(|o| matches!(o, (Some(StoreError::Unavailable(_)), true))) > 0);
    assert_eq!(count(|o| matches!(o, (None, false))), 0);
    assert_eq!(
        count(|o| matches!(o, (Some(StoreError::Contended), true))),
        0
    );
}

#[tokio::test]
async fn the_same_seed_gives_the_same_day() {
    assert_eq!(day(Weather::rough(7)).await, day(Weather::rough(7)).await);
    assert_ne!(day(Weather::rough(7)).await, day(Weather::rough(8)).await);
}

#[tokio::test]
async fn fair_weather_never_fails() {
    assert!(
        day(Weather::fair())
            .await
            .iter()
            .all(|o| *o == (None, true))
    );
}

#[tokio::test]
async fn a_lost_answer_of_a_claim_leaves_the_claim() {
    let store = MemoryStore::new();
    store.commit(&put(1, 0, "open")).await.unwrap();
    store.set_weather(Weather {
        lost_answer_per_mille: 1000,
        ..Weather::fair()
    });

    let lost = store.claim(&key(1), Version(1), Timestamp::MAX).await;

    assert!(matches!(lost, Err(StoreError::Unavailable(_))));
    let stored = store.get(&key(1)).await.unwrap().unwrap();
    assert_eq!(stored.version, Version(2));
}

#[tokio::test]
async fn what_may_be_forgotten_is_deleted_when_asked() {
    let store = MemoryStore::new();
    for n in 0..5 {
        store.commit(&put(n, 0, "open")).await.unwrap();
    }

    let now = Timestamp::from_second(2).unwrap();

    assert_eq!(store.forget_expired(now), 3);
    assert_eq!(listed(&store, "open").await, 2);
}

#[test]
fn every_operation_can_be_interleaved_at_its_start_and_at_its_end() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let store = MemoryStore::new().with_hook(Arc::new(move |moment| {
        record.lock().unwrap().push(moment);
        yield_once().boxed()
    }));
    let commit = put(1, 0, "open");

    let mut task = Box::pin(store.commit(&commit));
    let mut context = Context::from_waker(Waker::noop());

    assert!(task.as_mut().poll(&mut context).is_pending());
    assert_eq!(store.forget_expired(Timestamp::MIN), 0);
    assert!(task.as_mut().poll(&mut context).is_pending());
    assert_eq!(task.as_mut().poll(&mut context), Poll::Ready(Ok(())));
    let at = |point| Moment {
        operation: Operation::Commit,
        point,
    };
    assert_eq!(*seen.lock().unwrap(), [at(Point::Start), at(Point::End)]);
}

#[tokio::test]
async fn a_task_killed_at_the_start_did_nothing_and_at_the_end_everything() {
    for (polls, happened) in [(1, false), (2, true)] {
        let store = MemoryStore::new().with_hook(Arc::new(|moment| {
            let yields = moment.operation == Operation::Commit;
            async move {
                if yields {
                    yield_once().await;
                }
            }
            .boxed()
        }));
        let commit = put(1, 0, "open");
        let mut task = Box::pin(store.commit(&commit));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            assert!(task.as_mut().poll(&mut context).is_pending());
        }

        drop(task);

        let there = store.get(&key(1)).await.unwrap().is_some();
        assert_eq!(there, happened);
    }
}
