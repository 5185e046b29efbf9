//! Every error of reading names the application, the request and the cause, and no value of a variable.

use sando_core::definition::{Explain, Fault, FaultKind, Inputs, Outcome, PlannedRequest, Pull};
use serde_json::json;

use crate::drive::{
    HEAD, MAP, definition, drive_unmasked, inputs, list, ok, pull_with, rows, status,
};

/// A secret that stands in a path, and must not stand in an error.
const SECRET: &str = "s3cret-path";

/// What a pull of this definition says after these answers; the last one is given for ever.
#[track_caller]
fn told(text: &str, answers: &[Outcome]) -> (String, Vec<String>) {
    let mut rest = answers.iter();
    let mut last = answers[0].clone();
    let answer = |_: &PlannedRequest| {
        if let Some(next) = rest.next() {
            last = next.clone();
        }
        last.clone()
    };
    let text = format!("{text}variables: {{ key: {{ secret: true }} }}\n");
    let pulled = pull_with(&text, inputs(&[("key", SECRET)]), answer);
    let failure = pulled.certificate.failure.as_ref();
    let failure = failure.map(ToString::to_string).unwrap_or_default();
    (failure, pulled.certificate.warnings)
}

fn fault(kind: FaultKind, message: &str) -> Outcome {
    Outcome::Failed(Fault {
        kind,
        message: message.to_owned(),
    })
}

