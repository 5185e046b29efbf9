//! Forms and feedback of a candidacy: start dates, managers and scores that no offer has.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::Uri;
use axum::{Json, Router};
use sando_core::path::Path;
use sando_world::{ApiKey, LeverOptions, NewCandidate};
use serde_json::{Value, json};

use crate::lever::{account, lever_at, needs, present, secrets, unlimited};
use crate::support::{TestServer, now};

fn with_forms() -> NewCandidate {
    let mut new = NewCandidate::named("Ada Park");
    let day = json!([{ "type": "date", "text": "Start date", "value": 1_769_990_400_000_i64 },
        { "type": "currency", "text": "Wish", "value": 71_000, "currency": "EUR" }]);
    new.forms = vec![
        (
            "New hire".to_owned(),
            json!([{ "type": "text", "text": "Start date", "value": "soon" }]),
        ),
        ("New hire".to_owned(), day),
    ];
    let score = json!([{ "type": "score", "text": "Rating", "value": 4 }]);
    new.feedback = vec![("Phone screen".to_owned(), score)];
    new
}

#[tokio::test]
async fn forms_and_feedback_are_read_where_a_path_names_them_and_the_newest_counts() {
    let (sim, lever) = account(unlimited()).await;
    let ids = sim.create_candidate(with_forms());
    let day = "forms[text=New hire].fields[text=Start date].value";
    let score = "feedback[text=Phone screen].fields[text=Rating].value";

    let candidacy = present(&lever, &ids.opportunity, &needs(&[day, score], &[])).await;

    let find = |path: &str| {
        let path = Path::parse(path).unwrap();
        path.find(&candidacy.document).map(Cow::into_owned)
    };
    assert_eq!(find(day), Some(json!(1_769_990_400_000_i64)));
    assert_eq!(find(score), Some(json!(4)));
    assert!(!candidacy.document.to_string().contains("Wish"));
    assert_eq!(sim.traffic().count("GET", "/forms"), 1);
    assert_eq!(sim.traffic().count("GET", "/feedback"), 1);

    let all = present(&lever, &ids.opportunity, &needs(&["forms"], &[])).await;
    let forms = all.document["forms"].as_array().unwrap();
    assert_eq!(forms.len(), 2, "what was deleted is left out");
    assert!(
        !all.document.to_string().contains("71000"),
        "pay is dropped"
    );
    let named = needs(&["forms[0].fields[text=Wish].value"], &[]);
    let named = present(&lever, &ids.opportunity, &named).await;
    assert!(
        named.document.to_string().contains("71000"),
        "unless it is named"
    );
}

#[tokio::test]
async fn a_key_that_may_not_read_forms_makes_a_hire_without_them() {
    let options = LeverOptions {
        keys: vec![ApiKey {
            forbidden: vec!["/forms".to_owned()],
            ..ApiKey::new("lever-key")
        }],
        ..unlimited()
    };
    let (sim, lever) = account(options).await;
    let ids = sim.create_candidate(with_forms());

    let needs = needs(&["contact.name", "forms[0].text"], &[]);
    let candidacy = present(&lever, &ids.opportunity, &needs).await;

    assert_eq!(
        candidacy.document,
        json!({ "contact": { "name": "Ada Park" }, "users": {} })
    );
}

#[tokio::test]
async fn a_list_of_forms_without_its_envelope_is_read() {
    let opportunity = "0a1b2c3d-0000-4000-8000-000000000001";
    let router = Router::new().fallback(move |uri: Uri| async move {
        let forms = json!([{ "id": "f1", "text": "New hire", "createdAt": 1, "deletedAt": null, "fields": [] }]);
        let one = json!({ "data": { "id": opportunity, "contact": "c", "createdAt": 1, "updatedAt": 1 } });
        Json::<Value>(if uri.path().ends_with("/forms") { forms } else { one })
    });
    let server = TestServer::start(router).await;
    let lever = lever_at(server.url.as_str(), Arc::new(secrets()), now());

    let candidacy = present(&lever, opportunity, &needs(&["forms[0].text"], &[])).await;

    assert_eq!(
        candidacy.document,
        json!({ "forms": [{ "text": "New hire" }], "users": {} })
    );
}
