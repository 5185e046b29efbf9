//! What the note in Lever says: what was given, what waits, what failed. Never an address or a credential.

use crate::erasure::Erasure;
use crate::event::KnownCandidacy;
use crate::grant::GrantState;
use crate::ids::{EffectKey, LeverId, StepId};
use crate::person::Person;
use crate::ports::{Ports, RemoteError};
use crate::rule::EventKind;
use crate::run::{Run, Step, StepState, WaitsFor};
use crate::store::Key;
use crate::workflow::Direction;

use super::{Hand, HandleError};

/// The line by which a retry finds its own note.
pub(super) fn marker(key: &EffectKey) -> String {
    format!("[sando {key}]")
}

/// The note of a run as it stands.
pub(super) fn text(hand: &Hand, key: &EffectKey) -> String {
    let run = &hand.run.entity;
    let mut lines = vec![format!("Sando: {}", title(run, &hand.person.entity))];
    lines.extend(
        run.steps
            .iter()
            .filter(|step| step.is_work() && !step.found_nothing() && !is_overtaken(hand, step))
            .map(|step| line(hand, step)),
    );
    if !run.missing.is_empty() {
        lines.push(format!("- waits for: {}", run.missing.join(", ")));
    }
    lines.extend(hand.residue.iter().cloned());
    if lines.len() == 1 {
        lines.push("Nothing had to be done.".to_owned());
    }
    lines.push(marker(key));
    lines.join("\n")
}

/// Leaves out the notes among these steps that would tell nobody, or what is not so any more; true if there was one.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn leave_out(
    ports: &Ports,
    hand: &mut Hand,
    todo: &[StepId],
) -> Result<bool, HandleError> {
    let run = &hand.run.entity;
    let is_unsent = |step: &&Step| {
        let change = step.change.as_ref();
        let sent = change.is_some_and(|change| change.phase.has_intent());
        step.kind() == "lever_note" && !sent && todo.contains(&step.id)
    };
    let notes: Vec<StepId> = run
        .steps
        .iter()
        .filter(is_unsent)
        .map(|step| step.id.clone())
        .collect();
    let Some(opportunity) = run.opportunity.clone().filter(|_| !notes.is_empty()) else {
        return Ok(false);
    };
    let key = Key::Candidacy(opportunity);
    let known = ports.store.find::<KnownCandidacy>(&key).await?;
    let Some(why) = in_vain(hand, known.as_ref().map(|known| &known.entity)) else {
        return Ok(false);
    };
    for id in &notes {
        if let Some(step) = hand.run.entity.step_mut(id) {
            step.change = None;
            step.enter(StepState::Skipped, why);
        }
    }
    Ok(true)
}

/// Why a note is not written: Lever does not keep the candidacy, or another note tells how it is.
fn in_vain(hand: &Hand, known: Option<&KnownCandidacy>) -> Option<&'static str> {
    let (run, person) = (&hand.run.entity, &hand.person.entity);
    let is_hired = known.is_some_and(|known| known.hired.is_some());
    let by_lever = person.erasure.as_ref().is_some_and(Erasure::is_by_lever);
    if known.is_some_and(|known| known.erased) || by_lever && !is_hired {
        return Some("Lever does not keep the candidacy any more");
    }
    if run.is_in_vain(person) {
        return Some("the note of the leaving tells of it");
    }
    let mut steps = run.steps.iter();
    let is_changed = run.event == Some(EventKind::PersonChanged);
    if is_changed && !person.state.may_receive() && steps.any(|step| step.notes > 0) {
        return Some("the note of the leaving tells of the rest");
    }
    let of_another = person.state.may_receive() && person.opportunity != run.opportunity;
    if run.direction == Some(Direction::Grant) && of_another && !is_hired {
        return Some("the person is hired by another candidacy");
    }
    let work = || run.steps.iter().filter(|step| step.is_work());
    let is_overtaken = |step: &Step| is_overtaken(hand, step);
    let is_nothing = |step: &Step| {
        step.state == StepState::Cancelled || step.found_nothing() || is_overtaken(step)
    };
    (work().any(is_overtaken) && work().all(is_nothing))
        .then_some("the note of a later change tells of it")
}

