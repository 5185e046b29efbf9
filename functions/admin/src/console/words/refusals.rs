//! Every "no" with its because, and who can help.

use http::StatusCode;
use sando_core::admin::api_key::Scope;

use crate::console::refusal::Refusal;

/// The role that has a scope, as people call it.
pub(in crate::console) fn role(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "viewer",
        Scope::Operate => "operator",
        Scope::Approve => "approver",
        Scope::Admin => "administrator",
    }
}

fn what(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "see this page",
        Scope::Operate => "start anything here",
        Scope::Approve => "decide",
        Scope::Admin => "change this",
    }
}

/// The title of a page that is not shown.
pub(in crate::console) fn refused_title(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::SignIn => "Sign in",
        Refusal::Needs(_) => "Not for your role",
        Refusal::Foreign(_) => "Not sent from here",
        Refusal::Problem(problem) if problem.status == StatusCode::NOT_FOUND => "Not found",
        Refusal::Problem(_) => "Error",
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// A reason as a sentence.
pub(in crate::console) fn because(why: &str) -> String {
    format!("{}.", capital(why))
}

pub(in crate::console) const THEIRS: &str = "As it is now";
pub(in crate::console) const THEIRS_GONE: &str = "It was deleted. Saving yours brings it back.";
pub(in crate::console) const YOURS: &str = "As you have it";
pub(in crate::console) const YOURS_KEPT: &str = "Nothing of it is lost, and nothing of it is saved. Take over what you need from the other one, then see what would change.";
pub(in crate::console) const SETTINGS_OVERTAKEN: &str = "Somebody else saved the settings after you opened them, so yours were not saved. What you typed is kept below; \
     everything else shows as it is now. Save again if it still holds.";
pub(in crate::console) const CREDENTIALS_OVERTAKEN: &str = "Somebody set other credentials after you opened this page, so yours were not stored. \
     Enter yours again if they are the right ones.";
pub(in crate::console) const DEFINITION_GONE: &str = "Somebody deleted this definition after you opened this page. \
     Nothing was saved; saving yours now brings it back.";

/// A draft that somebody else saved meanwhile.
pub(in crate::console) fn draft_overtaken(by: &str) -> String {
    format!(
        "{by} saved this draft after you opened it. Nothing was written over it, and what you filled in is kept below: \
         do it again if it still holds."
    )
}

/// A draft that somebody else saved while it was reviewed.
pub(in crate::console) fn review_overtaken(by: &str) -> String {
    format!(
        "{by} saved this draft after you opened this page. Nothing was done; read below how it is now."
    )
}

/// A definition of which somebody else saved a version meanwhile.
pub(in crate::console) fn definition_overtaken(by: &str, number: u32) -> String {
    format!(
        "{by} saved version {number} of this definition after you opened this page. Nothing was written over it, and \
         your draft is kept: take over what you need, then save it."
    )
}

/// A file that somebody else changed meanwhile.
pub(in crate::console) fn overtaken(kind: &str, id: &str) -> String {
    format!("Somebody else changed the {kind} {id} after you opened it. Yours is not saved.")
}

/// Why there is no page, and what to do.
pub(in crate::console) fn refusal(refusal: &Refusal) -> (String, Option<String>) {
    match refusal {
        Refusal::SignIn => (
            "You are not signed in any more.".to_owned(),
            Some("Sign in and send the form again; nothing was changed.".to_owned()),
        ),
        Refusal::Needs(scope) => (
            format!("You can look around, but not {}.", what(*scope)),
            Some(format!(
                "That takes the role {}. Ask an administrator for it; nothing was changed.",
                role(*scope)
            )),
        ),
        Refusal::Foreign(why) => (
            "This form was not sent from a page of yours, so nothing was done.".to_owned(),
            Some(format!(
                "Because {why}. Open the page again and send it from there."
            )),
        ),
        Refusal::Problem(problem) => of_problem(problem.status, problem.code, &problem.detail),
    }
}

fn of_problem(status: StatusCode, code: &str, detail: &str) -> (String, Option<String>) {
    let because = Some(format!("{}.", capital(detail)));
    let sentence = match code {
        "not_found" => "There is nothing at this address.",
        "plan_changed" => {
            "This changed while you were reading. Nothing was done; read the new plan."
        }
        "own_access" => "This is about your own access, so somebody else decides.",
        "own_request" => "You asked for this yourself, so somebody else decides.",
        "not_an_approver" => "Others are asked to decide this.",
        "not_waiting" => "This was decided or is over already.",
        "stale" => "Somebody saved another version in the meantime. Yours was not saved.",
        "invalid" => "This could not be taken as it is.",
        "method_not_allowed" => {
            return (
                "This address is where a form is sent, and no page.".to_owned(),
                Some("Nothing was done. Open the page that the form stands on.".to_owned()),
            );
        }
        _ if status.is_server_error() => {
            return (
                "Something broke on our side, or somebody outside did not answer.".to_owned(),
                because,
            );
        }
        _ => return (format!("{}.", capital(detail)), None),
    };
    // Nothing is said twice.
    let because = because.filter(|because| because != sentence);
    (sentence.to_owned(), because)
}
