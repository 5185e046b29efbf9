//! Pages that count over all rosters. Where that takes longer than a page may, they show what was counted last, with when
//! that was and a way to count now.

use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::api_key::Scope;
use sando_core::admin::metrics;
use sando_core::report::Figures;
use sando_core::store::Loaded;
use sando_core::tally::day_of;

use crate::Api;

use super::format::when;
use super::parts::button;
use super::refusal::Refusal;
use super::visitor::Visitor;
use super::words;

/// The users of so many are counted while somebody waits.
const AT_ONCE: u64 = 5_000;

/// What was counted last.
pub(super) struct Kept {
    /// What came of it.
    pub(super) figures: Figures,
    /// When.
    pub(super) at: Timestamp,
}

impl Kept {
    /// What a page shows before somebody asks to count now; none where counting is quick, or nothing was counted yet.
    pub(super) async fn find(
        api: &Api,
        accounts: &[Loaded<Account>],
        now: Timestamp,
    ) -> Result<Option<Self>, Refusal> {
        if is_quick(accounts) {
            return Ok(None);
        }
        let accounts: Vec<Account> = accounts.iter().map(|one| one.entity.clone()).collect();
        let found = metrics::figures(&api.ports, day_of(now), &accounts).await?;
        Ok(found.map(|(figures, at)| Self { figures, at }))
    }
}

/// Are there so few users that they can be counted while somebody waits?
pub(super) fn is_quick(accounts: &[Loaded<Account>]) -> bool {
    let read = accounts.iter().filter(|account| account.entity.applied > 0);
    let users = read.map(|account| account.entity.users);
    users.fold(0_u64, u64::saturating_add) <= AT_ONCE
}

/// When it was counted, and how it is counted now: as work that goes on, or with everything told apart while one waits.
pub(super) fn count_now(visitor: &Visitor, at: Timestamp, to: &str, now: Timestamp) -> Markup {
    html! {
        p.measure { (words::COUNTED) " " (when(at, now)) ". " a href=(to) { (words::TELL_APART) } " " (words::COUNT_TAKES) }
        @if visitor.may(Scope::Operate) {
            div.bar { (button(visitor, "/console/spend/count", "", words::COUNT_NOW)) }
        }
    }
}
