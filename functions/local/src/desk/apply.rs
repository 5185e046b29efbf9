//! `sando plan` and `sando apply`: what a folder of files would do to everybody's access, and then doing it.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use sando_core::app::price;
use sando_core::mistake::Mistake;
use sando_infra::http::Method;
use serde_json::{Value, json};

use super::definitions::{self, Differing};
use super::folder::{self, File};
use super::words::{around, clean};
use super::{Desk, Where, rehearsal};
use crate::client::Answered;
use crate::{print, say};

/// More people would lose something than may without a second look: the plan has to be named.
const OVER_CAP: u8 = 3;
/// The plan that was seen does not hold any more.
pub(super) const MOVED: u8 = 4;
/// How long long work is waited for.
pub(super) const PATIENCE: u32 = 600;

/// Flags of `sando plan`.
#[derive(Args)]
pub(crate) struct PlanFlags {
    /// A folder of files: definitions, applications, policies, rules, workflows, attributes (YAML or JSON)
    folder: PathBuf,
    #[command(flatten)]
    at: Where,
    /// Also run the events that came in since then on the files as they are and as they would be: a day as 2027-01-31, a
    /// time as 2027-01-31T09:00:00Z, or so many days as 30d
    #[arg(long, value_name = "SINCE", value_parser = rehearsal::since)]
    events_since: Option<Timestamp>,
    /// The plan as the API answers it
    #[arg(long)]
    json: bool,
}

/// Flags of `sando apply`.
#[derive(Args)]
pub(crate) struct ApplyFlags {
    /// A folder of files, as for `sando plan`
    folder: PathBuf,
    #[command(flatten)]
    at: Where,
    /// Apply exactly the plan with this hash, as `sando plan` showed it
    #[arg(long, value_name = "HASH")]
    plan: Option<String>,
    /// Do not ask; not enough where more people would lose something than the cap
    #[arg(long)]
    yes: bool,
}

pub(super) fn usage(lines: &[String]) -> ExitCode {
    lines.iter().for_each(|line| say(&format!("sando: {line}")));
    ExitCode::from(2)
}

/// What was planned, and on which desk.
struct Begun {
    desk: Desk,
    files: Vec<File>,
    /// The files as changes of the API: all but definitions.
    changes: Vec<Value>,
    definitions: Vec<Differing>,
    plan: Value,
}

/// Reads the files and plans them; nothing is asked where they have mistakes. Those are all told here, and the command
/// ends with 2.
async fn begin(folder: &Path, at: &Where) -> anyhow::Result<Result<Begun, ExitCode>> {
    let files = match folder::read(folder) {
        Ok(files) => files,
        Err(wrong) => {
            wrong.iter().for_each(|one| say(&one.line));
            return Ok(Err(ExitCode::from(2)));
        }
    };
    let changes: Vec<Value> = files.iter().filter_map(File::change).collect();
    let desk = at.open().await?;
    let mut plan = match planned(&desk, &files, &changes).await? {
        Ok(plan) => plan,
        Err(code) => return Ok(Err(code)),
    };
    let definitions = definitions::differing(&desk, &files).await?;
    if let Some(plan) = plan.as_object_mut() {
        let listed: Vec<Value> = definitions.iter().map(Differing::object).collect();
        plan.insert("definitions".to_owned(), Value::Array(listed));
    }
    Ok(Ok(Begun {
        desk,
        files,
        changes,
        definitions,
        plan,
    }))
}

/// Shows what the files would do. 0: done; 2: the files have mistakes; 3: more people would lose something than the cap.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn plan(flags: &PlanFlags) -> anyhow::Result<ExitCode> {
    let begun = match begin(&flags.folder, &flags.at).await? {
        Ok(begun) => begun,
        Err(code) => return Ok(code),
    };
    let events = match flags.events_since {
        Some(since) => Some(rehearsal::of(&begun.desk, &begun.changes, since).await?),
        None => None,
    };
    let mut plan = begun.plan;
    if flags.json {
        if let (Some(plan), Some(events)) = (plan.as_object_mut(), events) {
            plan.insert("events".to_owned(), events);
        }
        print(&format!("{plan:#}"));
    } else {
        begun.definitions.iter().for_each(|one| print(&one.line()));
        show(&plan);
        events.iter().for_each(rehearsal::show);
    }
    Ok(match is_over_cap(&plan) {
        true => ExitCode::from(OVER_CAP),
        false => ExitCode::SUCCESS,
    })
}

