//! `sando people import`: the people already here, from a CSV file (L30). They are baselined: nothing is given or taken
//! before an administrator applies it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use sando_infra::http::Method;
use serde_json::{Map, Value, json};
use url::Url;

use super::table::{Row, rows};
use super::{Desk, Where};
use crate::{print, say};

/// The largest file, in bytes.
const LARGEST: u64 = 64 << 20;
/// The columns that are no attributes.
const KEY: &str = "key";
const START: &str = "start_date";
const END: &str = "end_date";

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
    let rows = rows(text).map_err(|mistake| vec![mistake])?;
    let mut rows = rows.into_iter();
    let head = rows.next().map(|row| row.cells).unwrap_or_default();
    let head: Vec<String> = head.iter().map(|cell| cell.trim().to_owned()).collect();
    let mut seen = BTreeSet::new();
    let mut mistakes: Vec<String> = head
        .iter()
        .filter(|name| name.is_empty() || !seen.insert(*name))
        .map(|name| format!("line 1: the column `{name}` has no name of its own"))
        .collect();
    if !head.iter().any(|name| name == KEY) {
        mistakes.push(format!(
            "line 1: a column `{KEY}` is missing: what the HR system calls a person"
        ));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let (mut people, mut keys) = (Vec::new(), BTreeSet::new());
    for row in rows {
        match one(&head, &row) {
            Ok(given) if !keys.insert(given.key.clone()) => {
                mistakes.push(format!("line {}: this key is there twice", row.line));
            }
            Ok(given) => people.push(given),
            Err(mistake) => mistakes.push(format!("line {}: {mistake}", row.line)),
        }
    }
    if mistakes.is_empty() {
        return Ok(people);
    }
    Err(mistakes)
}

fn one(head: &[String], row: &Row) -> Result<Given, String> {
    if row.cells.len() != head.len() {
        return Err(format!("has {} cells, not {}", row.cells.len(), head.len()));
    }
    let (mut key, mut attributes) = (String::new(), Map::new());
    let (mut body, day) = (Map::new(), |text: &str| text.parse::<jiff::civil::Date>());
    for (name, cell) in head.iter().zip(&row.cells) {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        match name.as_str() {
            KEY => cell.clone_into(&mut key),
            START | END => {
                let day = day(cell).map_err(|_| format!("`{name}` is no day: write 2027-01-31"))?;
                body.insert(name.clone(), json!(day));
            }
            _ => {
                attributes.insert(name.clone(), Value::from(cell));
            }
        }
    }
    if key.is_empty() {
        return Err(format!("`{KEY}` is empty"));
    }
    body.insert("attributes".to_owned(), Value::Object(attributes));
    Ok(Given {
        line: row.line,
        key,
        body: Value::Object(body),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_becomes_people() {
        let people =
            people("key,name,start_date,team\n7,\"Park, Ada\",2026-03-02,\n8,Bo,,Desk\n").unwrap();

        assert_eq!(people.len(), 2);
        assert_eq!(
            people[0].body,
            json!({ "start_date": "2026-03-02", "attributes": { "name": "Park, Ada" } })
        );
        assert_eq!(people[1].key, "8");
    }

    #[test]
    fn all_mistakes_are_told_with_their_lines_and_without_values() {
        let text = "key,name,end_date\n7,Ada,soon\n7,Bo\n,Cleo,\n8,Dora,\n8,Dora,\n";
        let mistakes = people(text).err().unwrap();
        assert_eq!(
            mistakes,
            [
                "line 2: `end_date` is no day: write 2027-01-31",
                "line 3: has 2 cells, not 3",
                "line 4: `key` is empty",
                "line 6: this key is there twice",
            ]
        );
        let mistakes = people("name,name\n").err().unwrap();
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    }
}
