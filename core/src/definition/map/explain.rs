//! Why a record became what it became: a by-product of mapping.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Dropped, MappedUser};
use crate::{
    condition::{Explained, Operator, Truth, Why},
    path::of_scalar,
    value::ValueExpression,
};

/// How many statuses and licences are told that a user does not have.
const MOST_MISSED: usize = 10;
/// How much of a value is shown, in characters.
const LONGEST: usize = 80;

/// What is told of every record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Explain {
    /// Nothing.
    #[default]
    Nothing,
    /// Why it became what it became, without the record, and of its fields only what is wrong with them.
    Reasons,
    /// All of it.
    Whole,
}

impl Explain {
    /// Is anything told?
    pub(crate) fn is_asked(self) -> bool {
        self != Self::Nothing
    }
}

/// Why a record became what it became. `Debug` shows nothing of the record.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The record as it was received, details and joined items included.
    pub record: Value,
    /// What the record filter (`where`) said; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Explained>,
    /// Every mapped field: what was found and what became of it.
    pub fields: Vec<FieldWhy>,
    /// What decided whether the user is active; absent for records that are no user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<Explained>,
    /// The branches of `in_app` that were tried, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<NamedWhy>,
    /// The licences and what decided about them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<NamedWhy>,
    /// The user, if the record is one.
    pub user: Option<MappedUser>,
    /// Why it is none; absent also for records that the filter removed and for repetitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
    /// The same id was there before: the first counts.
    #[serde(default)]
    pub repeated: bool,
    /// The application's own status says the opposite of the calculated one.
    #[serde(default)]
    pub contradicts: bool,
}

/// One mapped field.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldWhy {
    /// The field: `role`, `custom_fields.team`.
    pub field: String,
    /// How it is made, as written.
    pub from: Value,
    /// What was found.
    pub raw: Option<Value>,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl fmt::Debug for FieldWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldWhy")
            .field("field", &self.field)
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}

/// One licence, or one status in the application, and what decided about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedWhy {
    /// The licence, or the label of the status.
    pub name: String,
    /// Its conditions.
    pub why: Explained,
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation")
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