/// Shows what the files would do, asks, and does it. As `plan`, and 4: the plan does not hold any more.
///
/// # Errors
/// If Sando cannot be asked, or what it began fails.
pub(crate) async fn apply(flags: &ApplyFlags) -> anyhow::Result<ExitCode> {
    let begun = match begin(&flags.folder, &flags.at).await? {
        Ok(begun) => begun,
        Err(code) => return Ok(code),
    };
    begun.definitions.iter().for_each(|one| print(&one.line()));
    show(&begun.plan);
    let hash = text(&begun.plan, "hash");
    match &flags.plan {
        Some(seen) if seen != hash => {
            say("sando: the plan does not hold any more; this is the one that does");
            return Ok(ExitCode::from(MOVED));
        }
        Some(_) => {}
        None if is_over_cap(&begun.plan) => {
            say(&format!(
                "sando: more people would lose something than may without a second look; to do it: --plan {hash}"
            ));
            return Ok(ExitCode::from(OVER_CAP));
        }
        None if flags.yes || asked("Apply this?")? => {}
        None => {
            return Ok(usage(&[
                "nothing was put: say --yes, or --plan with the hash".to_owned(),
            ]));
        }
    }
    // Definitions come last: where the plan did not hold, nothing at all is put.
    if !begun.changes.is_empty()
        && let Err(code) = put(&begun, hash).await?
    {
        return Ok(code);
    }
    definitions::put(&begun.desk, &begun.files, &begun.definitions).await
}

