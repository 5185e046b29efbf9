//! Tells what Sando does as lines that a person can follow.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::bail;
use sando_infra::http::Method;
use serde_json::{Value, json};

use super::company::Town;
use crate::client::Client;
use crate::say;

/// How often the story looks at what Sando did.
pub(super) const LOOK: Duration = Duration::from_millis(150);
/// How long the story waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The story so far.
pub struct Story {
    pub(super) client: Client,
    /// Who says yes in the demo.
    pub(super) approver: Client,
    pub(super) hires: Option<u32>,
    pub(super) hired: u32,
    pub(super) left: u32,
    pub(super) staff: usize,
    /// The name of a person, or of a candidacy before its person is known.
    pub(super) names: BTreeMap<String, String>,
    pub(super) clocks: BTreeMap<String, Instant>,
    labels: BTreeMap<String, String>,
    told: BTreeSet<String>,
}

impl Story {
    /// A story of so many hires; without end if none is said.
    pub fn new(client: Client, approver: Client, town: &Town, hires: Option<u32>) -> Self {
        Self {
            client,
            approver,
            hires,
            hired: 0,
            left: 0,
            staff: 0,
            names: BTreeMap::new(),
            clocks: BTreeMap::new(),
            labels: town.labels.clone(),
            told: BTreeSet::new(),
        }
    }

    /// Tells what happens for a while.
    pub(super) async fn watch(&mut self, time: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            self.look().await?;
            if begun.elapsed() >= time {
                return Ok(());
            }
            tokio::time::sleep(LOOK.min(time)).await;
        }
    }

    /// Tells what happens until something is there.
    pub(super) async fn until<T>(
        &mut self,
        what: &str,
        find: impl AsyncFn(&Client) -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            self.look().await?;
            if let Some(found) = find(&self.client).await? {
                self.look().await?;
                return Ok(found);
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("the demo waited a minute in vain for this: {what}");
    }

    /// Until everything that waits for nobody and no time is done, or half a minute.
    pub(super) async fn come_to_rest(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) && self.is_busy().await? {
            self.watch(LOOK).await?;
        }
        Ok(())
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        let runs = self.client.get("/v1/runs?limit=20").await?;
        let mut runs: Vec<&Value> = items(&runs).collect();
        runs.reverse();
        for run in runs {
            if !self.told.contains(text(run, "id")) {
                self.tell_run(run).await?;
            }
        }
        Ok(())
    }

    async fn tell_run(&mut self, run: &Value) -> anyhow::Result<()> {
        let (id, person) = (text(run, "id"), text(run, "person"));
        let name = self.name_of(person).await?;
        let took = self.took(person);
        for (words, what) in self.news(id, run) {
            say(&format!("  → {name} · {}: {words}{took}", what.join(", ")));
        }
        if text(run, "state") != "running" {
            self.told.insert(id.to_owned());
            let workflow = text(run, "workflow");
            say(&format!("  ✓ {name}: {workflow} is finished{took}"));
        }
        Ok(())
    }

    /// What was not told of a run's steps yet: in words, of which applications. The note comes last, as it does in life.
    fn news(&mut self, run: &str, view: &Value) -> Vec<(String, Vec<String>)> {
        let mut news: Vec<(String, Vec<String>)> = Vec::new();
        let is_note = |step: &&Value| text(step, "type") == "lever_note";
        let steps = || field(view, "steps").as_array().into_iter().flatten();
        let work = steps().filter(|step| !is_note(step));
        for step in work.chain(steps().filter(is_note)) {
            let Some(words) = words(step) else { continue };
            let key = format!("{run} {} {words}", text(step, "id"));
            if !self.told.insert(key) {
                continue;
            }
            let label = self.label(step);
            match news.iter_mut().find(|(known, _)| *known == words) {
                Some((_, what)) => what.push(label),
                None => news.push((words, vec![label])),
            }
        }
        news
    }

    fn label(&self, step: &Value) -> String {
        let app = text(step, "app");
        let label = self.labels.get(app).map(String::as_str);
        let step = || match text(step, "type") {
            "lever_note" => "Lever",
            _ => text(step, "id"),
        };
        label.unwrap_or_else(step).to_owned()
    }

    fn took(&self, person: &str) -> String {
        self.clocks
            .get(person)
            .map(|since| format!(" ({} ms)", since.elapsed().as_millis()))
            .unwrap_or_default()
    }

    async fn name_of(&mut self, person: &str) -> anyhow::Result<String> {
        if let Some(name) = self.names.get(person) {
            return Ok(name.clone());
        }
        let view = self.client.get(&format!("/v1/people/{person}")).await?;
        let name = text(&view, "name").to_owned();
        let mut known = self.names.iter();
        let opportunity = known.find(|(_, known)| **known == name);
        let since = opportunity.and_then(|(id, _)| self.clocks.get(id).copied());
        if let Some(since) = since {
            self.clocks.insert(person.to_owned(), since);
        }
        self.names.insert(person.to_owned(), name.clone());
        Ok(name)
    }

    /// Is anything under way that waits for nobody and no time?
    async fn is_busy(&self) -> anyhow::Result<bool> {
        let running = self.client.get("/v1/runs?state=running&limit=50").await?;
        let is_busy = |step: &Value| match text(step, "state") {
            "ready" | "unknown" => true,
            "running" => !field(step, "app").is_null(),
            _ => false,
        };
        let mut steps = items(&running)
            .filter_map(|run| field(run, "steps").as_array())
            .flatten();
        Ok(steps.any(is_busy))
    }

    /// What it came to, counted in the applications themselves.
    pub async fn sum_up(&self, town: &Town) -> anyhow::Result<()> {
        let audit = self
            .client
            .call(Method::POST, "/v1/audit:verify", &json!({}))
            .await?;
        say(&format!(
            "\n{} hired, {} left, {} were here already.",
            self.hired, self.left, self.staff
        ));
        let accounts = town.accounts().join(", ");
        say(&format!(
            "Accounts: {accounts}; doubled: {}.",
            town.doubled()
        ));
        say(&format!(
            "Audit: {} records, {}.",
            field(&audit, "records"),
            if *field(&audit, "ok") == Value::Bool(true) {
                "every chain intact"
            } else {
                "BROKEN"
            }
        ));
        Ok(())
    }
}

/// How a step stands, as far as it is worth telling.
fn words(step: &Value) -> Option<String> {
    let of_app = !field(step, "app").is_null();
    let reason = text(step, "reason");
    let waits_until = reason.starts_with("waits until") || reason == "waits for its time";
    let words = match (text(step, "type"), text(step, "state")) {
        ("grant", "verified") if of_app => "account made and seen",
        ("revoke", "verified") if of_app => "taken away and seen",
        ("grant", "waiting") if !field(step, "approval").is_null() => "waits for somebody's yes",
        ("grant", "waiting") if waits_until => {
            let due = text(step, "due").get(..16).unwrap_or_default();
            return Some(format!("comes on {} UTC", due.replace('T', " at ")));
        }
        ("grant" | "revoke", "cancelled") if of_app => "called off, nothing was sent",
        (_, "waiting") if !field(step, "task").is_null() => "a task for a human",
        ("lever_note", "verified") => "note written",
        (_, "unknown") => "no answer: nobody knows, so it is looked for, not repeated",
        (_, "failed") => "failed: the owner has a task",
        _ => return None,
    };
    Some(words.to_owned())
}

/// A field of an answer; null if it is not there.
pub(super) fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// A text of an answer; empty if it is not there.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    field(value, name).as_str().unwrap_or_default()
}

/// The items of a list.
pub(super) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    field(list, "items").as_array().into_iter().flatten()
}
