//! Undoing a leaving as far as no policy tells: accounts that nobody here gave, and that were taken along, come back as they
//! were, and so does what somebody gave by hand besides what policies give (L10).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::access::desired;
use crate::audit::AuditValue;
use crate::company::Company;
use crate::grant::{Entitlement, Grant};
use crate::handle::cipher::Cipher;
use crate::handle::load;
use crate::ids::AppSlug;
use crate::person::Person;
use crate::ports::Ports;

use super::AdminError;

/// How long what somebody had before is given back.
const WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What no policy gives to whoever is back.
#[derive(Default)]
pub(super) struct Kept {
    /// Whole accounts.
    pub(super) whole: BTreeMap<AppSlug, Entitlement>,
    /// Plans, roles and groups besides those of policies.
    pub(super) by_hand: BTreeMap<AppSlug, Entitlement>,
}

/// What the leaving took or is taking and no policy gives to whoever is back: whole accounts, and plans, roles and groups
/// besides those of policies, as far as they are known.
///
/// # Errors
/// If the store or the person's key cannot be read.
pub(super) async fn kept(
    ports: &Ports,
    back: &Person,
    company: &Company,
    left: Timestamp,
    now: Timestamp,
) -> Result<Kept, AdminError> {
    let mut kept = Kept::default();
    if now.duration_since(left) > WITHIN {
        return Ok(kept);
    }
    let due = desired(back, company, now).due;
    let cipher = Cipher::find(ports, &back.id).await?;
    for grant in load::grants(ports, &back.id).await? {
        let grant = grant.entity;
        if due.contains_key(&grant.app) {
            let had = by_hand(&grant, left, cipher.as_ref());
            kept.by_hand.extend(had.map(|had| (grant.app, had)));
        } else if grant.from_roster {
            let had = whole(&grant, left, cipher.as_ref());
            kept.whole.extend(had.map(|had| (grant.app, had)));
        }
    }
    Ok(kept)
}

fn open(cipher: Option<&Cipher>, value: &AuditValue) -> Option<Entitlement> {
    serde_json::from_value(cipher?.open(value)).ok()
}

/// What somebody had given by hand before this leaving took it.
fn by_hand(grant: &Grant, left: Timestamp, cipher: Option<&Cipher>) -> Option<Entitlement> {
    let before = grant.before.as_ref().filter(|before| before.at >= left)?;
    open(cipher, before.by_hand.as_ref()?)
}

/// Everything that was there before this leaving took it, or is still there.
fn whole(grant: &Grant, left: Timestamp, cipher: Option<&Cipher>) -> Option<Entitlement> {
    let before = grant.before.as_ref().filter(|before| before.at >= left);
    let held = match &grant.held {
        Some(held) => Some(held.clone()),
        None => open(cipher, &before?.held),
    };
    let more = by_hand(grant, left, cipher).unwrap_or_default();
    held.map(|held| held.with(more))
}
