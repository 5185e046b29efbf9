//! Hires per second through the real `sando serve`, with ten applications each and Lever's limit lifted, and how long
//! it takes from start to the first answer. `cargo bench -p sando --bench hires`

#[path = "../tests/serve/support.rs"]
mod support;

use std::time::{Duration, Instant};

use sando_world::{LeverOptions, LeverSim, NewCandidate, ScimApp, ScimOptions, wait_until};
use serde_json::json;
use support::{Around, Sando};

const APPS: usize = 10;
const HIRES: usize = 100;
const STARTS: usize = 9;

#[tokio::main]
#[expect(
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::too_many_lines,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a bench prints its figures"
)]
async fn main() {
    let mut starts = Vec::new();
    let around = Around::start().await;
    for _ in 0..STARTS {
        let folder = tempfile::tempdir().unwrap();
        let begun = Instant::now();
        let sando = Sando::start(folder.path(), &around).await;
        sando.get("/healthz").await;
        starts.push(begun.elapsed().as_millis());
    }
    starts.sort_unstable();
    println!(
        "start to first answer: {} ms (median of {STARTS}, {:?})",
        starts[STARTS / 2],
        starts
    );

    let lever = LeverSim::start(LeverOptions {
        rate_limit: None,
        ..LeverOptions::default()
    })
    .await
    .unwrap();
    let around = Around {
        lever,
        unlimited: true,
        ..around
    };
    let mut apps = Vec::new();
    for _ in 0..APPS {
        apps.push(ScimApp::start(ScimOptions::default()).await.unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let sando = Sando::start(folder.path(), &around).await;
    configure(&sando, &around, &apps).await;
    around.connect(&sando);
    let before = sando.cpu_secs();
    let begun = Instant::now();
    for number in 0..HIRES {
        let candidate = NewCandidate {
            emails: vec![format!("person{number}@mail.example")],
            ..NewCandidate::named(&format!("Person Number{number}"))
        };
        let ids = around.lever.create_candidate(candidate);
        around.lever.hire(&ids.opportunity).unwrap();
    }
    let all = async || {
        apps.iter().all(|app| app.users().len() == HIRES)
            && sando.get("/v1/runs?state=running&limit=1").await["items"] == json!([])
    };
    wait_until(Duration::from_secs(600), all).await.unwrap();
    let took = begun.elapsed();
    let cpu = sando.cpu_secs() - before;
    let requests: u64 = apps.iter().map(|app| app.traffic().requests()).sum();
    let doubled: usize = apps.iter().map(|app| app.duplicates().len()).sum();
    println!(
        "{HIRES} hires with {APPS} applications each: {:.1} hires/s",
        HIRES as f64 / took.as_secs_f64()
    );
    println!(
        "processor time of sando: {:.0} ms a hire",
        cpu * 1000.0 / HIRES as f64
    );
    println!(
        "requests a hire: {:.1} to applications, {:.1} to Lever",
        requests as f64 / HIRES as f64,
        around.lever.traffic().requests() as f64 / HIRES as f64
    );
    println!("doubled accounts: {doubled}");
}

async fn configure(sando: &Sando, around: &Around, apps: &[ScimApp]) {
    sando.configure(around).await;
    let mut grants = Vec::new();
    let limits = json!({ "requests_per_second": 1_000, "concurrency": 4 });
    for (number, app) in apps.iter().enumerate() {
        let scim =
            json!({ "type": "scim", "base_url": app.base_url(), "auth": { "type": "bearer" } });
        sando
            .put(
                &format!("/v1/apps/app{number}"),
                json!({ "app": format!("app{number}"), "limits": limits, "provisioner": scim }),
            )
            .await;
        let credentials = json!({ "credentials": { "token": app.token() } });
        sando
            .put(&format!("/v1/apps/app{number}/credentials"), credentials)
            .await;
        grants.push(json!({ "app": format!("app{number}") }));
    }
    sando
        .put(
            "/v1/policies/everybody",
            json!({ "policy": "everybody", "grants": grants }),
        )
        .await;
}
