//! Sentences of the builder, its steps, the catalogue.

use sando_core::condition::Operator;

use crate::console::format::{many, size};

pub(in crate::console) const BUILDER: &str = "Builder";
pub(in crate::console) const CATALOGUE: &str = "Catalogue";
pub(in crate::console) const WIZARD: &str = "Steps";
pub(in crate::console) const BUILD: &str = "Build an integration";
pub(in crate::console) const NEW_NAME: &str = "Name of a new definition";
pub(in crate::console) const NO_DRAFTS: &str = "Nothing is being built. Give a definition a name to begin, or take one of the \
     catalogue. Drafts are saved with every step; credentials are never part of them.";
pub(in crate::console) const NOT_IN_CATALOGUE: &str =
    "An application that is not here is built in six steps.";
pub(in crate::console) const TAKE: &str = "Take it";
pub(in crate::console) const LOOK: &str = "Look";
pub(in crate::console) const EDIT: &str = "Change it";
pub(in crate::console) const SAVED: &str = "Saved";
pub(in crate::console) const NOT_SAVED: &str = "Not saved";
pub(in crate::console) const CHOOSE: &str = "Choose";
pub(in crate::console) const ADD: &str = "Add";
pub(in crate::console) const ADD_ROW: &str = "Add a row";
pub(in crate::console) const REMOVE: &str = "Remove";
pub(in crate::console) const AS_YAML: &str =
    "Shown as YAML: this value is more than the field can show.";
pub(in crate::console) const SOME_OF: &str = "One item of the list fits all of these:";

pub(in crate::console) const APP_UNKNOWN: &str =
    "Its slug. No application is described yet; it can be described later.";
pub(in crate::console) const APP_KNOWN: &str = "Its slug. Described so far:";
pub(in crate::console) const MORE_HOSTS: &str = "Further hosts and headers";
pub(in crate::console) const AUTH_HINT: &str = "What the documentation calls authentication. Values are asked for when an \
     account is connected; nothing secret belongs into the definition.";
pub(in crate::console) const REDIRECT_URL: &str = "Allow this redirect URL at the provider:";
pub(in crate::console) const MORE_AUTH: &str = "Further settings of sign-in";
pub(in crate::console) const PAGINATION: &str = "Pagination";
pub(in crate::console) const MORE_PAGING: &str = "How the list ends, and where the value goes";
pub(in crate::console) const MORE_REQUESTS: &str = "Further requests, errors, limits";
pub(in crate::console) const MORE_REQUESTS_HINT: &str = "For lists below other lists, details of each user, answers that are errors. As YAML, as in the file.";
pub(in crate::console) const MAPPING: &str = "Fields";
pub(in crate::console) const MAPPING_HINT: &str = "Paths into a record, such as profile.email or emails[primary=true].value. \
     More than a path is written in YAML on one line, such as { first_of: [mail, login] }.";
pub(in crate::console) const STATUS: &str = "Who has access";
pub(in crate::console) const STATUS_HINT: &str =
    "All must hold. Without a condition everybody who is returned is active.";
pub(in crate::console) const IN_APP: &str = "Status in the application";
pub(in crate::console) const IN_APP_HINT: &str =
    "What people read; who has access is decided above.";
pub(in crate::console) const LICENSES: &str = "Licences";
pub(in crate::console) const LICENSES_HINT: &str = "Somebody can hold several: every one that fits. One without conditions goes to everybody; to catch those who hold no \
     other, give a last one conditions that say the opposite of the others (not any of, is not).";
pub(in crate::console) const CUSTOM_FIELDS: &str = "Custom fields";
pub(in crate::console) const FIELDS_HINT: &str =
    "Those of the application. A value of the wrong type leaves only that field out.";
pub(in crate::console) const FIELDS_NONE: &str = "This application has no custom fields. They are described in its file under Policies, Applications.";
pub(in crate::console) const FIELDS_NO_APP: &str =
    "No application of this name is described yet, so it has no custom fields.";
pub(in crate::console) const FIELD_UNKNOWN: &str =
    "The application does not have this field yet: it is text.";
pub(in crate::console) const YAML_HINT: &str =
    "The same definition as a file. Saving it here changes the form, and the other way round.";
