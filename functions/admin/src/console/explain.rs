//! Why somebody is due something: the tests of each policy, with what was found.

use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::access::Access;
use sando_core::admin::explain::{self, Met};
use sando_core::company::Company;
use sando_core::condition::{Truth, Why};
use sando_core::ids::{AppSlug, Slug};
use sando_core::person::Person;
use sando_core::store::Version;
use serde_json::Value;

use super::parts::{empty, tag};
use super::states::Shape;
use super::words;

/// Every policy as it meets this person.
pub(super) fn policies(access: &Access, now: Timestamp) -> Markup {
    let all = explain::policies(&access.person, &access.company, now);
    html! {
        @if all.is_empty() { (empty(words::NO_ACCESS)) }
        ul.steps {
            @for met in &all {
                @let slug = &met.policy.policy;
                li {
                    div.bar {
                        h3 { a href={ "/console/policies/" (slug) } { (slug) } }
                        (truth(met.when.truth, "holds", "does not hold"))
                        span.muted { "gives " (apps(met)) }
                    }
                    @if met.when.why.is_empty() { p.small.muted { (words::FOR_EVERYBODY) } }
                    (tests(&met.when.why))
                    @for one in met.grants.iter().filter(|one| !one.when.why.is_empty()) {
                        div {
                            span.small { (one.grant.app) " only when: " }
                            (truth(one.when.truth, "holds", "does not hold"))
                            (tests(&one.when.why))
                        }
                    }
                }
            }
        }
    }
}

/// Why something is asked for: its policies with their versions, and their tests with what is found.
pub(super) fn because(
    asked: &[(Slug, Option<Version>)],
    (person, company): (Option<&Person>, &Company),
    app: &AppSlug,
    is_linked: bool,
    now: Timestamp,
) -> Markup {
    let all = person.map(|person| explain::policies(person, company, now));
    let all = all.unwrap_or_default();
    html! {
        @for (policy, version) in asked {
            div {
                "policy " @if is_linked { a href={ "/console/policies/" (policy) } { (policy) } } @else { (policy) }
                @if let Some(version) = version { " v" (version.0) }
            }
            @for met in all.iter().filter(|met| met.policy.policy == *policy) {
                @if met.when.why.is_empty() { p.small.muted { (words::FOR_EVERYBODY) } }
                (tests(&met.when.why))
                @for one in met.grants.iter().filter(|one| one.grant.app == *app) { (tests(&one.when.why)) }
            }
        }
    }
}

fn apps(met: &Met<'_>) -> String {
    let apps = met.grants.iter().map(|one| one.grant.app.as_str());
    apps.collect::<Vec<_>>().join(", ")
}

fn truth(truth: Truth, yes: &str, no: &str) -> Markup {
    match truth {
        Truth::True => tag(Shape::Done, yes),
        Truth::False => tag(Shape::Cancelled, no),
        Truth::Unknown => tag(Shape::Unknown, "nobody can tell"),
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => format!("“{text}”"),
        Some(other) => other.to_string(),
    }
}

fn tests(all: &[Why]) -> Markup {
    html! {
        @if !all.is_empty() {
            ul.plan {
                @for why in all {
                    li {
                        @match why.truth {
                            Truth::True => { span.sign.ok { "✓" } }
                            Truth::False => { span.sign.muted { "✕" } }
                            Truth::Unknown => { span.sign.held { "?" } }
                        }
                        span {
                            code { (why.path) } " " (why.op.name().replace('_', " "))
                            @if why.wanted.is_some() { " " (shown(why.wanted.as_ref())) }
                            span.muted { "; it is " (shown(why.found.as_ref())) }
                        }
                    }
                }
            }
        }
    }
}
