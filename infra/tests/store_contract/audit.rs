//! Audit records: append only, in order, together with what they record.

use sando_core::audit::{Cause, Draft, Head, Record, StreamId, verify};
use sando_core::store::{Commit, Key};

use crate::world::{World, at, conflict, new_task, person, putting, task};

fn draft(action: &str) -> Draft {
    Draft {
        at: at(1),
        actor: "sando".to_owned(),
        cause: Cause::of("event", "evt_1"),
        action: action.to_owned(),
        target: "app/figma".to_owned(),
        before: None,
        after: None,
        result: "ok".to_owned(),
        correlation_id: "run_1".to_owned(),
    }
}

fn recording(records: &[Record]) -> Commit {
    Commit {
        records: records.to_vec(),
        ..Commit::default()
    }
}

async fn fill(world: &World, stream: &StreamId, count: usize) -> Head {
    let mut head = Head::empty(stream.clone());
    for n in 0..count {
        let record = head.seal(draft(&n.to_string()));
        world.commit(recording(&[record])).await;
    }
    head
}

async fn places(world: &World, stream: &StreamId, from: u64, limit: usize) -> Vec<u64> {
    let records = world.store.records(stream, from, limit).await.unwrap();
    records.iter().map(|record| record.seq).collect()
}

pub(crate) async fn records_are_read_in_order_from_any_place(world: &World) {
    let stream = StreamId::Person(person("ada"));
    fill(world, &stream, 6).await;

    assert_eq!(places(world, &stream, 0, 100).await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(places(world, &stream, 3, 2).await, [3, 4]);
    assert_eq!(places(world, &stream, 6, 2).await, [6]);
    assert_eq!(places(world, &stream, 7, 2).await, [0; 0]);
    assert_eq!(places(world, &stream, 1, 0).await, [0; 0]);
}

pub(crate) async fn records_beyond_nine_come_in_real_order(world: &World) {
    let head = fill(world, &StreamId::Config, 12).await;

    let records = world.store.records(&StreamId::Config, 1, 100).await;

    assert_eq!(verify(&records.unwrap(), &head), Ok(12));
}

pub(crate) async fn a_record_never_takes_the_place_of_another(world: &World) {
    fill(world, &StreamId::Events, 1).await;
    let forged = Head::empty(StreamId::Events).seal(draft("forged"));

    let refused = world.store.commit(&recording(&[forged])).await;

    assert_eq!(refused, conflict(Key::Head(StreamId::Events)));
    let records = world.store.records(&StreamId::Events, 1, 10).await;
    assert_eq!(records.unwrap()[0].action, "0");
}

pub(crate) async fn a_record_and_its_entity_are_committed_together(world: &World) {
    let mut head = Head::empty(StreamId::Config);
    let first = head.seal(draft("first"));
    let second = head.seal(draft("second"));
    let commit = Commit {
        records: vec![first.clone(), second],
        ..putting([new_task("a")])
    };
    world.commit(commit).await;

    let refused = Commit {
        records: vec![first],
        ..putting([new_task("b")])
    };
    let refused = world.store.commit(&refused).await;
    let moved = Commit {
        records: vec![head.seal(draft("third"))],
        ..putting([new_task("a")])
    };
    let moved = world.store.commit(&moved).await;

    assert_eq!(refused, conflict(Key::Head(StreamId::Config)));
    assert_eq!(moved, conflict(task("a")));
    assert_eq!(world.version(&task("b")).await, 0);
    assert_eq!(places(world, &StreamId::Config, 1, 10).await, [1, 2]);
}

pub(crate) async fn streams_are_kept_apart(world: &World) {
    let slug = |text: &str| text.parse().unwrap();
    let streams = [
        StreamId::Person(person("ada")),
        StreamId::Person(person("bob")),
        StreamId::Account(slug("zoom"), slug("main")),
        StreamId::Config,
    ];
    for (stream, count) in streams.iter().zip(1..) {
        fill(world, stream, count).await;
    }

    for (stream, count) in streams.iter().zip(1..) {
        assert_eq!(places(world, stream, 1, 10).await.len(), count);
    }
}
