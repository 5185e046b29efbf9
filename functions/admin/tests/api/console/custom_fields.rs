//! Custom fields in the builder are those of the application that is chosen.

use serde_json::{Value, json};

use super::Browser;
use super::builder::{of_form, with};
use crate::builder::definition;
use crate::world::world;

/// Chooses an application in the first step; the step with the fields follows.
async fn choose(browser: &mut Browser<'_>, app: &str) -> String {
    let general = browser.get("/console/builder/acme/general").await.text;
    let mut fields = of_form(&general, "step-form");
    fields.retain(|(name, _)| name != "csrf");
    with(&mut fields, "f:/app", app);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let next = browser.post("/console/builder/acme/fields", &fields).await;
    assert_eq!(next.status, 200, "{}", next.text);
    next.text
}

#[tokio::test]
async fn custom_fields_are_those_of_the_chosen_application() {
    let world = world();
    let app = |name: &str, fields: Value| json!({ "name": name, "custom_fields": fields });
    let acme = app("Acme", json!({ "team": "text", "cost": "number" }));
    world.put("/v1/apps/acme", acme).await.expect(201);
    let bare = app("Bare", json!({}));
    world.put("/v1/apps/bare", bare).await.expect(201);
    let mut draft = definition();
    draft["definition"] = json!("acme");
    world.put("/v1/drafts/acme", draft).await.expect(201);
    let mut browser = Browser::admin(&world).await;
    let none = "This application has no custom fields.";
    let unknown = "No application of this name is described yet";

    let of_acme = browser.get("/console/builder/acme/fields").await.text;
    let of_bare = choose(&mut browser, "bare").await;
    let of_nobody = choose(&mut browser, "nowhere").await;
    let again = choose(&mut browser, "acme").await;

    for page in [&of_acme, &again] {
        for field in ["f:/custom_fields/team", "f:/custom_fields/cost"] {
            assert!(page.contains(field), "{field}: {page}");
        }
        assert!(!page.contains(none) && !page.contains(unknown), "{page}");
    }
    for (page, said, other) in [(&of_bare, none, unknown), (&of_nobody, unknown, none)] {
        assert!(!page.contains("f:/custom_fields/"), "{page}");
        assert!(page.contains(said) && !page.contains(other), "{page}");
    }
}
