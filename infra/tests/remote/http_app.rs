//! Declarative HTTP actions against a simulated application without SCIM.

use std::sync::{Arc, Mutex};

use axum::extract::Query;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use sando_core::effect::{Action, Outcome};
use sando_core::ids::ExternalId;
use sando_core::ports::{Provisioner, RemoteError, Subject};
use sando_world::{Fault, FaultKind, HttpApp, HttpAppOptions};
use serde_json::{Value, json};

use crate::support::{FixedSecrets, TestServer, ada, key, known, provisioner, somebody};

pub(crate) const ADA: &str = "ada.park@contoso.example";

/// The example of `lifecycle.md`.
pub(crate) fn file(base_url: &str) -> Value {
    json!({"app": "acme", "provisioner": {
        "type": "http",
        "base_url": base_url,
        "auth": {"type": "headers", "headers": [{"name": "X-Api-Key", "value": "later"}]},
        "actions": {
            "find": {"path": "/members?email={work_email}", "response_path": "members", "id": "id",
                "active": {"path": "state", "op": "is", "value": "active"}},
            "create": {"method": "POST", "path": "/members",
                "body": {"email": "{work_email}", "role": "{grant.role}"}, "id": "id", "already": [409]},
            "update": {"method": "PATCH", "path": "/members/{user.id}", "body": {"role": "{grant.role}"}},
            "suspend": {"method": "POST", "path": "/members/{user.id}/suspend"},
            "restore": {"method": "POST", "path": "/members/{user.id}/restore"},
            "remove": {"method": "DELETE", "path": "/members/{user.id}", "gone": [404]},
            "assign_plan": {"method": "PUT", "path": "/members/{user.id}/seat", "body": {"plan": "{grant.plan}"}},
            "release_plan": {"method": "DELETE", "path": "/members/{user.id}/seat", "gone": [404]},
            "revoke_sessions": {"method": "POST", "path": "/members/{user.id}/logout"},
        },
    }})
}

pub(crate) async fn world() -> (HttpApp, Arc<dyn Provisioner>) {
    let app = HttpApp::start(HttpAppOptions::default()).await.unwrap();
    let secrets = FixedSecrets::default().with("app/acme", &[("X-Api-Key", app.api_key())]);
    let provisioner = provisioner(&file(&app.base_url()), secrets).await;
    (app, provisioner)
}

/// An application whose `find` answers this.
pub(crate) async fn answering(answer: Value) -> (TestServer, Arc<dyn Provisioner>) {
    let router = Router::new().route("/members", get(move || async move { Json(answer) }));
    let server = TestServer::start(router).await;
    let secrets = FixedSecrets::default().with("app/acme", &[("X-Api-Key", "app-key")]);
    let provisioner = provisioner(&file(server.url.as_str()), secrets).await;
    (server, provisioner)
}

#[tokio::test]
async fn every_action_of_the_example_works() {
    let (app, http) = world().await;
    let mut subject = ada();
    subject.entitlement.role = Some("editor".to_owned());
    subject.entitlement.plan = Some("pro".to_owned());
    assert_eq!(http.find(&subject).await.unwrap(), None);

    let made = http.make(Action::Create, &subject, &key()).await;
    let Outcome::Done {
        external_id: Some(id),
        was_so: false,
    } = made
    else {
        panic!("{made:?}")
    };
    let found = http.find(&subject).await.unwrap().unwrap();
    assert_eq!(
        (&found.external_id, found.active, found.ours, found.entitled),
        (&id, true, false, None)
    );

    let subject = known(&subject, &id);
    for action in [
        Action::Entitle,
        Action::RevokeSessions,
        Action::ReleasePlan,
        Action::Suspend,
    ] {
        let outcome = http.make(action, &subject, &key()).await;
        assert!(
            matches!(outcome, Outcome::Done { was_so: false, .. }),
            "{action:?} {outcome:?}"
        );
    }
    assert!(!http.find(&subject).await.unwrap().unwrap().active);
    let member = app.member(ADA).unwrap();
    assert_eq!(
        (member.role.as_deref(), member.plan, member.logouts),
        (Some("editor"), None, 1)
    );

    http.make(Action::Restore, &subject, &key()).await;
    assert_eq!(app.member(ADA).unwrap().state, "active");
    for gone in [false, true] {
        let outcome = http.make(Action::Remove, &subject, &key()).await;
        assert!(
            matches!(outcome, Outcome::Done { was_so, .. } if was_so == gone),
            "{outcome:?}"
        );
    }
    assert!(app.members().is_empty());
}

