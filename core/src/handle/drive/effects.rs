//! Makes the effects of a run: look at all, commit the intents, make, verify, commit. `crate::effect` decides.

use futures::StreamExt;
use futures::stream::{self, FuturesUnordered};
use jiff::SignedDuration;

use crate::advance::PORTION;
use crate::effect::{Action, Outcome, Phase};
use crate::ids::StepId;
use crate::person::Person;
use crate::ports::Ports;

use super::job::{Job, Seen};
use super::settle::Portion;
use super::{Hand, HandleError, readdress};

/// How many looks are under way at once.
const LOOKS_AT_ONCE: usize = 10;

/// An effect is sent within this time after its intent, or not: its call and the look after it (20 s each) end before
/// the lease does.
const SENT_WITHIN: SignedDuration = SignedDuration::from_secs(45);

/// An effect that was made, and what the look after it saw.
struct Made {
    job: Job,
    action: Action,
    outcome: Outcome,
    seen: Option<Seen>,
}

/// Works on the effects of these steps as far as they go now; false if there is nothing of them that could be worked on.
pub(super) async fn perform(
    ports: &Ports,
    hand: &mut Hand,
    todo: &[StepId],
) -> Result<bool, HandleError> {
    let jobs: Vec<Job> = todo.iter().filter_map(|step| Job::of(hand, step)).collect();
    if jobs.is_empty() {
        return Ok(false);
    }
    // All looks before anything is made: a stranger in one application changes the address in all.
    let looks = jobs.into_iter().map(|job| look(ports, job));
    let mut looked: Vec<(Job, Seen)> = stream::iter(looks)
        .buffer_unordered(LOOKS_AT_ONCE)
        .collect()
        .await;
    if readdress::is_needed(hand, &looked) {
        readdress::readdress(ports, hand).await?;
        return Ok(true);
    }
    let person = hand.person.entity.clone();
    let mut making = FuturesUnordered::new();
    for some in looked.chunks_mut(PORTION) {
        some.iter_mut().for_each(|(job, _)| job.tell(hand));
        let mut portion = Portion::new(ports, hand);
        for (job, seen) in some {
            portion.after_look(job.clone(), seen);
        }
        let to_make = portion.commit(ports).await?;
        making.extend(
            to_make
                .into_iter()
                .map(|(job, action)| make(ports, &person, job, action)),
        );
    }
    while let Some(mut some) = (&mut making).ready_chunks(PORTION).next().await {
        some.iter_mut().for_each(|made| made.job.tell(hand));
        let mut portion = Portion::new(ports, hand);
        for made in some {
            portion.after_make(made.job, made.action, &made.outcome, made.seen.as_ref());
        }
        let to_make = match portion.commit(ports).await {
            Ok(to_make) => to_make,
            Err(error) => {
                // What was sent is waited for: dropped half-way it might arrive after everybody has stopped looking.
                making.for_each(async |_| ()).await;
                return Err(error);
            }
        };
        making.extend(
            to_make
                .into_iter()
                .map(|(job, action)| make(ports, &person, job, action)),
        );
    }
    Ok(true)
}

async fn look(ports: &Ports, mut job: Job) -> (Job, Seen) {
    let seen = job.look(ports).await;
    (job, seen)
}

/// Makes it, and looks at once whether it shows. Whoever slept until the lease may end during the call (a suspended
/// machine, a frozen function) is perhaps not alone any more, and sends nothing.
async fn make(ports: &Ports, person: &Person, mut job: Job, action: Action) -> Made {
    let outcome = match job.change.phase {
        Phase::Intended { at, .. } if ports.clock.now().duration_since(at) > SENT_WITHIN => {
            Outcome::NotDone {
                why: "it was too late to send it".to_owned(),
                retry_after_secs: None,
            }
        }
        _ => job.make(ports, person, action).await,
    };
    let seen = match &outcome {
        Outcome::Done { external_id, .. } => {
            job.accepted(action, external_id.as_ref());
            Some(job.look(ports).await)
        }
        _ => None,
    };
    Made {
        job,
        action,
        outcome,
        seen,
    }
}
