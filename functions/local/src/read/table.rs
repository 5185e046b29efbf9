//! Tables for a terminal.

/// The widest a column becomes, in characters.
const WIDEST: usize = 40;

/// Rows in columns, the last of which is not padded; long cells are cut. Every line is indented.
pub(super) fn lines(rows: &[Vec<String>]) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| fitted(cell)).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("    {}", padded.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// On one line, without what a terminal would obey.
pub(super) fn fitted(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if is_obeyed(c) { ' ' } else { c })
        .collect();
    if clean.chars().count() <= WIDEST {
        return clean;
    }
    let mut cut: String = clean.chars().take(WIDEST - 1).collect();
    cut.push('…');
    cut
}

/// Does a terminal obey it? Also what turns the direction of writing.
pub(super) fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];

        let lines = lines(&[
            row("email", "x\u{1b}[31m\u{202e}"),
            row("é", &"y".repeat(99)),
        ]);

        assert_eq!(lines[0], "    email  x [31m");
        assert!(lines[1].starts_with("    é      yyy") && lines[1].ends_with('…'));
    }
}
