//! Workflows: in what order, with whom. The built-in ones, and those that users write.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::Auth;
use crate::ids::{AppSlug, Slug};
use crate::mistake::Mistake;
use crate::schedule::Delivery;
use crate::template::{Placeholders, Template};

/// One workflow file (`lifecycle.md`, "Workflow").
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// Its slug.
    pub workflow: Slug,
    /// A revoking workflow cannot create, and the other way round; absent: it may do both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// On trial: each run computes and shows everything, and does nothing (L24).
    #[serde(default)]
    pub dry_run: bool,
    /// What is to be done.
    pub steps: Vec<StepFile>,
}

/// Which way a workflow goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Gives.
    Grant,
    /// Takes away.
    Revoke,
}

/// One step of a workflow file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StepFile {
    /// Its name in the workflow.
    pub id: Slug,
    /// Steps that must have ended well before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Slug>,
    /// What it does.
    #[serde(flatten)]
    pub kind: StepKind,
}

/// What a step does.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum StepKind {
    /// Everything that is due and not yet there.
    Grant {},
    /// Everything that is held and not due; all of it in a workflow that takes away.
    Revoke {
        /// Only in these applications; if none are named, wherever no other step of the workflow does it.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        apps: BTreeSet<AppSlug>,
    },
    /// Work for a human.
    Task(TaskStep),
    /// Time that has to pass.
    Wait {
        /// Until when.
        until: Delivery,
    },
    /// A message to somebody.
    Notify(NotifyStep),
    /// One request.
    Http(Box<HttpStep>),
    /// A note on the opportunity in Lever.
    LeverNote {
        /// A tag that the opportunity gets with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
    },
}

impl StepKind {
    /// The word in files and API.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Grant {} => "grant",
            Self::Revoke { .. } => "revoke",
            Self::Task(_) => "task",
            Self::Wait { .. } => "wait",
            Self::Notify(_) => "notify",
            Self::Http(_) => "http",
            Self::LeverNote { .. } => "lever_note",
        }
    }

    /// The applications that a `revoke` step names; none for any other step.
    #[must_use]
    pub fn revokes(&self) -> Option<&BTreeSet<AppSlug>> {
        match self {
            Self::Revoke { apps } => Some(apps),
            _ => None,
        }
    }
}

/// Work for a human.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskStep {
    /// Whose work: an address or `role:…`.
    pub owner: String,
    /// What to do; `{name}` and the other attributes may stand in it.
    pub title: String,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Delivery>,
}

/// A message to somebody.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyStep {
    /// An address, `role:…`, or a template such as `{manager}`.
    pub to: String,
    /// What it says.
    pub text: String,
}

/// One request of a workflow.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpStep {
    /// POST if absent.
    #[serde(default = "post")]
    pub method: String,
    /// The full URL.
    pub path: String,
    /// Further headers.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub headers: std::collections::BTreeMap<String, String>,
    /// A JSON body; attributes may stand in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// How the request authenticates; the credentials are those of the application of the same name as the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// May it be repeated when nobody knows whether it arrived?
    #[serde(default)]
    pub repeat: Repeat,
}

fn post() -> String {
    "POST".to_owned()
}

/// May a request be repeated when nobody knows whether it arrived?
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// Doing it twice is doing it once.
    Safe,
    /// The server sorts repeats out by this header, which carries the effect's key.
    IdempotencyHeader(String),
    /// No: an unknown outcome becomes a task.
    #[default]
    Never,
}

impl Workflow {
    /// The workflows that are there without anybody writing them.
    #[must_use]
    pub fn built_in() -> Vec<Self> {
        let step = |id: &str, kind: StepKind, needs: &[&str]| StepFile {
            id: slug(id),
            needs: needs.iter().map(|need| slug(need)).collect(),
            kind,
        };
        let workflow = |id: &str, direction, steps| Self {
            workflow: slug(id),
            direction,
            dry_run: false,
            steps,
        };
        let give = || step("access", StepKind::Grant {}, &[]);
        let take = || {
            step(
                "revoke",
                StepKind::Revoke {
                    apps: BTreeSet::new(),
                },
                &[],
            )
        };
        let note = |needs: &[&str]| step("lever", StepKind::LeverNote { tag: None }, needs);
        vec![
            workflow(
                "onboard",
                Some(Direction::Grant),
                vec![give(), note(&["access"])],
            ),
            workflow(
                "change",
                None,
                // What is no longer due goes, whether or not what is newly due can be given.
                vec![give(), take(), note(&["access", "revoke"])],
            ),
            workflow(
                "offboard",
                Some(Direction::Revoke),
                vec![take(), note(&["revoke"])],
            ),
            workflow(
                "withdraw",
                Some(Direction::Revoke),
                vec![take(), note(&["revoke"])],
            ),
        ]
    }