impl Explanation {
    /// For people: "deleted: `state` is `LOCKED`, rule 1 wants `active`"; nothing for an active user without problems.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        self.odd(Show::CUT)
    }

    /// For people: what made the user active, what each licence comes from, and what kept the user from each of the others.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        self.because(Show::CUT)
    }

    /// Both, for whoever may read it later: secrets are taken out of a value before it is cut, for half a secret is none that
    /// a mask knows.
    #[must_use]
    pub fn why(&self, mask: &dyn Fn(&str) -> String) -> Vec<String> {
        let show = Show {
            mask: Some(mask),
            ..Show::CUT
        };
        let mut why = self.odd(show);
        why.extend(self.because(show));
        why
    }

    /// Why the filter removed the record, with whole values: [`Certificate::mask`](crate::definition::Certificate::mask) cuts it.
    pub(crate) fn removed(&self) -> Option<String> {
        self.odd(Show::WHOLE).into_iter().next()
    }

    fn odd(&self, show: Show<'_>) -> Vec<String> {
        let mut sentences = Vec::new();
        let filter = self.filter.iter();
        let filtered = filter.filter(|filter| filter.truth == Truth::False);
        for filter in filtered {
            sentences.extend(
                failed(filter).map(|why| format!("removed by `where`: {}", show.sentence(why))),
            );
        }
        if let Some(dropped) = &self.dropped {
            sentences.push(format!("dropped: {}", dropped.reason.sentence()));
        }
        if self.repeated {
            sentences.push("repeated: the same id was there before, the first counts".to_owned());
        }
        let unknown = self.user.as_ref().map(|mapped| mapped.unknown.join(", "));
        if let Some(unknown) = unknown.filter(|unknown| !unknown.is_empty()) {
            sentences.push(format!(
                "not known: {unknown}, for the details or a joined list could not be read"
            ));
        }
        let is_known = self.user.as_ref().is_none_or(|user| user.knows("active"));
        let inactive = self.active.iter().filter(|_| is_known);
        let inactive = inactive.filter(|active| !active.truth.is_true());
        for active in inactive {
            sentences.extend(failed(active).map(|why| format!("deleted: {}", show.sentence(why))));
        }
        let status = self
            .user
            .as_ref()
            .and_then(|mapped| mapped.user.status.as_deref());
        if let Some(status) = status.filter(|_| self.contradicts) {
            sentences.push(format!(
                "status {} says the opposite of `active_when`",
                show.text(status)
            ));
        }
        for field in &self.fields {
            if let Some(problem) = &field.problem {
                sentences.push(format!(
                    "{}: {}",
                    field.field,
                    show.problem(problem, field.raw.as_ref())
                ));
            }
        }
        sentences
    }

    fn because(&self, show: Show<'_>) -> Vec<String> {
        let Some(mapped) = &self.user else {
            return Vec::new();
        };
        let user = &mapped.user;
        let mut reasons = Vec::new();
        let statuses = self.status.iter().filter(|_| mapped.knows("status"));
        let licenses = self.licenses.iter().filter(|_| mapped.knows("licenses"));
        let active = self.active.as_ref().filter(|_| mapped.knows("active"));
        if let Some(active) = active.filter(|active| active.truth.is_true()) {
            reasons.push(format!("active: {}", show.held(active)));
        }
        let status = statuses.clone().filter(|branch| branch.why.truth.is_true());
        for NamedWhy { name, why } in status {
            reasons.push(format!("status `{name}`: {}", show.held(why)));
        }
        let held = licenses.clone().filter(|held| held.why.truth.is_true());
        for NamedWhy { name, why } in held {
            reasons.push(format!("licence `{name}`: {}", show.held(why)));
        }
        if self.licenses.is_empty() {
            let auto = user.licenses.iter();
            reasons.extend(auto.map(|name| format!("licence `{name}`: every active user has it")));
        }
        let status = statuses.filter(|branch| user.status.as_ref() != Some(&branch.name));
        let status = status.filter_map(|branch| show.missed("not status", branch));
        let licenses = licenses.filter(|license| !user.licenses.contains(&license.name));
        let licenses = licenses.filter_map(|license| show.missed("no licence", license));
        reasons.extend(status.chain(licenses).take(MOST_MISSED));
        reasons
    }
}

/// How values stand in sentences.
#[derive(Clone, Copy)]
struct Show<'a> {
    /// What takes secrets out of them.
    mask: Option<&'a dyn Fn(&str) -> String>,
    longest: usize,
}

impl Show<'_> {
    /// As they are, and only so much of them.
    const CUT: Self = Self {
        mask: None,
        longest: LONGEST,
    };
    /// As they are.
    const WHOLE: Self = Self {
        mask: None,
        longest: usize::MAX,
    };

    /// The first test that failed: "no licence `Pro`: `plan` is `free`, rule 1 wants `pro`".
    fn missed(self, what: &str, one: &NamedWhy) -> Option<String> {
        let why = failed(&one.why).next()?;
        Some(format!("{what} `{}`: {}", one.name, self.sentence(why)))
    }

    /// The tests that hold: "`state` is `on`, as rule 1 wants".
    fn held(self, explained: &Explained) -> String {
        let held = explained.why.iter().filter(|why| why.truth.is_true());
        let held: Vec<String> = held
            .map(|why| {
                let found = self.found(why);
                format!("`{}` {found}, as rule {} wants", why.path, rule(why))
            })
            .collect();
        if held.is_empty() {
            "there is no condition".to_owned()
        } else {
            held.join("; ")
        }
    }

    /// "`state` is `LOCKED`, rule 1 wants `active`".
    fn sentence(self, why: &Why) -> String {
        let found = self.found(why);
        let rule = rule(why);
        let wanted = match (&why.op, &why.wanted) {
            (Operator::Is, Some(wanted)) => self.value(wanted),
            (op, Some(wanted)) => format!("{op} {}", self.value(wanted)),
            (op, None) => op.to_string(),
        };
        format!("`{}` {found}, rule {rule} wants {wanted}", why.path)
    }

    fn found(self, why: &Why) -> String {
        match &why.found {
            None => "is missing".to_owned(),
            Some(found) => format!("is {}", self.value(found)),
        }
    }

    fn problem(self, problem: &str, raw: Option<&Value>) -> String {
        match raw {
            Some(raw) => format!("{} is {problem}", self.value(raw)),
            None => problem.to_owned(),
        }
    }

    fn value(self, value: &Value) -> String {
        match of_scalar(value) {
            Some(text) => self.text(&text),
            None => self.text(&value.to_string()),
        }
    }

    fn text(self, text: &str) -> String {
        let text = self.mask.map_or_else(|| text.to_owned(), |mask| mask(text));
        let short: String = text.chars().take(self.longest).collect();
        if short.len() < text.len() {
            format!("`{short}…`")
        } else {
            format!("`{short}`")
        }
    }
}

