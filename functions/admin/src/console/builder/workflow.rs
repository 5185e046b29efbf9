//! The steps of a workflow as fields: each is of a kind, waits for others, and has what its kind has.

use serde_json::{Value, json};

use super::config::{Line, Part, dropping, field, moving, one_of};
use super::kind::Kind;
use crate::console::words;

const METHODS: [&str; 5] = ["POST", "PUT", "PATCH", "DELETE", "GET"];
const DIRECTIONS: [&str; 2] = ["grant", "revoke"];

/// What holds for all of its steps.
pub(super) fn whole() -> Part {
    let ways = DIRECTIONS.map(str::to_owned).to_vec();
    let fields = vec![
        field(
            "/direction",
            Kind::Choice(ways),
            words::DIRECTION,
            words::DIRECTION_HINT,
        ),
        field(
            "/dry_run",
            Kind::Flag(false),
            words::RULE_DRY_RUN,
            words::RULE_DRY_RUN_HINT,
        ),
    ];
    Part::of(words::WORKFLOW, fields)
}

fn text<'a>(step: &'a Value, key: &str) -> &'a str {
    step.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn name_of(kind: &str) -> Option<&'static str> {
    let found = words::STEP_KINDS.iter().find(|(known, _)| *known == kind);
    found.map(|(_, name)| *name)
}

/// A step of a kind that is not filled in yet, under a name that no other one has.
pub(super) fn begun(kind: &str, others: &[Value]) -> Option<Value> {
    name_of(kind)?;
    let numbered = (2..=others.len().saturating_add(1)).map(|n| format!("{kind}-{n}"));
    let is_free = |id: &String| others.iter().all(|other| text(other, "id") != id);
    let id = std::iter::once(kind.to_owned())
        .chain(numbered)
        .find(is_free);
    Some(json!({ "id": id.unwrap_or_default(), "type": kind }))
}

/// One of the steps, by its place.
pub(super) fn step(place: usize, all: &[&Value]) -> Option<Part> {
    let step = *all.get(place)?;
    let here = format!("/steps/{place}");
    let line = |(key, kind, label, hint): Line| field(&format!("{here}/{key}"), kind, label, hint);
    let (kind, id) = (text(step, "type"), text(step, "id"));
    let earlier = all.iter().take(place);
    let earlier: Vec<&str> = earlier.map(|step| text(step, "id")).collect();
    let needs = words::step_needs(&earlier);
    let shared = [
        field(
            &format!("{here}/id"),
            Kind::Text,
            words::STEP_NAME,
            words::STEP_NAME_HINT,
        ),
        field(
            &format!("{here}/needs"),
            Kind::Lines,
            words::STEP_NEEDS,
            &needs,
        ),
    ];
    let (usual, rare) = own(kind, step);
    let fields = shared.into_iter().chain(usual.into_iter().map(line));
    let fields = fields.collect();
    let more = rare.into_iter().map(line).collect();
    let verbs = moving(place, all.len()).into_iter();
    let title = words::step_title(place, name_of(kind).unwrap_or(kind), id);
    Some(Part {
        more,
        at: Some(here),
        rest: words::REQUEST_REST,
        verbs: verbs.chain([dropping(place)]).collect(),
        ..Part::of(title, fields)
    })
}

/// What a kind of step has of its own: what is usual, and what few need.
fn own(kind: &str, step: &Value) -> (Vec<Line>, Vec<Line>) {
    let usual = match kind {
        "grant" => vec![],
        "revoke" => vec![("apps", Kind::Lines, words::STEP_APPS, words::STEP_APPS_HINT)],
        "task" => task(),
        "wait" => vec![("until", moment(), words::STEP_UNTIL, words::GIVEN_HINT)],
        "notify" => vec![
            ("to", Kind::Text, words::STEP_TO, words::STEP_WHO_HINT),
            ("text", Kind::Prose, words::STEP_TEXT, ""),
        ],
        "http" => return request(step),
        "lever_note" => vec![("tag", Kind::Text, words::STEP_TAG, words::STEP_TAG_HINT)],
        _ => {
            let known = words::STEP_KINDS.iter();
            let known = known.map(|(known, _)| (*known).to_owned());
            let kinds = one_of(known, Some(kind).filter(|kind| !kind.is_empty()));
            vec![("type", kinds, words::STEP_KIND, "")]
        }
    };
    (usual, vec![])
}

