//! What the console says, in one place: sentences by page, and the words that all pages share.
//!
//! Present tense, short, names before ids, "we" for Sando. A verdict is right for empty, one, many, failed and unknown.

mod access;
mod away;
mod builder;
mod events;
mod fields;
mod forms;
mod happened;
mod held;
mod import;
mod inbox;
mod long;
mod money;
mod notify;
mod overview;
mod pages;
mod readings;
mod refusals;
mod rosters;
mod work;

pub(super) use access::*;
pub(super) use away::*;
pub(super) use builder::*;
pub(super) use events::*;
pub(super) use fields::*;
pub(super) use forms::*;
pub(super) use happened::*;
pub(super) use held::*;
pub(super) use import::*;
pub(super) use inbox::*;
pub(super) use long::*;
pub(super) use money::*;
pub(super) use notify::*;
pub(super) use overview::*;
pub(super) use pages::*;
pub(super) use readings::*;
pub(super) use refusals::*;
pub(super) use rosters::*;
pub(super) use work::*;

pub(super) const MAIN: &str = "Main";
pub(super) const MENU: &str = "Menu";
pub(super) const SKIP: &str = "Skip to the content";
pub(super) const SIGN_IN: &str = "Sign in";
pub(super) const SIGN_OUT: &str = "Sign out";
pub(super) const BACK: &str = "Back";
pub(super) const TO_START: &str = "To the start";
pub(super) const COPY: &str = "Copy";
pub(super) const CLOSE: &str = "Close";
pub(super) const CANCEL: &str = "Cancel";
pub(super) const OLDER: &str = "Older";
pub(super) const NEWEST: &str = "Newest";
pub(super) const MORE: &str = "More";
pub(super) const FILTER: &str = "Filter";
pub(super) const CLEAR: &str = "Clear the filter";
pub(super) const PROBLEM: &str = "There is a problem";
pub(super) const QUOTE: &str = "If it comes back, quote";
/// How the title of a page begins that says what is wrong.
pub(super) const ERROR: &str = "Error: ";
pub(super) const KEYS: &str = "Keys of this page";
pub(super) const SHORTCUTS: &str = "Shortcuts";
pub(super) const SINGLE_KEYS_OFF: &str = "Switch single keys off";
pub(super) const SINGLE_KEYS_ON: &str = "Switch single keys on";
pub(super) const SINGLE_KEYS_ARE_OFF: &str =
    "Single keys are switched off in this browser: only those with Ctrl or ⌘ do something.";
pub(super) const REASON: &str = "Reason";
pub(super) const REASON_HINT: &str = "In your words; it is kept in the audit.";
pub(super) const REASON_NEEDED: &str = "Why? It is kept in the audit.";
pub(super) const FIND: &str = "Find";
pub(super) const IS_PAUSED: &str = "Paused";
pub(super) const FIND_WHAT: &str =
    "A person, an account, a run or a file, by how it begins or by id";
pub(super) const NOTHING_FOUND: &str =
    "Nothing begins like that. A whole address or id finds everything that has it.";
pub(super) const FOUND_CUT: &str =
    "There is more than is shown: type more of it. A whole address or id finds everybody.";
pub(super) const NO_MATCH: &str = "Nothing matches this filter.";

/// How far a page of a filtered list looked, if not to the end.
pub(super) fn looked_at(count: usize) -> String {
    let count = super::format::number(super::format::size(count));
    format!("{count} were looked at for this page; more follow.")
}

/// The keys that every page knows.
pub(super) const ALL_KEYS: &[(&str, &str)] = &[
    ("Ctrl K, ⌘ K", "find anything"),
    (
        "g then o i p r n l s a",
        "Overview, Inbox, People, Runs, iNtegrations, poLicies, Spend, Audit",
    ),
    ("j, k", "next row, previous row"),
    ("Enter", "open the row"),
    ("x", "select the row"),
    ("e", "explain the row: what is behind it"),
    ("c", "copy the link of the row, or of the page"),
    ("[, ]", "previous, next tab or step"),
    (
        "Ctrl Enter, ⌘ ↵",
        "run the test, or see what the form would change; nothing is decided by a key",
    ),
    ("/", "filter, or find"),
    ("r", "go to the reason of a decision"),
    ("?", "this list"),
];

