//! Undoing a leaving as far as no policy tells: accounts that nobody here gave, and that were taken along, come back as they
//! were, and so does what somebody gave by hand besides what policies give (L10).

use jiff::Timestamp;

use crate::access::desired;
use crate::audit::AuditValue;
use crate::company::Company;
use crate::grant::{Entitlement, Grant};
use crate::handle::cipher::Cipher;
use crate::handle::load;
use crate::person::{LeftWith, Person};
use crate::ports::Ports;

use super::AdminError;

/// What the leaving took or is taking and no policy gives to whoever is back: what they kept until then, whole accounts, and
/// plans, roles and groups besides those of policies, as far as they are known.
///
/// # Errors
/// If the store or the person's key cannot be read.
pub(super) async fn kept(
    ports: &Ports,
    back: &Person,
    left_with: LeftWith,
    company: &Company,
    left: Timestamp,
    now: Timestamp,
) -> Result<LeftWith, AdminError> {
    if now.duration_since(left) > Person::UNDONE_WITHIN {
        return Ok(LeftWith::default());
    }
    let mut kept = left_with;
    let due = desired(back, company, now).due;
    let cipher = Cipher::find(ports, &back.id).await?;
    for grant in load::grants(ports, &back.id).await? {
        let grant = grant.entity;
        if due.contains_key(&grant.app) {
            if let Some(more) = by_hand(&grant, left, cipher.as_ref()) {
                // What came back by hand before was held by then, so it did not show as given besides.
                let had = kept.by_hand.remove(&grant.app).unwrap_or_default();
                kept.by_hand.insert(grant.app, had.with(more));
            }
        } else if grant.from_roster || kept.kept.contains_key(&grant.app) {
            let had = whole(&grant, left, cipher.as_ref());
            kept.kept.extend(had.map(|had| (grant.app, had)));
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
