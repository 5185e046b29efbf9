//! Proposals from a sample answer: what a definition could say, each with its reason. Nothing is applied by itself.

mod head;
mod lists;
mod paging;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use head::Head;
use lists::{has_address, lists_in};
pub(crate) use paging::tells_of_pages;

use crate::{
    moment::Moment,
    path::{Path, of_scalar},
};

/// One proposal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The key of the definition that it is for: `users.response_path`, `map.email`.
    pub key: String,
    /// The value to put there.
    pub value: Value,
    /// Why.
    pub reason: String,
}

/// How deep lists and fields are looked for.
const DEEPEST: usize = 4;
/// How many rows are looked at.
const MOST_ROWS: usize = 200;

/// Proposals from one answer of the list of users, and the headers it came with.
#[must_use]
pub fn suggest(answer: &Value, headers: &[(String, String)]) -> Vec<Suggestion> {
    let mut found = Vec::new();
    let mut lists = Vec::new();
    lists_in(answer, "", 0, &mut lists);
    let best = lists.into_iter().max_by_key(|(path, rows)| {
        let objects = rows.iter().filter(|row| row.is_object()).count();
        let is_within = path.trim_end_matches('*').contains('*');
        (
            has_address(rows),
            !is_within,
            objects,
            usize::MAX - path.len(),
        )
    });
    let Some((response_path, rows)) = best else {
        return found;
    };
    let mut reason = match rows.len() {
        1 => "a list with 1 record stands there".to_owned(),
        count => format!("a list with {count} records stands there"),
    };
    if !has_address(&rows) {
        reason.push_str(", without any e-mail address: check that it is that of the users");
    }
    found.push(Suggestion {
        key: "users.response_path".to_owned(),
        value: json!(response_path),
        reason,
    });
    found.extend(paging::proposed(
        answer,
        &response_path,
        rows.len(),
        headers,
    ));
    let rows: Vec<&Value> = rows.into_iter().take(MOST_ROWS).collect();
    found.extend(mapping(&rows));
    found.extend(status(&rows));
    found
}

/// The path of a key under another path.
fn under(at: &str, key: &str) -> String {
    let is_plain = Path::parse(key).is_ok_and(|path| path.leading_keys().eq([key]));
    match (at.is_empty(), is_plain) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{at}.{key}"),
        (_, false) => format!("{at}[{}]", json!(key)),
    }
}

/// The scalars of a record, with their paths.
fn fields_of(row: &Value) -> Vec<(String, &Value)> {
    fn walk<'a>(value: &'a Value, at: &str, depth: usize, fields: &mut Vec<(String, &'a Value)>) {
        match value {
            Value::Object(map) if depth < DEEPEST => {
                for (key, value) in map {
                    walk(value, &under(at, key), depth + 1, fields);
                }
            }
            Value::Array(items) => {
                let primary = items
                    .iter()
                    .find(|item| item.get("primary") == Some(&json!(true)));
                if let Some(value) = primary.and_then(|item| item.get("value")) {
                    fields.push((format!("{at}[primary=true].value"), value));
                }
            }
            Value::Object(_) => {}
            scalar => fields.push((at.to_owned(), scalar)),
        }
    }
    let mut fields = Vec::new();
    walk(row, "", 0, &mut fields);
    fields
}

/// What ids are called.
const IDS: &[&str] = &[
    "id",
    "userid",
    "gid",
    "uid",
    "memberid",
    "teammemberid",
    "accountid",
    "uuid",
    "key",
];

