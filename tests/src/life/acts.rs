//! What happens in a story, done to its world.

use jiff::{SignedDuration, Timestamp};
use sando_core::admin::approvals::{self, Answer};
use sando_core::admin::correct::correct;
use sando_core::admin::outside::{self, Given};
use sando_core::admin::pause::{self, Accept, Brake, Resumed};
use sando_core::admin::people::{self, At};
use sando_core::admin::{AdminError, Expect, identity, jobs, replay, tasks};
use sando_core::approval::{Approval, ApprovalState, Decider};
use sando_core::event::{Event, EventState, Hint, ToldArchive};
use sando_core::handle::planning;
use sando_core::ids::derive;
use sando_core::impact::FileChange;
use sando_core::job::{Applying, Planning, Work};
use sando_core::lever::{Archived, OfferState};
use sando_core::person::{Attributes, Person};
use sando_core::store::Loaded;
use sando_core::task::{Task, TaskState};
use serde_json::json;

use super::company::slug;
use super::lever::lever_id;
use super::roster;
use super::story::{Act, Corrected, Decided, File, Imported, Leaves, Merged, Offered};
use super::world::{World, moment};

/// A webhook call that Lever makes: what it calls it, of whom, and what it says of the archive.
pub(super) struct Call {
    event: &'static str,
    who: String,
    archive: ToldArchive,
}

impl Call {
    fn of(event: &'static str, who: &str, archive: ToldArchive) -> Self {
        let who = who.to_owned();
        Self {
            event,
            who,
            archive,
        }
    }

    /// As it comes in, under a token of its own.
    pub(super) fn hint(&self, number: usize, now: Timestamp) -> Hint {
        let data = json!({ "who": self.who, "archive": self.archive });
        Hint {
            registration: slug("main"),
            token_hash: derive(&["token", &number.to_string()]),
            event: self.event.to_owned(),
            triggered_at: now,
            received_at: now,
            opportunity: lever_id(&self.who),
            content_hash: Hint::content_hash_of(self.event, &data),
            archive: self.archive,
        }
    }
}

/// What Lever has to tell of; none if it happened elsewhere.
pub(super) fn in_lever(world: &World, act: &Act) -> Option<Vec<Call>> {
    let lever = &world.lever;
    let at = world.now();
    let archived = |hired: bool| Archived {
        at,
        reason: lever_id(if hired { "hired" } else { "unqualified" }),
        hired,
    };
    let told = |event, who: &str, archive| Some(vec![Call::of(event, who, archive)]);
    let change = "candidateArchiveChange";
    match act {
        Act::Applies(applicant) => lever.apply(applicant),
        Act::Comes(applicant) => {
            lever.apply(applicant);
            return told("applicationCreated", &applicant.who, ToldArchive::Nothing);
        }
        Act::Hired(who) => {
            lever.becomes(who, |standing, _| standing.archived = Some(archived(true)));
            return Some(hire(who, at));
        }
        Act::Resent(who) => return Some(hire(who, at)),
        Act::Unhired(who) => {
            lever.becomes(who, |standing, _| standing.archived = None);
            return told(change, who, ToldArchive::TakenOut);
        }
        Act::Rejected(who) => {
            lever.becomes(who, |standing, _| standing.archived = Some(archived(false)));
            return told(change, who, ToldArchive::Archived(at));
        }
        Act::Deleted(who) => {
            lever.becomes(who, |standing, at| standing.deleted = Some(at));
            return told("candidateDeleted", who, ToldArchive::Nothing);
        }
        Act::Staged(who) => {
            lever.becomes(who, |standing, at| {
                standing.stage = Some((lever_id("offer"), at))
            });
            return told("candidateStageChange", who, ToldArchive::Nothing);
        }
        Act::Lies(who) => return told("candidateHired", who, ToldArchive::Nothing),
        Act::Anonymised(who) => lever.becomes(who, |standing, _| standing.anonymised = true),
        Act::MadeConfidential(who) => {
            lever.becomes(who, |standing, _| standing.confidential = true);
        }
        Act::Offer(offered) => offer(world, offered),
        _ => {}
    }
    None
}

fn hire(who: &str, at: Timestamp) -> Vec<Call> {
    let archived = ToldArchive::Archived(at);
    vec![
        Call::of("candidateArchiveChange", who, archived),
        Call::of("candidateHired", who, ToldArchive::Nothing),
    ]
}

