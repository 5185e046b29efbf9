//! Users on stdout: JSON Lines or CSV.

use std::io::{self, BufWriter, Stdout, Write};

use sando_core::definition::{Definition, MappedUser};
use sando_core::path::of_scalar;
use serde_json::Value;

use super::pull::Format;

/// The columns of every CSV; custom fields follow.
const COLUMNS: &[&str] = &[
    "external_id",
    "email",
    "username",
    "full_name",
    "role",
    "created_at",
    "last_visit_at",
    "active",
    "status",
    "licenses",
    "kind",
];

/// Writes users as they come.
pub(super) struct Output {
    to: BufWriter<Stdout>,
    format: Format,
    fields: Vec<String>,
}

impl Output {
    /// Begins; CSV has a header line.
    pub(super) fn begin(format: Format, definition: &Definition) -> io::Result<Self> {
        let mut output = Self {
            to: BufWriter::with_capacity(256 * 1024, io::stdout()),
            format,
            fields: definition.custom_fields().map(str::to_owned).collect(),
        };
        if format == Format::Csv {
            let fields = output
                .fields
                .iter()
                .map(|name| format!("custom_fields.{name}"));
            let columns: Vec<String> = COLUMNS
                .iter()
                .map(|name| (*name).to_owned())
                .chain(fields)
                .collect();
            write_row(&mut output.to, columns.iter().map(String::as_str))?;
        }
        Ok(output)
    }

    /// Writes a page of users. What was written of a list that then fails stays written: the exit code says so.
    pub(super) fn write(&mut self, users: &[MappedUser]) -> io::Result<()> {
        for mapped in users {
            match self.format {
                Format::Jsonl => {
                    if mapped.unknown.is_empty() {
                        serde_json::to_writer(&mut self.to, &mapped.user)?;
                    } else {
                        serde_json::to_writer(&mut self.to, &known(mapped)?)?;
                    }
                    self.to.write_all(b"\n")?;
                }
                Format::Csv => {
                    let row = row(mapped, &self.fields);
                    write_row(&mut self.to, row.iter().map(String::as_str))?;
                }
            }
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A user with null in the place of what is not known.
fn known(mapped: &MappedUser) -> serde_json::Result<Value> {
    let mut printed = serde_json::to_value(&mapped.user)?;
    for field in &mapped.unknown {
        let place = match field.strip_prefix("custom_fields.") {
            Some(name) => printed
                .get_mut("custom_fields")
                .and_then(|fields| fields.get_mut(name)),
            None => printed.get_mut(field),
        };
        if let Some(value) = place {
            *value = Value::Null;
        }
    }
    Ok(printed)
}

fn row(mapped: &MappedUser, fields: &[String]) -> Vec<String> {
    let user = &mapped.user;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let kind = serde_json::to_value(user.kind).unwrap_or(Value::Null);
    let mut row = vec![
        user.external_id.clone(),
        text(&user.email),
        text(&user.username),
        text(&user.full_name),
        text(&user.role),
        text(&user.created_at),
        text(&user.last_visit_at),
        user.active.to_string(),
        text(&user.status),
        user.licenses.join("; "),
        cell(&kind),
    ];
    let null = Value::Null;
    row.extend(
        fields
            .iter()
            .map(|name| cell(user.custom_fields.get(name).unwrap_or(&null))),
    );
    // Of custom fields nothing stands there that is not known.
    for (name, cell) in COLUMNS.iter().zip(&mut row) {
        if !mapped.knows(name) {
            cell.clear();
        }
    }
    row
}

/// A value as it stands in one cell.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(cell).collect();
            items.join("; ")
        }
        other => of_scalar(other).map_or_else(|| other.to_string(), |text| text.into_owned()),
    }
}

/// One line (RFC 4180).
fn write_row<'a>(to: &mut impl Write, cells: impl Iterator<Item = &'a str>) -> io::Result<()> {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            to.write_all(b",")?;
        }
        if cell.contains([',', '"', '\n', '\r']) {
            write!(to, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            to.write_all(cell.as_bytes())?;
        }
    }
    to.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        let mut line = Vec::new();

        write_row(
            &mut line,
            ["a", "b, c", "say \"hi\"", "", "two\nlines"].into_iter(),
        )
        .unwrap();

        let expect = "a,\"b, c\",\"say \"\"hi\"\"\",,\"two\nlines\"\n";
        assert_eq!(String::from_utf8(line).unwrap(), expect);
    }
}
