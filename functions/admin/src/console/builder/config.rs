//! Policies and rules as fields: who, what, behind whose approval, when; and aliases of attributes. The steps of a
//! workflow: [`workflow`].
//!
//! The grants of a policy and the steps of a workflow are a list, and fields have places with names: while it is filled
//! in, the list is an object with a number per item ([`Spread`]).

use sando_core::company::Company;
use sando_core::config::ConfigKind;
use sando_core::mistake::Mistake;
use sando_core::rule::EventKind;
use serde_json::{Map, Value, json};

use super::fill::Filled;
use super::kind::{Field, Kind};
use super::place::{below, get, set};
use super::show::Unread;
use super::workflow;
use crate::console::form::Form;
use crate::console::words;

const GRANTS: &str = "/grants";
const STEPS: &str = "/steps";
/// The most items of a list that are fields; more are shown as YAML.
const MOST: usize = 100;
/// What verbs do to the items of a list.
const ADD: &str = "add";
const DROP: &str = "drop";
const UP: &str = "up";
const DOWN: &str = "down";

/// A button that changes the list.
pub(super) struct Verb {
    /// What is sent.
    pub(super) does: String,
    /// What it is called.
    pub(super) name: String,
    /// The part that the page goes on with.
    pub(super) then: usize,
}

/// Fields that belong together.
pub(super) struct Part {
    /// What they are about.
    pub(super) title: String,
    /// Where all of them stand, if they have a place of their own.
    pub(super) at: Option<String>,
    /// The fields.
    pub(super) fields: Vec<Field>,
    /// Those that few need.
    pub(super) more: Vec<Field>,
    /// What to call those.
    pub(super) rest: &'static str,
    /// What can be done to all of it.
    pub(super) verbs: Vec<Verb>,
}

impl Part {
    pub(super) fn of(title: impl Into<String>, fields: Vec<Field>) -> Self {
        Self {
            title: title.into(),
            at: None,
            fields,
            more: Vec::new(),
            rest: words::GRANT_REST,
            verbs: Vec::new(),
        }
    }
}

/// Where the list stands whose items are parts of their own.
fn list_of(kind: ConfigKind) -> Option<&'static str> {
    match kind {
        ConfigKind::Policy => Some(GRANTS),
        ConfigKind::Workflow => Some(STEPS),
        _ => None,
    }
}

/// A file that is filled in.
pub(super) struct Spread {
    kind: ConfigKind,
    /// The file, its list spread.
    pub(super) file: Value,
    /// Where the list stands that is spread.
    list: Option<&'static str>,
}

impl Spread {
    /// A file; what cannot be filled in as fields stays as it is.
    pub(super) fn of(kind: ConfigKind, mut file: Value) -> Self {
        let found = list_of(kind).and_then(|at| Some((at, spread(kind, get(&file, at))?)));
        let list = found.as_ref().map(|(at, _)| *at);
        if let Some((at, items)) = found {
            set(&mut file, at, Some(Value::Object(items)));
        }
        Self { kind, file, list }
    }

    /// The items of the list that is spread, each with its number.
    fn items(&self) -> impl Iterator<Item = (&String, &Value)> {
        let list = self.list.and_then(|at| get(&self.file, at));
        list.and_then(Value::as_object).into_iter().flatten()
    }

    /// The file as it is stored.
    pub(super) fn gathered(&self) -> Value {
        let mut file = self.file.clone();
        if let Some(at) = self.list {
            let items = self.items().map(|(_, item)| item.clone()).collect();
            set(&mut file, at, Some(Value::Array(items)));
        }
        file
    }

    /// A mistake of the file, at the place of its field.
    pub(super) fn placed(&self, path: &str, message: &str) -> Mistake {
        let placed = self.list.and_then(|at| {
            let name = at.trim_start_matches('/');
            let inside = path.strip_prefix(name)?.strip_prefix('[')?;
            let (place, rest) = inside.split_once(']')?;
            Some(format!("{name}.{place}{rest}"))
        });
        Mistake::new(placed.unwrap_or_else(|| path.to_owned()), message)
    }

    /// The fields, as they follow from what is written so far.
    pub(super) fn parts(&self, company: &Company) -> Vec<Part> {
        let (first, title) = match self.kind {
            ConfigKind::Policy => (who(), words::WHAT),
            ConfigKind::Workflow => (workflow::whole(), words::STEPS),
            ConfigKind::Rule => return rule(&self.file, company),
            _ => return aliases(&self.file, company),
        };
        if self.list.is_none() {
            let at = list_of(self.kind).unwrap_or_default();
            let list = field(at, Kind::Yaml, title, "");
            return vec![first, Part::of(title, vec![list])];
        }
        let items: Vec<&Value> = self.items().map(|(_, item)| item).collect();
        let each = (0..items.len()).filter_map(|place| match self.kind {
            ConfigKind::Policy => Some(of_grant(place, items.get(place)?, company)),
            _ => workflow::step(place, &items),
        });
        std::iter::once(first).chain(each).collect()
    }

