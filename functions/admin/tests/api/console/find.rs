//! Find: whatever begins so, or has this id; a page without its script, a list in the palette with it.

use axum::body::Body;

use super::{Browser, everything};

#[tokio::test]
async fn people_accounts_and_files_are_found_by_how_they_begin() {
    let (world, fixture) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let person = format!("href=\"/console/people/{}\"", fixture.person);

    for (text, wanted) in [
        ("ADA", person.as_str()),
        ("park", person.as_str()),
        ("acme", "href=\"/console/accounts/acme/prod\""),
        ("prod", "href=\"/console/accounts/acme/prod\""),
        ("acm", "href=\"/console/integrations/acme\""),
        ("fig", "href=\"/console/apps/figma\""),
        ("engin", "href=\"/console/policies/engineering\""),
        ("our", "href=\"/console/rules/ours\""),
        ("onb", "href=\"/console/workflows/onboard\""),
    ] {
        let page = viewer.get(&format!("/console/find?q={text}")).await;
        assert_eq!(page.status, 200, "{text}");
        assert!(page.text.contains(wanted), "{text}: {}", page.text);
    }
    for text in ["ark", "zzz", "a"] {
        let page = viewer.get(&format!("/console/find?q={text}")).await;
        assert!(!page.text.contains(&person), "{text}: {}", page.text);
    }
}

#[tokio::test]
async fn an_id_or_a_whole_address_leads_to_its_page() {
    let (world, fixture) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let approval = fixture.approval["id"].as_str().unwrap();
    let person = format!("/console/people/{}", fixture.person);

    for (text, place) in [
        (fixture.person.as_str(), person.clone()),
        ("Ada@Mail.example", person.clone()),
        (
            fixture.run.as_str(),
            format!("/console/runs/{}", fixture.run),
        ),
        (
            fixture.event.as_str(),
            format!("/console/events/{}", fixture.event),
        ),
        (
            fixture.task.as_str(),
            format!("/console/tasks/{}", fixture.task),
        ),
        (approval, format!("/approvals/{approval}")),
        (
            fixture.job.as_str(),
            format!("/console/jobs/{}", fixture.job),
        ),
    ] {
        let answer = viewer.get(&format!("/console/find?q={text}")).await;
        assert_eq!(answer.status, 303, "{text}: {}", answer.text);
        assert_eq!(answer.header("location"), place, "{text}");
    }
    let unknown = viewer.get("/console/find?q=per_unknown").await;
    assert_eq!(unknown.status, 200);
    assert!(unknown.text.contains("Nothing was found."));
}

#[tokio::test]
async fn the_palette_gets_a_list_and_every_page_leads_there_without_it() {
    let (world, fixture) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let request = viewer.request("GET", &format!("/console/find?q={}", fixture.run));
    let request = request.header("hx-request", "true");
    let list = viewer.send(request.body(Body::empty()).unwrap()).await;
    let page = viewer.get("/console/people").await;

    assert_eq!(list.status, 200);
    assert!(
        list.text
            .contains(&format!("/console/runs/{}", fixture.run))
    );
    assert_eq!(list.text.matches("id=\"found\"").count(), 1);
    assert!(page.text.contains("href=\"/console/find\""));
    assert_eq!(page.text.matches("id=\"found\"").count(), 1);
}
