//! What must hold of every list: sizes of pages do not matter, and a checkpoint anywhere ends in the same users.

use std::sync::Arc;

use proptest::prelude::*;
use sando_core::definition::{
    Checkpoint, Definition, IdHash, MappedUser, Outcome, PlannedRequest, Pull, Step,
};

use crate::drive::{HEAD, MAP, definition, drive, inputs, list, now, ok, query, rows};

/// An application with lists cut into pages as told.
fn cut(ids: &[u64], sizes: &[usize], page: usize) -> Vec<u64> {
    let mut rest = ids;
    for size in sizes.iter().cycle().take(page) {
        rest = &rest[(*size).min(rest.len())..];
    }
    rest[..sizes[page % sizes.len()].min(rest.len())].to_vec()
}

fn styles() -> Vec<(&'static str, String)> {
    let paging = |text: &str| {
        list(&format!(
            "{{ path: /u, response_path: d, pagination: {text} }}"
        ))
    };
    vec![
        ("page", paging("{ type: page }")),
        ("offset", paging("{ type: offset }")),
        ("cursor", paging("{ type: cursor, path: next }")),
        ("url", paging("{ type: next_url, path: url }")),
    ]
}

fn answer(style: &str, ids: &[u64], sizes: &[usize], request: &PlannedRequest) -> Outcome {
    let query = query(request);
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let page = match style {
        "page" => number("page").unwrap() - 1,
        "offset" => {
            let offset = number("offset").unwrap();
            let starts = |page: &usize| {
                (0..*page)
                    .map(|page| cut(ids, sizes, page).len())
                    .sum::<usize>()
                    >= offset
            };
            (0..).find(starts).unwrap()
        }
        _ => number("cursor").unwrap_or(0),
    };
    let shown = cut(ids, sizes, page);
    let rest = cut(ids, sizes, page + 1);
    let next = if rest.is_empty() {
        String::new()
    } else {
        format!(r#","next":{0},"url":"?cursor={0}""#, page + 1)
    };
    ok(&format!(r#"{{"d":{}{next}}}"#, rows(shown)))
}

/// Pulls with a checkpoint after each of the given numbers of answers.
fn in_pieces(
    text: &str,
    mut stops: Vec<usize>,
    mut answer: impl FnMut(&PlannedRequest) -> Outcome,
) -> (Vec<String>, bool) {
    let definition: Arc<Definition> = definition(text);
    let mut seen: Vec<IdHash> = Vec::new();
    let mut held: Vec<MappedUser> = Vec::new();
    let mut ids = Vec::new();
    let mut pull = Pull::start(definition.clone(), inputs(&[])).unwrap();
    let mut waiting: Vec<PlannedRequest> = Vec::new();
    let mut answers = 0;
    loop {
        match pull.step(now()) {
            Step::Send(request) => waiting.push(*request),
            Step::Users(batch) => {
                seen.extend(&batch.seen);
                ids.extend(
                    batch.users.iter().map(|mapped| {
                        format!("{} {:?}", mapped.user.external_id, mapped.user.role)
                    }),
                );
            }
            Step::Await => {
                if stops.first() == Some(&answers)
                    && let Some(checkpoint) = pull.checkpoint()
                {
                    stops.remove(0);
                    held.extend(pull.take_held());
                    let text = serde_json::to_string(&checkpoint).unwrap();
                    let checkpoint: Checkpoint = serde_json::from_str(&text).unwrap();
                    pull = Pull::resume(
                        definition.clone(),
                        inputs(&[]),
                        checkpoint,
                        seen.iter().copied(),
                    )
                    .unwrap();
                    held.iter().cloned().for_each(|user| pull.hold(user));
                    waiting.clear();
                    continue;
                }
                let request = waiting.remove(0);
                let outcome = answer(&request);
                pull.receive(request.id, outcome, now());
                answers += 1;
                if stops.first().is_some_and(|stop| *stop < answers) {
                    stops.remove(0);
                }
            }
            Step::Done(certificate) => return (ids, certificate.complete),
        }
    }
}

proptest! {
    #[test]
    fn the_size_of_pages_does_not_matter(
        count in 1_u64..60,
        sizes in prop::collection::vec(1_usize..9, 1..5),
    ) {
        let ids: Vec<u64> = (1..=count).collect();
        for (style, text) in styles() {
            let pull = Pull::start(definition(&text), inputs(&[])).unwrap();
            let pulled = drive(pull, |request| answer(style, &ids, &sizes, request));
            prop_assert!(pulled.certificate.complete, "{style} {:?}", pulled.certificate.failure);
            prop_assert_eq!(pulled.ids(), ids.iter().map(u64::to_string).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_checkpoint_anywhere_ends_in_the_same_users(
        count in 1_u64..40,
        sizes in prop::collection::vec(1_usize..9, 1..4),
        stops in prop::collection::btree_set(0_usize..20, 0..6),
    ) {
        let ids: Vec<u64> = (1..=count).collect();
        for (style, text) in styles() {
            let whole = in_pieces(&text, Vec::new(), |request| answer(style, &ids, &sizes, request));
            let pieces = in_pieces(&text, stops.iter().copied().collect(), |request| answer(style, &ids, &sizes, request));
            prop_assert!(whole.1);
            prop_assert_eq!(whole, pieces);
        }
    }

    #[test]
    fn a_checkpoint_within_parents_and_passes_ends_in_the_same_users(
        stops in prop::collection::btree_set(0_usize..20, 0..8),
    ) {
        let text = format!(
            "{HEAD}steps: [{{ name: s, path: /s, keep: {{ org: id }} }}]
users:
  path: '/{{org}}/{{team}}'
  query: {{ state: '{{state}}' }}
  for_each: {{ path: /teams, pagination: {{ type: page }}, keep: {{ team: id }} }}
  passes: [{{ state: a }}, {{ state: b }}]
  join: [{{ path: /roles, by: {{ user: id, item: id }}, as: x }}]
map: {{ external_id: id, email: mail, role: $team }}
"
        );
        let answer = |request: &PlannedRequest| {
            let state = query(request).get("state").cloned();
            let page = query(request).get("page").cloned();
            ok(&match (request.url.path(), state.as_deref(), page.as_deref()) {
                ("/s", ..) => r#"{"id":"o"}"#.to_owned(),
                ("/roles", ..) => "[]".to_owned(),
                ("/teams", _, Some("1")) => r#"[{"id":1},{"id":2}]"#.to_owned(),
                ("/teams", _, Some("2")) => r#"[{"id":3}]"#.to_owned(),
                ("/teams", ..) => "[]".to_owned(),
                ("/o/1", Some("a"), _) => rows([1, 2]),
                ("/o/1", ..) => rows([2, 3]),
                ("/o/2", Some("a"), _) => rows([1, 4]),
                ("/o/3", Some("b"), _) => rows([1, 5]),
                _ => "[]".to_owned(),
            })
        };

        let whole = in_pieces(&text, Vec::new(), answer);
        let pieces = in_pieces(&text, stops.into_iter().collect(), answer);

        prop_assert!(whole.1);
        prop_assert_eq!(&whole.0[0], "1 Some(\"1, 2, 3\")");
        prop_assert_eq!(whole.0.len(), 5);
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn a_checkpoint_within_details_and_joined_lists_ends_in_the_same_users(
        count in 1_u64..12,
        size in 1_u64..5,
        stops in prop::collection::btree_set(0_usize..40, 0..8),
    ) {
        let text = format!(
            "{HEAD}users:
  path: /u
  pagination: {{ type: page }}
  details: {{ path: '/u/{{external_id}}', concurrency: 3 }}
  join:
    - {{ path: /teams, pagination: {{ type: page }}, by: {{ user: id, item: id }}, as: team }}
    - {{ path: /seats, by: {{ user: id, item: id }}, as: seat }}
map: {{ external_id: id, email: mail, role: {{ join: [team.mail, seat.mail, detail.title], with: ' ' }} }}
"
        );
        let answer = |request: &PlannedRequest| {
            let page = query(request).get("page").and_then(|page| page.parse::<u64>().ok());
            let first = page.map_or(1, |page| (page - 1) * size + 1);
            let last = page.map_or(count, |page| count.min(page * size));
            ok(&match request.url.path().strip_prefix("/u/") {
                Some(id) => format!(r#"{{"title":"T{id}"}}"#),
                None => rows(first..=last),
            })
        };

        let whole = in_pieces(&text, Vec::new(), answer);
        let pieces = in_pieces(&text, stops.into_iter().collect(), answer);

        prop_assert!(whole.1);
        prop_assert_eq!(whole.0.len(), usize::try_from(count).unwrap());
        prop_assert_eq!(&whole.0[0], "1 Some(\"1@b.example 1@b.example T1\")");
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn no_text_makes_reading_a_definition_fail(text in "\\PC{0,200}") {
        let _ = Definition::parse(&text);
        let _ = Definition::parse(&format!("{}{text}", list("{ path: /u }")));
    }

    #[test]
    fn no_answer_makes_a_pull_fail(body in "[\\[\\]{}:,\"a-z0-9]{0,80}", status in 200_u16..600) {
        let text = format!("{HEAD}users: {{ path: /u, response_path: '*', pagination: {{ type: cursor, path: a }} }}\n{MAP}");
        let mut asked = 0;
        let pull = Pull::start(definition(&text), inputs(&[])).unwrap();
        let pulled = drive(pull, |_| {
            asked += 1;
            crate::drive::status(status, &[], &body)
        });
        prop_assert!(asked <= 7, "{}", asked);
        prop_assert!(pulled.certificate.complete || pulled.certificate.failure.is_some());
    }
}

#[test]
fn a_checkpoint_tells_how_far_the_pull_has_come() {
    let text = list("{ path: /u, response_path: d, pagination: { type: page } }");
    let mut pull = Pull::start(definition(&text), inputs(&[])).unwrap();
    let (mut requests, mut answered) = (Vec::new(), 0);
    while answered < 2 {
        match pull.step(now()) {
            Step::Send(request) => requests.push(request),
            Step::Users(_) => {}
            Step::Await => {
                let request = requests.remove(0);
                let body = format!(r#"{{"d":{}}}"#, rows([2 * answered, 2 * answered + 1]));
                pull.receive(request.id, ok(&body), now());
                answered += 1;
            }
            Step::Done(certificate) => panic!("it ended: {certificate:?}"),
        }
    }
    while !matches!(pull.step(now()), Step::Await) {}

    let checkpoint = pull.checkpoint().unwrap();

    let so_far = checkpoint.certificate();
    assert_eq!((so_far.pages, so_far.received), (2, 4));
}

#[test]
fn a_checkpoint_of_another_definition_is_refused() {
    let mut pull = Pull::start(definition(&list("{ path: /u }")), inputs(&[])).unwrap();
    let _ = pull.step(now());
    let checkpoint = pull.checkpoint().unwrap();

    let other = Pull::resume(
        definition(&list("{ path: /v }")),
        inputs(&[]),
        checkpoint,
        [],
    );

    assert!(other.is_err());
}
