//! A stranger has the wished work address in an application: the person gets another one, before anything is made.

use serde_json::json;

use crate::changes::Line;
use crate::claim::{Claim, Held, Holder};
use crate::effect::{Goal, Next};
use crate::grant::{Grant, GrantState};
use crate::person::CanonicalEmail;
use crate::ports::Ports;
use crate::store::{Entity, Key, Loaded, StoreError};

use super::super::{delivery::address_from, ledger, load};
use super::job::{Job, Seen, Standing};
use super::{Hand, HandleError};

/// Did a look meet a stranger at the work address, while nothing has been made under it yet?
pub(super) fn is_needed(hand: &Hand, looked: &[(Job, Seen)]) -> bool {
    let person = &hand.person.entity;
    let made_here =
        person.text("work_email").is_some() && person.corrected.get("work_email").is_none();
    is_untouched(&hand.grants)
        && made_here
        && person.state.may_receive()
        && looked
            .iter()
            .any(|(job, seen)| is_stranger(hand, job, seen))
}

/// Does nobody have anything by these grants, nor is anything on its way?
fn is_untouched(grants: &[Loaded<Grant>]) -> bool {
    let mut all = grants.iter().map(|grant| &grant.entity);
    all.all(|grant| !grant.may_be_held() && grant.state != GrantState::Active)
}

fn is_stranger(hand: &Hand, job: &Job, seen: &Seen) -> bool {
    let Ok(Some(found)) = seen else { return false };
    let now = hand.run.entity.started_at;
    let standing = Standing {
        may_receive: true,
        is_due: true,
    };
    let next = job
        .change
        .after_look(Some(found), &job.setting(&[], standing), now);
    job.change.goal == Goal::Give && next == Next::Stranger
}

/// Gives the person the next free address, and remembers that the old one is a stranger's.
pub(super) async fn readdress(ports: &Ports, hand: &Hand) -> Result<(), HandleError> {
    let again = || {
        let key = hand.person.entity.key();
        HandleError::from(StoreError::Conflict { key })
    };
    // What another run of the person began meanwhile may be what the look met.
    let grants = load::grants(ports, &hand.person.entity.id).await?;
    if !is_untouched(&grants) {
        return Err(again());
    }
    let attributes = hand.person.entity.effective();
    let Some(address) = address_from(ports, &hand.company, &attributes, 2).await? else {
        return Ok(());
    };
    let old = hand
        .person
        .entity
        .text("work_email")
        .and_then(|old| CanonicalEmail::parse(old).ok());
    let mut person = hand.person.clone();
    let before = person.entity.attributes.get("work_email").cloned();
    person.entity.attributes.set("work_email", address.clone());
    let mut changes = hand.changes(ports);
    changes.update(&person);
    if let Some(claim) = old.as_ref().map(Claim::address) {
        let stranger = Held {
            claim: claim.clone(),
            holder: Holder::Stranger,
        };
        match ports.store.find::<Held>(&Key::Claim(claim)).await? {
            Some(held) => changes.update(&Loaded {
                entity: stranger,
                ..held
            }),
            None => changes.insert(&stranger),
        }
    }
    if let Ok(canonical) = CanonicalEmail::parse(&address) {
        changes.insert(&Held {
            claim: Claim::address(&canonical),
            holder: Holder::Person(person.entity.id.clone()),
        });
    }
    let line = Line::new(
        hand.stream(),
        "work address changed: a stranger has the first one",
        "attribute/work_email",
    );
    changes.say(line.personal(before, Some(json!(address))));
    changes.check(hand.run.entity.key(), hand.run.version);
    for grant in hand.grants.iter().chain(&grants) {
        changes.check(grant.entity.key(), grant.version);
    }
    ledger::commit(ports, changes).await?;
    // Everything is read again under the new address.
    Err(again())
}
