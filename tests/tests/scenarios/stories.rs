//! Life stories (`stories/*.yaml`), each told in every way in which its deliveries can come: in time, doubled, with each
//! neighbouring pair swapped, with each lost, and with no webhook at all. `SANDO_STORY=leap` tells those of that name.
//!
//! What the stories say themselves has to come of them in every way. Told forwards, each is also compared with its diary
//! (`stories/told`): after each thing that happens who has what, who was told what, and what the audit trail says.

use std::collections::BTreeSet;
use std::path::Path;

use sando_tests::life::{Story, Told, Way, stories, tell, ways};

fn all() -> Vec<Story> {
    let files = [
        ("hires.yaml", include_str!("stories/hires.yaml")),
        ("offers.yaml", include_str!("stories/offers.yaml")),
        ("changes.yaml", include_str!("stories/changes.yaml")),
        ("rehires.yaml", include_str!("stories/rehires.yaml")),
        ("doubts.yaml", include_str!("stories/doubts.yaml")),
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

/// A story's name, what has come of telling it forwards, and everything that is not as it is written in any way.
type Outcome = (String, Told);

/// Tells these stories in these ways. What somebody reads of one does not change when every delivery comes twice: nobody
/// is told anything twice, and nothing has a second effect.
async fn tell_in(stories: &[&Story], fits: fn(Way) -> bool) -> Vec<Outcome> {
    let mut come = Vec::new();
    for story in stories {
        let mut all = Told::default();
        for way in ways(story).into_iter().filter(|way| fits(*way)) {
            let told = Box::pin(tell(story, way)).await;
            all.wrong.extend(told.wrong);
            match way {
                Way::Forwards => all.diary = told.diary,
                Way::Twice => all
                    .wrong
                    .extend(other(&story.story, &all.diary, &told.diary)),
                _ => {}
            }
        }
        come.push((story.story.clone(), all));
    }
    come
}

/// Where the diary of a story is another one when every delivery comes twice.
fn other(story: &str, once: &str, twice: &str) -> Option<String> {
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let (once, twice) = (lines(once), lines(twice));
    let same = once.iter().zip(&twice).take_while(|(one, two)| one == two);
    let place = same.count();
    (once != twice).then(|| {
        let (one, two) = (once.get(place), twice.get(place));
        format!("{story} (Twice): line {place} of its diary: {two:?} instead of {one:?}")
    })
}

/// Tells all stories in these ways, on all cores.
fn tell_all(fits: fn(Way) -> bool) -> Vec<Outcome> {
    let all = wanted();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut come: Vec<Outcome> = Vec::new();
    std::thread::scope(|scope| {
        let telling: Vec<_> = (0..threads)
            .map(|first| {
                let some: Vec<&Story> = all.iter().skip(first).step_by(threads).collect();
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread();
                    let runtime = { runtime }.enable_all().build().unwrap();
                    runtime.block_on(tell_in(&some, fits))
                })
            })
            .collect();
        for thread in telling {
            come.extend(thread.join().unwrap());
        }
    });
    come
}

#[track_caller]
fn check(come: &[Outcome]) {
    let wrong = come.iter().flat_map(|(_, told)| &told.wrong);
    let wrong: Vec<&str> = wrong.map(String::as_str).collect();
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} wrong:\n{}", wrong.join("\n"));
}

/// Compares the diary of a story with the one that somebody has read: `INSTA_UPDATE=always` writes it anew.
fn check_diary(story: &str, diary: &str) {
    let told = format!("{story}\n\n{diary}");
    insta::with_settings!({
        snapshot_path => "stories/told", prepend_module_to_snapshot => false, omit_expression => true,
    }, {
        insta::assert_snapshot!(file_of(story), told);
    });
}

/// The name of the file that holds the diary of a story.
fn file_of(story: &str) -> String {
    let words = story.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("_")
}

#[test]
fn every_life_goes_as_it_should_however_its_deliveries_come() {
    let come = tell_all(|way| way != Way::Alone);
    for (story, told) in &come {
        check_diary(story, &told.diary);
    }
    check(&come);
}

#[test]
fn polling_alone_ends_in_the_same_access_as_webhooks() {
    check(&tell_all(|way| way == Way::Alone));
}

#[test]
fn every_diary_is_that_of_a_story() {
    let names: BTreeSet<String> = all().iter().map(|story| file_of(&story.story)).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/stories/told");
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        let name = file.strip_suffix(".snap");
        assert!(name.is_none_or(|name| names.contains(name)), "{file}");
    }
}

#[test]
fn there_are_many_stories_and_no_two_are_called_the_same() {
    let all = all();
    let names: BTreeSet<&str> = all.iter().map(|story| story.story.as_str()).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.len() >= 40, "{}", all.len());
}