pub(in crate::console) const NO_OBJECT: &str = "A definition is an object with fields.";
pub(in crate::console) const AS_FILE: &str = "The definition as it will be";
pub(in crate::console) const COMPLETE: &str = "Nothing is wrong with it.";
pub(in crate::console) const SAVE_NEEDS: &str =
    "Saving a definition takes the role administrator. The draft is kept.";
pub(in crate::console) const DISCARD: &str = "Discard the draft";
pub(in crate::console) const DISCARD_MEANS: &str =
    "What was filled in is gone, and nothing brings it back. Versions that were saved stay.";

pub(in crate::console) const TEST_PANEL: &str = "Test";
pub(in crate::console) const TEST_HINT: &str = "Reads the first page. What you give here is used for this test and forgotten: \
     nothing of it and nothing of the answer is stored.";
pub(in crate::console) const ONCE_HINT: &str = "Used for this test and forgotten.";
pub(in crate::console) const TEST_REDIRECT_URL: &str = "And this one, for tests:";
pub(in crate::console) const TEST_LOGIN: &str = "Login for the test";
pub(in crate::console) const TEST_LOGIN_HINT: &str = "Fill in the client above and authorise it on the application's login page; the test then \
     runs with its token. No account is touched. Client and token are encrypted, and gone after 15 minutes.";
pub(in crate::console) const TEST_LOGIN_WAITS: &str = "waits for the login page";
pub(in crate::console) const TEST_LOGIN_DONE: &str = "authorised";
pub(in crate::console) const TEST_LOGIN_FAILED: &str = "The login did not count:";
pub(in crate::console) const TEST_LOGIN_CLEAR: &str = "Clear";
pub(in crate::console) const UNTIL: &str = "until";
pub(in crate::console) const RUN_TEST: &str = "Run the test";
pub(in crate::console) const REQUESTS: &str = "Requests";
pub(in crate::console) const PREVIEW: &str = "Preview";
pub(in crate::console) const ANSWER: &str = "The application's answer";
pub(in crate::console) const ANSWER_LABEL: &str = "Answer, as JSON";
pub(in crate::console) const ANSWER_HINT: &str = "From the last test, or one of the documentation; with its headers over it, as curl -i shows them, if you like. It stays in this page and is not stored.";
pub(in crate::console) const NO_ANSWER: &str =
    "There is no answer to look at yet. Run a test in step 4, or paste an answer below.";
pub(in crate::console) const ANSWER_UNREADABLE: &str = "The answer is no JSON.";
pub(in crate::console) const NOT_YET: &str = "The definition cannot be read with yet:";
pub(in crate::console) const SUGGESTIONS: &str = "Proposals from the answer";
pub(in crate::console) const USE: &str = "Use";
pub(in crate::console) const USE_ALL: &str = "Use all";
pub(in crate::console) const RAW: &str = "raw";
pub(in crate::console) const FOUND_IN: &str = "Found in rows";

/// What cannot be read, and where.
pub(in crate::console) fn unreadable(line: u64, why: &str) -> String {
    format!("line {line}: {why}")
}

/// The catalogue.
pub(in crate::console) fn catalogue(count: usize) -> String {
    format!(
        "{} come with Sando.",
        many(size(count), "definition", "definitions")
    )
}

/// The drafts.
pub(in crate::console) fn drafts(count: usize) -> String {
    match size(count) {
        0 => "Nothing is being built.".to_owned(),
        count => format!(
            "{} being built.",
            many(count, "definition is", "definitions are")
        ),
    }
}

/// A step's name.
pub(in crate::console) fn step(path: &str) -> &'static str {
    match path {
        "general" => "General",
        "auth" => "Sign-in",
        "endpoint" => "Users endpoint",
        "test" => "Test",
        "fields" => "Fields",
        "review" => "Review",
        _ => "YAML",
    }
}

/// On to a step.
pub(in crate::console) fn continue_to(path: &str) -> String {
    format!("Continue to {}", step(path))
}

