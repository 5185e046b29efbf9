//! Lists that are put together: steps, parents, passes, details, joins.

use sando_core::definition::{Answer, Class, Outcome};
use serde_json::json;

use crate::drive::{HEAD, MAP, inputs, list, ok, pages, pull, pull_with, query, rows, status};

#[test]
fn steps_come_first_and_keep_values_for_everything_after_them() {
    let text = format!(
        "{HEAD}steps:
  - {{ name: site, path: /sites, keep: {{ cloud_id: '[0].id' }} }}
  - {{ name: org, path: '/ex/{{cloud_id}}/org', response_path: data, keep: {{ org: id }} }}
users: {{ path: '/ex/{{cloud_id}}/users', query: {{ org: '{{org}}' }} }}
map: {{ external_id: id, email: mail, role: $org }}
"
    );

    let pulled = pull(
        &text,
        pages(&[r#"[{"id":"c 1"}]"#, r#"{"data":{"id":7}}"#, &rows([1])]),
    )
    .complete(&["1"]);

    assert_eq!(
        pulled.urls(),
        ["/sites", "/ex/c%201/org", "/ex/c%201/users?org=7"]
    );
    assert_eq!(pulled.users[0].role.as_deref(), Some("7"));
}

#[test]
fn a_step_that_finds_nothing_to_keep_fails() {
    let text = format!(
        "{HEAD}steps: [{{ name: site, path: /s, keep: {{ a: '[0].id' }} }}]\nusers: {{ path: '/u/{{a}}' }}\n{MAP}"
    );

    let pulled = pull(&text, pages(&["[]"]));

    assert!(
        pulled.failure().contains("nothing at `[0].id`"),
        "{}",
        pulled.failure()
    );
    assert!(
        pulled.failure().contains("step `site`"),
        "{}",
        pulled.failure()
    );
}

const TEAMS: &str = "users:
  path: '/teams/{team_id}/members'
  for_each: { path: /teams, response_path: data, keep: { team_id: id, team: name } }
map: { external_id: id, email: mail, role: $team, full_name: name }
";

fn teams(request: &sando_core::definition::PlannedRequest) -> Outcome {
    ok(match request.url.path() {
        "/teams" => r#"{"data":[{"id":1,"name":"Red"},{"id":2,"name":"Blue"}]}"#,
        "/teams/1/members" => {
            r#"[{"id":"a","mail":"a@b.example","name":"A1"},{"id":"b","mail":"b@b.example"}]"#
        }
        _ => {
            r#"[{"id":"c","mail":"c@b.example"},{"id":"a","mail":"a@b.example","name":"A2"},{"id":"a","mail":"a@b.example"}]"#
        }
    })
}

#[test]
fn a_user_of_several_parents_is_one_user_with_all_roles() {
    // 32
    let pulled = pull(&format!("{HEAD}{TEAMS}"), teams).complete(&["a", "b", "c"]);

    let roles: Vec<_> = pulled
        .users
        .iter()
        .map(|user| user.role.clone().unwrap())
        .collect();
    assert_eq!(roles, ["Red, Blue", "Red", "Blue"]);
    assert_eq!(pulled.users[0].full_name.as_deref(), Some("A1"));
    assert_eq!(
        (pulled.certificate.users, pulled.certificate.received),
        (3, 5)
    );
    assert_eq!(pulled.certificate.listings.len(), 3);
}

#[test]
fn a_failing_parent_fails_the_pull_unless_a_rule_ignores_it() {
    // 50, 66
    let answer = |request: &sando_core::definition::PlannedRequest| match request.url.path() {
        "/teams/1/members" => status(404, &[], ""),
        _ => teams(request),
    };
    let text = format!("{HEAD}{TEAMS}");

    let failed = pull(&text, answer);
    let ignored = pull(
        &format!("{text}errors: [{{ status: [404], do: ignore }}]\n"),
        answer,
    );

    assert!(
        failed.failure().contains("team Red") && failed.failure().contains("404"),
        "{}",
        failed.failure()
    );
    assert!(failed.users.is_empty());
    assert_eq!(ignored.certificate.ignored, 1);
    ignored.complete(&["c", "a"]);
}

#[test]
fn parents_are_paged_and_their_users_too() {
    let text = format!(
        "{HEAD}users:
  path: '/t/{{t}}'
  pagination: {{ type: page }}
  for_each: {{ path: /t, pagination: {{ type: page }}, keep: {{ t: id }} }}
{MAP}"
    );

    let pulled = pull(&text, |request| {
        let page: u64 = query(request)["page"].parse().unwrap();
        match (request.url.path(), page) {
            ("/t", 1) => ok(r#"[{"id":1}]"#),
            ("/t", 2) => ok(r#"[{"id":2}]"#),
            ("/t/1", 1) => ok(&rows([1])),
            ("/t/2", 1) => ok(&rows([2])),
            _ => ok("[]"),
        }
    });

    assert_eq!(
        pulled.urls(),
        [
            "/t?page=1",
            "/t/1?page=1",
            "/t/1?page=2",
            "/t?page=2",
            "/t/2?page=1",
            "/t/2?page=2",
            "/t?page=3"
        ]
    );
    pulled.complete(&["1", "2"]);
}

#[test]
fn passes_run_the_list_once_each_and_a_failing_one_fails_the_pull() {
    // 64, 65
    let text = format!(
        "{HEAD}users: {{ path: /u, query: {{ state: '{{state}}' }}, passes: [{{ state: active }}, {{ state: inactive }}] }}
map: {{ external_id: id, email: mail, role: $state }}
status: {{ active_when: [{{ path: $state, op: is, value: active }}] }}
"
    );

    let pulled = pull(&text, pages(&[&rows([1, 2]), &rows([2, 3])])).complete(&["1", "2", "3"]);
    assert_eq!(pulled.urls(), ["/u?state=active", "/u?state=inactive"]);
    let active: Vec<bool> = pulled.users.iter().map(|user| user.active).collect();
    assert_eq!(active, [true, true, false]);
    assert_eq!(pulled.certificate.duplicates, 0);

    let failed = pull(&text, |request| {
        if request.url.query() == Some("state=active") {
            ok(&rows([1]))
        } else {
            status(403, &[], "")
        }
    });
    assert_eq!(
        failed.certificate.failure.as_ref().unwrap().class,
        Class::Permission
    );
    assert!(
        failed.failure().contains("state inactive"),
        "{}",
        failed.failure()
    );
}

const DETAILS: &str = "users: { path: /u, details: { path: '/users/{username}', response_path: data, concurrency: 3 } }
map: { external_id: id, email: mail, username: login, full_name: detail.name, role: detail.role }
status: { active_when: [{ path: detail.off, op: is_not, value: true }] }
";

fn logins(ids: std::ops::RangeInclusive<u64>) -> String {
    let rows = ids.map(|id| format!(r#"{{"id":{id},"login":"u {id}","mail":"{id}@b.example"}}"#));
    format!("[{}]", rows.collect::<Vec<_>>().join(","))
}

#[test]
fn details_are_asked_for_each_user_and_several_at_once() {
    let pulled = pull(&format!("{HEAD}{DETAILS}"), |request| {
        match request.url.path() {
            "/u" => ok(&logins(1..=5)),
            path => {
                assert!(request.cache.is_some());
                ok(&format!(
                    r#"{{"data":{{"name":"N{path}","off":{}}}}}"#,
                    path.ends_with('2')
                ))
            }
        }
    });

    assert_eq!(pulled.users[0].full_name.as_deref(), Some("N/users/u%201"));
    assert_eq!(pulled.users.iter().filter(|user| user.active).count(), 4);
    assert_eq!(pulled.certificate.requests, 6);
    pulled.complete(&["1", "2", "3", "4", "5"]);
}

#[test]
fn failing_details_leave_their_fields_unknown_and_the_list_complete() {
    let pulled = pull(&format!("{HEAD}{DETAILS}"), |request| {
        match request.url.path() {
            "/u" => ok(&logins(1..=2)),
            "/users/u%202" => ok(r#"{"data":{"name":"Two","role":"r"}}"#),
            _ => status(404, &[], ""),
        }
    })
    .complete(&["1", "2"]);

    let mapped = &pulled.batches[0].users;
    assert_eq!(pulled.certificate.details_failed, 1);
    assert!(
        pulled.certificate.warnings[0].contains("404"),
        "{:?}",
        pulled.certificate.warnings
    );
    assert_eq!(mapped[0].user.role, None);
    assert_eq!(
        mapped[0].unknown,
        ["active", "full_name", "licenses", "role", "status"]
    );
    assert!(mapped[1].unknown.is_empty());
}

#[test]
fn details_that_were_remembered_cost_no_request() {
    let pulled = pull(&format!("{HEAD}{DETAILS}"), |request| {
        match request.url.path() {
            "/u" => ok(&logins(1..=1)),
            _ => Outcome::Answered(Answer {
                cached: true,
                ..Answer::new(200, Vec::new(), br#"{"data":{"name":"N"}}"#.to_vec())
            }),
        }
    });

    assert_eq!(pulled.certificate.requests, 1);
    assert_eq!(pulled.users[0].full_name.as_deref(), Some("N"));
}

#[test]
fn details_come_in_batches() {
    let text = format!(
        "{HEAD}users:
  path: /ids
  details: {{ method: POST, path: /lookup, batch: 2, body: {{ ids: '{{external_ids}}' }}, response_path: resources, item: id, as: d }}
map: {{ external_id: id, email: d.mail }}
"
    );

    let pulled = pull(&text, |request| match request.url.path() {
        "/ids" => ok(r#"[{"id":1},{"id":2},{"id":3}]"#),
        _ => {
            let body: serde_json::Value =
                serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
            ok(if body == json!({"ids": ["1", "2"]}) {
                r#"{"resources":[{"id":2,"mail":"2@b.example"},{"id":1,"mail":"1@b.example"}]}"#
            } else {
                r#"{"resources":[]}"#
            })
        }
    });

    assert_eq!(pulled.certificate.requests, 3);
    assert_eq!(pulled.certificate.dropped.get("no_email"), Some(&1));
    pulled.complete(&["1", "2"]);
}

#[test]
fn ids_alone_get_everything_from_their_details() {
    let text = format!(
        "{HEAD}users:
  path: /ids
  response_path: ids
  details: {{ path: /lookup, batch: 2, query: {{ 'id[]': '{{external_ids}}' }}, response_path: users, item: id, as: d }}
map: {{ external_id: '@value', email: d.mail }}
"
    );

    let pulled = pull(
        &text,
        pages(&[
            r#"{"ids":["x","y"]}"#,
            r#"{"users":[{"id":"y","mail":"y@b.example"},{"id":"x","mail":"x@b.example"}]}"#,
        ]),
    );

    assert_eq!(pulled.urls(), ["/ids", "/lookup?id%5B%5D=x&id%5B%5D=y"]);
    assert_eq!(pulled.users[1].email.as_deref(), Some("y@b.example"));
    pulled.complete(&["x", "y"]);
}

#[test]
fn details_are_not_asked_of_records_that_are_filtered_out_or_repeated() {
    let text = format!("{HEAD}{DETAILS}").replace(
        "{ path: /u,",
        "{ path: /u, where: [{ path: id, op: is_not, value: 2 }],",
    );

    let pulled = pull(&text, |request| match request.url.path() {
        "/u" => ok(&format!(
            "{},{}",
            logins(1..=2).trim_end_matches(']'),
            logins(1..=1).trim_start_matches('[')
        )),
        _ => ok(r#"{"data":{}}"#),
    });

    assert_eq!(pulled.certificate.requests, 2);
    assert_eq!(pulled.certificate.removed_by_where, 1);
    pulled.complete(&["1"]);
}

#[test]
fn a_filter_may_read_the_details() {
    let text = format!("{HEAD}{DETAILS}").replace(
        "{ path: /u,",
        "{ path: /u, where: [{ path: detail.bot, op: is_not, value: true }],",
    );

    let pulled = pull(&text, |request| match request.url.path() {
        "/u" => ok(&logins(1..=2)),
        path => ok(&format!(r#"{{"data":{{"bot":{}}}}}"#, path.ends_with('1'))),
    });

    pulled.complete(&["2"]);
}

const JOIN: &str = "users: { path: /u, join: [{ path: /roles, response_path: data, pagination: { type: page }, by: { user: role_ids, item: id }, as: role }] }
map: { external_id: id, email: mail, role: { join: ['role.*.name'], with: ' + ' } }
";

#[test]
fn a_second_list_is_joined_by_key() {
    let users = r#"[{"id":"1","mail":"a@b.example","role_ids":[1,"2"]},{"id":"2","mail":"b@b.example","role_ids":[9]}]"#;

    let pulled = pull(
        &format!("{HEAD}{JOIN}"),
        pages(&[
            r#"{"data":[{"id":"1","name":"Admin"}]}"#,
            r#"{"data":[{"id":2,"name":"Billing"}]}"#,
            r#"{"data":[]}"#,
            users,
        ]),
    )
    .complete(&["1", "2"]);

    assert_eq!(pulled.users[0].role.as_deref(), Some("Admin + Billing"));
    assert_eq!(pulled.users[1].role, None);
}

#[test]
fn a_failing_join_leaves_fields_unknown() {
    let pulled = pull(&format!("{HEAD}{JOIN}"), |request| {
        match request.url.path() {
            "/roles" => status(403, &[], ""),
            _ => ok(&rows([1])),
        }
    })
    .complete(&["1"]);

    assert_eq!(pulled.certificate.joins_failed, 1);
    assert_eq!(pulled.batches[0].users[0].unknown, ["role"]);
}

#[test]
fn groups_can_be_joined_by_their_members() {
    let text = format!(
        "{HEAD}users: {{ path: /u, join: [{{ path: /groups, by: {{ user: id, item: 'members.*.id' }}, as: groups }}] }}
map: {{ external_id: id, email: mail, role: 'groups.*.name' }}
"
    );
    let groups =
        r#"[{"name":"A","members":[{"id":1},{"id":2}]},{"name":"B","members":[{"id":1}]}]"#;

    let pulled = pull(&text, pages(&[groups, &rows([1, 2])]));

    assert_eq!(pulled.users[0].role.as_deref(), Some("A, B"));
    assert_eq!(pulled.users[1].role.as_deref(), Some("A"));
}

#[test]
fn the_filter_removes_records_before_mapping_and_counts_them() {
    let text = list("{ path: /u, where: [{ path: bot, op: is_not, value: true }] }");

    let pulled = pull(
        &text,
        pages(&[
            r#"[{"id":1,"mail":"a@b.example","bot":true},{"id":2,"mail":"b@b.example"},{"bot":"true"}]"#,
        ]),
    );

    assert_eq!(pulled.certificate.removed_by_where, 2);
    assert!(pulled.certificate.dropped.is_empty());
    pulled.complete(&["2"]);
}

#[test]
fn variables_fill_urls_queries_headers_and_bodies() {
    let text = "definition: acme
app: acme
base_url: https://{domain}.acme.example/api
variables: { domain: { pattern: '^[a-z]+$' }, org: { } }
headers: { X-Org: '{org}' }
users:
  path: /o/{org}/users
  method: POST
  query: { 'role[]': [agent, admin], q: 'a {org}', none: ~, n: 1 }
  headers: { Accept: application/vnd.acme+json }
  body: { org: '{org}', text: 'of {org}', query: 'query { users { id } }' }
map: { external_id: id, email: mail, role: $org }
";

    let pulled = pull_with(
        text,
        inputs(&[("domain", "contoso"), ("org", "a/b?c")]),
        pages(&[&rows([1])]),
    );

    let request = &pulled.requests[0];
    assert_eq!(
        request.url.as_str(),
        "https://contoso.acme.example/api/o/a%2Fb%3Fc/users?role%5B%5D=agent&role%5B%5D=admin&q=a%20a%2Fb%3Fc&n=1"
    );
    let body: serde_json::Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
    assert_eq!(
        body,
        json!({"org": "a/b?c", "text": "of a/b?c", "query": "query { users { id } }"})
    );
    let header = |name: &str| {
        request
            .headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(header("X-Org"), Some("a/b?c"));
    assert_eq!(header("Accept"), Some("application/vnd.acme+json"));
    assert_eq!(header("Content-Type"), Some("application/json"));
    pulled.complete(&["1"]);
}
