//! The shape of every command of one call: done and told, shown first and then done, or listed. What only one of them
//! says (where it is posted, how its answer reads) is in its own file.
//!
//! Exit codes: 0 done, 1 failed or refused, 2 usage (also: nobody said yes), 4 it is not what was shown any more.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use sando_infra::http::Method;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::apply::{MOVED, asked, text, usage};
use super::words::{array, clean};
use super::{Desk, Where};
use crate::{print, say};

/// The most pages of a list that are read; a page has 200 items.
const MOST_PAGES: usize = 50;

/// Why, and in which Sando.
#[derive(Args)]
pub(crate) struct Because {
    /// Why: it is kept in the audit
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) at: Where,
}

/// How a list is printed, and of which Sando.
#[derive(Args)]
pub(crate) struct Listing {
    /// As the API answers it
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) at: Where,
}

/// Lines of an answer.
pub(super) type Lines = fn(&Value) -> Vec<String>;

/// One call that changes something.
pub(super) struct Deed {
    /// Where it is posted.
    pub(super) path: String,
    /// What is posted.
    pub(super) body: Value,
    /// What came of it.
    pub(super) told: Lines,
}

/// Whether somebody has to say yes first.
#[derive(Clone, Copy)]
pub(super) enum Consent {
    /// It is only shown.
    OnlyShow,
    /// The person at the terminal is asked.
    Ask,
    /// It was given with the command.
    Given,
}

impl Consent {
    /// With `--yes`, or without.
    pub(super) fn of(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Ask }
    }
}

/// A call that only shows what it would do, until its body says that it was seen.
pub(super) struct Shown {
    /// Its body only shows.
    pub(super) deed: Deed,
    /// What would be done.
    pub(super) plan: Lines,
    /// The field of the body that makes it be done, given what was shown.
    pub(super) go: fn(&Value) -> (&'static str, Value),
    /// Has somebody to say yes?
    pub(super) consent: Consent,
}

/// For calls with a `dry_run`.
pub(super) fn not_dry(_: &Value) -> (&'static str, Value) {
    ("dry_run", Value::Bool(false))
}

/// Does it, and tells what came of it.
///
/// # Errors
/// If Sando cannot be asked.
pub(super) async fn done(at: &Where, deed: &Deed) -> anyhow::Result<ExitCode> {
    let desk = at.open().await?;
    desk.done(deed, &deed.body).await
}

/// Shows what would be done, asks, does it, and tells what came of it.
///
/// # Errors
/// If Sando cannot be asked.
pub(super) async fn shown_first(at: &Where, shown: &Shown) -> anyhow::Result<ExitCode> {
    let desk = at.open().await?;
    let deed = &shown.deed;
    let seen = match desk.post(&deed.path, &deed.body).await? {
        Ok(seen) => seen,
        Err(code) => return Ok(code),
    };
    write(&(shown.plan)(&seen));
    match shown.consent {
        Consent::OnlyShow => return Ok(ExitCode::SUCCESS),
        Consent::Given => {}
        Consent::Ask if asked("Do this?")? => {}
        Consent::Ask => {
            return Ok(usage(&["nothing was done: say --yes".to_owned()]));
        }
    }
    let (name, value) = (shown.go)(&seen);
    let mut body = deed.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    desk.done(deed, &body).await
}

/// Prints a list to its end: what `line` says of each, or everything as JSON.
///
/// # Errors
/// If Sando cannot be asked, or the list does not end.
pub(super) async fn list(
    listing: &Listing,
    path: &str,
    filters: &[(&str, &str)],
    line: fn(&Value) -> String,
) -> anyhow::Result<ExitCode> {
    let desk = listing.at.open().await?;
    let items = desk.items(path, filters).await?;
    if listing.json {
        print(&format!("{:#}", Value::Array(items)));
    } else if items.is_empty() {
        say("there are none");
    } else {
        write(&items.iter().map(line).collect::<Vec<String>>());
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints lines, without what a terminal would obey.
pub(super) fn write(lines: &[String]) {
    lines.iter().for_each(|line| print(&clean(line)));
}

impl Desk {
    async fn done(&self, deed: &Deed, body: &Value) -> anyhow::Result<ExitCode> {
        let answer = match self.post(&deed.path, body).await? {
            Ok(answer) => answer,
            Err(code) => return Ok(code),
        };
        write(&(deed.told)(&answer));
        if self.is_asleep {
            say("what follows from it is done as soon as `sando serve` runs");
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Asks for something; what was wrong is told, and how the command ends then.
    pub(super) async fn post(
        &self,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Result<Value, ExitCode>> {
        let answered = self.client.send(Method::POST, path, body).await?;
        if answered.is_success() {
            return Ok(Ok(answered.body));
        }
        for line in answered.problem() {
            say(&format!("sando: {}", clean(&line)));
        }
        Ok(Err(ExitCode::from(match answered.status {
            422 => 2,
            409 if text(&answered.body, "code") == "plan_changed" => MOVED,
            _ => 1,
        })))
    }

    /// Reads what must be there.
    pub(super) async fn read(&self, path: &str) -> anyhow::Result<Value> {
        self.client.read(path).await?.done()
    }

    /// Reads a list to its end.
    pub(super) async fn items(
        &self,
        path: &str,
        filters: &[(&str, &str)],
    ) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .read(&of_page(path, filters, cursor.as_deref()))
                .await?;
            items.extend_from_slice(array(&page, "items"));
            cursor = match page.get("next_cursor").and_then(Value::as_str) {
                Some(next) => Some(next.to_owned()),
                None => return Ok(items),
            };
        }
        bail!(
            "there are more than {} of them: read GET {path} page by page",
            items.len()
        )
    }
}

fn of_page(path: &str, filters: &[(&str, &str)], cursor: Option<&str>) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("limit", "200");
    let cursor = cursor.map(|cursor| ("cursor", cursor));
    for (name, value) in filters.iter().copied().chain(cursor) {
        query.append_pair(name, value);
    }
    format!("{path}?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_by_filters_and_cursor() {
        let all = of_page("/v1/tasks", &[], None);
        assert_eq!(all, "/v1/tasks?limit=200");
        let more = of_page("/v1/tasks", &[("owner", "it&co")], Some("a b"));
        assert_eq!(more, "/v1/tasks?limit=200&owner=it%26co&cursor=a+b");
    }
}
