//! The scenes of the demo: what happens to people, and what Sando has to make of it.

use std::time::{Duration, Instant};

use anyhow::Context;
use sando_core::app::price;
use sando_infra::http::Method;
use sando_world::{Employee, Fault, FaultKind, WebhookSwitches};
use serde_json::{Value, json};

use super::company::{Job, Town};
use super::files;
use super::story::{Story, field, items, text};
use crate::client::Client;
use crate::desk;
use crate::say;

const ENGINEER: Job = Job {
    department: "Engineering",
    title: "Software Engineer",
};
const SELLER: Job = Job {
    department: "Sales",
    title: "Account Executive",
};
const DESIGNER: Job = Job {
    department: "Design",
    title: "Product Designer",
};
const ACCOUNTANT: Job = Job {
    department: "Finance",
    title: "Accountant",
};
const SUPPORTER: Job = Job {
    department: "Customer Success",
    title: "Support Specialist",
};
/// By how much a first day moves.
const DAYS: i64 = 14;
const DAY_MS: i64 = 86_400_000;

/// Somebody who was hired.
struct Cast {
    employee: Employee,
    opportunity: String,
}

impl Story {
    /// Hires, each with a scene of its own; after every six somebody moves and somebody leaves.
    pub async fn tell(&mut self, town: &mut Town, every: Duration) -> anyhow::Result<()> {
        let (mut mover, mut leaver) = (None, None);
        while self.hires.is_none_or(|hires| self.hired < hires) {
            match self.hired % 6 {
                0 => mover = Some(self.plain(town, every).await?),
                1 => leaver = Some(self.trouble(town, every).await?),
                2 => self.missed(town, every).await?,
                3 => self.approved(town, every).await?,
                4 => self.withdrawn(town, every).await?,
                _ => {
                    self.moved(town, every).await?;
                    if let Some((mover, person)) = mover.take() {
                        self.changes(&mover, person, every).await?;
                    }
                    if let Some((leaver, person)) = leaver.take() {
                        self.leaves(town, &leaver, person, every).await?;
                    }
                }
            }
        }
        self.come_to_rest().await
    }

    fn hire(&mut self, town: &mut Town, job: Job) -> anyhow::Result<Cast> {
        self.hired += 1;
        let (employee, ids) = town.next_candidate(job);
        say(&format!(
            "● {} is hired: {}, {}",
            employee.name, employee.title, employee.department
        ));
        let opportunity = ids.opportunity;
        self.names
            .insert(opportunity.clone(), employee.name.clone());
        self.clocks.insert(opportunity.clone(), Instant::now());
        town.lever
            .hire(&opportunity)
            .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        Ok(Cast {
            employee,
            opportunity,
        })
    }

    /// The person whom Sando made of a candidacy.
    async fn person_of(&mut self, cast: &Cast) -> anyhow::Result<String> {
        let opportunity = &cast.opportunity;
        self.until("the person of a hire", async |client: &Client| {
            let people = client.get("/v1/people?limit=50").await?;
            let is_of = |person: &&Value| {
                let known = person.pointer("/identifiers/opportunities");
                let known = known.and_then(Value::as_array);
                known.is_some_and(|known| known.iter().any(|one| one == opportunity.as_str()))
            };
            let found = items(&people).find(is_of);
            Ok(found.map(|person| text(person, "id").to_owned()))
        })
        .await
    }

    /// A step of a person's run of this workflow, once it is as it should be.
    async fn step(
        &mut self,
        person: &str,
        workflow: &str,
        app: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let path = format!("/v1/runs?person={person}&workflow={workflow}");
        let what = format!("{app} in the run of {workflow}");
        self.until(&what, async |client: &Client| {
            let runs = client.get(&path).await?;
            let mut steps = items(&runs)
                .filter_map(|run| field(run, "steps").as_array())
                .flatten();
            Ok(steps
                .find(|step| text(step, "app") == app && fits(step))
                .cloned())
        })
        .await
    }

    async fn is_verified(&mut self, person: &str, workflow: &str, app: &str) -> anyhow::Result<()> {
        let verified = |step: &Value| text(step, "state") == "verified";
        self.step(person, workflow, app, verified).await?;
        Ok(())
    }

