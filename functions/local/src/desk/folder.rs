//! A folder of files that describe a company's access: applications, policies, rules, workflows, attributes.

use std::path::{Component, Path, PathBuf};

use sando_core::definition::Source;
use serde_json::{Map, Value, json};

/// The most files.
const MOST_FILES: usize = 1000;
/// How deep folders may lie in each other.
const DEEPEST: usize = 8;
/// The largest file, in bytes.
const LARGEST: u64 = 1 << 20;

/// One file as a change of the API: `{kind, id, file}`.
pub(super) type Change = Value;

/// What a folder holds.
#[derive(Default)]
pub(super) struct Read {
    pub(super) changes: Vec<Change>,
    /// Definitions, which no plan is made of.
    pub(super) definitions: Vec<PathBuf>,
}

/// Reads all files of a folder.
///
/// # Errors
/// All mistakes, each as a line.
pub(super) fn read(folder: &Path) -> Result<Read, Vec<String>> {
    let mut files = Vec::new();
    inside(folder, 0, &mut files).map_err(|mistake| vec![mistake])?;
    if files.is_empty() {
        let line = format!("{}: has no file (*.yaml, *.yml, *.json)", folder.display());
        return Err(vec![line]);
    }
    let (mut read, mut mistakes) = (Read::default(), Vec::new());
    for file in files {
        match one(folder, &file) {
            Ok(Some(change)) => match twice(&read.changes, &change) {
                Some(name) => mistakes.push(format!("{}: {name} is there twice", file.display())),
                None => read.changes.push(change),
            },
            Ok(None) => read.definitions.push(file),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() {
        return Ok(read);
    }
    Err(mistakes)
}

fn twice(known: &[Change], change: &Change) -> Option<String> {
    let name = |change: &Change| {
        let text = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default();
        format!("{} `{}`", text("kind"), text("id"))
    };
    known
        .iter()
        .any(|other| name(other) == name(change))
        .then(|| name(change))
}

fn inside(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: cannot be read: {error}", folder.display());
    if depth > DEEPEST {
        return Err(format!("{}: lies too deep", folder.display()));
    }
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    for path in entries {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or(".");
        let kind = path.extension().and_then(|kind| kind.to_str());
        if name.starts_with('.') || path.is_symlink() {
            continue;
        }
        // Answers that were recorded for definitions are no files of the company.
        if path.is_dir() && name != "recorded" {
            inside(&path, depth.saturating_add(1), files)?;
        } else if path.is_file() && matches!(kind, Some("yaml" | "yml" | "json")) {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            return Err(format!(
                "{}: has more than {MOST_FILES} files",
                folder.display()
            ));
        }
    }
    Ok(())
}

fn text(file: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{}: cannot be read: {error}", file.display());
    if std::fs::metadata(file).map_err(failed)?.len() > LARGEST {
        return Err(format!("{}: is larger than 1 MiB", file.display()));
    }
    std::fs::read_to_string(file).map_err(failed)
}

/// One file; none for a definition.
fn one(folder: &Path, file: &Path) -> Result<Option<Change>, String> {
    let name = file.display().to_string();
    let source = Source::parse(&text(file)?).map_err(|mistake| mistake.in_file(&name))?;
    let Value::Object(mut fields) = source.value().clone() else {
        return Err(format!("{name}: is no object"));
    };
    if fields.contains_key("users") && fields.contains_key("map") {
        return Ok(None);
    }
    // A rule names a workflow, and so comes before it.
    for (kind, key) in [
        ("policy", "policy"),
        ("rule", "rule"),
        ("workflow", "workflow"),
        ("app", "app"),
    ] {
        let id = fields.get(key).and_then(Value::as_str);
        if let Some(id) = id {
            return Ok(Some(json!({ "kind": kind, "id": id, "file": fields })));
        }
    }
    let of_attributes = ["attributes", "aliases", "locations", "required"];
    if !of_attributes.iter().any(|key| fields.contains_key(*key)) {
        return Err(format!(
            "{name}: is neither an `app`, `policy`, `rule` or `workflow` nor has it `attributes`"
        ));
    }
    calendars(folder, file, &mut fields)?;
    Ok(Some(
        json!({ "kind": "attributes", "id": "attributes", "file": fields }),
    ))
}

/// Where a location names a calendar file, its text stands from now on.
fn calendars(folder: &Path, file: &Path, fields: &mut Map<String, Value>) -> Result<(), String> {
    let locations = fields.get_mut("locations").and_then(Value::as_object_mut);
    for (place, location) in locations.into_iter().flatten() {
        let Some(holidays) = location.get_mut("holidays") else {
            continue;
        };
        let named = holidays.as_str().filter(|text| !text.contains('\n'));
        let Some(named) = named.filter(|text| text.ends_with(".ics")) else {
            continue;
        };
        let at = format!("{}: locations.{place}.holidays", file.display());
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(named).components().all(plain) {
            return Err(format!(
                "{at}: `{named}` does not lie in {}",
                folder.display()
            ));
        }
        let beside = file.parent().unwrap_or(folder).join(named);
        if beside.is_symlink() {
            return Err(format!("{at}: `{named}` is a link"));
        }
        *holidays = Value::from(text(&beside).map_err(|error| format!("{at}: {error}"))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_is_read_with_its_calendars() {
        let folder = folder(&[
            (
                "attributes.yaml",
                "locations: { Berlin: { timezone: Europe/Berlin, holidays: de.ics } }",
            ),
            ("de.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR\n"),
            ("apps/figma.yaml", "app: figma\nname: Figma"),
            (
                "rules/hired.yaml",
                "rule: hired\nevent: candidate.hired\nworkflow: onboard",
            ),
            (
                "acme.yaml",
                "app: acme\nusers: { path: /users }\nmap: { external_id: id }",
            ),
            ("recorded/acme.json", "[]"),
            (".hidden.yaml", "nonsense"),
        ]);

        let read = read(folder.path()).unwrap();

        let names: Vec<(&str, &str)> = read
            .changes
            .iter()
            .map(|one| (one["kind"].as_str().unwrap(), one["id"].as_str().unwrap()))
            .collect();
        assert_eq!(
            names,
            [
                ("app", "figma"),
                ("attributes", "attributes"),
                ("rule", "hired")
            ]
        );
        let holidays = &read.changes[1]["file"]["locations"]["Berlin"]["holidays"];
        assert!(holidays.as_str().unwrap().starts_with("BEGIN:VCALENDAR"));
        assert_eq!(read.definitions.len(), 1);
    }

    #[test]
    fn all_mistakes_are_told_together() {
        let folder = folder(&[
            ("a.yaml", "app: figma"),
            ("b.yaml", "app: figma"),
            ("c.yaml", "nothing: known"),
            (
                "d.yaml",
                "locations: { Berlin: { timezone: Europe/Berlin, holidays: ../../secret.ics } }",
            ),
            ("e.yaml", "app: [unclosed"),
        ]);

        let mistakes = read(folder.path()).err().unwrap();

        assert_eq!(mistakes.len(), 4, "{mistakes:?}");
        assert!(
            mistakes[0].contains("app `figma` is there twice"),
            "{mistakes:?}"
        );
        assert!(mistakes[2].contains("does not lie in"), "{mistakes:?}");
    }
}
