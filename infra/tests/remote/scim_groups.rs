//! Groups of a SCIM application: who is in them, and who makes those that are missing.

use std::collections::BTreeSet;

use sando_core::effect::{Action, Outcome};
use sando_core::ports::Applications;
use sando_world::{Fault, FaultKind, ScimApp, ScimOptions};
use serde_json::json;

use crate::scim::{ADA, file, id, plain, wants, with};
use crate::support::{FixedSecrets, ada, application, key, known, processes, somebody};

#[tokio::test]
async fn a_changed_role_moves_between_its_groups_and_leaves_all_others_alone() {
    let (app, scim) = plain().await;
    for name in ["Admins", "Members", "Pro Seats", "eng", "book club"] {
        app.insert_group(name);
    }
    let made = scim.make(Action::Create, &ada(), &key()).await;
    let member = known(&wants("member", "pro", &["eng", "book club"]), &id(&made));
    assert_eq!(
        scim.find(&member).await.unwrap().unwrap().entitled,
        Some(false)
    );

    let outcome = scim.make(Action::Entitle, &member, &key()).await;
    assert!(
        matches!(outcome, Outcome::Done { was_so: false, .. }),
        "{outcome:?}"
    );
    assert_eq!(
        scim.find(&member).await.unwrap().unwrap().entitled,
        Some(true)
    );

    let mut admin = known(&wants("admin", "pro", &["eng"]), &id(&made));
    admin.entitlement.plan = None;
    scim.make(Action::Entitle, &admin, &key()).await;
    let groups: BTreeSet<String> = app.user(ADA).unwrap().groups.into_iter().collect();
    let expect = ["Admins", "book club", "eng"].map(str::to_owned);
    assert_eq!(groups, BTreeSet::from(expect));
    assert_eq!(
        scim.find(&admin).await.unwrap().unwrap().entitled,
        Some(true)
    );

    let again = scim.make(Action::Entitle, &admin, &key()).await;
    assert!(
        matches!(again, Outcome::Done { was_so: true, .. }),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_group_that_was_given_and_is_not_wanted_any_more_is_left_and_others_are_not() {
    let (app, scim) = plain().await;
    for name in ["Members", "Pro Seats", "eng", "book club"] {
        app.insert_group(name);
    }
    let made = scim.make(Action::Create, &ada(), &key()).await;
    let engineer = known(&wants("member", "pro", &["eng", "book club"]), &id(&made));
    scim.make(Action::Entitle, &engineer, &key()).await;
    let mut mover = known(&wants("member", "pro", &[]), &id(&made));
    mover.given.groups = ["eng".to_owned(), "gone".to_owned()].into();
    let found = scim.find(&mover).await.unwrap().unwrap();
    assert_eq!(found.entitled, Some(false));

    let outcome = scim.make(Action::Entitle, &mover, &key()).await;

    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let groups: BTreeSet<String> = app.user(ADA).unwrap().groups.into_iter().collect();
    let expect = ["Members", "Pro Seats", "book club"].map(str::to_owned);
    assert_eq!(groups, BTreeSet::from(expect));
    let found = scim.find(&mover).await.unwrap().unwrap();
    assert_eq!(found.entitled, Some(true));
}

#[tokio::test]
async fn a_missing_group_is_made_only_where_that_is_allowed_and_nothing_is_done_by_half() {
    let (app, scim) = plain().await;
    app.insert_group("Admins");
    let made = scim.make(Action::Create, &ada(), &key()).await;
    let subject = known(&wants("admin", "pro", &[]), &id(&made));

    let outcome = scim.make(Action::Entitle, &subject, &key()).await;

    let Outcome::Refused { why } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        why.contains("`Pro Seats`") && why.contains("create_groups"),
        "{why}"
    );
    assert!(app.user(ADA).unwrap().groups.is_empty());

    let (app, scim) = with(ScimOptions::default(), json!({"create_groups": true})).await;
    let made = scim.make(Action::Create, &ada(), &key()).await;
    let subject = known(&wants("admin", "pro", &[]), &id(&made));
    scim.make(Action::Entitle, &subject, &key()).await;
    assert_eq!(app.user(ADA).unwrap().groups.len(), 2);
}

#[tokio::test]
async fn a_group_that_nobody_may_write_holds_up_no_other() {
    let (app, scim) = plain().await;
    let all = app.insert_group("All");
    for name in ["Members", "Pro Seats"] {
        app.insert_group(name);
    }
    let made = scim.make(Action::Create, &ada(), &key()).await;
    let path = format!("/Groups/{all}");
    let fault = Fault::on("PATCH", &path, FaultKind::Status(403));
    app.faults().push(fault);

    let subject = known(&wants("member", "pro", &["All"]), &id(&made));
    let outcome = scim.make(Action::Entitle, &subject, &key()).await;

    assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
    let groups: BTreeSet<String> = app.user(ADA).unwrap().groups.into_iter().collect();
    let expect = ["Members", "Pro Seats"].map(str::to_owned);
    assert_eq!(groups, BTreeSet::from(expect));
}

#[tokio::test]
async fn a_missing_group_is_made_once_by_however_many_processes() {
    let app = ScimApp::start(ScimOptions::default()).await.unwrap();
    let secrets = FixedSecrets::default().with("app/figma", &[("token", app.token())]);
    let file = application(&file(&app, &json!({ "create_groups": true })));
    let mut hired = Vec::new();
    for (number, process) in processes(secrets, 6).into_iter().enumerate() {
        let scim = process.provisioner(&file).await.unwrap();
        let mut subject = somebody("work_email", &format!("p{number}@contoso.example"));
        subject.entitlement = wants("admin", "pro", &[]).entitlement;
        let made = scim.make(Action::Create, &subject, &key()).await;
        hired.push((scim, known(&subject, &id(&made))));
    }

    let entitled = hired
        .iter()
        .map(|(scim, subject)| async { scim.make(Action::Entitle, subject, &key()).await });
    let outcomes = futures::future::join_all(entitled).await;

    for outcome in outcomes {
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    }
    let groups = app.groups();
    let sizes: Vec<_> = groups
        .iter()
        .map(|group| (group.display_name.as_str(), group.members.len()))
        .collect();
    assert_eq!(sizes, [("Admins", 6), ("Pro Seats", 6)]);
}

#[tokio::test]
async fn a_server_that_lets_a_patch_name_one_member_is_served() {
    let options = ScimOptions {
        members_per_patch: 1,
        ..ScimOptions::default()
    };
    let quirks = json!({ "create_groups": true, "quirks": { "members_per_patch": 1 } });
    let (app, scim) = with(options, quirks).await;

    for name in ["ada", "bo", "cy"] {
        let mut subject = somebody("work_email", &format!("{name}@contoso.example"));
        subject.entitlement = wants("admin", "pro", &[]).entitlement;
        let made = scim.make(Action::Create, &subject, &key()).await;
        let subject = known(&subject, &id(&made));
        let outcome = scim.make(Action::Entitle, &subject, &key()).await;
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    }

    let groups = app.groups();
    let sizes: Vec<_> = groups
        .iter()
        .map(|group| (group.display_name.as_str(), group.members.len()))
        .collect();
    assert_eq!(sizes, [("Admins", 3), ("Pro Seats", 3)]);
}

#[tokio::test]
async fn whoever_is_suspended_gives_a_seat_back_and_keeps_other_groups() {
    let groups = json!({ "create_groups": true });
    let (app, scim) = with(ScimOptions::default(), groups).await;
    let made = scim.make(Action::Create, &ada(), &key()).await;
    let subject = known(&wants("admin", "pro", &["eng"]), &id(&made));
    scim.make(Action::Entitle, &subject, &key()).await;
    let found = scim.find(&subject).await.unwrap().unwrap();
    assert_eq!(found.shown.as_ref(), Some(&subject.entitlement));
    scim.make(Action::Suspend, &subject, &key()).await;
    let found = scim.find(&subject).await.unwrap().unwrap();
    assert!(!found.active);
    assert_eq!(found.shown.unwrap().plan.as_deref(), Some("pro"));

    for was_so in [false, true] {
        let outcome = scim.make(Action::ReleasePlan, &subject, &key()).await;
        assert!(
            matches!(outcome, Outcome::Done { was_so: so, .. } if so == was_so),
            "{outcome:?}"
        );
    }

    let found = scim.find(&subject).await.unwrap().unwrap();
    assert_eq!(found.shown.unwrap().plan, None);
    let groups: BTreeSet<String> = app.user(ADA).unwrap().groups.into_iter().collect();
    assert_eq!(groups, BTreeSet::from(["Admins", "eng"].map(str::to_owned)));
}

#[tokio::test]
async fn what_somebody_gave_by_hand_shows_besides_what_is_wanted() {
    let groups = json!({ "create_groups": true });
    let (app, scim) = with(ScimOptions::default(), groups).await;
    let made = scim.make(Action::Create, &ada(), &key()).await;
    let mut subject = known(&wants("member", "pro", &[]), &id(&made));
    subject.entitlement.plan = None;
    scim.make(Action::Entitle, &subject, &key()).await;
    for group in ["Admins", "Pro Seats", "book club"] {
        app.join_by_hand(id(&made).as_str(), group);
    }

    let shown = scim.find(&subject).await.unwrap().unwrap().shown.unwrap();

    assert_eq!(shown, wants("admin", "pro", &["book club"]).entitlement);
}
