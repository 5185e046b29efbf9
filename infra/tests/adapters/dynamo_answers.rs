//! What DynamoDB's rarer answers become: throttling, transactions in each other's way, answers that are lost.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use sando_core::store::{Check, Commit, Key, Put, Store, StoreError, Version};
use sando_infra::dynamo::{DynamoStore, Tables, retries};
use serde_json::{Value, json};

type Answer = dyn Fn(usize, &Value) -> (u16, Value) + Send + Sync;

/// Answers each request by its number and content, and remembers it.
#[derive(Clone)]
struct Script {
    answer: Arc<Answer>,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let mut requests = self.requests.lock().unwrap();
        let (status, answer) = (self.answer)(requests.len(), &body);
        requests.push(body);
        let answer = SdkBody::from(answer.to_string());
        let answer = HttpResponse::new(status.try_into().unwrap(), answer);
        HttpConnectorFuture::ready(Ok(answer))
    }
}

impl HttpClient for Script {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl Script {
    fn new(answer: impl Fn(usize, &Value) -> (u16, Value) + Send + Sync + 'static) -> Self {
        Self {
            answer: Arc::new(answer),
            requests: Arc::default(),
        }
    }

    fn store(&self) -> DynamoStore {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("local"))
            .credentials_provider(Credentials::new("a", "b", None, None, "test"))
            .endpoint_url("http://script.invalid")
            .retry_config(retries())
            .http_client(self.clone())
            .build();
        DynamoStore::new(Client::from_conf(config), Tables::local())
    }

    fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }
}

fn error(code: &str) -> Value {
    json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
        "message": "it quotes Ada Park and her salary",
    })
}

fn cancelled(codes: &[&str]) -> Value {
    let reasons: Vec<Value> = codes.iter().map(|code| json!({ "Code": code })).collect();
    let mut body = error("TransactionCanceledException");
    body["CancellationReasons"] = reasons.into();
    body
}

fn key(name: &str) -> Key {
    Key::Counter(name.to_owned())
}

fn put(name: &str) -> Put {
    Put {
        key: key(name),
        kind: "counter",
        schema: 1,
        expect: Version(1),
        body: "Ada Park".to_owned(),
        due: None,
        listing: None,
        lookup: None,
        expires_at: None,
    }
}

fn alone() -> Commit {
    Commit {
        puts: vec![put("a")],
        ..Commit::default()
    }
}

fn transaction() -> Commit {
    Commit {
        puts: vec![put("a"), put("b")],
        checks: vec![Check {
            key: key("c"),
            expect: Version(1),
        }],
        ..Commit::default()
    }
}

/// What a transaction comes to that is always answered the same.
async fn outcome(status: u16, answer: Value) -> Result<(), StoreError> {
    let script = Script::new(move |_, _| (status, answer.clone()));
    script.store().commit(&transaction()).await
}

