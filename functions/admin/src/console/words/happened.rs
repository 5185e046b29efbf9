//! What the trail records, as sentences: one for every kind of action that there is. A test looks for new ones.

use sando_core::approval::ApprovalState;
use sando_core::config::ConfigKind;
use sando_core::effect::Action;
use sando_core::rule::EventKind;
use sando_core::run::RunState;
use sando_core::sync::SyncState;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Actions with one sentence each, whatever they are about.
const PLAIN: &[(&str, &str)] = &[
    ("API key made", "An API key was made"),
    ("API key forgotten", "An API key was forgotten"),
    (
        "a human has to look",
        "A human has to look: what Lever says is not clear",
    ),
    (
        "account authorised",
        "Somebody logged in at the application, and the account can be read",
    ),
    ("account connected", "The account was connected"),
    (
        "access review due",
        "Administrators were told that an access review is due",
    ),
    ("account disabled", "The account was disabled"),
    ("account disconnected", "The account was disconnected"),
    ("account enabled", "The account was enabled"),
    (
        "account held already",
        "A roster shows what they had already: it counts as held, and was not given here",
    ),
    (
        "account found in a roster",
        "A roster shows an account that nobody here gave: it is taken away with the rest",
    ),
    (
        "accounts left behind",
        "Rosters still show accounts of somebody who left",
    ),
    (
        "account enabled by a test",
        "The account was enabled: a test passed",
    ),
    (
        "another person was merged in",
        "Somebody else was found to be the same human",
    ),
    (
        "another person was split off",
        "A part of what they were known by is somebody else's",
    ),
    ("approval asked for", "Somebody was asked to decide"),
    ("approval told", "Who may decide was told"),
    ("approval reminded of", "Who may decide was reminded"),
    (
        "approval decision refused",
        "Somebody wanted to decide who may not",
    ),
    ("approval delegated", "The decision was given to a deputy"),
    (
        "approval escalated",
        "Nobody decided in time: others were asked",
    ),
    (
        "candidacy erased",
        "A candidacy that Lever deleted was erased",
    ),
    ("catch-up asked for", "Reading Lever again was asked for"),
    ("checkpoint", "The ends of the chains were written down"),
    ("notification tested", "A test message was sent"),
    (
        "client secret set",
        "The secret was set with which the console signs people in",
    ),
    ("corrected by hand", "Attributes were corrected by hand"),
    ("credentials removed", "Credentials were removed"),
    ("credentials set", "Credentials were set"),
    ("definition deleted", "The definition was deleted"),
    ("definition put", "The definition was saved"),
    ("drift corrected", "Correcting drift was asked for by hand"),
    (
        "drift taken over",
        "What a roster shows was taken for what is there",
    ),
    ("erasure asked for", "Erasing them was asked for"),
    (
        "erasure waits",
        "Erasing them waits until everything is taken back, and can be undone no more",
    ),
    ("event replayed", "The event was replayed"),
    (
        "waiting event went on",
        "The event went on: what it waited for was answered",
    ),
    ("first day has come", "The first day has come"),
    (
        "kept access let go",
        "What they kept was let go by hand: it is taken away unless it is due",
    ),
    (
        "merged into another person",
        "They were found to be somebody who is known already",
    ),
    (
        "kept for long enough",
        "What was kept for long enough was deleted",
    ),
    ("lever API key set", "The API key of Lever was set"),
    (
        "link to sign in made",
        "A link to sign in was printed at the start",
    ),
    (
        "paused removals",
        "Removals were paused: more than may be in one hour",
    ),
    ("person added", "They became known"),
    (
        "person erased",
        "They were erased: nothing personal is left here",
    ),
    ("person changed", "What is known of them changed"),
    (
        "recruiting data erased",
        "What recruiting knew of them was erased",
    ),
    (
        "refused a token that was seen with other content",
        "A webhook was refused: its token came before with other content",
    ),
    (
        "reinstatement asked for",
        "Coming back was asked for by hand",
    ),
    ("run is being cancelled", "The run is being cancelled"),
    ("signed in", "Somebody signed in to the console"),
    ("signed out", "Somebody signed out of the console"),
    (
        "signing tokens removed",
        "Signing tokens of webhooks were removed",
    ),
    ("signing tokens set", "Signing tokens of webhooks were set"),
    (
        "split off from another person",
        "They were found to be somebody of their own",
    ),
    ("step done by hand", "A step was done by hand"),
    ("step skipped", "A step was skipped"),
    ("step tried again", "A step was tried again"),
    ("sync begun", "A sync began"),
    ("sync released", "A sync that was held was released"),
    (
        "task closed by a roster",
        "A task was closed: a roster shows that it is done",
    ),
    (
        "task confirmed by a roster",
        "A roster shows that a task was done",
    ),
    ("task done", "A task was done"),
    ("task not needed any more", "A task is not needed any more"),
    (
        "values looked at",
        "What the rules looked at was kept, encrypted",
    ),
    (
        "task opened again by a roster",
        "A task is open again: a roster shows that it was not done",
    ),
    ("task reassigned", "A task was given to somebody else"),
    (
        "tied to another system",
        "Another system knows them, under a key of its own",
    ),
    ("termination asked for", "Leaving was asked for by hand"),
    ("termination set", "Leaving was set for a later moment"),
    (
        "licences asked back",
        "The owner was asked to take back licences of a user who cannot use them any more",
    ),
    ("termination undone", "The leaving was called off"),
];

