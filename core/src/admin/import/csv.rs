//! CSV as spreadsheets write it (RFC 4180): quoted cells, quotes doubled, either end of line, a byte order mark.

use crate::mistake::Mistake;

/// A row with the number of the line that it begins on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    /// The line, from 1 on.
    pub(super) line: usize,
    /// Its cells, without their quotes.
    pub(super) cells: Vec<String>,
}

/// All rows; empty lines are left out.
///
/// # Errors
/// With the line of a quote that is never closed, or that stands in the middle of a cell.
pub(super) fn rows(text: &str) -> Result<Vec<Row>, Mistake> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = Vec::new();
    let (mut line, mut begins) = (1_usize, 1_usize);
    let (mut cells, mut cell): (Vec<String>, String) = (Vec::new(), String::new());
    let (mut quoted, mut was_quoted) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        line = line.saturating_add(usize::from(c == '\n'));
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            _ if quoted => cell.push(c),
            '"' if cell.is_empty() && !was_quoted => (quoted, was_quoted) = (true, true),
            '"' => {
                return Err(at(line, "a quote stands in the middle of a cell"));
            }
            ',' => {
                cells.push(std::mem::take(&mut cell));
                was_quoted = false;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                end(&mut rows, &mut cells, &mut cell, begins);
                (begins, was_quoted) = (line, false);
            }
            _ => cell.push(c),
        }
    }
    if quoted {
        return Err(at(begins, "a quote is never closed"));
    }
    end(&mut rows, &mut cells, &mut cell, begins);
    Ok(rows)
}

/// A mistake in a line.
pub(super) fn at(line: usize, message: impl Into<String>) -> Mistake {
    Mistake::new(format!("line {line}"), message)
}

fn end(rows: &mut Vec<Row>, cells: &mut Vec<String>, cell: &mut String, line: usize) {
    cells.push(std::mem::take(cell));
    let cells = std::mem::take(cells);
    if cells.iter().any(|cell| !cell.is_empty()) {
        rows.push(Row { line, cells });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(usize, &[&str])]) {
        let rows = rows(text).unwrap();
        let shown: Vec<(usize, Vec<&str>)> = rows
            .iter()
            .map(|row| (row.line, row.cells.iter().map(String::as_str).collect()))
            .collect();
        let expect: Vec<(usize, Vec<&str>)> = expect
            .iter()
            .map(|(line, cells)| (*line, cells.to_vec()))
            .collect();
        assert_eq!(shown, expect, "{text:?}");
    }

    #[test]
    fn rows_are_read_as_spreadsheets_write_them() {
        check("a,b\n1,2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("\u{feff}a,b\r\n1,2", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check(
            "\"x, \"\"y\"\"\",\"two\nlines\"\n\nz,",
            &[(1, &["x, \"y\"", "two\nlines"]), (4, &["z", ""])],
        );
        check("", &[]);
    }

    #[test]
    fn what_is_torn_is_told_with_its_line() {
        assert_eq!(
            rows("a\n\"b").unwrap_err().to_string(),
            "line 2: a quote is never closed"
        );
        assert_eq!(
            rows("a\nb\"c\n").unwrap_err().to_string(),
            "line 2: a quote stands in the middle of a cell"
        );
    }
}
