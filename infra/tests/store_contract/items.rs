//! Items: versions, checks, deletes, whole commits and groups.

use sando_core::claim::{Claim, Held, Holder};
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::ids::{GrantId, KeyId, LeverId};
use sando_core::store::{Commit, Entity, Group, Key, Put, StoreError, Version};

use crate::world::{
    World, at, conflict, due_at, expecting, new_item, new_task, over_version, person, putting, run,
    task,
};

pub(crate) async fn what_was_put_is_read_back(world: &World) {
    world.put(due_at("a", 5)).await;

    let stored = world.store.get(&task("a")).await.unwrap().unwrap();

    assert_eq!(stored.key, task("a"));
    assert_eq!(stored.kind, "task");
    assert_eq!(stored.schema, 1);
    assert_eq!(stored.version, Version(1));
    assert_eq!(stored.due, Some(at(5)));
    assert_eq!(stored.body, "a");
}

pub(crate) async fn what_is_not_there_is_none(world: &World) {
    assert!(world.store.get(&task("a")).await.unwrap().is_none());
}

pub(crate) async fn an_item_is_created_only_once(world: &World) {
    world.put(new_task("a")).await;

    let again = world.try_put(new_item(task("a"), "b")).await;

    assert_eq!(again, conflict(task("a")));
    assert_eq!(world.body(&task("a")).await, "a");
}

pub(crate) async fn a_put_over_an_older_version_conflicts(world: &World) {
    world.put(new_task("a")).await;
    world.put(over_version(new_item(task("a"), "b"), 1)).await;

    let late = world
        .try_put(over_version(new_item(task("a"), "c"), 1))
        .await;

    assert_eq!(late, conflict(task("a")));
    assert_eq!(world.body(&task("a")).await, "b");
    assert_eq!(world.version(&task("a")).await, 2);
}

pub(crate) async fn a_put_over_what_is_not_there_conflicts(world: &World) {
    let put = over_version(new_task("a"), 1);

    assert_eq!(world.try_put(put).await, conflict(task("a")));
}

pub(crate) async fn a_delete_names_the_version_it_deletes(world: &World) {
    world.put(new_task("a")).await;
    let delete = |version| Commit {
        deletes: vec![expecting(task("a"), version)],
        ..Commit::default()
    };

    let late = world.store.commit(&delete(2)).await;
    assert_eq!(late, conflict(task("a")));
    world.commit(delete(1)).await;

    assert_eq!(world.version(&task("a")).await, 0);
    assert_eq!(
        world.store.commit(&delete(1)).await,
        conflict(task("a")),
        "there is nothing left to delete"
    );
}

pub(crate) async fn an_item_that_was_deleted_can_be_created_again(world: &World) {
    for _ in 0..2 {
        world.put(new_task("a")).await;
        world
            .commit(Commit {
                puts: vec![over_version(
                    new_task("log"),
                    world.version(&task("log")).await,
                )],
                deletes: vec![expecting(task("a"), 1)],
                ..Commit::default()
            })
            .await;
    }
    world.put(new_task("a")).await;

    assert_eq!(world.version(&task("a")).await, 1);
}

pub(crate) async fn a_check_lets_a_commit_through_only_while_it_holds(world: &World) {
    world.put(new_task("seen")).await;
    let commit = |name: &str, seen, absent| Commit {
        checks: vec![
            expecting(task("seen"), seen),
            expecting(task("none"), absent),
        ],
        ..putting([new_task(name)])
    };

    world.commit(commit("a", 1, 0)).await;
    let moved = world.store.commit(&commit("b", 2, 0)).await;
    let missing = world.store.commit(&commit("c", 1, 1)).await;
    let alone = Commit {
        checks: vec![expecting(task("seen"), 7)],
        ..Commit::default()
    };

    assert_eq!(moved, conflict(task("seen")));
    assert_eq!(missing, conflict(task("none")));
    assert_eq!(world.store.commit(&alone).await, conflict(task("seen")));
    assert_eq!(world.version(&task("a")).await, 1);
    assert_eq!(world.version(&task("b")).await, 0);
    assert_eq!(world.version(&task("seen")).await, 1);
}

