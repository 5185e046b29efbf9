//! Checkpoints of the audit in a bucket that does not always take them: none is left out, and they come in their order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sando_core::audit::checkpoint::Kept;
use sando_core::audit::{Cause, StreamId};
use sando_core::changes::{Changes, Line, Origin};
use sando_core::handle::anchor::{AnchorError, Anchored, keep};
use sando_core::handle::{checkpoint, ledger};
use sando_core::ports::{Anchors, Ports, RemoteError};
use sando_core::store::Key;
use sando_infra::aws::{anchors, connect};
use sando_infra::memory::MemoryStore;
use sha2::{Digest, Sha256};

use crate::config;

/// S3, as far as one bucket needs it.
#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, String>,
    puts: usize,
    /// Keys that end like this are refused.
    refuses: Option<&'static str>,
}

type Shared = Arc<Mutex<Bucket>>;

async fn put(
    State(bucket): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, &'static str) {
    let signature = headers["authorization"].to_str().unwrap();
    for part in [
        "AWS4-HMAC-SHA256 Credential=id/",
        "/eu-central-1/s3/aws4_request",
        "host",
        "x-amz-checksum-sha256",
        "x-amz-content-sha256",
        "x-amz-date",
    ] {
        assert!(
            signature.contains(part),
            "{part} is not signed: {signature}"
        );
    }
    let sum = hex::encode(Sha256::digest(&body));
    assert_eq!(headers["x-amz-content-sha256"], sum.as_str());
    let mut bucket = bucket.lock().unwrap();
    let key = uri.path().strip_prefix("/anchors/checkpoints/").unwrap();
    if bucket.refuses.is_some_and(|end| key.ends_with(end)) {
        let body = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
        return (StatusCode::FORBIDDEN, body);
    }
    let sum = BASE64_STANDARD.encode(Sha256::digest(&body));
    assert_eq!(headers["x-amz-checksum-sha256"], sum.as_str());
    bucket.puts += 1;
    bucket.objects.insert(key.to_owned(), body);
    (StatusCode::OK, "")
}

struct Scene {
    bucket: Shared,
    anchors: Arc<dyn Anchors>,
    ports: Ports,
}

impl Scene {
    async fn start() -> Self {
        let bucket = Shared::default();
        let router = Router::new().fallback(put).with_state(bucket.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = config(&endpoint);
        let ports = Ports {
            store: Arc::new(MemoryStore::new()),
            ..connect(&config).unwrap().ports
        };
        Self {
            bucket,
            anchors: anchors(&config).unwrap().unwrap(),
            ports,
        }
    }

    /// Something happens, and a checkpoint is taken of it.
    async fn checkpoint(&self) {
        let now = self.ports.clock.now();
        let mut changes = Changes::new(Origin::sando(Cause::of("test", "t"), "t", now));
        changes.say(Line::new(StreamId::Config, "changed", "policy/everybody"));
        ledger::commit(&self.ports, changes).await.unwrap();
        assert_eq!(checkpoint::take(&self.ports).await.unwrap().len(), 1);
    }

    async fn keep(&self) -> Result<(), AnchorError> {
        keep(&self.ports, &*self.anchors).await
    }

    fn refuses(&self, end: Option<&'static str>) {
        self.bucket.lock().unwrap().refuses = end;
    }

    async fn noted(&self) -> Option<u64> {
        let key = Key::Counter("anchored".to_owned());
        let noted = self.ports.store.find::<Anchored>(&key).await.unwrap();
        noted.map(|noted| noted.entity.seq)
    }

    /// What is in the bucket, in the order of the keys.
    fn kept(&self) -> Vec<Kept> {
        let bucket = self.bucket.lock().unwrap();
        let lines = bucket.objects.values();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn what_the_bucket_did_not_take_is_kept_later_and_in_order() {
    let scene = Scene::start().await;
    scene.refuses(Some(".jsonl"));
    scene.checkpoint().await;
    let refused = scene.keep().await;
    let refused_with = |status: u16| matches!(&refused, Err(AnchorError::Refused(RemoteError::Refused { status: found, .. })) if *found == status);
    assert!(refused_with(403), "{refused:?}");
    assert_eq!((scene.kept().len(), scene.noted().await), (0, None));

    scene.refuses(Some("2.jsonl"));
    scene.checkpoint().await;
    scene.checkpoint().await;
    assert!(scene.keep().await.is_err());
    assert_eq!(scene.noted().await, Some(1), "the second is missing");

    scene.refuses(None);
    scene.keep().await.unwrap();
    assert_eq!(scene.noted().await, Some(3));
    let trail = scene.ports.store.records(&StreamId::Checkpoints, 1, 10);
    let trail: Vec<Kept> = trail
        .await
        .unwrap()
        .into_iter()
        .map(|record| Kept {
            seq: record.seq,
            hash: record.hash,
        })
        .collect();
    assert_eq!(scene.kept(), trail);

    let puts = scene.bucket.lock().unwrap().puts;
    scene.keep().await.unwrap();
    assert_eq!(
        scene.bucket.lock().unwrap().puts,
        puts,
        "nothing is put twice without need"
    );
}

#[tokio::test]
async fn more_than_fit_into_a_portion_are_all_kept() {
    let scene = Scene::start().await;
    for _ in 0..23 {
        scene.checkpoint().await;
    }

    scene.keep().await.unwrap();

    assert_eq!((scene.kept().len(), scene.noted().await), (23, Some(23)));
}

#[test]
fn without_a_bucket_nothing_is_kept() {
    let mut config = config("http://127.0.0.1:1");
    config.anchor_bucket = None;

    assert!(anchors(&config).unwrap().is_none());
}