    /// Everything in the file that cannot work.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut seen: Vec<&Slug> = Vec::new();
        for (place, step) in self.steps.iter().enumerate() {
            let path = format!("steps[{place}]");
            if seen.contains(&&step.id) {
                mistakes.push(Mistake::new(
                    format!("{path}.id"),
                    format!("there are two steps `{}`", step.id),
                ));
            }
            // Only earlier steps can be needed: that also keeps circles out.
            for need in step.needs.iter().filter(|need| !seen.contains(need)) {
                mistakes.push(Mistake::new(
                    format!("{path}.needs"),
                    format!("no earlier step is called `{need}`"),
                ));
            }
            seen.push(&step.id);
            self.direction_mistake(&path, step, &mut mistakes);
            for (field, text) in step.templates() {
                if let Err(error) = Template::parse(text, Placeholders::AnyName) {
                    mistakes.push(Mistake::new(format!("{path}.{field}"), error.to_string()));
                }
            }
        }
        self.naming_mistakes(&mut mistakes);
        let tags = self.steps.iter().enumerate();
        let tags = tags.filter_map(|(place, step)| Some((place, step.tag()?)));
        for (place, _) in tags.filter(|(_, tag)| !(1..=100).contains(&tag.trim().chars().count())) {
            let path = format!("steps[{place}].tag");
            mistakes.push(Mistake::new(path, "a tag has 1 to 100 characters"));
        }
        if self.steps.len() > 50 {
            mistakes.push(Mistake::new("steps", "at most 50 steps"));
        }
        mistakes
    }

    /// Where steps name applications, each is named once, and one step takes what none names: nothing is forgotten.
    fn naming_mistakes(&self, mistakes: &mut Vec<Mistake>) {
        let mut named: BTreeSet<&AppSlug> = BTreeSet::new();
        let mut rest = false;
        for (place, step) in self.steps.iter().enumerate() {
            let Some(apps) = step.kind.revokes() else {
                continue;
            };
            rest |= apps.is_empty();
            for app in apps.iter().filter(|app| !named.insert(*app)) {
                let why = format!("an earlier step takes `{app}` already");
                mistakes.push(Mistake::new(format!("steps[{place}].apps"), why));
            }
        }
        if !named.is_empty() && !rest {
            let why = "no step takes what is named by none: leave `apps` away in one `revoke` step";
            mistakes.push(Mistake::new("steps", why));
        }
    }

    fn direction_mistake(&self, path: &str, step: &StepFile, mistakes: &mut Vec<Mistake>) {
        let wrong = match (self.direction, &step.kind) {
            (Some(Direction::Revoke), StepKind::Grant {}) => {
                "a workflow with direction `revoke` cannot give"
            }
            (Some(Direction::Grant), StepKind::Revoke { .. }) => {
                "a workflow with direction `grant` cannot take away"
            }
            _ => return,
        };
        mistakes.push(Mistake::new(format!("{path}.type"), wrong));
    }
}

impl StepFile {
    fn tag(&self) -> Option<&str> {
        match &self.kind {
            StepKind::LeverNote { tag } => tag.as_deref(),
            _ => None,
        }
    }

    fn templates(&self) -> Vec<(&'static str, &str)> {
        match &self.kind {
            StepKind::Task(task) => vec![("title", &task.title), ("owner", &task.owner)],
            StepKind::Notify(notify) => vec![("to", &notify.to), ("text", &notify.text)],
            StepKind::Http(http) => vec![("path", &http.path)],
            _ => Vec::new(),
        }
    }
}

fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("built-in names are slugs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_workflows_have_no_mistakes() {
        for workflow in Workflow::built_in() {
            assert_eq!(workflow.mistakes(), vec![], "{}", workflow.workflow);
        }
    }

    #[test]
    fn a_key_that_no_step_knows_is_refused() {
        for step in [
            serde_json::json!({"id": "a", "type": "lever_note", "need": ["access"]}),
            serde_json::json!({"id": "a", "type": "grant", "policies": []}),
            serde_json::json!({"id": "a", "type": "revoke", "app": "figma"}),
            serde_json::json!({"id": "a", "type": "wait", "until": { "after_start": "3d" }, "owner": "x"}),
            serde_json::json!({"id": "a", "type": "notify", "to": "x", "text": "y", "cc": "z"}),
        ] {
            let read: Result<StepFile, _> = serde_json::from_value(step.clone());
            let error = read.unwrap_err().to_string();
            assert!(error.contains("unknown field"), "{step}: {error}");
        }
        let good = serde_json::json!({"id": "a", "type": "lever_note", "needs": ["access"]});
        assert!(serde_json::from_value::<StepFile>(good).is_ok());
    }

    #[test]
    fn where_steps_name_applications_each_is_taken_once_and_none_is_forgotten() {
        let found = |steps: Value| -> Vec<String> {
            let file =
                serde_json::json!({ "workflow": "w", "direction": "revoke", "steps": steps });
            let workflow: Workflow = serde_json::from_value(file).unwrap();
            let mistakes = workflow.mistakes();
            mistakes.iter().map(ToString::to_string).collect()
        };
        let named = |id: &str, apps: &[&str]| serde_json::json!({ "id": id, "type": "revoke", "apps": apps });
        let rest = serde_json::json!({ "id": "rest", "type": "revoke" });

        let right = serde_json::json!([named("a", &["vpn", "code"]), rest, named("b", &["okta"])]);
        assert_eq!(found(right), Vec::<String>::new());
        let twice = serde_json::json!([named("a", &["vpn"]), rest, named("b", &["okta", "vpn"])]);
        assert_eq!(
            found(twice),
            ["steps[2].apps: an earlier step takes `vpn` already"]
        );
        assert_eq!(
            found(serde_json::json!([named("a", &["vpn"])])),
            ["steps: no step takes what is named by none: leave `apps` away in one `revoke` step"]
        );
    }

    #[test]
    fn a_revoking_workflow_cannot_give() {
        let workflow: Workflow = serde_json::from_value(serde_json::json!({
            "workflow": "w", "direction": "revoke", "steps": [{"id": "a", "type": "grant", "needs": ["later"]}]
        }))
        .unwrap();

        let found: Vec<String> = workflow
            .mistakes()
            .iter()
            .map(ToString::to_string)
            .collect();

        assert_eq!(
            found,
            [
                "steps[0].needs: no earlier step is called `later`",
                "steps[0].type: a workflow with direction `revoke` cannot give",
            ]
        );
    }
}
