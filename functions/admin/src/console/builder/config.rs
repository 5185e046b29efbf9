//! Policies and rules as fields: who, what, behind whose approval, when; and aliases of attributes.
//!
//! The grants of a policy are a list, and fields have places with names: while it is filled in, the list is an object with
//! a number per grant ([`Spread`]).

use sando_core::company::Company;
use sando_core::config::ConfigKind;
use sando_core::mistake::Mistake;
use sando_core::rule::EventKind;
use serde_json::{Map, Value, json};

use super::fill::Filled;
use super::kind::{Field, Kind};
use super::place::{below, get, set};
use super::show::Unread;
use crate::console::form::Form;
use crate::console::words;

const GRANTS: &str = "/grants";
/// The most grants that are fields; more are shown as YAML.
const MOST_GRANTS: usize = 100;
/// The verb for one grant more.
pub(super) const ADD: &str = "add";
/// How the verb begins that takes a grant away.
const DROP: &str = "drop:";

/// Fields that belong together.
pub(super) struct Part {
    /// What they are about.
    pub(super) title: String,
    /// The fields.
    pub(super) fields: Vec<Field>,
    /// Those that few need.
    pub(super) more: Vec<Field>,
    /// What to call those.
    pub(super) rest: &'static str,
    /// The verb that takes all of it away.
    pub(super) drop: Option<String>,
}

impl Part {
    fn of(title: impl Into<String>, fields: Vec<Field>) -> Self {
        Self {
            title: title.into(),
            fields,
            more: Vec::new(),
            rest: words::GRANT_REST,
            drop: None,
        }
    }
}

/// A file that is filled in.
pub(super) struct Spread {
    kind: ConfigKind,
    /// The file, its list of grants spread.
    pub(super) file: Value,
    is_spread: bool,
}

impl Spread {
    /// A file; what cannot be filled in as fields stays as it is.
    pub(super) fn of(kind: ConfigKind, mut file: Value) -> Self {
        let is_policy = kind == ConfigKind::Policy;
        let spread = is_policy.then(|| spread(get(&file, GRANTS))).flatten();
        let is_spread = spread.is_some();
        if let Some(grants) = spread {
            set(&mut file, GRANTS, Some(Value::Object(grants)));
        }
        Self {
            kind,
            file,
            is_spread,
        }
    }

    /// The file as it is stored.
    pub(super) fn gathered(&self) -> Value {
        let mut file = self.file.clone();
        if let (true, Some(Value::Object(grants))) = (self.is_spread, get(&self.file, GRANTS)) {
            let list = grants.values().cloned().collect();
            set(&mut file, GRANTS, Some(Value::Array(list)));
        }
        file
    }

    /// A mistake of the file, at the place of its field.
    pub(super) fn placed(&self, path: &str, message: &str) -> Mistake {
        let grant = path.strip_prefix("grants[").filter(|_| self.is_spread);
        let path = match grant.and_then(|rest| rest.split_once(']')) {
            Some((place, rest)) => format!("grants.{place}{rest}"),
            None => path.to_owned(),
        };
        Mistake::new(path, message)
    }

    /// The fields, as they follow from what is written so far.
    pub(super) fn parts(&self, company: &Company) -> Vec<Part> {
        match self.kind {
            ConfigKind::Policy => self.policy(company),
            ConfigKind::Rule => rule(&self.file, company),
            _ => aliases(&self.file, company),
        }
    }

    fn policy(&self, company: &Company) -> Vec<Part> {
        let who = field("/when", Kind::Conditions, words::WHO, words::WHO_HINT);
        let grants = match get(&self.file, GRANTS) {
            Some(Value::Object(grants)) if self.is_spread => {
                let all = grants.iter();
                all.map(|(place, grant)| of_grant(place, grant, company))
                    .collect()
            }
            _ => {
                let all = field(GRANTS, Kind::Yaml, words::WHAT, "");
                vec![Part::of(words::WHAT, vec![all])]
            }
        };
        std::iter::once(Part::of(words::WHO, vec![who]))
            .chain(grants)
            .collect()
    }

    /// Can there be one grant more?
    pub(super) fn has_list(&self) -> bool {
        self.is_spread
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

    /// Does what a button says: a grant more, or one that goes.
    pub(super) fn follow(mut self, verb: &str) -> Self {
        let grants = self.file.get_mut("grants").and_then(Value::as_object_mut);
        if let (true, Some(grants)) = (self.is_spread, grants) {
            if verb == ADD {
                grants.insert(grants.len().to_string(), json!({}));
            } else if let Some(place) = verb.strip_prefix(DROP) {
                grants.shift_remove(place);
            }
        }
        let file = self.gathered();
        Self::of(self.kind, file)
    }
}

/// A list of grants with a number each; none if it is something else, or too long.
fn spread(grants: Option<&Value>) -> Option<Map<String, Value>> {
    let list = match grants {
        None => &[][..],
        Some(Value::Array(list)) if list.len() <= MOST_GRANTS => list.as_slice(),
        Some(_) => return None,
    };
    let numbered = list.iter().enumerate().map(|(place, grant)| {
        let mut grant = grant.as_object()?.clone();
        // An application that is not chosen yet.
        if grant.get("app") == Some(&json!("")) {
            grant.shift_remove("app");
        }
        Some((place.to_string(), Value::Object(grant)))
    });
    numbered.collect()
}

fn field(at: &str, kind: Kind, label: &str, hint: &str) -> Field {
    Field::called(at.to_owned(), kind, label.to_owned(), hint.to_owned())
}

/// One of some words, or the one that is written.
fn one_of(words: impl Iterator<Item = String>, written: Option<&str>) -> Kind {
    let mut words: Vec<String> = words.collect();
    if let Some(written) = written.filter(|written| !words.iter().any(|word| word == written)) {
        words.push(written.to_owned());
    }
    Kind::Choice(words)
}

/// A field of a grant: its key, how it is filled in, what it is called, and what to know.
type Line = (&'static str, Kind, &'static str, &'static str);

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
        ("deliver", Kind::Delivery, GIVEN, GIVEN_HINT),
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

fn of_grant(place: &str, grant: &Value, company: &Company) -> Part {
    let here = below(GRANTS, place);
    let at = |(key, kind, label, hint): Line| field(&format!("{here}/{key}"), kind, label, hint);
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
        more: rare().into_iter().map(at).collect(),
        drop: Some(format!("{DROP}{place}")),
        ..Part::of(title, what.into_iter().chain(usual()).map(at).collect())
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