/// Puts the files if the plan still holds, and waits for what follows; or tells how the command ends.
async fn put(begun: &Begun, hash: &str) -> anyhow::Result<Result<(), ExitCode>> {
    let desk = &begun.desk;
    let body = json!({ "changes": begun.changes, "plan": hash });
    let answered = desk.client.send(Method::POST, "/v1/apply", &body).await?;
    if !answered.is_success() {
        return Ok(Err(refused(&answered, &begun.files)));
    }
    if desk.is_asleep {
        // Nobody works on it before Sando runs again.
        print(&format!(
            "stored as {}: it is applied, if the plan still holds, as soon as `sando serve` runs",
            text(&answered.body, "id")
        ));
        return Ok(Ok(()));
    }
    let done = waited(desk, answered).await?;
    if text(&done, "state") == "failed" {
        say(&format!("sando: {}", text(&done, "reason")));
        return Ok(Err(ExitCode::from(MOVED)));
    }
    let started = done.pointer("/result/started").and_then(Value::as_u64);
    print(&format!(
        "applied; changes began for {} people",
        started.unwrap_or(0)
    ));
    Ok(Ok(()))
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn is_over_cap(plan: &Value) -> bool {
    plan.get("over_cap")
        .and_then(Value::as_bool)
        .unwrap_or_default()
}

/// The plan, or the exit code of mistakes in the files.
async fn planned(
    desk: &Desk,
    files: &[File],
    changes: &[Value],
) -> anyhow::Result<Result<Value, ExitCode>> {
    let body = json!({ "changes": changes });
    let answered = desk.client.send(Method::POST, "/v1/plan", &body).await?;
    if !answered.is_success() {
        return Ok(Err(refused(&answered, files)));
    }
    if answered.status != 202 {
        return Ok(Ok(answered.body));
    }
    if desk.is_asleep {
        bail!("the plan takes longer than one call may: run `sando serve` and plan against it");
    }
    Ok(Ok(result(desk, answered).await?))
}

/// What a job answers in the end.
///
/// # Errors
/// If it fails, or takes longer than one waits.
pub(super) async fn result(desk: &Desk, begun: Answered) -> anyhow::Result<Value> {
    let done = waited(desk, begun).await?;
    if text(&done, "state") == "failed" {
        bail!("{}", text(&done, "reason"));
    }
    Ok(done.get("result").cloned().unwrap_or_default())
}

/// Tells what is wrong with the files, each mistake where it stands.
fn refused(answered: &Answered, files: &[File]) -> ExitCode {
    let mistakes = answered.mistakes();
    if mistakes.is_empty() {
        return usage(&answered.problem());
    }
    let lines: Vec<String> = mistakes
        .into_iter()
        .flat_map(|mistake| in_its_file(mistake, files))
        .collect();
    lines.iter().for_each(|line| say(line));
    ExitCode::from(2)
}

/// `changes[2].file.grants[0].app: …` is a mistake of the third file that is no definition.
fn in_its_file(mistake: Mistake, files: &[File]) -> Vec<String> {
    let place = mistake.path.strip_prefix("changes[").and_then(|rest| {
        let (number, rest) = rest.split_once(']')?;
        let inside = rest.strip_prefix(".file").unwrap_or_default();
        let inside = inside.strip_prefix('.').unwrap_or(inside);
        Some((number.parse::<usize>().ok()?, inside.to_owned()))
    });
    let found = place.and_then(|(number, inside)| {
        let mut changed = files.iter().filter(|file| file.kind.is_some());
        Some((changed.nth(number)?, inside))
    });
    let Some((file, inside)) = found else {
        return vec![mistake.to_string()];
    };
    let placed = file.placed(vec![Mistake::new(inside, mistake.message)]);
    placed.into_iter().map(|one| one.line).collect()
}

/// A job, looked at until it is over.
async fn waited(desk: &Desk, begun: Answered) -> anyhow::Result<Value> {
    let path = format!("/v1/jobs/{}", text(&begun.body, "id"));
    for _ in 0..PATIENCE {
        let job = desk.client.get(&path).await?;
        if text(&job, "state") != "running" {
            return Ok(job);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    bail!("it goes on without us: look at GET {path}")
}

/// Does the person at the terminal say yes? Where there is none, nobody does.
///
/// # Errors
/// If the terminal cannot be read.
pub(super) fn asked(question: &str) -> anyhow::Result<bool> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Ok(false);
    }
    say(&format!("{question} [y/N]"));
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// One line an effect, then the sums.
fn show(plan: &Value) {
    let effects = plan.get("effects").and_then(Value::as_array);
    for effect in effects.into_iter().flatten() {
        print(&effect_line(effect));
    }
    if plan.get("truncated").and_then(Value::as_bool) == Some(true) {
        print("…");
    }
    let totals = plan.get("totals").cloned().unwrap_or_default();
    print(&format!(
        "{} people looked at: {} gains, {} changes, {} losses for {} of them{}",
        number(plan, "people"),
        number(&totals, "gains"),
        number(&totals, "changes"),
        number(&totals, "losses"),
        number(plan, "affected"),
        money(plan.get("monthly")),
    ));
    let rosters = plan.get("rosters").and_then(rosters_line);
    rosters.iter().for_each(|line| print(line));
    print(&format!("plan {}", text(plan, "hash")));
}

fn effect_line(effect: &Value) -> String {
    let sign = match text(effect, "effect") {
        "gains" => "+",
        "loses" => "-",
        _ => "~",
    };
    let side = |name: &str| effect.get(name).map_or_else(String::new, entitlement);
    let (before, after) = (side("before"), side("after"));
    let what = match sign {
        "+" => after,
        "-" => before,
        _ => format!("{before} → {after}"),
    };
    let parts = [sign, text(effect, "person"), text(effect, "app"), &what];
    let line = parts.join(" ");
    let (cost, there) = (money(effect.get("monthly")), there(sign, effect));
    format!("{}{cost}{there}", line.trim_end())
}

/// What the roster shows of them, where it is not what one would think: `; has a user there, on free`.
fn there(sign: &str, effect: &Value) -> String {
    let Some(shown) = effect.get("roster").filter(|shown| shown.is_object()) else {
        return String::new();
    };
    let said = match (text(shown, "user"), sign) {
        ("active", "+") => "has a user there",
        ("inactive", "+") => "has a user there who is not active",
        ("inactive", _) => "the user there is not active any more",
        ("unexplained", _) => "a user there has the address, and nobody here gave it: look first",
        ("other_address", _) => "has a user there under another address",
        ("absent", "-" | "~") => "has no user there",
        _ => return String::new(),
    };
    let plan = around(", on ", &clean(text(shown, "plan")), "");
    format!("; {said}{plan}")
}

/// What the rosters make of the sums; none where nothing was looked up.
fn rosters_line(rosters: &Value) -> Option<String> {
    let of = |name: &str| number(rosters, name);
    let looked_up = of("looked_up");
    let rest = match of("not_looked_up") {
        0 => String::new(),
        more => format!(" ({more} were not)"),
    };
    (looked_up > 0).then(|| {
        format!(
            "rosters, for {looked_up} effects looked up{rest}: {} new seats, {} there already, {} freed, {} gone already, {} unclear{}",
            of("seats_new"),
            of("seats_there"),
            of("seats_freed"),
            of("seats_gone"),
            of("unclear"),
            money(rosters.get("monthly")),
        )
    })
}

pub(super) fn entitlement(value: &Value) -> String {
    let parts = ["plan", "role"]
        .into_iter()
        .map(|name| text(value, name).to_owned());
    let groups = value.get("groups").and_then(Value::as_array);
    let groups = groups.into_iter().flatten().filter_map(Value::as_str);
    let all = parts.chain(groups.map(str::to_owned));
    all.filter(|part| !part.is_empty())
        .collect::<Vec<String>>()
        .join(" ")
}

/// `, 15.00 EUR a month`.
fn money(sums: Option<&Value>) -> String {
    let sums = sums.and_then(Value::as_array).into_iter().flatten();
    let shown = sums.filter_map(amount);
    shown.map(|sum| format!(", {sum} a month")).collect()
}

/// `15.00 EUR`; none for nothing.
pub(super) fn amount(sum: &Value) -> Option<String> {
    let amount = sum
        .get("amount_minor")?
        .as_i64()
        .filter(|amount| *amount != 0)?;
    Some(price::amount(amount, text(sum, "currency")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_as_lines() {
        let sums = json!([{ "amount_minor": -1505, "currency": "EUR" }]);
        let loss = json!({ "effect": "loses", "person": "per_1", "app": "figma",
            "before": { "plan": "pro", "role": null, "groups": ["eng"] }, "after": null, "monthly": sums });
        assert_eq!(
            effect_line(&loss),
            "- per_1 figma pro eng, -15.05 EUR a month"
        );
        let gain = json!({ "effect": "gains", "person": "per_1", "app": "mail", "before": null,
            "after": { "plan": null, "role": null, "groups": [] }, "monthly": [] });
        assert_eq!(effect_line(&gain), "+ per_1 mail");
    }

    #[test]
    fn a_plan_says_what_rosters_make_of_it() {
        let check = |effect: &str, user: &str, plan: Option<&str>, expect: &str| {
            let roster =
                json!({ "user": user, "account": "figma/prod", "plan": plan, "at": "2027-01-04" });
            let effect = json!({ "effect": effect, "person": "per_1", "app": "figma", "before": null,
                "after": null, "monthly": [], "roster": roster });
            assert_eq!(effect_line(&effect), expect);
        };

        check(
            "gains",
            "active",
            Some("free"),
            "+ per_1 figma; has a user there, on free",
        );
        check("gains", "absent", None, "+ per_1 figma");
        check("loses", "active", Some("pro"), "- per_1 figma");
        check("loses", "absent", None, "- per_1 figma; has no user there");
        let rosters = json!({ "looked_up": 7, "not_looked_up": 2, "seats_new": 1, "seats_there": 2,
            "seats_freed": 3, "seats_gone": 1, "unclear": 0,
            "monthly": [{ "amount_minor": 1500, "currency": "EUR" }] });
        assert_eq!(
            rosters_line(&rosters).as_deref(),
            Some(
                "rosters, for 7 effects looked up (2 were not): 1 new seats, 2 there already, 3 freed, 1 gone already, \
                 0 unclear, 15.00 EUR a month"
            )
        );
        assert_eq!(rosters_line(&json!({ "looked_up": 0 })), None);
    }

    #[test]
    fn a_mistake_that_is_answered_stands_in_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("a.yaml", "app: figma\n");
        put("b.yaml", "policy: makers\ngrants:\n  - app: figma\n");
        let files = folder::read(folder.path()).unwrap_or_default();
        let said = |path: &str| in_its_file(Mistake::new(path, "is wrong"), &files);

        let named = said("changes[1].file.grants[0].app");

        let wanted = format!(
            "{}/b.yaml:3:5: grants[0].app: is wrong",
            folder.path().display()
        );
        assert_eq!(named, [wanted]);
        assert_eq!(said("changes[7].file"), ["changes[7].file: is wrong"]);
        assert_eq!(said("changes"), ["changes: is wrong"]);
    }
}
