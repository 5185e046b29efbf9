//! Sentences of the other pages: integrations, accounts, files, audit, settings, sign-in.

use jiff::Timestamp;
use sando_core::account::{Account, AccountState};
use sando_core::audit::Verification;
use sando_core::erasure::{Erasure, Extent};
use sando_core::sync::shape::Emptied;

use crate::console::format::{many, number, size};

/// The page that opens the console.
pub(in crate::console) const SIGN_IN_LINK: &str =
    "This link signs you in as the local administrator.";
pub(in crate::console) const SIGN_IN_KEY: &str = "Sign in to Sando.";
pub(in crate::console) const LINK_ONCE: &str =
    "It works once. Every start of sando serve prints a new one.";
pub(in crate::console) const KEY_LABEL: &str = "API key or administrator's token";
pub(in crate::console) const KEY_HINT: &str =
    "Begins with sk_. What you may do here is what the key may do. It is not kept in the browser.";
pub(in crate::console) const LINK_SPENT: &str = "This link was used already, or is too old.";
pub(in crate::console) const LINK_SPENT_WHY: &str = "A link signs in once, within an hour. Start sando serve again for a new one, or use an API key.";
pub(in crate::console) const KEY_WRONG: &str = "This is no key or token that counts here.";

pub(in crate::console) const SIGN_IN_PROVIDER: &str = "Sign in with your company account";
pub(in crate::console) const SIGN_IN_PROVIDER_HINT: &str =
    "You are sent to your company's sign-in, and back here.";
pub(in crate::console) const SIGN_IN_OTHERWISE: &str = "Or with a key";
pub(in crate::console) const SIGN_IN_FAILED: &str = "Your company's sign-in did not let you in.";
pub(in crate::console) const SIGN_IN_AGAIN: &str = "Begin again";
pub(in crate::console) const SIGN_IN_DENIED: &str = "It sent you back without permission: somebody chose Cancel, \
     or you may not use Sando there. Whoever administers your company's sign-in can allow it.";
pub(in crate::console) const SIGN_IN_NO_CODE: &str =
    "It sent you back without a code. Begin again; if it comes back, tell whoever administers it.";
pub(in crate::console) const SIGN_IN_ELSEWHERE: &str = "It was not begun in this browser, was used already, or took \
     longer than 15 minutes. Begin again; nothing was changed.";
pub(in crate::console) const NO_ROLE: &str =
    "We know who you are, but you have no role here, so there is nothing we may show you.";

/// Whom to ask for a role.
pub(in crate::console) fn ask_for_role(whom: &[String]) -> String {
    let whom = match whom {
        [] => "whoever administers Sando".to_owned(),
        all => all.join(" or "),
    };
    format!(
        "Ask {whom}: an administrator gives roles to your company's groups under Settings, Who is who. Then sign in again."
    )
}

pub(in crate::console) const CLIENT_SECRET: &str = "Sign-in of the console";
pub(in crate::console) const CLIENT_SECRET_LABEL: &str = "Client secret";
pub(in crate::console) const CLIENT_SECRET_HINT: &str = "Of the client that client_id names at the provider; without one the provider \
     has to know a client without a secret. It is never shown again.";
pub(in crate::console) const CLIENT_SECRET_SAVE: &str = "Save the secret";
pub(in crate::console) const CLIENT_REDIRECT: &str =
    "Allow this redirect URL there, after the address of this console:";
pub(in crate::console) const CLIENT_REDIRECT_WHOLE: &str = "Allow this redirect URL there:";
pub(in crate::console) const CLIENT_NONE: &str =
    "Nobody signs in by the provider yet: name the console's client_id above.";

pub(in crate::console) const LOGIN: &str = "Login at the application";
pub(in crate::console) const LOGIN_HINT: &str = "Its users are read with what somebody allows on its login page. \
     Authorise again after a change of scopes, or when it does not accept us any more.";
pub(in crate::console) const AUTHORISE: &str = "Authorise";
pub(in crate::console) const AUTHORISE_AGAIN: &str = "Authorise again";
pub(in crate::console) const LOGIN_OPEN: &str = "Open the login page";
pub(in crate::console) const LOGIN_PAGE: &str =
    "The login page is ready; it is good for 15 minutes and one login.";
pub(in crate::console) const LOGIN_MEANS: &str = "Log in there as somebody who may list all users. You are sent back to us, \
     and the account is synced at once. The application has to allow this redirect URL:";