/// What was found.
pub(super) fn found(count: usize, text: &str) -> String {
    match (count, text.is_empty()) {
        (_, true) => "Find a person, an account, a run or a file.".to_owned(),
        (0, false) => "Nothing was found.".to_owned(),
        (1, false) => "One was found.".to_owned(),
        (count, false) => format!("{count} were found."),
    }
}

/// What was just done, told by the page that follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// Signed in.
    SignedIn,
    /// An approval.
    Approved,
    /// An approval.
    Rejected,
    /// An approval.
    Delegated,
    /// Somebody leaves.
    Terminated,
    /// Somebody leaves later.
    TerminationSet,
    /// A step.
    Retried,
    /// A step.
    Skipped,
    /// A step or task.
    Completed,
    /// A task.
    Reassigned,
    /// A run.
    Cancelled,
    /// An account.
    Connected,
    /// An account.
    Syncing,
    /// An account.
    Enabled,
    /// An account.
    Disconnected,
    /// A sync that was held.
    Released,
    /// A sync that was held.
    Dropped,
    /// A file.
    Saved,
    /// A file, and what follows from it takes longer.
    Saving,
    /// A file.
    Deleted,
    /// A file, and it takes longer.
    Deleting,
    /// A definition.
    DefinitionDeleted,
    /// What an application's requests go out with.
    CredentialsSet,
    /// A definition.
    Defined,
    /// An earlier version of a definition.
    RolledBack,
    /// A draft.
    Discarded,
    /// Somebody is back.
    Reinstated,
    /// Attributes.
    Corrected,
    /// Drift.
    DriftCorrected,
    /// Somebody who left.
    Erased,
    /// People from a file.
    Imported,
    /// An event.
    Replayed,
    /// Two people.
    Merged,
    /// Two people.
    SplitOff,
    /// The brake.
    Paused,
    /// The brake.
    Resumed,
    /// Removals that the brake held.
    Refused,
    /// The settings.
    SettingsSaved,
    /// An API key, when its form was sent before.
    KeyMade,
    /// Lever.
    LeverAsked,
    /// An API key.
    KeyForgotten,
    /// What people who left still held.
    Clearing,
    /// Accesses in a review.
    Reviewed,
    /// A user of a roster and a person.
    Linked,
    /// A user of a roster and a person.
    Unlinked,
}

impl Said {
    const ALL: &[(Self, &'static str)] = &[
        (Self::SignedIn, "signed-in"),
        (Self::Approved, "approved"),
        (Self::Rejected, "rejected"),
        (Self::Delegated, "delegated"),
        (Self::Terminated, "terminated"),
        (Self::TerminationSet, "termination-set"),
        (Self::Retried, "retried"),
        (Self::Skipped, "skipped"),
        (Self::Completed, "completed"),
        (Self::Reassigned, "reassigned"),
        (Self::Cancelled, "cancelled"),
        (Self::Connected, "connected"),
        (Self::Syncing, "syncing"),
        (Self::Enabled, "enabled"),
        (Self::Disconnected, "disconnected"),
        (Self::Released, "released"),
        (Self::Dropped, "dropped"),
        (Self::Saved, "saved"),
        (Self::Saving, "saving"),
        (Self::Deleted, "deleted"),
        (Self::Deleting, "deleting"),
        (Self::DefinitionDeleted, "definition-deleted"),
        (Self::CredentialsSet, "credentials-set"),
        (Self::Defined, "defined"),
        (Self::RolledBack, "rolled-back"),
        (Self::Discarded, "discarded"),
        (Self::Reinstated, "reinstated"),
        (Self::Corrected, "corrected"),
        (Self::DriftCorrected, "drift-corrected"),
        (Self::Erased, "erased"),
        (Self::Imported, "imported"),
        (Self::Replayed, "replayed"),
        (Self::Merged, "merged"),
        (Self::SplitOff, "split-off"),
        (Self::Paused, "paused"),
        (Self::Resumed, "resumed"),
        (Self::Refused, "refused"),
        (Self::SettingsSaved, "settings-saved"),
        (Self::KeyMade, "key-made"),
        (Self::LeverAsked, "lever-asked"),
        (Self::KeyForgotten, "key-forgotten"),
        (Self::Clearing, "clearing"),
        (Self::Reviewed, "reviewed"),
        (Self::Linked, "linked"),
        (Self::Unlinked, "unlinked"),
    ];

    /// Reads the word of the cookie.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let known = Self::ALL.iter().find(|(_, known)| *known == word);
        known.map(|(said, _)| *said)
    }

