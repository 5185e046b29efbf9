//! How a story is written down: YAML, one object an event, with what is to be seen where it matters and at the end.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use sando_core::definition::Source;
use serde::Deserialize;
use serde_json::{Map, Value};

/// One life.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// What it tells.
    pub story: String,
    /// When it begins, UTC; a Monday morning unless told.
    #[serde(default = "monday")]
    pub begins: DateTime,
    /// What happens, in order.
    pub life: Vec<Act>,
    /// What has come of it.
    pub end: Seen,
    /// What has come of it where nobody saw what was undone before: by swapped deliveries or by catch-up alone.
    #[serde(default)]
    pub unseen: BTreeMap<String, String>,
    /// What happens, each as it is written.
    #[serde(skip)]
    pub lines: Vec<String>,
}

fn monday() -> DateTime {
    jiff::civil::date(2027, 1, 4).at(9, 0, 0, 0)
}

/// One thing that happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Somebody applies; nothing follows yet.
    Applies(Applicant),
    /// The same, and a webhook tells.
    Comes(Applicant),
    /// Archived as hired: two webhooks.
    Hired(String),
    /// Taken out of the archive.
    Unhired(String),
    /// Archived for another reason, whether or not hired before.
    Rejected(String),
    /// Deleted.
    Deleted(String),
    /// Personal data is removed in Lever; no webhook of ours tells.
    Anonymised(String),
    /// Confidential from now on; no webhook tells.
    MadeConfidential(String),
    /// In another stage.
    Staged(String),
    /// The offer changes; no webhook tells.
    Offer(Offered),
    /// A webhook claims a hire that is none.
    Lies(String),
    /// The webhooks of a hire are sent again, with tokens of their own.
    Resent(String),
    /// Terminated by hand, now.
    Terminated(String),
    /// To leave at a time.
    Leaves(Leaves),
    /// Terminated by mistake.
    Reinstated(String),
    /// An administrator corrects attributes.
    Corrected(Corrected),
    /// An HR system knows them.
    Imported(Imported),
    /// Somebody of the role `it` says yes to what waits in this application.
    Approves(String),
    /// Somebody of the role `it` says no.
    Rejects(String),
    /// Saying yes to what was asked last in this application is refused.
    ApprovesInVain(String),
    /// Somebody says yes, or names a deputy.
    Decides(Decided),
    /// A human does the open task of this title.
    Does(String),
    /// Two persons are one human.
    Merged(Merged),
    /// Somebody says that this candidate is the known one whom a task names.
    OneHuman(String),
    /// Somebody says that they are two.
    TwoHumans(String),
    /// Somebody does what a task about this candidate asks for, and replays the hire.
    Answered(String),
    /// A file of configuration is put, and applied to everybody.
    Put(File),
    /// This application, or `lever`, does not answer any more.
    Down(String),
    /// It answers again.
    Up(String),
    /// The roster of an application is read to its end.
    Roster(Rostered),
    /// Our key is one of another account of Lever, or the right one again.
    AnotherLever(bool),
    /// Somebody we do not know has this address in an application.
    Stranger(Stranger),
    /// Everything is paused.
    Paused(()),
    /// Nothing is paused any more.
    Resumed(()),
    /// Time passes: `90m`, `2h`, `3d`.
    Pass(String),
    /// Time passes until then, UTC.
    Until(DateTime),
    /// What is to be seen now; asked only where every delivery came in time.
    See(Seen),
}

/// Who applies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    /// The opportunity.
    pub who: String,
    /// The contact; one of its own unless told.
    #[serde(default)]
    pub contact: Option<String>,
    /// The name; made from `who` unless told.
    #[serde(default)]
    pub name: Option<String>,
    /// The addresses; one made from `who` unless told.
    #[serde(default)]
    pub emails: Option<Vec<String>>,
    /// Engineering unless told.
    #[serde(default = "engineering")]
    pub department: Option<String>,
    /// Where.
    #[serde(default)]
    pub location: Option<String>,
    /// As what.
    #[serde(default = "engineer")]
    pub title: String,
    /// The Lever user who manages them.
    #[serde(default)]
    pub manager: Option<String>,
    /// The first day.
    #[serde(default)]
    pub starts: Option<Date>,
    /// Our key may not see it.
    #[serde(default)]
    pub confidential: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "serde's default of an option")]
fn engineering() -> Option<String> {
    Some("Engineering".to_owned())
}

