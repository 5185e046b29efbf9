//! One roster, walked over.

use serde_json::json;

use super::*;
use crate::definition::IdHash;
use crate::ids::RosterId;
use crate::linked::Linked;
use crate::testing::{self, a_person};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn an_app() -> Application {
    let price =
        |amount: i64, per: &str| json!({ "amount_minor": amount, "currency": "EUR", "per": per });
    serde_json::from_value(json!({ "app": "design", "plans": [
        { "id": "viewer", "price": price(1200, "year") },
        { "id": "pro", "name": "Professional", "price": price(1500, "month"), "seats": 4 },
    ] }))
    .unwrap()
}

fn a_face(id: &str, email: &str, license: &str, last: Option<&str>) -> Face {
    let mut face = testing::a_face(id, email, license, at("2027-03-01T09:00:00Z"));
    face.user.last_visit_at = last.map(str::to_owned);
    face
}

/// Ada is here, Bo left.
fn directory() -> Directory {
    let mut directory = Directory::default();
    directory.add(&a_person().build());
    let mut bo = a_person()
        .in_state(Lifecycle::Left)
        .with("work_email", "bo@contoso.example")
        .with("name", "Bo Lind")
        .build();
    bo.id = PersonId::derived(&["bo"]);
    bo.leaves_at = Some(at("2027-02-01T09:00:00Z"));
    directory.add(&bo);
    directory
}

fn seats(faces: &[Face]) -> Vec<Seat> {
    let (app, directory) = (an_app(), directory());
    let since = unused_since(at("2027-03-01T09:00:00Z"), UNUSED_DAYS);
    let seat = |face: &Face| {
        let holder = face.user.email.as_deref();
        let holder = holder.and_then(|address| directory.find(address));
        Seat::of(&app.app, "default", face, Some(&app), holder, since)
    };
    faces.iter().filter_map(seat).collect()
}

fn a_roster() -> Vec<Face> {
    let mut gone = a_face("u5", "bo@contoso.example", "pro", None);
    gone.deleted = true;
    vec![
        a_face(
            "u1",
            "Ada.Park@contoso.example",
            "Professional",
            Some("2027-02-20T09:00:00Z"),
        ),
        a_face("u2", "ada.park@contoso.example", "pro", None),
        a_face("u3", "bo@contoso.example", "viewer", None),
        a_face(
            "u4",
            "stranger@contoso.example",
            "pro",
            Some("2026-01-01T09:00:00Z"),
        ),
        gone,
    ]
}

#[test]
fn a_users_address_counts_before_a_link() {
    let (roster, other) = (RosterId::derived(&["acme"]), RosterId::derived(&["other"]));
    let link = |user: &str| Linked {
        roster: roster.clone(),
        user: IdHash::of(user),
        account: "acme/prod".to_owned(),
        external_id: user.to_owned().try_into().unwrap(),
        by: "local-admin".to_owned(),
        at: at("2027-03-01T09:00:00Z"),
        reason: "she said so".to_owned(),
    };
    let mut cy = a_person()
        .with("work_email", "cy@contoso.example")
        .with("name", "Cy Moor")
        .build();
    cy.id = PersonId::derived(&["cy"]);
    cy.identifiers.users = ["u1", "u4", "u6"].map(link).into();
    let mut directory = directory();
    directory.add(&cy);

    let whose = |roster: &RosterId, user: &str, address: Option<&str>| {
        let holder = directory.whose(roster, IdHash::of(user), address);
        holder.and_then(|holder| holder.name.clone())
    };
    let cy = Some("Cy Moor".to_owned());
    let bo = Some("Bo Lind".to_owned());
    assert_eq!(whose(&roster, "u1", Some("bo@contoso.example")), bo);
    assert_eq!(whose(&roster, "u4", Some("stranger@contoso.example")), cy);
    assert_eq!(whose(&roster, "u6", None), cy);
    assert_eq!(whose(&roster, "u7", None), None);
    assert_eq!(whose(&other, "u6", None), None);
    assert!(directory.is_linked(&roster, IdHash::of("u1")));
    assert!(!directory.is_linked(&other, IdHash::of("u1")));
}

#[test]
fn a_seat_says_whose_it_is_and_what_is_noticed() {
    let seats = seats(&a_roster());

    let flags: Vec<Vec<&str>> = seats
        .iter()
        .map(|seat| seat.flags.iter().map(|flag| flag.as_str()).collect())
        .collect();
    let none: Vec<&str> = Vec::new();
    assert_eq!(
        flags,
        [
            none.clone(),
            none,
            vec!["holder_left"],
            vec!["orphaned", "unused"]
        ]
    );
    assert_eq!(seats[0].monthly.0["EUR"], 1500);
    assert_eq!(seats[2].monthly.0["EUR"], 100);
    assert_eq!(seats[2].name.as_deref(), Some("Bo Lind"));
}