    /// A hire as it should be; with the first one those who are here already come in.
    async fn plain(&mut self, town: &mut Town, every: Duration) -> anyhow::Result<(Cast, String)> {
        let cast = self.hire(town, ENGINEER)?;
        let person = self.person_of(&cast).await?;
        self.is_verified(&person, "onboard", "google").await?;
        if self.staff == 0 {
            let staff = desk::people_of(files::PEOPLE);
            let staff = staff.map_err(|mistakes| anyhow::anyhow!(mistakes.join("; ")))?;
            for (key, body) in &staff {
                let path = format!("/v1/people/{key}");
                self.client.call(Method::PUT, &path, body).await?;
            }
            self.staff = staff.len();
            say(&format!(
                "● {} people who are here already are imported: nothing is given or taken",
                self.staff
            ));
        }
        self.watch(every).await?;
        Ok((cast, person))
    }

    /// A hire that meets everything that goes wrong in a network.
    async fn trouble(
        &mut self,
        town: &mut Town,
        every: Duration,
    ) -> anyhow::Result<(Cast, String)> {
        town.lever.switch(WebhookSwitches {
            duplicate: 1.0,
            ..WebhookSwitches::default()
        });
        if let Some(google) = town.scim("google") {
            let cut = Fault::on("POST", "/Users", FaultKind::CutAfter);
            google.faults().push(cut.times(1));
        }
        if let Some(notion) = town.http("notion") {
            let wait = FaultKind::Retry429 {
                retry_after: Some(1),
            };
            let fault = Fault::on("POST", "/members", wait);
            notion.faults().push(fault.times(1));
        }
        let cast = self.hire(town, SELLER)?;
        say(
            "  (the webhooks come twice; Google makes the account, but its answer is lost; Notion asks to wait)",
        );
        let person = self.person_of(&cast).await?;
        self.is_verified(&person, "onboard", "google").await?;
        self.is_verified(&person, "onboard", "notion").await?;
        town.lever.switch(WebhookSwitches::default());
        self.watch(every).await?;
        Ok((cast, person))
    }

    /// A hire of which no webhook tells.
    async fn missed(&mut self, town: &mut Town, every: Duration) -> anyhow::Result<()> {
        town.lever.switch(WebhookSwitches {
            drop: 1.0,
            ..WebhookSwitches::default()
        });
        let cast = self.hire(town, DESIGNER)?;
        say("  (no webhook tells of it: all of them are lost)");
        self.watch(every).await?;
        town.lever.switch(WebhookSwitches::default());
        say("  Catch-up looks for what was missed every hour; the demo asks for it now");
        self.catch_up().await?;
        let person = self.person_of(&cast).await?;
        say(&format!(
            "  Found by catch-up: the hire of {}",
            cast.employee.name
        ));
        self.is_verified(&person, "onboard", "figma").await?;
        self.watch(every).await
    }

    async fn catch_up(&self) -> anyhow::Result<()> {
        let everything = json!({});
        let asked = self.client.call(Method::POST, "/v1/catch-up", &everything);
        asked.await.map(drop)
    }

    /// A hire with access that somebody has to approve; the demo plays that somebody, with a key of their own.
    async fn approved(&mut self, town: &mut Town, every: Duration) -> anyhow::Result<()> {
        let cast = self.hire(town, ACCOUNTANT)?;
        let person = self.person_of(&cast).await?;
        let wanted = person.as_str();
        let approval = self
            .until("an approval that waits", async |client: &Client| {
                let waiting = client.get("/v1/approvals?state=waiting").await?;
                let mut waiting = items(&waiting);
                Ok(waiting.find(|one| text(one, "person") == wanted).cloned())
            })
            .await?;
        self.watch(every).await?;
        say(&format!(
            "  NetSuite is sensitive: nothing is done there before role:finance-lead says yes. The demo says it in their place ({})",
            text(&approval, "id")
        ));
        let path = format!("/v1/approvals/{}:approve", text(&approval, "id"));
        let reason = json!({ "reason": "the demo plays the finance lead" });
        self.approver.call(Method::POST, &path, &reason).await?;
        self.is_verified(&person, "onboard", "netsuite").await?;
        self.watch(every).await
    }

    /// A hire that is taken back before the first day.
    async fn withdrawn(&mut self, town: &mut Town, every: Duration) -> anyhow::Result<()> {
        let cast = self.hire(town, SUPPORTER)?;
        let person = self.person_of(&cast).await?;
        self.is_verified(&person, "onboard", "google").await?;
        self.watch(every).await?;
        let name = &cast.employee.name;
        say(&format!(
            "○ The offer of {name} is withdrawn before the first day: what was given is taken back, what waits is called off"
        ));
        self.clocks.insert(person.clone(), Instant::now());
        town.lever
            .unhire(&cast.opportunity)
            .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        self.is_verified(&person, "withdraw", "google").await?;
        self.watch(every).await
    }

