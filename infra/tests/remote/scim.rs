//! SCIM against a simulated application.

use sando_core::app::Provision;
use sando_core::effect::{Action, Came, Outcome, Told};
use sando_core::ids::ExternalId;
use sando_core::ports::{Provisioner, RemoteError, Subject};
use sando_world::{Fault, FaultKind, ScimApp, ScimGroup, ScimOptions};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::support::{FixedSecrets, ada, key, known, provisioner, somebody};

pub(crate) const ADA: &str = "ada.park@contoso.example";

pub(crate) fn file(app: &ScimApp, more: &Value) -> Value {
    let mut provisioner = json!({
        "type": "scim", "base_url": app.base_url(), "auth": {"type": "bearer"},
        "group_for": {"role": {"admin": "Admins", "member": "Members"}, "plan": {"pro": "Pro Seats"}},
    });
    for (key, value) in more.as_object().unwrap() {
        provisioner[key] = value.clone();
    }
    json!({"app": "figma", "provisioner": provisioner})
}

pub(crate) async fn with(options: ScimOptions, more: Value) -> (ScimApp, Arc<dyn Provisioner>) {
    let app = ScimApp::start(options).await.unwrap();
    let secrets = FixedSecrets::default().with("app/figma", &[("token", app.token())]);
    let provisioner = provisioner(&file(&app, &more), secrets).await;
    (app, provisioner)
}

pub(crate) async fn plain() -> (ScimApp, Arc<dyn Provisioner>) {
    with(ScimOptions::default(), json!({})).await
}

pub(crate) fn wants(role: &str, plan: &str, groups: &[&str]) -> Subject {
    let mut subject = ada();
    subject.entitlement.role = Some(role.to_owned());
    subject.entitlement.plan = Some(plan.to_owned());
    subject.entitlement.groups = groups.iter().map(|group| (*group).to_owned()).collect();
    subject
}

