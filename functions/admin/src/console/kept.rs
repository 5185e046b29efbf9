//! Pages that count over all rosters. Where that takes longer than a page may, they show what was counted last, with when
//! that was and a way to count now.

use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::api_key::Scope;
use sando_core::admin::metrics;
use sando_core::report::Counted;
use sando_core::store::Loaded;

use crate::Api;

use super::format::when;
use super::parts::button;
use super::refusal::Refusal;
use super::visitor::Visitor;
use super::words;

/// The users of so many are counted while somebody waits.
const AT_ONCE: u64 = 5_000;

/// What a page shows before somebody asks to count now: what was counted last. None where counting is quick, or nothing was
/// counted yet.
pub(super) async fn kept(
    api: &Api,
    accounts: &[Loaded<Account>],
) -> Result<Option<Counted>, Refusal> {
    if is_quick(accounts) {
        return Ok(None);
    }
    Ok(metrics::counted(&api.ports).await?)
}

/// Are there so few users that they can be counted while somebody waits?
pub(super) fn is_quick(accounts: &[Loaded<Account>]) -> bool {
    let read = accounts.iter().filter(|account| account.entity.applied > 0);
    let users = read.map(|account| account.entity.users);
    users.fold(0_u64, u64::saturating_add) <= AT_ONCE
}

/// When it was counted, and how it is counted now: while one waits, or as work that goes on.
pub(super) fn count_now(visitor: &Visitor, at: Timestamp, to: &str, now: Timestamp) -> Markup {
    html! {
        p.measure { (words::COUNTED) " " (when(at, now)) ". " a href=(to) { (words::LOOK_NOW) } " " (words::COUNT_TAKES) }
        @if visitor.may(Scope::Operate) {
            div.bar { (button(visitor, "/console/spend/count", "", words::COUNT_NOW)) }
        }
    }
}