    /// What can be added to the list.
    pub(super) fn adds(&self) -> Vec<Verb> {
        let then = self.items().count().saturating_add(1);
        let add = |does: String, name: String| Verb { does, name, then };
        match (self.list, self.kind) {
            (None, _) => Vec::new(),
            (_, ConfigKind::Workflow) => {
                let kinds = words::STEP_KINDS.iter();
                kinds
                    .map(|(kind, name)| add(format!("{ADD}:{kind}"), words::step_more(name)))
                    .collect()
            }
            _ => vec![add(ADD.to_owned(), words::GRANT_MORE.to_owned())],
        }
    }

    /// Puts in what was filled in; what cannot be read is told, and changes nothing.
    pub(super) fn take_in(&mut self, form: &Form, company: &Company) -> Unread {
        let filled = Filled::of(form);
        let mut unread = Unread::new();
        for part in self.parts(company) {
            for field in part.fields.iter().chain(&part.more) {
                filled.put(&mut self.file, field, &mut unread);
            }
        }
        self.tidy();
        unread
    }

    /// What has nothing in it any more is not there.
    fn tidy(&mut self) {
        let grants = get(&self.file, GRANTS).and_then(Value::as_object);
        let grants = grants.into_iter().flat_map(|grants| grants.keys());
        let mut places: Vec<String> = grants
            .map(|place| below(&below(GRANTS, place), "approval"))
            .collect();
        places.push("/pilot".to_owned());
        for at in places {
            if get(&self.file, &at) == Some(&json!({})) {
                set(&mut self.file, &at, None);
            }
        }
    }

    /// Does what a button says to the list: an item more, or one that goes, or moves.
    pub(super) fn follow(self, verb: &str) -> Self {
        let mut file = self.gathered();
        if let Some(at) = self.list
            && let Some(Value::Array(items)) = file.pointer_mut(at)
        {
            act(self.kind, items, verb);
        }
        Self::of(self.kind, file)
    }
}

/// Does to a list what a button says.
fn act(kind: ConfigKind, items: &mut Vec<Value>, verb: &str) {
    let (does, of) = verb.split_once(':').unwrap_or((verb, ""));
    if does == ADD {
        let new = match kind {
            ConfigKind::Workflow => workflow::begun(of, items),
            _ => Some(json!({})),
        };
        items.extend(new);
        return;
    }
    let count = items.len();
    let place = of.parse::<usize>().ok();
    let Some(place) = place.filter(|place| *place < count) else {
        return;
    };
    let other = match does {
        UP => place.checked_sub(1),
        DOWN => Some(place.saturating_add(1)).filter(|other| *other < count),
        _ => None,
    };
    if let Some(other) = other {
        items.swap(place, other);
    } else if does == DROP {
        items.remove(place);
    }
}

/// The button that takes an item away.
pub(super) fn dropping(place: usize) -> Verb {
    Verb {
        does: format!("{DROP}:{place}"),
        name: words::REMOVE.to_owned(),
        then: place,
    }
}

/// The buttons that move an item of so many.
pub(super) fn moving(place: usize, count: usize) -> Vec<Verb> {
    let verb = |does: &str, name: &str, then: usize| Verb {
        does: format!("{does}:{place}"),
        name: name.to_owned(),
        then,
    };
    let last = count.saturating_sub(1);
    let up = (place > 0).then(|| verb(UP, words::MOVE_UP, place));
    let down = (place < last).then(|| verb(DOWN, words::MOVE_DOWN, place.saturating_add(2)));
    up.into_iter().chain(down).collect()
}

/// A list of items with a number each; none if it is something else, or too long.
fn spread(kind: ConfigKind, list: Option<&Value>) -> Option<Map<String, Value>> {
    let list = match list {
        None => &[][..],
        Some(Value::Array(list)) if list.len() <= MOST => list.as_slice(),
        Some(_) => return None,
    };
    let numbered = list.iter().enumerate().map(|(place, item)| {
        let mut item = item.as_object()?.clone();
        // An application that is not chosen yet.
        if kind == ConfigKind::Policy && item.get("app") == Some(&json!("")) {
            item.shift_remove("app");
        }
        Some((place.to_string(), Value::Object(item)))
    });
    numbered.collect()
}

pub(super) fn field(at: &str, kind: Kind, label: &str, hint: &str) -> Field {
    Field::called(at.to_owned(), kind, label.to_owned(), hint.to_owned())
}