#[test]
fn errors_of_the_list_name_application_request_and_cause() {
    let check = |users: &str, answers: &[Outcome], cause: &str| {
        let (failure, _) = told(&list(users), answers);
        let expect = "acme, the list of users (GET /{key}/u): ";
        assert!(failure.starts_with(expect), "{failure}");
        assert!(failure.contains(cause), "{failure}");
        assert!(!failure.contains(SECRET), "{failure}");
    };
    let plain = "{ path: '/{key}/u?all=1' }";
    let rows_at = "{ path: '/{key}/u', response_path: data }";
    let paged = "{ path: '/{key}/u', response_path: d, pagination: { type: cursor, path: next } }";
    let url = "{ path: '/{key}/u', response_path: d, pagination: { type: next_url, path: next } }";
    let total =
        "{ path: '/{key}/u', response_path: d, pagination: { type: offset, total_path: total } }";

    for code in [400, 401, 402, 403, 404, 409, 429, 500, 503] {
        check(
            plain,
            &[status(code, &[], "{}")],
            &format!("answered {code}"),
        );
    }
    check(
        plain,
        &[status(302, &[("location", "/login")], "")],
        "redirect to /login",
    );
    check(plain, &[status(206, &[], "[]")], "a part of the list only");
    check(plain, &[status(202, &[], "[]")], "no result yet");
    check(plain, &[ok("<html>")], "a web page, not JSON");
    check(plain, &[ok("[{")], "ends in the middle of its JSON");
    check(plain, &[ok("nonsense")], "the answer is not JSON");
    check(rows_at, &[ok(r#"{"items":[]}"#)], "its keys are items");
    check(rows_at, &[ok(r#"{"data":{"a":1}}"#)], "data");
    let page = format!(r#"{{"d":{},"next":"a"}}"#, rows([1]));
    check(paged, &[ok(&page)], "would never end");
    let away = r#"{"d":[{"id":1}],"next":"https://evil.example/u"}"#;
    check(url, &[ok(away)], "evil.example");
    let few = r#"{"d":[],"total":5}"#;
    check(total, &[ok(few)], "5");
    let kinds = [
        FaultKind::Connection,
        FaultKind::Timeout,
        FaultKind::TooLarge,
        FaultKind::Redirect,
        FaultKind::Refused,
        FaultKind::Credentials,
    ];
    for kind in kinds {
        check(plain, &[fault(kind, "the cause")], "the cause");
    }
}

#[test]
fn errors_of_other_requests_name_them() {
    let check = |text: &str, answers: &[Outcome], expect: &str| {
        let (failure, warnings) = told(text, answers);
        let said = warnings.into_iter().chain([failure]);
        let said: Vec<String> = said.filter(|text| !text.is_empty()).collect();
        assert!(said.iter().any(|text| text.starts_with(expect)), "{said:?}");
        assert!(said.iter().all(|text| !text.contains(SECRET)), "{said:?}");
    };
    let bad = || status(404, &[], "{}");
    let step = "steps: [{ name: site, path: '/{key}/s', keep: { a: id } }]";
    check(
        &format!("{HEAD}{step}\nusers: {{ path: /u }}\n{MAP}"),
        &[bad()],
        "acme, step `site` (GET /{key}/s): answered 404",
    );
    check(
        &format!("{HEAD}{step}\nusers: {{ path: /u }}\n{MAP}"),
        &[ok("{}")],
        "acme, step `site` (GET /{key}/s): the answer has nothing at `id`",
    );
    check(
        &list("{ path: '/t/{t}', for_each: { path: '/{key}/teams', keep: { t: id } } }"),
        &[bad()],
        "acme, the list of `for_each` (GET /{key}/teams): answered 404",
    );
    check(
        &list("{ path: /u, details: { path: '/{key}/u/{external_id}' } }"),
        &[ok(&rows([1])), bad()],
        "acme, the details of a user (GET /{key}/u/{external_id}): answered 404",
    );
    check(
        &list(
            "{ path: /u, join: [{ path: '/{key}/roles', by: { user: r, item: id }, as: role }] }",
        ),
        &[bad(), ok(&rows([1]))],
        "acme, the joined list `role` (GET /{key}/roles): answered 404",
    );
}

#[test]
fn warnings_are_kept_short_and_without_a_part_of_a_long_secret() {
    let text = list("{ path: /u, details: { path: '/u/{external_id}' } }");
    let (words, token) = ("so ".repeat(600), SECRET.repeat(300));
    let answer = |request: &PlannedRequest| match request.url.path() {
        "/u" => ok(&rows(1..=60)),
        user => {
            let location = format!("{user} {words}{token}");
            status(302, &[("location", &location)], "")
        }
    };

    let pull = Pull::start(definition(&text), inputs(&[])).unwrap();
    let warnings = drive_unmasked(pull, answer).certificate.warnings;

    assert_eq!(warnings.len(), 50);
    for warning in warnings {
        assert!(warning.chars().count() <= 2_000, "{warning}");
        assert!(warning.contains(" so so"), "{warning}");
        assert!(!warning.contains("s3cret"), "{warning}");
    }
}

#[test]
fn why_a_record_became_no_user_shows_no_part_of_a_secret() {
    // The place is as long as it takes for the secret to begin within what is shown, and to end behind it.
    let place = "a".repeat(165);
    let users = format!("{{ path: /u, where: [{{ path: {place}, op: is, value: active }}] }}");
    let body = format!(r#"[{{"id":"1","mail":"1@b.example","{place}":"{SECRET}"}}]"#);
    let explain = Inputs {
        explain: Explain::Whole,
        ..inputs(&[])
    };

    let pull = Pull::start(definition(&list(&users)), explain).unwrap();
    let mut certificate = drive_unmasked(pull, |_| ok(&body)).certificate;
    certificate.mask(&|text| text.replace(SECRET, "***"));

    let why = &certificate.left_out["removed_by_where"][0].why;
    assert!(why.ends_with("` is `***`, ru"), "{why}");
    assert_eq!(why.chars().count(), 200);
}

#[test]
fn a_value_that_is_cut_shows_no_part_of_a_secret() {
    // The secret begins within what is shown of a value, and ends behind it.
    let start = "a".repeat(75);
    let value = format!("{start}{SECRET}");
    let text = format!(
        "{HEAD}users: {{ path: /u, where: [{{ path: on, op: is, value: active }}] }}
map: {{ external_id: id, email: mail, created_at: at }}
"
    );
    let body = json!([
        { "id": "1", "mail": "1@b.example", "on": value },
        { "id": "2", "mail": value, "on": "active" },
        { "id": "3", "mail": "3@b.example", "on": "active", "at": value },
    ]);
    let explain = Inputs {
        explain: Explain::Whole,
        ..inputs(&[])
    };
    let mask = |text: &str| text.replace(SECRET, "***");

    let pull = Pull::start(definition(&text), explain).unwrap();
    let mut pulled = drive_unmasked(pull, |_| ok(&body.to_string()));
    pulled.certificate.mask(&mask);

    let left_out = |reason: &str| pulled.certificate.left_out[reason][0].why.clone();
    assert_eq!(
        left_out("removed_by_where"),
        format!("removed by `where`: `on` is `{start}***`, rule 1 wants `active`")
    );
    assert_eq!(
        left_out("invalid_email"),
        format!("its email address is not valid: `{start}***`")
    );
    let why = pulled.batches[0].explained[2].why(&mask);
    assert_eq!(why[0], format!("created_at: `{start}***` is not a time"));
}
