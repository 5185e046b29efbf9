//! Tells what happens as lines that a person can follow.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sando_infra::http::Method;
use sando_world::{Fault, FaultKind, WebhookSwitches};
use serde_json::{Value, json};

use super::company::Town;
use crate::client::Client;
use crate::say;

/// Every so many hires somebody leaves.
const LEAVES: u32 = 4;
/// How often the story looks at what Sando did.
const LOOK: Duration = Duration::from_millis(150);

/// The story so far.
pub struct Story {
    client: Client,
    hires: Option<u32>,
    hired: u32,
    left: u32,
    names: BTreeMap<String, String>,
    clocks: BTreeMap<String, Instant>,
    told: BTreeSet<String>,
    people: Vec<String>,
}

impl Story {
    /// A story of so many hires; without end if none is said.
    pub fn new(client: Client, hires: Option<u32>) -> Self {
        Self {
            client,
            hires,
            hired: 0,
            left: 0,
            names: BTreeMap::new(),
            clocks: BTreeMap::new(),
            told: BTreeSet::new(),
            people: Vec::new(),
        }
    }

    /// Hires, now and then a leaver, until the last one has everything.
    pub async fn tell(&mut self, town: &mut Town, every: Duration) -> anyhow::Result<()> {
        while self.hires.is_none_or(|hires| self.hired < hires) {
            self.hire(town)?;
            self.watch(every).await?;
            if self.hired.is_multiple_of(LEAVES) {
                self.leave().await?;
                self.watch(every).await?;
            }
        }
        let last = Instant::now();
        while last.elapsed() < Duration::from_secs(30) && self.is_busy().await? {
            self.watch(LOOK).await?;
        }
        Ok(())
    }

    fn hire(&mut self, town: &mut Town) -> anyhow::Result<()> {
        self.hired += 1;
        self.make_trouble(town);
        let (employee, ids) = town.next_candidate();
        say(&format!(
            "● {} is hired: {}, {}",
            employee.name, employee.title, employee.department
        ));
        self.names.insert(ids.opportunity.clone(), employee.name);
        self.clocks.insert(ids.opportunity.clone(), Instant::now());
        town.lever
            .hire(&ids.opportunity)
            .map_err(|error| anyhow::anyhow!("{error:?}"))
    }

    /// Some hires meet trouble, so that it shows what becomes of it.
    fn make_trouble(&self, town: &Town) {
        let twice = self.hired.is_multiple_of(2);
        town.lever.switch(WebhookSwitches {
            duplicate: if twice { 1.0 } else { 0.0 },
            ..WebhookSwitches::default()
        });
        if twice {
            say("  (this one's webhooks come twice)");
        }
        if self.hired % 3 == 2 {
            town.mail
                .faults()
                .push(Fault::on("POST", "/Users", FaultKind::CutAfter).times(1));
            say("  (Mail makes the account, but its answer is lost)");
        }
        if self.hired % 5 == 3 {
            town.wiki.faults().push(
                Fault::on(
                    "POST",
                    "/members",
                    FaultKind::Retry429 {
                        retry_after: Some(1),
                    },
                )
                .times(1),
            );
            say("  (Wiki asks to wait)");
        }
    }

    async fn leave(&mut self) -> anyhow::Result<()> {
        let place = usize::try_from(self.left).unwrap_or_default();
        let Some(person) = self.people.get(place).cloned() else {
            return Ok(());
        };
        self.left += 1;
        let name = self.names.get(&person).cloned().unwrap_or_default();
        say(&format!("○ {name} leaves: everything is taken away"));
        self.clocks.insert(person.clone(), Instant::now());
        let body = json!({ "at": "now", "reason": "the demo needs a leaver" });
        self.client
            .call(
                Method::POST,
                &format!("/v1/people/{person}:terminate"),
                &body,
            )
            .await?;
        Ok(())
    }

