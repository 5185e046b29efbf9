//! A folder of files that describe a company's access: definitions, applications, policies, rules, workflows, attributes.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use sando_core::company::Company;
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::definition::{Definition, FileMistake, Source};
use sando_core::ids::Slug;
use sando_core::mistake::{Mistake, nearest};
use sando_core::schema;
use serde_json::{Map, Value, json};

/// The most files.
const MOST_FILES: usize = 1000;
/// How deep folders may lie in each other.
const DEEPEST: usize = 8;
/// The largest file, in bytes.
const LARGEST: u64 = 1 << 20;
/// The keys that tell what a file is. A rule names a workflow, and so comes before it.
const KINDS: &[ConfigKind] = &[
    ConfigKind::Policy,
    ConfigKind::Rule,
    ConfigKind::Workflow,
    ConfigKind::App,
];
/// The keys of the file of attributes.
const OF_ATTRIBUTES: &[&str] = &["attributes", "aliases", "locations", "required"];

/// What the API adds to the files that it answers, and leaves out of those that it is given.
const ADDED: &[&str] = &["warnings", "credentials", "built_in"];

/// One file.
pub(crate) struct File {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Of which kind; none: a definition.
    pub(crate) kind: Option<ConfigKind>,
    /// What it calls itself.
    pub(crate) id: String,
    /// What it says; the calendars that it names stand in it.
    pub(crate) value: Value,
    source: Source,
}

/// One thing that is wrong: for people, and for programs.
pub(crate) struct Wrong {
    pub(crate) line: String,
    pub(crate) object: Value,
}

impl Wrong {
    /// A mistake without a place in a file.
    pub(crate) fn plain(line: String) -> Self {
        Self {
            object: json!({ "message": line }),
            line,
        }
    }

    fn placed(file: &Path, mistake: &FileMistake) -> Self {
        Self {
            line: mistake.in_file(&file.display().to_string()),
            object: json!({
                "line": mistake.place.line, "column": mistake.place.column,
                "path": mistake.mistake.path, "message": mistake.mistake.message,
            }),
        }
    }
}

/// Reads all files of a folder.
///
/// # Errors
/// All that is wrong with any of them.
pub(crate) fn read(folder: &Path) -> Result<Vec<File>, Vec<Wrong>> {
    let plain = |line| vec![Wrong::plain(line)];
    let mut company =
        Company::empty().map_err(|_| plain("the built-in files are wrong".to_owned()))?;
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    let mut names = BTreeSet::new();
    for path in paths(folder).map_err(plain)? {
        let file = match File::read(folder, &path) {
            Ok(file) => file,
            Err(more) => {
                wrong.extend(more);
                continue;
            }
        };
        let mut mistakes = file.mistakes(&mut company);
        if !names.insert(file.name()) {
            mistakes.push(Mistake::new(
                file.key(),
                format!("{} is there twice", file.name()),
            ));
        }
        wrong.extend(file.placed(mistakes));
        files.push(file);
    }
    if wrong.is_empty() {
        return Ok(files);
    }
    Err(wrong)
}

/// The files of a folder, in order.
///
/// # Errors
/// If there is none, or they cannot be listed.
pub(crate) fn paths(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    inside(folder, 0, &mut files)?;
    if files.is_empty() {
        return Err(format!(
            "{}: has no file (*.yaml, *.yml, *.json)",
            folder.display()
        ));
    }
    Ok(files)
}