pub(in crate::console) const CLOSE_WINDOW: &str = "You can close this window.";

pub(in crate::console) const AVAILABLE: &str = "Available to connect";
pub(in crate::console) const CONNECTED: &str = "Your connected integrations";
pub(in crate::console) const CONNECT: &str = "Connect";
pub(in crate::console) const SYNC_NOW: &str = "Sync now";
pub(in crate::console) const TEST: &str = "Test";
pub(in crate::console) const ENABLE: &str = "Enable";
pub(in crate::console) const NO_DEFINITIONS: &str = "A definition says how an application's users are read. There is none \
     yet: build one, or take one of the catalogue.";
pub(in crate::console) const NO_ACCOUNTS: &str = "No account is connected yet. Connect one above.";

/// Integrations.
pub(in crate::console) fn integrations(
    definitions: usize,
    accounts: &[&Account],
    now: Timestamp,
) -> String {
    let bad = accounts.iter().filter(|account| account.fails(now));
    match (size(accounts.len()), size(bad.count()), size(definitions)) {
        (0, _, 0) => "Nothing can be connected yet.".to_owned(),
        (0, _, some) => format!(
            "{} connected; nothing is yet.",
            many(some, "definition can be", "definitions can be")
        ),
        (all, 0, _) => format!(
            "{} connected, and none needs you.",
            many(all, "account is", "accounts are")
        ),
        (all, bad, _) => format!(
            "{} of {} you.",
            number(bad),
            many(all, "account needs", "accounts need")
        ),
    }
}

/// An account.
pub(in crate::console) fn account(account: &Account) -> String {
    let label = format!("{} / {}", account.definition, account.shown_name());
    match &account.state {
        AccountState::Disabled { failure, .. } => format!(
            "{label} is disabled: {}. Its {} stay as they were.",
            failure.class.name(),
            many(account.users, "user", "users")
        ),
        AccountState::Connecting => format!("{label} is being connected."),
        AccountState::Connected if account.held.is_some() => format!(
            "{label} is held: the last sync would take away so much that we asked first. The old roster is in use."
        ),
        AccountState::Connected if account.applied == 0 => match &account.last {
            Some(last) if last.failure.is_some() => format!("{label} could not be read yet."),
            _ => format!("{label} is being read for the first time."),
        },
        AccountState::Connected => format!(
            "{label} has {}, {} of them active.",
            many(account.users, "user", "users"),
            number(account.active)
        ),
    }
}

pub(in crate::console) const EMPTIED: &str = "Suddenly empty";
pub(in crate::console) const EMPTIED_MEANS: &str = "The sync counts: lists and reports show what the application answers now. If it moved the field, mend the \
     mapping; the next sync fills it again. The warning stays until there are values again, or another version of the definition reads them.";

/// A field that had values and has none any more.
pub(in crate::console) fn emptied(one: &Emptied) -> String {
    format!(
        "{} is suddenly empty: it has a value in {} of {}, before in {} of {}.",
        one.field,
        number(one.now),
        many(one.now_rows, "row", "rows"),
        number(one.before),
        number(one.before_rows)
    )
}

pub(in crate::console) const NO_SYNCS: &str = "It was not synced yet.";
pub(in crate::console) const NO_USERS: &str = "No user is in the roster.";
pub(in crate::console) const WHY_PLAIN: &str = "An active user; nothing about it is odd.";
pub(in crate::console) const WHO_IT_IS: &str = "Who it is";
pub(in crate::console) const BY_ADDRESS: &str = "Known by the address.";
pub(in crate::console) const LINKED_BY_HAND: &str = "Linked by hand";
pub(in crate::console) const DOES_NOT_COUNT: &str =
    "was linked to this user: that does not count, as somebody else is known by the address.";
pub(in crate::console) const THIS_IS: &str = "This is";
pub(in crate::console) const THIS_IS_HINT: &str =
    "The id of a person, or an address they are known by.";
pub(in crate::console) const LINK: &str = "Link";
pub(in crate::console) const UNLINK: &str = "Unlink";

/// Which version of the definition said why a user is what they are.
pub(in crate::console) fn why_version(version: u32) -> String {
    format!("As version {version} of the definition says.")
}

/// Connecting.
pub(in crate::console) fn connect(name: &str) -> String {
    format!("Connect {name}: give the account a name and what it is read with.")
}