/// What the fields of a user are called, the usual name first.
const WISHES: [(&str, &[&str]); 9] = [
    ("external_id", IDS),
    (
        "email",
        &[
            "email",
            "mail",
            "emailaddress",
            "primaryemail",
            "emailsvalue",
            "workemail",
            "login",
            "username",
        ],
    ),
    (
        "username",
        &[
            "username",
            "login",
            "handle",
            "userprincipalname",
            "nickname",
        ],
    ),
    (
        "full_name",
        &["fullname", "displayname", "name", "realname"],
    ),
    ("first_name", &["firstname", "givenname", "given"]),
    (
        "last_name",
        &["lastname", "familyname", "surname", "family"],
    ),
    (
        "role",
        &["role", "rolename", "orgrole", "membertype", "accessrole"],
    ),
    (
        "created_at",
        &[
            "createdat",
            "created",
            "createddate",
            "createddatetime",
            "datecreated",
            "creationtime",
            "addedat",
        ],
    ),
    (
        "last_visit_at",
        &[
            "lastvisitat",
            "lastlogin",
            "lastloginat",
            "lastlogintime",
            "lastseen",
            "lastactive",
            "lastactivityat",
            "lastsigninat",
        ],
    ),
];

/// Which field could be which.
fn mapping(rows: &[&Value]) -> Vec<Suggestion> {
    let mut found: Vec<Suggestion> = Vec::new();
    for (field, words) in WISHES {
        let has_whole = found
            .iter()
            .any(|suggestion| suggestion.key == "map.full_name");
        if has_whole && matches!(field, "first_name" | "last_name") {
            continue;
        }
        let fits = |value: &Value| match field {
            "email" => is_address(value),
            "created_at" | "last_visit_at" => {
                Moment::read(value).is_ok_and(|moment| moment.timestamp().is_some())
            }
            _ => of_scalar(value).is_some_and(|text| !text.is_empty()) && !value.is_boolean(),
        };
        if let Some((path, count)) = best(rows, words, fits) {
            if field == "full_name" && names_are_nearer(rows, &path) {
                continue;
            }
            found.push(Suggestion {
                key: format!("map.{field}"),
                value: json!(path),
                reason: format!(
                    "{count} of {} records have a fitting value at `{path}`",
                    rows.len()
                ),
            });
        }
    }
    found
}

/// Stand a first and a last name less deep than what is called a name? Then that is the name of something else.
fn names_are_nearer(rows: &[&Value], path: &str) -> bool {
    let depth = |path: &str| path.matches('.').count();
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let is_nearer = |field: &str| {
        let wish = WISHES.iter().find(|(known, _)| *known == field);
        let found = wish.and_then(|(_, words)| best(rows, words, is_text));
        found.is_some_and(|(found, _)| depth(&found) < depth(path))
    };
    is_nearer("first_name") && is_nearer("last_name")
}

/// The path whose name fits best, and among those the least deep. What fewer than half of the records have comes last.
fn best(rows: &[&Value], words: &[&str], fits: impl Fn(&Value) -> bool) -> Option<(String, usize)> {
    let mut counts: Map<String, Value> = Map::new();
    for row in rows {
        for (path, value) in fields_of(row) {
            if rank(&path, words).is_some() && fits(value) {
                let count = counts.entry(path).or_insert(json!(0));
                *count = json!(count.as_u64().unwrap_or(0) + 1);
            }
        }
    }
    let ranked = counts.iter().filter_map(|(path, count)| {
        let count = usize::try_from(count.as_u64()?).ok()?;
        let is_rare = count * 2 < rows.len();
        Some((
            is_rare,
            rank(path, words)?,
            path.matches('.').count(),
            usize::MAX - count,
            path,
            count,
        ))
    });
    let (.., path, count) = ranked.min()?;
    Some((path.clone(), count))
}

/// How well a path is named for a field; the least is best.
fn rank(path: &str, words: &[&str]) -> Option<usize> {
    let without_filter = path.replace("[primary=true]", "");
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|letter| letter.is_ascii_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    };
    let parts: Vec<String> = without_filter.split('.').map(plain).collect();
    let last = parts.last()?;
    let two: String = parts.iter().rev().take(2).rev().cloned().collect();
    words.iter().position(|word| word == last || *word == two)
}

