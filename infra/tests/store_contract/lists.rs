//! Lists by state and by person, page by page.

use sando_core::definition::IdHash;
use sando_core::grant::{Entitlement, Grant, GrantState, holders_of};
use sando_core::ids::{RosterId, Slug};
use sando_core::store::{Commit, Entity, Key, PageRequest, Put, Query, StoreError, Version};
use sando_core::words::{Mark, Marks};

use crate::world::{
    World, at, expecting, in_state, new_item, new_task, of_person, over_version, person, putting,
    task,
};

fn tasks(states: &[&'static str]) -> Query {
    Query::States {
        kind: "task",
        states: states.to_vec(),
    }
}

fn tasks_of(name: &str) -> Query {
    Query::Person {
        person: person(name),
        kind: "task",
    }
}

pub(crate) async fn a_list_merges_its_states_newest_first(world: &World) {
    for n in 0..20 {
        let state = ["open", "done", "other"][usize::try_from(n).unwrap() % 3];
        world.put(in_state(&format!("{n:02}"), state, n)).await;
    }

    let open = world.list(&tasks(&["open"])).await;
    let both = world.list(&tasks(&["open", "done", "open"])).await;

    assert_eq!(open, ["18", "15", "12", "09", "06", "03", "00"]);
    let newest_first = (0..20).rev().filter(|n| n % 3 != 2);
    let wanted: Vec<String> = newest_first.map(|n| format!("{n:02}")).collect();
    assert_eq!(both, wanted);
    assert_eq!(world.list(&tasks_of("ada")).await.len(), 0);
}

pub(crate) async fn pages_together_are_the_list_each_item_once(world: &World) {
    for n in 0..25 {
        let state = if n % 2 == 0 { "open" } else { "done" };
        // Ten at a time stand at the same moment.
        world.put(in_state(&format!("{n:02}"), state, n / 10)).await;
    }
    let query = tasks(&["open", "done"]);
    let whole = world.list(&query).await;
    assert_eq!(whole.len(), 25);

    for limit in [1, 3, 24, 25] {
        let mut pages = Vec::new();
        let mut cursor = None;
        loop {
            let (bodies, next) = world.page(&query, limit, cursor).await;
            assert!(bodies.len() <= limit);
            pages.extend(bodies);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(pages, whole, "{limit} at a time");
    }
}

pub(crate) async fn a_page_is_whole_even_if_all_its_items_lie_in_one_shard(world: &World) {
    let lies_in = |shard: u8| move |name: &String| task(name).shard(4) == shard;
    let names = || (0..).map(|n: u32| n.to_string());
    let together: Vec<String> = names().filter(lies_in(0)).take(150).collect();
    let elsewhere: Vec<String> = names().filter(lies_in(1)).take(10).collect();
    let older = elsewhere.iter().take(5);
    let newer = elsewhere.iter().skip(5);
    let mut wanted: Vec<&String> = older.chain(&together).chain(newer).collect();
    for (second, name) in (0..).zip(&wanted) {
        world.put(in_state(name, "open", second)).await;
    }
    wanted.reverse();

    for limit in [1, 10, 50, 154, 160, 500] {
        let found = pages(world, &tasks(&["open", "done"]), limit).await;
        assert_eq!(
            found.iter().collect::<Vec<_>>(),
            wanted,
            "{limit} at a time"
        );
    }
}

pub(crate) async fn a_cursor_stays_good_while_newer_items_come(world: &World) {
    for n in 0..10 {
        world.put(in_state(&n.to_string(), "open", n)).await;
    }
    let query = tasks(&["open"]);
    let (first, cursor) = world.page(&query, 4, None).await;

    world.put(in_state("newer", "open", 50)).await;
    world
        .commit(Commit {
            deletes: vec![expecting(task("6"), 1)],
            ..Commit::default()
        })
        .await;
    let (second, _) = world.page(&query, 4, cursor).await;

    assert_eq!(first, ["9", "8", "7", "6"]);
    assert_eq!(second, ["5", "4", "3", "2"]);
}

pub(crate) async fn a_cursor_of_another_list_is_refused(world: &World) {
    for n in 0..4 {
        world.put(in_state(&n.to_string(), "open", n)).await;
    }
    let (_, cursor) = world.page(&tasks(&["open"]), 1, None).await;
    let given = cursor.unwrap();

    let cut = given[..given.len() - 20].to_owned();
    for (query, cursor) in [
        (tasks(&["done"]), given.clone()),
        (tasks(&["open", "done"]), given.clone()),
        (tasks_of("ada"), given.clone()),
        (tasks(&["open"]), format!("x{given}")),
        (tasks(&["open"]), cut[..8].to_owned()),
        (tasks(&["open"]), String::new()),
        (tasks(&["open"]), "???".to_owned()),
    ] {
        let page = PageRequest {
            limit: 1,
            cursor: Some(cursor),
        };
        let refused = world.store.list(&query, &page).await;
        assert_eq!(refused.err(), Some(StoreError::BadCursor));
    }
}

pub(crate) async fn what_stands_before_a_moment_is_listed_newest_first(world: &World) {
    for n in 0..9 {
        let state = ["open", "done", "other"][usize::try_from(n).unwrap() % 3];
        world.put(in_state(&n.to_string(), state, n)).await;
    }
    let before = |second| Query::Before {
        kind: "task",
        states: vec!["open", "done"],
        moment: at(second),
    };

    assert_eq!(world.list(&before(0)).await, [""; 0]);
    assert_eq!(world.list(&before(5)).await, ["4", "3", "1", "0"]);
    let (first, cursor) = world.page(&before(5), 3, None).await;
    // The moment moves on while it is paged: the list does not begin anew.
    let (second, end) = world.page(&before(7), 3, cursor).await;

    assert_eq!(first, ["4", "3", "1"]);
    assert_eq!(second, ["0"]);
    assert_eq!(end, None);
}

pub(crate) async fn what_has_moved_to_another_state_is_not_listed(world: &World) {
    world.put(in_state("a", "open", 1)).await;
    world.put(in_state("b", "open", 2)).await;
    world.put(in_state("c", "open", 3)).await;

    world.put(over_version(in_state("a", "done", 1), 1)).await;
    world.put(over_version(new_task("c"), 1)).await;

    assert_eq!(world.list(&tasks(&["open"])).await, ["b"]);
    assert_eq!(world.list(&tasks(&["done"])).await, ["a"]);
}

pub(crate) async fn what_was_deleted_is_not_listed(world: &World) {
    world.put(in_state("a", "open", 1)).await;
    world.put(of_person("b", "ada", 1)).await;

    world
        .commit(Commit {
            deletes: vec![expecting(task("a"), 1), expecting(task("b"), 1)],
            ..Commit::default()
        })
        .await;

    assert_eq!(world.list(&tasks(&["open"])).await.len(), 0);
    assert_eq!(world.list(&tasks_of("ada")).await.len(), 0);
}

pub(crate) async fn the_items_of_a_person_are_listed_newest_first(world: &World) {
    let puts = (0..7).map(|n| {
        let whose = if n == 3 { "bob" } else { "ada" };
        of_person(&n.to_string(), whose, n)
    });
    world.commit(putting(puts)).await;

    let (first, cursor) = world.page(&tasks_of("ada"), 4, None).await;
    let (second, end) = world.page(&tasks_of("ada"), 4, cursor).await;

    assert_eq!(first, ["6", "5", "4", "2"]);
    assert_eq!(second, ["1", "0"]);
    assert_eq!(end, None);
    assert_eq!(world.list(&tasks_of("bob")).await, ["3"]);
}

pub(crate) async fn grants_are_listed_by_their_application_while_they_are_held(world: &World) {
    let figma = Slug::parse("figma").unwrap();
    let held = |name: &str, second| {
        let wanted = Entitlement::default();
        let mut grant = Grant::desired(&person(name), &figma, wanted.clone(), at(second));
        (grant.state, grant.held) = (GrantState::Active, Some(wanted));
        grant
    };
    let (ada, mut bob, cy) = (held("ada", 1), held("bob", 2), held("cy", 3));
    let put = |grant: &Grant, version| Put::of(grant, Version(version));
    let all = [&ada, &bob, &cy].map(|grant| put(grant, 0));
    world.commit(putting(all.clone())).await;
    let query = Query::Person {
        person: holders_of(&figma),
        kind: Grant::KIND,
    };
    let before = world.list(&query).await;

    (bob.state, bob.held) = (GrantState::Revoked, None);
    world.commit(putting([put(&bob, 1)])).await;
    let after = world.list(&query).await;

    let [first, second, third] = all.map(|put| put.body);
    assert_eq!(before, [third.clone(), second, first.clone()]);
    assert_eq!(after, [third, first]);
}

pub(crate) async fn a_list_without_items_is_one_empty_page(world: &World) {
    for query in [tasks(&["open"]), tasks(&[]), tasks_of("ada")] {
        assert_eq!(world.page(&query, 10, None).await, (Vec::new(), None));
    }
}

/// All pages of a list, so many items at a time.
async fn pages(world: &World, query: &Query, limit: usize) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let (bodies, next) = world.page(query, limit, cursor).await;
        assert!(bodies.len() <= limit);
        all.extend(bodies);
        cursor = next;
        if cursor.is_none() {
            return all;
        }
    }
}

