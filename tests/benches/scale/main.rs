//! Sando with many people: a policy change planned for 20,000 people and 50 policies, and the reports over 200,000 users
//! of a roster. Prints how long each takes, and the most memory so far.
//!
//!     cargo bench -p sando-tests --bench scale [-- --people 20000 --users 200000]
//!
//! The store is the embedded engine on disk, as `sando serve` has it; filling it takes minutes and is not measured.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench may panic, and prints its figures"
)]

mod fill;

use std::time::Instant;

use jiff::SignedDuration;
use sando_core::admin::{jobs, reports};
use sando_core::config::ConfigKind;
use sando_core::ids::{PersonId, Slug};
use sando_core::impact::FileChange;
use sando_core::job::{Planning, Work};
use sando_tests::harness::Scene;
use serde_json::json;

const POLICIES: usize = 50;
const UNUSED_DAYS: u32 = 30;

/// The number after a flag; cargo adds flags of its own.
fn flag(name: &str, usual: usize) -> usize {
    let mut arguments = std::env::args();
    arguments
        .find(|one| one == name)
        .and_then(|_| arguments.next()?.parse().ok())
        .unwrap_or(usual)
}

/// The most memory that the process had so far, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

fn told(what: &str, begun: Instant, came: &str) {
    let took = begun.elapsed().as_millis();
    println!("{what}: {took} ms, at most {} MiB so far; {came}", peak());
}

#[tokio::main]
async fn main() {
    let (people, users) = (flag("--people", 20_000), flag("--users", 200_000));
    let scene = Scene::start().await;
    let begun = Instant::now();
    fill::policies(&scene, POLICIES).await;
    fill::people(&scene, people, POLICIES).await;
    told("filled with people", begun, &format!("{people} people"));
    plan(&scene).await;

    let begun = Instant::now();
    fill::roster(&scene, users).await;
    told("filled with a roster", begun, &format!("{users} users"));
    report(&scene).await;
}

/// One of the policies gives one application more.
async fn plan(scene: &Scene) {
    let changed = FileChange {
        kind: ConfigKind::Policy,
        id: Slug::parse("department-7").unwrap(),
        file: Some(json!({ "policy": "department-7",
            "when": [{ "path": "department", "op": "is", "value": "Department 7" }],
            "grants": [{ "app": "design", "plan": "pro" }, { "app": "wiki" }] })),
    };
    let who = scene.by_hand(&PersonId::derived(&["bench"]));
    let work = Work::Plan(Box::new(Planning::of(vec![changed], None)));
    let begun = Instant::now();
    let job = jobs::run(
        &scene.machine.ports,
        &who,
        work,
        SignedDuration::from_hours(1),
    )
    .await;
    let Work::Plan(planned) = job.unwrap().work else {
        return;
    };
    let (looked_at, affected) = (planned.impact.people, planned.impact.affected);
    let came = format!("{looked_at} people looked at, {affected} affected");
    told("planning a policy change", begun, &came);
}

async fn report(scene: &Scene) {
    let (ports, now) = (&scene.machine.ports, scene.now());
    let begun = Instant::now();
    reports::licenses(ports, now, UNUSED_DAYS).await.unwrap();
    told("report of licences", begun, "done");
    let begun = Instant::now();
    reports::spend(ports, now).await.unwrap();
    told("report of spend", begun, "done");
    let begun = Instant::now();
    let residue = reports::residue(ports, now).await.unwrap();
    let came = format!("{} people left and hold something", residue.people);
    told("report of residue", begun, &came);
}