/// What could tell who is active.
fn status(rows: &[&Value]) -> Option<Suggestion> {
    const POSITIVE: [&str; 3] = ["active", "enabled", "isactive"];
    const NEGATIVE: [&str; 5] = ["deleted", "disabled", "suspended", "deactivated", "blocked"];
    const STATES: [&str; 4] = ["status", "state", "userstatus", "accountstatus"];
    let boolean = |value: &Value| value.is_boolean() || value == "true" || value == "false";
    let is_active = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case("active"))
    };
    let (condition, reason) = if let Some((path, _)) = best(rows, &POSITIVE, boolean) {
        (
            json!({ "path": path, "op": "is", "value": true }),
            format!("`{path}` is true or false"),
        )
    } else if let Some((path, _)) = best(rows, &NEGATIVE, boolean) {
        (
            json!({ "path": path, "op": "is_not", "value": true }),
            format!("`{path}` is true or false"),
        )
    } else {
        let (path, count) = best(rows, &STATES, is_active)?;
        let compiled = Path::parse(&path).ok()?;
        let value = rows
            .iter()
            .find_map(|row| compiled.find(*row).filter(|value| is_active(value)))?;
        let condition = json!({ "path": path, "op": "is", "value": value });
        (
            condition,
            format!("{count} of {} records are {value} at `{path}`", rows.len()),
        )
    };
    Some(Suggestion {
        key: "status.active_when".to_owned(),
        value: json!([condition]),
        reason,
    })
}