pub(crate) fn id(outcome: &Outcome) -> ExternalId {
    match outcome {
        Outcome::Done {
            external_id: Some(id),
            ..
        } => id.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_user_block_is_the_usual_one() {
    let Provision::Scim(scim) =
        serde_json::from_value(json!({"type": "scim", "base_url": "https://x.example"})).unwrap()
    else {
        panic!("not SCIM")
    };
    assert!(scim.user.contains_key("userName"));
}

#[tokio::test]
async fn a_user_is_made_found_suspended_restored_and_removed() {
    let (app, scim) = plain().await;
    assert_eq!(scim.find(&ada()).await.unwrap(), None);

    let made = scim.make(Action::Create, &ada(), &key()).await;
    assert!(
        matches!(made, Outcome::Done { was_so: false, .. }),
        "{made:?}"
    );
    let found = scim.find(&ada()).await.unwrap().unwrap();
    assert_eq!(found.external_id, id(&made));
    assert!(found.active && found.ours && found.entitled == Some(true));
    let user = app.user(ADA).unwrap();
    assert_eq!(user.external_id.as_deref(), Some(ada().person.id.as_str()));
    assert_eq!(
        user.attributes["name"],
        json!({"givenName": "Ada", "familyName": "Park"})
    );

    let ada = known(&ada(), &found.external_id);
    for (action, active) in [(Action::Suspend, false), (Action::Restore, true)] {
        let outcome = scim.make(action, &ada, &key()).await;
        assert!(
            matches!(outcome, Outcome::Done { was_so: false, .. }),
            "{outcome:?}"
        );
        assert_eq!(scim.find(&ada).await.unwrap().unwrap().active, active);
    }

    for was_so in [false, true] {
        let outcome = scim.make(Action::Remove, &ada, &key()).await;
        assert!(
            matches!(outcome, Outcome::Done { was_so: so, .. } if so == was_so),
            "{outcome:?}"
        );
    }
    assert_eq!(scim.find(&ada).await.unwrap(), None);
    let outcome = scim.make(Action::Suspend, &ada, &key()).await;
    assert!(
        matches!(outcome, Outcome::Done { was_so: true, .. }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn making_a_user_that_is_there_already_is_no_failure() {
    let (app, scim) = plain().await;
    app.insert_stranger(ADA);

    let outcome = scim.make(Action::Create, &ada(), &key()).await;

    assert!(
        matches!(outcome, Outcome::Done { was_so: true, .. }),
        "{outcome:?}"
    );
    let found = scim.find(&ada()).await.unwrap().unwrap();
    assert!(!found.ours);
    assert_eq!(app.users().len(), 1);
}

#[tokio::test]
async fn a_server_without_filters_is_read_page_by_page() {
    let options = ScimOptions {
        filter: false,
        max_page: 7,
        ..ScimOptions::default()
    };
    let (app, scim) = with(options, json!({})).await;
    for number in 0..40 {
        app.insert_stranger(&format!("user{number}@contoso.example"));
    }

    assert_eq!(scim.find(&ada()).await.unwrap(), None);
    scim.make(Action::Create, &ada(), &key()).await;
    assert!(scim.find(&ada()).await.unwrap().unwrap().ours);
}

#[tokio::test]
async fn a_server_without_patch_gets_the_whole_user() {
    let options = ScimOptions {
        patch: false,
        ..ScimOptions::default()
    };
    let (app, scim) = with(options, json!({})).await;
    app.insert_group("Admins");
    app.insert_group("Members");
    app.insert_group("Pro Seats");
    let made = scim.make(Action::Create, &ada(), &key()).await;
    let subject = known(&wants("admin", "pro", &[]), &id(&made));

    for action in [Action::Suspend, Action::Restore, Action::Entitle] {
        let outcome = scim.make(action, &subject, &key()).await;
        assert!(
            matches!(outcome, Outcome::Done { was_so: false, .. }),
            "{action:?} {outcome:?}"
        );
    }

    let user = app.user(ADA).unwrap();
    assert!(user.active);
    assert_eq!(user.attributes["displayName"], "Ada Park");
    let groups: BTreeSet<String> = user.groups.into_iter().collect();
    assert_eq!(
        groups,
        BTreeSet::from(["Admins".to_owned(), "Pro Seats".to_owned()])
    );
}

#[tokio::test]
async fn a_server_with_cursors_only_is_read_to_its_end() {
    let options = ScimOptions {
        filter: false,
        cursors: true,
        max_page: 7,
        ..ScimOptions::default()
    };
    let (app, scim) = with(options, json!({})).await;
    for number in 0..40 {
        app.insert_stranger(&format!("user{number}@contoso.example"));
    }
    assert_eq!(scim.find(&ada()).await.unwrap(), None);
    let made = scim.make(Action::Create, &ada(), &key()).await;
    app.insert_stranger("last@contoso.example");

    let found = scim.find(&ada()).await.unwrap().unwrap();
    assert_eq!(found.external_id, id(&made));
}

#[tokio::test]
async fn what_somebody_else_changed_in_between_is_not_overwritten() {
    let options = ScimOptions {
        patch: false,
        ..ScimOptions::default()
    };
    let (app, scim) = with(options, json!({})).await;
    app.insert_stranger("bo@contoso.example");
    let bo = app.users()[0].id.clone();
    for group in ["Admins", "Members", "Pro Seats"] {
        app.insert_group(group);
    }
    let made = scim.make(Action::Create, &ada(), &key()).await;
    let subject = known(&wants("admin", "pro", &[]), &id(&made));

    for action in [Action::Suspend, Action::Entitle] {
        app.meddle(1);
        let refused = scim.make(action, &subject, &key()).await;
        assert!(
            matches!(&refused, Outcome::NotDone { why, .. } if why == "it was changed in between"),
            "{action:?} {refused:?}"
        );
        let again = scim.make(action, &subject, &key()).await;
        assert!(
            matches!(again, Outcome::Done { .. }),
            "{action:?} {again:?}"
        );
    }

    let user = app.user(ADA).unwrap();
    assert!(!user.active);
    assert_eq!(user.attributes["nickName"], "Somebody else was here");
    let kept = |group: &ScimGroup| group.members.contains(&bo);
    assert_eq!(app.groups().iter().filter(|group| kept(group)).count(), 1);
}

#[tokio::test]
async fn active_is_written_as_text_where_a_server_wants_it_so() {
    let options = ScimOptions {
        active_as_text: true,
        ..ScimOptions::default()
    };
    let quirks = json!({"quirks": {"patch_active_as_text": true}});
    let (app, scim) = with(options, quirks).await;
    let made = scim.make(Action::Create, &ada(), &key()).await;

    let outcome = scim
        .make(Action::Suspend, &known(&ada(), &id(&made)), &key())
        .await;

    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    assert!(!app.user(ADA).unwrap().active);
}

#[tokio::test]
async fn every_way_a_create_can_end_is_told_apart() {
    let cases: [(FaultKind, &str, usize); 8] = [
        (FaultKind::CutBefore, "unknown", 0),
        (FaultKind::CutAfter, "unknown", 1),
        (FaultKind::ErrorAfter(500), "unknown", 1),
        (FaultKind::Status(503), "unknown", 0),
        (FaultKind::Status(408), "unknown", 0),
        (
            FaultKind::Retry429 {
                retry_after: Some(7),
            },
            "not_done",
            0,
        ),
        (FaultKind::Status(400), "refused", 0),
        (FaultKind::Status(403), "refused", 0),
    ];
    for (fault, expect, users) in cases {
        let (app, scim) = plain().await;
        app.faults().push(Fault::on("POST", "/Users", fault));

        let outcome = scim.make(Action::Create, &ada(), &key()).await;

        let word = serde_json::to_value(&outcome).unwrap()["outcome"].clone();
        assert_eq!(
            (word, app.users().len()),
            (json!(expect), users),
            "{fault:?} {outcome:?}"
        );
        assert_eq!(app.traffic().count("POST", "/Users"), 1, "{fault:?}");
        if let Outcome::NotDone {
            retry_after_secs, ..
        } = outcome
        {
            assert_eq!(retry_after_secs, Some(7));
        }
    }
}

#[tokio::test]
async fn a_look_that_fails_is_an_error_and_never_nothing() {
    let (app, scim) = plain().await;
    app.faults().outage(FaultKind::Status(403));

    let error = scim.find(&ada()).await.unwrap_err();

    assert!(
        matches!(error, RemoteError::Refused { status: 403, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_look_outlives_a_short_failure() {
    let (app, scim) = plain().await;
    app.faults()
        .push(Fault::on("GET", "/Users", FaultKind::Status(500)));
    app.faults()
        .push(Fault::on("GET", "/Users", FaultKind::CutBefore));

    assert_eq!(scim.find(&ada()).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_that_was_changed_is_read_afresh_once() {
    let app = ScimApp::start(ScimOptions::default()).await.unwrap();
    let secrets = FixedSecrets::default()
        .with("app/figma", &[("token", "an old token")])
        .fresh("app/figma", &[("token", app.token())]);
    let scim = provisioner(&file(&app, &json!({})), secrets).await;

    let made = scim.make(Action::Create, &ada(), &key()).await;

    assert!(
        matches!(made, Outcome::Done { was_so: false, .. }),
        "{made:?}"
    );
    assert_eq!(app.creates(), 1);
}

#[tokio::test]
async fn a_token_that_is_wrong_is_worth_another_try_and_not_shown() {
    let app = ScimApp::start(ScimOptions::default()).await.unwrap();
    let secrets = FixedSecrets::default().with("app/figma", &[("token", "wrong-token")]);
    let scim = provisioner(&file(&app, &json!({})), secrets).await;

    let outcome = scim.make(Action::Create, &ada(), &key()).await;

    let Outcome::NotDone { why, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        why.starts_with("401") && !why.contains("wrong-token"),
        "{why}"
    );
}

#[tokio::test]
async fn a_person_without_an_address_is_refused_with_what_is_missing() {
    let (app, scim) = plain().await;
    let nobody = somebody("work_email", "");

    assert_eq!(scim.find(&nobody).await.unwrap(), None);
    let outcome = scim.make(Action::Create, &nobody, &key()).await;

    let expect = Outcome::Refused {
        why: "`work_email` has no value".to_owned(),
    };
    assert_eq!(outcome, expect);
    assert!(app.users().is_empty());
}

#[tokio::test]
async fn a_hostile_name_finds_and_makes_only_itself() {
    let (app, scim) = plain().await;
    app.insert_stranger("victim@contoso.example");
    for name in [
        r#"x" or userName pr or userName eq "victim@contoso.example"#,
        r"\",
        r#"a"b"#,
        "../../Groups",
        "?filter=x&y=1#z",
        "a%20b/c",
        "*",
    ] {
        let hostile = somebody("work_email", name);
        let other = Subject {
            person: sando_core::person::Person {
                id: sando_core::ids::PersonId::derived(&[name]),
                ..hostile.person
            },
            ..hostile
        };
        assert_eq!(scim.find(&other).await.unwrap(), None, "{name}");
        let made = scim.make(Action::Create, &other, &key()).await;
        assert!(
            matches!(made, Outcome::Done { was_so: false, .. }),
            "{name} {made:?}"
        );
        assert_eq!(app.user(name).unwrap().user_name, name);
        let found = scim.find(&other).await.unwrap().unwrap();
        assert_eq!(found.external_id, id(&made));
    }
    assert!(app.user("victim@contoso.example").unwrap().active);
}

#[tokio::test]
async fn a_hostile_id_leads_nowhere_else() {
    let (app, scim) = plain().await;
    app.insert_group("Admins");
    for hostile in ["../Groups", "a/../../Groups", "x?y=1", "x#y"] {
        let subject = known(&ada(), &ExternalId::try_from(hostile.to_owned()).unwrap());
        let outcome = scim.make(Action::Remove, &subject, &key()).await;
        assert!(
            matches!(outcome, Outcome::Done { was_so: true, .. }),
            "{hostile} {outcome:?}"
        );
    }
    let subject = known(&ada(), &ExternalId::try_from("..".to_owned()).unwrap());
    let outcome = scim.make(Action::Remove, &subject, &key()).await;
    assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
    assert_eq!(app.groups().len(), 1);
}

#[tokio::test]
async fn who_leaves_is_found_and_suspended_also_where_groups_are_not_ours_to_see() {
    let (app, scim) = plain().await;
    let made = scim.make(Action::Create, &ada(), &key()).await;
    let subject = known(&wants("admin", "pro", &[]), &id(&made));
    let fault = Fault::on("GET", "/Groups", FaultKind::Status(403));
    app.faults().push(fault.times(100));

    let found = scim.find(&subject).await.unwrap().unwrap();
    let suspended = scim.make(Action::Suspend, &subject, &key()).await;
    let entitled = scim.make(Action::Entitle, &subject, &key()).await;

    assert!(found.active && found.entitled.is_none());
    assert!(matches!(suspended, Outcome::Done { was_so: false, .. }));
    assert!(matches!(entitled, Outcome::Refused { .. }), "{entitled:?}");
}

#[tokio::test]
async fn what_came_of_every_request_is_written_down() {
    let (app, scim) = plain().await;
    let ada = ada();
    let came = || -> Vec<Came> {
        let calls = ada.calls.take().into_iter();
        calls.map(|(came, _)| came).collect()
    };
    let [ok, made, busy] = [200, 201, 503].map(Came::Status);

    scim.find(&ada).await.unwrap();
    let looked = came();
    assert!(!looked.is_empty() && looked.iter().all(|one| *one == ok));

    let cut = Fault::on("POST", "/Users", FaultKind::CutBefore);
    app.faults().push(cut);
    scim.make(Action::Create, &ada, &key()).await;
    assert_eq!(came(), [Came::Told(Told::NoAnswer)]);

    scim.make(Action::Create, &ada, &key()).await;
    assert_eq!(came(), [made]);

    let failing = Fault::on("GET", "/Users", FaultKind::Status(503));
    app.faults().push(failing);
    scim.find(&ada).await.unwrap();
    assert_eq!(came()[..2], [busy, ok], "a read is tried again");
}
