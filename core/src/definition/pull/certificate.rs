//! What a pull can show for itself: how every list ended, what was received, and what it cost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Failure, Purpose,
    answer::{among_many, one_line},
};
use crate::definition::map::Reason;

/// How many lists are told one by one.
const MOST_LISTINGS: usize = 100;
/// How many warnings are kept.
const MOST_WARNINGS: usize = 50;
/// How many records of each reason are shown that became no user, and how much is said of one.
const MOST_LEFT_OUT: usize = 10;
const LONGEST_LEFT_OUT: usize = 200;
/// How much of a warning is shown.
const LONGEST_WARNING: usize = 1_000;

/// The completeness certificate, and the counts of a pull. Serialises as the closing summary.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Certificate {
    /// Every list was read to its end. Only then may anything follow from who is missing.
    pub complete: bool,
    /// How the list of users ended, the last one if there were several; of a failed pull the class of its failure.
    pub ended_by: Option<String>,
    /// Pages of users.
    pub pages: u64,
    /// Records of users as received, before anything was removed from them.
    pub received: u64,
    /// Users, each once.
    pub users: u64,
    /// Users with access.
    pub active: u64,
    /// Records that the filter (`where`) removed.
    pub removed_by_where: u64,
    /// Records that are no users, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// The first 10 records of each reason for which there is no user of them; `removed_by_where` is one of these.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, Vec<LeftOut>>,
    /// Records whose id was there before.
    pub duplicates: u64,
    /// Values of custom fields that do not have the type of their field.
    pub invalid_custom_fields: u64,
    /// Values that should be times and are none.
    pub invalid_times: u64,
    /// Users whose own status says the opposite of the calculated one.
    pub contradictions: u64,
    /// Users whose details could not be read.
    pub details_failed: u64,
    /// Joined lists that could not be read.
    pub joins_failed: u64,
    /// Answers that a rule told to ignore.
    pub ignored: u64,
    /// Requests sent, repeated ones included; whoever sends token requests adds those.
    pub requests: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Bytes of all answers after decompression.
    pub bytes: u64,
    /// How lists ended and how many of each: `{"users: empty_page": 1}`.
    pub endings: BTreeMap<String, u64>,
    /// The first 100 lists one by one.
    pub listings: Vec<ListingEnd>,
    /// What looks odd.
    pub warnings: Vec<String>,
    /// Why somebody who is missing may still be there, though the list was read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// A record that did not become a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The application's id, where it has one.
    pub external_id: Option<String>,
    /// Why, in a sentence.
    pub why: String,
}

/// How one list ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingEnd {
    /// Which list.
    pub purpose: Purpose,
    /// How it ended.
    pub ended_by: EndedBy,
    /// Its pages.
    pub pages: u64,
    /// Its rows.
    pub received: u64,
    /// The greatest total that any page declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<u64>,
}

/// How a list ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// There is no paging.
    SingleRequest,
    /// A page was empty.
    EmptyPage,
    /// All that was declared was received.
    TotalReached,
    /// The last of the declared pages.
    LastPage,
    /// No next URL.
    NoNextUrl,
    /// No cursor.
    NoCursor,
    /// A cursor that says so.
    EndValue,
    /// The answer says that there is no more.
    NoMore,
    /// A page was short, and the definition trusts that.
    ShortPage,
    /// A rule of the definition.
    Rule,
}

impl EndedBy {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SingleRequest => "single_request",
            Self::EmptyPage => "empty_page",
            Self::TotalReached => "total_reached",
            Self::LastPage => "last_page",
            Self::NoNextUrl => "no_next_url",
            Self::NoCursor => "no_cursor",
            Self::EndValue => "end_value",
            Self::NoMore => "no_more",
            Self::ShortPage => "short_page",
            Self::Rule => "rule",
        }
    }
}

impl Certificate {
    pub(crate) fn note(&mut self, end: ListingEnd) {
        let name = format!("{}: {}", end.purpose.kind(), end.ended_by.name());
        *self.endings.entry(name).or_default() += 1;
        if matches!(end.purpose, Purpose::Users { .. }) {
            self.ended_by = Some(end.ended_by.name().to_owned());
        }
        if self.listings.len() < MOST_LISTINGS {
            self.listings.push(end);
        }
    }

    /// Every list was read to its end.
    pub(crate) fn finish(&mut self) {
        self.complete = true;
        self.doubt = self.nameless().or_else(|| self.displaced());
    }

    fn nameless(&self) -> Option<String> {
        let reasons = [Reason::NoExternalId, Reason::InvalidExternalId];
        let counts = reasons
            .iter()
            .filter_map(|reason| self.dropped.get(reason.name()));
        let nameless: u64 = counts.sum();
        (nameless > 0).then(|| {
            format!(
                "{nameless} records have no id that can be used, so that nobody knows whose they are: mend `map.external_id`, or \
                 leave them out with `where`"
            )
        })
    }

    /// Who comes twice may stand in the place of somebody who was skipped. Of united lists nobody is counted as coming twice.
    fn displaced(&self) -> Option<String> {
        let lists = self.listings.iter();
        let lists = lists.filter(|list| matches!(list.purpose, Purpose::Users { .. }));
        let declared: u64 = lists.filter_map(|list| list.declared).sum();
        let different = self.received.saturating_sub(self.duplicates);
        (self.duplicates > 0 && different < declared).then(|| {
            format!("only {different} of {declared} declared rows are different ones, the others came twice")
        })
    }

    /// Shows a record that became no user, if there are not enough of its reason yet.
    pub(crate) fn leave_out(&mut self, reason: &str, show: impl FnOnce() -> LeftOut) {
        let shown = self.left_out.get(reason).map_or(0, Vec::len);
        if shown >= MOST_LEFT_OUT {
            return;
        }
        let LeftOut { external_id, why } = show();
        let one = LeftOut {
            external_id: external_id.map(|id| id.chars().take(LONGEST_LEFT_OUT).collect()),
            why: among_many(&why).to_owned(),
        };
        self.left_out
            .entry(reason.to_owned())
            .or_default()
            .push(one);
    }

    pub(crate) fn warn(&mut self, warning: &str) {
        let warning = among_many(warning);
        let is_known = self.warnings.iter().any(|known| known == warning);
        if !is_known && self.warnings.len() < MOST_WARNINGS {
            self.warnings.push(warning.to_owned());
        }
    }

    /// Takes secrets out of every text, and only then cuts what a remote said to what is shown.
    pub fn mask(&mut self, mask: &dyn Fn(&str) -> String) {
        if let Some(failure) = &mut self.failure {
            failure.mask(mask);
        }
        for warning in &mut self.warnings {
            *warning = one_line(&mask(warning), LONGEST_WARNING);
        }
        for one in self.left_out.values_mut().flatten() {
            one.why = one_line(&mask(&one.why), LONGEST_LEFT_OUT);
        }
    }

    pub(crate) fn fail(&mut self, failure: Failure) {
        self.complete = false;
        self.ended_by = Some(failure.class.name().to_owned());
        self.failure = Some(failure);
    }
}
