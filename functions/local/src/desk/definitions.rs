//! Definitions that stand in a folder of files: which of them are new or differ, and putting those.

use std::process::ExitCode;

use sando_infra::http::Method;
use serde_json::{Value, json};

use super::Desk;
use super::folder::File;
use crate::{print, say};

/// A definition that is not stored as its file has it.
pub(super) struct Differing {
    id: String,
    is_new: bool,
}

impl Differing {
    /// For people.
    pub(super) fn line(&self) -> String {
        let Self { id, is_new } = self;
        let what = if *is_new { "is new" } else { "changes" };
        format!("definition {id} {what}: it gives nobody access")
    }

    /// For programs.
    pub(super) fn object(&self) -> Value {
        json!({ "definition": self.id, "is_new": self.is_new })
    }
}

/// The definitions among the files that are not stored, or differently.
///
/// # Errors
/// If Sando cannot be asked.
pub(super) async fn differing(desk: &Desk, files: &[File]) -> anyhow::Result<Vec<Differing>> {
    let mut differing = Vec::new();
    for file in files.iter().filter(|file| file.kind.is_none()) {
        let stored = desk.client.read(&path(&file.id)).await?;
        let is_new = stored.status == 404;
        if is_new || stored.done()? != file.value {
            let id = file.id.clone();
            differing.push(Differing { id, is_new });
        }
    }
    Ok(differing)
}

/// Puts them, each as a new version. 2: one was refused.
///
/// # Errors
/// If Sando cannot be asked.
pub(super) async fn put(
    desk: &Desk,
    files: &[File],
    differing: &[Differing],
) -> anyhow::Result<ExitCode> {
    let is_definition = |file: &&File| file.kind.is_none();
    for file in files.iter().filter(is_definition) {
        if !differing.iter().any(|one| one.id == file.id) {
            continue;
        }
        let path = path(&file.id);
        let answered = desk.client.send(Method::PUT, &path, &file.value).await?;
        if !answered.is_success() {
            let wrong = file.placed(answered.mistakes());
            wrong.iter().for_each(|one| say(&one.line));
            if wrong.is_empty() {
                let lines = answered.problem();
                lines.iter().for_each(|line| say(&format!("sando: {line}")));
            }
            return Ok(ExitCode::from(2));
        }
        print(&format!("definition {} is put", file.id));
    }
    Ok(ExitCode::SUCCESS)
}

fn path(id: &str) -> String {
    format!("/v1/definitions/{id}")
}
