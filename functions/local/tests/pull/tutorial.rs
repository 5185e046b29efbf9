//! The tutorial of the README, step by step.

use std::path::Path;

use sando_world::saas::Door;
use serde_json::json;

use crate::desk::Desk;

/// The definition as the README shows it, at another base URL.
fn definition(base_url: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let file = readme.split("```yaml\n").nth(1).unwrap();
    let file = file.split("```").next().unwrap();
    file.replace("https://api.parkhaus.example/v1", base_url)
}

#[tokio::test]
async fn the_tutorial_leads_to_the_users_of_an_unknown_application() {
    let desk = Desk::new().await;
    desk.app.door(Door::bearer("t0ken-1"));
    let member = |id: u32, state: &str| json!({ "id": id, "profile": { "email": format!("m{id}@contoso.example"), "name": "A Member" }, "state": state, "tier": "pro" });
    let answer = json!({ "members": [member(7, "active"), member(8, "left")], "next": null });
    desk.app.fixed("/members", answer.clone());

    let sample = desk.file("answer.json", &answer.to_string());
    let suggested = desk.run("suggest", &sample).await;
    for line in [
        "response_path: \"members\"",
        "external_id: \"id\"",
        "email: \"profile.email\"",
    ] {
        assert!(suggested.out.contains(line), "{line}: {}", suggested.out);
    }
    let file = desk.file("parkhaus.yaml", &definition(&desk.app.base_url()));
    let checked = desk.run("check", &file).await;
    assert_eq!(checked.code, 0, "{}", checked.err);
    assert!(checked.out.contains("asks for token"), "{}", checked.out);
    let desk = desk.secret("token", "t0ken-1");
    let previewed = desk.run("preview", &file).await;
    assert!(
        previewed.out.contains("deleted: `state` is `left`"),
        "{}",
        previewed.out
    );

    let desk = desk.with(&["--json"]);
    let pulled = desk.run("pull", &file).await;
    assert_eq!(pulled.ids(), ["7", "8"]);
    assert_eq!(pulled.users[0]["licenses"], json!(["Pro"]));
    assert_eq!(pulled.summary()["complete"], true);
}