fn engineer() -> String {
    "Engineer".to_owned()
}

/// What an offer says from now on; what is not named stays.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offered {
    /// Whose.
    pub who: String,
    /// Another first day; `none` for an offer without one.
    #[serde(default)]
    pub starts: Option<String>,
    /// Another department.
    #[serde(default)]
    pub department: Option<String>,
    /// Another location.
    #[serde(default)]
    pub location: Option<String>,
    /// Another name.
    #[serde(default)]
    pub name: Option<String>,
    /// Another manager.
    #[serde(default)]
    pub manager: Option<String>,
    /// Denied or open.
    #[serde(default)]
    pub denied: Option<bool>,
}

/// A day of leaving.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaves {
    /// Who.
    pub who: String,
    /// When, UTC.
    pub at: DateTime,
}

/// What somebody knows better.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corrected {
    /// Of whom.
    pub who: String,
    /// What.
    pub attributes: Map<String, Value>,
}

/// Who decides about what was asked last in an application.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// Where.
    pub app: String,
    /// A role, an address, or `admin`.
    pub by: String,
    /// They leave it to this deputy.
    #[serde(default)]
    pub to: Option<String>,
    /// They may not.
    #[serde(default)]
    pub refused: bool,
}

/// Who is somebody else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merged {
    /// Who is merged away.
    pub who: String,
    /// Who stays.
    pub into: String,
}

/// What an HR system says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// The key there.
    pub who: String,
    /// The attributes.
    #[serde(default)]
    pub attributes: Map<String, Value>,
    /// The first day.
    #[serde(default)]
    pub starts: Option<Date>,
    /// The last day.
    #[serde(default)]
    pub ends: Option<Date>,
}

/// A file of configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Of which kind.
    pub kind: String,
    /// Under which name.
    pub id: String,
    /// The file; nothing deletes it.
    #[serde(default)]
    pub file: Option<Value>,
}

/// What a roster shows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rostered {
    /// Of which application.
    pub app: String,
    /// Addresses that are there.
    #[serde(default)]
    pub shows: Vec<String>,
    /// Addresses that are there no more.
    #[serde(default)]
    pub gone: Vec<String>,
}

/// A stranger's account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stranger {
    /// Where.
    pub app: String,
    /// Which address.
    pub address: String,
}

/// What is to be seen. Of whoever is named: state, and what can be used, with the plan after a colon.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Seen {
    /// How many persons there are.
    #[serde(default)]
    pub people: Option<usize>,
    /// How many notes were written in Lever.
    #[serde(default)]
    pub notes: Option<usize>,
    /// What some note says.
    #[serde(default)]
    pub noted: Vec<String>,
    /// The titles of the open tasks, in order of the alphabet.
    #[serde(default)]
    pub tasks: Option<Vec<String>>,
    /// Of whoever is named: what their audit trail has to say somewhere.
    #[serde(default)]
    pub said: BTreeMap<String, Vec<String>>,
    /// How many approvals wait.
    #[serde(default)]
    pub waiting: Option<usize>,
    /// State and access.
    #[serde(flatten)]
    pub of: BTreeMap<String, String>,
}

/// Reads a file of stories.
///
/// # Panics
/// If it is none; says where.
#[must_use]
pub fn stories(name: &str, text: &str) -> Vec<Story> {
    let source = Source::parse(text).map_err(|mistake| mistake.in_file(name));
    let source = source.expect("stories are YAML");
    let all = source.value().as_array().cloned().unwrap_or_default();
    let read = |value: Value| {
        let what = value.get("story").and_then(Value::as_str);
        let what = what.unwrap_or("a story").to_owned();
        let life = value.get("life").and_then(Value::as_array);
        let lines = life.into_iter().flatten().map(line).collect();
        let read: Result<Story, _> = serde_json::from_value(value);
        let story = read.map_err(|error| format!("{name}: {what}: {error}"));
        let story = story.expect("a story can be read");
        Story { lines, ..story }
    };
    all.into_iter().map(read).collect()
}

/// What happens, as it is written, on one line; files by their names only.
fn line(written: &Value) -> String {
    match written {
        Value::Object(parts) => {
            let parts = parts.iter().filter(|(name, _)| *name != "file");
            let parts = parts.map(|(name, part)| format!("{name} {}", line(part)));
            parts.collect::<Vec<String>>().join(", ")
        }
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}