/// Did another run since do the opposite of what this step did?
fn is_overtaken(hand: &Hand, step: &Step) -> bool {
    let mut grants = hand.grants.iter().map(|grant| &grant.entity);
    let grant = grants.find(|grant| Some(&grant.id) == step.grant());
    step.state == StepState::Verified
        && grant.is_some_and(|grant| match grant.state {
            GrantState::Pending | GrantState::Active => step.is_taking(),
            GrantState::Revoking | GrantState::Revoked => step.is_giving(),
            GrantState::Desired | GrantState::Failed => false,
        })
}

/// Writes the note; its tag first, which may be given twice: whoever finds the note finds the tag as well.
pub(super) async fn write(
    ports: &Ports,
    opportunity: &LeverId,
    text: &str,
    tag: Option<&str>,
) -> Result<(), RemoteError> {
    if let Some(tag) = tag {
        ports.lever.add_tag(opportunity, tag).await?;
    }
    ports.lever.add_note(opportunity, text).await
}

fn title(run: &Run, person: &Person) -> String {
    if run.event == Some(EventKind::Reinstated) {
        return "the leaving was undone".to_owned();
    }
    match run.workflow.as_str() {
        "onboard" => "access for the new colleague".to_owned(),
        "offboard" if person.merged.is_some() => {
            "joined with another person: what was given twice is taken away".to_owned()
        }
        "offboard" => "access taken away".to_owned(),
        "withdraw" => "the hire was withdrawn".to_owned(),
        "change" => "access changed".to_owned(),
        other => format!("workflow {other}"),
    }
}

fn line(hand: &Hand, step: &Step) -> String {
    let name = match step.app() {
        Some(app) => hand
            .company
            .apps
            .get(app)
            .map_or(app.as_str(), |app| app.label())
            .to_owned(),
        None => step.id.to_string(),
    };
    format!("- {name}: {}", said(&hand.run.entity, step))
}