fn is_address(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| super::map::is_address(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: Value, headers: &[(&str, &str)], expect: &[(&str, Value)]) {
        let headers: Vec<(String, String)> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let found: Vec<(String, Value)> = suggest(&answer, &headers)
            .into_iter()
            .map(|suggestion| (suggestion.key, suggestion.value))
            .collect();
        let expect: Vec<(String, Value)> = expect
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_usual_answer_is_understood() {
        check(
            json!({
                "ok": true, "tags": ["a", "b", "c"],
                "members": [
                    { "id": "U1", "name": "ada", "deleted": false, "profile": { "email": "ada@b.example", "real_name": "Ada Park" } },
                    { "id": "U2", "name": "bot", "deleted": true, "profile": {} },
                ],
                "response_metadata": { "next_cursor": "dGVhbQ==" },
            }),
            &[],
            &[
                ("users.response_path", json!("members")),
                (
                    "users.pagination",
                    json!({ "type": "cursor", "path": "response_metadata.next_cursor" }),
                ),
                ("map.external_id", json!("id")),
                ("map.email", json!("profile.email")),
                ("map.full_name", json!("name")),
                (
                    "status.active_when",
                    json!([{ "path": "deleted", "op": "is_not", "value": true }]),
                ),
            ],
        );
    }

    #[test]
    fn scim_and_link_headers_are_known() {
        check(
            json!({ "totalResults": 1, "startIndex": 1, "Resources": [{ "id": "1", "userName": "a@b.example", "active": true, "emails": [{ "value": "c@b.example", "primary": true }] }] }),
            &[],
            &[
                ("users.response_path", json!("Resources")),
                ("users.preset", json!("scim")),
                ("map.external_id", json!("id")),
                ("map.email", json!("emails[primary=true].value")),
                ("map.username", json!("userName")),
                (
                    "status.active_when",
                    json!([{ "path": "active", "op": "is", "value": true }]),
                ),
            ],
        );
        check(
            json!([{ "id": 1, "login": "ada", "status": "ACTIVE", "created_at": "2026-01-05T09:00:00Z" }]),
            &[("Link", r#"<https://api.acme.example/u?page=2>; rel="next""#)],
            &[
                ("users.response_path", json!("")),
                (
                    "users.pagination",
                    json!({ "type": "next_url", "link_header": "next" }),
                ),
                ("map.external_id", json!("id")),
                ("map.username", json!("login")),
                ("map.created_at", json!("created_at")),
                (
                    "status.active_when",
                    json!([{ "path": "status", "op": "is", "value": "ACTIVE" }]),
                ),
            ],
        );
    }

    /// What is proposed for these keys.
    fn proposed(answer: &Value, keys: &[&str]) -> Vec<Value> {
        let found = suggest(answer, &[]);
        let of = |key: &&str| {
            let found = found.iter().find(|suggestion| suggestion.key == *key);
            found.map(|suggestion| suggestion.value.clone())
        };
        keys.iter().map(|key| of(key).unwrap_or_default()).collect()
    }

    #[test]
    fn users_by_id_and_within_teams_are_found() {
        let keys = ["users.response_path", "map.external_id", "map.email"];
        let by_id = json!({
            "4101": { "id": 4101, "email": "a@b.example" }, "4102": { "id": 4102, "email": "c@b.example" },
        });
        let teams = json!({ "teams": [
            { "id": "9", "members": [{ "user": { "id": 3, "email": "a@b.example" } }] },
            { "id": "8", "members": [{ "user": { "id": 4, "email": "c@b.example" } }] },
        ] });
        let own = json!([{ "id": 1, "mails": [{ "address": "a@b.example" }, { "address": "c@b.example" }] }]);
        let columns = json!({ "types": [{ "name": "name" }, { "name": "email" }], "data": [["ADA", "a@b.example"]] });

        assert_eq!(proposed(&by_id, &keys), ["*", "id", "email"]);
        assert_eq!(
            proposed(&teams, &keys),
            ["teams.*.members", "user.id", "user.email"]
        );
        assert_eq!(proposed(&own, &keys), [json!(""), json!("id"), Value::Null]);
        assert_eq!(proposed(&columns, &keys[..1]), ["data"]);
    }

    #[test]
    fn a_version_is_no_id_of_a_record() {
        let versioned = json!({ "v1": { "users": [{ "id": 1, "email": "a@b.example" }] } });
        let keys = ["users.response_path", "map.external_id", "map.email"];

        assert_eq!(proposed(&versioned, &keys), ["v1.users", "id", "email"]);
    }

    #[test]
    fn what_a_record_lacks_is_no_reason_to_look_deeper() {
        let with = |emails: [Value; 4]| {
            let users = emails.into_iter().map(|email| {
                json!({ "id": "1", "email": email, "owner": { "email": "boss@b.example" } })
            });
            Value::from_iter(users)
        };
        let check = |users: Value, email: &str| {
            assert_eq!(proposed(&users, &["map.email"]), [json!(email)]);
        };
        let own = || json!("a@b.example");

        check(with([own(), own(), own(), Value::Null]), "email");
        check(with([own(), own(), Value::Null, Value::Null]), "email");
        // Not where fewer than half have it.
        let few = with([own(), Value::Null, Value::Null, Value::Null]);
        check(few, "owner.email");
    }

    #[test]
    fn what_is_named_best_and_stands_least_deep_is_proposed() {
        let members = json!([
            { "profile": { "team_member_id": "m1", "account_id": "a1", "email": "a@b.example" } },
            { "profile": { "team_member_id": "m2", "email": "c@b.example" } },
        ]);
        let records = json!({ "nextRecordsUrl": "/query/2000", "records": [
            { "Id": "5", "Email": "a@b.example", "FirstName": "Ada", "LastName": "Park", "Profile": { "Name": "Admin" } },
        ] });

        assert_eq!(
            proposed(&members, &["map.external_id"]),
            ["profile.team_member_id"]
        );
        assert_eq!(
            proposed(
                &records,
                &["map.full_name", "map.first_name", "map.last_name"]
            ),
            [Value::Null, json!("FirstName"), json!("LastName")]
        );
        assert_eq!(
            proposed(&records, &["users.pagination"]),
            [json!({ "type": "next_url", "path": "nextRecordsUrl" })]
        );
    }

    #[test]
    fn a_list_without_addresses_is_not_proposed_without_a_word() {
        let found = suggest(&json!({ "teams": [{ "id": 1, "name": "Team" }] }), &[]);

        assert!(found[0].reason.contains("without any e-mail address"));
    }

    #[test]
    fn an_answer_without_lists_suggests_nothing() {
        check(json!({ "error": "no" }), &[], &[]);
        check(json!(1), &[], &[]);
    }
}
