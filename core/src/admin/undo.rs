//! Undoing a leaving as far as no policy tells: accounts that nobody here gave, and that were taken along, come back as they
//! were (L10).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::access::desired;
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

/// The accounts that the leaving took or is taking and no policy gives to whoever is back, each as it was held.
///
/// # Errors
/// If the store or the person's key cannot be read.
pub(super) async fn kept(
    ports: &Ports,
    back: &Person,
    company: &Company,
    left: Timestamp,
    now: Timestamp,
) -> Result<BTreeMap<AppSlug, Entitlement>, AdminError> {
    let mut kept = BTreeMap::new();
    if now.duration_since(left) > WITHIN {
        return Ok(kept);
    }
    let due = desired(back, company, now).due;
    let cipher = Cipher::find(ports, &back.id).await?;
    for grant in load::grants(ports, &back.id).await? {
        let grant = grant.entity;
        if !grant.from_roster || due.contains_key(&grant.app) {
            continue;
        }
        let had = match &grant.held {
            Some(held) => Some(held.clone()),
            None => before(&grant, left, cipher.as_ref()),
        };
        kept.extend(had.map(|had| (grant.app, had)));
    }
    Ok(kept)
}

/// What was held before this leaving took it.
fn before(grant: &Grant, left: Timestamp, cipher: Option<&Cipher>) -> Option<Entitlement> {
    let before = grant.before.as_ref().filter(|before| before.at >= left)?;
    serde_json::from_value(cipher?.open(&before.held)).ok()
}
