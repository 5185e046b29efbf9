//! People from a CSV file over the API (L30).

use std::fmt::Write;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::world::{Answer, TOKEN, World, world};

async fn import(world: &World, query: &str, text: &str) -> Answer {
    let request = Request::post(format!("/v1/people:import{query}"))
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "text/csv");
    let request = request.body(Body::from(text.to_owned()));
    world.send(request.unwrap()).await
}

async fn people(world: &World) -> Vec<Value> {
    let people = world.get("/v1/people").await.expect(200);
    people["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_file_is_shown_line_by_line_and_then_put() {
    let world = world();
    let cleo =
        json!({ "attributes": { "name": "Cleo Moss", "work_email": "cleo@contoso.example" } });
    world.put("/v1/people/hr-9", cleo).await.expect(201);
    let text = "key,name,work_email,start_date\n\
        hr/1,\"Park, Ada\",ada@contoso.example,2026-03-02\n\
        hr-9,Cleo Moss,cleo@contoso.example,\n\
        hr-3,Twin,cleo@contoso.example,\n";

    let shown = import(&world, "?dry_run=true", text).await.expect(200);
    assert_eq!(shown["dry_run"], true);
    let sums = |answer: &Value| json!([answer["new"], answer["known"], answer["refused"]]);
    assert_eq!(sums(&shown), json!([1, 1, 1]), "{shown}");
    assert_eq!(people(&world).await.len(), 1, "nobody was put");
    let put = import(&world, "", text).await.expect(200);

    assert_eq!(sums(&put), json!([1, 1, 1]), "{put}");
    assert_eq!(put["next_line"], json!(null));
    let line = |place: usize| put["lines"][place].clone();
    assert_eq!(
        (&line(0)["line"], &line(0)["key"]),
        (&json!(2), &json!("hr/1"))
    );
    assert_eq!(line(1)["outcome"], "known");
    assert_eq!(
        (&line(2)["line"], &line(2)["outcome"]),
        (&json!(4), &json!("refused"))
    );
    let why = line(2)["why"].as_str().unwrap().to_owned();
    assert!(why.contains("another key"), "{why}");
    let id = line(0)["person"].as_str().unwrap().to_owned();
    let ada = world.get(&format!("/v1/people/{id}")).await.expect(200);
    assert_eq!(ada["baselined"], true);
    assert_eq!(ada["attributes"]["name"], "Park, Ada");
    assert_eq!(ada["identifiers"]["key"], "hr/1");
    assert_eq!(people(&world).await.len(), 2);
    let again = import(&world, "", text).await.expect(200);
    assert_eq!(sums(&again), json!([0, 2, 1]));
}

#[tokio::test]
async fn a_file_with_mistakes_is_told_all_of_them_and_puts_nobody() {
    let world = world();
    let text = "key,name,end_date\n1,Ada,\n2,Bo,soon\n,Cleo,\n";

    let problem = import(&world, "", text).await.expect(422);

    let errors = problem["errors"].as_array().unwrap();
    let paths: Vec<&str> = errors
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["line 3", "line 4"]);
    assert!(people(&world).await.is_empty());
    import(&world, "", "").await.expect(422);
    import(&world, "?dryrun=true", text).await.expect(422);
    let large = "x".repeat(1024 * 1024 + 1);
    import(&world, "", &large).await.expect(413);
}

#[tokio::test]
async fn a_long_file_goes_on_where_it_stopped() {
    let world = world();
    let mut text = "key,name\n".to_owned();
    for number in 0..201 {
        writeln!(text, "hr-{number},Nobody").unwrap();
    }

    let first = import(&world, "?dry_run=true", &text).await.expect(200);
    assert_eq!(
        (&first["new"], &first["next_line"]),
        (&json!(200), &json!(202))
    );
    let rest = import(&world, "?dry_run=true&from_line=202", &text).await;
    let rest = rest.expect(200);

    assert_eq!(
        (&rest["new"], &rest["next_line"]),
        (&json!(1), &json!(null))
    );
    assert_eq!(rest["lines"][0]["line"], 202);
}