/// How a step stands, in a few words: none that somebody wrote who cancelled the run.
pub(in crate::handle) fn said<'a>(run: &Run, step: &'a Step) -> &'a str {
    match (step.state, step.waits_for) {
        (StepState::Verified | StepState::Done, _) if step.is_taking() => "taken away",
        (StepState::Verified | StepState::Done, _) => "done",
        (StepState::Failed, _) => "failed, a human has it",
        (StepState::Skipped, _) => "skipped",
        (StepState::Cancelled, _) if run.cancelling => "cancelled",
        (StepState::Cancelled, _) => step.reason.as_deref().unwrap_or("cancelled"),
        (StepState::Planned, _) => "on trial, nothing was done",
        (_, Some(WaitsFor::Human)) => "waits for a human",
        (_, Some(WaitsFor::Approval)) => "waits for approval",
        (_, Some(WaitsFor::Time)) => "waits for its time",
        (_, Some(WaitsFor::Attributes)) => "waits for missing data",
        (_, Some(WaitsFor::Retry)) => "not yet, it is tried again",
        (_, Some(WaitsFor::Pause)) => "not yet, it is paused",
        _ => "in progress",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::audit::Cause;
    use crate::company::Company;
    use crate::effect::Goal;
    use crate::grant::{Entitlement, Grant};
    use crate::ids::{EventId, RunId, Slug};
    use crate::intake::run_of;
    use crate::person::Lifecycle;
    use crate::run::StepWork;
    use crate::store::{Loaded, Version};
    use crate::testing::a_person;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn opportunity(id: &str) -> LeverId {
        LeverId::parse(id).unwrap()
    }

    fn loaded<E>(entity: E) -> Loaded<E> {
        Loaded {
            entity,
            version: Version(1),
            due: None,
        }
    }

    /// A run of a built-in workflow for somebody who was hired by this candidacy.
    fn a_hand(workflow: &str, state: Lifecycle) -> Hand {
        let company = Company::empty().unwrap();
        let mut person = a_person().in_state(state).build();
        person.opportunity = Some(opportunity("opp-1"));
        let workflow = &company.workflows[&Slug::parse(workflow).unwrap()];
        let (id, cause) = (RunId::derived(&["run"]), Cause::of("test", "test"));
        let run = run_of(id, workflow, &person, cause, NOW, false, NOW);
        Hand {
            run: loaded(run),
            person: loaded(person),
            grants: Vec::new(),
            tasks: Vec::new(),
            approvals: Vec::new(),
            company,
            directory: None,
            residue: Vec::new(),
        }
    }

    /// What is known of the candidacy that the note would go to.
    fn known(is_hired: bool) -> KnownCandidacy {
        let mut known = KnownCandidacy::unknown(opportunity("opp-1"), NOW);
        known.hired = is_hired.then(|| EventId::derived(&["hired"]));
        known
    }

    /// `code` was taken away, and stands like this now.
    fn taken(hand: &mut Hand, state: GrantState) {
        let (person, app) = (hand.person.entity.id.clone(), Slug::parse("code").unwrap());
        let mut grant = Grant::desired(&person, &app, Entitlement::default(), NOW);
        grant.state = state;
        let work = StepWork::Grant {
            grant: grant.id.clone(),
            app,
            goal: Goal::Suspend,
            approval: None,
        };
        let mut step = Step::new(StepId::from("revoke/code"), work, Vec::new());
        step.enter(StepState::Verified, "");
        hand.run.entity.steps.push(step);
        hand.grants = vec![loaded(grant)];
    }

    #[test]
    fn an_onboarding_says_nothing_of_somebody_who_is_gone() {
        let stays = a_hand("onboard", Lifecycle::Preboarding);
        assert_eq!(in_vain(&stays, Some(&known(true))), None);

        for gone in [Lifecycle::Left, Lifecycle::Withdrawn] {
            let hand = a_hand("onboard", gone);
            assert!(in_vain(&hand, Some(&known(false))).is_some());
        }
        let leaving = a_hand("withdraw", Lifecycle::Withdrawn);
        assert_eq!(in_vain(&leaving, Some(&known(false))), None);
    }

    #[test]
    fn a_change_that_was_told_says_nothing_more_of_somebody_who_is_gone() {
        for (state, notes, is_told) in [
            (Lifecycle::Active, 1, true),
            (Lifecycle::Left, 0, true),
            (Lifecycle::Left, 1, false),
            (Lifecycle::Withdrawn, 1, false),
        ] {
            let mut hand = a_hand("change", state);
            hand.run.entity.event = Some(EventKind::PersonChanged);
            hand.run.entity.steps.last_mut().unwrap().notes = notes;

            let why = in_vain(&hand, Some(&known(true)));

            assert_eq!(why.is_none(), is_told, "{state:?}, {notes} notes");
        }
    }

    #[test]
    fn a_candidacy_that_is_hired_no_more_gets_no_note_while_another_one_counts() {
        let mut hand = a_hand("onboard", Lifecycle::Active);
        hand.person.entity.opportunity = Some(opportunity("opp-2"));

        assert_eq!(in_vain(&hand, Some(&known(true))), None, "hired as well");
        assert!(in_vain(&hand, Some(&known(false))).is_some());
    }

    #[test]
    fn nobody_reads_a_note_on_a_candidacy_that_lever_has_deleted() {
        let mut hand = a_hand("withdraw", Lifecycle::Withdrawn);
        let erasure = Erasure::by_lever(crate::erasure::Extent::Everything, "deleted", NOW);
        hand.person.entity.erasure = Some(erasure);

        assert!(in_vain(&hand, Some(&known(false))).is_some());
        assert_eq!(in_vain(&hand, Some(&known(true))), None, "another one was");
    }

    #[test]
    fn what_another_run_has_given_again_is_not_told_as_taken_away() {
        let key = EffectKey::derived(&["note"]);
        let mut gone = a_hand("change", Lifecycle::Active);
        taken(&mut gone, GrantState::Revoked);
        assert_eq!(in_vain(&gone, None), None);
        assert!(text(&gone, &key).contains("- code: taken away"));

        let mut back = a_hand("change", Lifecycle::Active);
        taken(&mut back, GrantState::Active);
        assert!(in_vain(&back, None).is_some());
        assert!(!text(&back, &key).contains("code"));
    }
}