pub(in crate::console) const ACCOUNT_NAME: &str = "Account name";
pub(in crate::console) const ACCOUNT_NAME_HINT: &str =
    "Such as Prod; it tells accounts of one application apart, whatever its case.";
pub(in crate::console) const SECRET_HINT: &str = "Is kept encrypted and never shown again.";
pub(in crate::console) const OPTIONAL: &str = "May be left out.";

/// What an application's requests go out with.
pub(in crate::console) fn provisioner(app: &str, is_asked: bool, is_set: bool) -> String {
    match (is_asked, is_set) {
        (_, true) => format!("{app} has its credentials."),
        (true, false) => {
            format!("{app} has no credentials yet: no access is given there by itself.")
        }
        (false, false) => format!("{app} asks for no credentials."),
    }
}

pub(in crate::console) const CREDENTIALS_OF: &str = "Credentials…";
pub(in crate::console) const PROVISIONER_TEST: &str = "Try the credentials";
pub(in crate::console) const PROVISIONER_WORKS: &str =
    "It was asked for a user whom nobody is, and answered as it should. Nothing was changed there.";

/// The credentials of a provisioner were tried.
pub(in crate::console) fn provisioner_tested(app: &str, ok: bool) -> String {
    if ok {
        format!("{app} lets us in.")
    } else {
        format!("{app} does not let us in.")
    }
}
pub(in crate::console) const SET: &str = "set";
pub(in crate::console) const IS_SET: &str = "is set, and never shown";
pub(in crate::console) const SET_CREDENTIALS: &str = "Set the credentials";
pub(in crate::console) const REPLACE_CREDENTIALS: &str = "Replace the credentials";
pub(in crate::console) const REPLACES_ALL: &str = "Saving replaces all of them at once: what is left empty is gone. The next request goes out with the new \
     ones, and there is no way back to the old ones.";
pub(in crate::console) const NOTHING_ASKED: &str =
    "Its file names no auth that asks for something, and no variables in its base URL.";
pub(in crate::console) const BORROWS: &str =
    "Its file names no auth, so it goes out with what this account is connected with:";
pub(in crate::console) const NOTHING_BY_HAND: &str =
    "Its owner gives and takes access by hand, so nothing is asked for here.";
pub(in crate::console) const CREDENTIALS_NEED: &str =
    "You can see what is set. Setting it takes the role administrator.";

/// There is an account of this name already.
pub(in crate::console) fn replaces(name: &str, users: u64) -> String {
    format!(
        "{name} is already connected. Replacing it takes its credentials now and deletes its {}; the first complete sync \
         brings them back.",
        many(users, "user", "users")
    )
}

/// Type the name to replace it.
pub(in crate::console) fn type_to_replace(name: &str) -> String {
    format!("Type {name} to replace it")
}

/// A list of files.
pub(in crate::console) fn files(count: usize, one: &str, more: &str) -> String {
    match size(count) {
        0 => format!("There are no {more} yet."),
        count => format!("{}.", many(count, one, more)),
    }
}

pub(in crate::console) const SEE_CHANGES: &str = "See what would change";
pub(in crate::console) const SAVE: &str = "Save";
pub(in crate::console) const FILE: &str = "File";
pub(in crate::console) const FILE_HINT: &str =
    "As YAML or JSON. Nothing is saved before you saw what would change.";
pub(in crate::console) const FILE_READ_ONLY: &str =
    "You can read this file. Changing it takes the role administrator.";
pub(in crate::console) const BUILT_IN: &str = "Built in; a file of this name replaces it.";

/// A file.
pub(in crate::console) fn file(kind: &str, id: &str) -> String {
    format!("The {kind} {id}, as it counts now.")
}

/// What a changed file would do.
pub(in crate::console) fn changes(people: u64, affected: u64, losing: u64) -> String {
    let of = many(people, "person", "people");
    match (affected, losing) {
        (0, _) => format!("Nothing would change for {of}."),
        (some, 0) => format!(
            "Something would change for {} of {of}; nobody loses anything.",
            number(some)
        ),
        (some, lose) => format!(
            "Something would change for {} of {of}; {} something.",
            number(some),
            many(lose, "loses", "lose")
        ),
    }
}

pub(in crate::console) const OVER_CAP: &str = "More people lose something than may without a second look: their removals are held until somebody releases them.";

