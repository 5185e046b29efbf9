//! Forms of policies, rules, workflows and aliases.

pub(in crate::console) const SHOW_FORM: &str = "Show as a form";
pub(in crate::console) const SHOW_FILE: &str = "Show as a file";

pub(in crate::console) const FORM_TOO_LONG: &str =
    "this is more than a form can carry, so nothing of it was taken in: change the file";

pub(in crate::console) const WHO: &str = "Who";
pub(in crate::console) const WHO_HINT: &str =
    "Attributes of a person. All must hold; without a condition it is for everybody.";
pub(in crate::console) const WHAT: &str = "What they are due";
pub(in crate::console) const NEW_GRANT: &str = "An application";
pub(in crate::console) const GRANT_MORE: &str = "Add an application";
pub(in crate::console) const GRANT_REST: &str = "What few need";
pub(in crate::console) const ALIASES_REST: &str = "Other attributes";
pub(in crate::console) const GRANT_APP: &str = "Application";
pub(in crate::console) const GRANT_PLAN: &str = "Plan";
pub(in crate::console) const GRANT_PLAN_HINT: &str =
    "The licence, by its id. Of two policies the stronger plan counts.";
pub(in crate::console) const GRANT_ROLE: &str = "Role";
pub(in crate::console) const GRANT_GROUPS: &str = "Groups";
pub(in crate::console) const ONE_A_LINE: &str = "One a line.";
pub(in crate::console) const GIVEN: &str = "Given";
pub(in crate::console) const GIVEN_HINT: &str = "How long: 3d are calendar days, 3wd working days. The time is that of the place where the person works; it may be left out.";
pub(in crate::console) const GIVEN_NOW: &str = "at once";
pub(in crate::console) const GIVEN_BEFORE: &str = "before the first day";
pub(in crate::console) const GIVEN_ON: &str = "on the first day";
pub(in crate::console) const GIVEN_AFTER: &str = "after the first day";
pub(in crate::console) const ASKED_FIRST: &str = "Who has to say yes first";
pub(in crate::console) const ASKED_FIRST_HINT: &str = "One a line: an address, role:it-admin, group:security or {manager}. Nobody is asked where it is empty.";
pub(in crate::console) const ASKED_FOR: &str = "Denied by itself after";
pub(in crate::console) const ASKED_FOR_HINT: &str =
    "Such as 72h or 3wd. Without it the question stands.";
pub(in crate::console) const ASKED_LATER: &str = "Who is asked as well when nobody answers";
pub(in crate::console) const ASKED_LATER_HINT: &str =
    "One a line; after half the time, or after 72 hours.";
pub(in crate::console) const SAID_YES: &str = "Who said yes already, for everybody";
pub(in crate::console) const SAID_YES_HINT: &str = "Then nobody is asked.";
pub(in crate::console) const ONLY_FOR: &str = "Only for";
pub(in crate::console) const ONLY_FOR_HINT: &str =
    "Those among whom the policy is for, of whom all of this holds.";

pub(in crate::console) const ALIASES: &str = "Aliases";
pub(in crate::console) const ALIASES_HINT: &str = "A value that counts, and what it is also called, with commas: department Engineering is also Eng and R&D. Values that no row \
     names count as they are. The other parts of this file are shown as a file.";
pub(in crate::console) const ALIAS_OF_NOTHING: &str = "every row begins with the value that counts";

pub(in crate::console) const RULE_WHAT: &str = "What starts what";
pub(in crate::console) const RULE_EVENT: &str = "When this happens";
pub(in crate::console) const RULE_WHEN: &str = "And this holds";
pub(in crate::console) const RULE_WHEN_HINT: &str =
    "Paths into the event and the person, such as opportunity.tags. Without a condition always.";
pub(in crate::console) const RULE_WORKFLOW: &str = "This starts";
pub(in crate::console) const RULE_TRIAL: &str = "Trying it out";
pub(in crate::console) const RULE_PILOT: &str = "In earnest only for";
pub(in crate::console) const RULE_PILOT_HINT: &str = "For everybody else it is worked out and shown, and nothing is done. Without a condition it counts for everybody.";
pub(in crate::console) const RULE_DRY_RUN: &str = "Nothing is done";
pub(in crate::console) const RULE_DRY_RUN_HINT: &str = "It is worked out and shown, for everybody.";

/// A file that somebody has, as it is so far.
pub(in crate::console) fn file_so_far(kind: &str, id: &str) -> String {
    format!("The {kind} {id}, as you have it. Nothing is saved before you saw what would change.")
}

