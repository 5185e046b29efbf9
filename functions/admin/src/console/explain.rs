//! Why somebody is due something: the tests of each policy, with what was found.

use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::access::Access;
use sando_core::condition::{Conditions, Missing, Truth, Why};
use serde_json::Value;

use super::parts::{empty, tag};
use super::states::Shape;
use super::words;

/// Every policy as it meets this person.
pub(super) fn policies(access: &Access, now: Timestamp) -> Markup {
    let input = access.person.for_conditions();
    html! {
        @if access.company.policies.is_empty() { (empty(words::NO_ACCESS)) }
        ul.steps {
            @for (slug, policy) in &access.company.policies {
                @let whole = policy.when.evaluate(&input, Missing::IsUnknown, now);
                li {
                    div.bar {
                        h3 { a href={ "/console/policies/" (slug) } { (slug) } }
                        (truth(whole.truth, "holds", "does not hold"))
                        span.muted { "gives " (apps(policy)) }
                    }
                    @if whole.why.is_empty() { p.small.muted { "It is for everybody." } }
                    (tests(&whole.why))
                    @for grant in policy.grants.iter().filter(|grant| !grant.when.is_empty()) {
                        div {
                            span.small { (grant.app) " only when: " }
                            (conditions(&grant.when, &input, now))
                        }
                    }
                }
            }
        }
    }
}

fn apps(policy: &sando_core::policy::Policy) -> String {
    let apps = policy.grants.iter().map(|grant| grant.app.as_str());
    apps.collect::<Vec<_>>().join(", ")
}

fn conditions(conditions: &Conditions, input: &Value, now: Timestamp) -> Markup {
    let explained = conditions.evaluate(input, Missing::IsUnknown, now);
    html! { (truth(explained.truth, "holds", "does not hold")) (tests(&explained.why)) }
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
