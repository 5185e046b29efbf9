//! A work address that Lever tells, and that somebody else has: it is left out, and a human says which one it is.

use std::collections::BTreeSet;

use crate::attributes::Read;
use crate::claim::Claim;
use crate::company::Company;
use crate::lever::Candidacy;
use crate::person::{CanonicalEmail, Person};

const WORK: &str = "work_email";

/// The work address that Lever tells of a candidacy; none where it is made here.
#[must_use]
pub fn told_address(company: &Company, candidacy: &Candidacy) -> Option<CanonicalEmail> {
    address_in(&company.mapping.read(candidacy))
}

fn address_in(read: &Read) -> Option<CanonicalEmail> {
    CanonicalEmail::parse(read.attributes.text(WORK)?).ok()
}

/// What Lever says, without a work address that somebody else has; for whoever has none it is unknown.
pub(super) fn read(
    candidacy: &Candidacy,
    company: &Company,
    person: &Person,
    taken: &BTreeSet<Claim>,
) -> Read {
    let mut read = company.mapping.read(candidacy);
    let is_taken = |address: CanonicalEmail| taken.contains(&Claim::address(&address));
    if address_in(&read).is_some_and(is_taken) {
        read.attributes.remove(WORK);
        if person.text(WORK).is_none() {
            read.unmapped.insert(WORK.to_owned());
        }
    }
    read
}
