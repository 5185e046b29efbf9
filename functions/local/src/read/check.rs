//! `sando check`: files, without a network and without a server. A definition that has recorded answers is run against them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use sando_core::company::Company;
use sando_core::config::ConfigKind;
use sando_core::definition::Definition;
use sando_core::mistake::Mistake;
use serde_json::{Value, json};

use super::progress::Progress;
use super::{recorded, usage};
use crate::desk::folder::{self, File, Wrong};
use crate::{print, say};

/// What `sando check` is told.
#[derive(Args)]
pub(crate) struct CheckFlags {
    /// Definitions, applications, policies, rules, workflows, attributes, or folders of them (YAML or JSON); answers
    /// recorded for the definition `acme.yaml` lie in `recorded/acme.json` beside it
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// One JSON object with everything instead of lines
    #[arg(long)]
    json: bool,
}

/// A definition that is right.
struct Right {
    name: String,
    /// What has to be given to connect an account.
    asks: Vec<String>,
    /// What the recorded answers give, if there are any.
    recorded: Option<String>,
}

/// What came of checking a file.
struct Checked {
    path: PathBuf,
    /// None if it could not be read.
    file: Option<File>,
    outcome: Result<Option<Right>, Vec<Wrong>>,
}

impl Checked {
    /// Is it one of the files of a company? What nobody can read may be a definition.
    fn is_of_company(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.kind.is_some())
    }
}

/// Checks all of them; 2 if one is wrong.
pub(crate) fn command(flags: &CheckFlags) -> anyhow::Result<ExitCode> {
    let company = Company::empty();
    let mut company = company.map_err(|_| anyhow::anyhow!("the built-in files are wrong"))?;
    let files = match all(&flags.files) {
        Ok(files) => files,
        Err(error) => return Ok(usage(&[error])),
    };
    let progress = Progress::over(files.len(), flags.json);
    let mut names = BTreeSet::new();
    let mut all = Vec::new();
    for (folder, path) in files {
        let checked = one(&folder, path, &mut company, &mut names);
        if !flags.json {
            progress.aside(|| tell(&checked));
        }
        all.push(checked);
        progress.done_one();
    }
    progress.end();
    // One file alone names much that stands in others.
    let is_whole = flags.files.iter().any(|path| path.is_dir());
    let wrong = all.iter().filter(|one| one.outcome.is_err()).count();
    if flags.json {
        print(&object(&all, wrong, is_whole.then_some(&company)).to_string());
    } else {
        if is_whole {
            let dangling = all.iter().flat_map(|one| dangling(one, &company));
            dangling.for_each(|one| say(&one.line));
        }
        if wrong > 0 {
            say(&format!("{wrong} of {} files are wrong", all.len()));
        }
    }
    Ok(match wrong {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    })
}

fn dangling(checked: &Checked, company: &Company) -> Vec<Wrong> {
    let file = checked.file.as_ref();
    file.map_or_else(Vec::new, |file| file.dangling(company))
}

fn tell(checked: &Checked) {
    let path = checked.path.display();
    match &checked.outcome {
        Ok(Some(right)) => print(&format!("{path}: {}", describe(right))),
        Ok(None) => {
            let name = checked.file.as_ref().map(File::name);
            print(&format!("{path}: {} is right", name.unwrap_or_default()));
        }
        Err(mistakes) => mistakes.iter().for_each(|mistake| say(&mistake.line)),
    }
}

/// Everything for programs; what is named and missing only with the company that it is missing in.
fn object(all: &[Checked], wrong: usize, company: Option<&Company>) -> Value {
    let (of_company, definitions): (Vec<&Checked>, Vec<&Checked>) =
        all.iter().partition(|one| one.is_of_company());
    let objects = |list: Vec<&Checked>| -> Vec<Value> {
        let one = |checked: &Checked| object_of(checked, company);
        list.into_iter().map(one).collect()
    };
    json!({
        "checked": all.len(), "wrong": wrong,
        "definitions": objects(definitions), "files": objects(of_company),
    })
}

