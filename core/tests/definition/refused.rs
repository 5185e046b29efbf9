//! Applications that refuse: what leads on and has expired, waits that are over, details that are never given.

use crate::drive::{list, ok, pull, query, rows, status};

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
