//! Accounts that read with one credential keep one pace, their token requests included.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sando_core::account::Account as Connected;
use sando_core::catalog::DefinitionItem;
use sando_core::definition::{Definition, Inputs, Outcome, PlannedRequest, Pull, Step};
use sando_core::ids::Slug;
use sando_core::ports::{
    Applications, Clock, Connection, CredentialSource, Provisioner, Reader, Readers,
};
use sando_core::store::{Commit, Key, Put, Store, Stored, Version};
use sando_infra::applications::RemoteApplications;
use sando_infra::budget::Rate;
use sando_infra::memory::MemoryStore;
use sando_infra::reading::AccountReaders;
use sando_world::SaasApp;
use sando_world::saas::{ClientProof, OauthOptions, OauthServer};
use serde_json::{Value, json};

use crate::support::{FixedSecrets, ada, application, client, now};
use crate::tokens::Turning;

const ONE: &str = "account/acme/one";
const OTHER: &str = "account/acme/other";

/// A clock on which a sleep is over at once.
struct Fast(Mutex<Timestamp>);

#[async_trait]
impl Clock for Fast {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(time).unwrap();
    }
}

/// An application, and whoever reads its users.
struct Office {
    app: SaasApp,
    store: Arc<MemoryStore>,
    clock: Arc<Fast>,
    readers: AccountReaders,
}

/// An account that is open, with a request to send.
struct Account {
    reader: Arc<dyn Reader>,
    request: Box<PlannedRequest>,
}

impl Account {
    async fn ask(&self) {
        let Outcome::Answered(answer) = self.reader.send(&self.request).await else {
            panic!("nothing is answered");
        };
        assert_eq!(answer.status, 200);
    }
}

impl Office {
    async fn start(secrets: FixedSecrets) -> Self {
        let app = SaasApp::start().await.unwrap();
        app.fixed("/users", json!([]));
        app.oauth(OauthServer::new(OauthOptions {
            proof: ClientProof::Body,
            ..OauthOptions::default()
        }));
        let (store, clock) = (
            Arc::new(MemoryStore::new()),
            Arc::new(Fast(Mutex::new(now()))),
        );
        let readers = AccountReaders {
            http: client(),
            secrets: Arc::new(secrets),
            store: store.clone(),
            keys: Arc::new(Turning),
            clock: clock.clone(),
        };
        Self {
            app,
            store,
            clock,
            readers,
        }
    }

    fn file(&self, auth: Value, per_second: f64) -> Value {
        json!({
            "definition": "acme", "app": "acme", "base_url": self.app.base_url(), "auth": auth,
            "users": { "path": "/users" }, "map": { "external_id": "id", "email": "mail" },
            "limits": { "requests_per_second": per_second },
        })
    }

    async fn open(&self, owner: &str, auth: Value, per_second: f64) -> Account {
        let file = self.file(auth, per_second);
        let definition = Arc::new(Definition::compile(&file).unwrap());
        let connection = Connection {
            definition: definition.clone(),
            credentials: CredentialSource::Kept {
                owner: owner.to_owned(),
                since: now(),
            },
            variables: BTreeMap::new(),
            watch: None,
        };
        let opened = self.readers.open(&connection).await.unwrap();
        let inputs = Inputs {
            variables: opened.variables,
            ..Inputs::default()
        };
        let mut pull = Pull::start(definition, inputs).unwrap();
        let Step::Send(request) = pull.step(now()) else {
            panic!("nothing is sent");
        };
        Account {
            reader: opened.reader,
            request,
        }
    }

    /// An account whose tokens come from a token endpoint.
    async fn open_with_tokens(&self, owner: &str, per_second: f64) -> Account {
        let token_url = format!("{}/oauth/token", self.app.base_url());
        let auth = json!({
            "type": "oauth2_client_credentials", "client_auth": "body", "token_url": token_url,
        });
        self.open(owner, auth, per_second).await
    }

