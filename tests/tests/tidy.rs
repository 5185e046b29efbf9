//! What a machine can check of how the project looks.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Every Rust file of the project.
fn sources() -> Vec<PathBuf> {
    let mut folders = vec![root()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                folders.push(path);
            } else if name.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    files
}

#[track_caller]
fn check(what: &str, is_bad: impl Fn(&Path, &str) -> bool) {
    let bad: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|path| is_bad(path, &std::fs::read_to_string(path).unwrap()))
        .collect();
    assert!(bad.is_empty(), "{what}: {bad:#?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    check("a file opens with `//!`", |_, text| {
        !text.starts_with("//!")
    });
}

#[test]
fn every_file_is_about_one_noun() {
    check("at most 500 lines without its tests", |path, text| {
        let is_test = path.ends_with("tests.rs");
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        !is_test && code.lines().count() > 500
    });
}

#[test]
fn nothing_is_left_undone_or_unchecked() {
    let stubs = [
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("#[ig", "nore"),
        concat!("#[should", "_panic"),
    ];
    check("no stub and no ignored test", |_, text| {
        stubs.iter().any(|stub| text.contains(stub))
    });
}

#[test]
fn core_touches_nothing_outside() {
    let core = root().join("core/src");
    let outside = [
        "std::fs",
        "std::net",
        "std::process",
        "tokio::",
        "reqwest::",
        "aws_sdk",
        "Instant::now",
        "SystemTime",
        "rand::",
    ];
    check("core has no I/O, no clock, no chance", |path, text| {
        path.starts_with(&core) && outside.iter().any(|word| text.contains(word))
    });
}

/// Clocks on which nobody really waits, workers that look again, and what the world does slowly.
const MAY_SLEEP: [&str; 5] = [
    "infra/src/budget/paced.rs",
    "infra/tests/adapters/queue.rs",
    "infra/tests/remote/support.rs",
    "tests/src/harness/fleet.rs",
    "tests/world/src",
];

/// What of a file is a test: all of it below a folder of tests, else its module of tests.
fn tested<'a>(path: &Path, text: &'a str) -> &'a str {
    let path = path.strip_prefix(root()).unwrap();
    let is_test = path.iter().any(|part| part == "tests") || path.ends_with("tests.rs");
    let module = text.split_once("#[cfg(test)]\nmod tests {");
    if is_test {
        text
    } else {
        module.map_or("", |(_, tests)| tests)
    }
}

#[test]
fn tests_wait_for_conditions_not_for_time() {
    let sleeps = [concat!("thread::sl", "eep("), concat!("time::sl", "eep(")];
    check("no test sleeps", |path, text| {
        let may_sleep = MAY_SLEEP
            .iter()
            .any(|one| path.starts_with(root().join(one)));
        !may_sleep && sleeps.iter().any(|one| tested(path, text).contains(one))
    });
}

#[test]
fn every_page_that_a_comment_names_is_there() {
    let folders = [root(), root().join("docs")];
    let exists = |page: &str| folders.iter().any(|folder| folder.join(page).exists());
    check("every page that is named exists", |_, text| {
        let lines = text.lines().map(str::trim_start);
        let comments = lines.filter(|line| line.starts_with("//!") || line.starts_with("///"));
        let named = comments.flat_map(|line| line.split('`').skip(1).step_by(2));
        let mut pages = named.filter(|text| text.ends_with(".md"));
        pages.any(|page| !exists(page))
    });
}

#[test]
fn the_map_names_only_what_is_there() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let folders = ["core/", "infra/", "functions/", "tests/", "docs/"];
    let named = map.split('`').skip(1).step_by(2);
    let paths = named.filter(|text| folders.iter().any(|folder| text.starts_with(folder)));
    let missing: Vec<String> = paths
        .flat_map(spelled_out)
        .filter(|path| !is_there(path))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Several files of one folder are written with braces: `a/{b,c}.rs`.
fn spelled_out(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else {
        return vec![path.to_owned()];
    };
    let (names, after) = rest.split_once('}').unwrap();
    let one = |name: &str| format!("{before}{name}{after}");
    names.split(',').map(one).collect()
}

/// Is there such a file or folder, or, written `file::test`, such a test?
fn is_there(named: &str) -> bool {
    let Some((file, test)) = named.split_once("::") else {
        return root().join(named).exists();
    };
    let code = std::fs::read_to_string(root().join(file)).unwrap_or_default();
    code.contains(&format!("fn {test}("))
}

#[test]
fn every_odd_behaviour_of_applications_has_tests_that_exist() {
    let page = std::fs::read_to_string(root().join("docs/behaviours.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        let number: u32 = cells.first()?.trim().parse().ok()?;
        Some((number, (*cells.last()?).to_owned()))
    });
    let rows: Vec<(u32, String)> = rows.collect();
    let numbers: Vec<u32> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=69).collect::<Vec<u32>>());

    let mut missing = Vec::new();
    for (number, tests) in &rows {
        let tests: Vec<&str> = tests
            .split('`')
            .filter(|text| text.contains("::"))
            .collect();
        assert!(!tests.is_empty(), "{number} has no test");
        for test in tests {
            if !is_there(test) {
                missing.push(format!("{number}: {test}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