    /// The word in the cookie.
    pub(super) fn word(self) -> &'static str {
        let known = Self::ALL.iter().find(|(said, _)| *said == self);
        known.map_or("", |(_, word)| *word)
    }
}

/// What was just done, as a sentence.
pub(super) fn said(said: Said) -> &'static str {
    match said {
        Said::SignedIn => "You are signed in for twelve hours.",
        Said::Approved => APPROVED,
        Said::Rejected => "Rejected. Nothing is given, and whoever asked is told why.",
        Said::Delegated => "Delegated. Your deputy is told and can decide now.",
        Said::Terminated => {
            "Everything is being taken away now: sessions first, accounts after them."
        }
        Said::TerminationSet => "The leaving is set. Nothing is taken away before that moment.",
        Said::Retried => "The step is tried again now.",
        Said::Skipped => "The step is left out; what needs it goes on.",
        Said::Completed => "Done. What waited for it goes on.",
        Said::Reassigned => "It is theirs from now on.",
        Said::Cancelled => {
            "The run is cancelled: nothing new starts, what was on its way is taken back."
        }
        Said::Connected => "Connected. The first sync has begun.",
        Said::Syncing => "The sync has begun.",
        Said::Enabled => "The account is enabled and is synced now.",
        Said::Disconnected => IS_DISCONNECTED,
        Said::Released => "Released. The new roster counts as soon as it is written.",
        Said::Dropped => "Dropped. The roster stays as it was.",
        Said::Saved => "Saved. What follows from it has begun.",
        Said::Saving => "It is being saved; what follows from it begins in a moment.",
        Said::Deleted => "Deleted. What follows from it has begun.",
        Said::Deleting => "It is being deleted; what follows from it begins in a moment.",
        Said::DefinitionDeleted => "The definition is deleted.",
        Said::CredentialsSet => CREDENTIALS_SET,
        Said::Defined => "Saved. It is available to connect now.",
        Said::RolledBack => "It is there again, as a new version; the next sync reads with it.",
        Said::Discarded => "The draft is gone.",
        Said::Reinstated => "What is due is being given again.",
        Said::Corrected => "Corrected. What follows from it has begun.",
        Said::DriftCorrected => {
            "What the rosters show is taken for what is there; what follows from it has begun."
        }
        Said::Erased => "Erased. The audit keeps the id and the reason, and nothing personal.",
        Said::Imported => {
            "They are put. Nothing is given to who is new; known people who change are moved, and whoever's end date is past leaves."
        }
        Said::Replayed => "Replayed. What follows from it has begun.",
        Said::Merged => "Merged. This is who stayed; Split undoes it.",
        Said::SplitOff => "Split off. This is who has it now.",
        Said::Paused => "Paused. No effect starts until somebody resumes.",
        Said::Resumed => "It goes on.",
        Said::Refused => "What you kept is not taken away until they leave; the rest goes on.",
        Said::SettingsSaved => "Saved.",
        Said::KeyMade => KEY_MADE,
        Said::LeverAsked => LEVER_ASKED,
        Said::KeyForgotten => {
            "Forgotten. It proves nothing any more, and sessions that it opened are over."
        }
        Said::Reviewed => {
            "Decided. What is to be taken away is a task of the application's owner now."
        }
        Said::Linked => "Linked. It counts as theirs from now on.",
        Said::Unlinked => "Unlinked. It does not count as theirs any more.",
        Said::Clearing => "It is being taken away now, as when somebody leaves.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_cookie_is_read_back() {
        for (said, word) in Said::ALL {
            assert_eq!(said.word(), *word);
            assert_eq!(Said::parse(word), Some(*said));
        }
        assert_eq!(Said::parse("<script>"), None);
    }
}
