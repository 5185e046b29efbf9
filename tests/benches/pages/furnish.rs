//! One of everything that a page can show, and thousands of what lists show: made by the handlers themselves, and copied.

use std::sync::Arc;

use jiff::{SignedDuration, ToSpan};
use sando_core::admin::{Expect, accounts, correct, definitions, drafts, jobs};
use sando_core::approval::Approval;
use sando_core::config::ConfigKind;
use sando_core::event::Event;
use sando_core::grant::{Entitlement, Grant, GrantState};
use sando_core::handle::count;
use sando_core::ids::{ApprovalId, EventId, JobId, PersonId, RunId, Slug, TaskId};
use sando_core::job::Work;
use sando_core::metric::Metric;
use sando_core::person::Attributes;
use sando_core::ports::Secrets;
use sando_core::run::Run;
use sando_core::store::{Entity, PageRequest, Put, Query, Version};
use sando_core::tally::{Tally, day_of};
use sando_core::task::Task;
use sando_infra::secrets::FileSecrets;
use sando_tests::harness::{Scene, scim_file};
use sando_world::saas::{List, Paging};
use sando_world::{NewCandidate, SaasApp};
use serde_json::{Value, json};

use crate::fill::{person_id, put};

/// How many of each are copied: what waits for somebody, and what is over.
const WAITING: usize = 300;
const OVER: usize = 5_000;
/// How many parts a busy day has in which something was counted.
const PARTS: u8 = 100;
const AT_ONCE: usize = 75;

/// What pages are asked for.
pub(crate) struct Furnished {
    /// Somebody with a long timeline.
    pub(crate) person: PersonId,
    /// Somebody who left.
    pub(crate) left: PersonId,
    pub(crate) run: Option<RunId>,
    pub(crate) event: Option<EventId>,
    pub(crate) task: Option<TaskId>,
    pub(crate) approval: Option<ApprovalId>,
    pub(crate) job: JobId,
    /// Where credentials are.
    pub(crate) secrets: Arc<FileSecrets>,
    /// It is read from for as long as this lives.
    pub(crate) _app: SaasApp,
}

/// Ada is hired: somebody has to decide, a human has a task. Acme is connected, with a sync that is held.
pub(crate) async fn furnish(scene: &mut Scene) -> Furnished {
    let vault = scim_file("vault", &scene.site.design.base_url());
    scene.configure(ConfigKind::App, "vault", vault).await;
    let desk = json!({ "app": "desk", "name": "Desk", "owner": "office@contoso.example" });
    scene.configure(ConfigKind::App, "desk", desk).await;
    let board = json!({ "policy": "board", "when": [{ "path": "department", "op": "is", "value": "Board" }],
        "grants": [{ "app": "desk" }, { "app": "vault", "plan": "pro", "approval": { "by": ["role:it-admin"] } }] });
    scene.configure(ConfigKind::Policy, "board", board).await;
    let secrets = scene.machine.read_accounts();
    let app = connect(scene, &*secrets).await;

    let ids = scene.hire(NewCandidate::named("Ada Park").department("Board"));
    scene.hear("candidateHired", &ids.opportunity).await;
    scene.machine.work_for(SignedDuration::from_mins(10)).await;
    let ada = scene.machine.person_of(&ids.opportunity).await;
    let ada = ada.expect("Ada became known").entity.id;
    let run = newest::<Run>(scene, &ada).await;
    let event = newest::<Event>(scene, &ada).await;
    let task = newest::<Task>(scene, &ada).await;
    let approval = newest::<Approval>(scene, &ada).await;
    let (work, who) = (Work::VerifyAudit(Box::default()), scene.by_hand(&ada));
    let job = jobs::run(&scene.machine.ports, &who, work, SignedDuration::ZERO).await;
    let furnished = Furnished {
        job: job.expect("the store is there").id,
        person: person_id(1),
        left: person_id(50),
        run: run.as_ref().map(|run| run.id.clone()),
        event: event.as_ref().map(|event| event.id.clone()),
        task: task.as_ref().map(|task| task.id.clone()),
        approval: approval.as_ref().map(|approval| approval.id.clone()),
        secrets,
        _app: app,
    };
    copies(scene, run, OVER, |run, name, person| {
        (run.id, run.person) = (RunId::derived(&[name]), person);
    })
    .await;
    copies(scene, event, OVER, |event, name, person| {
        (event.id, event.person) = (EventId::derived(&[name]), Some(person));
    })
    .await;
    copies(scene, task, WAITING, |task, name, person| {
        (task.id, task.person) = (TaskId::derived(&[name]), Some(person));
    })
    .await;
    copies(scene, approval, WAITING, |approval, name, person| {
        (approval.id, approval.person) = (ApprovalId::derived(&[name]), person);
    })
    .await;
    furnished
}

/// A definition of users at this address.
fn definition(id: &str, base_url: &str) -> Value {
    json!({
        "definition": id, "app": id, "base_url": base_url, "auth": { "type": "none" },
        "users": { "path": "/users", "response_path": "users", "pagination": { "type": "page" } },
        "map": { "external_id": "id", "email": "mail" },
        "status": { "active_when": [{ "path": "state", "op": "is", "value": "on" }] },
    })
}