    /// The provisioner of an application to which [`ONE`] lends its credentials.
    async fn lent(&self, per_second: f64) -> Arc<dyn Provisioner> {
        let acme = Slug::parse("acme").unwrap();
        let one = Slug::parse("one").unwrap();
        let account =
            Connected::connecting(acme.clone(), one, acme.clone(), [].into(), now(), "test");
        let definition = DefinitionItem {
            id: acme.clone(),
            app: acme,
            name: "Acme".to_owned(),
            number: 1,
            file: self.file(bearer(), per_second),
            changed_at: now(),
            changed_by: "test".to_owned(),
        };
        let puts = vec![
            Put::of(&account, Version::ABSENT),
            Put::of(&definition, Version::ABSENT),
        ];
        let commit = Commit {
            puts,
            ..Commit::default()
        };
        self.store.commit(&commit).await.unwrap();
        let secrets = self.readers.secrets.clone();
        let apps =
            RemoteApplications::new(client(), secrets, self.store.clone(), self.clock.clone());
        let file = json!({
            "app": "acme", "read": { "definition": "acme", "account": "one" },
            "provisioner": {
                "type": "http", "base_url": self.app.base_url(), "actions": { "find": { "path": "/users" } },
            },
        });
        let apps = apps.usually(Rate::per_second(1_000));
        apps.provisioner(&application(&file)).await.unwrap()
    }

    fn passed(&self) -> SignedDuration {
        self.clock.now().duration_since(now())
    }

    fn budgets(&self) -> Vec<Stored> {
        let mut items = self.store.items();
        items.retain(|item| matches!(item.key, Key::Budget(_)));
        items
    }
}

fn bearer() -> Value {
    json!({ "type": "bearer" })
}

/// Both accounts have the same client.
fn one_client() -> FixedSecrets {
    let given = [("client_id", "client-1"), ("client_secret", "s3cret/+ 1")];
    FixedSecrets::default()
        .with(ONE, &given)
        .with(OTHER, &given)
}

#[tokio::test]
async fn accounts_with_one_credential_share_a_budget_and_its_name_tells_nothing() {
    let third = "account/acme/third";
    let secrets = FixedSecrets::default()
        .with(ONE, &[("token", "tok-1")])
        .with(OTHER, &[("token", "tok-1")])
        .with(third, &[("token", "tok-2")]);
    let office = Office::start(secrets).await;
    let one = office.open(ONE, bearer(), 4.0).await;
    let other = office.open(OTHER, bearer(), 4.0).await;

    for _ in 0..20 {
        one.ask().await;
        other.ask().await;
    }

    let passed = office.passed();
    assert!(
        passed >= SignedDuration::from_millis(39 * 250),
        "{passed:?}"
    );
    assert_eq!(office.budgets().len(), 1);
    office.open(third, bearer(), 4.0).await.ask().await;
    assert_eq!(office.budgets().len(), 2, "another one has its own");
    for item in office.budgets() {
        let told = format!("{:?} {}", item.key, item.body);
        assert!(!told.contains("tok-") && !told.contains("acme"), "{told}");
    }
}

#[tokio::test]
async fn effects_with_lent_credentials_keep_the_pace_of_their_account() {
    let secrets = FixedSecrets::default().with(ONE, &[("token", "tok-1")]);
    let office = Office::start(secrets).await;
    let account = office.open(ONE, bearer(), 4.0).await;
    let provisioner = office.lent(4.0).await;

    for _ in 0..20 {
        account.ask().await;
        provisioner.find(&ada()).await.unwrap();
    }

    let passed = office.passed();
    assert!(
        passed >= SignedDuration::from_millis(39 * 250),
        "{passed:?}"
    );
    let budgets = office.budgets().len();
    assert_eq!(budgets, 2, "the account's, and the application's own");
}

#[tokio::test]
async fn a_pace_that_is_slower_than_a_lease_keeps_no_effect_back() {
    let secrets = FixedSecrets::default().with(ONE, &[("token", "tok-1")]);
    let office = Office::start(secrets).await;
    let provisioner = office.lent(0.001).await;

    for _ in 0..3 {
        provisioner.find(&ada()).await.unwrap();
    }

    assert!(office.passed() < SignedDuration::from_secs(1));
}

#[tokio::test]
async fn token_requests_are_part_of_the_pace() {
    let office = Office::start(one_client()).await;

    let one = office.open_with_tokens(ONE, 4.0).await;
    let other = office.open_with_tokens(OTHER, 4.0).await;
    one.ask().await;
    other.ask().await;

    assert_eq!(office.app.asked_at("/oauth/token").len(), 2);
    let passed = office.passed();
    assert!(passed >= SignedDuration::from_millis(3 * 250), "{passed:?}");
}

#[tokio::test]
async fn a_pace_that_is_slower_than_a_lease_keeps_no_token_back() {
    let office = Office::start(one_client()).await;

    office.open_with_tokens(ONE, 0.001).await.ask().await;
    office.open_with_tokens(OTHER, 0.001).await;

    assert_eq!(office.app.asked_at("/oauth/token").len(), 2);
    assert_eq!(office.passed(), SignedDuration::ZERO);
}
