//! Applications that refuse: what leads on and has expired, waits that are over, details that are never given.

use sando_core::definition::{Credentials, Outcome};

use crate::drive::{HEAD, Pulled, list, ok, pull, query, rows, status};

#[test]
fn a_page_in_the_middle_that_is_refused_disables_nothing() {
    let check = |code: u16, rule: &str, disable: bool| {
        let text = format!("{}{rule}", list("{ path: /u, pagination: { type: page } }"));
        let pulled = pull(&text, |request| match query(request)["page"].as_str() {
            "1" => ok(&rows([1])),
            _ => status(code, &[], ""),
        });
        let failure = pulled.certificate.failure.unwrap();
        assert_eq!(failure.disable, disable, "{code} {rule}");
    };

    check(400, "", false);
    check(404, "", false);
    check(404, "errors: [{ status: [404], do: fail }]\n", false);
    check(410, "", false);
    check(401, "", true);
    check(403, "", true);
    check(400, "errors: [{ status: [400], do: disable }]\n", true);
}

#[test]
fn a_list_begins_anew_only_where_what_leads_on_may_have_expired() {
    let check = |page: &str, code: u16, header: (&str, &str), rule: &str, expect: bool| {
        let text = format!("{}{rule}", list("{ path: /u, pagination: { type: page } }"));
        let pulled = pull(&text, |request| match query(request)["page"].as_str() {
            known if known == page => status(code, &[header], ""),
            _ => ok(&rows([1])),
        });
        assert_eq!(
            pulled.lost_its_place, expect,
            "{page} {code} {header:?} {rule}"
        );
    };
    let none = ("Date", "Sat, 21 Nov 2026 12:00:00 GMT");
    let disable = "errors: [{ status: [400], do: disable }]\n";
    let limited = "errors: [{ status: [409], do: rate_limited }]\n";

    check("2", 400, none, "", true);
    check("2", 410, none, "", true);
    check("1", 400, none, "", false);
    check("2", 403, none, "", false);
    check("2", 400, ("Retry-After", "1"), "", false);
    check("2", 409, none, limited, false);
    check("2", 400, none, disable, false);
}

#[test]
fn a_named_wait_that_is_over_is_as_long_as_the_usual() {
    let check = |header: (&str, &str)| {
        let pulled = pull(&list("{ path: /u }"), |_| status(429, &[header], ""));

        let waits = pulled.requests.iter().map(|request| request.wait.most);
        let waits: Vec<u128> = waits.map(|wait| wait.as_millis()).collect();
        assert_eq!(waits, [0, 500, 1_000, 2_000, 4_000, 8_000], "{header:?}");
    };

    check(("Retry-After", "0"));
    check(("X-RateLimit-Reset", "1795262370"));
    check(("Retry-After", "Sat, 21 Nov 2026 11:59:00 GMT"));
}

/// A pull of users whose details are all answered so, as many at a time.
fn with_details(users: u64, at_once: u32, mut answer: impl FnMut() -> Outcome) -> Pulled {
    let text = format!(
        "{HEAD}users: {{ path: /u, details: {{ path: '/u/{{external_id}}', concurrency: {at_once} }} }}
map: {{ external_id: id, email: mail, role: detail.role }}
"
    );
    pull(&text, |request| match request.url.path() {
        "/u" => ok(&rows(1..=users)),
        _ => answer(),
    })
}

fn renewals(pulled: &Pulled) -> usize {
    let requests = pulled.requests.iter();
    let renewals = requests.filter(|request| request.credentials == Credentials::Renew);
    renewals.count()
}

#[test]
fn details_that_a_new_token_does_not_open_are_asked_for_once() {
    let pulled = with_details(100, 2, || status(401, &[], ""));

    assert_eq!(pulled.certificate.details_failed, 100);
    // The two that were under way at once.
    assert_eq!(renewals(&pulled), 2);
    assert_eq!(pulled.requests.len(), 1 + 100 + 2);
}

#[test]
fn a_token_that_ends_while_details_are_read_is_renewed_again_and_again() {
    let mut count = 0;

    let pulled = with_details(20, 1, || {
        count += 1;
        match count % 4 {
            0 => status(401, &[], ""),
            _ => ok(r#"{"role":"member"}"#),
        }
    });

    assert_eq!(pulled.certificate.details_failed, 0);
    assert_eq!(renewals(&pulled), 6);
}

#[test]
fn details_that_fail_in_a_row_are_then_asked_for_once() {
    let pulled = with_details(30, 1, || status(500, &[], ""));

    assert_eq!(pulled.certificate.details_failed, 30);
    assert_eq!(pulled.requests.len(), 1 + 20 * 6 + 10);

    // One that is answered is reason to hope again.
    let mut count = 0;
    let pulled = with_details(30, 1, || {
        count += 1;
        match count {
            121 => ok(r#"{"role":"member"}"#),
            _ => status(500, &[], ""),
        }
    });
    assert_eq!(pulled.certificate.details_failed, 29);
    assert_eq!(pulled.requests.len(), 1 + 20 * 6 + 1 + 9 * 6);
}

#[test]
fn details_with_nothing_in_them_are_asked_for_once_more() {
    let pulled = with_details(3, 1, || ok(""));

    assert_eq!(pulled.certificate.details_failed, 3);
    assert_eq!(pulled.requests.len(), 1 + 3 * 2);

    let mut answers = ["", r#"{"role":"member"}"#].into_iter();
    let pulled = with_details(1, 1, || ok(answers.next().unwrap()));
    assert_eq!(pulled.certificate.details_failed, 0);
}

#[test]
fn details_that_fail_for_another_reason_are_no_reason_to_give_up() {
    // Twenty users have none, then the application stumbles once.
    let mut count = 0;
    let pulled = with_details(21, 1, || {
        count += 1;
        match count {
            ..=20 => status(404, &[], ""),
            21 => status(503, &[], ""),
            _ => ok(r#"{"role":"member"}"#),
        }
    });
    assert_eq!(pulled.certificate.details_failed, 20);

    // It goes down right after a token was renewed, and the next one can be renewed too.
    let mut count = 0;
    let pulled = with_details(2, 1, || {
        count += 1;
        match count {
            1 | 7 => status(401, &[], ""),
            2..=6 => status(503, &[], ""),
            _ => ok(r#"{"role":"member"}"#),
        }
    });
    assert_eq!(pulled.certificate.details_failed, 1);
    assert_eq!(pulled.requests.len(), 1 + 6 + 2);

    // Whoever answers that there is nothing is not down: ten fail before, ten after it, and one is asked for again.
    let mut count = 0;
    let pulled = with_details(22, 1, || {
        count += 1;
        match count {
            61 => status(404, &[], ""),
            123.. => ok(r#"{"role":"member"}"#),
            _ => status(503, &[], ""),
        }
    });
    assert_eq!(pulled.certificate.details_failed, 21);
}