impl Dropped {
    /// For people: "its email address is not valid: `nobody`", with the whole value:
    /// [`Certificate::mask`](crate::definition::Certificate::mask) cuts it.
    #[must_use]
    pub fn sentence(&self) -> String {
        let sentence = self.reason.sentence();
        match &self.found {
            Some(found) => format!("{sentence}: {}", Show::WHOLE.value(found)),
            None => sentence.to_owned(),
        }
    }
}

/// The number of the rule that a test belongs to.
fn rule(why: &Why) -> String {
    let rule = why
        .at
        .trim_start_matches('[')
        .split(']')
        .next()
        .unwrap_or_default();
    rule.parse::<usize>()
        .map_or_else(|_| why.at.clone(), |index| (index + 1).to_string())
}

fn failed(explained: &Explained) -> impl Iterator<Item = &Why> {
    explained.why.iter().filter(|why| !why.truth.is_true())
}

/// What conditions decide about a user.
#[derive(Clone, Copy)]
pub(super) enum Decides<'a> {
    /// Whether they are active.
    Active,
    /// Whether their status in the application is this one.
    Status(&'a str),
    /// Whether they hold this licence.
    License(&'a str),
}

/// Receives what mapping finds on its way.
#[derive(Default)]
pub(crate) struct Notes {
    explain: Explain,
    pub(super) fields: Vec<FieldWhy>,
    pub(super) active: Option<Explained>,
    pub(super) status: Vec<NamedWhy>,
    pub(super) licenses: Vec<NamedWhy>,
}

impl Notes {
    /// Notes, if anything is told.
    pub(crate) fn of(explain: Explain) -> Option<Self> {
        explain.is_asked().then(|| Self {
            explain,
            ..Self::default()
        })
    }

    pub(super) fn field(
        &mut self,
        field: &str,
        expression: &ValueExpression,
        raw: Option<&Value>,
        problem: Option<&str>,
    ) {
        if problem.is_none() && self.explain == Explain::Reasons {
            return;
        }
        self.fields.push(FieldWhy {
            field: field.to_owned(),
            from: expression.to_value(),
            raw: raw.cloned(),
            problem: problem.map(str::to_owned),
        });
    }

    pub(super) fn conditions(&mut self, what: Decides<'_>, why: Explained) {
        let named = |name: &str, why| NamedWhy {
            name: name.to_owned(),
            why,
        };
        match what {
            Decides::Active => self.active = Some(why),
            Decides::Status(label) => self.status.push(named(label, why)),
            Decides::License(name) => self.licenses.push(named(name, why)),
        }
    }

    /// The explanation of a record.
    pub(crate) fn finish(self, record: Value, filter: Option<Explained>) -> Explanation {
        Explanation {
            record,
            filter,
            fields: self.fields,
            active: self.active,
            status: self.status,
            licenses: self.licenses,
            user: None,
            dropped: None,
            repeated: false,
            contradicts: false,
        }
    }
}
