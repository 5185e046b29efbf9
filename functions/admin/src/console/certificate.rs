//! What came of reading an account: the certificate, a sample, and what somebody would lose.

use maud::{Markup, html};
use sando_core::definition::{Batch, Certificate};
use sando_core::roster::Lost;

use super::format::{many, number};
use super::parts::tag;
use super::states::Shape;

/// How many rows of a sample are shown.
const ROWS: usize = 25;

/// The certificate of a reading.
pub(super) fn shown(certificate: &Certificate) -> Markup {
    html! {
        section aria-labelledby="certificate" {
            h2 #certificate { "Certificate of the last reading" }
            p.facts.bar {
                @if certificate.complete { (tag(Shape::Verified, "read to its end")) } @else { (tag(Shape::Failed, "not read to its end")) }
                @if let Some(by) = &certificate.ended_by { span.muted { "ended by " (by.replace('_', " ")) } }
                span.muted { (many(certificate.pages, "page", "pages")) ", " (many(certificate.received, "record", "records")) " received, " (many(certificate.users, "user", "users")) }
                span.muted { (many(certificate.requests, "request", "requests")) ", " (number(certificate.retries)) " repeated" }
                @if certificate.duplicates > 0 { span.warn { (number(certificate.duplicates)) " there twice" } }
                @for (reason, count) in &certificate.dropped { span.warn { (number(*count)) " dropped: " (reason) } }
            }
            @for warning in &certificate.warnings { p.warn { (warning) } }
        }
    }
}

/// The first users of a sample.
pub(super) fn sample(batch: &Batch) -> Markup {
    html! {
        @if !batch.users.is_empty() {
            table {
                thead { tr { th scope="col" { "Id" } th scope="col" { "Name" } th scope="col" { "Address" } th scope="col" { "State" } } }
                tbody {
                    @for mapped in batch.users.iter().take(ROWS) {
                        @let user = &mapped.user;
                        tr {
                            td { code { (user.external_id) } }
                            td data-label="Name" { (user.full_name.as_deref().unwrap_or_default()) }
                            td data-label="Address" { (user.email.as_deref().unwrap_or_default()) }
                            td data-label="State" { @if user.active { (tag(Shape::Done, "active")) } @else { (tag(Shape::Cancelled, "not active")) } }
                        }
                    }
                }
            }
        }
        @if !batch.dropped.is_empty() {
            p.warn { (batch.dropped.len()) " would be left out:" }
            ul.plan {
                @for dropped in batch.dropped.iter().take(ROWS) {
                    li { span.sign { "−" } span { code { (dropped.external_id.as_deref().unwrap_or("no id")) } " " (dropped.reason.sentence()) } }
                }
            }
        }
    }
}

/// What somebody would lose.
pub(super) fn lost(lost: &Lost) -> String {
    match lost {
        Lost::Vanished => "is not in the list any more".to_owned(),
        Lost::Inactive => "is not active any more".to_owned(),
        Lost::Licenses(licenses) => format!("loses {}", licenses.join(", ")),
    }
}
