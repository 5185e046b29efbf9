//! Drift corrected by hand: what the rosters show counts, and what is due is done over it (X3).

use std::collections::BTreeSet;

use crate::access::{PlannedEffect, desired};
use crate::drift::{Drift, with_seen};
use crate::grant::Grant;
use crate::handle::{drift, load};
use crate::ids::{AppSlug, PersonId};
use crate::ports::Ports;

use super::access::both_ways;
use super::people::{Done, done, person, say_why};
use super::{AdminError, Who, deciding};

/// How much is corrected at once: it is one commit. What is left shows, and can be corrected next.
const MOST: usize = 20;

/// What came of correcting drift, or would.
#[derive(Clone, Debug)]
pub struct Corrected {
    /// The person, with the event and the runs; none of a dry run.
    pub done: Done,
    /// What was, or would be, taken for what is there.
    pub drift: Vec<Drift>,
    /// What is then given and taken away.
    pub plan: Vec<PlannedEffect>,
    /// Nothing was done.
    pub dry_run: bool,
}

/// Corrects drift in these applications, or in all where none are named: access that nobody here gave is taken away
/// unless it is due, what vanished is given again if it is.
///
/// # Errors
/// `Refused` if there is nothing to correct, or nothing that effects would find, or the person is not one to give or take
/// anything.
pub async fn correct(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    apps: &BTreeSet<AppSlug>,
    reason: &str,
    dry_run: bool,
) -> Result<Corrected, AdminError> {
    deciding!(correct_once(ports, who, id, apps, reason, dry_run).await)
}

async fn correct_once(
    ports: &Ports,
    who: &Who,
    id: &PersonId,
    apps: &BTreeSet<AppSlug>,
    reason: &str,
    dry_run: bool,
) -> Result<Corrected, AdminError> {
    let mut found = person(ports, id).await?;
    if found.entity.baselined || !found.entity.state.may_receive() {
        let why = "somebody who left keeps nothing that `POST /v1/reports/residue:clear` would not take away, and of somebody who \
                   was here before nothing is changed until a plan is applied";
        return Err(AdminError::refused("not_correctable", why));
    }
    let company = load::company(ports).await?;
    let grants = load::grants(ports, id).await?;
    let actual: Vec<Grant> = grants.iter().map(|grant| grant.entity.clone()).collect();
    let mut drifts = drift::of(ports, &found.entity, &actual, &company).await?;
    let all = drifts.len();
    drifts.retain(|drift| apps.is_empty() || apps.contains(&drift.app));
    if drifts.is_empty() {
        let why = "no roster contradicts what was given here";
        return Err(AdminError::refused("no_drift", why));
    }
    drifts.retain(Drift::is_correctable);
    drifts.truncate(MOST);
    if drifts.is_empty() {
        let why = "the user is there under an address that is not the one at work: take it away in the application";
        return Err(AdminError::refused("another_address", why));
    }
    let actual = with_seen(actual, &drifts, id, who.at);
    let due = desired(&found.entity, &company, who.at);
    let plan = both_ways(&found.entity, &due, &actual, &company);
    let done = if dry_run {
        done(ports, found, None).await?
    } else {
        found.entity.has_drift = drifts.len() < all;
        let event = drift::correct(ports, found, &grants, &drifts, &company, who.clone()).await?;
        say_why(ports, who, id, "drift corrected", reason).await?;
        done(ports, person(ports, id).await?, Some(event)).await?
    };
    Ok(Corrected {
        done,
        drift: drifts,
        plan,
        dry_run,
    })
}
