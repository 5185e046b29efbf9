//! Every page: it is there, says its sentence, and brings nothing with it that the policy forbids.

use std::collections::BTreeSet;
use std::path::Path;

use sando_core::ids::PersonId;
use sando_core::store::{Commit, Put, Version};
use sando_core::testing::a_person;
use serde_json::json;

use super::{Browser, between, everything};
use crate::builder::{connected, definition};
use crate::world::{Answer, world};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[track_caller]
fn check(path: &str, answer: &Answer) {
    let (text, header) = (&answer.text, |name| answer.header(name));
    assert_eq!(header("content-security-policy"), POLICY, "{path}");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-type").starts_with("text/html"), "{path}");
    assert_eq!(text.matches("<h1").count(), 1, "{path}: one verdict");
    assert_eq!(text.matches("<main").count(), 1, "{path}");
    assert!(text.contains(" · Sando</title>"), "{path}");
    for forbidden in [
        " style=",
        "<style",
        "hx-on",
        "js:",
        " onclick",
        " onload",
        " onerror",
        "javascript:",
    ] {
        assert!(!text.contains(forbidden), "{path}: {forbidden}");
    }
    for script in text.split("<script").skip(1) {
        assert!(
            script.starts_with(" src=\"/console/assets/"),
            "{path}: {script:.40}"
        );
        assert!(script.contains("defer></script>"), "{path}");
    }
    for place in text
        .split("src=\"")
        .skip(1)
        .chain(text.split("href=\"").skip(1))
    {
        let ours = ['/', '#', '?']
            .iter()
            .any(|begin| place.starts_with(*begin))
            && !place.starts_with("//");
        assert!(ours, "{path}: {place:.60}");
    }
    assert!(text.len() < 100_000, "{path}: {} bytes", text.len());
}

#[tokio::test]
async fn every_page_is_there_for_an_administrator() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    for path in sando_admin::console_pages() {
        let path = fixture.fill(path);
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        check(&path, &answer);
    }
}

#[tokio::test]
async fn pages_of_every_day_are_little_html() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    for path in [
        "/console",
        "/console/inbox",
        "/console/people",
        "/console/people/{id}",
        "/console/people/{id}/access",
        "/console/runs/{id}",
        "/approvals/{id}",
        "/console/accounts/{definition}/{name}",
    ] {
        let page = browser.get(&fixture.fill(path)).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let size = page.text.len();
        assert!(size < 30_000, "{path}: {size} bytes");
    }
}

