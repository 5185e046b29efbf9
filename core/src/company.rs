//! All configuration of a company, loaded and checked: applications, policies, rules, workflows, attributes.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::app::Application;
use crate::attributes::{AttributesFile, Mapping};
use crate::config::{ConfigItem, ConfigKind};
use crate::ids::{AppSlug, Slug};
use crate::lever::Needs;
use crate::mistake::{Mistake, join};
use crate::path::Path;
use crate::policy::Policy;
use crate::rule::Rule;
use crate::schema;
use crate::settings::{Pause, Settings};
use crate::workflow::Workflow;

/// The parts of a candidacy's document that a path of a rule may begin with.
const DOCUMENT: &[&str] = &[
    "opportunity",
    "contact",
    "application",
    "posting",
    "requisition",
    "offer",
    "stage",
    "archive_reason",
    "forms",
    "feedback",
];

/// All configuration of a company.
#[derive(Clone, Debug)]
pub struct Company {
    /// Applications.
    pub apps: BTreeMap<AppSlug, Application>,
    /// Policies.
    pub policies: BTreeMap<Slug, Policy>,
    /// Rules.
    pub rules: BTreeMap<Slug, Rule>,
    /// Workflows, the built-in ones included.
    pub workflows: BTreeMap<Slug, Workflow>,
    /// Attributes.
    pub mapping: Mapping,
    /// Settings.
    pub settings: Settings,
    /// What is paused.
    pub pause: Pause,
}

impl Company {
    /// Loads what is stored.
    ///
    /// # Errors
    /// All mistakes; stored files were checked when they were put, so these are a newer release's or a defect.
    pub fn load(items: &[ConfigItem]) -> Result<Self, Vec<Mistake>> {
        let mut company = Self::empty()?;
        let mut mistakes = Vec::new();
        for item in items {
            if let Err(more) = company.take(item) {
                mistakes.extend(
                    more.into_iter().map(|mistake| {
                        mistake.under(&format!("{}.{}", item.kind.as_str(), item.id))
                    }),
                );
            }
        }
        if mistakes.is_empty() {
            Ok(company)
        } else {
            Err(mistakes)
        }
    }

    /// A company that has configured nothing.
    ///
    /// # Errors
    /// None in practice: the built-in attributes have no mistakes.
    pub fn empty() -> Result<Self, Vec<Mistake>> {
        Ok(Self {
            apps: BTreeMap::new(),
            policies: BTreeMap::new(),
            rules: BTreeMap::new(),
            workflows: Workflow::built_in()
                .into_iter()
                .map(|workflow| (workflow.workflow.clone(), workflow))
                .collect(),
            mapping: Mapping::compile(AttributesFile::default())?,
            settings: Settings::default(),
            pause: Pause::default(),
        })
    }

    /// Takes in one file, over what was there under its name.
    ///
    /// # Errors
    /// All mistakes of the file.
    pub fn take(&mut self, item: &ConfigItem) -> Result<(), Vec<Mistake>> {
        self.read_in(item).map_err(|found| {
            // A reader ends at the first mistake in the shape of a file; its schema knows all of them.
            let of_shape = schema::mistakes(item.kind, &item.file);
            if of_shape.is_empty() { found } else { of_shape }
        })
    }

    fn read_in(&mut self, item: &ConfigItem) -> Result<(), Vec<Mistake>> {
        let id = item.id.clone();
        match item.kind {
            ConfigKind::App => {
                self.apps.insert(
                    id.clone(),
                    named(
                        read::<Application>(&item.file)?,
                        |app| &app.app,
                        &id,
                        Application::mistakes,
                    )?,
                );
            }
            ConfigKind::Policy => {
                self.policies.insert(
                    id.clone(),
                    named(
                        read::<Policy>(&item.file)?,
                        |policy| &policy.policy,
                        &id,
                        Policy::mistakes,
                    )?,
                );
            }
            ConfigKind::Rule => {
                self.rules.insert(
                    id.clone(),
                    named(
                        read::<Rule>(&item.file)?,
                        |rule| &rule.rule,
                        &id,
                        |_| vec![],
                    )?,
                );
            }
            ConfigKind::Workflow => {
                self.workflows.insert(
                    id.clone(),
                    named(
                        read::<Workflow>(&item.file)?,
                        |flow| &flow.workflow,
                        &id,
                        Workflow::mistakes,
                    )?,
                );
            }
            ConfigKind::Attributes => self.mapping = Mapping::compile(read(&item.file)?)?,
            ConfigKind::Settings => {
                let settings: Settings = read(&item.file)?;
                let mistakes = settings.mistakes();
                if !mistakes.is_empty() {
                    return Err(mistakes);
                }
                self.settings = settings;
            }
            ConfigKind::Pause => self.pause = read(&item.file)?,
        }
        Ok(())
    }