/// Longer ones.
const LONG: &[(&str, &str)] = &[
    (
        "what the offer says changed before the first day",
        "What the offer says changed before the first day",
    ),
    (
        "work address changed: a stranger has the first one",
        "The work address was changed: a stranger has the first one",
    ),
];

/// What is said of an application besides the actions in it.
const IN_APP: &[(&str, &str)] = &[
    ("verified", "looked again, and it is so"),
    ("looked: nothing there", "nothing was there to take away"),
    ("given up", "given up, the owner has a task"),
    ("desired", "is due"),
    ("cancelled", "not wanted any more"),
    ("kept", "stays as it is"),
    (
        "removal refused",
        "was not to be taken away: they keep it until they leave",
    ),
    ("withdrawn", "not wanted any more, nothing was made"),
    ("delivery moved", "is given at another time"),
    ("something else is due", "something else is due"),
    ("done by hand", "done by hand"),
    (
        "access confirmed in a review",
        "looked at in an access review, and confirmed",
    ),
    (
        "user linked by hand",
        "a user of its roster was said to be them, by hand",
    ),
    (
        "user unlinked by hand",
        "a user of its roster does not count as them any more",
    ),
    (
        "access revoked in a review",
        "looked at in an access review: the owner is to take it away",
    ),
];

/// A word that is one of a kind.
fn word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Value::from(word)).ok()
}

/// Every effect.
const ACTIONS: [Action; 8] = [
    Action::Create,
    Action::Restore,
    Action::Entitle,
    Action::RevokeSessions,
    Action::ReleasePlan,
    Action::Suspend,
    Action::Remove,
    Action::Send,
];

fn of_action(action: Action) -> &'static str {
    match action {
        Action::Create => "account made",
        Action::Restore => "account made active again",
        Action::Entitle => "role, groups and plan set",
        Action::RevokeSessions => "signed out everywhere",
        Action::ReleasePlan => "licence given back",
        Action::Suspend => "account suspended",
        Action::Remove => "account removed",
        Action::Send => "sent",
    }
}

/// Every kind of file.
const FILES: [ConfigKind; 7] = [
    ConfigKind::App,
    ConfigKind::Attributes,
    ConfigKind::Policy,
    ConfigKind::Rule,
    ConfigKind::Workflow,
    ConfigKind::Settings,
    ConfigKind::Pause,
];

fn of_file(kind: ConfigKind) -> &'static str {
    match kind {
        ConfigKind::App => "The application",
        ConfigKind::Attributes => "The file of attributes",
        ConfigKind::Policy => "The policy",
        ConfigKind::Rule => "The rule",
        ConfigKind::Workflow => "The workflow",
        ConfigKind::Settings => "The settings",
        ConfigKind::Pause => "What is paused",
    }
}

/// What happened.
pub(in crate::console) fn of_event(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Hired => "Hired in Lever",
        EventKind::Unhired => "The hire was undone in Lever",
        EventKind::Archived => "Archived in Lever",
        EventKind::Unarchived => "Taken out of the archive in Lever",
        EventKind::StageChanged => "Moved to another stage in Lever",
        EventKind::Deleted => "Deleted in Lever",
        EventKind::Applied => "Applied in Lever",
        EventKind::OfferChanged => "The offer changed",
        EventKind::PersonChanged => "Attributes that policies look at changed",
        EventKind::Terminated => "Left",
        EventKind::Reinstated => "Came back",
        EventKind::UserAppeared => "Appeared in the directory",
        EventKind::UserVanished => "Not active in the directory any more",
    }
}

fn of_run(state: RunState) -> &'static str {
    match state {
        RunState::Running => "The run goes on",
        RunState::Finished => "The run is finished",
        RunState::Failed => "The run failed",
        RunState::Cancelled => "The run was cancelled",
    }
}

