//! Numbers by day: counted with what they tell of, kept, and read without looking at everything.

use sando_core::account::Account;
use sando_core::admin::{accounts, metrics, reports};
use sando_core::handle::count::daily;
use sando_core::handle::jobs;
use sando_core::ids::JobId;
use sando_core::job::{Job, JobState, Work};
use sando_core::metric::Metric;
use sando_core::report::UNUSED_DAYS;
use sando_core::store::{Commit, Key, Put, Version};
use sando_core::tally::{Tally, WHOLE};
use serde_json::{Value, json};

use crate::builder::connected;
use crate::reports::{company, row};
use crate::world::{World, world};

/// What is done once a day, and the work that follows from it.
pub(crate) async fn a_day_is_counted(world: &World) {
    let accounts = accounts::all(&world.ports).await.unwrap();
    let accounts: Vec<Account> = accounts.into_iter().map(|one| one.entity).collect();
    daily(&world.ports, &accounts).await.unwrap();
    world.pass(1).await;
}

#[tokio::test]
async fn what_was_given_and_how_syncs_ended_is_counted_once() {
    let world = connected().await;
    world.applied().await;
    world.pass(1).await;
    world.refuse_reading(Some(401));
    world
        .post("/v1/accounts/acme/prod:sync", json!({}))
        .await
        .expect(202);
    world.pass(1).await;

    let found = world.get("/v1/metrics?days=2").await.expect(200);
    let file = world.get("/v1/metrics?format=csv").await;

    let days = found["days"].as_array().unwrap();
    assert_eq!(days.len(), 2);
    assert_eq!(days[0]["day"], "2027-01-03");
    assert_eq!(days[0]["time_to_provision"], Value::Null);
    assert_eq!(days[1]["day"], "2027-01-04");
    let given = &days[1]["time_to_provision"];
    assert_eq!(given["count"], 1, "Figma; the desk is a human's: {found}");
    assert!(given["median_secs"].as_i64().unwrap() < 60, "{found}");
    assert_eq!(found["total"]["time_to_provision"], *given);
    assert_eq!(found["total"]["day"], Value::Null);
    assert_eq!(
        found["total"]["sync_failures"],
        json!({ "count": 2, "failed": 1, "rate": 0.5 })
    );
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(
        file.text.contains("2027-01-04,sync_failures,2,,,,1,0.5"),
        "{}",
        file.text
    );
}

#[tokio::test]
async fn the_use_of_licences_is_kept_once_a_day() {
    let world = company().await;
    let before = world.get("/v1/metrics").await.expect(200);

    a_day_is_counted(&world).await;
    let first = world.get("/v1/metrics").await.expect(200);
    a_day_is_counted(&world).await;
    let again = world.get("/v1/metrics").await.expect(200);

    assert_eq!(before["total"]["licenses"], Value::Null);
    assert_eq!(
        first["total"]["licenses"],
        json!({ "licensed": 4, "using": 3, "rate": 0.75 })
    );
    assert_eq!(again["days"], first["days"]);
    assert_eq!(first["days"].as_array().unwrap().len(), 30);
}

#[tokio::test]
async fn a_day_that_is_over_is_kept_as_one_and_comes_to_the_same() {
    let world = company().await;
    let day = jiff::civil::date(2026, 12, 30);
    for part in [3, 90] {
        let mut tally = Tally::empty(day, part);
        let measured = tally.measured.entry(Metric::TimeToProvision);
        measured.or_default().add(60);
        let commit = Commit {
            puts: vec![Put::of(&tally, Version::ABSENT)],
            ..Commit::default()
        };
        world.ports.store.commit(&commit).await.unwrap();
    }
    let of_day = |found: &Value| {
        let days = found["days"].as_array().unwrap();
        days.iter().find(|one| one["day"] == "2026-12-30").cloned()
    };

    let before = world.get("/v1/metrics").await.expect(200);
    a_day_is_counted(&world).await;
    let after = world.get("/v1/metrics").await.expect(200);

    assert_eq!(of_day(&before).unwrap()["time_to_provision"]["count"], 2);
    assert_eq!(of_day(&after), of_day(&before));
    let whole = world.ports.store.get(&Key::Tally(day, WHOLE)).await;
    assert!(whole.unwrap().is_some());
}

#[tokio::test]
async fn a_count_in_many_turns_comes_to_the_same_as_one() {
    let world = company().await;
    // More than are read at once; all but one are the same person's.
    let seen = "2027-01-03T09:00:00Z";
    let mut rows: Vec<Value> = (0..1_200)
        .map(|n| row(&n.to_string(), "ada@contoso.example", seen))
        .collect();
    rows.push(row("left", "bo@contoso.example", seen));
    world.serve(rows);
    let sync = world.post("/v1/accounts/acme/prod:sync", json!({})).await;
    sync.expect(202);
    world.pass(1).await;
    let now = world.ports.clock.now();
    let work = Work::Count(Box::default());
    let mut job = Job::new(JobId::derived(&["turns"]), "sando", work, now);

    let mut turns = 0;
    while job.state == JobState::Running {
        jobs::go_on(&world.ports, &mut job, now).await.unwrap();
        // As it is stored and read again.
        job = serde_json::from_str(&serde_json::to_string(&job).unwrap()).unwrap();
        turns += 1;
    }

    let counted = metrics::counted(&world.ports).await.unwrap().unwrap();
    let at_once = reports::costs(&world.ports, now, UNUSED_DAYS).await;
    assert_eq!(turns, 3);
    assert_eq!(counted.figures.total.seats, 1_201);
    assert_eq!(counted.costs, at_once.unwrap().trimmed(300));
    let of_app = counted.costs.licences.by_license.values().next().unwrap();
    assert_eq!(of_app["pro"].noticed["duplicate"], 1_199);
}

#[tokio::test]
async fn nothing_and_nonsense_are_answered() {
    let world = world();

    let nothing = world.get("/v1/metrics?days=1").await.expect(200);

    assert_eq!(nothing["total"]["run_failures"], Value::Null);
    for wrong in ["days=0", "days=367", "format=xml", "page=1"] {
        let answer = world.get(&format!("/v1/metrics?{wrong}")).await;
        assert_eq!(answer.status, 422, "{wrong}");
    }
}
