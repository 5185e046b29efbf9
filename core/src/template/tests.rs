//! What templates mean, and that values stay values.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn values() -> Value {
    json!({
        "name": "Ada", "work_email": "ada+x@acme.example", "id": 42, "on": true, "null": null, "list": ["a", "b/c"],
        "grant": { "role": "admin" }, "empty": "", "dots": "..", "dot": ".", "object": { "a": "b" },
    })
}

fn lookup(name: &str) -> Option<Value> {
    Path::parse(name).ok()?.find(&values()).map(Cow::into_owned)
}

fn check(text: &str, encoding: Encoding, expect: &str) {
    let declared = |name: &str| lookup(name).is_some() || name == "missing";
    let template = Template::parse(text, Placeholders::Declared(&declared)).unwrap();
    let rendered = template
        .render(lookup, encoding)
        .unwrap_or_else(|error| format!("error: {error}"));
    assert_eq!(rendered, expect, "{text}");
    assert_eq!(template.to_string(), text);
}

#[test]
fn declared_names_are_filled_in_and_all_else_is_text() {
    let check = |text: &str, expect: &str| check(text, Encoding::None, expect);

    check("Hello {name}!", "Hello Ada!");
    check("{id}{on}", "42true");
    check("{grant.role}", "admin");
    check("{list}", "a,b/c");
    check("{object}", r#"{"a":"b"}"#);
    check("{nobody} { name } {} {", "{nobody} { name } {} {");
    check("query { users { name } }", "query { users { name } }");
    check("{users{name}}", "{usersAda}");
    check("{{name}", "{name}");
    check("{{{name}}", "{Ada}");
    check("a }} b", "a }} b");
    check("{missing}", "error: `missing` has no value");
    check("{null}", "error: `null` has no value");
    check("{empty}", "");
}

#[test]
fn values_in_urls_are_encoded_with_their_slashes() {
    let check = |text: &str, expect: &str| check(text, Encoding::UrlPath, expect);

    check(
        "/members?email={work_email}",
        "/members?email=ada%2Bx%40acme.example",
    );
    check("/x/{list}", "/x/a%2Cb%2Fc");
    check("/x?q={empty}", "/x?q=");
    check("/x?q={dots}", "/x?q=..");
}

#[test]
fn a_value_that_would_lead_elsewhere_is_refused_in_a_path() {
    let check = |text: &str, name: &str| {
        check(
            text,
            Encoding::UrlPath,
            &format!("error: the value of `{name}` cannot stand in the path of a URL"),
        );
    };

    check("/members/{empty}", "empty");
    check("/members/{dots}", "dots");
    check("/members/{dot}/x", "dot");
    check("/members/{dot}{dot}?a=b", "dot");
    check("/members/%2E{dot}", "dot");
}

#[test]
fn a_name_that_is_not_declared_is_remembered() {
    let template = Template::parse(
        "{nmae} {name} { x } {users { id }}",
        Placeholders::Declared(&|name| name == "name"),
    );

    assert_eq!(template.unwrap().undeclared(), ["nmae"]);
}

#[test]
fn what_is_a_placeholder_depends_on_where_the_template_stands() {
    let names = |text: &str, placeholders: Placeholders<'_>| {
        let template = Template::parse(text, placeholders).unwrap();
        template
            .names()
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join("|")
    };
    let text = "{login} {user.id} {emails[0].value} {a b} { x } {$team}";

    assert_eq!(names(text, Placeholders::AnyName), "login|user.id");
    assert_eq!(
        names(text, Placeholders::Paths),
        "login|user.id|emails[0].value|a b|$team"
    );
    assert_eq!(
        names(text, Placeholders::Declared(&|name| name == "login")),
        "login"
    );
}

#[test]
fn a_template_is_bounded() {
    let long = "x".repeat(64 * 1024 + 1);

    assert_eq!(
        Template::parse(&long, Placeholders::AnyName),
        Err(TemplateError::TooLong)
    );
}

fn body(body: &Value) -> Result<Value, RenderError> {
    BodyTemplate::compile(body, Placeholders::AnyName)
        .unwrap()
        .render(lookup)
}