fn offer(world: &World, offered: &Offered) {
    world.lever.becomes(&offered.who, |standing, _| {
        if let Some(day) = &offered.starts {
            standing.starts = day.parse().ok();
        }
        for (field, value) in [
            (&mut standing.department, &offered.department),
            (&mut standing.location, &offered.location),
            (&mut standing.manager, &offered.manager),
        ] {
            *field = value.clone().or(field.take());
        }
        if let Some(name) = &offered.name {
            standing.name.clone_from(name);
        }
        match offered.denied {
            Some(true) => standing.offer = OfferState::Denied,
            Some(false) => standing.offer = OfferState::Open,
            None => {}
        }
    });
}

/// What somebody does by hand, or time does.
///
/// # Errors
/// What an administrator was told.
pub(super) async fn elsewhere(world: &World, act: &Act) -> Result<(), AdminError> {
    let ports = &world.ports;
    match act {
        Act::Terminated(who) => {
            let (id, origin) = (
                person(world, who).await.entity.id,
                world.by_hand("terminate"),
            );
            people::terminate(ports, &origin, &id, At::Now, "a story").await?;
        }
        Act::Leaves(Leaves { who, at }) => {
            let (id, origin) = (person(world, who).await.entity.id, world.by_hand("leave"));
            let at = At::Time(moment(*at));
            people::terminate(ports, &origin, &id, at, "a story").await?;
        }
        Act::Reinstated(who) => {
            let (id, origin) = (person(world, who).await.entity.id, world.by_hand("back"));
            people::reinstate(ports, &origin, &id, "a story", false).await?;
        }
        Act::Corrected(Corrected { who, attributes }) => {
            let (id, origin) = (person(world, who).await.entity.id, world.by_hand("correct"));
            let given: Attributes = attributes.clone().into_iter().collect();
            correct(ports, &origin, &id, &given, "a story").await?;
        }
        Act::Imported(imported) => Box::pin(import(world, imported)).await?,
        Act::Approves(app) => decide(world, app, "it", &Answer::Approve).await?,
        Act::Rejects(app) => decide(world, app, "it", &Answer::Reject).await?,
        Act::ApprovesInVain(app) => {
            let decided = decide(world, app, "it", &Answer::Approve).await;
            assert!(decided.is_err(), "what no longer waits cannot be approved");
        }
        Act::Decides(decided) => decides(world, decided).await?,
        Act::Does(title) => Box::pin(does(world, title)).await?,
        Act::OneHuman(who) | Act::TwoHumans(who) => Box::pin(answer(world, act, who)).await?,
        Act::Answered(who) => Box::pin(replayed(world, act, who)).await?,
        Act::Merged(merged) => merge(world, merged).await?,
        Act::Put(file) => put(world, file).await?,
        Act::Down(name) | Act::Up(name) => {
            let is_down = matches!(act, Act::Down(_));
            match name.as_str() {
                "lever" => world.lever.go_down(is_down),
                app => world.apps.go_down(app, is_down),
            }
        }
        Act::Roster(rostered) => Box::pin(roster::read(world, rostered)).await,
        Act::AnotherLever(is_another) => world.lever.is_another(*is_another),
        Act::Stranger(stranger) => world.apps.add_stranger(&stranger.app, &stranger.address),
        Act::Paused(()) => {
            let origin = world.by_hand("pause");
            pause::pause(ports, &origin, &Brake::All, "a story").await?;
        }
        Act::Resumed(()) => resume(world).await?,
        _ => {}
    }
    Ok(())
}

/// Somebody whom Sando knows; polling may need its time to find them.
async fn person(world: &World, who: &str) -> Loaded<Person> {
    if world.person(who).await.is_none() {
        world.work_for(SignedDuration::from_hours(3)).await;
    }
    let person = world.person(who).await;
    person.expect("whom a story names is known by then")
}

async fn import(world: &World, imported: &Imported) -> Result<(), AdminError> {
    let given = Given {
        attributes: imported.attributes.clone(),
        start_date: imported.starts,
        end_date: imported.ends.map(Some),
        appeared: None,
    };
    let (origin, anything) = (world.by_hand("import"), Expect::Anything);
    outside::put(&world.ports, &origin, &imported.who, &given, &anything).await?;
    Ok(())
}

/// What was asked last in an application.
async fn asked(world: &World, app: &str) -> Option<Approval> {
    let states = ApprovalState::ALL.iter().map(|state| state.as_str());
    let all: Vec<Approval> = world.all(states.collect()).await;
    let of_app = all.into_iter().filter(|one| one.app.as_str() == app);
    let waits = |one: &Approval| one.state == ApprovalState::Waiting;
    of_app.max_by_key(|one| (waits(one), one.created_at))
}

