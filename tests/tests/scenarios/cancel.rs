//! A run that is cancelled: nothing more is made, and what was on its way is looked for and taken back.
use std::sync::Arc;

use sando_core::admin;
use sando_core::audit::Cause;
use sando_core::changes::Origin;
use sando_core::ports::Clock;
use sando_core::run::{Run, RunState};
use sando_core::store::{PageRequest, Query};
use sando_tests::harness::{Doom, Machine, Site, TestClock, hint};
use sando_world::{Fault, FaultKind};

async fn the_run(machine: &Machine) -> Run {
    let states = RunState::ALL.into_iter().map(RunState::as_str).collect();
    let query = Query::States {
        kind: "run",
        states,
    };
    let page = PageRequest {
        limit: 10,
        cursor: None,
    };
    let page = machine.ports.store.list(&query, &page).await.unwrap();
    page.items[0].read::<Run>().unwrap().entity
}

#[tokio::test]
async fn what_was_on_its_way_when_a_run_was_cancelled_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let clock = Arc::new(TestClock::at(sando_infra::system::SystemClock.now()));
    let machine = Machine::start(folder.path(), &site, clock.clone(), Doom::never()).await;
    // Mail makes the account, but nobody learns of it at first.
    site.mail
        .faults()
        .push(Fault::on("POST", "/Users", FaultKind::CutAfter).times(1));
    let ids = site.hire("Ada Park", "ada.park@mail.example");
    machine
        .receive(&hint(
            "candidateHired",
            &ids.opportunity,
            "one",
            clock.now(),
        ))
        .await;
    machine.work_now().await;
    assert_eq!(site.mail.users().len(), 1);

    let who = Origin {
        actor: "local-admin".to_owned(),
        cause: Cause::of("api", "test"),
        correlation_id: "test".to_owned(),
        at: clock.now(),
    };
    let run = the_run(&machine).await;
    admin::runs::cancel(&machine.ports, &who, &run.id, "not wanted")
        .await
        .unwrap();
    machine.settle().await;

    let run = the_run(&machine).await;
    assert_eq!(run.state, RunState::Cancelled, "{run:#?}");
    assert_eq!(site.mail.users().len(), 1);
    assert!(
        !site.mail.users()[0].active,
        "it was looked for, found and taken back"
    );
    assert_eq!(site.mail.creates(), 1);
    assert!(site.lever.notes(&ids.opportunity).is_empty());
}