pub(crate) async fn a_commit_is_all_or_nothing_even_if_its_last_item_fails(world: &World) {
    world.put(new_task("old")).await;
    world.put(new_task("last")).await;
    let names: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let mut puts: Vec<Put> = names.iter().map(|name| new_task(name)).collect();
    puts.push(over_version(new_task("last"), 9));
    let commit = Commit {
        deletes: vec![expecting(task("old"), 1)],
        ..putting(puts)
    };

    assert_eq!(world.store.commit(&commit).await, conflict(task("last")));

    for name in &names {
        assert_eq!(world.version(&task(name)).await, 0);
    }
    assert_eq!(world.version(&task("old")).await, 1);
}

pub(crate) async fn the_conflict_names_the_first_item_that_moved(world: &World) {
    for name in ["b", "d", "e"] {
        world.put(new_task(name)).await;
    }
    let commit = Commit {
        deletes: vec![expecting(task("d"), 3)],
        checks: vec![expecting(task("e"), 3)],
        ..putting([new_task("a"), new_task("b"), new_task("c")])
    };

    assert_eq!(world.store.commit(&commit).await, conflict(task("b")));
}

pub(crate) async fn a_commit_has_at_most_its_limit_of_items(world: &World) {
    let commit = |count: usize| putting((0..count).map(|n| new_task(&n.to_string())));

    let too_large = world.store.commit(&commit(Commit::MAX_ITEMS + 1)).await;
    world.commit(commit(Commit::MAX_ITEMS)).await;

    assert_eq!(too_large, Err(StoreError::TooLarge(81)));
    assert_eq!(world.version(&task("79")).await, 1);
}

pub(crate) async fn an_empty_commit_does_nothing(world: &World) {
    world.commit(Commit::default()).await;
}

pub(crate) async fn a_commit_that_names_an_item_twice_is_refused(world: &World) {
    let commit = Commit {
        checks: vec![expecting(task("a"), 0)],
        ..putting([new_task("a")])
    };

    let refused = world.store.commit(&commit).await;

    assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    assert_eq!(world.version(&task("a")).await, 0);
}

pub(crate) async fn a_large_body_is_kept(world: &World) {
    let body = "ä".repeat(150 * 1024);
    world.put(new_item(run("large"), &body)).await;

    assert_eq!(world.body(&run("large")).await, body);
}

pub(crate) async fn a_body_or_commit_beyond_what_dynamodb_takes_is_refused(world: &World) {
    let body = "x".repeat(400 * 1024);
    let one = world.try_put(new_item(run("large"), &body)).await;
    let part = "x".repeat(300 * 1024);
    let many = (0..13).map(|n| new_item(task(&n.to_string()), &part));
    let all = world.store.commit(&putting(many)).await;

    assert!(matches!(one, Err(StoreError::Unavailable(_))));
    assert_eq!(all, Err(StoreError::TooLarge(13)));
    assert_eq!(world.version(&task("0")).await, 0);
}

pub(crate) async fn names_with_any_character_are_kept_apart(world: &World) {
    let names = ["a", "a#b", "a%23b", "A", " ", "ü/\n", "a%b"];
    for name in names {
        world
            .put(new_item(
                Key::Answer(name.to_owned()),
                &format!("answer {name}"),
            ))
            .await;
        world
            .put(new_item(
                Key::Counter(name.to_owned()),
                &format!("counter {name}"),
            ))
            .await;
    }

    for name in names {
        let answer = world.body(&Key::Answer(name.to_owned())).await;
        assert_eq!(answer, format!("answer {name}"));
        let counter = world.body(&Key::Counter(name.to_owned())).await;
        assert_eq!(counter, format!("counter {name}"));
    }
}

pub(crate) async fn a_commit_repeated_after_a_lost_answer_happens_once(world: &World) {
    world.put(new_task("sum")).await;
    let commit = putting([over_version(new_item(task("sum"), "1"), 1), new_task("log")]);
    world.commit(commit.clone()).await;

    let repeated = world.store.commit(&commit).await;

    assert_eq!(repeated, conflict(task("sum")), "read, and find it done");
    assert_eq!(world.version(&task("sum")).await, 2);
    assert_eq!(world.version(&task("log")).await, 1);
}

