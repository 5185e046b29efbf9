//! People from a CSV file (L30): read with all its mistakes at once, then put one by one like everybody whom another
//! system tells of.

mod csv;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::company::Company;
use crate::handle::load;
use crate::ids::PersonId;
use crate::mistake::{Mistake, in_lines};
use crate::ports::Ports;

use self::csv::{Row, at, rows};
use super::outside::{self, Given, checked};
use super::people::check_attributes;
use super::{AdminError, Expect, Who};

/// The columns that are no attributes.
const KEY: &str = "key";
const START: &str = "start_date";
const END: &str = "end_date";
/// How many lines are put at once.
const MOST: usize = 200;
/// The longest name of a column that is repeated in a mistake.
const LONGEST_NAME: usize = 63;

/// One person of the file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The line that it begins on.
    pub line: usize,
    /// What the other system calls the person.
    pub key: String,
    /// What it says of them.
    pub given: Given,
}

/// What came of one person of the file, or would.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// They were not known; their id, once they are put.
    New(Option<PersonId>),
    /// They were known.
    Known(PersonId),
    /// They are known, and what changes moves them; only a dry run tells.
    Moves(PersonId),
    /// They leave, as their last day is over; their id, if they are known; only a dry run tells.
    Leaves(Option<PersonId>),
    /// They were not put, for this reason.
    Refused(String),
}

/// What came of a file, or would.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// Line by line: the line, the key, and what came of it.
    pub lines: Vec<(usize, String, Outcome)>,
    /// The line to go on from; none if that was all.
    pub next_line: Option<usize>,
}

/// How a file is imported.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// Only says what would come of it.
    pub dry_run: bool,
    /// Lines before this one are left out.
    pub from_line: usize,
    /// This line and those after it are left out.
    pub to_line: Option<usize>,
    /// Then no further line is begun.
    pub until: Timestamp,
}

/// Puts people, as many as there is room and time for; who cannot be put is said.
///
/// # Errors
/// If the store cannot be reached: the same file can be put again.
pub async fn import(
    ports: &Ports,
    who: &Who,
    people: &[Entry],
    how: How,
) -> Result<Imported, AdminError> {
    let mut imported = Imported::default();
    let company = match how.dry_run {
        true => Some(load::company(ports).await?),
        false => None,
    };
    for entry in people.iter().filter(|entry| entry.line >= how.from_line) {
        let done = imported.lines.len();
        let is_after = how.to_line.is_some_and(|to| entry.line >= to);
        if is_after || done >= MOST || done > 0 && ports.clock.now() >= how.until {
            imported.next_line = Some(entry.line);
            break;
        }
        let outcome = match Box::pin(put(ports, who, entry, company.as_ref())).await {
            Ok(outcome) => outcome,
            Err(error @ (AdminError::Handle(_) | AdminError::Remote(_))) => return Err(error),
            Err(AdminError::Invalid(mistakes)) => Outcome::Refused(in_lines(&mistakes)),
            Err(error) => Outcome::Refused(error.to_string()),
        };
        let line = (entry.line, entry.key.clone(), outcome);
        imported.lines.push(line);
    }
    Ok(imported)
}

/// Puts one person; with the company as it is, only looks what would come of it.
async fn put(
    ports: &Ports,
    who: &Who,
    entry: &Entry,
    looks: Option<&Company>,
) -> Result<Outcome, AdminError> {
    let Entry { key, given, .. } = entry;
    if let Some(company) = looks {
        let looked = outside::look(ports, company, who, key, given).await?;
        return Ok(match looked.known {
            known if looked.leaves => Outcome::Leaves(known),
            None => Outcome::New(None),
            Some(id) if looked.moves => Outcome::Moves(id),
            Some(id) => Outcome::Known(id),
        });
    }
    let (person, is_new) =
        Box::pin(outside::put(ports, who, key, given, &Expect::Anything)).await?;
    let id = person.entity.id;
    Ok(if is_new {
        Outcome::New(Some(id))
    } else {
        Outcome::Known(id)
    })
}

