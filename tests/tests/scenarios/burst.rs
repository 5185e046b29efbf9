//! A burst of hires is drained by several processes within Lever's rate, each hire once.
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use sando_core::admin::metrics;
use sando_core::handle::inbox;
use sando_core::metric::Metric;
use sando_core::ports::{Clock, Ports};
use sando_core::tally::day_of;
use sando_infra::budget::Rate;
use sando_infra::system::SystemClock;
use sando_tests::harness::{Fleet, Site, SiteOptions, engineer, hint};
use sando_world::lever::RateLimit;

/// How many people are hired at once.
const HIRES: usize = 1000;
/// A safety net for a burst that hangs, no promise: it takes two minutes in a dev build on two cores.
const LIMIT: Duration = Duration::from_mins(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_hires_is_drained_once_each_within_levers_rate() {
    let mut options = SiteOptions::default();
    options.lever.rate_limit = Some(RateLimit {
        per_second: 500,
        burst: 1000,
    });
    let site = Site::with(options).await;
    let fleet = Fleet::start(&site, 4, Rate::per_second(400)).await;
    let opportunities: Vec<String> = (0..HIRES)
        .map(|number| {
            let ids = site
                .lever
                .create_candidate(engineer(&format!("P{number} Lind")));
            site.lever.hire(&ids.opportunity).unwrap();
            ids.opportunity
        })
        .collect();

    let began = Instant::now();
    let now = SystemClock.now();
    let calls: Vec<_> = opportunities
        .iter()
        .enumerate()
        .flat_map(|(number, one)| calls(number, one, now))
        .collect();
    stream::iter(calls.iter().enumerate())
        .for_each_concurrent(16, |(number, call)| {
            let process = &fleet.processes[number % 4];
            async move { inbox::receive(process, call.clone()).await.unwrap() }
        })
        .await;
    let received = began.elapsed();
    let noted = || {
        opportunities
            .iter()
            .all(|one| !site.lever.notes(one).is_empty())
    };
    let all_done = fleet.work(8, LIMIT, noted).await;
    let took = began.elapsed();

    eprintln!("{HIRES} hires: received in {received:?}, done in {took:?}");
    print_costs(&site, &fleet);
    assert!(
        all_done,
        "not done within {LIMIT:?}: {:?} accounts",
        site.sizes()
    );
    assert_eq!(site.sizes(), [HIRES, HIRES, HIRES]);
    assert!(site.mail.duplicates().is_empty() && site.design.duplicates().is_empty());
    assert!(site.wiki.duplicates().is_empty());
    let twice = opportunities
        .iter()
        .filter(|one| site.lever.notes(one).len() != 1);
    assert_eq!(twice.count(), 0, "one note each");
    assert_eq!(site.lever.traffic().too_many(), 0, "Lever's budget is kept");
    let counted = provisioned(&fleet.processes[0], now).await;
    assert_eq!(counted, 3 * HIRES, "each access is counted once");
}

/// How many accesses the day's numbers tell of.
async fn provisioned(ports: &Ports, since: Timestamp) -> usize {
    let days = metrics::days(ports, day_of(since), day_of(SystemClock.now()));
    let days = days.await.unwrap();
    let measured = days
        .iter()
        .filter_map(|day| day.measured.get(&Metric::TimeToProvision));
    let counts = measured.map(|measured| usize::try_from(measured.count).unwrap());
    counts.sum()
}

/// What the burst cost, for whoever reads the output.
#[expect(clippy::print_stderr, reason = "figures for whoever reads the output")]
fn print_costs(site: &Site, fleet: &Fleet) {
    let requests = |name: &str, traffic: &sando_world::Traffic| {
        eprintln!(
            "{name}: {} requests, {} 429s",
            traffic.requests(),
            traffic.too_many()
        );
    };
    requests("lever", site.lever.traffic());
    requests("mail", site.mail.traffic());
    requests("design", site.design.traffic());
    requests("wiki", site.wiki.traffic());
    for (kind, done) in fleet.meter.done() {
        eprintln!("{kind}: {done:?}");
    }
}

/// Both webhooks of a hire, and one of them again.
fn calls(number: usize, opportunity: &str, now: Timestamp) -> Vec<sando_core::event::Hint> {
    let one = |event: &str, token: String| hint(event, opportunity, &token, now);
    let hired = one("candidateHired", format!("hired-{number}"));
    let archived = one("candidateArchiveChange", format!("archived-{number}"));
    vec![hired.clone(), archived, hired]
}