fn object_of(checked: &Checked, company: Option<&Company>) -> Value {
    let path = checked.path.display().to_string();
    let objects = |list: &[Wrong]| -> Vec<Value> {
        let objects = list.iter().map(|one| one.object.clone());
        objects.collect()
    };
    match &checked.outcome {
        Ok(Some(right)) => json!({
            "file": path, "ok": true, "name": right.name, "asks": right.asks,
            "recorded": right.recorded, "errors": [],
        }),
        Ok(None) => {
            let kind = checked.file.as_ref().and_then(|file| file.kind);
            let warnings = company.map(|company| dangling(checked, company));
            json!({
                "file": path, "ok": true, "kind": kind.map(ConfigKind::as_str),
                "id": checked.file.as_ref().map(|file| &file.id),
                "warnings": objects(&warnings.unwrap_or_default()), "errors": [],
            })
        }
        Err(mistakes) => json!({ "file": path, "ok": false, "errors": objects(mistakes) }),
    }
}

/// Checks one; what is right is in the company from then on.
fn one(
    folder: &Path,
    path: PathBuf,
    company: &mut Company,
    names: &mut BTreeSet<String>,
) -> Checked {
    let file = match File::read(folder, &path) {
        Ok(file) => file,
        Err(wrong) => {
            return Checked {
                path,
                file: None,
                outcome: Err(wrong),
            };
        }
    };
    let outcome = match file.kind {
        None => definition(&file).map(Some),
        Some(_) => {
            let mut mistakes = file.mistakes(company);
            if !names.insert(file.name()) {
                mistakes.push(Mistake::new("", format!("{} is there twice", file.name())));
            }
            match mistakes.is_empty() {
                true => Ok(None),
                false => Err(file.placed(mistakes)),
            }
        }
    };
    Checked {
        path,
        file: Some(file),
        outcome,
    }
}

/// Checks a definition; tells what it is, or all that is wrong with it.
fn definition(file: &File) -> Result<Right, Vec<Wrong>> {
    let definition = Definition::compile(&file.value).map_err(|mistakes| file.placed(mistakes))?;
    let mut right = Right {
        name: definition.name().to_owned(),
        asks: asks(&definition),
        recorded: None,
    };
    if let Some(answers) = recorded_for(&file.path) {
        let run = recorded::run(definition, &answers);
        right.recorded = Some(run.map_err(|mistakes| {
            let name = answers.display();
            let lines = mistakes.iter().map(|mistake| format!("{name}: {mistake}"));
            lines.map(Wrong::plain).collect::<Vec<_>>()
        })?);
    }
    Ok(right)
}

fn asks(definition: &Definition) -> Vec<String> {
    let asked = definition.auth().asked().into_iter();
    let mut asks: Vec<String> = asked
        .filter(|asked| !asked.optional)
        .map(|asked| asked.name)
        .collect();
    let variables = definition.variables().iter();
    asks.extend(variables.map(|(name, _)| name.to_owned()));
    asks
}

fn describe(right: &Right) -> String {
    let asks = if right.asks.is_empty() {
        "asks for nothing".to_owned()
    } else {
        format!("asks for {}", right.asks.join(", "))
    };
    let told = format!("{} is right, {asks}", right.name);
    match &right.recorded {
        Some(run) => format!("{told}; {run}"),
        None => told,
    }
}

fn recorded_for(file: &Path) -> Option<PathBuf> {
    let stem = file.file_stem()?.to_str()?;
    let answers = file.parent()?.join("recorded").join(format!("{stem}.json"));
    answers.exists().then_some(answers)
}

/// The files that are meant, each with the folder that it is read from: those named, and all in folders named, in order.
fn all(named: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>, String> {
    let mut files = Vec::new();
    for path in named {
        if path.is_dir() {
            let inside = folder::paths(path)?.into_iter();
            files.extend(inside.map(|file| (path.clone(), file)));
        } else {
            let around = path.parent().unwrap_or(Path::new("."));
            files.push((around.to_owned(), path.clone()));
        }
    }
    Ok(files)
}
