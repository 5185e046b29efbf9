//! Errors, limits and waits: retries, rate limits, tokens, rules. Numbers are those of `behaviours.md`.

use std::time::Duration;

use sando_core::definition::{Class, Credentials, Fault, FaultKind, MOST_RETRIES, Outcome};

use crate::drive::{Pulled, list, ok, pages, pull, rows, status};

const USERS: &str = "{ path: /u, response_path: d }";

fn with_rules(rules: &str) -> String {
    format!("{}errors:\n{rules}\n", list(USERS))
}

/// The given answer first, then a good one.
fn once(text: &str, first: Outcome) -> Pulled {
    let mut first = Some(first);
    let body = format!(r#"{{"d":{}}}"#, rows([1]));
    pull(text, move |_| first.take().unwrap_or_else(|| ok(&body)))
}

/// The same answer for ever.
fn always(text: &str, code: u16, headers: &[(&str, &str)], body: &str) -> Pulled {
    pull(text, |_| status(code, headers, body))
}

#[track_caller]
fn failed(pulled: &Pulled, class: Class, requests: u32, disable: bool) {
    let failure = pulled.certificate.failure.as_ref().unwrap();
    assert_eq!(failure.class, class, "{failure}");
    assert_eq!(failure.disable, disable, "{failure}");
    assert_eq!(
        pulled.requests.len(),
        usize::try_from(requests).unwrap(),
        "{failure}"
    );
    assert_eq!(pulled.certificate.ended_by.as_deref(), Some(class.name()));
    assert!(pulled.users.is_empty() && !pulled.certificate.complete);
}

#[test]
fn what_may_pass_is_tried_again_five_times_and_no_more() {
    // 51, 52
    let text = list(USERS);
    let down = |code| {
        failed(
            &always(&text, code, &[], ""),
            Class::RemoteDown,
            MOST_RETRIES + 1,
            false,
        )
    };
    let fault = |kind| {
        let pulled = pull(&text, |_| {
            Outcome::Failed(Fault {
                kind,
                message: "broken pipe".to_owned(),
            })
        });
        failed(&pulled, Class::RemoteDown, MOST_RETRIES + 1, false);
        assert_eq!(pulled.certificate.retries, 5);
    };

    [408, 425, 500, 502, 503, 504, 599]
        .into_iter()
        .for_each(down);
    failed(
        &always(&text, 429, &[], ""),
        Class::Quota,
        MOST_RETRIES + 1,
        false,
    );
    fault(FaultKind::Connection);
    fault(FaultKind::Timeout);
}

#[test]
fn waits_grow_and_a_named_one_counts_instead() {
    // 43
    let text = list(USERS);

    let own = always(&text, 500, &[], "");
    let named = always(&text, 429, &[("Retry-After", "90")], "");

    let waits: Vec<u64> = own
        .requests
        .iter()
        .map(|request| u64::try_from(request.wait.most.as_millis()).unwrap())
        .collect();
    assert_eq!(waits, [0, 500, 1_000, 2_000, 4_000, 8_000]);
    assert_eq!(named.requests[1].wait.least, Duration::from_secs(90));
    assert_eq!(named.requests[5].wait.least, Duration::from_secs(90));
    assert_eq!(named.requests[5].attempt, 5);
}

#[test]
fn a_burst_of_errors_leaves_a_complete_list() {
    for code in [429, 500, 503] {
        let pulled = once(&list(USERS), status(code, &[], "")).complete(&["1"]);
        assert_eq!(
            (pulled.certificate.requests, pulled.certificate.retries),
            (2, 1)
        );
    }
}

#[test]
fn a_403_or_400_that_its_headers_call_a_rate_limit_is_one() {
    // 44, 45
    let text = list(USERS);
    let limited = |code, headers: &[(&str, &str)], least: u64| {
        let pulled = once(&text, status(code, headers, ""));
        assert_eq!(pulled.requests[1].wait.least, Duration::from_secs(least));
        pulled.complete(&["1"]);
    };

    limited(
        403,
        &[
            ("X-RateLimit-Remaining", "0"),
            ("X-RateLimit-Reset", "1795262430"),
        ],
        30,
    );
    limited(403, &[("Retry-After", "4")], 4);
    limited(
        400,
        &[
            ("x-ratelimit-requests-remaining", "0"),
            ("retry-after", "2"),
        ],
        2,
    );
    limited(503, &[("Retry-After", "6")], 6);
    failed(
        &always(&text, 403, &[("X-RateLimit-Remaining", "7")], ""),
        Class::Permission,
        1,
        true,
    );
}

#[test]
fn four_statuses_disable_the_account() {
    let text = list(USERS);
    let check = |code, class, disable| {
        failed(
            &always(&text, code, &[], r#"{"message":"no"}"#),
            class,
            1,
            disable,
        )
    };

    check(400, Class::Shape, true);
    check(402, Class::Permission, true);
    check(403, Class::Permission, true);
    check(404, Class::Missing, true);
    check(405, Class::Shape, false);
    check(409, Class::Shape, false);
    check(410, Class::Missing, false);
    check(422, Class::Shape, false);
}

#[test]
fn a_401_renews_the_token_once() {
    // 48, 49
    let pulled = once(&list(USERS), status(401, &[], "")).complete(&["1"]);
    assert_eq!(pulled.requests[0].credentials, Credentials::Send);
    assert_eq!(pulled.requests[1].credentials, Credentials::Renew);

    let for_ever = always(&list(USERS), 401, &[], r#"{"error":"invalid_token"}"#);
    failed(&for_ever, Class::Credentials, 2, true);
    assert_eq!(
        for_ever.certificate.failure.unwrap().remote.as_deref(),
        Some("invalid_token")
    );
}

#[test]
fn every_request_may_renew_the_token_once() {
    // 63: a session that dies again and again.
    let text = list("{ path: /u, pagination: { type: page } }");
    let mut count = 0;

    let pulled = pull(&text, |request| {
        if request.credentials == Credentials::Send {
            return status(401, &[], "");
        }
        count += 1;
        ok(&if count < 4 {
            rows([count])
        } else {
            "[]".to_owned()
        })
    });

    pulled.complete(&["1", "2", "3"]);
}

#[test]
fn answers_that_are_no_list_are_errors_of_shape() {
    // 38, 39, 41, 55
    let check = |code, headers: &[(&str, &str)], body: &str, words: &str| {
        let pulled = always(&list(USERS), code, headers, body);
        failed(&pulled, Class::Shape, 1, false);
        assert!(pulled.failure().contains(words), "{}", pulled.failure());
    };

    check(
        200,
        &[("Content-Type", "text/html; charset=utf-8")],
        "<!DOCTYPE html><html></html>",
        "web page",
    );
    check(
        200,
        &[("Content-Type", "application/json")],
        "<html>",
        "web page",
    );
    check(200, &[], "<users><user/></users>", "XML, not JSON");
    check(200, &[], r#"{"d":[{"id":"1""#, "ends in the middle");
    check(200, &[], "nonsense", "not JSON");
    check(
        200,
        &[],
        &format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)),
        "128 levels deep",
    );
    // Also where nobody reads it.
    check(
        200,
        &[],
        &format!(r#"{{"d":[],"x":{}{}}}"#, "[".repeat(128), "]".repeat(128)),
        "128 levels deep",
    );
    check(206, &[], r#"{"d":[]}"#, "206");
    check(202, &[], r#"{"d":[]}"#, "202");
    check(
        302,
        &[("Location", "https://login.example/")],
        "",
        "https://login.example/",
    );
}

#[test]
fn a_byte_order_mark_and_a_wrong_charset_do_not_matter() {
    // 38
    let body = format!("\u{feff}{{\"d\":{}}}", rows([1]));

    let pulled = pull(&list(USERS), |_| {
        status(
            200,
            &[("content-type", "application/json; charset=iso-8859-1")],
            &body,
        )
    });

    pulled.complete(&["1"]);
}

#[test]
fn limits_on_size_and_depth_can_be_lowered() {
    let body = r#"{"d":[{"id":"1","mail":"a@b.example","x":[[[1]]]}]}"#;
    let check = |limits: &str, complete: bool| {
        let pulled = pull(
            &format!("{}limits: {limits}\n", list(USERS)),
            pages(&[body]),
        );
        assert_eq!(
            pulled.certificate.complete, complete,
            "{limits} {:?}",
            pulled.certificate.failure
        );
    };

    check("{ max_bytes: 40 }", false);
    check("{ max_bytes: 4000 }", true);
    check("{ max_depth: 5 }", false);
    check("{ max_depth: 6 }", true);
}

#[test]
fn faults_that_do_not_pass_are_not_tried_again() {
    // 53
    let check = |kind, class, disable| {
        let pulled = pull(&list(USERS), |_| {
            Outcome::Failed(Fault {
                kind,
                message: "to https://evil.example".to_owned(),
            })
        });
        failed(&pulled, class, 1, disable);
        assert!(pulled.failure().contains("evil.example"));
    };

    check(FaultKind::Redirect, Class::Shape, false);
    check(FaultKind::Refused, Class::Shape, false);
    check(FaultKind::TooLarge, Class::Shape, false);
    check(FaultKind::Credentials, Class::Credentials, true);
}

#[test]
fn the_first_rule_that_fits_wins_over_the_usual() {
    // 46
    let text = with_rules(
        "  - { status: [200], when: [{ path: ok, op: is, value: false }, { path: error, op: is, value: ratelimited }], do: rate_limited }
  - { status: [200], when: [{ path: ok, op: is, value: false }], do: fail, message: error }",
    );

    let fails = always(&text, 200, &[], r#"{"ok":false,"error":"missing_scope"}"#);
    let limited = once(
        &text,
        status(
            200,
            &[("Retry-After", "3")],
            r#"{"ok":false,"error":"ratelimited"}"#,
        ),
    );

    failed(&fails, Class::Shape, 1, false);
    assert_eq!(
        fails.certificate.failure.unwrap().remote.as_deref(),
        Some("missing_scope")
    );
    assert_eq!(limited.requests[1].wait.least, Duration::from_secs(3));
    limited.complete(&["1"]);
}

#[test]
fn a_rule_names_the_header_and_unit_of_a_wait() {
    let check = |unit: &str, header: &str, least: f64| {
        let text = with_rules(&format!(
            "  - {{ status: [400], do: rate_limited, wait: {{ header: X-Reset, unit: {unit} }} }}"
        ));
        let pulled = once(&text, status(400, &[("x-reset", header)], ""));
        assert_eq!(
            pulled.requests[1].wait.least.as_secs_f64(),
            least,
            "{unit} {header}"
        );
        pulled.complete(&["1"]);
    };

    check("secs", "2.5", 2.5);
    check("ms", "2500", 2.5);
    check("epoch_secs", "1795262410", 10.0);
    check("epoch_ms", "1795262410500", 10.5);
    check("date", "Sat, 21 Nov 2026 12:00:05 GMT", 5.0);
    check("auto", "1795262407", 7.0);
}

#[test]
fn rules_retry_refresh_ignore_disable_and_end() {
    let rule = |status: u16, action: &str| {
        with_rules(&format!("  - {{ status: [{status}], do: {action} }}"))
    };

    once(&rule(404, "retry"), status(404, &[], "")).complete(&["1"]);
    let refreshed = once(&rule(400, "refresh_token"), status(400, &[], ""));
    assert_eq!(refreshed.requests[1].credentials, Credentials::Renew);
    refreshed.complete(&["1"]);
    let ignored = always(&rule(404, "ignore"), 404, &[], "").complete(&[]);
    assert_eq!(ignored.certificate.ignored, 1);
    failed(
        &always(&rule(409, "disable"), 409, &[], ""),
        Class::Shape,
        1,
        true,
    );
    failed(
        &always(&rule(500, "fail"), 500, &[], ""),
        Class::RemoteDown,
        1,
        false,
    );
    pull(&rule(206, "ok"), |_| status(206, &[], r#"{"d":[]}"#)).complete(&[]);
}

#[test]
fn a_header_decides_with_a_rule() {
    let text =
        with_rules("  - { status: [403], header: { X-RateLimit-Left: \"0\" }, do: rate_limited }");

    once(&text, status(403, &[("x-ratelimit-left", "0")], "")).complete(&["1"]);
    failed(
        &always(&text, 403, &[("x-ratelimit-left", "1")], ""),
        Class::Permission,
        1,
        true,
    );
}

#[test]
fn a_cap_ends_the_list_where_a_rule_says_so_but_not_below_a_declared_total() {
    // 19, 18
    let capped = |paging: &str| {
        let text = format!(
            "{}errors: [{{ status: [400], do: end_of_list }}]\n",
            list(&format!(
                "{{ path: /u, response_path: d, pagination: {paging} }}"
            ))
        );
        let mut first = Some(ok(&format!(r#"{{"d":{},"t":5}}"#, rows([1, 2]))));
        pull(&text, move |_| {
            first.take().unwrap_or_else(|| status(400, &[], ""))
        })
    };

    let pulled = capped("{ type: page }");
    assert_eq!(pulled.certificate.ended_by.as_deref(), Some("rule"));
    pulled.complete(&["1", "2"]);
    let short = capped("{ type: page, total_path: t }");
    assert!(
        short.failure().contains("2 of 5 declared rows"),
        "{}",
        short.failure()
    );
}

#[test]
fn a_page_in_the_middle_that_fails_fails_the_pull() {
    let text = list("{ path: /u, pagination: { type: page } }");
    let mut count = 0;

    let pulled = pull(&text, |_| {
        count += 1;
        if count == 2 {
            status(400, &[], r#"{"errors":[{"message":"invalid_cursor"}]}"#)
        } else {
            ok(&rows([count]))
        }
    });

    assert!(!pulled.certificate.complete);
    assert_eq!(
        pulled.certificate.failure.unwrap().remote.as_deref(),
        Some("invalid_cursor")
    );
    assert_eq!(pulled.users.len(), 1);
}

#[test]
fn partial_graphql_data_with_errors_is_a_failure() {
    // 47
    let text = list(
        "{ path: /graphql, method: POST, body: { query: \"{ users { id mail } }\" }, response_path: data.users }",
    );
    let with = |errors: &str| {
        let data = r#"{"users":[{"id":"1","mail":"a@b.example"}]}"#;
        let body = format!(r#"{{"data":{data},"errors":{errors}}}"#);
        pull(&text, pages(&[&body]))
    };

    for (errors, words) in [
        (r#"[{"message":"timeout"}]"#, "timeout"),
        (r#"{"message":"timeout"}"#, "timeout"),
        (r#""timeout""#, "timeout"),
        (r#"{"k":1}"#, "no message"),
        ("true", "no message"),
    ] {
        let failure = with(errors).failure();
        let expect = format!("the answer has errors: {words}");
        assert!(failure.contains(&expect), "{failure}");
    }
    for none in ["[]", "null", "false", "{}", "0", r#""""#] {
        with(none).complete(&["1"]);
    }
}

#[test]
fn a_202_is_asked_again_where_a_rule_says_so() {
    // 54
    let text = with_rules("  - { status: [202], do: retry }");

    once(&text, status(202, &[], "{}")).complete(&["1"]);
}

#[test]
fn words_of_the_application_are_bounded_and_on_one_line() {
    let body = format!("{{\"error\":\"a\\nb{}\"}}", "x".repeat(10_000));

    let pulled = always(&list(USERS), 400, &[], &body);

    let words = pulled.certificate.failure.unwrap().remote.unwrap();
    assert!(words.starts_with("a b") && words.len() <= 300);
}