pub(crate) async fn of_two_callers_who_decide_the_same_one_wins(world: &World) {
    world.put(new_task("budget")).await;
    let alone = putting([over_version(new_item(task("budget"), "taken"), 1)]);
    let (first, second) = tokio::join!(world.store.commit(&alone), world.store.commit(&alone));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");

    let both = putting([over_version(new_task("budget"), 2), new_task("lease")]);
    let (first, second) = tokio::join!(world.store.commit(&both), world.store.commit(&both));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
}

pub(crate) async fn entities_are_read_by_their_type(world: &World) {
    let held = Held {
        claim: Claim::Contact(LeverId::parse("contact-1").unwrap()),
        holder: Holder::Person(person("ada")),
    };
    let put = Put {
        kind: Held::KIND,
        ..new_item(held.key(), &serde_json::to_string(&held).unwrap())
    };
    world.put(put).await;

    let loaded = world
        .store
        .find::<Held>(&held.key())
        .await
        .unwrap()
        .unwrap();
    let other = world.store.find::<ConfigItem>(&held.key()).await;

    assert_eq!(loaded.entity, held);
    assert_eq!(loaded.version, Version(1));
    assert!(matches!(other, Err(StoreError::Unreadable { .. })));
}

pub(crate) async fn grants_lie_with_their_person_in_the_order_of_their_keys(world: &World) {
    let grant = |whose: &str, name: &str| {
        Key::Grant(
            person(whose),
            GrantId::parse(format!("gra_{name}")).unwrap(),
        )
    };
    for key in [
        grant("ada", "c"),
        grant("bob", "a"),
        Key::Person(person("ada")),
        grant("ada", "a"),
        Key::PersonKey(person("ada")),
        grant("ada", "b"),
    ] {
        world.put(new_item(key, "x")).await;
    }

    let grants = world.group(&Group::Grants(person("ada"))).await;

    assert_eq!(
        grants,
        [grant("ada", "a"), grant("ada", "b"), grant("ada", "c")]
    );
}

pub(crate) async fn groups_show_a_write_at_once(world: &World) {
    let slug = |text: &str| text.parse().unwrap();
    let heads: Vec<Key> = (0..40)
        .map(|n| sando_core::audit::StreamId::Person(person(&n.to_string())))
        .map(Key::Head)
        .collect();
    let config = [
        Key::Config(ConfigKind::App, slug("figma")),
        Key::Config(ConfigKind::Policy, slug("figma")),
        Key::Config(ConfigKind::Pause, slug("pause")),
    ];
    let keys = [Key::ApiKey(KeyId::parse("key_1").unwrap())];
    for (group, mut wanted) in [
        (Group::Heads, heads),
        (Group::Config, config.to_vec()),
        (Group::ApiKeys, keys.to_vec()),
        (
            Group::Definitions,
            vec![Key::Definition(slug("acme")), Key::Definition(slug("b"))],
        ),
        (
            Group::DefinitionVersions(slug("acme")),
            [2, 1, 10]
                .map(|number| Key::DefinitionVersion(slug("acme"), number))
                .to_vec(),
        ),
        (
            Group::Tallies(jiff::civil::date(2027, 1, 4)),
            [0, 7, 127]
                .map(|part| Key::Tally(jiff::civil::date(2027, 1, 4), part))
                .to_vec(),
        ),
        (
            Group::Accounts,
            vec![Key::Account(slug("acme"), slug("prod"))],
        ),
    ] {
        assert_eq!(world.group(&group).await, []);
        for key in &wanted {
            world.put(new_item(key.clone(), "x")).await;
        }

        wanted.sort();
        assert_eq!(world.group(&group).await, wanted);
    }
}

pub(crate) async fn several_items_are_read_in_the_order_asked_for(world: &World) {
    for n in 0..130 {
        world.put(new_task(&format!("{n}"))).await;
    }
    let mut names: Vec<String> = (0..130).rev().map(|n| n.to_string()).collect();
    names.insert(70, "missing".to_owned());
    let keys: Vec<Key> = names.iter().map(|name| task(name)).collect();

    let found = world.store.get_all(&keys).await.unwrap();

    let bodies: Vec<Option<String>> = found
        .into_iter()
        .map(|stored| stored.map(|stored| stored.body))
        .collect();
    let wanted = names
        .into_iter()
        .map(|name| (name != "missing").then_some(name));
    assert_eq!(bodies, wanted.collect::<Vec<_>>());
    assert_eq!(world.store.get_all(&[]).await.unwrap().len(), 0);
}