/// Somebody of this role, or with this address, decides; `admin` is an administrator.
async fn decide(world: &World, app: &str, by: &str, answer: &Answer) -> Result<(), AdminError> {
    let mut approval = asked(world, app).await;
    if approval.is_none() {
        world.work_for(SignedDuration::from_hours(3)).await;
        approval = asked(world, app).await;
    }
    let id = approval.expect("somebody was asked").id;
    let by = Decider {
        actor: format!("key:{by}"),
        names: [by.to_owned()].into(),
        is_admin: by == "admin",
    };
    let mut who = world.by_hand("decide");
    who.actor.clone_from(&by.actor);
    approvals::decide(&world.ports, &who, &by, &id, answer, "a story").await?;
    Ok(())
}

/// Says yes, or names a deputy for three days.
async fn decides(world: &World, decided: &Decided) -> Result<(), AdminError> {
    let answer = match &decided.to {
        None => Answer::Approve,
        Some(to) => {
            let until = world.now().saturating_add(SignedDuration::from_hours(72));
            Answer::Delegate {
                to: to.clone(),
                until: until.unwrap_or(Timestamp::MAX),
            }
        }
    };
    let done = decide(world, &decided.app, &decided.by, &answer).await;
    if decided.refused {
        assert!(done.is_err(), "{} may not decide", decided.by);
        return Ok(());
    }
    done
}

/// The open task of this title.
async fn task(world: &World, title: &str) -> Option<Task> {
    let open: Vec<Task> = world.all(vec![TaskState::Open.as_str()]).await;
    open.into_iter().find(|task| task.title == title)
}

/// Says that a task is done; polling may need its time until there is one.
async fn does(world: &World, title: &str) -> Result<(), AdminError> {
    let mut found = task(world, title).await;
    if found.is_none() {
        world.work_for(SignedDuration::from_hours(3)).await;
        found = task(world, title).await;
    }
    let id = found.expect("there is such a task").id;
    tasks::complete(&world.ports, &world.by_hand("task"), &id, "a story").await?;
    Ok(())
}

async fn merge(world: &World, merged: &Merged) -> Result<(), AdminError> {
    let who = person(world, &merged.who).await.entity.id;
    let into = person(world, &merged.into).await.entity.id;
    let origin = world.by_hand("merge");
    Box::pin(identity::merge(
        &world.ports,
        &origin,
        &who,
        &into,
        "a story",
    ))
    .await?;
    Ok(())
}

/// Says whether the candidate is the known one whom the task names.
async fn answer(world: &World, act: &Act, who: &str) -> Result<(), AdminError> {
    let ports = &world.ports;
    let waits = person(world, who).await.entity.id;
    let open: Vec<Task> = world.all(vec![TaskState::Open.as_str()]).await;
    let mut open = open.into_iter();
    let asked = open.find(|task| task.person.as_ref() == Some(&waits));
    let asked = asked.expect("somebody was asked");
    let origin = world.by_hand("answer");
    if let (Act::OneHuman(_), Some(other)) = (act, &asked.perhaps) {
        Box::pin(identity::merge(ports, &origin, &waits, other, "a story")).await?;
    } else {
        tasks::complete(ports, &origin, &asked.id, "a story").await?;
    }
    Ok(())
}

/// Does what a task about the candidate asks for, and replays the hire.
async fn replayed(world: &World, act: &Act, who: &str) -> Result<(), AdminError> {
    answer(world, act, who).await?;
    let waiting: Vec<Event> = world.all(vec![EventState::NeedsHuman.as_str()]).await;
    let (opportunity, origin) = (Some(lever_id(who)), world.by_hand("answer"));
    for event in waiting
        .iter()
        .filter(|event| event.opportunity == opportunity)
    {
        replay::replay(&world.ports, &origin, &event.id, false, &[]).await?;
    }
    Ok(())
}

/// Puts a file as an administrator does: planned, and then applied to everybody.
async fn put(world: &World, file: &File) -> Result<(), AdminError> {
    let kind = serde_json::from_value(json!(file.kind)).expect("a kind of file");
    let change = FileChange {
        kind,
        id: slug(&file.id),
        file: file.file.clone(),
    };
    let mut planned = Planning::of(vec![change.clone()], None);
    while !planning::portion(&world.ports, &mut planned).await? {}
    let work = Work::Apply(Box::new(Applying::of(vec![change], planned.hash())));
    let who = world.by_hand("apply");
    jobs::run(&world.ports, &who, work, SignedDuration::ZERO).await?;
    Ok(())
}

async fn resume(world: &World) -> Result<(), AdminError> {
    let who = world.by_hand("resume");
    let (brake, all) = (Brake::All, Accept::All);
    let shown = pause::resume(&world.ports, &who, &brake, &all, None).await?;
    let (Resumed::Shown(plan) | Resumed::Changed(plan) | Resumed::Done(plan)) = shown;
    pause::resume(&world.ports, &who, &brake, &all, Some(&plan.hash)).await?;
    Ok(())
}