impl File {
    /// Reads a file; calendars that it names must lie in the folder.
    ///
    /// # Errors
    /// What it cannot be read for; what it says is checked by [`File::mistakes`].
    pub(crate) fn read(folder: &Path, path: &Path) -> Result<Self, Vec<Wrong>> {
        let plain = |line| vec![Wrong::plain(line)];
        let source = Source::parse(&text(path).map_err(plain)?)
            .map_err(|mistake| vec![Wrong::placed(path, &mistake)])?;
        let mut file = Self {
            path: path.to_owned(),
            kind: None,
            id: String::new(),
            value: source.value().clone(),
            source,
        };
        let Value::Object(fields) = &mut file.value else {
            return Err(file.placed(vec![Mistake::new("", "is no object")]));
        };
        for key in ADDED {
            fields.remove(*key);
        }
        file.kind = match kind(fields) {
            Ok(kind) => kind,
            Err(mistake) => return Err(file.placed(vec![mistake])),
        };
        if file.kind == Some(ConfigKind::Attributes) {
            let mistakes = calendars(folder, path, fields);
            file.id = "attributes".to_owned();
            if !mistakes.is_empty() {
                return Err(file.placed(mistakes));
            }
        }
        let named = file.value.get(file.key()).and_then(Value::as_str);
        if let Some(named) = named {
            file.id = named.to_owned();
        }
        Ok(file)
    }

    /// The key that names it.
    fn key(&self) -> &'static str {
        self.kind.map_or("definition", ConfigKind::as_str)
    }

    /// What it is and what it calls itself.
    pub(crate) fn name(&self) -> String {
        match self.kind {
            Some(ConfigKind::Attributes) => "the file of attributes".to_owned(),
            _ => format!("{} `{}`", self.key(), self.id),
        }
    }

    /// All that is wrong with what it says, and can be told without the others; if nothing is, the company has it.
    pub(crate) fn mistakes(&self, company: &mut Company) -> Vec<Mistake> {
        let Some(kind) = self.kind else {
            return Definition::compile(&self.value).err().unwrap_or_default();
        };
        let mistakes = schema::mistakes(kind, &self.value);
        if !mistakes.is_empty() {
            return mistakes;
        }
        match self.item(kind) {
            Ok(item) => company.take(&item).err().unwrap_or_default(),
            Err(mistake) => vec![mistake],
        }
    }

    fn item(&self, kind: ConfigKind) -> Result<ConfigItem, Mistake> {
        let id = Slug::parse(self.id.as_str());
        Ok(ConfigItem {
            kind,
            id: id.map_err(|error| Mistake::new(self.key(), error.to_string()))?,
            file: self.value.clone(),
            changed_at: Timestamp::UNIX_EPOCH,
        })
    }

    /// What it names and the company does not have yet.
    pub(crate) fn dangling(&self, company: &Company) -> Vec<Wrong> {
        let item = self.kind.and_then(|kind| self.item(kind).ok());
        self.placed(item.map_or_else(Vec::new, |item| company.dangling(&item)))
    }

    /// Mistakes with their places in the file.
    pub(crate) fn placed(&self, mistakes: Vec<Mistake>) -> Vec<Wrong> {
        let located = self.source.locate(mistakes);
        let placed = located.iter().map(|one| Wrong::placed(&self.path, one));
        placed.collect()
    }

    /// The file as a change of the API; none of a definition.
    pub(crate) fn change(&self) -> Option<Value> {
        let kind = self.kind?;
        Some(json!({ "kind": kind.as_str(), "id": self.id, "file": self.value }))
    }
}