pub(in crate::console) const NOT_SAID: &str = "not said";
pub(in crate::console) const MOVE_UP: &str = "Move up";
pub(in crate::console) const MOVE_DOWN: &str = "Move down";

pub(in crate::console) const WORKFLOW: &str = "All of it";
pub(in crate::console) const DIRECTION: &str = "Which way it goes";
pub(in crate::console) const DIRECTION_HINT: &str =
    "With grant it takes nothing away, with revoke it gives nothing; not said: it may do both.";
/// The kinds of steps, and what people call them.
pub(in crate::console) const STEP_KINDS: &[(&str, &str)] = &[
    ("grant", "Give access"),
    ("revoke", "Take access away"),
    ("task", "Task"),
    ("wait", "Wait"),
    ("notify", "Message"),
    ("http", "Request"),
    ("lever_note", "Note in Lever"),
];
pub(in crate::console) const STEP_KIND: &str = "Kind";
pub(in crate::console) const STEP_NAME: &str = "Name";
pub(in crate::console) const STEP_NAME_HINT: &str =
    "What runs and other steps call it: lower case, without blanks.";
pub(in crate::console) const STEP_NEEDS: &str = "After";
pub(in crate::console) const STEP_APPS: &str = "Only in these applications";
pub(in crate::console) const STEP_APPS_HINT: &str =
    "One a line. One step names none: it takes away whatever no other step names.";
pub(in crate::console) const STEP_TITLE: &str = "What to do";
pub(in crate::console) const STEP_TITLE_HINT: &str =
    "Attributes may stand in it: Laptop for {name}, starts {start_date}.";
pub(in crate::console) const STEP_OWNER: &str = "Whose work";
pub(in crate::console) const STEP_WHO_HINT: &str =
    "An address, role:it-admin, or an attribute such as {manager}.";
pub(in crate::console) const STEP_DUE: &str = "Due";
pub(in crate::console) const STEP_UNTIL: &str = "Until";
pub(in crate::console) const STEP_TO: &str = "To";
pub(in crate::console) const STEP_TEXT: &str = "What it says";
pub(in crate::console) const STEP_TAG: &str = "Tag";
pub(in crate::console) const STEP_TAG_HINT: &str = "The opportunity gets it with the note.";
pub(in crate::console) const STEP_METHOD: &str = "Method";
pub(in crate::console) const STEP_METHOD_HINT: &str = "POST if nothing is said.";
pub(in crate::console) const STEP_URL: &str = "URL";
pub(in crate::console) const STEP_URL_HINT: &str =
    "All of it, with its protocol; attributes may stand in it.";
pub(in crate::console) const STEP_BODY: &str = "Body";
pub(in crate::console) const STEP_BODY_HINT: &str =
    "As YAML; it is sent as JSON. Attributes may stand in it: email: \"{work_email}\".";
pub(in crate::console) const STEP_HEADERS: &str = "Headers";
pub(in crate::console) const STEP_HEADERS_HINT: &str = "As YAML, such as Accept: application/json.";
pub(in crate::console) const STEP_AUTH: &str = "Authentication";
pub(in crate::console) const STEP_AUTH_HINT: &str =
    "As YAML, as in a definition, such as type: bearer.";
pub(in crate::console) const STEP_REPEAT: &str = "When nobody knows whether it arrived";
pub(in crate::console) const STEP_REPEAT_HINT: &str =
    "The header is for servers that know repeats by a key.";
pub(in crate::console) const REQUEST_REST: &str = "Headers and authentication";
pub(in crate::console) const REPEAT_NEVER: &str = "a human looks";
pub(in crate::console) const REPEAT_SAFE: &str = "it is sent again";
pub(in crate::console) const REPEAT_HEADER: &str = "again, with a key in a header";
pub(in crate::console) const REPEAT_NAME: &str = "name of the header";

/// What a step can wait for.
pub(in crate::console) fn step_needs(earlier: &[&str]) -> String {
    match earlier {
        [] => "Nothing comes before the first step: it begins at once.".to_owned(),
        all => format!(
            "Earlier steps that have to end well before this one begins, one a line: {}.",
            all.join(", ")
        ),
    }
}

/// A step: its number, its kind, its name.
pub(in crate::console) fn step_title(place: usize, kind: &str, id: &str) -> String {
    let number = place.saturating_add(1);
    match (kind, id) {
        (kind, "") => format!("{number}. {kind}"),
        ("", id) => format!("{number}. {id}"),
        (kind, id) => format!("{number}. {kind}: {id}"),
    }
}

/// A step more.
pub(in crate::console) fn step_more(kind: &str) -> String {
    format!("Add: {kind}")
}
