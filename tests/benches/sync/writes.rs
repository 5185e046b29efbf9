//! What syncs of 100,000 users write: the first one, one in which nobody differs, one in which 1 in 100 does; with the units of
//! DynamoDB that each takes, and what one a day costs in a month.
//!
//! Users of about 450 bytes in pages of 100, mapped as `tests/benches/pull/acme.yaml` does: 8 fields, a status rule, a licence
//! rule with `some`, a custom field. Then the same users in ten lists, one of each team, that are united.
//!
//! `cargo bench -p sando-tests --bench sync_writes`; `SANDO_USERS=10000` for another number.

#[allow(dead_code, reason = "only DynamoDB's are of interest here")]
#[path = "../../tests/scenarios/month/prices.rs"]
mod prices;

use std::time::Instant;

use sando_core::admin::{Expect, accounts, definitions};
use sando_core::audit::Cause;
use sando_core::changes::Origin;
use sando_core::ids::Slug;
use sando_core::sync::SyncState;
use sando_tests::harness::{Scene, SiteOptions, UnitMeter, Units};
use sando_world::SaasApp;
use sando_world::saas::{List, Paging};
use serde_json::{Value, json};

const PAGE: usize = 100;
const TEAMS: usize = 10;

/// About 450 bytes, as a SaaS API sends them.
fn user(number: usize) -> Value {
    json!({
        "id": number, "kind": "person",
        "state": if number.is_multiple_of(20) { "suspended" } else { "active" },
        "role": if number.is_multiple_of(3) { "admin" } else { "member" },
        "profile": {
            "email": format!("user{number}@contoso.example"), "login": format!("user{number}"),
            "name": format!("User Number {number}"), "locale": "en-GB",
            "avatar": format!("https://acme.example/avatars/{number:032x}.png"),
        },
        "licenses": [
            { "plan": if number.is_multiple_of(4) { "free" } else { "pro" }, "since": "2026-01-05" },
            { "plan": "viewer", "since": "2026-02-01" },
        ],
        "attributes": { "cost_center": 1_000 + number % 40, "team": format!("team-{}", number % 97) },
        "created_at": "2026-01-05T09:00:00Z", "last_seen": "2026-11-02T17:30:00Z",
    })
}

/// The definition whose users are in one list.
fn acme(base_url: &str) -> Value {
    json!({
        "definition": "acme", "app": "acme", "base_url": base_url, "auth": { "type": "none" },
        "users": { "path": "/users", "response_path": "users", "pagination": { "type": "page" } },
        "map": {
            "external_id": "id", "email": "profile.email", "username": "profile.login",
            "full_name": "profile.name", "role": "role", "created_at": "created_at",
            "last_visit_at": "last_seen", "kind": "kind",
        },
        "status": { "active_when": [{ "path": "state", "op": "is", "value": "active" }] },
        "licenses": { "conditions": [{ "name": "Pro", "when": [
            { "path": "licenses", "op": "some", "where": [{ "path": "plan", "op": "is", "value": "pro" }] }
        ] }] },
        "custom_fields": { "cost_centre": "attributes.cost_center" },
    })
}

/// The definition whose users are in a list of each team.
#[expect(clippy::indexing_slicing, reason = "the file is written above")]
fn teams(base_url: &str) -> Value {
    let mut file = acme(base_url);
    file["definition"] = json!("teams");
    file["users"]["path"] = json!("/teams/{team}/users");
    file["users"]["for_each"] = json!({ "path": "/teams", "keep": { "team": "id" } });
    file
}

struct Bench {
    scene: Scene,
    app: SaasApp,
    meter: UnitMeter,
}

impl Bench {
    async fn start() -> Self {
        let meter = UnitMeter::default();
        let on = meter.clone();
        let scene = Scene::through(SiteOptions::default(), move |client| on.on(client)).await;
        Self {
            scene,
            app: SaasApp::start().await.expect("a server can be started"),
            meter,
        }
    }

    fn serve(&self, path: &str, users: &[Value]) {
        let list = List::of(users.to_vec()).paged(Paging::page());
        self.app.list(path, list.at_most(PAGE).at("users"));
    }

