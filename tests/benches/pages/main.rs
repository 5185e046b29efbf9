//! Every page of the console with 20,000 people and 200,000 users of a roster: fetched over a socket from the router that
//! `sando serve` has, warm, the median of several. Prints each with its time and what was transferred, then what was wanted
//! and what was measured; exit code 1 if something was missed.
//!
//!     cargo bench -p sando-tests --bench pages [-- --people 20000 --users 200000 --entries 1000]
//!
//! The store is the embedded engine on disk, as `sando serve` has it; filling it takes minutes and is not measured.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a bench may panic, prints its figures, and is a browser"
)]

#[path = "../scale/fill.rs"]
mod fill;
mod furnish;
#[allow(dead_code, reason = "memory is looked at by the other bench")]
#[path = "../scale/measure.rs"]
mod measure;
mod places;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use furnish::Furnished;
use measure::{Bounds, flag};
use places::{Place, places, walks};
use sando_admin::Api;
use sando_core::admin::session;
use sando_infra::oidc::ProviderTokens;
use sando_tests::harness::{Scene, loopback_client};
use serde_json::Value;
use tokio::net::TcpListener;

const POLICIES: usize = 50;
/// So many entries a correction leaves in a timeline.
const LINES: usize = 3;
/// How often the timeline is read.
const ROUNDS: usize = 7;
/// The bounds of issue 6: a page on the server, the first page with what it needs, and all assets.
const PAGE_MS: f64 = 50.0;
const FIRST_BYTES: u64 = 100_000;
const ASSETS_BYTES: u64 = 250_000;
/// The administrator's token.
const TOKEN: &str = "bench-token";

#[tokio::main]
async fn main() -> ExitCode {
    let (people, users) = (flag("--people", 20_000), flag("--users", 200_000));
    let entries = flag("--entries", 1_000);
    let mut scene = Scene::start().await;
    let furnished = fill(&mut scene, people, users, entries).await;
    let browser = Browser::signed_in(&scene, &furnished).await;

    let mut bounds = Bounds::default();
    let mut pages = Vec::new();
    for place in places(&furnished) {
        pages.push(browser.visit(place).await);
    }
    pages.sort_by(|a, b| b.millis.total_cmp(&a.millis));
    tell(&pages);
    for page in pages.iter().filter(|page| !page.is_there()) {
        bounds.missed(&format!("{}: {}", page.path, page.answered));
    }
    for page in pages.iter().filter(|page| page.is_there()) {
        if page.millis > PAGE_MS {
            bounds.missed(&format!(
                "{}: {:.1} ms, not {PAGE_MS} ms",
                page.path, page.millis
            ));
        }
    }
    println!("\nWhat walks over all rosters while somebody waits, and has no bound:");
    let mut longer = Vec::new();
    for place in walks() {
        longer.push(browser.visit(place).await);
    }
    tell(&longer);
    println!();
    transferred(&browser, &pages, &mut bounds).await;
    timeline(&browser, &furnished, entries, &mut bounds).await;
    bounds.end()
}

async fn fill(scene: &mut Scene, people: usize, users: usize, entries: usize) -> Furnished {
    let begun = Instant::now();
    let told = |what: &str| println!("{:5} s: {what}", begun.elapsed().as_secs());
    let furnished = furnish::furnish(scene).await;
    furnish::days(scene).await;
    told("one of everything, runs, events and days are there");
    fill::policies(scene, POLICIES).await;
    fill::people(scene, people, POLICIES).await;
    furnish::grants(scene, people).await;
    told(&format!("{people} people are there"));
    furnish::live(scene, &furnished.person, entries / LINES).await;
    told(&format!("one of them has {entries} entries"));
    fill::roster(scene, users).await;
    told(&format!("{users} users of a roster are there"));
    furnish::count(scene).await;
    told("what is counted once a day is counted");
    furnished
}

/// A page, as it came.
struct Page {
    path: String,
    /// What came instead, if something did.
    answered: String,
    millis: f64,
    bytes: u64,
    text: String,
}

impl Page {
    fn is_there(&self) -> bool {
        self.answered.is_empty()
    }
}

fn tell(pages: &[Page]) {
    println!("\n{:>9} {:>9}  page", "ms", "bytes");
    for page in pages {
        let Page {
            path,
            answered,
            millis,
            bytes,
            ..
        } = page;
        println!("{millis:9.1} {bytes:9}  {path} {answered}");
    }
}

