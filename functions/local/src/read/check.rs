//! `sando check`: definitions, without a network. A definition that has recorded answers is run against them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use sando_core::definition::{Definition, FileMistake};
use serde_json::{Value, json};

use super::progress::Progress;
use super::{inputs, recorded, usage};
use crate::{print, say};

/// What `sando check` is told.
#[derive(Args)]
pub(crate) struct CheckFlags {
    /// Definitions, or folders of them (YAML or JSON); answers recorded for `acme.yaml` lie in `recorded/acme.json` beside it
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

/// One thing that is wrong: for people, and for programs.
struct Wrong {
    line: String,
    object: Value,
}

/// Checks all of them; 2 if one is wrong.
pub(crate) fn command(flags: &CheckFlags) -> anyhow::Result<ExitCode> {
    let files = match all(&flags.files) {
        Ok(files) => files,
        Err(error) => return Ok(usage(&[error])),
    };
    let progress = Progress::over(files.len(), flags.json);
    let mut wrong = 0;
    let mut objects = Vec::new();
    for file in &files {
        let checked = one(file);
        wrong += usize::from(checked.is_err());
        if flags.json {
            objects.push(object(file, &checked));
        } else {
            progress.aside(|| tell(file, &checked));
        }
        progress.done_one();
    }
    progress.end();
    if flags.json {
        let all = json!({ "checked": files.len(), "wrong": wrong, "definitions": objects });
        print(&all.to_string());
    } else if wrong > 0 {
        say(&format!("{wrong} of {} definitions are wrong", files.len()));
    }
    Ok(match wrong {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    })
}

fn tell(file: &Path, checked: &Result<Right, Vec<Wrong>>) {
    match checked {
        Ok(right) => print(&format!("{}: {}", file.display(), describe(right))),
        Err(mistakes) => mistakes.iter().for_each(|mistake| say(&mistake.line)),
    }
}

fn object(file: &Path, checked: &Result<Right, Vec<Wrong>>) -> Value {
    let file = file.display().to_string();
    match checked {
        Ok(right) => json!({
            "file": file, "ok": true, "name": right.name, "asks": right.asks,
            "recorded": right.recorded, "errors": [],
        }),
        Err(mistakes) => {
            let errors: Vec<&Value> = mistakes.iter().map(|mistake| &mistake.object).collect();
            json!({ "file": file, "ok": false, "errors": errors })
        }
    }
}

/// Checks one; tells what it is, or all that is wrong with it.
fn one(file: &Path) -> Result<Right, Vec<Wrong>> {
    let text = inputs::text(file).map_err(|error| vec![plain(error)])?;
    let definition = Definition::parse(&text).map_err(|mistakes| {
        let placed = mistakes.iter().map(|mistake| placed(file, mistake));
        placed.collect::<Vec<_>>()
    })?;
    let mut right = Right {
        name: definition.name().to_owned(),
        asks: asks(&definition),
        recorded: None,
    };
    if let Some(answers) = recorded_for(file) {
        let run = recorded::run(definition, &answers);
        right.recorded = Some(run.map_err(|mistakes| {
            let name = answers.display();
            let lines = mistakes.iter().map(|mistake| format!("{name}: {mistake}"));
            lines.map(plain).collect::<Vec<_>>()
        })?);
    }
    Ok(right)
}

/// A mistake without a place in the definition.
fn plain(line: String) -> Wrong {
    Wrong {
        object: json!({ "message": line }),
        line,
    }
}

fn placed(file: &Path, mistake: &FileMistake) -> Wrong {
    Wrong {
        line: mistake.in_file(&file.display().to_string()),
        object: json!({
            "line": mistake.place.line, "column": mistake.place.column,
            "path": mistake.mistake.path, "message": mistake.mistake.message,
        }),
    }
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

/// The files that are meant: those named, and all definitions in folders named, in order.
fn all(named: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |error: std::io::Error| format!("{}: cannot be read: {error}", path.display());
        let mut inside: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            let kind = file.extension().and_then(|kind| kind.to_str());
            if file.is_file() && matches!(kind, Some("yaml" | "yml" | "json")) {
                inside.push(file);
            }
        }
        if inside.is_empty() {
            return Err(format!(
                "{}: has no definition (*.yaml, *.yml, *.json)",
                path.display()
            ));
        }
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}
