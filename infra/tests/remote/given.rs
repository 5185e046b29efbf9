//! What was given over declarative HTTP actions and is not wanted any more.

use sando_core::effect::{Action, Outcome};
use serde_json::{Value, json};

use crate::http_app::{ADA, answering, file, world};
use crate::support::{FixedSecrets, ada, key, known, provisioner};

#[tokio::test]
async fn a_plan_that_was_given_and_is_not_wanted_any_more_is_released() {
    let (app, http) = world().await;
    let mut subject = ada();
    subject.entitlement.role = Some("editor".to_owned());
    subject.entitlement.plan = Some("pro".to_owned());
    http.make(Action::Create, &subject, &key()).await;
    let id = http.find(&subject).await.unwrap().unwrap().external_id;
    let mut subject = known(&subject, &id);
    http.make(Action::Entitle, &subject, &key()).await;
    assert_eq!(app.member(ADA).unwrap().plan.as_deref(), Some("pro"));

    subject.given = subject.entitlement.clone();
    subject.entitlement.plan = None;
    for was_there in [true, false] {
        let outcome = http.make(Action::Entitle, &subject, &key()).await;
        assert!(
            matches!(outcome, Outcome::Done { was_so, .. } if was_so != was_there),
            "{outcome:?}"
        );
        assert_eq!(app.member(ADA).unwrap().plan, None);
    }
}

#[tokio::test]
async fn a_plan_that_is_to_be_given_back_is_looked_at_where_find_says_where_it_stands() {
    let row = json!({ "id": 7, "email": ADA, "seat": { "plans": ["pro"] }, "state": "active" });
    let (server, _) = answering(json!({ "members": [row] })).await;
    for (path, given, expect) in [
        (json!("seat.plans"), "pro", Some(false)),
        (json!("seat.plans"), "team", Some(true)),
        (Value::Null, "pro", None),
    ] {
        let mut file = file(server.url.as_str());
        if !path.is_null() {
            file["provisioner"]["actions"]["find"]["plan"] = path;
        }
        let secrets = FixedSecrets::default().with("app/acme", &[("X-Api-Key", "app-key")]);
        let http = provisioner(&file, secrets).await;
        let mut subject = ada();
        subject.given.plan = Some(given.to_owned());
        let found = http.find(&subject).await.unwrap().unwrap();
        assert_eq!(found.entitled, expect, "{given}");
    }
}