/// The trail.
pub(in crate::console) fn verified(verified: &Verification) -> String {
    match &verified.first_broken {
        None => format!(
            "Every chain is intact: {} in {}.",
            many(verified.records, "record", "records"),
            many(verified.streams, "stream", "streams")
        ),
        Some(broken) => format!(
            "The chain {} is broken at record {}.",
            broken.stream, broken.seq
        ),
    }
}

pub(in crate::console) const AUDIT: &str =
    "Everything that was decided and done, in chains that nobody can change unnoticed.";
pub(in crate::console) const LATEST_MEANS: &str = "The last record of each chain, those that moved last first. Each chain has a page with all of its records.";
pub(in crate::console) const ALL_RECORDS: &str = "Every record about them";
pub(in crate::console) const WHO_CHANGED: &str = "Who changed it";
pub(in crate::console) const NO_DAY: &str = "a day, such as 2027-01-31";

/// What a search of the trail found, and how far it looked.
pub(in crate::console) fn searched(found: usize, looked: u64, has_more: bool) -> String {
    let looked = many(looked, "record", "records");
    match (size(found), has_more) {
        (0, false) => "No record fits.".to_owned(),
        (0, true) => format!("None of {looked} that were looked at fits; there are more."),
        (some, false) => format!(
            "{} what is asked for.",
            many(some, "record fits", "records fit")
        ),
        (some, true) => format!(
            "{} what is asked for, of {looked} that were looked at; there are more.",
            many(some, "record fits", "records fit")
        ),
    }
}

/// On to what follows in the trail.
pub(in crate::console) fn go_on(is_cut: bool) -> &'static str {
    if is_cut { "Look further" } else { "Next" }
}

pub(in crate::console) const VERIFY: &str = "Verify now";
pub(in crate::console) const SAME_CAUSE: &str = "everything because of it";
pub(in crate::console) const NO_RECORDS: &str = "There is no record here yet.";
pub(in crate::console) const SEALED: &str = "personal, and erased";

/// Settings.
pub(in crate::console) fn settings(lever: bool) -> String {
    if lever {
        "Lever is connected.".to_owned()
    } else {
        "Lever is not connected yet, so nobody can arrive.".to_owned()
    }
}

pub(in crate::console) const SETTINGS_READ_ONLY: &str =
    "You can read the settings. Changing them takes the role administrator.";
pub(in crate::console) const WHO_IS_WHO: &str = "Who is who";

/// How far erasing somebody has come.
pub(in crate::console) fn to_be_erased(erasure: &Erasure) -> &'static str {
    match (erasure.extent, erasure.look_at) {
        (Extent::Recruiting, _) => "what recruiting knew of them is erased soon",
        (Extent::Everything, Some(_)) => "erased soon",
        (Extent::Everything, None) => "erased once everything is taken back",
    }
}

pub(in crate::console) const RETENTION: &str = "How long it is kept";
pub(in crate::console) const RETENTION_HINT: &str =
    "In days. What still goes on is kept for as long as it does, and the audit for ever.";

/// What is kept for so long.
pub(in crate::console) fn kept(name: &str) -> &'static str {
    match name {
        "candidates_days" => "People who never started, since anything was heard of them",
        "events_days" => "Events and webhooks",
        "runs_days" => "Runs that are over, with their tasks and approvals",
        "syncs_days" => "Syncs",
        "dropped_users_days" => "Users who are gone from their application",
        "letters_days" => "What people were told",
        _ => "Jobs and what came of them",
    }
}
pub(in crate::console) const ROLES_HINT: &str =
    "As YAML, one role a line: it-admin: [ada@contoso.example]";
pub(in crate::console) const OIDC_HINT: &str = "As YAML: issuer, audience, client_id (with it people sign in here), scopes, groups_claim, and groups: \
     each with its roles viewer, operator, approver or administrator.";
pub(in crate::console) const NO_KEYS: &str =
    "There is no API key yet. Programs and colleagues sign in with one.";
pub(in crate::console) const MAKE_KEY: &str = "Make a key";
pub(in crate::console) const FORGET_MEANS: &str = "It proves nothing from then on, and sessions that it opened are over. It cannot be brought back.";
pub(in crate::console) const KEY_MADE: &str = "This key was made already: its secret was shown once, and is not shown again. Forget the key and make \
     another one if you did not keep it.";