#[tokio::test]
async fn a_create_that_is_there_already_says_so_and_one_without_an_answer_is_unknown() {
    let (app, http) = world().await;
    let mut subject = ada();
    subject.entitlement.role = Some("editor".to_owned());
    app.faults()
        .push(Fault::on("POST", "/members", FaultKind::CutAfter));

    let first = http.make(Action::Create, &subject, &key()).await;
    let second = http.make(Action::Create, &subject, &key()).await;

    assert!(matches!(first, Outcome::Unknown { .. }), "{first:?}");
    assert!(
        matches!(second, Outcome::Done { was_so: true, .. }),
        "{second:?}"
    );
    assert_eq!(app.creates(), 1);
}

#[tokio::test]
async fn a_hostile_value_changes_nothing_but_itself() {
    let (app, http) = world().await;
    app.insert_stranger("victim@contoso.example");
    for email in [
        "a&email=victim@contoso.example",
        "../members/1@x.example",
        "a/../../x@contoso.example",
        r#"a","role":"owner@x.example"#,
        "{grant.role}@x.example",
        "a b+c%2F#?@x.example",
    ] {
        let mut subject = somebody("work_email", email);
        subject.entitlement.role = Some("editor".to_owned());

        assert_eq!(http.find(&subject).await.unwrap(), None, "{email}");
        let made = http.make(Action::Create, &subject, &key()).await;
        assert!(
            matches!(made, Outcome::Done { was_so: false, .. }),
            "{email} {made:?}"
        );
        assert_eq!(app.member(email).unwrap().role.as_deref(), Some("editor"));
        assert!(http.find(&subject).await.unwrap().is_some(), "{email}");
    }
    for id in ["../members", "x/suspend", "a?b", "a#b"] {
        let subject = known(&ada(), &ExternalId::try_from(id.to_owned()).unwrap());
        http.make(Action::Suspend, &subject, &key()).await;
    }
    assert!(app.members().iter().all(|member| member.state == "active"));
}

