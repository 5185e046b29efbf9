//! `sando pause` and `sando resume`: the brake (L31).

use std::process::ExitCode;

use clap::Args;
use sando_core::ids::AppSlug;
use serde_json::{Value, json};

use super::Where;
use super::apply::text;
use super::deed::{Because, Consent, Deed, Shown, done, shown_first};
use super::words::{around, array, joined};

/// What is meant; everything unless it is said.
#[derive(Args)]
struct Scope {
    /// Only this application
    #[arg(long, conflicts_with = "removals")]
    app: Option<AppSlug>,
    /// Only what takes access away
    #[arg(long)]
    removals: bool,
}

impl Scope {
    fn body(&self) -> Value {
        match (&self.app, self.removals) {
            (Some(app), _) => json!({ "scope": "app", "app": app }),
            (None, true) => json!({ "scope": "removals" }),
            (None, false) => json!({ "scope": "all" }),
        }
    }
}

/// Flags of `sando pause`.
#[derive(Args)]
pub(crate) struct PauseFlags {
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    because: Because,
}

/// Flags of `sando resume`.
#[derive(Args)]
pub(crate) struct ResumeFlags {
    #[command(flatten)]
    scope: Scope,
    /// Which removals go on, with --removals: `all`, `none`, or the ids of their grants; who has the others keeps them
    #[arg(
        long,
        value_name = "GRANT,…",
        value_delimiter = ',',
        requires = "removals"
    )]
    accept: Vec<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    at: Where,
}

impl ResumeFlags {
    fn body(&self) -> Value {
        let mut body = self.scope.body();
        let accept = match self.accept.as_slice() {
            [] => return body,
            [word] if word == "all" || word == "none" => json!(word),
            ids => json!(ids),
        };
        if let Some(fields) = body.as_object_mut() {
            fields.insert("accept".to_owned(), accept);
        }
        body
    }
}

/// Puts the brake on, and tells what is paused then.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn pause(flags: &PauseFlags) -> anyhow::Result<ExitCode> {
    let mut body = flags.scope.body();
    if let Some(fields) = body.as_object_mut() {
        fields.insert("reason".to_owned(), json!(flags.because.reason));
    }
    let deed = Deed {
        path: "/v1/pause".to_owned(),
        body,
        told: paused,
    };
    done(&flags.because.at, &deed).await
}

/// Shows what is held back, asks, and lets it go on.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn resume(flags: &ResumeFlags) -> anyhow::Result<ExitCode> {
    let shown = Shown {
        deed: Deed {
            path: "/v1/resume".to_owned(),
            body: flags.body(),
            told: go_on,
        },
        plan: held,
        go: |seen| ("confirm", Value::from(text(seen, "hash"))),
        consent: Consent::of(flags.yes),
    };
    shown_first(&flags.at, &shown).await
}

/// `everything is paused since …, by …: audit`.
fn paused(answer: &Value) -> Vec<String> {
    let line = |what: &str, brake: &Value| {
        let (since, by) = (text(brake, "since"), text(brake, "by"));
        let why = around(": ", text(brake, "reason"), "");
        format!("{what} is paused since {since}, by {by}{why}")
    };
    let wide = [("all", "everything"), ("removals", "what takes away")];
    let wide = wide.into_iter().filter_map(|(name, what)| {
        let brake = answer.get(name).filter(|brake| !brake.is_null())?;
        Some(line(what, brake))
    });
    let apps = answer.get("apps").and_then(Value::as_object);
    let apps = apps.into_iter().flatten();
    wide.chain(apps.map(|(app, brake)| line(app, brake)))
        .collect()
}

fn go_on(answer: &Value) -> Vec<String> {
    let effects = format!("{} effects go on", array(answer, "plan").len());
    let refused = match array(answer, "refused").len() {
        0 => None,
        count => Some(format!("{count} removals are called off")),
    };
    std::iter::once(effects).chain(refused).collect()
}

/// One line an effect that is held back.
fn held(seen: &Value) -> Vec<String> {
    let effects = array(seen, "plan");
    let line = |one: &Value| {
        let goal = if one.get("less") == Some(&json!(true)) {
            "reduce"
        } else {
            text(one, "goal")
        };
        let what = joined(&[goal, text(one, "app")]);
        let (run, step) = (text(one, "run"), text(one, "step"));
        let grant = around(", ", text(one, "grant"), "");
        format!(
            "  {what} for {} ({run}, {step}{grant})",
            text(one, "person")
        )
    };
    let sum = format!("{} effects are held back", effects.len());
    effects.iter().map(line).chain([sum]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_paused_and_held_back_reads_as_lines() {
        let brake =
            json!({ "since": "2027-01-04T09:00:00Z", "by": "local-admin", "reason": "audit" });
        let answer =
            json!({ "paused": true, "all": null, "removals": brake, "apps": { "figma": brake } });
        assert_eq!(
            paused(&answer),
            [
                "what takes away is paused since 2027-01-04T09:00:00Z, by local-admin: audit",
                "figma is paused since 2027-01-04T09:00:00Z, by local-admin: audit",
            ]
        );
        let one = json!({ "run": "run_1", "step": "access/figma", "person": "per_1", "app": "figma", "goal": "give" });
        assert_eq!(
            held(&json!({ "plan": [one] })),
            [
                "  give figma for per_1 (run_1, access/figma)",
                "1 effects are held back"
            ]
        );
        let one = json!({ "run": "run_1", "step": "revoke/figma", "person": "per_1", "app": "figma", "grant": "gra_1",
            "goal": "suspend" });
        assert_eq!(
            held(&json!({ "plan": [one] }))[0],
            "  suspend figma for per_1 (run_1, revoke/figma, gra_1)"
        );
        let less = json!({ "run": "run_1", "step": "access/figma", "person": "per_1", "app": "figma", "goal": "give",
            "less": true });
        assert_eq!(
            held(&json!({ "plan": [less] }))[0],
            "  reduce figma for per_1 (run_1, access/figma)"
        );
        assert_eq!(
            go_on(&json!({ "plan": [], "refused": [one] })),
            ["0 effects go on", "1 removals are called off"]
        );
    }

    #[test]
    fn removals_are_accepted_as_a_word_or_by_their_grants() {
        #[derive(clap::Parser)]
        struct Typed {
            #[command(flatten)]
            flags: ResumeFlags,
        }
        let accept = |typed: &[&str]| {
            let line = ["resume"].iter().chain(typed);
            let typed = <Typed as clap::Parser>::try_parse_from(line).ok()?;
            Some(typed.flags.body()["accept"].clone())
        };

        assert_eq!(accept(&["--removals"]), Some(Value::Null));
        assert_eq!(
            accept(&["--removals", "--accept", "none"]),
            Some(json!("none"))
        );
        assert_eq!(
            accept(&["--removals", "--accept", "gra_1,gra_2"]),
            Some(json!(["gra_1", "gra_2"]))
        );
        assert_eq!(accept(&["--accept", "none"]), None);
    }
}