    /// Tells what happened in the meantime.
    async fn watch(&mut self, time: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            self.look().await?;
            if begun.elapsed() >= time {
                return Ok(());
            }
            tokio::time::sleep(LOOK.min(time)).await;
        }
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        let runs = self.client.get("/v1/runs?limit=20").await?;
        for run in field(&runs, "items").as_array().into_iter().flatten().rev() {
            let Some(id) = field(run, "id").as_str() else {
                continue;
            };
            if self.told.contains(id) {
                continue;
            }
            let run = self.client.get(&format!("/v1/runs/{id}")).await?;
            self.tell_run(&run).await?;
        }
        Ok(())
    }

    async fn tell_run(&mut self, run: &Value) -> anyhow::Result<()> {
        let (Some(id), Some(person)) = (field(run, "id").as_str(), field(run, "person").as_str())
        else {
            return Ok(());
        };
        let name = self.name_of(person).await?;
        // The note comes last in the story, as it does in life.
        let steps = || field(run, "steps").as_array().into_iter().flatten();
        let is_note = |step: &&Value| *field(step, "type") == "lever_note";
        for step in steps()
            .filter(|step| !is_note(step))
            .chain(steps().filter(is_note))
        {
            self.tell_step(id, person, &name, step);
        }
        if *field(run, "state") != "running" {
            self.told.insert(id.to_owned());
            let took = self.took(person);
            say(&format!(
                "  ✓ {name}: {} is finished{took}",
                field(run, "workflow").as_str().unwrap_or_default()
            ));
        }
        Ok(())
    }

    fn tell_step(&mut self, run: &str, person: &str, name: &str, step: &Value) {
        let state = field(step, "state").as_str().unwrap_or_default();
        let key = format!("{run} {} {state}", field(step, "id"));
        let words = match (field(step, "type").as_str(), state) {
            (Some("grant"), "verified") if !field(step, "app").is_null() => "account made and seen",
            (Some("revoke"), "verified") if !field(step, "app").is_null() => "suspended and seen",
            (Some("lever_note"), "verified") => "note written in Lever",
            (_, "unknown") => "no answer: nobody knows, so it is looked for, not repeated",
            (_, "failed") => "failed: the owner has a task",
            _ => return,
        };
        if self.told.insert(key) {
            let what = field(step, "app").as_str().unwrap_or("lever");
            say(&format!(
                "  → {name} · {what}: {words}{}",
                self.took(person)
            ));
        }
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
        let name = field(&view, "name")
            .as_str()
            .unwrap_or("somebody")
            .to_owned();
        let opportunity = self
            .names
            .iter()
            .find(|(_, known)| **known == name)
            .map(|(id, _)| id.clone());
        if let Some(since) = opportunity.and_then(|id| self.clocks.get(&id).copied()) {
            self.clocks.insert(person.to_owned(), since);
        }
        self.names.insert(person.to_owned(), name.clone());
        self.people.push(person.to_owned());
        Ok(name)
    }

    async fn is_busy(&self) -> anyhow::Result<bool> {
        let running = self.client.get("/v1/runs?state=running&limit=1").await?;
        let known = self
            .names
            .keys()
            .filter(|id| id.starts_with("per_"))
            .count();
        let hired = usize::try_from(self.hired).unwrap_or_default();
        Ok(known < hired
            || field(&running, "items")
                .as_array()
                .is_some_and(|runs| !runs.is_empty()))
    }

    /// What it came to, counted in the applications themselves.
    pub async fn sum_up(&self, town: &Town) -> anyhow::Result<()> {
        let audit = self
            .client
            .call(Method::POST, "/v1/audit:verify", &json!({}))
            .await?;
        let doubled = town.mail.duplicates().len()
            + town.design.duplicates().len()
            + town.wiki.duplicates().len();
        say(&format!("\n{} hired, {} left.", self.hired, self.left));
        say(&format!(
            "Mail has {} accounts, Design {}, Wiki {}; doubled: {doubled}.",
            town.mail.users().len(),
            town.design.users().len(),
            town.wiki.members().len()
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

/// A field of an answer; null if it is not there.
fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}
