//! The closing summary, on stderr.

use std::time::Duration;

use sando_core::definition::Certificate;
use serde_json::Value;

use super::table;
use crate::say;

/// Tells how a reading ended; `tokens_sent` are the requests that only served to authenticate.
pub(super) fn tell(certificate: &Certificate, tokens_sent: u64, took: Duration, json: bool) {
    let requests = certificate.requests + tokens_sent;
    if json {
        say(&object(certificate, requests, took).to_string());
        return;
    }
    for line in lines(certificate, requests, took) {
        say(&line);
    }
}

fn object(certificate: &Certificate, requests: u64, took: Duration) -> Value {
    let mut object = serde_json::to_value(certificate).unwrap_or_default();
    if let Some(object) = object.as_object_mut() {
        object.insert("requests".to_owned(), Value::from(requests));
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        object.insert("elapsed_ms".to_owned(), Value::from(millis));
    }
    object
}

fn lines(certificate: &Certificate, requests: u64, took: Duration) -> Vec<String> {
    let mut lines = Vec::new();
    let ended = certificate.ended_by.as_deref().unwrap_or("nothing");
    let head = if certificate.complete {
        "complete"
    } else {
        "NOT COMPLETE"
    };
    lines.push(format!(
        "{head}: {} users ({} active) on {} pages, ended by {ended}",
        certificate.users, certificate.active, certificate.pages
    ));
    if let Some(failure) = &certificate.failure {
        let remote = failure.remote.iter().map(|words| format!(": {words}"));
        lines.push(format!(
            "failed ({}): {failure}{}",
            failure.class.name(),
            remote.collect::<String>()
        ));
    }
    lines.extend(left_out(certificate));
    for warning in &certificate.warnings {
        lines.push(format!("warning: {warning}"));
    }
    lines.push(format!(
        "{requests} requests, {} retries, {} in {:.1} s",
        certificate.retries,
        size(certificate.bytes),
        took.as_secs_f64()
    ));
    lines
}

/// What became no user, or not all of one: how many, and the first of them.
fn left_out(certificate: &Certificate) -> Vec<String> {
    let dropped = certificate.dropped.iter();
    let mut counts: Vec<String> = dropped
        .map(|(reason, count)| format!("dropped, {}: {count}", reason.replace('_', " ")))
        .collect();
    for (what, count) in [
        ("removed by `where`", certificate.removed_by_where),
        ("seen twice", certificate.duplicates),
        ("invalid custom fields", certificate.invalid_custom_fields),
        ("invalid times", certificate.invalid_times),
        ("contradicting statuses", certificate.contradictions),
        ("details failed", certificate.details_failed),
        ("joined lists failed", certificate.joins_failed),
        ("answers ignored", certificate.ignored),
    ] {
        if count > 0 {
            counts.push(format!("{what}: {count}"));
        }
    }
    let mut lines = Vec::new();
    if !counts.is_empty() {
        lines.push(counts.join(" · "));
    }
    for (reason, records) in &certificate.left_out {
        let ids = records.iter().map(|one| match &one.external_id {
            Some(id) => table::fitted(id),
            None => "(no id)".to_owned(),
        });
        let ids: Vec<String> = ids.collect();
        let reason = reason.replace('_', " ");
        lines.push(format!("  {reason}: {}", ids.join(", ")));
    }
    lines
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
