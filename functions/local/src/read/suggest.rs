//! `sando suggest`: what a definition could say, as YAML with a reason over every line.

use std::io::{Read, stdin};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use sando_core::definition::{Head, Source, Suggestion, suggest, suggest_from_openapi};
use serde_json::{Value, json};

use super::usage;
use crate::print;

/// The longest document, in bytes.
const LONGEST: u64 = 32 * 1024 * 1024;

/// What `sando suggest` is told.
#[derive(Args)]
pub(crate) struct SuggestFlags {
    /// An answer of the application to the request for its users (JSON; with its headers over it, as `curl -i` writes
    /// them), or its OpenAPI document (JSON or YAML); `-` for standard input
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the proposals; 1 if there are none, 2 if the file is no JSON and no YAML.
pub(crate) fn command(flags: &SuggestFlags) -> anyhow::Result<ExitCode> {
    let name = flags.file.display();
    let text = text_of(&flags.file).with_context(|| format!("{name} cannot be read"))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) >= LONGEST {
        return Ok(usage(&[format!(
            "{name} has 32 MiB or more: cut it down to some users"
        )]));
    }
    let found = match found_in(&text, &name.to_string()) {
        Ok(found) => found,
        Err(wrong) => return Ok(usage(&[wrong])),
    };
    if flags.json {
        print(&json!(found).to_string());
    } else {
        print(&yaml(&found));
    }
    if found.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The proposals; why there can be none if the text is not readable.
fn found_in(text: &str, name: &str) -> Result<Vec<Suggestion>, String> {
    if let Some(head) = Head::of(text) {
        if !(200..300).contains(&head.status) {
            return Err(format!(
                "{name}: the application answered with the status {}: ask again until it answers with users",
                head.status
            ));
        }
        let answer = serde_json::from_str(head.body).map_err(|error| {
            let line = head.lines.saturating_add(error.line());
            format!("{name}:{line}: what stands below the headers is no JSON")
        })?;
        return Ok(suggest(&answer, &head.headers));
    }
    // A large answer is JSON always; what is written by hand may be YAML.
    let document = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(_) => match Source::parse(text) {
            Ok(source) => source.value().clone(),
            Err(mistake) => return Err(mistake.in_file(name)),
        },
    };
    let is_openapi = document.get("paths").is_some_and(Value::is_object);
    Ok(match is_openapi {
        true => suggest_from_openapi(&document),
        false => suggest(&document, &[]),
    })
}

fn text_of(file: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        stdin().take(LONGEST).read_to_string(&mut text)?;
    } else {
        let file = std::fs::File::open(file)?;
        file.take(LONGEST).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// The proposals as a part of a definition. Their values are JSON, which is YAML too.
fn yaml(found: &[Suggestion]) -> String {
    if found.is_empty() {
        return "# nothing found that looks like a list of users".to_owned();
    }
    let mut lines = Vec::new();
    let mut last = "";
    for Suggestion { key, value, reason } in found {
        match key.split_once('.') {
            Some((part, name)) => {
                if part != last {
                    lines.push(format!("{part}:"));
                    last = part;
                }
                lines.push(format!("  # {reason}"));
                lines.push(format!("  {name}: {value}"));
            }
            None => {
                lines.push(format!("# {reason}"));
                lines.push(format!("{key}: {value}"));
            }
        }
    }
    lines.join("\n")
}