/// Two definitions and a draft; an account whose second sync finds nobody, and is held.
async fn connect(scene: &Scene, secrets: &dyn Secrets) -> SaasApp {
    let app = SaasApp::start().await.expect("a server can be started");
    let serve = |count: usize| {
        let user = |n: usize| json!({ "id": n, "mail": format!("acme{n}@contoso.example"), "state": "on" });
        let list = List::of((0..count).map(user).collect::<Vec<Value>>());
        let list = list.paged(Paging::page()).at_most(100);
        app.list("/users", list.at("users"));
    };
    let (ports, who) = (&scene.machine.ports, scene.by_hand(&person_id(0)));
    let (acme, prod) = (Slug::parse("acme").unwrap(), Slug::parse("prod").unwrap());
    for id in ["acme", "design"] {
        let (slug, file) = (Slug::parse(id).unwrap(), definition(id, &app.base_url()));
        let put = definitions::put(ports, &who, &slug, file, &Expect::Anything).await;
        put.expect("the definition is right");
    }
    let draft = json!({ "definition": "acme", "app": "acme", "name": "Acme", "map": { "email": { "first_of": ["mail"] } } });
    let draft = draft.as_object().unwrap().clone();
    drafts::put(ports, &who, &acme, draft, &Expect::Anything)
        .await
        .unwrap();

    serve(50);
    let given = accounts::Given::default();
    let of = (&acme, &prod);
    let connected = accounts::connect(ports, secrets, &who, of, &given, &Expect::Anything).await;
    connected.expect("the account can be connected");
    scene.machine.work_now().await;
    serve(0);
    accounts::sync(ports, &who, &acme, &prod).await.unwrap();
    scene.machine.work_now().await;
    app
}

/// The newest of a kind that belongs to somebody.
async fn newest<E: Entity>(scene: &Scene, person: &PersonId) -> Option<E> {
    let query = Query::Person {
        person: person.clone(),
        kind: E::KIND,
    };
    let page = PageRequest {
        limit: 1,
        cursor: None,
    };
    let found = scene.machine.ports.store.list(&query, &page).await.unwrap();
    let stored = found.items.into_iter().next()?;
    Some(stored.read::<E>().unwrap().entity)
}

/// Puts so many more of the same, each of somebody else and under a name of its own.
async fn copies<E: Entity + Clone>(
    scene: &Scene,
    of: Option<E>,
    count: usize,
    change: impl Fn(&mut E, &str, PersonId),
) {
    let Some(of) = of else { return };
    let numbers: Vec<usize> = (0..count).collect();
    for chunk in numbers.chunks(AT_ONCE) {
        let puts = chunk.iter().map(|number| {
            let mut copy = of.clone();
            change(&mut copy, &format!("copy {number}"), person_id(*number));
            // Nobody works on it.
            Put {
                due: None,
                ..Put::of(&copy, Version::ABSENT)
            }
        });
        put(scene, puts.collect()).await;
    }
}

/// The days of three months, working days busy, as the handlers count them.
pub(crate) async fn days(scene: &Scene) {
    let today = day_of(scene.now());
    for back in 1..=90_i64 {
        let day = today - back.days();
        let is_free = day.weekday().to_monday_zero_offset() >= 5;
        let parts: Vec<u8> = (0..if is_free { 4 } else { PARTS }).collect();
        for chunk in parts.chunks(AT_ONCE) {
            let puts = chunk.iter().map(|part| {
                let tally = busy(Tally::empty(day, *part), i64::from(*part));
                Put::of(&tally, Version::ABSENT)
            });
            put(scene, puts.collect()).await;
        }
    }
}

/// A part of a day with runs and syncs in it, each with other times.
fn busy(mut tally: Tally, more: i64) -> Tally {
    for (metric, values) in [
        (Metric::TimeToProvision, [40, 90, 400]),
        (Metric::ReadyAfterStart, [-86_400, -3_600, -60]),
        (Metric::TimeToOffboard, [5, 20, 50]),
    ] {
        let measured = tally.measured.entry(metric).or_default();
        values.iter().for_each(|value| measured.add(value + more));
    }
    for metric in [Metric::RunFailures, Metric::SyncFailures] {
        tally.measured.entry(metric).or_default().add(0);
    }
    tally
}

/// What is counted once a day over all rosters.
pub(crate) async fn count(scene: &Scene) {
    let ports = &scene.machine.ports;
    let all = accounts::all(ports).await.unwrap();
    let all: Vec<_> = all.into_iter().map(|account| account.entity).collect();
    count::daily(ports, &all).await.unwrap();
    scene.machine.work_now().await;
}

/// Three of four people hold something in the application whose roster is known; what the others have there is drift.
pub(crate) async fn grants(scene: &Scene, people: usize) {
    let (app, now) = (Slug::parse("design").unwrap(), scene.now());
    let numbers: Vec<usize> = (0..people).filter(|number| number % 4 != 0).collect();
    for chunk in numbers.chunks(AT_ONCE) {
        let puts = chunk.iter().map(|number| {
            let wanted = Entitlement::default();
            let mut grant = Grant::desired(&person_id(*number), &app, wanted.clone(), now);
            (grant.state, grant.held) = (GrantState::Active, Some(wanted));
            Put::of(&grant, Version::ABSENT)
        });
        put(scene, puts.collect()).await;
    }
}

/// So many things happen to somebody.
pub(crate) async fn live(scene: &Scene, person: &PersonId, entries: usize) {
    let who = scene.by_hand(person);
    for number in 0..entries {
        let mut given = Attributes::default();
        given.set("phone", number.to_string());
        let done = correct::correct(&scene.machine.ports, &who, person, &given, "a bench").await;
        done.expect("the person can be corrected");
    }
}
