//! Whose a user of a roster is: by the address, then by what somebody said by hand; never by name. The one place where
//! that is asked of the store; reports over everybody ask a [`Directory`](crate::report::Directory) the same.

use crate::claim::Claim;
use crate::definition::{IdHash, User};
use crate::ids::RosterId;
use crate::intake::Match;
use crate::person::CanonicalEmail;
use crate::ports::Ports;

use super::{HandleError, load};

/// Whose a user of this roster is.
///
/// # Errors
/// If the store cannot be read.
pub async fn of(ports: &Ports, roster: &RosterId, user: &User) -> Result<Match, HandleError> {
    match by_address(ports, user).await? {
        Match::Nobody => {
            let id = IdHash::of(&user.external_id);
            load::matched(ports, &[Claim::user(roster, id)]).await
        }
        found => Ok(found),
    }
}

/// Who is known by the user's address.
///
/// # Errors
/// If the store cannot be read.
pub async fn by_address(ports: &Ports, user: &User) -> Result<Match, HandleError> {
    let address = user.email.as_deref();
    match address.map(CanonicalEmail::parse) {
        Some(Ok(address)) => {
            let claims = [Claim::email(&address), Claim::address(&address)];
            load::matched(ports, &claims).await
        }
        Some(Err(_)) | None => Ok(Match::Nobody),
    }
}