#[tokio::test(start_paused = true)]
async fn transactions_in_each_others_way_are_contended() {
    let busy = [
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    ];
    for code in busy {
        let answer = outcome(400, cancelled(&["None", code, "None"])).await;
        assert_eq!(answer, Err(StoreError::Contended), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_that_moved_counts_more_than_contention() {
    let codes = ["TransactionConflict", "None", "ConditionalCheckFailed"];

    let answer = outcome(400, cancelled(&codes)).await;

    assert_eq!(answer, Err(StoreError::Conflict { key: key("c") }));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_table_is_contended() {
    for code in [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    ] {
        let answer = outcome(400, error(code)).await;
        assert_eq!(answer, Err(StoreError::Contended), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn everything_else_is_unavailable_and_quotes_no_item() {
    for (status, answer) in [
        (400, error("ValidationException")),
        (400, error("AccessDeniedException")),
        (400, cancelled(&["None", "ValidationError", "None"])),
        (500, error("InternalServerError")),
        (503, json!("not even JSON that we know")),
    ] {
        let outcome = outcome(status, answer).await;
        let Err(StoreError::Unavailable(why)) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(!why.contains("Ada"), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_transaction_keeps_its_token_and_another_has_its_own() {
    let script = Script::new(|number, _| match number {
        0 | 1 => (500, error("InternalServerError")),
        _ => (200, json!({})),
    });
    let store = script.store();

    store.commit(&transaction()).await.unwrap();
    store.commit(&transaction()).await.unwrap();

    let requests = script.requests();
    let token = |number: usize| requests[number]["ClientRequestToken"].as_str().unwrap();
    assert_eq!(requests.len(), 4);
    assert_eq!(token(0), token(1));
    assert_eq!(token(0), token(2));
    assert_ne!(token(0), token(3));
    assert!((1..=36).contains(&token(0).len()));
}

#[tokio::test(start_paused = true)]
async fn a_single_put_is_no_transaction() {
    let script = Script::new(|_, _| (200, json!({})));

    script.store().commit(&alone()).await.unwrap();

    assert!(script.requests()[0].get("TransactItems").is_none());
}

/// The first answer is lost; then the table says that the item is as `found` makes it of the first request.
fn losing(found: impl Fn(&Value) -> Value + Send + Sync + 'static) -> Script {
    let first = Arc::new(Mutex::new(Value::Null));
    Script::new(move |number, request| {
        if number == 0 {
            *first.lock().unwrap() = request.clone();
            return (500, error("InternalServerError"));
        }
        let mut answer = error("ConditionalCheckFailedException");
        answer["Item"] = found(&first.lock().unwrap());
        (400, answer)
    })
}

#[tokio::test(start_paused = true)]
async fn a_put_whose_answer_was_lost_does_not_conflict_with_itself() {
    let ours = losing(|request| request["Item"].clone());
    assert_eq!(ours.store().commit(&alone()).await, Ok(()));

    let another = losing(|request| {
        let mut item = request["Item"].clone();
        item["by"] = json!({"S": "another call"});
        item
    });
    let conflict = StoreError::Conflict { key: key("a") };
    assert_eq!(another.store().commit(&alone()).await, Err(conflict));
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_was_lost_is_still_held() {
    let taken = |by: Value| {
        json!({
            "pk": {"S": "COUNTER#a"}, "sk": {"S": "COUNTER"}, "kind": {"S": "counter"},
            "schema": {"N": "1"}, "version": {"N": "2"}, "body": {"S": "{}"}, "by": by,
        })
    };
    let ours = losing(move |request| taken(request["ExpressionAttributeValues"][":by"].clone()));
    let another = losing(move |_| taken(json!({"S": "another call"})));
    let until = jiff::Timestamp::UNIX_EPOCH;

    let held = ours.store().claim(&key("a"), Version(1), until).await;
    let lost = another.store().claim(&key("a"), Version(1), until).await;

    assert_eq!(held.unwrap().version, Version(2));
    assert_eq!(lost, Err(StoreError::Conflict { key: key("a") }));
}

#[tokio::test(start_paused = true)]
async fn a_list_asks_again_for_what_a_batch_left_out() {
    let item = |n: u8| {
        json!({
            "pk": {"S": format!("COUNTER#{n}")}, "sk": {"S": "COUNTER"},
            "who_pk": {"S": "PERSON#per_1#counter"}, "who_sk": {"S": format!("{n}")},
            "kind": {"S": "counter"}, "schema": {"N": "1"}, "version": {"N": "1"},
            "body": {"S": format!("{n}")},
        })
    };
    let only_key = move |n: u8| json!({"pk": item(n)["pk"], "sk": item(n)["sk"]});
    let script = Script::new(move |number, _| match number {
        0 => (200, json!({"Items": [item(2), item(1)], "Count": 2})),
        1 => (
            200,
            json!({
                "Responses": {"state": [item(1)]},
                "UnprocessedKeys": {"state": {"Keys": [only_key(2)]}},
            }),
        ),
        _ => (200, json!({"Responses": {"state": [item(2)]}})),
    });
    let query = sando_core::store::Query::Person {
        person: "per_1".parse().unwrap(),
        kind: "counter",
    };
    let page = sando_core::store::PageRequest {
        limit: 10,
        cursor: None,
    };

    let page = script.store().list(&query, &page).await.unwrap();

    let bodies: Vec<&str> = page.items.iter().map(|item| item.body.as_str()).collect();
    assert_eq!(bodies, ["2", "1"]);
}
