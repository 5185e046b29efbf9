//! Who may decide, what an approval is bound to, and what time does to it.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::effect::Goal;
use crate::grant::{Entitlement, Grant};
use crate::testing::a_person;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn a_rule(rule: serde_json::Value) -> ApprovalRule {
    serde_json::from_value(rule).unwrap()
}

fn an_effect(plan: &str) -> PlannedEffect {
    let person = a_person().build();
    let app = AppSlug::parse("github").unwrap();
    PlannedEffect {
        grant: Grant::id_for(&person.id, &app),
        app,
        goal: Goal::Give,
        entitlement: Entitlement {
            plan: Some(plan.to_owned()),
            ..Entitlement::default()
        },
        policies: Vec::new(),
        why: String::new(),
        deliver: crate::schedule::Delivery::Now,
        approvals: Vec::new(),
    }
}

fn an_app(cents: i64) -> Application {
    let price = json!({ "amount_minor": cents, "currency": "USD", "per": "month" });
    let app =
        json!({ "app": "github", "plans": [{ "id": "team", "price": price }, { "id": "free" }] });
    serde_json::from_value(app).unwrap()
}

/// Asks something of the question that this makes.
fn asking<T>(
    rule: &ApprovalRule,
    person: &Person,
    plan: &str,
    cents: i64,
    with: impl FnOnce(&Question<'_>) -> T,
) -> T {
    let (effect, app, place) = (an_effect(plan), an_app(cents), Place::default());
    with(&Question {
        run: &RunId::derived(&["run"]),
        requester: None,
        step: &StepId::from("access/github"),
        person,
        effect: &effect,
        app: Some(&app),
        rule,
        rules: std::slice::from_ref(rule),
        said_yes: Vec::new(),
        place: &place,
        asked_before: 0,
        now: at("2027-03-01T09:00:00Z"),
    })
}

fn an_approval(rule: serde_json::Value) -> Approval {
    asking(
        &a_rule(rule),
        &a_person().build(),
        "team",
        400,
        Approval::ask,
    )
}

fn somebody(actor: &str, names: &[&str]) -> Decider {
    Decider {
        actor: actor.to_owned(),
        names: names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>(),
        is_admin: false,
    }
}

fn roles() -> Roles {
    let members = vec!["bo@contoso.example".to_owned()];
    Roles::from([("it-admin".to_owned(), members)])
}

#[track_caller]
fn check(who: &Decider, expect: Result<Power, Refusal>) {
    let mut approval = an_approval(json!({
        "by": ["role:it-admin", "chief@contoso.example"], "escalate_to": ["group:security"],
    }));
    let now = at("2027-03-02T09:00:00Z");
    approval.deputies.push(Deputy {
        who: "role:night".to_owned(),
        until: at("2027-03-03T09:00:00Z"),
        by: "key:key_1".to_owned(),
    });
    let requester = somebody("key:key_9", &["it-admin", "asker@contoso.example"]);
    let person = a_person().build();

    let found = who.may_decide(&approval, &person, Some(&requester), &roles(), now);

    assert_eq!(found, expect, "{who:?}");
}

#[test]
fn only_who_is_asked_decides() {
    check(&somebody("key:key_1", &["it-admin"]), Ok(Power::Own));
    check(&somebody("key:key_1", &["role:it-admin"]), Ok(Power::Own));
    check(
        &somebody("key:key_1", &["Bo@Contoso.example"]),
        Ok(Power::Own),
    );
    check(&somebody("oidc:chief@contoso.example", &[]), Ok(Power::Own));
    check(&somebody("key:key_2", &["night"]), Ok(Power::Deputy));
    check(
        &somebody("key:key_2", &["security"]),
        Err(Refusal::NotAsked),
    );
    check(&somebody("key:key_2", &[]), Err(Refusal::NotAsked));
    // What nobody has verified lets nobody in, and keeps out whom it names.
    check(
        &somebody("oidc:1", &["claimed:bo@contoso.example"]),
        Err(Refusal::NotAsked),
    );
    check(
        &somebody("oidc:1", &["it-admin", "claimed:Ada.Park@contoso.example"]),
        Err(Refusal::OwnAccess),
    );
    check(
        &somebody("oidc:1", &["it-admin", "claimed:asker@contoso.example"]),
        Err(Refusal::OwnRequest),
    );
    let admin = Decider {
        is_admin: true,
        ..somebody("local-admin", &[])
    };
    check(&admin, Ok(Power::Override));
}

#[test]
fn nobody_decides_in_a_matter_of_their_own() {
    let own = ["it-admin", "Ada.Park+x@contoso.example"];
    check(&somebody("key:key_1", &own), Err(Refusal::OwnAccess));
    check(
        &somebody("key:key_2", &["night", "ada.park@mail.example"]),
        Err(Refusal::OwnAccess),
    );
    check(
        &somebody("key:key_9", &["it-admin"]),
        Err(Refusal::OwnRequest),
    );
    let other_key = ["it-admin", "asker@contoso.example"];
    check(&somebody("key:key_3", &other_key), Err(Refusal::OwnRequest));
    let admin = Decider {
        is_admin: true,
        ..somebody("key:key_9", &[])
    };
    check(&admin, Err(Refusal::OwnRequest));
}

#[test]
fn a_deputy_decides_until_the_date_only() {
    let mut approval = an_approval(json!({ "by": ["role:it-admin"] }));
    approval.deputies.push(Deputy {
        who: "role:night".to_owned(),
        until: at("2027-03-02T09:00:00Z"),
        by: "key:key_1".to_owned(),
    });

    assert_eq!(
        approval.may_decide(at("2027-03-02T08:59:59Z")),
        ["role:it-admin", "role:night"]
    );
    assert_eq!(
        approval.may_decide(at("2027-03-02T09:00:00Z")),
        ["role:it-admin"]
    );
}

#[test]
fn the_person_is_not_asked_about_themselves() {
    let person = a_person()
        .with("manager", "Ada.Park@contoso.example")
        .build();
    let ask = |rule: serde_json::Value| {
        asking(&a_rule(rule), &person, "team", 400, |question| {
            let approval = Approval::ask(question);
            let now = question.now;
            approval
                .may_decide(now)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
    };

    assert_eq!(
        ask(json!({ "by": ["{manager}"], "escalate_to": ["role:hr"] })),
        ["role:hr"]
    );
    assert_eq!(ask(json!({ "by": ["{manager}"] })), ["role:admin"]);
    assert_eq!(ask(json!({ "by": ["{mentor}", "role:it"] })), ["role:it"]);
}

#[test]
fn an_approval_is_bound_to_what_would_be_done_for_whom_and_at_what_price() {
    let (ada, rule) = (a_person().build(), a_rule(json!({ "by": ["role:it"] })));
    let mut grace = ada.clone();
    grace.id = PersonId::derived(&["grace"]);
    let renamed = a_person().with("name", "Ada Hopper").build();
    let approval = an_approval(json!({ "by": ["role:it"] }));
    let fits = |rule: &ApprovalRule, person: &Person, plan: &str, cents: i64| {
        asking(rule, person, plan, cents, |question| {
            approval.is_for(question)
        })
    };

    assert!(fits(&rule, &ada, "team", 400));
    assert!(fits(&rule, &renamed, "team", 400));
    assert!(!fits(&rule, &grace, "team", 400));
    assert!(!fits(&rule, &ada, "free", 400));
    assert!(!fits(&rule, &ada, "team", 401));
    assert!(!fits(
        &a_rule(json!({ "by": ["role:hr"] })),
        &ada,
        "team",
        400
    ));
    assert_eq!(
        approval.cost.as_ref().map(|cost| cost.amount_minor),
        Some(400)
    );
}

#[test]
fn reminders_grow_others_are_asked_halfway_and_the_end_is_a_no() {
    let mut approval = an_approval(
        json!({ "by": ["role:it"], "expires": "72h", "escalate_to": ["group:security"] }),
    );
    let mut story = Vec::new();
    for _ in 0..20 {
        let Some(now) = approval.due() else { break };
        let passed = approval.come_due(now);
        if passed.remind {
            approval.reminded(now);
        }
        let hours = now.duration_since(approval.created_at).as_hours();
        let asked = approval.may_decide(now).len();
        story.push(format!(
            "{hours}h {} asked {asked}",
            if passed.expired {
                "expired"
            } else {
                "reminded"
            }
        ));
        if passed.expired {
            break;
        }
    }

    assert_eq!(
        story,
        [
            "0h reminded asked 1",
            "4h reminded asked 1",
            "12h reminded asked 1",
            "36h reminded asked 2",
            "72h expired asked 2",
        ]
    );
    assert_eq!(approval.state, ApprovalState::Expired);
    assert_eq!(approval.decisions[0].decision, Verdict::Expired);
    assert!(!approval.waits(at("2027-03-01T09:00:00Z")));
}

#[test]
fn a_letter_begins_with_why_somebody_is_asked_and_a_deputy_alone_hears_what_was_passed_on() {
    let now = at("2027-03-01T10:00:00Z");
    let mut approval = an_approval(
        json!({ "by": ["role:it"], "expires": "72h", "escalate_to": ["group:security"] }),
    );
    approval.reminded(now);
    assert_eq!(approval.headline("role:it"), "Approval needed");

    let deputy = Deputy {
        who: "bo@contoso.example".to_owned(),
        until: at("2027-03-09T09:00:00Z"),
        by: "key:it".to_owned(),
    };
    let decision = Decision {
        by: "key:it".to_owned(),
        decision: Verdict::Delegated,
        reason: String::new(),
        at: now,
        forced: false,
    };
    assert!(approval.delegate(deputy, decision));
    assert_eq!(approval.to_tell(now), ["bo@contoso.example"]);
    assert_eq!(approval.headline("bo@contoso.example"), "Passed on to you");

    approval.reminded(now);
    assert_eq!(approval.to_tell(now), ["role:it", "bo@contoso.example"]);
    assert_eq!(approval.headline("role:it"), "Reminder, approval needed");

    approval.escalate();
    let as_well = approval.headline("group:security");
    assert_eq!(as_well, "Nobody decided, you are asked as well");
}

#[test]
fn what_is_passed_on_before_anybody_was_told_is_told_to_everybody() {
    let now = at("2027-03-01T10:00:00Z");
    let mut approval = an_approval(json!({ "by": ["role:it"], "expires": "72h" }));
    let deputy = Deputy {
        who: "bo@contoso.example".to_owned(),
        until: at("2027-03-09T09:00:00Z"),
        by: "key:it".to_owned(),
    };
    let decision = Decision {
        by: "key:it".to_owned(),
        decision: Verdict::Delegated,
        reason: String::new(),
        at: now,
        forced: false,
    };

    assert!(approval.delegate(deputy, decision));

    assert_eq!(approval.to_tell(now), ["role:it", "bo@contoso.example"]);
    assert!(!approval.was_just_passed_on());
}

#[test]
fn what_is_read_is_what_was_written() {
    let approval = an_approval(json!({ "by": ["role:it"], "expires": "3wd" }));

    let text = serde_json::to_string(&approval).unwrap();

    assert_eq!(serde_json::from_str::<Approval>(&text).unwrap(), approval);
    assert_eq!(approval.expires_at, Some(at("2027-03-04T09:00:00Z")));
}