    fn who(&self) -> Origin {
        Origin {
            actor: "local-admin".to_owned(),
            ..Origin::sando(Cause::of("api", "bench"), "bench", self.scene.now())
        }
    }

    /// Connected, and not synced yet.
    async fn connect(&mut self, name: &Slug, file: Value) {
        let secrets = self.scene.machine.read_accounts();
        let (ports, who) = (&self.scene.machine.ports, self.who());
        definitions::put(ports, &who, name, file, &Expect::Anything)
            .await
            .expect("the definition is right");
        let given = accounts::Given::default();
        let of = (name, name);
        accounts::connect(ports, &*secrets, &who, of, &given, &Expect::Anything)
            .await
            .expect("the account can be connected");
    }

    /// What the sync with this number writes, from its beginning to its end, with all that follows from it.
    async fn sync(&self, name: &Slug, what: &str, number: u64) -> Units {
        let (before, begun) = (self.meter.units(), Instant::now());
        let ports = &self.scene.machine.ports;
        if number > 1 {
            accounts::sync(ports, &self.who(), name, name)
                .await
                .expect("a sync can begin");
        }
        self.scene.machine.work_now().await;
        let account = accounts::must_be(ports, name, name)
            .await
            .expect("the account is there")
            .entity;
        let last = account.last.expect("it was synced");
        assert_eq!(
            (last.number, last.state),
            (number, SyncState::Done),
            "{:?}",
            last.failure
        );
        let units = self.meter.units() - before;
        let month = 30.0 * (units.writes * prices::WRITES + units.reads * prices::READS) / 1e6;
        print(&format!(
            "{what:24} {:9.0} items {:11.1} write units {:11.1} read units {:8.0} calls {:7.1} s  {month:8.3} dollars a month",
            units.items,
            units.writes,
            units.reads,
            units.calls,
            begun.elapsed().as_secs_f64()
        ));
        units
    }
}

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn print(text: &str) {
    println!("{text}");
}

fn how_many() -> usize {
    let mut vars = std::env::vars();
    let many = vars.find(|(name, _)| name == "SANDO_USERS");
    many.map_or(100_000, |(_, many)| many.parse().expect("a number"))
}

fn slug(name: &str) -> Slug {
    Slug::parse(name).expect("a slug")
}

#[tokio::main]
async fn main() {
    let count = how_many();
    let mut users: Vec<Value> = (1..=count).map(user).collect();
    let mut bench = Bench::start().await;
    print(&format!("{count} users in pages of {PAGE}:"));
    one_list(&mut bench, &mut users).await;
    print(&format!("and in {TEAMS} lists that are united:"));
    many_lists(&mut bench, &users).await;
}

async fn one_list(bench: &mut Bench, users: &mut [Value]) {
    let name = slug("acme");
    bench.serve("/users", users);
    let file = acme(&bench.app.base_url());
    bench.connect(&name, file).await;
    bench.sync(&name, "the first", 1).await;

    let unchanged = bench.sync(&name, "nobody differs", 2).await;
    assert!(unchanged.items < 100.0, "an unchanged roster writes little");

    let mut differ = 0.0;
    for user in users.iter_mut().step_by(100) {
        if let Some(name) = user.pointer_mut("/profile/name") {
            *name = json!("Somebody Else");
        }
        differ += 1.0;
    }
    bench.serve("/users", users);
    let changed = bench.sync(&name, "1 in 100 differs", 3).await;
    assert!(
        (differ..differ + 100.0).contains(&changed.items),
        "each who differs is written once"
    );
}

async fn many_lists(bench: &mut Bench, users: &[Value]) {
    let name = slug("teams");
    let ids = (0..TEAMS).map(|id| json!({ "id": id })).collect();
    bench.app.fixed("/teams", Value::Array(ids));
    for (id, team) in users.chunks(users.len().div_ceil(TEAMS)).enumerate() {
        bench.serve(&format!("/teams/{id}/users"), team);
    }
    let file = teams(&bench.app.base_url());
    bench.connect(&name, file).await;
    bench.sync(&name, "the first", 1).await;

    let unchanged = bench.sync(&name, "nobody differs", 2).await;
    assert!(unchanged.items < 100.0, "united lists write little, too");
}
