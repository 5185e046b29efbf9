//! `sando why`: what happened to an event or a person, and why, in lines (L27).

use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use sando_core::ids::{AppSlug, EventId, PersonId};
use serde_json::{Value, json};

use super::Desk;
use super::apply::{entitlement, number, text, usage};
use super::deed::{Listing, write};
use super::words::{around, array, effects, joined, person, texts};
use crate::print;

/// What is asked about.
#[derive(Clone)]
enum Subject {
    Event(EventId),
    Person(PersonId),
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let event = EventId::parse(given).map(Self::Event);
        let subject = event.or_else(|_| PersonId::parse(given).map(Self::Person));
        subject.map_err(|_| {
            "name an event (evt_…, of GET /v1/events) or a person (per_…, of GET /v1/people); what came from Lever and is \
             no event stands in GET /v1/deliveries"
                .to_owned()
        })
    }
}

/// Flags of `sando why`.
#[derive(Args)]
pub(crate) struct WhyFlags {
    /// An event (evt_…) or a person (per_…)
    #[arg(value_name = "EVENT|PERSON")]
    subject: Subject,
    /// With a person: why they have this application, or do not, condition by condition
    #[arg(value_name = "APP")]
    app: Option<AppSlug>,
    #[command(flatten)]
    listing: Listing,
}

/// Tells it.
///
/// # Errors
/// If Sando cannot be asked, or does not know it.
pub(crate) async fn why(flags: &WhyFlags) -> anyhow::Result<ExitCode> {
    if matches!(flags.subject, Subject::Event(_)) && flags.app.is_some() {
        let wrong = "an application goes with a person: `sando why per_… APP`";
        return Ok(usage(&[wrong.to_owned()]));
    }
    let desk = flags.listing.at.open().await?;
    let (known, lines) = match (&flags.subject, &flags.app) {
        (Subject::Event(id), _) => {
            let known = of_event(&desk, id).await?;
            let lines = event_lines(&known);
            (known, lines)
        }
        (Subject::Person(id), Some(app)) => {
            let known = desk.read(&format!("/v1/people/{id}/access/{app}")).await?;
            let lines = app_lines(&known);
            (known, lines)
        }
        (Subject::Person(id), None) => {
            let known = of_person(&desk, id).await?;
            let lines = person_lines(&known);
            (known, lines)
        }
    };
    if flags.listing.json {
        print(&format!("{known:#}"));
    } else {
        write(&lines);
    }
    Ok(ExitCode::SUCCESS)
}

/// `{event, runs, approvals, is_cut}`.
async fn of_event(desk: &Desk, id: &EventId) -> anyhow::Result<Value> {
    let mut event = desk.read(&format!("/v1/events/{id}")).await?;
    let led_to = event.as_object_mut();
    let led_to = led_to.and_then(|event| event.remove("led_to"));
    let part = |name: &str| led_to.as_ref().and_then(|led_to| led_to.get(name)).cloned();
    Ok(json!({
        "event": event, "runs": part("runs"), "approvals": part("approvals"), "is_cut": part("is_cut"),
    }))
}

/// `{person, timeline, runs, access}`.
async fn of_person(desk: &Desk, id: &PersonId) -> anyhow::Result<Value> {
    let path = format!("/v1/people/{id}");
    let person = desk.read(&path).await?;
    let timeline = desk.items(&format!("{path}/timeline"), &[]).await?;
    let runs = desk.items("/v1/runs", &[("person", id.as_str())]).await?;
    let access = desk.read(&format!("{path}/access")).await?;
    Ok(json!({ "person": person, "timeline": timeline, "runs": runs, "access": access }))
}

