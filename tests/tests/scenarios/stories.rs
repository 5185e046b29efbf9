//! Life stories (`stories/*.yaml`), each told in every way in which its deliveries can come: in time, doubled, with each
//! neighbouring pair swapped, with each lost, and with no webhook at all. `SANDO_STORY=leap` tells those of that name.
use std::collections::BTreeSet;

use sando_tests::life::{Story, Way, stories, tell, ways};

fn all() -> Vec<Story> {
    let files = [
        ("hires.yaml", include_str!("stories/hires.yaml")),
        ("offers.yaml", include_str!("stories/offers.yaml")),
        ("changes.yaml", include_str!("stories/changes.yaml")),
        ("whose.yaml", include_str!("stories/whose.yaml")),
    ];
    let all = files.iter().flat_map(|(name, text)| stories(name, text));
    all.collect()
}

/// Those whose names are asked for.
fn wanted() -> Vec<Story> {
    let wanted = std::env::vars().find(|(name, _)| name == "SANDO_STORY");
    let (_, wanted) = wanted.unwrap_or_default();
    let mut all = all();
    all.retain(|story| story.story.contains(&wanted));
    all
}

/// Everything that is not as it is written, of these stories told in these ways.
async fn wrong(stories: &[&Story], fits: fn(Way) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for story in stories {
        for way in ways(story).into_iter().filter(|way| fits(*way)) {
            wrong.extend(Box::pin(tell(story, way)).await);
        }
    }
    wrong
}

/// Tells all stories in these ways, on all cores.
#[track_caller]
fn check(fits: fn(Way) -> bool) {
    let all = wanted();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut found: Vec<String> = Vec::new();
    std::thread::scope(|scope| {
        let telling: Vec<_> = (0..threads)
            .map(|first| {
                let some: Vec<&Story> = all.iter().skip(first).step_by(threads).collect();
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread();
                    let runtime = { runtime }.enable_all().build().unwrap();
                    runtime.block_on(wrong(&some, fits))
                })
            })
            .collect();
        for thread in telling {
            found.extend(thread.join().unwrap());
        }
    });
    let count = found.len();
    assert!(found.is_empty(), "{count} wrong:\n{}", found.join("\n"));
}

#[test]
fn every_life_ends_as_it_should_however_its_deliveries_come() {
    check(|way| way != Way::Alone);
}

#[test]
fn polling_alone_ends_in_the_same_access_as_webhooks() {
    check(|way| way == Way::Alone);
}

#[test]
fn there_are_many_stories_and_no_two_are_called_the_same() {
    let all = all();
    let names: BTreeSet<&str> = all.iter().map(|story| story.story.as_str()).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.len() >= 40, "{}", all.len());
}