pub(in crate::console) const KEY_ONCE: &str =
    "Copy it now: it is shown this once, and only its hash is kept.";
pub(in crate::console) const KEPT: &str = "It is kept";
pub(in crate::console) const LEVER_KEY: &str = "An API key";
pub(in crate::console) const LEVER_KEY_HINT: &str = "Made in Lever under Settings, Integrations and API, with read access to opportunities, \
     contacts, offers, postings, users and webhooks, and write access to notes. Leave it empty to keep the one that is set.";
pub(in crate::console) const LEVER_HOOKS: &str = "Webhooks with a signing token";
pub(in crate::console) const LEVER_HOOKS_HINT: &str =
    "Lever calls /webhooks/lever/{name}; the name is yours to choose.";
pub(in crate::console) const LEVER_NAME_HINT: &str = "It is the end of the URL that Lever calls: hires calls /webhooks/lever/hires. \
     A name that is there already gets the new token.";
pub(in crate::console) const LEVER_SCOPES: &str = "Scopes of the key";
pub(in crate::console) const LEVER_SCOPES_NO: &str =
    "Not tested yet: Test the key asks Lever for one of everything that Sando reads.";
pub(in crate::console) const TESTED: &str = "Tested";
pub(in crate::console) const LEVER_SEEN: &str = "A test event";
pub(in crate::console) const LEVER_PINGED: &str = "Lever's test event came, rightly signed, to";
pub(in crate::console) const LEVER_SEEN_YES: &str =
    "Lever has told of candidates, with a signature that is right.";
pub(in crate::console) const LEVER_SEEN_NO: &str = "None yet. Choose Verify connection beside the webhook in Lever: this turns green by itself, as it does with the first \
     event about a candidate.";
pub(in crate::console) const LEVER_TEST: &str = "Test the key";
pub(in crate::console) const LEVER_ASK: &str = "Ask Lever now";
pub(in crate::console) const LEVER_ASKED: &str = "Lever is being asked for everything that no webhook told; people who have not started are read again.";
pub(in crate::console) const LEVER_CHANGE: &str = "Key and signing tokens";
pub(in crate::console) const LEVER_SAVE: &str = "Save what is filled in";
pub(in crate::console) const LEVER_WORKS: &str =
    "The key is accepted, and may read what Sando reads.";

/// The key of Lever was tried.
pub(in crate::console) fn lever_tested(ok: bool) -> String {
    if ok {
        "Lever lets us in.".to_owned()
    } else {
        "Lever does not let us in.".to_owned()
    }
}

pub(in crate::console) const FILE_FITS: &str =
    "It can be read. See what would change before it is saved.";

/// A file that is being typed.
pub(in crate::console) fn mistakes_so_far(count: usize) -> String {
    format!("{} so far:", many(size(count), "mistake", "mistakes"))
}

/// A file that cannot be saved as it is.
pub(in crate::console) fn of_mistakes(count: usize) -> String {
    let count = many(size(count), "mistake is", "mistakes are");
    format!("{count} in the file; nothing was saved.")
}

pub(in crate::console) const PLACE: &str = "Where it is, and who works here";
pub(in crate::console) const PLACE_SAVE: &str = "Save where and who";
pub(in crate::console) const PUBLIC_URL: &str = "Address of this console";
pub(in crate::console) const PUBLIC_URL_HINT: &str = "What browsers reach it by, such as sando.contoso.example with https before it. Letters link to it; without it they have \
     no links.";
pub(in crate::console) const DIRECTORY: &str = "Directory";
pub(in crate::console) const DIRECTORY_MEANS: &str = "An account whose users are the people of the company: who appears there becomes known \
     here. Leave all of it empty for none.";
pub(in crate::console) const DIRECTORY_DEFINITION: &str = "Definition";
pub(in crate::console) const DIRECTORY_DEFINITION_HINT: &str = "Its name, such as entra.";
pub(in crate::console) const DIRECTORY_ACCOUNT: &str = "Account";
pub(in crate::console) const DIRECTORY_ACCOUNT_HINT: &str = "Its name, such as prod.";
pub(in crate::console) const DIRECTORY_ATTRIBUTES: &str = "Attributes";
pub(in crate::console) const DIRECTORY_ATTRIBUTES_HINT: &str = "As YAML, an attribute a line and where it stands in a user: \
     department: custom_fields.department";