pub(crate) async fn a_roster_is_paged_in_the_order_of_its_hashes(world: &World) {
    let (ours, other) = (RosterId::derived(&["a"]), RosterId::derived(&["b"]));
    let mut hashes: Vec<IdHash> = (0..40).map(|n| IdHash::of(&n.to_string())).collect();
    for hash in &hashes {
        let body = String::from(*hash);
        let key = Key::Entry(ours.clone(), *hash);
        world.put(new_item(key, &body)).await;
    }
    let key = Key::Entry(other.clone(), IdHash::of("0"));
    world.put(new_item(key, "other")).await;
    hashes.sort();
    let wanted: Vec<String> = hashes.into_iter().map(String::from).collect();

    let query = Query::Roster(ours);
    for limit in [1, 7, 39, 40, 100] {
        assert_eq!(pages(world, &query, limit).await, wanted, "{limit}");
    }

    let (_, cursor) = world.page(&query, 5, None).await;
    let page = PageRequest { limit: 5, cursor };
    let of_other = world.store.list(&Query::Roster(other), &page).await;
    assert_eq!(of_other.unwrap_err(), StoreError::BadCursor);
}

pub(crate) async fn syncs_are_paged_newest_first(world: &World) {
    let roster = RosterId::derived(&["a"]);
    for number in [9, 10, 100, 1] {
        let key = Key::Sync(roster.clone(), number);
        world.put(new_item(key, &number.to_string())).await;
    }

    let query = Query::Syncs(roster);
    for limit in [1, 3, 4] {
        let found = pages(world, &query, limit).await;
        assert_eq!(found, ["100", "10", "9", "1"], "{limit}");
    }
}

