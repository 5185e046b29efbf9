//! The document that is never out of date (L29): what is configured, in plain words, made from the configuration itself:
//! who gets what and why, what starts what, where approvals wait and for whom, which field feeds what, who owns what.
//!
//! Pure, and the same for the same configuration.

mod fields;
mod lives;
mod words;

use std::fmt::Write;

use crate::app::{Application, OnRevoke, Provision, Sensitivity};
use crate::catalog::DefinitionItem;
use crate::company::Company;
use crate::policy::{Policy, PolicyGrant};

/// A part of the document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// What it is about.
    pub title: &'static str,
    /// What is configured.
    pub entries: Vec<Entry>,
}

/// One thing that is configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What it is called.
    pub title: String,
    /// What there is to say about it: plain text, a sentence a line.
    pub lines: Vec<String>,
}

impl Entry {
    fn new(title: impl Into<String>, lines: Vec<String>) -> Self {
        Self {
            title: title.into(),
            lines,
        }
    }
}

/// The whole document, in the order in which it is read.
#[must_use]
pub fn sections(company: &Company, definitions: &[DefinitionItem]) -> Vec<Section> {
    let section = |title, entries| Section { title, entries };
    let all = vec![
        section("Who gets what", policies(company)),
        section("Applications", applications(company)),
        section("What starts what", lives::rules(company)),
        section("Workflows", lives::workflows(company)),
        section("What is known of people", lives::attributes(company)),
        section(
            "Which fields are mapped how",
            fields::all(company, definitions),
        ),
        section("Where people work", lives::locations(company)),
        section("Who is who", lives::roles(company)),
        section("Brakes", lives::brakes(company)),
    ];
    let has_entries = |section: &Section| !section.entries.is_empty();
    all.into_iter().filter(has_entries).collect()
}

/// The document as Markdown.
#[must_use]
pub fn markdown(company: &Company, definitions: &[DefinitionItem]) -> String {
    let mut text = "# What is configured\n\nMade from the configuration as it is.\n".to_owned();
    for section in sections(company, definitions) {
        let _ = write!(text, "\n## {}\n", section.title);
        for entry in section.entries {
            let _ = write!(text, "\n### {}\n\n", escaped(&entry.title));
            for line in entry.lines {
                let _ = writeln!(text, "- {}", escaped(&line));
            }
        }
    }
    text
}

/// What users wrote is text, not markup, and one line.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '&' => {
                safe.push('\\');
                safe.push(c);
            }
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

fn label<'a>(company: &'a Company, grant: &'a PolicyGrant) -> &'a str {
    let app = company.apps.get(&grant.app);
    app.map_or(grant.app.as_str(), Application::label)
}

/// Whom a grant of a policy is for.
fn whom(policy: &Policy, grant: Option<&PolicyGrant>) -> String {
    let of_policy = words::conditions(&policy.when);
    let of_grant = grant.and_then(|grant| words::conditions(&grant.when));
    let all: Vec<String> = of_policy.into_iter().chain(of_grant).collect();
    if all.is_empty() {
        return "everybody".to_owned();
    }
    format!("those whose {}", all.join(" and "))
}

fn policies(company: &Company) -> Vec<Entry> {
    let one = |policy: &Policy| {
        let mut lines = vec![format!("For {}.", whom(policy, None))];
        for grant in &policy.grants {
            let mut line = label(company, grant).to_owned();
            let what = words::entitlement(grant);
            if !what.is_empty() {
                let _ = write!(line, " with {what}");
            }
            let _ = write!(line, ", {}", words::delivery(&grant.deliver));
            if let Some(when) = words::conditions(&grant.when) {
                let _ = write!(line, ", if {when}");
            }
            match approval(company, grant) {
                Some(approval) => {
                    let _ = write!(line, "; {approval}.");
                }
                None => line.push('.'),
            }
            lines.push(line);
        }
        Entry::new(policy.policy.as_str(), lines)
    };
    company.policies.values().map(one).collect()
}

/// Who has to say yes to a grant: whom the policy names, or whoever owns a sensitive application.
fn approval(company: &Company, grant: &PolicyGrant) -> Option<String> {
    if let Some(rule) = &grant.approval {
        return Some(words::approval(rule));
    }
    let app = company.apps.get(&grant.app)?;
    let owner = app.owner.as_deref().unwrap_or("role:admin");
    (app.sensitivity == Sensitivity::High)
        .then(|| format!("only after a yes of {owner}, unless another policy says who gave it"))
}

fn applications(company: &Company) -> Vec<Entry> {
    let all = company.apps.values();
    all.map(|app| Entry::new(app.label(), application(company, app)))
        .collect()
}

fn application(company: &Company, app: &Application) -> Vec<String> {
    let mut lines = vec![match &app.owner {
        Some(owner) => format!("Owned by {owner}, who gets its tasks."),
        None => "Owned by nobody: its tasks reach no one.".to_owned(),
    }];
    if app.dry_run {
        lines.push("On trial: everything is computed and shown, nothing is done there.".to_owned());
    }
    match app.sensitivity {
        Sensitivity::High => lines.push("Sensitive: access needs an approval.".to_owned()),
        Sensitivity::Normal => {}
        Sensitivity::Low => lines.push("Nothing to lose there.".to_owned()),
    }
    lines.extend(given(app));
    let plans = app.plans.iter().map(words::plan);
    lines.extend(plans.map(|plan| format!("Plan {plan}.")));
    if let Some(read) = &app.read {
        lines.push(format!(
            "Who has it is read from the account {} of the definition {}.",
            read.account, read.definition
        ));
    }
    lines.extend(receivers(company, app));
    lines
}

/// How access is given and taken away.
fn given(app: &Application) -> Vec<String> {
    let (how, on_revoke) = match &app.provisioner {
        Provision::Manual(_) => {
            return vec!["Given and taken away by its owner, as a task.".to_owned()];
        }
        Provision::Scim(scim) => ("over SCIM 2.0".to_owned(), scim.on_revoke),
        Provision::Http(http) => {
            let actions: Vec<&str> = http.actions.named().map(|(name, _)| name).collect();
            let how = format!(
                "over its own API ({}); what is missing there is a task for its owner",
                actions.join(", ")
            );
            (how, http.on_revoke)
        }
    };
    let away = match on_revoke {
        OnRevoke::Suspend => "Taken away means suspended, which can be undone.",
        OnRevoke::Remove => "Taken away means removed, for good.",
    };
    vec![format!("Given {how}."), away.to_owned()]
}

/// Who gets it, by which policy.
fn receivers(company: &Company, app: &Application) -> Vec<String> {
    let of = |policy: &Policy| {
        let grants = policy.grants.iter().filter(|grant| grant.app == app.app);
        let line = |grant| {
            let whom = whom(policy, Some(grant));
            format!("For {whom}, by the policy {}.", policy.policy)
        };
        grants.map(line).collect::<Vec<String>>()
    };
    let lines: Vec<String> = company.policies.values().flat_map(of).collect();
    if lines.is_empty() {
        return vec!["No policy gives it.".to_owned()];
    }
    lines
}

#[cfg(test)]
mod tests;