fn event_lines(known: &Value) -> Vec<String> {
    let event = known.get("event").cloned().unwrap_or_default();
    let about = |name: &str| around(&format!(", {name} "), text(&event, name), "");
    let mut lines = vec![
        format!(
            "{} {} from {}: {}",
            text(&event, "id"),
            text(&event, "kind"),
            text(&event, "source"),
            text(&event, "state"),
        ),
        format!(
            "  happened {}, known since {}{}{}",
            text(&event, "occurred_at"),
            text(&event, "received_at"),
            about("person"),
            about("opportunity"),
        ),
    ];
    for one in array(&event, "why") {
        lines.push(format!("  {}  {}", text(one, "at"), text(one, "text")));
        let tests = array(one, "detail").iter();
        lines.extend(tests.map(|test| test_line(test, text(test, "truth"))));
    }
    lines.extend(array(known, "runs").iter().flat_map(run_lines));
    lines.extend(array(known, "approvals").iter().flat_map(decision_lines));
    let is_cut = known.get("is_cut").and_then(Value::as_bool) == Some(true);
    let more = "only its last runs are shown; each of the others stands in GET /v1/runs/{id}";
    lines.extend(is_cut.then(|| more.to_owned()));
    lines
}

/// An approval, and who decided what.
fn decision_lines(approval: &Value) -> Vec<String> {
    let mut lines = vec![format!(
        "{} about {}: {}",
        text(approval, "id"),
        text(approval, "step"),
        text(approval, "state")
    )];
    lines.extend(array(approval, "decisions").iter().map(|one| {
        let (at, decision, by) = (text(one, "at"), text(one, "decision"), text(one, "by"));
        let reason = around(": ", text(one, "reason"), "");
        format!("  {at}  {decision} by {by}{reason}")
    }));
    lines
}

fn person_lines(known: &Value) -> Vec<String> {
    let part = |name: &str| known.get(name).cloned().unwrap_or_default();
    let (one, access) = (part("person"), part("access"));
    let mut lines = vec![format!(
        "{} is {}{}{}",
        person(text(&one, "name"), text(&one, "id")),
        text(&one, "state"),
        around(", starts ", text(&one, "start_date"), ""),
        around(", leaves ", text(&one, "leaves_at"), ""),
    )];
    lines.push("happened:".to_owned());
    lines.extend(array(known, "timeline").iter().map(item_line));
    lines.extend(array(known, "runs").iter().flat_map(run_lines));
    lines.extend(access_lines(&access));
    lines
}

/// `  2027-01-04T09:00:00Z  figma: given (access/figma), by sando, because of event evt_1`.
fn item_line(item: &Value) -> String {
    let cause = item.get("cause").cloned().unwrap_or_default();
    let because = joined(&[text(&cause, "kind"), text(&cause, "id")]);
    let deep = |place: &str| item.pointer(place).and_then(Value::as_str);
    let result = deep("/detail/result").filter(|result| *result != "ok");
    format!(
        "  {}  {}{}, by {}{}{}{}",
        text(item, "at"),
        text(item, "title"),
        around(" (", text(item, "step"), ")"),
        text(item, "actor"),
        around(", because of ", &because, ""),
        around(": ", deep("/detail/after/reason").unwrap_or_default(), ""),
        around(" → ", result.unwrap_or_default(), ""),
    )
}

/// A run, its steps, and what was called for each.
fn run_lines(run: &Value) -> Vec<String> {
    let mut lines = vec![format!(
        "{} {}: {}, began {}{}{}",
        text(run, "id"),
        text(run, "workflow"),
        text(run, "state"),
        text(run, "started_at"),
        around(", ended ", text(run, "finished_at"), ""),
        around("; misses ", &texts(run, "missing").join(", "), ""),
    )];
    for step in array(run, "steps") {
        lines.push(format!(
            "  {}: {}{}{}{}{}",
            text(step, "id"),
            text(step, "state"),
            around(", due ", text(step, "due"), ""),
            around(", asks ", text(step, "approval"), ""),
            around(", task ", text(step, "task"), ""),
            around(": ", text(step, "reason"), ""),
        ));
        lines.extend(array(step, "attempts").iter().map(|attempt| {
            let (at, request) = (text(attempt, "at"), text(attempt, "request"));
            format!("    {at}  {request}: {}", text(attempt, "outcome"))
        }));
        lines.extend(array(step, "calls").iter().map(call_line));
    }
    lines
}

/// `    T4  call for create: 201 in 35 ms`.
fn call_line(call: &Value) -> String {
    let status = call.get("status").and_then(Value::as_u64);
    let result = text(call, "result").replace('_', " ");
    let came = status.map_or(result, |status| status.to_string());
    let (at, request) = (text(call, "at"), text(call, "request"));
    let took = number(call, "took_ms");
    format!("    {at}  call for {request}: {came} in {took} ms")
}