/// A mark of a word that begins so and goes on so.
fn mark(begin: u8, rest: u8) -> Mark {
    let mut bytes = [rest; 16];
    bytes[..4].fill(begin);
    Mark(bytes)
}

fn words(from: Mark, to: Mark) -> Query {
    Query::Words(Marks { from, to })
}

pub(crate) async fn words_are_paged_in_the_order_of_their_marks(world: &World) {
    for (begin, rest, who) in [
        (1, 9, "a"),
        (1, 2, "b"),
        (1, 2, "c"),
        (1, 5, "d"),
        (2, 5, "other"),
        (1, 0, "first"),
        (1, 0xff, "last"),
    ] {
        let key = Key::Word(mark(begin, rest), person(who));
        world.put(new_item(key, who)).await;
    }
    let mut both = ["b", "c"];
    both.sort_by_key(|who| person(who));
    let [one, two] = both;

    let all = words(mark(1, 0), mark(1, 0xff));
    for limit in [1, 2, 5, 6, 100] {
        let found = pages(world, &all, limit).await;
        assert_eq!(found, ["first", one, two, "d", "a", "last"], "{limit}");
    }
    let some = words(mark(1, 2), mark(1, 5));
    for limit in [1, 2, 3] {
        let found = pages(world, &some, limit).await;
        assert_eq!(found, [one, two, "d"], "{limit}");
    }
    assert_eq!(world.list(&words(mark(3, 0), mark(3, 9))).await, [""; 0]);

    let (_, cursor) = world.page(&all, 1, None).await;
    let page = PageRequest { limit: 1, cursor };
    let of_some = world.store.list(&some, &page).await;
    assert_eq!(of_some.unwrap_err(), StoreError::BadCursor);
}
