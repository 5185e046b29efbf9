//! Drift of one person: found in the rosters, and corrected by doing what is due over what is really there.

use serde_json::json;

use crate::account::Account;
use crate::audit::StreamId;
use crate::changes::{Changes, Line, Origin};
use crate::company::Company;
use crate::drift::{Drift, Seen, Truth, drift};
use crate::grant::Grant;
use crate::ids::EventId;
use crate::person::Person;
use crate::ports::Ports;
use crate::rule::EventKind;
use crate::store::Loaded;

use super::rosters::Rosters;
use super::{HandleError, lifecycle, residue};

/// What the rosters contradict of what a person was given here.
///
/// # Errors
/// If the store cannot be read.
pub async fn of(
    ports: &Ports,
    person: &Person,
    grants: &[Grant],
    company: &Company,
) -> Result<Vec<Drift>, HandleError> {
    in_rosters(&mut Rosters::of(ports), person, grants, company).await
}

/// The same, for several people one after the other.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn in_rosters(
    rosters: &mut Rosters<'_>,
    person: &Person,
    grants: &[Grant],
    company: &Company,
) -> Result<Vec<Drift>, HandleError> {
    let seen = seen(rosters, person, grants).await?;
    let accounts = rosters.accounts().await?.iter();
    let truths = accounts.filter_map(|account| Truth::of(account, company));
    let truths: Vec<Truth> = truths.collect();
    Ok(drift(grants, &seen, &truths, company))
}

/// Every user of a person whom the rosters show: under their addresses, and with the ids that these grants keep. Those whom
/// effects find come first: of two users of one application it is about that one.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn seen(
    rosters: &mut Rosters<'_>,
    person: &Person,
    grants: &[Grant],
) -> Result<Vec<Seen>, HandleError> {
    let mut seen = rosters.of_person(person).await?;
    let is_asked = |account: &&Account| grants.iter().any(|grant| grant.app == account.app);
    let accounts = rosters.accounts().await?.iter().filter(is_asked);
    let accounts: Vec<Account> = accounts.cloned().collect();
    for grant in grants {
        let Some(id) = grant.external_id.as_ref() else {
            continue;
        };
        // An application may show somebody without the address.
        for account in accounts.iter().filter(|account| account.app == grant.app) {
            let found = rosters.by_id(account, id.as_str()).await?;
            seen.extend(found.map(|seen| Seen {
                at_work: true,
                ..seen
            }));
        }
    }
    seen.sort_by_key(|seen| !seen.at_work);
    Ok(seen)
}

/// Takes what the rosters show for what is there, and does what is due over it; answers the event that was made of it.
///
/// # Errors
/// `Conflict` if the person moved meanwhile; otherwise if the store did not do it.
pub async fn correct(
    ports: &Ports,
    person: Loaded<Person>,
    grants: &[Loaded<Grant>],
    found: &[Drift],
    company: &Company,
    origin: Origin,
) -> Result<EventId, HandleError> {
    let id = person.entity.id.clone();
    let mut changes = Changes::new(origin);
    for drift in found {
        let known = grants.iter().find(|grant| grant.entity.app == drift.app);
        residue::keep(drift, known, &id, &mut changes);
        let stream = StreamId::Person(id.clone());
        let line = Line::new(stream, "drift taken over", format!("app/{}", drift.app));
        changes.say(line.after(json!({
            "account": drift.account, "kind": drift.kind, "roster_at": drift.seen_at,
        })));
    }
    let version = person.version.to_string();
    let event = EventId::derived(&["drift", id.as_str(), &version]);
    let now = changes.origin.at;
    let kind = EventKind::PersonChanged;
    let made = lifecycle::person_event(event.clone(), kind, "drift", &person.entity, now);
    lifecycle::start_with(ports, person, made, company, false, changes).await?;
    Ok(event)
}
