//! Everything that is recorded has its sentence.

use std::path::{Path, PathBuf};

use super::*;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The texts between double quotes that stand in the brackets of a call, the targets of records aside.
fn texts(call: &str) -> Vec<String> {
    let mut depth = 1_usize;
    let mut texts = Vec::new();
    let mut text: Option<String> = None;
    for c in call.chars() {
        match (&mut text, c) {
            (Some(_), '"') => texts.extend(text.take()),
            (Some(inner), c) => inner.push(c),
            (None, '"') => text = Some(String::new()),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, _) => {}
        }
        if depth == 0 {
            break;
        }
    }
    texts
}

/// Everything that is recorded in the sources of core has a sentence here.
#[test]
fn every_action_that_is_recorded_has_a_sentence() {
    const TARGETS: &[&str] = &["audit", "catch-up", "pause", "session", "ok"];
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/src");
    let mut files = Vec::new();
    sources(&core, &mut files);
    let mut known = 0;
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap();
        for begin in ["Line::new(", "Said::new("] {
            for call in source.split(begin).skip(1) {
                let plain = texts(call).into_iter();
                let plain = plain.filter(|text| {
                    !text.contains(['/', '{', '_']) && !TARGETS.contains(&text.as_str())
                });
                for action in plain {
                    let has =
                        sentence("", None, &action).or_else(|| sentence("app", None, &action));
                    assert!(
                        has.is_some(),
                        "{}: `{action}` has no sentence",
                        file.display()
                    );
                    known += 1;
                }
            }
        }
    }
    assert!(known > 25, "{known}");
}

#[test]
fn an_action_is_found_by_its_sentence() {
    let found = |text: &str, action: &str| actions_like(text).iter().any(|one| one == action);

    assert!(found("asked to decide", "approval asked for"));
    assert!(found("Account made", "create"));
    assert!(found("hired in", "event candidate.hired"));
    assert!(found("policy was saved", "policy put"));
    assert_eq!(actions_like("Nothing Like It"), ["nothing like it"]);
}

#[test]
fn what_is_sent_says_what_it_is() {
    assert_eq!(happened("lever", None, "send"), "Note in Lever: written");
    assert_eq!(
        happened("lever", None, "verified"),
        "Note in Lever: looked again, and it is there"
    );
    assert_eq!(
        happened("step", None, "send intended"),
        "Step: about to be sent"
    );
}

#[test]
fn a_sentence_names_the_application() {
    assert_eq!(
        happened("app", Some("figma"), "figma: create"),
        "figma: account made"
    );
    assert_eq!(
        happened("approval", Some("figma"), "approval approved"),
        "Approved: figma"
    );
    assert_eq!(
        happened("event", None, "event candidate.hired"),
        "Hired in Lever"
    );
    assert_eq!(
        happened("policy", None, "policy put"),
        "The policy was saved"
    );
    assert_eq!(
        happened("x", None, "of a later release"),
        "Of a later release"
    );
}
