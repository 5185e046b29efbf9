//! What is said when something of the configuration is taken away.

use sando_core::account::Account;

use crate::console::format::{many, size};

pub(in crate::console) const WHAT_FOLLOWS: &str = "What follows";

pub(in crate::console) const DISCONNECT: &str = "Disconnect…";
/// What happens to an account that is disconnected.
pub(in crate::console) const DISCONNECTED: &[&str] = &[
    "Its credentials are deleted.",
    "Its users are forgotten: seats, reviews and drift do not count them any more.",
    "In the application itself nothing changes: everybody keeps what they have there.",
    "It can be connected again, with new credentials; the first sync reads everybody anew.",
];
pub(in crate::console) const IS_DISCONNECTED: &str =
    "Disconnected. Its credentials are gone, and its users are being forgotten.";
pub(in crate::console) const TYPE_ALL_USERS: &str = "Type the number of its users to confirm";

/// The button that disconnects an account.
pub(in crate::console) fn disconnect(account: &Account) -> String {
    format!(
        "Disconnect {} / {}",
        account.definition,
        account.shown_name()
    )
}

/// What disconnecting an account means, in a sentence.
pub(in crate::console) fn disconnects(account: &Account) -> String {
    format!(
        "{}: {} are forgotten here, and stay in {}.",
        disconnect(account),
        many(account.users, "user", "users"),
        account.app
    )
}

/// An application that loses what its requests go out with.
pub(in crate::console) fn loses_credentials(app: &str) -> String {
    format!(
        "Access to {app} is given and taken with its credentials: that fails until it has others."
    )
}

pub(in crate::console) const DELETE: &str = "Delete";
pub(in crate::console) const DELETE_FILE: &str = "Delete it";
pub(in crate::console) const DELETE_FILE_MEANS: &str =
    "What would change for whom is shown first; the audit keeps what it said.";
pub(in crate::console) const DELETE_PLAN: &str = "Delete…";
pub(in crate::console) const DELETING_STARTS: &str =
    "Deleting it starts what is listed above; nothing else.";
pub(in crate::console) const BUILT_IN_AGAIN: &str = "The built-in one counts again then.";

/// What a plan says of a file that is deleted.
pub(in crate::console) fn without(kind: &str, id: &str, verdict: &str) -> String {
    format!("Without the {kind} {id}: {verdict}")
}

pub(in crate::console) const DELETE_DEFINITION_MEANS: &str =
    "Nothing can be connected with it any more. Its versions are kept, and so are drafts of it.";

/// What deleting a definition means, in a sentence.
pub(in crate::console) fn deletes_definition(name: &str, app: &str) -> String {
    format!("{DELETE} {name}: it does not read the users of {app} any more.")
}

/// What keeps a definition from being deleted.
pub(in crate::console) fn in_use(accounts: usize) -> String {
    format!(
        "{} with it: disconnect them first.",
        many(
            size(accounts),
            "account is connected",
            "accounts are connected"
        )
    )
}
