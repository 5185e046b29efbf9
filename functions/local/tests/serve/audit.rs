//! `sando audit verify` of the real binary: a trail that lost its end, held against the log that was kept.

use std::path::Path;
use std::process::Output;

use crate::desk::{code, complained, run};
use crate::support::{Around, Sando, sando};
use serde_json::Value;

/// `sando audit verify --json` with these further arguments.
fn verify(kind: &str, of: &Path, anchor: Option<&Path>) -> (bool, Value) {
    let mut command = sando(&["audit", "verify", "--json", kind]);
    command.arg(of);
    if let Some(anchor) = anchor {
        command.arg("--anchor").arg(anchor);
    }
    let output: Output = command.output().unwrap();
    let said = serde_json::from_slice(&output.stdout);
    let said = said.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.success(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_lost_its_end_contradicts_the_log_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (data, early, log, export, cut) = (
        path("data"),
        path("early"),
        path("log"),
        path("export"),
        path("cut"),
    );
    let around = Around::start().await;
    let first = Sando::start(&data, &around).await;
    first.checkpoints(1).await;
    let mut kept = first.stop_and_tell();
    let backup = sando(&["backup", "--data"]).arg(&data).arg(&early).output();
    assert!(backup.unwrap().status.success());
    let second = Sando::start(&data, &around).await;
    second.configure(&around).await;
    assert!(second.stop());
    let third = Sando::start(&data, &around).await;
    third.checkpoints(2).await;
    let exported = ["audit", "export", export.to_str().unwrap()];
    let output = run(&exported, Some(&third));
    assert_eq!(code(&output), 0, "{}", complained(&output));
    assert_eq!(
        code(&run(&exported, Some(&third))),
        1,
        "it is there already"
    );
    kept.extend(third.stop_and_tell());
    std::fs::write(&log, kept.join("\n")).unwrap();
    let trail = std::fs::read_to_string(&export).unwrap();
    let whole: Vec<&str> = trail.lines().collect();
    let config = |line: &&str| line.contains(r#""stream":"config""#);
    let last = whole.iter().rposition(config).unwrap();
    let lines = whole.iter().enumerate().filter(|(place, _)| *place != last);
    let lines: Vec<&str> = lines.map(|(_, line)| *line).collect();
    std::fs::write(&cut, lines.join("\n")).unwrap();

    for (kind, whole, shortened) in [("--data", &data, &early), ("--export", &export, &cut)] {
        let (intact, said) = verify(kind, whole, Some(&log));
        assert!(intact, "{kind}: {said}");
        let (intact, _) = verify(kind, shortened, None);
        assert!(intact, "{kind}: in itself it is whole");
        let (intact, said) = verify(kind, shortened, Some(&log));
        assert!(!intact, "{kind}: {said}");
    }
}