/// What a file is by its keys; none: a definition.
fn kind(fields: &Map<String, Value>) -> Result<Option<ConfigKind>, Mistake> {
    if fields.contains_key("definition") || fields.contains_key("users") {
        return Ok(None);
    }
    let named = KINDS
        .iter()
        .copied()
        .find(|kind| fields.contains_key(kind.as_str()));
    if named.is_some() {
        return Ok(named);
    }
    if OF_ATTRIBUTES.iter().any(|key| fields.contains_key(*key)) {
        return Ok(Some(ConfigKind::Attributes));
    }
    let known = || {
        let kinds = KINDS.iter().map(|kind| kind.as_str());
        kinds
            .chain(["definition"])
            .chain(OF_ATTRIBUTES.iter().copied())
    };
    let meant = fields
        .keys()
        .find_map(|key| Some((key, nearest(key, known())?)));
    Err(match meant {
        Some((key, meant)) => {
            let message = format!("unknown key `{key}`, did you mean `{meant}`?");
            Mistake::new(key, message)
        }
        None => Mistake::new(
            "",
            "is neither a `definition`, `app`, `policy`, `rule` or `workflow` nor has it `attributes`",
        ),
    })
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

/// Where a location names a calendar file, its text stands from now on.
fn calendars(folder: &Path, file: &Path, fields: &mut Map<String, Value>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let locations = fields.get_mut("locations").and_then(Value::as_object_mut);
    for (place, location) in locations.into_iter().flatten() {
        let Some(holidays) = location.get_mut("holidays") else {
            continue;
        };
        let named = holidays.as_str().filter(|text| !text.contains('\n'));
        let Some(named) = named.filter(|text| text.ends_with(".ics")) else {
            continue;
        };
        match calendar(folder, file, named) {
            Ok(text) => *holidays = Value::from(text),
            Err(message) => {
                mistakes.push(Mistake::new(format!("locations.{place}.holidays"), message));
            }
        }
    }
    mistakes
}

fn calendar(folder: &Path, file: &Path, named: &str) -> Result<String, String> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(named).components().all(plain) {
        return Err(format!("`{named}` does not lie in {}", folder.display()));
    }
    let beside = file.parent().unwrap_or(folder).join(named);
    if beside.is_symlink() {
        return Err(format!("`{named}` is a link"));
    }
    text(&beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(wrong: &[Wrong]) -> Vec<&str> {
        wrong.iter().map(|one| one.line.as_str()).collect()
    }

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
                "definition: acme\napp: acme\nbase_url: https://api.acme.example\nauth: { type: bearer }\nusers: { path: /users }\nmap: { external_id: id, email: mail }",
            ),
            ("recorded/acme.json", "[]"),
            (".hidden.yaml", "nonsense"),
        ]);

        let read = read(folder.path());
        let read = read.unwrap_or_else(|wrong| panic!("{:?}", lines(&wrong)));

        let names: Vec<(Option<ConfigKind>, &str)> = read
            .iter()
            .map(|file| (file.kind, file.id.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                (None, "acme"),
                (Some(ConfigKind::App), "figma"),
                (Some(ConfigKind::Attributes), "attributes"),
                (Some(ConfigKind::Rule), "hired"),
            ]
        );
        let holidays = &read[2].value["locations"]["Berlin"]["holidays"];
        assert!(holidays.as_str().unwrap().starts_with("BEGIN:VCALENDAR"));
        assert!(read[0].change().is_none());
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
            (
                "f.yaml",
                "policy: makers\ngrants:\n  - { ap: figma }\n  - { app: zoom, groups: makers }\n",
            ),
            ("g.yaml", "polcy: makers\ngrants: []\n"),
        ]);

        let mistakes = read(folder.path()).err().unwrap();

        let lines = lines(&mistakes);
        let base = folder.path().display();
        let expected = [
            ("b.yaml:1:1: ", "app `figma` is there twice"),
            ("c.yaml:", "is neither a `definition`"),
            (
                "d.yaml:1:",
                "locations.Berlin.holidays: `../../secret.ics` does not lie in",
            ),
            ("e.yaml:", ""),
            ("f.yaml:3:", "grants[0].app: is missing"),
            (
                "f.yaml:3:7: ",
                "grants[0].ap: unknown key `ap`, did you mean `app`?",
            ),
            ("f.yaml:4:18: ", "grants[1].groups: must be a list"),
            (
                "g.yaml:1:1: ",
                "polcy: unknown key `polcy`, did you mean `policy`?",
            ),
        ];
        assert_eq!(lines.len(), expected.len(), "{lines:#?}");
        for (begins, says) in expected {
            let begins = format!("{base}/{begins}");
            let is_it = |line: &&str| line.starts_with(&begins) && line.contains(says);
            assert!(lines.iter().any(is_it), "{begins} {says}: {lines:#?}");
        }
    }
}