#[test]
fn residue_is_what_leavers_hold() {
    let mut residue = Residue::default();
    seats(&a_roster())
        .into_iter()
        .for_each(|seat| residue.add(seat));

    assert_eq!((residue.people, residue.total.seats), (1, 1));
    assert_eq!(residue.total.monthly.0["EUR"], 100);
    assert_eq!(residue.seats[0].external_id, "u3");
}

#[test]
fn licences_are_counted_under_their_plans() {
    let app = an_app();
    let mut licences = Licences::default();
    licences.bought(&app);
    for seat in seats(&a_roster()) {
        licences.add(seat, Some(&app));
    }

    let of_app = &licences.by_license[&app.app];
    let pro = &of_app["pro"];
    assert_eq!(
        (pro.bought, pro.held, pro.used, pro.reclaimable),
        (Some(4), 3, 1, 2)
    );
    assert_eq!(pro.noticed["duplicate"], 1);
    assert_eq!(pro.saving.0["EUR"], 3000);
    assert_eq!(of_app["viewer"].reclaimable, 1);
    assert_eq!(licences.saving.0["EUR"], 3100);
}

#[test]
fn spend_has_a_department_or_nobody() {
    let mut spend = Spend::default();
    seats(&a_roster()).iter().for_each(|seat| spend.add(seat));

    assert_eq!(spend.total.seats, 4);
    assert_eq!(spend.by_department["Engineering"].monthly.0["EUR"], 3100);
    assert_eq!(spend.unknown.monthly.0["EUR"], 1500);
    assert_eq!(spend.by_person.len(), 2);
}

#[test]
fn what_is_not_told_apart_any_more_stays_in_the_sums() {
    let mut spend = Spend::default();
    seats(&a_roster()).iter().for_each(|seat| spend.add(seat));
    let costs = Costs {
        spend: spend.clone(),
        ..Costs::default()
    };

    let few = costs.trimmed(1).spend;

    assert_eq!(few.total, spend.total);
    assert_eq!(few.by_person.len(), 1);
    let ada = &few.by_person[&a_person().build().id];
    assert_eq!((ada.seats, ada.monthly.0["EUR"]), (2, 3000));
    assert_eq!((few.others.seats, few.others.monthly.0["EUR"]), (1, 100));
}

#[test]
fn a_suspended_user_who_holds_a_licence_costs_and_could_give_it_back() {
    let off = |id: &str, email: &str, license: &str| {
        let mut face = a_face(id, email, license, None);
        face.user.active = false;
        face
    };
    let mut holds_nothing = off("u7", "bo@contoso.example", "pro");
    holds_nothing.user.licenses.clear();
    let faces = [
        off("u6", "ada.park@contoso.example", "pro"),
        a_face("u1", "ada.park@contoso.example", "pro", None),
        holds_nothing,
        off("u8", "bo@contoso.example", "viewer"),
    ];
    let seats = seats(&faces);

    let shown: Vec<(&str, &[Flag])> = seats
        .iter()
        .map(|seat| (seat.external_id.as_str(), seat.flags.as_slice()))
        .collect();
    assert_eq!(
        shown,
        [
            ("u6", [Flag::Inactive].as_slice()),
            ("u1", [].as_slice()),
            ("u8", [Flag::HolderLeft, Flag::Inactive].as_slice()),
        ]
    );
    let (app, mut spend) = (an_app(), Spend::default());
    let (mut licences, mut residue) = (Licences::default(), Residue::default());
    for seat in seats {
        spend.add(&seat);
        licences.add(seat.clone(), Some(&app));
        residue.add(seat);
    }
    assert_eq!(spend.total.monthly.0["EUR"], 3100);
    // The seat that is in use is no duplicate of one that is not.
    let pro = &licences.by_license[&app.app]["pro"];
    assert_eq!((pro.held, pro.used, pro.reclaimable), (2, 1, 1));
    assert_eq!(pro.noticed.keys().collect::<Vec<_>>(), ["inactive"]);
    assert_eq!(licences.saving.0["EUR"], 1600);
    assert_eq!(
        (residue.total.seats, residue.total.monthly.0["EUR"]),
        (1, 100)
    );
}
