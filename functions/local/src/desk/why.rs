//! `sando why`: what happened to an event or a person, and why, in lines (L27).

use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use sando_core::ids::{EventId, PersonId};
use serde_json::{Value, json};

use super::Desk;
use super::apply::{entitlement, text};
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
    #[command(flatten)]
    listing: Listing,
}

/// Tells it.
///
/// # Errors
/// If Sando cannot be asked, or does not know it.
pub(crate) async fn why(flags: &WhyFlags) -> anyhow::Result<ExitCode> {
    let desk = flags.listing.at.open().await?;
    let (known, lines) = match &flags.subject {
        Subject::Event(id) => {
            let known = of_event(&desk, id).await?;
            let lines = event_lines(&known);
            (known, lines)
        }
        Subject::Person(id) => {
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

/// `{event, runs}`.
async fn of_event(desk: &Desk, id: &EventId) -> anyhow::Result<Value> {
    let event = desk.read(&format!("/v1/events/{id}")).await?;
    let mut runs = Vec::new();
    for run in texts(&event, "runs") {
        let answered = desk.client.read(&format!("/v1/runs/{run}")).await?;
        // Kept for long enough: the event may outlive it.
        if answered.status != 404 {
            runs.push(answered.done()?);
        }
    }
    Ok(json!({ "event": event, "runs": runs }))
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
    let why = array(&event, "why").iter();
    lines.extend(why.map(|one| format!("  {}  {}", text(one, "at"), text(one, "text"))));
    lines.extend(array(known, "runs").iter().flat_map(run_lines));
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
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_with_its_runs_and_calls() {
        let event = json!({ "id": "evt_1", "kind": "candidate.hired", "source": "lever", "state": "done",
            "person": "per_1", "opportunity": null, "occurred_at": "T1", "received_at": "T2",
            "why": [{ "at": "T3", "text": "the rule `hired` matches" }] });
        let step = json!({ "id": "access/figma", "state": "waiting", "approval": "apr_1", "reason": null,
            "attempts": [{ "at": "T4", "request": "create", "status": "ok", "outcome": "ok" }] });
        let run = json!({ "id": "run_1", "workflow": "onboard", "state": "running", "started_at": "T3", "steps": [step] });
        assert_eq!(
            event_lines(&json!({ "event": event, "runs": [run] })),
            [
                "evt_1 candidate.hired from lever: done",
                "  happened T1, known since T2, person per_1",
                "  T3  the rule `hired` matches",
                "run_1 onboard: running, began T3",
                "  access/figma: waiting, asks apr_1",
                "    T4  create: ok",
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
    fn events_and_people_are_told_apart() {
        assert!(matches!("evt_1".parse(), Ok(Subject::Event(_))));
        assert!(matches!("per_1".parse(), Ok(Subject::Person(_))));
        let wrong = "run_1".parse::<Subject>().err().unwrap();
        assert!(wrong.contains("evt_…"), "{wrong}");
    }
}