/// What is there, what will change, and what a roster contradicts.
fn access_lines(access: &Value) -> Vec<String> {
    let mut lines = vec!["has:".to_owned()];
    lines.extend(array(access, "actual").iter().map(|grant| {
        let what = joined(&[text(grant, "app"), &entitlement(grant)]);
        let by = around(", by policy ", &texts(grant, "policies").join(", "), "");
        let why = around(": ", text(grant, "reason"), "");
        let found = grant.get("found").and_then(Value::as_bool) == Some(true);
        let found = if found { " (found)" } else { "" };
        format!("  {what}: {}{found}{by}{why}", text(grant, "state"))
    }));
    lines.push("what is due would change:".to_owned());
    lines.extend(effects(array(access, "plan"), "nothing"));
    lines.extend(array(access, "drift").iter().map(|drift| {
        let (app, kind) = (text(drift, "app"), text(drift, "kind"));
        format!("a roster contradicts: {app} {kind}: {}", text(drift, "why"))
    }));
    let unknown = texts(access, "unknown").join(", ");
    let unknown = around(
        "nothing is given or taken, for want of an attribute: ",
        &unknown,
        "",
    );
    lines.extend(Some(unknown).filter(|line| !line.is_empty()));
    lines
}

/// Why somebody has an application, or does not.
fn app_lines(known: &Value) -> Vec<String> {
    let mut lines = vec![format!(
        "{} and {}: {}",
        text(known, "person"),
        text(known, "app"),
        text(known, "why")
    )];
    if let Some(grant) = known.get("actual").filter(|grant| grant.is_object()) {
        let what = around(" ", &entitlement(grant), "");
        let why = around(": ", text(grant, "reason"), "");
        lines.push(format!("  there is:{what} {}{why}", text(grant, "state")));
    }
    for met in array(known, "policies") {
        let (policy, gives) = (text(met, "policy"), entitlement(met));
        let matches = match text(met, "matches") {
            "true" => "matches",
            "false" => "does not match",
            _ => "nobody can tell whether it matches",
        };
        let gives = around(" (", &gives, ")");
        lines.push(format!("  policy {policy}{gives} {matches}"));
        lines.extend(array(met, "conditions").iter().map(|test| {
            let found = test.get("found").filter(|found| !found.is_null());
            let found = found.map_or("nothing".to_owned(), ToString::to_string);
            format!("{}; it is {found}", test_line(test, text(test, "holds")))
        }));
    }
    lines
}