/// Everybody in the file.
///
/// # Errors
/// All mistakes, each with its line and without a value of the file.
pub fn people(text: &str) -> Result<Vec<Entry>, Vec<Mistake>> {
    let rows = rows(text).map_err(|mistake| vec![mistake])?;
    let mut rows = rows.into_iter();
    let head = rows.next().map(|row| row.cells).unwrap_or_default();
    let head: Vec<String> = head.iter().map(|cell| cell.trim().to_owned()).collect();
    let mut mistakes = of_head(&head);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let (mut people, mut keys) = (Vec::new(), BTreeSet::new());
    for row in rows {
        match one(&head, &row) {
            Ok(entry) if !keys.insert(entry.key.clone()) => {
                mistakes.push(at(row.line, "this key is there twice"));
            }
            Ok(entry) => people.push(entry),
            Err(wrong) => mistakes.extend(wrong.into_iter().map(|wrong| at(row.line, wrong))),
        }
    }
    if mistakes.is_empty() {
        return Ok(people);
    }
    Err(mistakes)
}

fn of_head(head: &[String]) -> Vec<Mistake> {
    let mut seen = BTreeSet::new();
    let mut mistakes = Vec::new();
    for name in head {
        let shown: String = name.chars().take(LONGEST_NAME).collect();
        let alone: Map<String, Value> = [(name.clone(), Value::Null)].into_iter().collect();
        if name.is_empty() || !seen.insert(name) {
            let message = format!("the column `{shown}` has no name of its own");
            mistakes.push(at(1, message));
        } else if check_attributes(&alone).is_err() {
            let message = format!("the column `{shown}`: a name is of a-z, 0-9 and `_`");
            mistakes.push(at(1, message));
        }
    }
    if !head.iter().any(|name| name == KEY) {
        let message = format!("a column `{KEY}` is missing: what the HR system calls a person");
        mistakes.push(at(1, message));
    }
    mistakes
}

fn one(head: &[String], row: &Row) -> Result<Entry, Vec<String>> {
    if row.cells.len() != head.len() {
        let wrong = format!("has {} cells, not {}", row.cells.len(), head.len());
        return Err(vec![wrong]);
    }
    let (mut key, mut given, mut mistakes) = (String::new(), Given::default(), Vec::new());
    for (name, cell) in head.iter().zip(&row.cells) {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        match (name.as_str(), cell.parse::<Date>()) {
            (KEY, _) => cell.clone_into(&mut key),
            (START, Ok(day)) => given.start_date = Some(day),
            (END, Ok(day)) => given.end_date = Some(Some(day)),
            (START | END, Err(_)) => {
                mistakes.push(format!("`{name}` is no day: write 2027-01-31"));
            }
            _ => {
                given.attributes.insert(name.clone(), Value::from(cell));
            }
        }
    }
    if key.is_empty() {
        mistakes.push(format!("`{KEY}` is empty"));
    } else if let Err(AdminError::Invalid(wrong)) = checked(&key, &given) {
        mistakes.extend(wrong.iter().map(ToString::to_string));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Entry {
        line: row.line,
        key,
        given,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let mistakes = people(text).err().unwrap();
        mistakes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_becomes_people() {
        let text = "key,name,start_date,end_date\n7,\"Park, Ada\",2026-03-02,\n8,Bo,,2027-01-31\n";
        let people = people(text).unwrap();

        assert_eq!(people.len(), 2);
        let (ada, bo) = (&people[0], &people[1]);
        assert_eq!((ada.line, ada.key.as_str()), (2, "7"));
        assert_eq!(ada.given.attributes["name"], "Park, Ada");
        assert_eq!(ada.given.start_date, "2026-03-02".parse().ok());
        assert_eq!(ada.given.end_date, None, "an empty cell says nothing");
        assert_eq!(bo.given.end_date, Some("2027-01-31".parse().ok()));
    }

    #[test]
    fn all_mistakes_are_told_with_their_lines_and_without_values() {
        let text = "key,name,end_date\n7,Ada,soon\n7,Bo\n,Cleo,\n8,Dora,\n8,Dora,\n";
        assert_eq!(
            told(text),
            [
                "line 2: `end_date` is no day: write 2027-01-31",
                "line 3: has 2 cells, not 3",
                "line 4: `key` is empty",
                "line 6: this key is there twice",
            ]
        );
        let long = format!("key,name\n7,{}\n", "x".repeat(5_000));
        let expect = ["line 2: attributes.name: a value has at most 4096 characters"];
        assert_eq!(told(&long), expect);
    }

    #[test]
    fn a_head_without_its_names_is_the_only_mistake() {
        assert_eq!(
            told("name,name,Work Email\n7\n"),
            [
                "line 1: the column `name` has no name of its own",
                "line 1: the column `Work Email`: a name is of a-z, 0-9 and `_`",
                "line 1: a column `key` is missing: what the HR system calls a person",
            ]
        );
        assert_eq!(told("").len(), 1);
    }
}
