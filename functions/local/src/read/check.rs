//! `sando check`: definitions, without a network. A definition that has recorded answers is run against them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use sando_core::definition::Definition;

use super::{inputs, recorded, usage};
use crate::{print, say};

/// What `sando check` is told.
#[derive(Args)]
pub(crate) struct CheckFlags {
    /// Definitions, or folders of them (YAML or JSON); answers recorded for `acme.yaml` lie in `recorded/acme.json` beside it
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Checks all of them; 2 if one is wrong.
pub(crate) fn command(flags: &CheckFlags) -> anyhow::Result<ExitCode> {
    let files = match all(&flags.files) {
        Ok(files) => files,
        Err(error) => return Ok(usage(&[error])),
    };
    let mut wrong = 0;
    for file in &files {
        match one(file) {
            Ok(told) => print(&format!("{}: {told}", file.display())),
            Err(mistakes) => {
                wrong += 1;
                mistakes.iter().for_each(|mistake| say(mistake));
            }
        }
    }
    if wrong > 0 {
        say(&format!("{wrong} of {} definitions are wrong", files.len()));
        return Ok(ExitCode::from(2));
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks one; tells what it is, or all that is wrong with it.
fn one(file: &Path) -> Result<String, Vec<String>> {
    let definition = inputs::definition(file)?;
    let mut told = describe(&definition);
    if let Some(answers) = recorded_for(file) {
        let run = recorded::run(definition, &answers);
        let run = run.map_err(|mistakes| {
            let name = answers.display();
            let lines = mistakes.iter().map(|mistake| format!("{name}: {mistake}"));
            lines.collect::<Vec<_>>()
        })?;
        told = format!("{told}; {run}");
    }
    Ok(told)
}

fn describe(definition: &Definition) -> String {
    let asked = definition.auth().asked().into_iter();
    let mut asks: Vec<String> = asked
        .filter(|asked| !asked.optional)
        .map(|asked| asked.name)
        .collect();
    let variables = definition.variables().iter();
    asks.extend(variables.map(|(name, _)| name.to_owned()));
    let asks = if asks.is_empty() {
        "asks for nothing".to_owned()
    } else {
        format!("asks for {}", asks.join(", "))
    };
    format!("{} is right, {asks}", definition.name())
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
