//! Sentences about syncs one by one: what came of each, and what to do about a failure.

use jiff::Timestamp;
use sando_core::account::Account;
use sando_core::definition::Class;
use sando_core::sync::{Sync, SyncState};

use crate::console::format::{many, span};

pub(in crate::console) const LAST_CERTIFICATE: &str = "Certificate of the last reading";
pub(in crate::console) const CERTIFICATE: &str = "Certificate";
pub(in crate::console) const NO_CERTIFICATE: &str =
    "There is no certificate: nothing was read, or it is under way.";
pub(in crate::console) const NONE_DECLARED: &str = "the application declares no total";
pub(in crate::console) const LISTS: &str = "Lists";
pub(in crate::console) const SO_FAR: &str = "So far";
pub(in crate::console) const NEW_CREDENTIALS: &str = "New credentials";
pub(in crate::console) const NEW_CREDENTIALS_MEAN: &str = "All of them are replaced at once; users, variables and a login stay. A passed test switches \
     a disabled account on again.";
pub(in crate::console) const NO_CREDENTIALS_ASKED: &str = "The definition asks for no credentials.";
pub(in crate::console) const CREDENTIALS_SET: &str =
    "The credentials are set. The next request goes out with them; they are never shown again.";
pub(in crate::console) const SET_NEW: &str = "Set the new credentials";

/// What to do about a failure of this class.
pub(in crate::console) fn advice(class: Class) -> &'static str {
    match class {
        Class::Credentials => "Enter new credentials, then test them. Nobody was deleted.",
        Class::Permission => {
            "The credentials work, but may not do this. Allow it in the application, then test again. Nobody was deleted."
        }
        Class::Missing => {
            "The address is made of the base URL and the path of the definition. Compare both with the \
             application's documentation. Nobody was deleted."
        }
        Class::Quota => {
            "The application asks us to wait. The next sync reads it again by itself; nobody was deleted."
        }
        Class::Shape => {
            "The answer is not what the definition says. Test it in the builder, with today's answer. Nobody was deleted."
        }
        Class::RemoteDown => {
            "The roster of before stays in use. The next sync tries again by itself, or now if you like."
        }
    }
}

/// One sync of an account.
pub(in crate::console) fn reading(sync: &Sync, account: &Account) -> String {
    let label = format!("{} / {}", account.definition, account.shown_name());
    let number = sync.number;
    let users = many(sync.counts.users, "user", "users");
    match sync.shown_state(account) {
        SyncState::Running => format!("syn_{number} of {label} is under way."),
        SyncState::Done => format!("syn_{number} of {label} counts: {users}."),
        SyncState::Held => format!("syn_{number} of {label} is held: somebody has to look first."),
        SyncState::Dropped => {
            format!("syn_{number} of {label} was held and dropped: nothing followed from it.")
        }
        SyncState::Failed => format!("syn_{number} of {label} failed: nothing followed from it."),
    }
}

/// How far a sync that is under way has come, as of when that was put down last; none of one that is over.
pub(in crate::console) fn so_far(sync: &Sync, now: Timestamp) -> Option<String> {
    if sync.state != SyncState::Running {
        return None;
    }
    let counts = sync.counts;
    let compared = counts.new + counts.changed + counts.unchanged;
    let read = match sync.so_far() {
        Some(read) => {
            let rows = many(read.received, "row", "rows");
            Some(format!("{}, {rows}", many(read.pages, "page", "pages")))
        }
        None => (compared > 0).then(|| many(compared, "row", "rows")),
    };
    let took = span(sync.started_at, now);
    Some(match read {
        Some(read) => format!("{read} so far, {took}"),
        None => took,
    })
}

/// The new credentials of an account.
pub(in crate::console) fn renew(account: &Account) -> String {
    format!(
        "New credentials for {} / {}.",
        account.definition,
        account.shown_name()
    )
}

/// The button that brings back a version.
pub(in crate::console) fn bring_back(number: u32) -> String {
    format!("Bring back v{number}")
}
