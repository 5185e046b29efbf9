//! Details that may be remembered: which answers, and under which key; and those that cannot be had.

use sando_core::definition::{Answer, CacheKey, Checkpoint, Outcome, PlannedRequest, Pull, Step};

use crate::drive::{HEAD, definition, drive, inputs, now, ok, status};

const DETAILS: &str = "users: { path: /u, details: { path: '/users/{external_id}' } }
map: { external_id: id, email: mail, role: detail.role }
";

/// The request for the details of the one user of this list.
#[track_caller]
fn asked(list: &str) -> (Pull, PlannedRequest) {
    let definition = definition(&format!("{HEAD}{DETAILS}"));
    let mut pull = Pull::start(definition, inputs(&[])).unwrap();
    for _ in 0..10 {
        match pull.step(now()) {
            Step::Send(request) if request.cache.is_some() => return (pull, *request),
            Step::Send(request) => assert!(pull.receive(request.id, ok(list), now())),
            Step::Await => {}
            step => panic!("{step:?}"),
        }
    }
    panic!("no details are asked for");
}

fn key(list: &str) -> CacheKey {
    asked(list).1.cache.unwrap()
}

#[test]
fn the_key_is_the_user_and_the_record_in_the_list() {
    let first = key(r#"[{"id":1,"mail":"a@b.example"}]"#);
    let same = key(r#"[{"id":1, "mail":"a@b.example"}, {"id":1,"mail":"x"}]"#);
    let changed = key(r#"[{"id":1,"mail":"c@b.example"}]"#);
    let other = key(r#"[{"id":2,"mail":"a@b.example"}]"#);

    assert_eq!(first, same);
    assert_eq!(first.user, changed.user);
    assert_ne!(first.record, changed.record);
    assert_ne!(first.user, other.user);
}

#[test]
fn only_an_answer_that_can_be_read_may_be_remembered() {
    let check = |outcome: Outcome, expect: bool| {
        let (mut pull, request) = asked(r#"[{"id":1,"mail":"a@b.example"}]"#);
        let shown = format!("{outcome:?}");
        assert_eq!(pull.receive(request.id, outcome, now()), expect, "{shown}");
        // Once only.
        assert!(!pull.receive(request.id, ok("{}"), now()));
    };

    check(ok(r#"{"role":"admin"}"#), true);
    check(ok("<html>"), false);
    check(ok(r#"{"role":"#), false);
    check(ok("null"), false);
    check(status(204, &[], ""), false);
    check(status(404, &[], "{}"), false);
    check(
        Outcome::Answered(Answer::new(206, Vec::new(), b"{}".to_vec())),
        false,
    );
}

#[test]
fn details_that_cannot_be_had_are_not_asked_for_again_by_whoever_goes_on() {
    let definition = definition(&format!("{HEAD}{DETAILS}"));
    let list = r#"[{"id":1,"mail":"a@b.example"},{"id":2,"mail":"c@d.example"}]"#;
    let mut pull = Pull::start(definition.clone(), inputs(&[])).unwrap();
    loop {
        match pull.step(now()) {
            Step::Send(request) => match request.url.path() {
                "/u" => assert!(pull.receive(request.id, ok(list), now())),
                "/users/1" => assert!(!pull.receive(request.id, status(404, &[], ""), now())),
                _ => {}
            },
            Step::Await => break,
            step => panic!("{step:?}"),
        }
    }
    let kept = serde_json::to_string(&pull.checkpoint().unwrap()).unwrap();
    let kept: Checkpoint = serde_json::from_str(&kept).unwrap();

    let pull = Pull::resume(definition, inputs(&[]), kept, []).unwrap();
    let pulled = drive(pull, |request| match request.url.path() {
        "/u" => ok(list),
        "/users/2" => ok(r#"{"role":"admin"}"#),
        path => panic!("{path} is asked for again"),
    });

    let certificate = &pulled.certificate;
    assert_eq!(certificate.details_failed, 1);
    assert!(certificate.warnings[0].contains("404"), "{certificate:?}");
    let mapped = &pulled.batches[0].users;
    assert_eq!(mapped[0].unknown, ["role"]);
    assert_eq!(mapped[1].user.role.as_deref(), Some("admin"));
    pulled.complete(&["1", "2"]);
}