    /// A first day that moves; Lever tells nobody, so offers are read again.
    async fn moved(&mut self, town: &mut Town, every: Duration) -> anyhow::Result<()> {
        let cast = self.hire(town, ENGINEER)?;
        let person = self.person_of(&cast).await?;
        let waits = |step: &Value| !field(step, "due").is_null();
        let before = self.step(&person, "onboard", "github", waits).await?;
        self.watch(every).await?;
        let moved = cast.employee.start_date_ms + DAYS * DAY_MS;
        let name = &cast.employee.name;
        say(&format!(
            "◐ {name} starts {DAYS} days later: no webhook tells, but offers are read again until the first day"
        ));
        self.clocks.insert(person.clone(), Instant::now());
        town.lever
            .edit_offer(&cast.opportunity, "anticipated_start_date", json!(moved))
            .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        self.catch_up().await?;
        let was = text(&before, "due").to_owned();
        let differs = |step: &Value| waits(step) && text(step, "due") != was;
        let after = self.step(&person, "onboard", "github", differs).await?;
        say(&format!(
            "  What waits moved with it: GitHub from {} to {}",
            day(&was),
            day(text(&after, "due"))
        ));
        self.watch(every).await
    }

    /// Somebody who changes the department.
    async fn changes(
        &mut self,
        cast: &Cast,
        person: String,
        every: Duration,
    ) -> anyhow::Result<()> {
        let name = &cast.employee.name;
        say(&format!(
            "◐ {name} moves from Engineering to Sales: what is no longer due goes, what is newly due comes"
        ));
        self.clocks.insert(person.clone(), Instant::now());
        let body =
            json!({ "attributes": { "department": "Sales" }, "reason": "the demo needs a mover" });
        let path = format!("/v1/people/{person}:correct");
        self.client.call(Method::POST, &path, &body).await?;
        self.is_verified(&person, "change", "jira").await?;
        self.is_verified(&person, "change", "figma").await?;
        self.watch(every).await
    }

    /// Somebody who leaves, and has a seat that nobody gave through Sando.
    async fn leaves(
        &mut self,
        town: &mut Town,
        cast: &Cast,
        person: String,
        every: Duration,
    ) -> anyhow::Result<()> {
        let name = cast.employee.name.as_str();
        let seats = town.seat_in_hubspot(name, &cast.employee.personal_email);
        say(&format!(
            "  HubSpot's users are read: {name} has a seat under a private address, which nobody gave"
        ));
        if seats == 1 {
            town.connect_hubspot(&self.client).await?;
        } else {
            let path = "/v1/accounts/hubspot/prod:sync";
            self.client.call(Method::POST, path, &json!({})).await?;
        }
        self.until("the roster of HubSpot", async |client: &Client| {
            let account = client.get("/v1/accounts/hubspot/prod").await?;
            Ok((*field(&account, "users") == json!(seats)).then_some(()))
        })
        .await?;
        say(&format!(
            "○ {name} leaves: everything is taken away at once"
        ));
        self.left += 1;
        self.clocks.insert(person.clone(), Instant::now());
        let body = json!({ "at": "now", "reason": "the demo needs a leaver" });
        let path = format!("/v1/people/{person}:terminate");
        self.client.call(Method::POST, &path, &body).await?;
        self.is_verified(&person, "offboard", "google").await?;
        self.tell_residue(&person, name).await?;
        self.watch(every).await
    }

    /// What the leaver still holds, and who has to do something about it.
    async fn tell_residue(&mut self, person: &str, name: &str) -> anyhow::Result<()> {
        let task = self
            .until("the task about a seat", async |client: &Client| {
                let tasks = client.get("/v1/tasks?state=open&limit=200").await?;
                let is_it = |task: &&Value| {
                    text(task, "person") == person && text(task, "title").contains("HubSpot")
                };
                Ok(items(&tasks).find(is_it).cloned())
            })
            .await?;
        let residue = self.client.get("/v1/reports/residue").await?;
        let sum = residue.pointer("/total/monthly/0");
        let sum = sum.context("the residue of the leaver has no price")?;
        let cost = field(sum, "amount_minor").as_i64().unwrap_or_default();
        say(&format!(
            "  Residue: {name} still has the seat in HubSpot. {} has a task; until it is done it costs {} a month",
            text(&task, "owner"),
            price::amount(cost, text(sum, "currency"))
        ));
        Ok(())
    }
}

/// The day of a time.
fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}