#[test]
fn a_value_alone_keeps_its_type_in_a_body() {
    let check = |given: Value, expect: Value| assert_eq!(body(&given), Ok(expect), "{given}");

    check(
        json!({ "id": "{id}", "on": "{on}", "tags": "{list}" }),
        json!({ "id": 42, "on": true, "tags": ["a", "b/c"] }),
    );
    check(json!({ "text": "no. {id}" }), json!({ "text": "no. 42" }));
    check(
        json!({ "{id}": [1, null, "{{id}"] }),
        json!({ "{id}": [1, null, "{id}"] }),
    );
    check(json!({ "null": "{null}" }), json!({ "null": null }));
    check(
        json!({ "query": "query { users { id } }" }),
        json!({ "query": "query { users { id } }" }),
    );
}

#[test]
fn a_body_without_one_of_its_values_is_not_made() {
    assert_eq!(
        body(&json!(["{gone}"])),
        Err(RenderError::Missing {
            name: "gone".to_owned()
        })
    );
    assert_eq!(
        body(&json!(["a {null}"])),
        Err(RenderError::Missing {
            name: "null".to_owned()
        })
    );
}

#[test]
fn a_body_is_bounded_and_stored_as_it_was_written() {
    let file = json!({ "a": ["{id}", { "b": "x {name}", "c": 1 }] });
    let template = BodyTemplate::compile(&file, Placeholders::AnyName).unwrap();
    assert_eq!(serde_json::to_value(&template).unwrap(), file);
    assert_eq!(template.names().collect::<Vec<_>>(), ["id", "name"]);

    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(
        BodyTemplate::compile(&deep, Placeholders::AnyName),
        Err(TemplateError::TooDeep)
    );
}

/// Texts that would break out of where they stand.
fn hostile() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "\"", "'", "/", "\\", "{", "}", "{name}", "#", "?", "%", "%2F", "\n", "\r", "&", "=", "+",
        " ", "..", ".", ":", "@", ";", "ü", "\0", "a",
    ]);
    prop_oneof![
        prop::collection::vec(parts, 0..8).prop_map(|parts| parts.concat()),
        any::<String>()
    ]
}

proptest! {
    #[test]
    fn a_value_survives_a_url_and_changes_nothing_else_of_it(value in hostile()) {
        let template = Template::parse("/members/{v}/seat?q={v}&r=1#end", Placeholders::AnyName).unwrap();

        let rendered = template.render(|_| Some(Value::from(value.as_str())), Encoding::UrlPath);

        let Ok(rendered) = rendered else {
            prop_assert!(["", ".", ".."].contains(&value.as_str()));
            return Ok(());
        };
        let url = url::Url::parse("https://api.acme.example").unwrap().join(&rendered).unwrap();
        let segments: Vec<&str> = url.path_segments().unwrap().collect();
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        prop_assert_eq!(segments.len(), 3);
        prop_assert_eq!(segments[0], "members");
        prop_assert_eq!(decode(segments[1]), value.as_str());
        prop_assert_eq!(segments[2], "seat");
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        prop_assert_eq!(query, vec![("q".to_owned(), value), ("r".to_owned(), "1".to_owned())]);
        prop_assert_eq!(url.fragment(), Some("end"));
        prop_assert_eq!(url.host_str(), Some("api.acme.example"));
    }

    #[test]
    fn a_value_survives_a_body_and_changes_nothing_else_of_it(value in hostile()) {
        let file = json!({ "a": "{v}", "b": ["x{v}y"], "c": 1 });
        let template = BodyTemplate::compile(&file, Placeholders::AnyName).unwrap();

        let sent = template.render(|_| Some(Value::from(value.as_str()))).unwrap().to_string();

        let received: Value = serde_json::from_str(&sent).unwrap();
        prop_assert_eq!(received, json!({ "a": value, "b": [format!("x{value}y")], "c": 1 }));
    }

    #[test]
    fn a_value_in_a_host_never_makes_another_host(value in hostile()) {
        let template = Template::parse("https://{v}.acme.example/api", Placeholders::AnyName).unwrap();
        let rendered = template.render(|_| Some(Value::from(value.as_str())), Encoding::UrlPath);
        if let Some(url) = rendered.ok().and_then(|url| url::Url::parse(&url).ok()) {
            prop_assert!(url.host_str().unwrap().ends_with(".acme.example"), "{url}");
            prop_assert_eq!(url.path(), "/api");
        }
    }

    #[test]
    fn a_text_is_read_as_the_same_template_again(text in hostile()) {
        for placeholders in [Placeholders::AnyName, Placeholders::Paths, Placeholders::Declared(&|_| true)] {
            let template = Template::parse(&text, placeholders).unwrap();

            prop_assert_eq!(Template::parse(&template.to_string(), placeholders), Ok(template));
        }
    }
}