/// Somebody at a browser, signed in as administrator.
struct Browser {
    http: reqwest::Client,
    at: String,
    cookie: String,
}

impl Browser {
    /// Starts the server, and signs in by a link.
    async fn signed_in(scene: &Scene, furnished: &Furnished) -> Self {
        let ports = scene.machine.ports.clone();
        let who = scene.by_hand(&fill::person_id(0));
        let link = session::link(&ports).await.unwrap();
        let token = session::redeem(&ports, &who, &link).await.unwrap();
        let api = Api {
            secrets: furnished.secrets.clone(),
            tokens: Arc::new(ProviderTokens::new(loopback_client())),
            admin_token: Some(TOKEN.to_owned()),
            ports,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        let router = sando_admin::router(api);
        tokio::spawn(async move { axum::serve(listener, router).await });
        // What is compressed stays so, to be counted as it came.
        let http = reqwest::Client::builder();
        let http = http.no_gzip().no_brotli().no_deflate();
        let http = http.redirect(reqwest::redirect::Policy::none());
        Self {
            http: http.build().unwrap(),
            at,
            cookie: format!("sando_session={}", token.unwrap()),
        }
    }

    async fn fetch(&self, path: &str) -> (u16, Vec<u8>) {
        let request = self.http.get(format!("{}{path}", self.at));
        let request = request
            .header("accept-encoding", "gzip, br")
            .header("cookie", &self.cookie)
            .bearer_auth(TOKEN);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.bytes().await.unwrap().to_vec())
    }

    /// Fetches a page once, and then several times.
    async fn visit(&self, place: Place) -> Page {
        let Place { path, rounds } = place;
        let (status, body) = self.fetch(&path).await;
        let mut took = Vec::new();
        for _ in 0..rounds {
            let begun = Instant::now();
            self.fetch(&path).await;
            took.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
        took.sort_by(f64::total_cmp);
        let answered = match status {
            200 => String::new(),
            status => format!("answers {status}"),
        };
        Page {
            answered,
            millis: took.get(took.len() / 2).copied().unwrap_or_default(),
            bytes: u64::try_from(body.len()).unwrap(),
            text: String::from_utf8_lossy(&body).into_owned(),
            path,
        }
    }
}

/// What the first page and all assets weigh.
async fn transferred(browser: &Browser, pages: &[Page], bounds: &mut Bounds) {
    let first = pages.iter().find(|page| page.path == "/console").unwrap();
    let mut names: Vec<&str> = Vec::new();
    for page in pages {
        let after = page.text.split("/console/assets/").skip(1);
        names.extend(after.filter_map(|rest| rest.split(['"', '#', ')']).next()));
    }
    names.sort_unstable();
    names.dedup();
    let (mut all, mut of_first) = (0, first.bytes);
    for name in names {
        let (status, body) = browser.fetch(&format!("/console/assets/{name}")).await;
        assert_eq!(status, 200, "{name}");
        let bytes = u64::try_from(body.len()).unwrap();
        println!("{bytes:9}  {name}");
        all += bytes;
        if first.text.contains(name) {
            of_first += bytes;
        }
    }
    bounds.at_most(
        "the first page with its assets, bytes",
        FIRST_BYTES,
        of_first,
    );
    bounds.at_most("all assets together, bytes", ASSETS_BYTES, all);
}

/// A long timeline, in pages of 200 over the API.
async fn timeline(browser: &Browser, furnished: &Furnished, entries: usize, bounds: &mut Bounds) {
    let path = format!("/v1/people/{}/timeline?limit=200", furnished.person);
    let (mut took, mut read) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let (begun, mut cursor) = (Instant::now(), String::new());
        read = 0;
        loop {
            let (status, body) = browser.fetch(&format!("{path}{cursor}")).await;
            assert_eq!(status, 200);
            let page: Value = serde_json::from_slice(&body).unwrap();
            read += page
                .pointer("/items")
                .and_then(Value::as_array)
                .unwrap()
                .len();
            match page.pointer("/next_cursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        took.push(u64::try_from(begun.elapsed().as_millis()).unwrap());
    }
    took.sort_unstable();
    assert!(read + LINES > entries, "all of it");
    let took = took.get(ROUNDS / 2).copied().unwrap();
    bounds.at_most(&format!("a timeline of {read} entries, ms"), 50, took);
}