/// The page that answers at an address: of all that fit, the one with the most words of its own.
fn page_at<'a>(pages: &[&'a str], address: &str) -> Option<&'a str> {
    let fits = |page: &&&str| {
        let (mut of, mut at) = (page.split('/'), address.split('/'));
        loop {
            match (of.next(), at.next()) {
                (None, None) => return true,
                (Some(word), Some(_)) if word.starts_with("{*") => return true,
                (Some(word), Some(given)) if word == given || word.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    let words = |page: &&&str| {
        page.split('/')
            .filter(|word| !word.starts_with('{'))
            .count()
    };
    pages.iter().filter(fits).max_by_key(words).copied()
}

/// The addresses in the test in a browser, with `x` where it fills something in.
fn looked_at() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/console/company");
    let mut text = std::fs::read_to_string(folder.join("pages.mjs")).unwrap();
    while let Some(from) = text.find("${") {
        let to = text[from..].find('}').unwrap() + from;
        text.replace_range(from..=to, "x");
    }
    let quoted = text.split(['"', '`']);
    let ours = quoted.filter(|one| one.starts_with("/console") || one.starts_with("/approvals/"));
    ours.map(|one| one.split('?').next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_browser_looks_at_every_page() {
    let pages = sando_admin::console_pages();

    let seen: BTreeSet<&str> = looked_at()
        .iter()
        .filter_map(|address| page_at(&pages, address))
        .collect();

    let all: BTreeSet<&str> = pages.iter().copied().collect();
    let missing: Vec<&&str> = all.difference(&seen).collect();
    assert!(missing.is_empty(), "no picture, no axe: {missing:?}");
    assert_eq!(
        page_at(&pages, "/console/new/policies"),
        Some("/console/new/{kind}")
    );
    assert_eq!(page_at(&pages, "/console/nowhere"), None);
}

#[tokio::test]
async fn every_page_is_there_when_there_is_nothing() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let lists = sando_admin::console_pages();
    let lists: Vec<&str> = lists
        .into_iter()
        .filter(|path| !path.contains('{'))
        .collect();
    assert!(lists.len() > 8);
    for path in lists {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        check(path, &answer);
    }
    let first = browser.get("/console").await;
    assert!(first.text.contains("First steps"), "{}", first.text);
    let verdict = "5 first steps are left until everything runs by itself.";
    assert!(first.text.contains(verdict), "{}", first.text);
    assert!(
        !first.text.contains("Needs you"),
        "nothing that says 0 is drawn"
    );
}

#[tokio::test]
async fn the_trail_shows_the_last_record_of_each_chain() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let chain = format!("person/{}", fixture.person);
    let record = format!("href=\"/console/audit/{chain}/");

    let all = browser.get("/console/audit").await.text;
    let one = browser.get(&format!("/console/audit?stream={chain}")).await;

    assert_eq!(all.matches(&record).count(), 1, "{all}");
    assert!(all.contains("href=\"/console/audit/config/"), "{all}");
    assert!(one.text.matches(&record).count() > 1, "{}", one.text);
}

#[tokio::test]
async fn pages_of_a_filtered_list_are_the_list_each_person_once() {
    let world = world();
    // Few of the newest are wanted, and half of the others: what is read for a page is more than it has room for.
    let is_wanted = |n: i64| n % 10 == 0 || (n >= 100 && n % 2 == 0);
    for n in 0..700 {
        let name = if is_wanted(n) { "Kept" } else { "Other" };
        let mut person = a_person().with("name", name).build();
        person.id = PersonId::derived(&[&n.to_string()]);
        person.created_at = jiff::Timestamp::from_second(1_700_000_000 - n).unwrap();
        let commit = Commit {
            puts: vec![Put::of(&person, Version::ABSENT)],
            ..Commit::default()
        };
        world.ports.store.commit(&commit).await.unwrap();
    }
    let mut browser = Browser::admin(&world).await;
    let (mut seen, mut path) = (Vec::new(), "/console/people?q=kept".to_owned());
    loop {
        let page = browser.get(&path).await.text;
        let rows = page.split("<td><a href=\"/console/people/").skip(1);
        let before = seen.len();
        seen.extend(rows.map(|row| row.split('"').next().unwrap().to_owned()));
        assert!(seen.len() - before <= 50, "{page}");
        match between(&page, "<p class=\"pager\"><a href=\"", "\"") {
            Some(next) => path = next.replace("&amp;", "&"),
            None => break,
        }
    }

    let wanted = (0..700).filter(|n| is_wanted(*n));
    let wanted: Vec<String> = wanted
        .map(|n| PersonId::derived(&[&n.to_string()]).to_string())
        .collect();
    assert_eq!(seen, wanted, "newest first");
}

#[tokio::test]
async fn nobody_sees_a_page_without_signing_in() {
    let (world, fixture) = everything().await;
    for path in sando_admin::console_pages() {
        if path == "/console/sign-in" {
            continue;
        }
        let path = fixture.fill(path);
        let answer = Browser::new(&world).get(&path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(
            answer.header("location").starts_with("/console/sign-in"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_too() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    for path in [
        "/console/nowhere",
        "/console/people/per_1",
        "/console/people/x",
        "/approvals/apr_1",
        "/console/runs/run_1",
        "/console/policies/none",
        "/console/nothing/none",
        "/console/accounts/acme/prod",
        "/console/audit/config/99",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        check(path, &answer);
    }
    let wrong = browser.get("/console/people?state=nonsense").await;
    assert_eq!(wrong.status, 422);
    check("a wrong filter", &wrong);
}

#[tokio::test]
async fn the_overview_says_what_needs_somebody_first() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let text = browser.get("/console").await.text;

    assert!(text.contains("3 things need you."), "{text}");
    let places: Vec<usize> = [
        "acme / prod: too many users",
        "Figma for Ada Park",
        "/console/tasks/",
    ]
    .iter()
    .map(|what| text.find(what).unwrap_or_else(|| panic!("{what}: {text}")))
    .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[tokio::test]
async fn a_user_says_which_version_made_them_what_they_are() {
    let world = connected().await;
    let mut file = definition();
    file["name"] = json!("Acme Two");
    world.put("/v1/definitions/acme", file).await.expect(200);
    world
        .post("/v1/accounts/acme/prod:sync", json!({}))
        .await
        .expect(202);
    world.pass(1).await;
    let mut browser = Browser::admin(&world).await;

    // The licence of who is active has another name now; nothing about the other one has changed.
    for (id, version) in [("a%2F1", 2), ("b", 1)] {
        let user = world
            .get(&format!("/v1/accounts/acme/prod/users/{id}"))
            .await
            .expect(200);
        let page = browser
            .get(&format!("/console/accounts/acme/prod/users/{id}"))
            .await;

        assert_eq!(user["why_version"], version, "{id}");
        let said = format!("As version {version} of the definition says.");
        assert!(page.text.contains(&said), "{}", page.text);
    }
}

#[tokio::test]
async fn a_person_reads_like_a_story() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let page = browser
        .get(&format!("/console/people/{}", fixture.person))
        .await;

    assert!(
        page.text.contains(
            "<h1 id=\"verdict\">Ada Park is here. 0 of 2 accesses are verified; figma waits for a decision."
        ),
        "{}",
        page.text
    );
    let access = browser
        .get(&format!("/console/people/{}/access", fixture.person))
        .await;
    assert!(access.text.contains("department"), "{}", access.text);
    assert!(access.text.contains("“Engineering”"), "{}", access.text);
}

#[tokio::test]
async fn what_runs_asks_again_and_what_is_over_does_not() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let place = format!("/console/runs/{}", fixture.run);
    assert!(
        browser
            .get(&place)
            .await
            .text
            .contains("hx-trigger=\"every 2s\"")
    );

    let ended = browser
        .post(&format!("{place}/cancel"), &[("reason", "a test")])
        .await;
    assert_eq!(ended.status, 303, "{}", ended.text);
    world.pass(60).await;

    assert!(!browser.get(&place).await.text.contains("every 2s"));
}

#[tokio::test]
async fn what_a_policy_says_to_no_effect_shows_where_it_is_read_and_saved() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let file = r#"{"grants": [{"app": "figma", "plan": "pro"}, {"app": "nowhere"}]}"#;

    let read = browser.get("/console/policies/engineering").await;
    let plan = browser
        .post("/console/policies/makers/changes", &[("file", file)])
        .await;

    assert!(
        read.text.contains("<code>grants[1].plan</code>"),
        "{}",
        read.text
    );
    assert_eq!(plan.status, 200, "{}", plan.text);
    assert!(plan.text.contains("<code>grants[0].plan</code>"));
    assert!(plan.text.contains("there is no application `nowhere` yet"));
}

#[tokio::test]
async fn the_attributes_that_count_are_there_before_any_are_written() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let place = "/console/attributes/attributes";

    let list = browser.get("/console/attributes").await;
    let file = browser.get(place).await;

    assert!(
        list.text.contains(&format!("href=\"{place}\"")),
        "{}",
        list.text
    );
    assert_eq!(file.status, 200, "{}", file.text);
    assert!(file.text.contains("Built in"), "{}", file.text);
    assert!(
        file.text.contains("posting.categories.department"),
        "{}",
        file.text
    );
}

#[tokio::test]
async fn the_trail_is_filtered_by_a_form_whose_answers_have_addresses() {
    let (world, fixture) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let asked = format!("/console/audit?to={}&did=asked+to+decide", fixture.person);
    let today = "/console/audit?from=2027-01-04&until=2027-01-04&stream=";

    let asked = browser.get(&asked).await;
    let today = browser.get(today).await;
    let nobody = browser.get("/console/audit?who=nobody").await;
    let later = browser.get("/console/audit?from=2027-01-05").await;
    let wrong = browser.get("/console/audit?from=tomorrow").await;

    for (name, answer) in [("asked", &asked), ("today", &today), ("nobody", &nobody)] {
        check(name, answer);
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
    }
    let text = &asked.text;
    assert!(text.contains("what is asked for."), "{text}");
    assert!(text.contains(">Somebody was asked to decide</a>"), "{text}");
    assert!(!text.contains(">They became known</a>"), "{text}");
    assert!(text.contains("value=\"asked to decide\""), "{text}");
    let text = &today.text;
    assert!(text.contains(">They became known</a>"), "{text}");
    assert!(
        text.contains("name=\"until\" value=\"2027-01-04\""),
        "{text}"
    );
    for text in [&nobody.text, &later.text] {
        assert!(text.contains("No record fits."), "{text}");
        assert!(text.contains("Clear the filter"), "{text}");
    }
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("such as 2027-01-31"), "{}", wrong.text);
}

#[tokio::test]
async fn a_file_leads_to_who_changed_it() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let file = browser.get("/console/apps/figma").await.text;
    let link = "/console/audit?stream=config&amp;to=app/figma";
    assert!(file.contains(link), "{file}");

    let page = browser.get(&link.replace("&amp;", "&")).await.text;

    let changes = page.matches(">figma: ").count();
    let saved = page.matches("The application was saved").count();
    assert_eq!(changes + saved, 2, "put twice: {page}");
    assert!(!page.contains("The policy was saved"), "{page}");
}
