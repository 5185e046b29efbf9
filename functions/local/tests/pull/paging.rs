//! Every style of paging, over the wire.

use sando_world::saas::{End, List, Paging, Place, Quirk, Wrap};
use serde_json::{Value, json};

use crate::desk::{Desk, many, ten};

#[expect(clippy::too_many_lines, reason = "a table of all styles")]
#[tokio::test]
async fn lists_of_every_style_are_read_to_their_end() {
    let styles: Vec<(List, Value, &str)> = vec![
        (ten(), json!({ "type": "none" }), ""),
        (
            many().paged(Paging::offset()),
            json!({ "type": "offset", "size": 5 }),
            "",
        ),
        (
            many()
                .paged(Paging::offset())
                .at("data")
                .total("meta.total"),
            json!({ "type": "offset", "size": 7, "total_path": "meta.total" }),
            "data",
        ),
        (
            many()
                .paged(Paging::Offset {
                    offset: Place::query("startIndex"),
                    start: 1,
                })
                .at("Resources")
                .limit(Place::query("count"))
                .total("totalResults"),
            json!({ "type": "offset", "offset": "startIndex", "limit": "count", "start": 1, "size": 4,
                "total_path": "totalResults" }),
            "Resources",
        ),
        (many().paged(Paging::page()), json!({ "type": "page" }), ""),
        (
            many()
                .paged(Paging::Page {
                    page: Place::query("page[number]"),
                    start: 0,
                })
                .at("data")
                .total_pages("pages")
                .limit(Place::query("page[size]")),
            json!({ "type": "page", "page": "page[number]", "limit": "page[size]", "size": 6, "start": 0,
                "total_pages_path": "pages" }),
            "data",
        ),
        (
            many().paged(Paging::next_url("links.next")).at("data"),
            json!({ "type": "next_url", "path": "links.next" }),
            "data",
        ),
        (
            many()
                .paged(Paging::NextUrl {
                    path: "next".to_owned(),
                    relative: true,
                })
                .at("data"),
            json!({ "type": "next_url", "path": "next" }),
            "data",
        ),
        (
            many().paged(Paging::Link { always: false }),
            json!({ "type": "next_url", "link_header": "next" }),
            "",
        ),
        (
            many().paged(Paging::Link { always: true }),
            json!({ "type": "next_url", "link_header": "next", "when": { "param": "results", "is": "true" } }),
            "",
        ),
        (
            many().paged(Paging::cursor("meta.next")).at("data.users"),
            json!({ "type": "cursor", "path": "meta.next" }),
            "data.users",
        ),
        (
            many().paged(Paging::Cursor {
                send: Place::query("cursor"),
                path: "header:x-next".to_owned(),
                end: End::Absent,
            }),
            json!({ "type": "cursor", "header": "X-Next" }),
            "",
        ),
        (
            many()
                .paged(Paging::Cursor {
                    send: Place::query("after"),
                    path: "next".to_owned(),
                    end: End::Zero,
                })
                .at("data"),
            json!({ "type": "cursor", "name": "after", "path": "next", "end_values": [0] }),
            "data",
        ),
        (
            many()
                .paged(Paging::LastItem {
                    send: Place::query("after"),
                    field: "id".to_owned(),
                })
                .at("data")
                .has_more("more"),
            json!({ "type": "cursor", "name": "after", "last_item": "id", "has_more_path": "more" }),
            "data",
        ),
    ];
    for (index, (list, pagination, response_path)) in styles.into_iter().enumerate() {
        let count = if index == 0 { 10 } else { 23 };
        let desk = Desk::new().await;

        let told = desk.paged(list, pagination.clone(), response_path).await;

        assert_eq!(told.code, 0, "{pagination}: {}", told.err);
        told.are_all(count);
    }
}

#[tokio::test]
async fn a_cursor_may_travel_in_the_body_and_a_list_be_a_map() {
    let desk = Desk::new().await;
    let send = Place::Body("variables.after".to_owned());
    let paging = Paging::Cursor {
        send,
        path: "data.page.end".to_owned(),
        end: End::Absent,
    };
    let list = many()
        .paged(paging)
        .at("data.nodes")
        .has_more("data.page.more")
        .quirk(Quirk::CursorStays);
    desk.app.list("/graphql", list);
    let told = desk
        .pull(json!({ "users": { "method": "POST", "path": "/graphql", "response_path": "data.nodes",
            "body": { "query": "query($after:String){users(after:$after){nodes{id}}}", "variables": { "after": null } },
            "pagination": { "type": "cursor", "path": "data.page.end", "has_more_path": "data.page.more",
                "send": { "body": "variables.after" } } } }))
        .await;
    told.are_all(23);

    desk.app
        .list("/users", ten().wrapped(Wrap::Map("id".to_owned())));
    desk.pull(json!({ "users": { "response_path": "*" } }))
        .await
        .are_all(10);
}

#[tokio::test]
async fn short_and_clamped_pages_are_no_end() {
    let desk = Desk::new().await;
    let list = many()
        .at_most(4)
        .paged(Paging::offset())
        .quirk(Quirk::Short(1));
    desk.paged(list, json!({ "type": "offset", "size": 10 }), "")
        .await
        .are_all(23);

    let list = many()
        .paged(Paging::cursor("next"))
        .at("data")
        .quirk(Quirk::Short(1))
        .quirk(Quirk::Empty(2));
    desk.paged(list, json!({ "type": "cursor", "path": "next" }), "data")
        .await
        .are_all(23);
}