#[tokio::test]
async fn a_field_of_a_form_may_be_json() {
    let sent = Arc::new(Mutex::new(String::new()));
    let seen = sent.clone();
    let take = move |body: String| async move {
        *seen.lock().unwrap() = body;
        Json(json!({ "id": "7" }))
    };
    let server = TestServer::start(Router::new().route("/members", post(take))).await;
    let mut file = file(server.url.as_str());
    file["provisioner"]["actions"]["create"] = json!({"method": "POST", "path": "/members", "id": "id",
        "form": {"state": "on", "profile": {"json": {"email": "{work_email}", "tags": ["a"]}}}});
    let secrets = FixedSecrets::default().with("app/acme", &[("X-Api-Key", "app-key")]);
    let http = provisioner(&file, secrets).await;

    let made = http.make(Action::Create, &ada(), &key()).await;

    assert!(matches!(made, Outcome::Done { .. }), "{made:?}");
    let sent = sent.lock().unwrap();
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(sent.as_bytes())
        .into_owned()
        .collect();
    let profile = format!(r#"{{"email":"{ADA}","tags":["a"]}}"#);
    let expect = [("profile", profile.as_str()), ("state", "on")];
    assert_eq!(
        fields,
        expect.map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
}

#[tokio::test]
async fn a_value_that_is_missing_is_refused_before_anything_is_sent() {
    let (app, http) = world().await;

    let outcome = http.make(Action::Create, &ada(), &key()).await;

    let expect = Outcome::Refused {
        why: "`grant.role` has no value".to_owned(),
    };
    assert_eq!(outcome, expect);
    assert_eq!(app.traffic().requests(), 0);
}

#[tokio::test]
async fn several_users_are_nobody_s_to_choose_from_unless_one_is_known() {
    let twins = json!({"members": [{"id": 1, "state": "active"}, {"id": 2, "state": "off"}]});
    let (_server, http) = answering(twins).await;

    let error = http.find(&ada()).await.unwrap_err();
    assert!(matches!(error, RemoteError::Unreadable { .. }), "{error:?}");

    let second = known(&ada(), &ExternalId::try_from("2".to_owned()).unwrap());
    let found = http.find(&second).await.unwrap().unwrap();
    assert_eq!((found.external_id.as_str(), found.active), ("2", false));
}

#[tokio::test]
async fn a_server_that_ignores_the_question_does_not_make_somebody_else_ours() {
    let others =
        json!({"members": [{"id": 1, "email": "boss@contoso.example", "state": "active"}]});
    let (_server, http) = answering(others).await;
    assert_eq!(http.find(&ada()).await.unwrap(), None);

    let all = json!({"members": [
        {"id": 1, "email": "boss@contoso.example", "state": "active"},
        {"id": 2, "email": "Ada.Park@Contoso.example", "state": "active"},
    ]});
    let (_server, http) = answering(all).await;
    assert_eq!(
        http.find(&ada())
            .await
            .unwrap()
            .unwrap()
            .external_id
            .as_str(),
        "2"
    );
}

#[tokio::test]
async fn an_answer_of_another_shape_is_an_error_and_never_nobody() {
    for answer in [
        json!({"people": []}),
        json!({"members": "none"}),
        json!({"members": [{"name": "no id"}]}),
        json!([]),
    ] {
        let (_server, http) = answering(answer.clone()).await;
        let error = http.find(&ada()).await;
        assert!(
            matches!(error, Err(RemoteError::Unreadable { .. })),
            "{answer} {error:?}"
        );
    }
    let (_server, http) = answering(json!({"members": null})).await;
    assert_eq!(http.find(&ada()).await.unwrap(), None);
}

/// An application whose `find` answers in pages, and goes on in this way.
async fn paged(pagination: Value, pages: Vec<Value>) -> (TestServer, Arc<dyn Provisioner>) {
    paged_at("/members?email={work_email}", pagination, pages).await
}

/// An application that is asked for everybody, and answers one of them a page.
async fn listing(members: &[Value]) -> (TestServer, Arc<dyn Provisioner>) {
    let pages = members.iter().map(|row| json!({ "members": [row] }));
    let end = json!({ "members": [] });
    let pages = pages.chain([end]).collect();
    paged_at("/members", json!({ "type": "page" }), pages).await
}

async fn paged_at(
    path: &str,
    pagination: Value,
    pages: Vec<Value>,
) -> (TestServer, Arc<dyn Provisioner>) {
    let answer = move |Query(query): Query<Value>| {
        let number = query["page"].as_str().unwrap_or("1").parse::<usize>();
        let page = pages.get(number.unwrap() - 1).cloned();
        async move { page.map(Json).ok_or(StatusCode::NOT_FOUND) }
    };
    let server = TestServer::start(Router::new().route("/members", get(answer))).await;
    let mut file = file(server.url.as_str());
    let find = &mut file["provisioner"]["actions"]["find"];
    find["path"] = json!(path);
    find["pagination"] = pagination;
    let secrets = FixedSecrets::default().with("app/acme", &[("X-Api-Key", "app-key")]);
    let provisioner = provisioner(&file, secrets).await;
    (server, provisioner)
}

fn member(id: u64, email: &str) -> Value {
    json!({ "id": id, "email": email, "state": "active" })
}

#[tokio::test]
async fn a_user_on_a_later_page_is_found() {
    let boss = json!({ "members": [member(1, "boss@contoso.example")], "next": "/members?page=2" });
    let ada_herself = json!({ "members": [member(2, ADA)] });
    let check = async |pagination: Value, pages: &[&Value]| {
        let pages = pages.iter().copied().cloned().collect();
        let (_server, http) = paged(pagination, pages).await;
        let found = http.find(&ada()).await.unwrap().unwrap();
        assert_eq!(found.external_id.as_str(), "2");
        let somebody = somebody("work_email", "bob@contoso.example");
        assert_eq!(http.find(&somebody).await.unwrap(), None);
    };

    let nobody = json!({ "members": [] });
    let numbered = json!({ "type": "page" });
    check(numbered, &[&boss, &ada_herself, &nobody]).await;
    let next_url = json!({ "type": "next_url", "path": "next" });
    check(next_url, &[&boss, &ada_herself]).await;
}

/// Whom a look finds among these.
async fn met(members: &[Value], subject: &Subject) -> Option<String> {
    let (_server, http) = listing(members).await;
    let found = http.find(subject).await.unwrap();
    found.map(|found| found.external_id.as_str().to_owned())
}

#[tokio::test]
async fn among_everybody_only_who_has_the_address_is_the_person_s() {
    let boss = || member(1, "boss@contoso.example");
    let bob = || member(3, "bob@contoso.example");
    let nameless = || json!({ "id": 4, "state": "active" });
    let ada_herself = member(2, "Ada.Park@Contoso.example");

    let all = [boss(), ada_herself, bob(), nameless()];
    assert_eq!(met(&all, &ada()).await.as_deref(), Some("2"));
    for others in [
        vec![boss()],
        vec![boss(), bob()],
        vec![nameless()],
        Vec::new(),
    ] {
        assert_eq!(met(&others, &ada()).await, None, "{others:?}");
    }
    let (_server, http) = listing(&[boss()]).await;
    let without = http.find(&somebody("work_email", "")).await;
    assert!(without.is_err(), "{without:?}");
}

#[tokio::test]
async fn an_address_among_the_variables_makes_its_user_nobody_else_s() {
    let boss = json!({ "members": [member(1, "boss@contoso.example")] });
    let (server, _) = answering(boss).await;
    let mut file = file(server.url.as_str());
    file["provisioner"]["actions"]["find"]["path"] = json!("/members?of={owner}");
    let secrets = FixedSecrets::default()
        .with("app/acme", &[("X-Api-Key", "app-key")])
        .variable("app/acme", "owner", "boss@contoso.example");
    let http = provisioner(&file, secrets).await;

    assert_eq!(http.find(&ada()).await.unwrap(), None);
}

#[tokio::test]
async fn where_the_user_who_is_known_is_gone_nobody_else_is_taken_for_them() {
    let second = ExternalId::try_from("2".to_owned()).unwrap();
    let known_ada = known(&ada(), &second);
    let boss = || member(1, "boss@contoso.example");
    let bob = || member(3, "bob@contoso.example");

    for gone in [vec![boss()], vec![boss(), bob()]] {
        assert_eq!(met(&gone, &known_ada).await, None, "{gone:?}");
    }
    let again = [boss(), member(7, ADA)];
    assert_eq!(met(&again, &known_ada).await.as_deref(), Some("7"));
    for there in [
        json!({ "id": 2, "state": "active" }),
        member(2, "ada.lee@contoso.example"),
    ] {
        let all = [boss(), there, bob()];
        assert_eq!(met(&all, &known_ada).await.as_deref(), Some("2"));
    }
    // The one answer to a question for an address may be anybody's as long as it shows none.
    let somebody = json!({ "members": [{ "id": 1, "state": "active" }] });
    let (_server, http) = answering(somebody).await;
    assert_eq!(http.find(&known_ada).await.unwrap(), None);
}

#[tokio::test]
async fn a_list_that_is_not_read_to_its_end_never_says_that_somebody_is_absent() {
    let boss = || member(1, "boss@contoso.example");
    let one = || json!({ "members": [boss()] });
    let numbered = || json!({ "type": "page" });
    let away = json!({ "members": [boss()], "next": "https://elsewhere.example/members" });
    let next_url = json!({ "type": "next_url", "path": "next" });
    let of_two = json!({ "members": [boss()], "total": 2 });
    let counted = json!({ "type": "page", "total_path": "total" });
    for (pagination, pages) in [
        (numbered(), vec![one()]),
        (numbered(), vec![one(), one()]),
        (numbered(), vec![one(), json!({ "error": "try later" })]),
        (counted, vec![of_two, json!({ "members": [] })]),
        (next_url, vec![away]),
    ] {
        let (_server, http) = paged(pagination.clone(), pages).await;
        let found = http.find(&ada()).await;
        assert!(found.is_err(), "{pagination} {found:?}");
    }
}

#[tokio::test]
async fn the_answer_itself_may_be_the_user_and_a_404_nobody() {
    let router = Router::new().route(
        "/who",
        get(|Query(query): Query<Value>| async move {
            match query["mail"].as_str() {
                Some(ADA) => Ok(Json(json!({"uid": 7}))),
                _ => Err(StatusCode::NOT_FOUND),
            }
        }),
    );
    let server = TestServer::start(router).await;
    let file = json!({"app": "acme", "provisioner": {"type": "http", "base_url": server.url.as_str(), "actions": {
        "find": {"path": "/who", "query": {"mail": "{work_email}"}, "id": "uid"},
    }}});
    let http = provisioner(&file, FixedSecrets::default()).await;

    assert_eq!(
        http.find(&ada())
            .await
            .unwrap()
            .unwrap()
            .external_id
            .as_str(),
        "7"
    );
    let other = somebody("work_email", "bob@contoso.example");
    assert_eq!(http.find(&other).await.unwrap(), None);
    let outcome = http.make(Action::Create, &ada(), &key()).await;
    assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_role_and_a_plan_are_looked_at_where_find_says_where_they_stand() {
    let row = json!({ "id": 7, "email": ADA, "role": "member", "seat": { "plans": ["pro"] }, "state": "active" });
    let (server, _) = answering(json!({ "members": [row] })).await;
    let check =
        async |paths: Value, role: Option<&str>, plan: Option<&str>, expect: Option<bool>| {
            let mut file = file(server.url.as_str());
            let find = file["provisioner"]["actions"]["find"]
                .as_object_mut()
                .unwrap();
            find.extend(paths.as_object().unwrap().clone());
            let secrets = FixedSecrets::default().with("app/acme", &[("X-Api-Key", "app-key")]);
            let http = provisioner(&file, secrets).await;
            let mut subject = ada();
            subject.entitlement.role = role.map(str::to_owned);
            subject.entitlement.plan = plan.map(str::to_owned);
            let found = http.find(&subject).await.unwrap().unwrap();
            assert_eq!(found.entitled, expect, "{paths} {role:?} {plan:?}");
            // Whatever is wanted, what is there shows.
            let there = |name: &str, value: &str| paths.get(name).map(|_| value.to_owned());
            let shows =
                (paths != json!({})).then(|| (there("role", "member"), there("plan", "pro")));
            assert_eq!(found.shown.map(|has| (has.role, has.plan)), shows);
            assert_eq!(found.seated, None);
        };
    let both = || json!({ "role": "role", "plan": "seat.plans" });
    check(both(), Some("member"), Some("pro"), Some(true)).await;
    check(both(), Some("admin"), Some("pro"), Some(false)).await;
    check(both(), Some("member"), Some("team"), Some(false)).await;
    check(both(), None, Some("pro"), Some(true)).await;
    check(both(), None, None, None).await;
    let role = || json!({ "role": "role" });
    check(role(), Some("member"), Some("pro"), None).await;
    check(role(), Some("admin"), Some("pro"), Some(false)).await;
    check(json!({}), Some("member"), None, None).await;
}

#[tokio::test]
async fn a_role_may_be_a_number_among_others() {
    let row = json!({ "id": 7, "email": ADA, "roles": [3, 5], "state": "active" });
    let (server, _) = answering(json!({ "members": [row] })).await;
    for (role, expect) in [("5", true), ("4", false)] {
        let mut file = file(server.url.as_str());
        file["provisioner"]["actions"]["find"]["role"] = json!("roles");
        let secrets = FixedSecrets::default().with("app/acme", &[("X-Api-Key", "app-key")]);
        let http = provisioner(&file, secrets).await;
        let mut subject = ada();
        subject.entitlement.role = Some(role.to_owned());
        let found = http.find(&subject).await.unwrap().unwrap();
        assert_eq!(found.entitled, Some(expect), "{role}");
    }
}
