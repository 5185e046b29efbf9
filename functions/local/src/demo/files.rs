//! The files of `examples/`, built in: the company of the demo is the one of the folder.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::desk;

/// The people already here.
pub const PEOPLE: &str = include_str!("../../../../examples/people.csv");

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../../examples/", $name)))),*]
    };
}

/// Every file that `sando apply` takes, and what these name.
const FILES: &[(&str, &str)] = &built_in![
    "apps/figma.yaml",
    "apps/github.yaml",
    "apps/google.yaml",
    "apps/hubspot.yaml",
    "apps/jira.yaml",
    "apps/lattice.yaml",
    "apps/netsuite.yaml",
    "apps/notion.yaml",
    "apps/salesforce.yaml",
    "apps/sentry.yaml",
    "apps/slack.yaml",
    "apps/zoom.yaml",
    "attributes.yaml",
    "holidays/berlin.ics",
    "policies/design.yaml",
    "policies/engineering-managers.yaml",
    "policies/engineering.yaml",
    "policies/everybody.yaml",
    "policies/finance.yaml",
    "policies/people-team.yaml",
    "policies/revenue.yaml",
    "rules/contractors.yaml",
    "rules/hired.yaml",
    "workflows/offboard.yaml",
    "workflows/onboard.yaml",
];

/// Unpacks the files into a folder, and reads them as `sando apply` does: each `{kind, id, file}`.
pub fn unpack(folder: &Path) -> anyhow::Result<Vec<Value>> {
    for (name, text) in FILES {
        let path = folder.join(name);
        let around = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(around).context("the files of the demo cannot be written")?;
        std::fs::write(&path, text).context("the files of the demo cannot be written")?;
    }
    desk::changes_of(folder).map_err(|mistakes| anyhow::anyhow!(mistakes.join("; ")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn inside(folder: &Path, under: &str, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                inside(&path, &format!("{name}/"), found);
            } else if !matches!(name, "README.md" | "people.csv") {
                found.insert(format!("{under}{name}"));
            }
        }
    }

    #[test]
    fn every_file_of_the_folder_is_built_in_and_none_besides() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let mut found = BTreeSet::new();
        inside(&folder, "", &mut found);

        let built_in: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(built_in, found);
    }

    #[test]
    fn two_hundred_people_can_be_imported() {
        assert_eq!(desk::people_of(PEOPLE).unwrap().len(), 200);
    }
}
