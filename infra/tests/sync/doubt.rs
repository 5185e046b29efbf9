//! Lists that were read to their end, and do not tell who is missing.

use sando_core::sync::SyncState;
use serde_json::{Value, json};

use crate::world::{World, roster_of, users};

#[tokio::test]
async fn nobody_vanishes_while_a_record_without_an_id_may_be_theirs() {
    for no_id in [json!(null), json!(""), json!(1e30), json!({ "id": "u0" })] {
        let world = World::with(users(0..60)).await;
        let mut served = users(0..60);
        served[..6]
            .iter_mut()
            .for_each(|user| user["id"] = no_id.clone());

        world.serve(served);
        world.day().await;

        let last = world.last().await;
        assert_eq!((last.state, last.counts.vanished), (SyncState::Held, 6));
        let why = last.held.unwrap();
        assert!(why.contains("6 records have no id"), "{why}");
        assert_eq!(world.roster().await, roster_of(&users(0..60)));
    }
}

#[tokio::test]
async fn a_record_without_an_id_holds_nothing_while_everybody_is_there() {
    let world = World::with(users(0..30)).await;
    let mut served: Vec<Value> = users(0..32);
    served[31]["id"] = json!(null);

    world.serve(served);
    world.day().await;

    assert_eq!(world.last().await.state, SyncState::Done);
    assert_eq!(world.roster().await, roster_of(&users(0..31)));
}
