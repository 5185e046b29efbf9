//! Where requests and credentials go while a step has to tell where the base URL is.

use sando_core::definition::Credentials;

use crate::drive::{Pulled, pages, pull, rows};

/// The users are at a host that the first step tells.
fn told_by(steps: &str) -> String {
    format!(
        "definition: sign
app: sign
base_url: '{{base}}/restapi'
hosts: ['*.sign.example']
steps: {steps}
users: {{ path: /users }}
map: {{ external_id: id, email: mail }}
"
    )
}

const INFO: &str = "[{ name: info, path: 'https://account.sign.example/userinfo', \
    keep: { base: 'accounts[is_default=true].base_uri' } }]";

fn info(base: &str) -> String {
    format!(r#"{{"accounts":[{{"is_default":true,"base_uri":"{base}"}}]}}"#)
}

/// Where every request went, and whether with credentials.
fn went(pulled: &Pulled) -> Vec<(&str, bool)> {
    let requests = pulled.requests.iter();
    let went = requests.map(|request| {
        let with = request.credentials == Credentials::Send;
        (request.url.as_str(), with)
    });
    went.collect()
}

#[test]
fn a_step_tells_where_the_base_url_is_and_credentials_go_to_both() {
    let text = told_by(INFO);

    let pulled = pull(
        &text,
        pages(&[&info("https://na3.sign.example"), &rows([1])]),
    )
    .complete(&["1"]);

    assert_eq!(
        went(&pulled),
        [
            ("https://account.sign.example/userinfo", true),
            ("https://na3.sign.example/restapi/users", true)
        ]
    );
}

#[test]
fn a_host_that_an_answer_tells_must_be_one_of_the_hosts() {
    let text = told_by(INFO);

    let evil = pull(&text, pages(&[&info("https://evil.example")]));

    assert!(
        evil.failure().contains("none of the `hosts`"),
        "{}",
        evil.failure()
    );
    assert_eq!(evil.requests.len(), 1);
}

#[test]
fn once_the_base_url_is_known_no_other_host_gets_credentials() {
    let text = told_by(INFO).replace(
        "users: { path: /users }",
        "users: { path: 'https://account.sign.example/users' }",
    );

    let pulled = pull(
        &text,
        pages(&[&info("https://na3.sign.example"), &rows([1])]),
    )
    .complete(&["1"]);

    assert_eq!(
        went(&pulled)[1],
        ("https://account.sign.example/users", false)
    );
}

/// The second of three steps goes where the first one was told, and only the third tells where the base URL is.
fn follows(path: &str) -> String {
    told_by(&format!(
        "[{{ name: first, path: 'https://account.sign.example/a', keep: {{ link: link }} }}, \
          {{ name: second, path: '{path}', keep: {{ more: link }} }}, \
          {{ name: third, path: 'https://account.sign.example/b', keep: {{ base: base }} }}]"
    ))
}

#[test]
fn before_it_is_known_no_answer_says_where_credentials_go() {
    // One of the hosts is asked without them, whatever follows in the path.
    let text = follows("{link}?to=https://account.sign.example/");
    let link = r#"{"link":"https://other.sign.example/c"}"#;
    let base = r#"{"base":"https://na3.sign.example"}"#;

    let pulled = pull(&text, pages(&[link, link, base, &rows([1])])).complete(&["1"]);

    let with: Vec<bool> = went(&pulled).iter().map(|(_, with)| *with).collect();
    assert_eq!(with, [true, false, true, true]);

    // Any other is not asked at all.
    let evil = pull(
        &follows("{link}"),
        pages(&[r#"{"link":"https://evil.example/c"}"#]),
    );
    assert_eq!(evil.requests.len(), 1);
    assert!(
        evil.failure().contains("evil.example"),
        "{}",
        evil.failure()
    );
}

#[test]
fn before_it_is_known_no_next_page_is_asked_for_at_a_host_that_is_not_allowed() {
    let text = told_by(
        "[{ name: first, path: 'https://account.sign.example/a', response_path: d, \
            pagination: { type: next_url, path: next }, keep: { id: '[0].id' } }, \
          { name: second, path: 'https://account.sign.example/b', keep: { base: base } }]",
    );
    let page = r#"{"d":[{"id":1}],"next":"https://evil.example/2"}"#;

    let evil = pull(&text, pages(&[page]));

    assert_eq!(went(&evil), [("https://account.sign.example/a", true)]);
    assert!(
        evil.failure().contains("evil.example"),
        "{}",
        evil.failure()
    );
}

#[test]
fn a_next_url_that_repeats_the_credentials_is_read_without_them() {
    let check = |auth: &str| {
        let text = format!(
            "definition: acme
app: acme
base_url: https://api.acme.example
auth: {auth}
users: {{ path: /users, response_path: d, pagination: {{ type: next_url, path: next }} }}
map: {{ external_id: id, email: mail }}
"
        );
        let next = "https://api.acme.example/users?api_key=s3cret&page=2";
        let page = |id| format!(r#"{{"d":{},"next":"{next}"}}"#, rows([id]));

        // The second says that it is the next itself: the end, as without credentials.
        let pulled = pull(&text, pages(&[&page(1), &page(2)])).complete(&["1", "2"]);

        assert_eq!(pulled.urls(), ["/users", "/users?page=2"]);
    };

    check("{ type: query, params: [{ name: api_key, value: later }] }");
    check("{ type: login, path: /login, token_path: t, send: { query: api_key } }");
}
