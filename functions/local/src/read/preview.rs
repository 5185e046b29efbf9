//! `sando preview`: the first records of a list, and what would become of each, and why.

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use sando_core::definition::{Explain, Explanation, FieldWhy};
use sando_core::path::of_scalar;
use sando_infra::reading::Read;
use serde_json::Value;

use super::inputs::ReadFlags;
use super::progress::tell_of_wait;
use super::{summary, table, usage};
use crate::{print, say};

/// What `sando preview` is told.
#[derive(Args)]
pub(crate) struct PreviewFlags {
    #[command(flatten)]
    read: ReadFlags,
    /// How many records are shown
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    records: usize,
}

/// Reads the first pages and shows what their records would become. Nothing is stored.
pub(crate) async fn command(flags: &PreviewFlags) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let prepared = match flags.read.prepare(Explain::Whole) {
        Ok(prepared) => prepared,
        Err(mistakes) => return Ok(usage(&mistakes)),
    };
    let mut reader = match prepared.start().await {
        Ok(reader) => reader,
        Err(mistakes) => return Ok(usage(&mistakes)),
    };
    let mut shown = 0;
    while shown < flags.records {
        let batch = match reader.next().await {
            Read::Users(batch) => batch,
            Read::Waits(wait) => {
                if !flags.read.json {
                    tell_of_wait(&prepared.definition, wait);
                }
                continue;
            }
            Read::Done(certificate) => {
                if shown == 0 && certificate.complete {
                    say("the list is empty");
                }
                let tokens = prepared.tokens_sent();
                summary::tell(&certificate, tokens, began.elapsed(), flags.read.json);
                return Ok(if certificate.complete {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::FAILURE
                });
            }
        };
        for explanation in batch.explained.iter().take(flags.records - shown) {
            shown += 1;
            if flags.read.json {
                print(&serde_json::to_string(explanation)?);
            } else {
                show(shown, explanation);
            }
        }
    }
    if !flags.read.json {
        say(&format!(
            "these are the first {shown} records; --records shows more"
        ));
        for warning in &reader.certificate().warnings {
            say(&format!("warning: {}", reader.mask(warning)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(number: usize, explanation: &Explanation) {
    print(&format!("{number}. {}", headline(explanation)));
    let mut rows = vec![
        ["field", "from", "raw value", "mapped value"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let user = explanation.user.as_ref();
    let user = user.and_then(|mapped| serde_json::to_value(&mapped.user).ok());
    for field in &explanation.fields {
        rows.push(vec![
            field.field.clone(),
            shown(Some(&field.from)),
            shown(field.raw.as_ref()),
            mapped(user.as_ref(), field),
        ]);
    }
    if rows.len() > 1 {
        table::lines(&rows).iter().for_each(|line| print(line));
    }
    for sentence in explanation.sentences() {
        print(&format!("    → {}", table_free(&sentence)));
    }
    print("");
}

fn headline(explanation: &Explanation) -> String {
    let Some(mapped) = &explanation.user else {
        let kind = match (&explanation.dropped, explanation.repeated) {
            (Some(_), _) => "dropped",
            (None, true) => "seen before",
            (None, false) => "removed by `where`",
        };
        return kind.to_owned();
    };
    let user = &mapped.user;
    let state = if !mapped.knows("active") {
        "perhaps active"
    } else if user.active {
        "active"
    } else {
        "not active"
    };
    let mut parts = vec![table::fitted(&user.external_id), state.to_owned()];
    parts.extend(
        user.status
            .iter()
            .map(|status| format!("status {}", table::fitted(status))),
    );
    if !user.licenses.is_empty() {
        parts.push(format!(
            "licences {}",
            table::fitted(&user.licenses.join(", "))
        ));
    }
    parts.join(" · ")
}

/// What became of a field.
fn mapped(user: Option<&Value>, field: &FieldWhy) -> String {
    let Some(user) = user else {
        return "–".to_owned();
    };
    let found = match field.field.strip_prefix("custom_fields.") {
        Some(name) => user
            .get("custom_fields")
            .and_then(|fields| fields.get(name)),
        None => match field.field.as_str() {
            "first_name" | "last_name" => user.get("full_name"),
            name => user.get(name),
        },
    };
    shown(found)
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(value) => of_scalar(value).map_or_else(|| value.to_string(), |text| text.into_owned()),
    }
}

/// A sentence without what a terminal would obey.
fn table_free(sentence: &str) -> String {
    sentence
        .chars()
        .map(|c| if table::is_obeyed(c) { ' ' } else { c })
        .collect()
}
