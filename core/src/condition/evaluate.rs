//! Whether conditions hold, and why.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Condition, Conditions, Kind, Operator, Test, check::Surroundings};
use crate::{mistake, path::Scope};

/// Three-valued truth (Kleene).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It is not known whether it holds.
    Unknown,
}

impl Truth {
    /// Both: false if one is, else unknown if one is.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::True, Self::True) => Self::True,
        }
    }

    /// One of them: true if one is, else unknown if one is.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// The opposite; of unknown, unknown.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`!` would look two-valued")]
    pub fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }

    /// Whether it certainly holds.
    pub fn is_true(self) -> bool {
        self == Self::True
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// What a missing or null value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// What `definition.md` says: nothing matches it but the negative operators. The result is never unknown.
    AsDocumented,
    /// What the lifecycle needs: it is not known what holds of it (nor of a value the operator cannot read); only `has_value` and
    /// `is_empty` are decided.
    IsUnknown,
}

/// A result, with everything that led to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// The result.
    pub truth: Truth,
    /// Every test, in the order of the file.
    pub why: Vec<Why>,
}

/// The outcome of one test. `Debug` does not show what was found.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// Where the test stands in its list: `[0]`, `[1].any[0][2]`.
    pub at: String,
    /// The path it reads.
    pub path: String,
    /// What it asks.
    pub op: Operator,
    /// What it wants, as written.
    pub wanted: Option<Value>,
    /// What was found; perhaps personal data. `None` if nothing was there, or after [`Explained::without_values`].
    pub found: Option<Value>,
    /// Whether it holds.
    pub truth: Truth,
}

impl fmt::Debug for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Why")
            .field("at", &self.at)
            .field("path", &self.path)
            .field("op", &self.op)
            .field("truth", &self.truth)
            .finish_non_exhaustive()
    }
}

impl Explained {
    /// The same without what was found in the input, which may be personal data.
    #[must_use]
    pub fn without_values(mut self) -> Self {
        for why in &mut self.why {
            why.found = None;
        }
        self
    }
}

/// Receives the outcome of each test while conditions are evaluated.
trait Record {
    /// Whether a decided result needs no further tests.
    const STOPS_EARLY: bool;

    fn enter(&mut self, part: impl FnOnce(&str) -> String) -> String;
    fn leave(&mut self, before: String);
    fn note(&mut self, test: &Test, found: Option<&Value>, truth: Truth);
}

/// Wants only the result.
struct Nothing;

impl Record for Nothing {
    const STOPS_EARLY: bool = true;

    fn enter(&mut self, _: impl FnOnce(&str) -> String) -> String {
        String::new()
    }

    fn leave(&mut self, _: String) {}

    fn note(&mut self, _: &Test, _: Option<&Value>, _: Truth) {}
}

/// Wants everything.
#[derive(Default)]
struct Everything {
    at: String,
    why: Vec<Why>,
}

impl Record for Everything {
    const STOPS_EARLY: bool = false;

    fn enter(&mut self, part: impl FnOnce(&str) -> String) -> String {
        let inner = part(&self.at);
        std::mem::replace(&mut self.at, inner)
    }

    fn leave(&mut self, before: String) {
        self.at = before;
    }

    fn note(&mut self, test: &Test, found: Option<&Value>, truth: Truth) {
        self.why.push(Why {
            at: self.at.clone(),
            path: test.path.to_string(),
            op: test.op,
            wanted: test.wanted.clone(),
            found: found.cloned(),
            truth,
        });
    }
}

impl Conditions {
    /// Whether all hold of `input`, and why: every test is evaluated, also those that no longer matter.
    pub fn evaluate<'a>(
        &self,
        input: impl Into<Scope<'a>>,
        missing: Missing,
        now: Timestamp,
    ) -> Explained {
        let mut record = Everything::default();
        let truth = self.judge(input.into(), missing, now, &mut record);
        Explained {
            truth,
            why: record.why,
        }
    }

    /// Whether all hold of `input`; as [`Conditions::evaluate`], for lists of many.
    pub fn truth<'a>(
        &self,
        input: impl Into<Scope<'a>>,
        missing: Missing,
        now: Timestamp,
    ) -> Truth {
        self.judge(input.into(), missing, now, &mut Nothing)
    }

    /// Whether all hold of `scope` while nobody knows what stands under these names: unknown unless the other tests decide.
    pub(crate) fn truth_without(&self, names: &[&str], scope: Scope<'_>, now: Timestamp) -> Truth {
        let truths = self.all.iter();
        truths
            .map(|condition| condition.truth_without(names, scope, now))
            .fold(Truth::True, Truth::and)
    }

    fn judge<R: Record>(
        &self,
        scope: Scope<'_>,
        missing: Missing,
        now: Timestamp,
        record: &mut R,
    ) -> Truth {
        let mut truth = Truth::True;
        for (index, condition) in self.all.iter().enumerate() {
            let before = record.enter(|at| mistake::item(at, index));
            truth = truth.and(condition.judge(scope, missing, now, record));
            record.leave(before);
            if R::STOPS_EARLY && truth == Truth::False {
                break;
            }
        }
        truth
    }
}

impl Condition {
    /// Whether it holds of `input`, and why.
    pub fn evaluate<'a>(
        &self,
        input: impl Into<Scope<'a>>,
        missing: Missing,
        now: Timestamp,
    ) -> Explained {
        let mut record = Everything::default();
        let truth = self.judge(input.into(), missing, now, &mut record);
        Explained {
            truth,
            why: record.why,
        }
    }

    /// Whether it holds of `input`.
    pub fn truth<'a>(
        &self,
        input: impl Into<Scope<'a>>,
        missing: Missing,
        now: Timestamp,
    ) -> Truth {
        self.judge(input.into(), missing, now, &mut Nothing)
    }

    fn truth_without(&self, names: &[&str], scope: Scope<'_>, now: Timestamp) -> Truth {
        match &self.kind {
            Kind::Test(test) => {
                let key = test.path.leading_keys().next();
                if key.is_some_and(|key| names.contains(&key)) {
                    Truth::Unknown
                } else {
                    self.truth(scope, Missing::AsDocumented, now)
                }
            }
            Kind::Any(groups) => {
                let truths = groups.iter();
                truths
                    .map(|group| group.truth_without(names, scope, now))
                    .fold(Truth::False, Truth::or)
            }
        }
    }

    fn judge<R: Record>(
        &self,
        scope: Scope<'_>,
        missing: Missing,
        now: Timestamp,
        record: &mut R,
    ) -> Truth {
        let groups = match &self.kind {
            Kind::Test(test) => return test.judge(scope, missing, now, record),
            Kind::Any(groups) => groups,
        };
        let mut truth = Truth::False;
        for (index, group) in groups.iter().enumerate() {
            let before = record.enter(|at| mistake::item(&mistake::join(at, "any"), index));
            truth = truth.or(group.judge(scope, missing, now, record));
            record.leave(before);
            if R::STOPS_EARLY && truth == Truth::True {
                break;
            }
        }
        truth
    }
}

impl Test {
    fn judge<R: Record>(
        &self,
        scope: Scope<'_>,
        missing: Missing,
        now: Timestamp,
        record: &mut R,
    ) -> Truth {
        let found = self.path.find(scope);
        let around = Surroundings {
            scope,
            missing,
            now,
            ignore_case: self.ignore_case,
        };
        let truth = self.check.holds(found.as_deref(), around);
        record.note(self, found.as_deref(), truth);
        truth
    }
}
