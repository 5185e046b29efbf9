//! `sando demo` tells the whole story in one run: what it prints is what Sando did, looked up over the API.

use crate::support::sando;

/// What has to be told, in this order.
const SCENES: &[&str] = &[
    "is hired: Software Engineer, Engineering",
    "200 people who are here already are imported",
    "(the webhooks come twice; Google makes the account, but its answer is lost",
    "no answer: nobody knows, so it is looked for, not repeated",
    "(no webhook tells of it: all of them are lost)",
    "Found by catch-up: the hire of ",
    "waits for somebody's yes",
    "The demo says it in their place",
    "is withdrawn before the first day",
    "14 days later",
    "What waits moved with it: GitHub from ",
    "moves from Engineering to Sales",
    "leaves: everything is taken away at once",
    "Residue: ",
    "sales-ops@contoso.example has a task; until it is done it costs 90.00 USD a month",
    "6 hired, 1 left, 200 were here already.",
];

#[test]
fn the_demo_tells_the_whole_story() {
    let arguments = ["demo", "--hires", "6", "--every", "0"];
    let mut demo = sando(&arguments);
    let output = demo.args(["--listen", "127.0.0.1:0"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);

    assert!(output.status.success(), "{told}");
    let mut rest = &*told;
    for scene in SCENES {
        let place = rest.find(scene);
        let place = place.unwrap_or_else(|| panic!("`{scene}` is not told, or not there: {told}"));
        rest = &rest[place..];
    }
    assert!(rest.contains("doubled: 0."), "{told}");
    assert!(rest.contains("every chain intact"), "{told}");
}
