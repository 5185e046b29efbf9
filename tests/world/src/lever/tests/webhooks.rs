//! Webhooks over real HTTP.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use serde_json::{Value, json};

use super::{SOON, lever, read, write};
use crate::lever::*;
use crate::server::{Server, any_port};
use crate::{Faults, locked, wait_until};

/// A receiver that answers with the given statuses in turn, then 200, and keeps the bodies.
struct Receiver {
    url: String,
    bodies: Arc<Mutex<Vec<Value>>>,
    _server: Server,
}

async fn receiver(statuses: Vec<u16>) -> Receiver {
    let bodies: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = Arc::clone(&bodies);
    let statuses = Mutex::new(statuses.into_iter());
    let take = move |body: axum::Json<Value>| {
        locked(&kept).push(body.0);
        let status = locked(&statuses).next().unwrap_or(200);
        async move { hyper::StatusCode::from_u16(status).unwrap() }
    };
    let take = Arc::new(take);
    let router = Router::new().route("/hook", post(move |body| take(body)));
    let server = Server::start(any_port(), router, Faults::default())
        .await
        .unwrap();
    let url = format!("{}/hook", server.url());
    Receiver {
        url,
        bodies,
        _server: server,
    }
}

fn impatient() -> WebhookSwitches {
    WebhookSwitches {
        retry_base: Duration::from_millis(1),
        ..WebhookSwitches::default()
    }
}

#[tokio::test]
async fn a_hire_is_told_twice_and_signed_for_each_registration() {
    let (lever, receiver) = (lever().await, receiver(vec![]).await);
    let hired = lever.register_webhook("candidateHired", &receiver.url);
    let archived = lever.register_webhook("candidateArchiveChange", &receiver.url);
    let ids = lever.create_candidate(NewCandidate::default());

    lever.hire(&ids.opportunity).unwrap();
    wait_until(SOON, async || lever.deliveries_are_done())
        .await
        .unwrap();

    let bodies = locked(&receiver.bodies).clone();
    assert_eq!(bodies[0]["event"], "candidateArchiveChange");
    assert_eq!(bodies[0]["data"]["fromArchived"], Value::Null);
    assert_eq!(bodies[1]["event"], "candidateHired");
    assert_eq!(bodies[1]["data"]["opportunityId"], ids.opportunity);
    for (body, registration) in bodies.iter().zip([archived, hired]) {
        let (token, at) = (
            body["token"].as_str().unwrap(),
            body["triggeredAt"].as_i64().unwrap(),
        );
        assert_eq!(
            body["signature"],
            sign(&registration.signing_token.unwrap(), token, at)
        );
    }
}

#[tokio::test]
async fn a_refused_delivery_is_retried_with_the_same_token() {
    let (lever, receiver) = (lever().await, receiver(vec![500, 302]).await);
    lever.switch(impatient());
    lever.register_webhook("candidateHired", &receiver.url);
    let ids = lever.create_candidate(NewCandidate::default());

    lever.hire(&ids.opportunity).unwrap();
    wait_until(SOON, async || lever.deliveries_are_done())
        .await
        .unwrap();

    let bodies = locked(&receiver.bodies).clone();
    assert_eq!(bodies.len(), 3);
    assert_eq!(bodies[0], bodies[2]);
    let numbers: Vec<u32> = lever
        .deliveries()
        .iter()
        .map(|attempt| attempt.number)
        .collect();
    assert_eq!(numbers, [1, 2, 3]);

    lever.rerun(lever.deliveries()[0].delivery).unwrap();
    wait_until(SOON, async || lever.deliveries_are_done())
        .await
        .unwrap();
    assert_eq!(locked(&receiver.bodies).len(), 4);
}

