//! What came of reading an account: the certificate, a sample, and what somebody would lose.

use maud::{Markup, html};
use sando_core::definition::{Batch, Certificate, Purpose};
use sando_core::roster::Lost;

use super::format::{many, number};
use super::parts::tag;
use super::states::Shape;
use super::words;

/// How many rows of a sample are shown.
const ROWS: usize = 25;

/// How many rows of users the application declared, and how many came; none unless it did for every list.
fn declared(certificate: &Certificate) -> Option<(u64, u64)> {
    let lists = certificate.listings.iter();
    let lists = lists.filter(|list| matches!(list.purpose, Purpose::Users { .. }));
    let all: Option<Vec<(u64, u64)>> = lists
        .map(|list| Some((list.declared?, list.received)))
        .collect();
    let all = all.filter(|all| !all.is_empty())?;
    let sums = all.iter().fold((0_u64, 0_u64), |(sum, came), list| {
        (sum.saturating_add(list.0), came.saturating_add(list.1))
    });
    Some(sums)
}

/// The certificate of a reading, under a heading.
pub(super) fn shown(certificate: &Certificate, heading: &str) -> Markup {
    html! {
        section aria-labelledby="certificate" {
            h2 #certificate { (heading) }
            p.facts.bar {
                @if certificate.complete { (tag(Shape::Verified, "read to its end")) } @else { (tag(Shape::Failed, "not read to its end")) }
                @if let Some(by) = &certificate.ended_by { span.muted { "ended by " (by.replace('_', " ")) } }
                span.muted { (many(certificate.pages, "page", "pages")) ", " (many(certificate.received, "record", "records")) " received, " (many(certificate.users, "user", "users")) }
                @match declared(certificate) {
                    Some((declared, received)) if declared == received => { span.muted { "declared " (number(declared)) " = received " (number(received)) } }
                    Some((declared, received)) => { span.warn { "declared " (number(declared)) ", received " (number(received)) } }
                    None => { span.muted { (words::NONE_DECLARED) } }
                }
                span.muted { (many(certificate.requests, "request", "requests")) ", " (number(certificate.retries)) " repeated" }
                @if certificate.duplicates > 0 { span.warn { (number(certificate.duplicates)) " there twice" } }
                @for (reason, count) in &certificate.dropped { span.warn { (number(*count)) " dropped: " (reason) } }
            }
            @for warning in &certificate.warnings { p.warn { (warning) } }
        }
    }
}

/// The lists that were read, one by one.
pub(super) fn lists(certificate: &Certificate) -> Markup {
    html! {
        @if !certificate.listings.is_empty() {
            section aria-labelledby="lists" {
                h2 #lists { (words::LISTS) }
                table {
                    thead { tr {
                        th scope="col" { "List" } th scope="col" { "Ended by" } th.num scope="col" { "Pages" }
                        th.num scope="col" { "Declared" } th.num scope="col" { "Received" }
                    } }
                    tbody {
                        @for list in &certificate.listings {
                            tr {
                                td { (list.purpose) }
                                td data-label="Ended by" { (list.ended_by.name().replace('_', " ")) }
                                td.num data-label="Pages" { (number(list.pages)) }
                                td.num data-label="Declared" { @if let Some(declared) = list.declared { (number(declared)) } @else { span.muted { "not said" } } }
                                td.num data-label="Received" { (number(list.received)) }
                            }
                        }
                    }
                }
            }
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
                            td data-label="State" { @if !mapped.knows("active") { span.muted { "not known" } } @else if user.active { (tag(Shape::Done, "active")) } @else { (tag(Shape::Cancelled, "not active")) } }
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

#[cfg(test)]
mod tests {
    use sando_core::definition::{EndedBy, ListingEnd};

    use super::*;

    fn with(lists: &[(Option<u64>, u64)]) -> String {
        let listings = lists.iter().map(|(declared, received)| ListingEnd {
            purpose: Purpose::Users { of: String::new() },
            ended_by: EndedBy::TotalReached,
            pages: 1,
            received: *received,
            declared: *declared,
        });
        let certificate = Certificate {
            complete: true,
            listings: listings.collect(),
            ..Certificate::default()
        };
        shown(&certificate, "Certificate").into_string()
    }

    #[test]
    fn what_was_declared_stands_against_what_was_received() {
        let check = |lists: &[(Option<u64>, u64)], expect: &str| {
            let text = with(lists);
            assert!(text.contains(expect), "{expect}: {text}");
        };

        check(&[(Some(154), 154)], "declared 154 = received 154");
        check(&[(Some(100), 90)], "declared 100, received 90");
        check(
            &[(Some(1_000), 1_000), (Some(5), 6)],
            "declared 1,005, received 1,006",
        );
        check(&[(Some(5), 5), (None, 7)], words::NONE_DECLARED);
        check(&[], words::NONE_DECLARED);
    }
}
