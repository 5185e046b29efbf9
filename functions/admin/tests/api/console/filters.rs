//! The filters of the people page: by what people hold and by drift, together with the others, and each taken off again.

use super::Browser;
use crate::filters::unexplained;
use crate::metrics::a_day_is_counted;
use crate::world::world;

#[tokio::test]
async fn people_are_found_by_what_they_hold_together_with_name_state_and_department() {
    let world = world();
    let id = world.applied().await;
    world.pass(60).await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let person = format!("href=\"/console/people/{id}\"");
    let list = "/console/people?app=figma";

    for more in [
        "",
        "&state=active",
        "&department=engineering",
        "&q=ada",
        "&q=park&state=active",
        "&q=engineer&all=true",
    ] {
        let page = viewer.get(&format!("{list}{more}")).await.text;
        assert!(page.contains(&person), "{more}: {page}");
        assert!(page.contains("1 person found."), "{more}: {page}");
    }
    for more in [
        "&state=left",
        "&department=Sales",
        "&q=nobody",
        "&within=7",
        "&drift=1",
    ] {
        let page = viewer.get(&format!("{list}{more}")).await.text;
        assert!(
            page.contains("Nobody matches this filter."),
            "{more}: {page}"
        );
    }
    let elsewhere = viewer.get("/console/people?app=miro&q=ada").await.text;
    assert!(!elsewhere.contains(&person), "{elsewhere}");
}

#[tokio::test]
async fn each_filter_is_shown_and_can_be_taken_off_by_itself() {
    let world = world();
    world.applied().await;
    world.pass(60).await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let page = viewer
        .get("/console/people?app=figma&q=ada&state=active")
        .await;
    let none = viewer.get("/console/people").await;

    for (rest, label) in [
        ("q=ada&amp;state=active", "has something in Figma"),
        ("state=active&amp;app=figma", "ada"),
        ("q=ada&amp;app=figma", "active"),
    ] {
        let chip = format!("<a class=\"chip\" href=\"/console/people?{rest}\">{label}<");
        assert!(page.text.contains(&chip), "{chip}: {}", page.text);
    }
    let chosen = "<option value=\"figma\" selected>Figma</option>";
    assert!(page.text.contains(chosen), "{}", page.text);
    assert!(!none.text.contains("class=\"chip\""), "{}", none.text);
}

#[tokio::test]
async fn whoever_has_drift_is_listed_once_everybody_was_looked_at() {
    let world = world();
    let id = unexplained(&world).await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let person = format!("href=\"/console/people/{id}\"");

    let early = viewer.get("/console/people?drift=1").await;
    a_day_is_counted(&world).await;
    let page = viewer.get("/console/people?drift=1&q=ada").await.text;

    assert_eq!(early.status, 409);
    let why = "Nobody was looked at for drift yet";
    assert!(early.text.contains(why), "{}", early.text);
    assert!(page.contains(&person), "{page}");
    assert!(page.contains("As the rosters were when they were last looked at"));
    let chip = "<a class=\"chip\" href=\"/console/people?q=ada\">has drift<";
    assert!(page.contains(chip), "{page}");
}