fn of_sync(state: SyncState) -> &'static str {
    match state {
        SyncState::Running => "A sync goes on",
        SyncState::Done => "A sync was read to its end",
        SyncState::Held => "A sync is held: too many would lose something",
        SyncState::Dropped => "A sync was dropped: the roster stays as it was",
        SyncState::Failed => "A sync failed",
    }
}

fn of_approval(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Waiting => "A decision is waited for",
        ApprovalState::Approved => "Approved",
        ApprovalState::Rejected => "Rejected",
        ApprovalState::Expired => "Nobody decided in time: denied",
        ApprovalState::Void => "What was asked for changed: another decision is needed",
        ApprovalState::Gone => "The decision is not needed any more",
    }
}

fn look(all: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    let found = all.iter().find(|(known, _)| *known == word);
    found.map(|(_, sentence)| *sentence)
}

/// What is said of what is no account: a note in Lever, a message, a request.
fn of_sent(kind: &str, action: &str) -> Option<String> {
    let (what, done) = match kind {
        "lever" => ("Note in Lever", "written"),
        "step" => ("Step", "sent"),
        _ => return None,
    };
    let how = match action {
        "send" => done.to_owned(),
        "send intended" => format!("about to be {done}"),
        "verified" => "looked again, and it is there".to_owned(),
        "given up" => "given up".to_owned(),
        _ => return None,
    };
    Some(format!("{what}: {how}"))
}

/// The sentence of an action; none for one that is not known.
fn sentence(kind: &str, app: Option<&str>, action: &str) -> Option<String> {
    if let Some(sent) = of_sent(kind, action) {
        return Some(sent);
    }
    let in_app = || look(IN_APP, action).or_else(|| word(action).map(of_action));
    if kind == "app" || app.is_some() {
        let app = app.unwrap_or("the application");
        if let Some(known) = in_app() {
            return Some(format!("{app}: {known}"));
        }
        let intended = action.strip_suffix(" intended").and_then(word);
        if let Some(known) = intended.map(of_action) {
            return Some(format!("{app}: {known}, intended"));
        }
    }
    let plain = look(PLAIN, action).or_else(|| look(LONG, action));
    let plain = plain.or_else(|| {
        let (first, rest) = action.split_once(' ')?;
        match first {
            "event" => word(rest).map(of_event),
            "run" => word(rest).map(of_run),
            "sync" => word(rest).map(of_sync),
            "approval" => word(rest).map(of_approval),
            _ => None,
        }
    });
    if let Some(known) = plain {
        return Some(match (kind, app) {
            ("approval", Some(app)) => format!("{known}: {app}"),
            _ => known.to_owned(),
        });
    }
    if let Some(missing) = action.strip_prefix("waits for attributes: ") {
        return Some(format!("It waits for attributes: {missing}"));
    }
    let (file, done) = action.rsplit_once(' ')?;
    let file = word(file).map(of_file)?;
    match done {
        "put" => Some(format!("{file} was saved")),
        "deleted" => Some(format!("{file} was deleted")),
        _ => None,
    }
}

/// The actions whose sentence has this text in it, and the text itself.
pub(in crate::console) fn actions_like(text: &str) -> Vec<String> {
    let wanted = text.to_lowercase();
    let written = [PLAIN, LONG, IN_APP].into_iter().flatten();
    let written = written.map(|(action, _)| (*action).to_owned());
    let effects = ACTIONS.iter().map(|action| action.as_str().to_owned());
    let events = EventKind::ALL.iter();
    let events = events.map(|kind| format!("event {}", kind.as_str()));
    let files = FILES.iter().flat_map(|kind| {
        let kind = kind.as_str();
        [format!("{kind} put"), format!("{kind} deleted")]
    });
    let says = |action: &String| {
        let sentence = sentence("app", None, action);
        sentence.is_some_and(|sentence| sentence.to_lowercase().contains(&wanted))
    };
    let known = written.chain(effects).chain(events).chain(files);
    let known = known.filter(says).map(|action| action.to_lowercase());
    std::iter::once(wanted.clone()).chain(known).collect()
}

/// What happened, as a sentence. What a later release recorded is told as it is.
pub(in crate::console) fn happened(kind: &str, app: Option<&str>, action: &str) -> String {
    let plain = app.and_then(|app| action.strip_prefix(app)?.strip_prefix(": "));
    let action = plain.unwrap_or(action);
    sentence(kind, app, action).unwrap_or_else(|| {
        let mut chars = action.chars();
        let first = chars
            .next()
            .map(|first| first.to_uppercase().collect::<String>());
        format!("{}{}", first.unwrap_or_default(), chars.as_str())
    })
}

#[cfg(test)]
mod tests;