/// Where a draft stands.
pub(in crate::console) fn builder(name: &str, path: &str, mistakes: usize) -> String {
    let what = match path {
        "general" => "which application, and where is it?",
        "auth" => "how do its requests authenticate?",
        "endpoint" => "where is the list of its users?",
        "test" => "does it answer?",
        "fields" => "what do its fields mean?",
        "review" => {
            return match size(mistakes) {
                0 => format!("{name} is complete and can be saved."),
                count => format!(
                    "{name} has {} left.",
                    many(count, "thing to correct", "things to correct")
                ),
            };
        }
        _ => "the whole definition as a file.",
    };
    format!("{name}: {what}")
}

/// A test that passed.
pub(in crate::console) fn test_passed(rows: u64) -> String {
    format!(
        "It answers: the first page has {}.",
        many(rows, "row", "rows")
    )
}

/// Rows of an answer whose fields are not mapped.
pub(in crate::console) fn rows_found(rows: u64) -> String {
    format!(
        "{} found; the fields are not mapped yet.",
        many(rows, "row was", "rows were")
    )
}

/// What saving makes.
pub(in crate::console) fn save_version(id: &str, number: u32) -> String {
    format!("Save {id} as version {number}")
}

/// Who reads with the next version.
pub(in crate::console) fn used_by(accounts: usize) -> String {
    format!(
        "{} connected with it; the next sync of each uses the new version.",
        many(size(accounts), "account is", "accounts are")
    )
}

/// What a choice decides.
pub(in crate::console) fn variant(at: &str) -> &'static str {
    match at {
        "/auth" => "How requests authenticate",
        "/users/pagination" => "How the list goes on",
        "/status/in_app" => "Status comes from",
        _ => "Licences come from",
    }
}

/// A type of `auth` for people.
pub(in crate::console) fn auth_type(word: &str) -> &str {
    match word {
        "none" => "Nothing",
        "bearer" => "Bearer token",
        "basic" => "Basic (user name and password)",
        "headers" => "Custom headers",
        "query" => "Query string",
        "oauth2_client_credentials" => "OAuth 2.0 client credentials",
        "oauth2_authorization_code" => "OAuth 2.0 authorization code",
        "login" => "A login request that yields a token",
        "jwt" => "A signed token (JWT)",
        other => other,
    }
}

/// A style of pagination for people.
pub(in crate::console) fn paging(word: &str) -> &str {
    match word {
        "none" => "None: one request",
        "preset" => "As the preset does it",
        "offset" => "Offset and limit",
        "page" => "Page number",
        "next_url" => "Next URL, in the body or the Link header",
        "cursor" => "Query-string token (cursor)",
        other => other,
    }
}

fn choices(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let all = all.iter();
    all.map(|(word, name)| ((*word).to_owned(), (*name).to_owned()))
        .collect()
}

/// Where the status in the application comes from.
pub(in crate::console) fn in_app_choices() -> Vec<(String, String)> {
    choices(&[
        ("auto", "Auto: active or deleted"),
        ("field", "A field"),
        ("conditions", "Conditions: the first that fits"),
    ])
}

/// Where licences come from.
pub(in crate::console) fn license_choices() -> Vec<(String, String)> {
    choices(&[
        (
            "auto",
            "Auto: who is active has one, named like the application",
        ),
        ("named", "Auto, with a name of its own"),
        ("conditions", "Conditions: every one that fits"),
    ])
}

/// An operator as the documentation calls it.
pub(in crate::console) fn operator(operator: Operator) -> &'static str {
    match operator {
        Operator::Is => "is",
        Operator::IsNot => "is not",
        Operator::AnyOf => "any of",
        Operator::NotAnyOf => "not any of",
        Operator::Contains => "contains",
        Operator::NotContains => "not contains",
        Operator::Gte => "≥",
        Operator::Lte => "≤",
        Operator::Gt => ">",
        Operator::Lt => "<",
        Operator::HasValue => "has value",
        Operator::IsEmpty => "is empty",
        Operator::Some => "some (array contains)",
        Operator::Matches => "matches",
        Operator::OlderThan => "older than",
    }
}

/// How many fields of a part that is folded are filled in.
pub(in crate::console) fn filled_in(count: usize) -> String {
    match size(count) {
        0 => String::new(),
        count => format!(" · {count} filled in"),
    }
}