#[tokio::test]
async fn a_delivery_is_given_up_after_five_retries() {
    let (lever, receiver) = (lever().await, receiver(vec![500; 20]).await);
    lever.switch(WebhookSwitches {
        retry_reuses_token: false,
        ..impatient()
    });
    lever.register_webhook("candidateHired", &receiver.url);
    let ids = lever.create_candidate(NewCandidate::default());

    lever.hire(&ids.opportunity).unwrap();
    wait_until(SOON, async || lever.deliveries_are_done())
        .await
        .unwrap();

    let bodies = locked(&receiver.bodies).clone();
    let tokens: BTreeSet<&str> = bodies
        .iter()
        .map(|body| body["token"].as_str().unwrap())
        .collect();
    assert_eq!(tokens.len(), 6);
}

#[tokio::test]
async fn drops_and_duplicates_happen_when_asked_for() {
    let (lever, receiver) = (lever().await, receiver(vec![]).await);
    lever.register_webhook("candidateHired", &receiver.url);
    let ids = lever.create_candidate(NewCandidate::default());

    lever.switch(WebhookSwitches {
        drop: 1.0,
        ..impatient()
    });
    lever.hire(&ids.opportunity).unwrap();
    wait_until(SOON, async || lever.deliveries_are_done())
        .await
        .unwrap();
    assert!(locked(&receiver.bodies).is_empty());

    lever.switch(WebhookSwitches {
        duplicate: 1.0,
        ..impatient()
    });
    lever.unhire(&ids.opportunity).unwrap();
    lever.hire(&ids.opportunity).unwrap();
    wait_until(SOON, async || lever.deliveries_are_done())
        .await
        .unwrap();
    let bodies = locked(&receiver.bodies).clone();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn a_webhook_made_over_the_api_is_silent_until_its_group_is_on() {
    let (lever, receiver) = (lever().await, receiver(vec![]).await);
    let wanted = json!({ "event": "candidateHired", "url": receiver.url });
    let made = write(&lever, "POST", "/webhooks", wanted).await.unwrap();
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    assert_eq!(
        made["data"]["configuration"]["signatureToken"]
            .as_str()
            .unwrap()
            .len(),
        48
    );
    let listed = read(&lever, "/webhooks").await;
    assert!(
        listed["data"][0]["configuration"]
            .get("signatureToken")
            .is_none()
    );
    assert!(listed.get("hasNext").is_none());

    let ids = lever.create_candidate(NewCandidate::default());
    lever.hire(&ids.opportunity).unwrap();
    lever.unhire(&ids.opportunity).unwrap();
    lever.switch_group("candidateHired", Group::On);
    lever.hire(&ids.opportunity).unwrap();
    wait_until(SOON, async || lever.deliveries_are_done())
        .await
        .unwrap();
    assert_eq!(locked(&receiver.bodies).len(), 1);

    let id = made["data"]["id"].as_str().unwrap();
    let gone = write(&lever, "DELETE", &format!("/webhooks/{id}"), json!({}))
        .await
        .unwrap();
    assert_eq!(gone.status(), 204);
}

#[tokio::test]
async fn the_test_ping_has_no_data() {
    let (lever, receiver) = (lever().await, receiver(vec![]).await);
    let registration = lever.register_webhook("candidateHired", &receiver.url);

    let attempt = lever.test_ping(&registration.id).await.unwrap();

    assert!(attempt.succeeded());
    assert_eq!(locked(&receiver.bodies)[0]["data"], json!({}));
}

#[tokio::test]
async fn a_delivery_can_be_spoilt_without_sending_it() {
    let lever = lever().await;
    let registration = lever.register_webhook("candidateHired", "http://127.0.0.1:9/hook");
    let ids = lever.create_candidate(NewCandidate::default());
    let good = lever
        .hired_delivery(&registration.id, &ids.opportunity)
        .unwrap();

    let altered = good
        .clone()
        .with_data(json!({ "opportunityId": "another" }));
    assert_eq!(altered.signature, good.signature);
    assert_ne!(altered.body(), good.body());
    assert_ne!(good.clone().badly_signed().signature, good.signature);
    assert!(!good.unsigned().body().contains("signature"));
}