/// `    no   when[0]: department is "Engineering"`.
fn test_line(test: &Value, holds: &str) -> String {
    let sign = match holds {
        "true" => "yes",
        "false" => "no",
        _ => "?",
    };
    let wanted = test.get("wanted").filter(|wanted| !wanted.is_null());
    let wanted = wanted.map_or(String::new(), |wanted| format!(" {wanted}"));
    let op = text(test, "op").replace('_', " ");
    let (at, path) = (text(test, "at"), text(test, "path"));
    format!("    {sign:<4} {at}: {path} {op}{wanted}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_with_its_runs_and_calls() {
        let event = json!({ "id": "evt_1", "kind": "candidate.hired", "source": "lever", "state": "done",
            "person": "per_1", "opportunity": null, "occurred_at": "T1", "received_at": "T2",
            "why": [{ "at": "T3", "text": "the rule `hired` matches", "detail": [
                { "at": "[0]", "path": "department", "op": "has_value", "wanted": null, "found": null, "truth": "true" }] }] });
        let step = json!({ "id": "access/figma", "state": "waiting", "approval": "apr_1", "reason": null,
            "attempts": [{ "at": "T4", "request": "create", "status": "ok", "outcome": "ok" }],
            "calls": [
                { "at": "T4", "request": "create", "status": 201, "result": "answered", "took_ms": 35 },
                { "at": "T5", "request": "verify", "status": null, "result": "no_answer", "took_ms": 15000 },
            ] });
        let run = json!({ "id": "run_1", "workflow": "onboard", "state": "running", "started_at": "T3", "steps": [step] });
        let decision =
            json!({ "at": "T5", "decision": "approved", "by": "key:1", "reason": "fine" });
        let approval = json!({ "id": "apr_1", "step": "access/figma", "state": "approved",
            "decisions": [decision] });
        assert_eq!(
            event_lines(&json!({ "event": event, "runs": [run], "approvals": [approval] })),
            [
                "evt_1 candidate.hired from lever: done",
                "  happened T1, known since T2, person per_1",
                "  T3  the rule `hired` matches",
                "    yes  [0]: department has value",
                "run_1 onboard: running, began T3",
                "  access/figma: waiting, asks apr_1",
                "    T4  create: ok",
                "    T4  call for create: 201 in 35 ms",
                "    T5  call for verify: no answer in 15000 ms",
                "apr_1 about access/figma: approved",
                "  T5  approved by key:1: fine",
            ]
        );
    }

    #[test]
    fn a_person_is_told_with_decisions_and_access() {
        let item = json!({ "at": "T1", "title": "approval rejected", "actor": "key:1", "app": null,
            "step": "access/figma", "cause": { "kind": "api", "id": "req_1" },
            "detail": { "after": { "reason": "not now" }, "result": "ok" } });
        let grant = json!({ "app": "mail", "plan": null, "role": "user", "groups": [], "state": "active",
            "policies": ["everybody"], "reason": null });
        let found = json!({ "app": "tracker", "plan": "pro", "role": null, "groups": [], "state": "active",
            "policies": [], "reason": "as the roster of tracker/prod shows it", "found": true });
        let drift = json!({ "app": "wiki", "kind": "vanished", "why": "it is not in the roster" });
        let access =
            json!({ "actual": [grant, found], "plan": [], "drift": [drift], "unknown": ["figma"] });
        let ada = json!({ "id": "per_1", "name": "Ada Park", "state": "active", "start_date": "2027-01-04" });
        assert_eq!(
            person_lines(
                &json!({ "person": ada, "timeline": [item], "runs": [], "access": access })
            ),
            [
                "Ada Park (per_1) is active, starts 2027-01-04",
                "happened:",
                "  T1  approval rejected (access/figma), by key:1, because of api req_1: not now",
                "has:",
                "  mail user: active, by policy everybody",
                "  tracker pro: active (found): as the roster of tracker/prod shows it",
                "what is due would change:",
                "  nothing",
                "a roster contradicts: wiki vanished: it is not in the roster",
                "nothing is given or taken, for want of an attribute: figma",
            ]
        );
    }

    #[test]
    fn an_application_is_explained_condition_by_condition() {
        let test = |at: &str, path: &str, wanted: Value, found: Value, holds: &str| {
            json!({ "at": at, "path": path,
            "op": "any_of", "wanted": wanted, "found": found, "holds": holds })
        };
        let teams = test(
            "when[0]",
            "team",
            json!(["Ops", "IT"]),
            json!("Sales"),
            "false",
        );
        let office = test(
            "grants[1].when[0]",
            "office",
            json!(["Oslo"]),
            Value::Null,
            "unknown",
        );
        let policies = json!([
            { "policy": "makers", "matches": "false", "plan": "pro", "role": null, "groups": [], "conditions": [teams, office] },
            { "policy": "everybody", "matches": "true", "plan": null, "role": null, "groups": [], "conditions": [] },
        ]);
        let grant = json!({ "plan": "pro", "role": null, "groups": [], "state": "failed", "reason": "no seat" });
        let known = json!({ "person": "per_1", "app": "figma", "why": "no policy that gives it matches",
            "actual": grant, "policies": policies });
        assert_eq!(
            app_lines(&known),
            [
                "per_1 and figma: no policy that gives it matches",
                "  there is: pro failed: no seat",
                "  policy makers (pro) does not match",
                "    no   when[0]: team any of [\"Ops\",\"IT\"]; it is \"Sales\"",
                "    ?    grants[1].when[0]: office any of [\"Oslo\"]; it is nothing",
                "  policy everybody matches",
            ]
        );
    }

    #[test]
    fn events_and_people_are_told_apart() {
        assert!(matches!("evt_1".parse(), Ok(Subject::Event(_))));
        assert!(matches!("per_1".parse(), Ok(Subject::Person(_))));
        let wrong = "run_1".parse::<Subject>().err().unwrap();
        assert!(wrong.contains("evt_…"), "{wrong}");
    }
}