    /// What is named by this file and does not exist yet: accepted, with a warning each.
    #[must_use]
    pub fn dangling(&self, item: &ConfigItem) -> Vec<Mistake> {
        let missing = |path: String, kind: &str, id: &Slug| {
            Mistake::new(path, format!("there is no {kind} `{id}` yet"))
        };
        match item.kind {
            ConfigKind::Policy => {
                let grants = self
                    .policies
                    .get(&item.id)
                    .map(|policy| policy.grants.as_slice())
                    .unwrap_or_default();
                grants
                    .iter()
                    .enumerate()
                    .flat_map(|(place, grant)| {
                        let at = format!("grants[{place}]");
                        let Some(app) = self.apps.get(&grant.app) else {
                            return Some(missing(join(&at, "app"), "application", &grant.app));
                        };
                        let plan = grant.plan.as_ref();
                        if let Some(plan) = plan.filter(|plan| app.strength(plan).is_none()) {
                            let message = format!("`{}` has no plan `{plan}` yet", grant.app);
                            return Some(Mistake::new(join(&at, "plan"), message));
                        }
                        let (field, why) = grant.ignored_by(app)?;
                        Some(Mistake::new(join(&at, field), why))
                    })
                    .collect()
            }
            ConfigKind::Rule => {
                let rule = self.rules.get(&item.id);
                let unknown = rule.filter(|rule| !self.workflows.contains_key(&rule.workflow));
                unknown
                    .map(|rule| missing("workflow".to_owned(), "workflow", &rule.workflow))
                    .into_iter()
                    .collect()
            }
            ConfigKind::Workflow => self
                .apps_not_there(&item.id)
                .into_iter()
                .map(|(place, app)| missing(format!("steps[{place}].apps"), "application", app))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The applications that a workflow takes away and that do not exist yet, with the places of their steps.
    fn apps_not_there(&self, workflow: &Slug) -> Vec<(usize, &AppSlug)> {
        let mut found = Vec::new();
        let workflow = self.workflows.get(workflow);
        let steps = workflow.map_or(&[][..], |workflow| workflow.steps.as_slice());
        for (place, step) in steps.iter().enumerate() {
            let named = step.kind.revokes().into_iter().flatten();
            let missing = named.filter(|app| !self.apps.contains_key(*app));
            found.extend(missing.map(|app| (place, app)));
        }
        found
    }

    /// Is the application on trial: computed and shown, and nothing done there?
    #[must_use]
    pub fn is_on_trial(&self, app: &AppSlug) -> bool {
        self.apps.get(app).is_some_and(|app| app.dry_run)
    }

    /// Everything that has to be read of a candidacy: what attributes and rules name.
    #[must_use]
    pub fn needs(&self) -> Needs {
        let mut needs = self.mapping.needs();
        let of_document = |path: &&Path| {
            DOCUMENT.contains(&path.as_str().split(['.', '[']).next().unwrap_or_default())
        };
        for rule in self.rules.values() {
            let pilot = rule.pilot.iter().flat_map(|pilot| pilot.when.paths());
            needs
                .paths
                .extend(rule.when.paths().chain(pilot).filter(of_document).cloned());
        }
        needs
    }
}

/// Reads a file; serde's message with the place it was found at.
///
/// # Errors
/// The first mistake in its shape.
pub fn read<T: DeserializeOwned>(file: &Value) -> Result<T, Vec<Mistake>> {
    serde_path_to_error::deserialize(file).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        vec![Mistake::new(path, hint(&error.into_inner().to_string()))]
    })
}

/// Serde's message, with a guess at what was meant where it lists what is known.
fn hint(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message
        .starts_with("unknown ")
        .then(|| quoted.next())
        .flatten();
    let known: Vec<&str> = quoted.collect();
    match unknown.and_then(|word| crate::mistake::nearest(word, known.iter().copied())) {
        Some(meant) => format!("{message} — did you mean `{meant}`?"),
        None => message.to_owned(),
    }
}

fn named<T>(
    parsed: T,
    name: impl Fn(&T) -> &Slug,
    id: &Slug,
    mistakes: impl Fn(&T) -> Vec<Mistake>,
) -> Result<T, Vec<Mistake>> {
    let mut found = mistakes(&parsed);
    if name(&parsed) != id {
        found.push(Mistake::new(
            "",
            format!(
                "the file calls itself `{}`, but is put as `{id}`",
                name(&parsed)
            ),
        ));
    }
    if found.is_empty() {
        Ok(parsed)
    } else {
        Err(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::a_file;

    #[test]
    fn a_workflow_that_takes_what_does_not_exist_is_warned_of() {
        let mut company = Company::empty().unwrap();
        let steps = json!([{ "id": "rest", "type": "revoke" },
            { "id": "last", "type": "revoke", "apps": ["figma", "vpn"] }]);
        let figma = a_file(ConfigKind::App, "figma", json!({ "app": "figma" }));
        company.take(&figma).unwrap();
        let workflow = json!({ "workflow": "leave", "steps": steps });
        let workflow = a_file(ConfigKind::Workflow, "leave", workflow);
        company.take(&workflow).unwrap();

        let warnings: Vec<String> = company
            .dangling(&workflow)
            .iter()
            .map(ToString::to_string)
            .collect();

        assert_eq!(
            warnings,
            ["steps[1].apps: there is no application `vpn` yet"]
        );
    }
}
