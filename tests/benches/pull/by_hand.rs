//! The job of `acme.yaml`, written by hand for this one application: what `sando pull` is measured against.
//!
//! Reads `<base>/users?page=n` until a page is empty, and prints each user as `sando pull` does.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench may panic, prints what it was asked for, and is what the guarded client is measured against"
)]

use std::collections::HashSet;
use std::io::{BufWriter, Write, stdout};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Page {
    users: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: u64,
    profile: Profile,
    role: String,
    state: String,
    created_at: Timestamp,
    last_seen: Timestamp,
    kind: String,
    licenses: Vec<License>,
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Profile {
    email: String,
    login: String,
    name: String,
}

#[derive(Deserialize)]
struct License {
    plan: String,
}

#[derive(Deserialize)]
struct Attributes {
    cost_center: u64,
}

#[derive(Serialize)]
struct User {
    external_id: String,
    email: String,
    username: String,
    full_name: String,
    role: String,
    created_at: Timestamp,
    last_visit_at: Timestamp,
    active: bool,
    status: &'static str,
    licenses: Vec<&'static str>,
    kind: String,
    custom_fields: Custom,
}

#[derive(Serialize)]
struct Custom {
    cost_centre: String,
}

fn user(row: Row) -> User {
    let active = row.state == "active";
    let is_pro = active && row.licenses.iter().any(|license| license.plan == "pro");
    User {
        external_id: row.id.to_string(),
        email: row.profile.email.trim().to_owned(),
        username: row.profile.login,
        full_name: row.profile.name,
        role: row.role,
        created_at: row.created_at,
        last_visit_at: row.last_seen,
        active,
        status: if active { "Active" } else { "Deleted" },
        licenses: if is_pro { vec!["Pro"] } else { Vec::new() },
        kind: row.kind,
        custom_fields: Custom {
            cost_centre: row.attributes.cost_center.to_string(),
        },
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let base = std::env::args().nth(1).unwrap_or_default();
    if !base.starts_with("http") {
        // `cargo bench` runs every bench: this one has to be told an address.
        return;
    }
    let client = reqwest::Client::builder().gzip(true).build().unwrap();
    let mut out = BufWriter::with_capacity(256 * 1024, stdout());
    let mut seen = HashSet::new();
    for number in 1_u32.. {
        let url = format!("{base}/users?page={number}");
        let answer = client.get(url).bearer_auth("t").send().await.unwrap();
        let page = answer.error_for_status().unwrap().bytes().await.unwrap();
        let page: Page = serde_json::from_slice(&page).unwrap();
        if page.users.is_empty() {
            break;
        }
        for row in page.users.into_iter().filter(|row| seen.insert(row.id)) {
            serde_json::to_writer(&mut out, &user(row)).unwrap();
            out.write_all(b"\n").unwrap();
        }
    }
    out.flush().unwrap();
}
