//! Sando with many people: a policy change planned for 20,000 people and 50 policies, and the reports over 200,000 users
//! of a roster. Prints what was wanted and what was measured; exit code 1 if something was missed.
//!
//!     cargo bench -p sando-tests --bench scale [-- --people 20000 --users 200000]
//!
//! The store is the embedded engine on disk, as `sando serve` has it; filling it takes minutes and is not measured.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench may panic, and prints its figures"
)]

mod fill;
mod measure;

use std::process::ExitCode;
use std::time::Instant;

use jiff::SignedDuration;
use measure::{Bounds, flag, forget_peak, peak};
use sando_core::admin::{jobs, reports};
use sando_core::config::ConfigKind;
use sando_core::ids::Slug;
use sando_core::impact::FileChange;
use sando_core::job::{JobState, Planning, Work};
use sando_tests::harness::Scene;
use serde_json::json;

const POLICIES: usize = 50;
const UNUSED_DAYS: u32 = 30;
/// In how much time a policy change is planned.
const PLANNED_MS: u64 = 2_000;
/// The most memory of the whole process, with the simulated servers that are in it, while something is measured.
const MOST_MIB: u64 = 200;

#[tokio::main]
async fn main() -> ExitCode {
    let (people, users) = (flag("--people", 20_000), flag("--users", 200_000));
    let scene = Scene::start().await;
    let begun = Instant::now();
    fill::policies(&scene, POLICIES).await;
    fill::people(&scene, people, POLICIES).await;
    let filled = begun.elapsed().as_secs();
    println!("filled with {people} people and {POLICIES} policies in {filled} s");
    let mut bounds = Bounds::default();
    plan(&scene, &mut bounds, "planning a policy change").await;

    let begun = Instant::now();
    fill::roster(&scene, users).await;
    let filled = begun.elapsed().as_secs();
    println!("filled with a roster of {users} users in {filled} s");
    plan(&scene, &mut bounds, "the same with a roster").await;
    report(&scene, &mut bounds).await;
    bounds.end()
}

fn millis(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap()
}

/// One of the policies gives a better plan, and one application more.
async fn plan(scene: &Scene, bounds: &mut Bounds, what: &str) {
    let changed = FileChange {
        kind: ConfigKind::Policy,
        id: Slug::parse("department-7").unwrap(),
        file: Some(json!({ "policy": "department-7",
            "when": [{ "path": "department", "op": "is", "value": "Department 7" }],
            "grants": [{ "app": "design", "plan": "pro" }, { "app": "wiki" }] })),
    };
    let who = scene.by_hand(&fill::person_id(0));
    let work = Work::Plan(Box::new(Planning::of(vec![changed], None)));
    let patience = SignedDuration::from_hours(1);
    forget_peak();
    let begun = Instant::now();
    let job = jobs::run(&scene.machine.ports, &who, work, patience).await;
    let took = millis(begun);
    let job = job.unwrap();
    assert_eq!(job.state, JobState::Done, "{:?}", job.failure);
    let Work::Plan(planned) = job.work else {
        unreachable!("a plan was asked for")
    };
    let (looked_at, affected) = (planned.impact.people, planned.impact.affected);
    assert!(affected > 0 && looked_at > affected, "it plans something");
    let looked_up = planned.impact.by_rosters.people;
    println!("{looked_at} people looked at, {affected} affected, {looked_up} looked up in rosters");
    bounds.at_most(&format!("{what}, ms"), PLANNED_MS, took);
    bounds.at_most(&format!("{what}, MiB"), MOST_MIB, peak());
}

async fn report(scene: &Scene, bounds: &mut Bounds) {
    let (ports, now) = (&scene.machine.ports, scene.now());
    forget_peak();
    let begun = Instant::now();
    let licences = reports::licenses(ports, now, UNUSED_DAYS).await.unwrap();
    println!(
        "report of licences: {} ms, {} could go back",
        millis(begun),
        licences.reclaimable
    );
    bounds.at_most("report of licences, MiB", MOST_MIB, peak());
    drop(licences);

    forget_peak();
    let begun = Instant::now();
    let spend = reports::spend(ports, now).await.unwrap();
    println!(
        "report of spend: {} ms, {} seats",
        millis(begun),
        spend.total.seats
    );
    bounds.at_most("report of spend, MiB", MOST_MIB, peak());
    drop(spend);

    forget_peak();
    let begun = Instant::now();
    let residue = reports::residue(ports, now).await.unwrap();
    println!(
        "report of residue: {} ms, {} people left and hold something",
        millis(begun),
        residue.people
    );
    bounds.at_most("report of residue, MiB", MOST_MIB, peak());
    drop(residue);

    forget_peak();
    let begun = Instant::now();
    reports::costs(ports, now, UNUSED_DAYS).await.unwrap();
    println!("everything about money in one walk: {} ms", millis(begun));
    bounds.at_most("everything about money, MiB", MOST_MIB, peak());
}