/// When something is; nowhere written it is not said.
fn moment() -> Kind {
    Kind::Delivery(words::NOT_SAID)
}

fn task() -> Vec<Line> {
    let (owner, due) = (words::STEP_OWNER, words::STEP_DUE);
    vec![
        (
            "title",
            Kind::Text,
            words::STEP_TITLE,
            words::STEP_TITLE_HINT,
        ),
        ("owner", Kind::Text, owner, words::STEP_WHO_HINT),
        ("due", moment(), due, words::GIVEN_HINT),
    ]
}

fn request(step: &Value) -> (Vec<Line>, Vec<Line>) {
    let written = step.get("method").and_then(Value::as_str);
    let methods = one_of(METHODS.into_iter().map(str::to_owned), written);
    let (body, headers) = (words::STEP_BODY, words::STEP_HEADERS);
    let usual = vec![
        (
            "method",
            methods,
            words::STEP_METHOD,
            words::STEP_METHOD_HINT,
        ),
        ("path", Kind::Text, words::STEP_URL, words::STEP_URL_HINT),
        ("body", Kind::Yaml, body, words::STEP_BODY_HINT),
        (
            "repeat",
            Kind::Repeat,
            words::STEP_REPEAT,
            words::STEP_REPEAT_HINT,
        ),
    ];
    let rare = vec![
        ("headers", Kind::Yaml, headers, words::STEP_HEADERS_HINT),
        ("auth", Kind::Yaml, words::STEP_AUTH, words::STEP_AUTH_HINT),
    ];
    (usual, rare)
}

#[cfg(test)]
mod tests {
    use sando_core::config::ConfigKind;

    use super::*;

    #[test]
    fn every_key_of_every_kind_of_step_has_a_field_and_nothing_else_has() {
        let schema = sando_core::schema::of(ConfigKind::Workflow).unwrap();
        let kinds = &schema["properties"]["steps"]["items"]["oneOf"];
        let kinds = kinds.as_array().unwrap();
        assert_eq!(kinds.len(), words::STEP_KINDS.len());

        for kind in kinds {
            let keys = kind["properties"].as_object().unwrap();
            let word = keys["type"]["const"].as_str().unwrap();
            let new = begun(word, &[]).unwrap();
            let part = step(0, &[&new]).unwrap();

            let fields = part.fields.iter().chain(&part.more);
            let mut shown: Vec<&str> = fields
                .map(|field| field.at.trim_start_matches("/steps/0/"))
                .collect();
            let keys = keys.keys().map(String::as_str);
            let mut known: Vec<&str> = keys.filter(|key| *key != "type").collect();
            shown.sort_unstable();
            known.sort_unstable();
            assert_eq!(shown, known, "{word}");
        }
        for field in whole().fields {
            let key = field.at.trim_start_matches('/');
            assert!(schema["properties"][key].is_object(), "{key}");
        }
    }

    #[test]
    fn a_step_of_a_kind_that_nobody_knows_can_be_given_one() {
        assert!(begun("grnt", &[]).is_none());
        let wrong = json!({ "id": "a", "type": "grnt" });
        let part = step(0, &[&wrong]).unwrap();
        let at: Vec<&str> = part.fields.iter().map(|field| field.at.as_str()).collect();
        assert_eq!(at, ["/steps/0/id", "/steps/0/needs", "/steps/0/type"]);
    }

    #[test]
    fn a_new_step_has_a_name_of_its_own() {
        let mut steps = Vec::new();
        for expect in ["task", "task-2", "task-3"] {
            let new = begun("task", &steps).unwrap();
            assert_eq!(new, json!({ "id": expect, "type": "task" }));
            steps.push(new);
        }
    }
}
