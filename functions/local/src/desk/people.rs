//! `sando people import`: the people already here, from a CSV file (L30). They are baselined: nothing is given or taken
//! before an administrator applies it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use sando_core::admin::import::{Entry, people as read};
use sando_infra::http::Method;
use serde_json::{Map, Value, json};
use url::Url;

use super::{Desk, Where};
use crate::{print, say};

/// The largest file, in bytes.
const LARGEST: u64 = 64 << 20;

/// Flags of `sando people import`.
#[derive(Args)]
pub(crate) struct ImportFlags {
    /// A CSV file: `key`, `start_date`, `end_date` (days as 2027-01-31); every other column is an attribute
    file: PathBuf,
    #[command(flatten)]
    at: Where,
    /// Only check the file
    #[arg(long)]
    check: bool,
}

/// One person of the file.
pub(super) struct Given {
    line: usize,
    pub(super) key: String,
    pub(super) body: Value,
}

/// Puts everybody in the file. 0: all were put; 1: some were not; 2: the file has mistakes, and nobody was put.
///
/// # Errors
/// If the file cannot be read, or Sando cannot be asked.
pub(crate) async fn import(flags: &ImportFlags) -> anyhow::Result<ExitCode> {
    let name = flags.file.display();
    let size = std::fs::metadata(&flags.file).with_context(|| format!("{name} cannot be read"))?;
    anyhow::ensure!(size.len() <= LARGEST, "{name} is larger than 64 MiB");
    let text =
        std::fs::read_to_string(&flags.file).with_context(|| format!("{name} cannot be read"))?;
    let people = match people(&text) {
        Ok(people) => people,
        Err(mistakes) => {
            mistakes
                .iter()
                .for_each(|line| say(&format!("{name}: {line}")));
            return Ok(ExitCode::from(2));
        }
    };
    if flags.check {
        print(&format!("{} people can be imported", people.len()));
        return Ok(ExitCode::SUCCESS);
    }
    let desk = flags.at.open().await?;
    let (mut new, mut known, mut failed) = (0, 0, 0);
    for given in &people {
        match put(&desk, given).await? {
            Ok(201) => new += 1,
            Ok(_) => known += 1,
            Err(lines) => {
                failed += 1;
                for line in lines {
                    say(&format!("{name}: line {}: {line}", given.line));
                }
            }
        }
    }
    print(&format!("{new} new, {known} known, {failed} not put"));
    Ok(if failed > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn put(desk: &Desk, given: &Given) -> anyhow::Result<Result<u16, Vec<String>>> {
    let mut path = Url::parse("http://sando/v1/people")?;
    if let Ok(mut segments) = path.path_segments_mut() {
        segments.push(&given.key);
    }
    let answered = desk
        .client
        .send(Method::PUT, path.path(), &given.body)
        .await?;
    Ok(if answered.is_success() {
        Ok(answered.status)
    } else {
        Err(answered.problem())
    })
}

/// Everybody in the file.
pub(super) fn people(text: &str) -> Result<Vec<Given>, Vec<String>> {
    match read(text) {
        Ok(people) => Ok(people.into_iter().map(Given::from).collect()),
        Err(mistakes) => Err(mistakes.iter().map(ToString::to_string).collect()),
    }
}

impl From<Entry> for Given {
    fn from(entry: Entry) -> Self {
        let mut body = Map::new();
        if let Some(day) = entry.given.start_date {
            body.insert("start_date".to_owned(), json!(day));
        }
        if let Some(day) = entry.given.end_date {
            body.insert("end_date".to_owned(), json!(day));
        }
        let attributes = Value::Object(entry.given.attributes);
        body.insert("attributes".to_owned(), attributes);
        Self {
            line: entry.line,
            key: entry.key,
            body: Value::Object(body),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_becomes_people() {
        let text = "key,name,start_date,team\n7,\"Park, Ada\",2026-03-02,\n8,Bo,,Desk\n";
        let people = people(text).unwrap();

        assert_eq!(people.len(), 2);
        assert_eq!(
            people[0].body,
            json!({ "start_date": "2026-03-02", "attributes": { "name": "Park, Ada" } })
        );
        assert_eq!(people[1].key, "8");
    }

    #[test]
    fn mistakes_are_lines() {
        let mistakes = people("key,name\n,Cleo\n").err().unwrap();
        assert_eq!(mistakes, ["line 2: `key` is empty"]);
    }
}
