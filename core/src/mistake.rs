//! Mistakes in files that people write: where it is, what is wrong, and what was perhaps meant.

use serde::{Deserialize, Serialize};

/// One mistake in a file, with the place it was found at (`when[0].op`); files are checked to their end and report all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}{}{message}", path, if path.is_empty() { "" } else { ": " })]
pub struct Mistake {
    /// Where, as keys and indexes from the top of the file; empty for the whole of it.
    pub path: String,
    /// What is wrong, as a sentence's worth of text without a full stop.
    pub message: String,
}

impl Mistake {
    /// A mistake at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }

    /// The same mistake, seen from the file around the part it was found in: `op` under `when[0]` is at `when[0].op`.
    #[must_use]
    pub fn under(self, parent: &str) -> Self {
        Self {
            path: join(parent, &self.path),
            message: self.message,
        }
    }
}

/// Joins two places: `when[0]` and `op` is `when[0].op`, `when` and `[0]` is `when[0]`.
pub fn join(parent: &str, child: &str) -> String {
    if parent.is_empty() {
        child.to_owned()
    } else if child.is_empty() {
        parent.to_owned()
    } else if child.starts_with('[') {
        format!("{parent}{child}")
    } else {
        format!("{parent}.{child}")
    }
}

/// The place of the item `index` of the list at `parent`.
pub fn item(parent: &str, index: usize) -> String {
    format!("{parent}[{index}]")
}

/// All mistakes as one text, a line each; for formats that can carry one error only.
pub fn in_lines(mistakes: &[Mistake]) -> String {
    mistakes
        .iter()
        .map(Mistake::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The mistake of a key that nobody knows, with the known one that was perhaps meant.
pub fn unknown_key<'a>(
    parent: &str,
    key: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Mistake {
    unknown("unknown key", join(parent, key), key, known)
}

/// The mistake of a word that is none of the `known` ones, with the one that was perhaps meant.
pub fn unknown_word<'a>(
    what: &str,
    path: &str,
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Mistake {
    unknown(&format!("unknown {what}"), path.to_owned(), word, known)
}

fn unknown<'a>(
    what: &str,
    path: String,
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Mistake {
    let known: Vec<&str> = known.into_iter().collect();
    let shown: String = word.chars().take(LONGEST_WORD).collect();
    let message = match nearest(word, known.iter().copied()) {
        Some(meant) => format!("{what} `{shown}`, did you mean `{meant}`?"),
        None if known.is_empty() => format!("{what} `{shown}`: there is none"),
        None => format!("{what} `{shown}`, expected one of: {}", known.join(", ")),
    };
    Mistake::new(path, message)
}

/// Words longer than this are not compared.
const LONGEST_WORD: usize = 64;

/// The known word that `word` is a misspelling of: a third of its letters may be wrong, at least one.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = plain(word);
    let length = plain.chars().count();
    if length > LONGEST_WORD {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (distance(&plain, &self::plain(candidate)), candidate))
        .filter(|(wrong, _)| *wrong <= (length / 3).max(1))
        .min_by_key(|(wrong, _)| *wrong)
        .map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> String {
    word.to_lowercase().replace(['-', ' '], "_")
}

/// The number of letters to insert, leave out, exchange or swap with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut last = None;
    for (at, letter) in left.chars().enumerate() {
        let mut next = vec![at + 1];
        for (column, other) in right.iter().enumerate() {
            let of =
                |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX - 1);
            let exchanged = of(&row, column) + usize::from(letter != *other);
            let mut least = exchanged
                .min(of(&row, column + 1) + 1)
                .min(of(&next, column) + 1);
            let left_of = column.checked_sub(1).and_then(|index| right.get(index));
            if last == Some(*other) && left_of == Some(&letter) {
                least = least.min(of(&before, column - 1) + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
        last = Some(letter);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_the_one_that_was_meant() {
        let check = |word: &str, expect: Option<&str>| {
            assert_eq!(
                nearest(word, ["path", "op", "value", "where", "ignore_case"]),
                expect,
                "{word}"
            );
        };

        check("pth", Some("path"));
        check("ptah", Some("path"));
        check("Value", Some("value"));
        check("vlaue", Some("value"));
        check("ignore-case", Some("ignore_case"));
        check("ignorecase", Some("ignore_case"));
        check("po", Some("op"));
        check("banana", None);
        check("", None);
    }

    #[test]
    fn a_mistake_names_its_place_in_the_file_around_it() {
        let mistake = unknown_key("[0]", "vlaue", ["path", "op", "value"]).under("when");

        assert_eq!(
            mistake.to_string(),
            "when[0].vlaue: unknown key `vlaue`, did you mean `value`?"
        );
    }

    #[test]
    fn a_mistake_about_the_whole_file_names_no_place() {
        assert_eq!(
            Mistake::new("", "must be an object").to_string(),
            "must be an object"
        );
    }

    #[test]
    fn a_word_far_from_all_known_ones_lists_them() {
        let mistake = unknown_word("operator", "op", "equals_to", ["is", "any_of"]);

        assert_eq!(
            mistake.to_string(),
            "op: unknown operator `equals_to`, expected one of: is, any_of"
        );
        assert_eq!(
            unknown_word("variable", "--set x", "x", []).to_string(),
            "--set x: unknown variable `x`: there is none"
        );
    }
}
