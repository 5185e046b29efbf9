//! The trail as a file: what its page shows, filtered as it is, and never a part for the whole.

use serde_json::Value;

use super::{Browser, everything};
use crate::export::{large, on_aws};
use crate::world::world;

/// The records of a file of lines.
fn records(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn the_trail_is_saved_with_the_filter_of_its_page() {
    let (world, fixture) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let filter = format!("to={}&did=asked%20to%20decide", fixture.person);

    let page = viewer.get(&format!("/console/audit?{filter}")).await;
    let asked = viewer.get(&format!("/console/audit/jsonl?{filter}")).await;
    let table = viewer.get(&format!("/console/audit/csv?{filter}")).await;
    let all = viewer.get("/console/audit/jsonl").await;
    let later = viewer.get("/console/audit/csv?from=2027-01-05").await;

    for kind in ["csv", "jsonl"] {
        let link = format!(
            "href=\"/console/audit/{kind}?did=asked%20to%20decide&amp;to={}\"",
            fixture.person
        );
        assert!(page.text.contains(&link), "{link}: {}", page.text);
    }
    assert_eq!(asked.header("content-type"), "application/jsonl");
    let asked = records(&asked.text);
    let theirs = format!("person/{}", fixture.person);
    assert!(!asked.is_empty());
    for record in &asked {
        assert_eq!(record["stream"], theirs.as_str());
        assert_eq!(record["action"], "approval asked for");
    }
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        table.header("content-disposition"),
        "attachment; filename=\"audit.csv\""
    );
    assert_eq!(
        table.text.matches("approval asked for").count(),
        asked.len()
    );
    assert!(records(&all.text).len() > asked.len());
    assert_eq!(later.text.lines().count(), 1, "the head alone");
    let wrong = viewer.get("/console/audit/csv?from=tomorrow").await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn who_may_not_read_the_trail_may_not_save_it() {
    let world = world();
    let mut approver = Browser::with(&world, "approve", &[]).await;
    for path in ["/console/audit/csv", "/console/audit/jsonl"] {
        assert_eq!(Browser::new(&world).get(path).await.status, 303, "{path}");
        assert_eq!(approver.get(path).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn what_is_too_large_for_an_answer_says_that_it_comes_in_parts() {
    let world = on_aws(large().await);
    let mut browser = Browser::admin(&world).await;

    let page = browser.get("/console/audit/jsonl?to=app").await;
    let links = page.text.split("href=\"").skip(1);
    let links = links.filter(|link| link.starts_with("/console/audit/jsonl?"));
    let links: Vec<String> = links
        .map(|link| link.split('"').next().unwrap().replace("&amp;", "&"))
        .collect();
    // One saves this part, one goes on.
    assert_eq!(links.len(), 2, "{}", page.text);
    let first = browser.get(&links[0]).await;
    let rest = browser.get(&links[1]).await;

    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text.contains("comes in parts"), "{}", page.text);
    for part in [&first, &rest] {
        assert_eq!(part.header("content-type"), "application/jsonl");
        assert!(part.text.len() <= 2 * 1024 * 1024);
    }
    let joined = records(&format!("{}{}", first.text, rest.text));
    let targets: Vec<&str> = joined
        .iter()
        .map(|record| record["target"].as_str().unwrap())
        .collect();
    let expect: Vec<String> = (0..30).map(|number| format!("app/{number}")).collect();
    assert_eq!(targets, expect);
}

#[tokio::test]
async fn the_trail_is_filtered_by_what_caused_it() {
    let (world, fixture) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let run = fixture.run.as_str();

    let page = viewer.get(&format!("/console/audit?cause={run}")).await;
    let file = viewer
        .get(&format!("/console/audit/jsonl?cause={run}"))
        .await;
    let all = viewer.get("/console/audit/jsonl").await;

    let field = format!("name=\"cause\" value=\"{run}\"");
    assert!(page.text.contains(&field), "{}", page.text);
    let save = format!("href=\"/console/audit/csv?cause={run}\"");
    assert!(page.text.contains(&save), "{}", page.text);
    let found = records(&file.text);
    let is_of_run =
        |record: &&Value| record["cause"]["id"] == run || record["correlation_id"] == run;
    let all = records(&all.text);
    let wanted = all.iter().filter(is_of_run).count();
    assert!(wanted > 0 && wanted < all.len(), "{wanted}");
    assert_eq!(found.iter().filter(is_of_run).count(), wanted);
    assert_eq!(found.len(), wanted);
    let api = world.get(&format!("/v1/audit?cause={run}&limit=200")).await;
    let api = api.expect(200);
    assert_eq!(api["items"].as_array().unwrap().len(), wanted);

    let record = &found[0];
    let stream = record["stream"].as_str().unwrap();
    let record = format!("/console/audit/{stream}/{}", record["seq"]);
    let record = viewer.get(&record).await.text;
    assert!(record.contains("everything because of it"), "{record}");
}
