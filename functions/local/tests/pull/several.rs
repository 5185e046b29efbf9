//! Steps, parents, passes, details and joins, over the wire.

use sando_world::saas::SaasAnswer;
use serde_json::{Value, json};

use crate::desk::Desk;

#[tokio::test]
async fn steps_parents_passes_details_and_joins_work_over_the_wire() {
    let desk = Desk::new().await;
    desk.app.fixed("/sites", json!([{ "id": "s1" }]));
    desk.app.fixed(
        "/s1/teams",
        json!({ "data": [{ "id": "t1", "name": "Red" }, { "id": "t2", "name": "Blue" }] }),
    );
    let member = |id: u32, role: &str| json!({ "id": id, "email": format!("u{id}@contoso.example"), "state": "active", "role_id": role });
    desk.app.fixed(
        "/t1/members",
        json!({ "data": [member(1, "r1"), member(2, "r2")] }),
    );
    desk.app.fixed(
        "/t2/members",
        json!({ "data": [member(2, "r1"), member(3, "r1")] }),
    );
    desk.app.fixed(
        "/roles",
        json!({ "data": [{ "id": "r1", "name": "Admin" }, { "id": "r2", "name": "Member" }] }),
    );
    desk.app.script("/users/*", |request| {
        let id = request.path.rsplit('/').next().unwrap().to_owned();
        match id.as_str() {
            "3" => SaasAnswer::error(404, &json!({})),
            _ => SaasAnswer::json(&json!({ "name": format!("Name {id}") })),
        }
    });

    let told = desk
        .pull(json!({
            "steps": [{ "name": "site", "path": "/sites", "keep": { "site": "[0].id" } }],
            "users": {
                "path": "/{team_id}/members", "response_path": "data",
                "for_each": { "path": "/{site}/teams", "response_path": "data", "keep": { "team_id": "id", "team": "name" } },
                "details": { "path": "/users/{external_id}", "as": "detail" },
                "join": [{ "path": "/roles", "response_path": "data", "by": { "user": "role_id", "item": "id" }, "as": "role" }],
            },
            "map": { "role": "role.name", "full_name": "detail.name" },
        }))
        .await;

    assert_eq!(told.code, 0, "{}", told.err);
    assert_eq!(told.ids(), ["1", "2", "3"]);
    assert_eq!(told.users[1]["role"], "Member, Admin");
    assert_eq!(told.users[1]["full_name"], "Name 2");
    assert_eq!(told.users[2]["full_name"], Value::Null);
    assert_eq!(told.summary()["users"], 3);
}