/// One of some words, or the one that is written.
pub(super) fn one_of(words: impl Iterator<Item = String>, written: Option<&str>) -> Kind {
    let mut words: Vec<String> = words.collect();
    if let Some(written) = written.filter(|written| !words.iter().any(|word| word == written)) {
        words.push(written.to_owned());
    }
    Kind::Choice(words)
}

/// A field of an item: its key, how it is filled in, what it is called, and what to know.
pub(super) type Line = (&'static str, Kind, &'static str, &'static str);

/// Whom a policy is for.
fn who() -> Part {
    let who = field("/when", Kind::Conditions, words::WHO, words::WHO_HINT);
    Part::of(words::WHO, vec![who])
}

/// What most grants have.
fn usual() -> Vec<Line> {
    use words::{ASKED_FIRST, ASKED_FIRST_HINT, ASKED_FOR, ASKED_FOR_HINT, GIVEN, GIVEN_HINT};
    vec![
        ("role", Kind::Text, words::GRANT_ROLE, ""),
        (
            "groups",
            Kind::Lines,
            words::GRANT_GROUPS,
            words::ONE_A_LINE,
        ),
        (
            "deliver",
            Kind::Delivery(words::GIVEN_NOW),
            GIVEN,
            GIVEN_HINT,
        ),
        ("approval/by", Kind::Lines, ASKED_FIRST, ASKED_FIRST_HINT),
        ("approval/expires", Kind::Text, ASKED_FOR, ASKED_FOR_HINT),
    ]
}

/// What few grants have.
fn rare() -> Vec<Line> {
    use words::{ASKED_LATER, ASKED_LATER_HINT, ONLY_FOR, ONLY_FOR_HINT, SAID_YES, SAID_YES_HINT};
    vec![
        (
            "approval/escalate_to",
            Kind::Lines,
            ASKED_LATER,
            ASKED_LATER_HINT,
        ),
        ("approval/given_by", Kind::Text, SAID_YES, SAID_YES_HINT),
        ("when", Kind::Conditions, ONLY_FOR, ONLY_FOR_HINT),
    ]
}

fn of_grant(place: usize, grant: &Value, company: &Company) -> Part {
    let here = below(GRANTS, &place.to_string());
    let line = |(key, kind, label, hint): Line| field(&format!("{here}/{key}"), kind, label, hint);
    let written = |key: &str| grant.get(key).and_then(Value::as_str);
    let mut apps = company.apps.values();
    let known = apps.find(|app| Some(app.app.as_str()) == written("app"));
    let app = one_of(company.apps.keys().map(ToString::to_string), written("app"));
    let plans = known.map_or(&[][..], |app| app.plans.as_slice());
    let plan = match plans {
        [] => Kind::Text,
        plans => one_of(plans.iter().map(|plan| plan.id.clone()), written("plan")),
    };
    let title = match known {
        Some(app) => app.label(),
        None => written("app").unwrap_or(words::NEW_GRANT),
    };
    let what = vec![
        ("app", app, words::GRANT_APP, ""),
        ("plan", plan, words::GRANT_PLAN, words::GRANT_PLAN_HINT),
    ];
    Part {
        more: rare().into_iter().map(line).collect(),
        verbs: vec![dropping(place)],
        at: Some(here.clone()),
        ..Part::of(title, what.into_iter().chain(usual()).map(line).collect())
    }
}

/// What values of attributes are also called: first of those that have such names.
fn aliases(file: &Value, company: &Company) -> Vec<Part> {
    let written = |at: &str| get(file, at).and_then(Value::as_object);
    let known = company.mapping.file().attributes.keys();
    let other = written("/attributes")
        .into_iter()
        .chain(written("/aliases"));
    let mut names: Vec<&String> = known.chain(other.flat_map(|all| all.keys())).collect();
    names.sort();
    names.dedup();
    let fields = names.into_iter().map(|name| {
        let at = below("/aliases", name);
        field(&at, Kind::Aliases, name, "")
    });
    let (fields, more) = fields.partition(|field| get(file, &field.at).is_some());
    vec![Part {
        more,
        rest: words::ALIASES_REST,
        ..Part::of(words::ALIASES, fields)
    }]
}

fn rule(file: &Value, company: &Company) -> Vec<Part> {
    let events = EventKind::ALL.iter().map(|kind| kind.as_str().to_owned());
    let workflows = company.workflows.keys().map(ToString::to_string);
    let written = |key: &str| file.get(key).and_then(Value::as_str);
    let what = vec![
        field(
            "/event",
            one_of(events, written("event")),
            words::RULE_EVENT,
            "",
        ),
        field(
            "/when",
            Kind::Conditions,
            words::RULE_WHEN,
            words::RULE_WHEN_HINT,
        ),
        field(
            "/workflow",
            one_of(workflows, written("workflow")),
            words::RULE_WORKFLOW,
            "",
        ),
    ];
    let trial = vec![
        field(
            "/pilot/when",
            Kind::Conditions,
            words::RULE_PILOT,
            words::RULE_PILOT_HINT,
        ),
        field(
            "/dry_run",
            Kind::Flag(false),
            words::RULE_DRY_RUN,
            words::RULE_DRY_RUN_HINT,
        ),
    ];
    vec![
        Part::of(words::RULE_WHAT, what),
        Part::of(words::RULE_TRIAL, trial),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(file: &Value) -> Spread {
        Spread::of(ConfigKind::Policy, file.clone())
    }

    #[test]
    fn a_file_is_the_same_after_it_was_spread() {
        for file in [
            json!({ "policy": "a", "grants": [] }),
            json!({ "grants": [{ "app": "b", "else": [1] }, { "app": "c" }], "policy": "a" }),
            json!({ "policy": "a", "grants": { "app": "b" } }),
            json!({ "policy": "a", "grants": ["b"] }),
            json!({ "policy": "a", "grants": "b" }),
        ] {
            assert_eq!(policy(&file).gathered(), file);
        }
    }

    #[test]
    fn a_grant_comes_and_goes() {
        let file = json!({ "grants": [{ "app": "a" }, { "app": "b" }, { "app": "c" }] });
        let kept = policy(&file).follow("drop:1").follow(ADD).gathered();
        assert_eq!(
            kept,
            json!({ "grants": [{ "app": "a" }, { "app": "c" }, {}] })
        );
        let rule = Spread::of(ConfigKind::Rule, file.clone());
        assert_eq!(rule.follow("drop:1").gathered(), file);
    }

    #[test]
    fn a_step_moves_up_and_down_and_never_out_of_the_list() {
        let steps = |ids: [&str; 3]| json!({ "steps": ids.map(|id| json!({ "id": id })) });
        for (verb, expect) in [
            ("up:1", ["b", "a", "c"]),
            ("down:1", ["a", "c", "b"]),
            ("up:0", ["a", "b", "c"]),
            ("down:2", ["a", "b", "c"]),
            ("up:3", ["a", "b", "c"]),
            ("add:nothing", ["a", "b", "c"]),
        ] {
            let file = steps(["a", "b", "c"]);
            let moved = Spread::of(ConfigKind::Workflow, file).follow(verb);
            assert_eq!(moved.gathered(), steps(expect), "{verb}");
        }
    }

    #[test]
    fn every_button_of_a_step_leads_to_a_part_that_is_there() {
        let company = Company::empty().unwrap();
        let steps = json!({ "steps": [{ "id": "a" }, { "id": "b" }, { "id": "c" }] });
        let spread = Spread::of(ConfigKind::Workflow, steps);
        let parts = spread.parts(&company);
        let verbs = parts.iter().flat_map(|part| &part.verbs);
        let verbs: Vec<(&str, usize)> = verbs.map(|verb| (verb.does.as_str(), verb.then)).collect();
        assert_eq!(
            verbs,
            [
                ("down:0", 2),
                ("drop:0", 0),
                ("up:1", 1),
                ("down:1", 3),
                ("drop:1", 1),
                ("up:2", 2),
                ("drop:2", 2),
            ]
        );
        assert!(spread.adds().iter().all(|verb| verb.then == 4));
    }

    #[test]
    fn a_mistake_stands_at_its_field() {
        let company = Company::empty().unwrap();
        let spread = policy(&json!({ "grants": [{ "app": "a" }, { "app": "b" }] }));
        let mistake = spread.placed("grants[1].approval.by", "nobody");
        let parts = spread.parts(&company);
        let fields = parts.iter().flat_map(|part| &part.fields);
        let here: Vec<&str> = fields
            .filter(|field| field.dotted() == mistake.path)
            .map(|field| field.at.as_str())
            .collect();
        assert_eq!(here, ["/grants/1/approval/by"]);
    }

    /// The form offers nothing that a file cannot say.
    #[test]
    fn every_field_is_one_of_the_schema() {
        let company = Company::empty().unwrap();
        for kind in [ConfigKind::Policy, ConfigKind::Rule] {
            let schema = sando_core::schema::of(kind).unwrap();
            let spread = Spread::of(kind, json!({ "grants": [{}] }));
            for part in spread.parts(&company) {
                for field in part.fields.iter().chain(&part.more) {
                    let mut here = &schema;
                    for key in field.at.split('/').skip(1) {
                        here = match key {
                            "0" => &here["items"],
                            key => &here["properties"][key],
                        };
                    }
                    assert!(here.is_object(), "{}", field.at);
                }
            }
        }
    }
}
