//! How long `sando serve` takes for a timeline of 1,000 entries, in pages of 200. `cargo bench -p sando --bench timeline`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench may panic, and prints its figures"
)]

#[path = "../tests/serve/support.rs"]
mod support;

use std::time::Instant;

use serde_json::json;
use support::{Around, Sando};

const ENTRIES: usize = 1_000;
const ROUNDS: usize = 21;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let sando = Sando::start(folder.path(), &around).await;
    let person = json!({ "attributes": { "name": "Ada Park" }, "start_date": "2026-01-05" });
    let (_, person) = sando.call("PUT", "/v1/people/hr-1", person).await;
    let path = format!("/v1/people/{}", person["id"].as_str().unwrap());
    for number in 0..ENTRIES {
        let body = json!({ "attributes": { "phone": number.to_string() }, "reason": "a bench" });
        let (status, answer) = sando.call("POST", &format!("{path}:correct"), body).await;
        assert!(status < 300, "{answer}");
    }

    let mut took: Vec<u128> = Vec::new();
    let mut read = 0;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        read = whole(&sando, &path).await;
        took.push(begun.elapsed().as_millis());
    }
    took.sort_unstable();
    println!(
        "a timeline of {read} entries: {} ms (median of {ROUNDS}, slowest {} ms)",
        took[ROUNDS / 2],
        took[ROUNDS - 1]
    );
}

/// Reads the timeline to its end; answers how long it is.
async fn whole(sando: &Sando, path: &str) -> usize {
    let (mut read, mut cursor) = (0, String::new());
    loop {
        let page = sando
            .get(&format!("{path}/timeline?limit=200{cursor}"))
            .await;
        read += page["items"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return read,
        }
    }
}
