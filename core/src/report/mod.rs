//! Numbers about who has what (L20, L26, X10, X13): made in one walk over the rosters, with the people at hand. Pure.

mod costs;
mod counted;
mod directory;
mod figures;
mod forecast;
mod idle;
mod money;
mod sums;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::app::Application;
use crate::ids::{AppSlug, PersonId, Slug};
use crate::moment;
use crate::person::Lifecycle;
use crate::roster::Face;

pub use crate::app::Money;
pub use costs::{Costing, Costs};
pub use counted::{CountPiece, Counted};
pub use directory::{Directory, Holder, addresses_of};
pub use figures::Figures;
pub use forecast::{Forecast, Forecasting, MOST_WEEKS, Movers, Outlook, WEEKS, Week, is_moving};
pub use idle::Idle;
pub use money::price_of;
pub use sums::{Licence, Licences, Line, Residue, Spend, license_name};

/// A user who was not seen for so long does not use it, unless somebody asks for other days.
pub const UNUSED_DAYS: u32 = 90;

/// What a user of a roster is to the company.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Nobody who is known has this address.
    Orphaned,
    /// The person left, or never came.
    HolderLeft,
    /// Not seen for long.
    Unused,
    /// The person has another seat in the application.
    Duplicate,
    /// It holds licences though it cannot use the application.
    Inactive,
}

impl Flag {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orphaned => "orphaned",
            Self::HolderLeft => "holder_left",
            Self::Unused => "unused",
            Self::Duplicate => "duplicate",
            Self::Inactive => "inactive",
        }
    }

    /// Could the seat be had back?
    #[must_use]
    pub fn is_reclaimable(self) -> bool {
        !matches!(self, Self::Orphaned)
    }
}

/// One user of a roster who can use the application or holds licences of it, with whoever they are.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Seat {
    /// Where.
    pub app: AppSlug,
    /// Which account of it.
    pub account: String,
    /// The application's id of the user.
    pub external_id: String,
    /// The address there.
    pub email: Option<String>,
    /// The role there.
    pub role: Option<String>,
    /// The licences held.
    pub licenses: Vec<String>,
    /// When they were last seen there, if the application tells.
    pub last_visit_at: Option<String>,
    /// Who that is; none if nobody knows.
    pub person: Option<PersonId>,
    /// Their name.
    pub name: Option<String>,
    /// Their department.
    pub department: Option<String>,
    /// Where they stand.
    pub state: Option<Lifecycle>,
    /// When they left.
    pub left_at: Option<Timestamp>,
    /// What is noticed about it.
    pub flags: Vec<Flag>,
    /// What the licences cost a month.
    pub monthly: Money,
}

impl Seat {
    /// The seat of a user; none for one who can neither use the application nor holds a licence of it.
    #[must_use]
    pub fn of(
        app: &AppSlug,
        account: &str,
        face: &Face,
        application: Option<&Application>,
        holder: Option<&Holder>,
        unused_since: Timestamp,
    ) -> Option<Self> {
        let user = &face.user;
        if face.deleted || (!user.active && user.licenses.is_empty()) {
            return None;
        }
        let mut monthly = Money::default();
        for license in &user.licenses {
            monthly.add(price_of(application, license).as_ref());
        }
        let mut seat = Self {
            app: app.clone(),
            account: account.to_owned(),
            external_id: user.external_id.clone(),
            email: user.email.clone(),
            role: user.role.clone(),
            licenses: user.licenses.clone(),
            last_visit_at: user.last_visit_at.clone(),
            person: holder.map(|holder| holder.person.clone()),
            name: holder.and_then(|holder| holder.name.clone()),
            department: holder.and_then(|holder| holder.department.clone()),
            state: holder.map(|holder| holder.state),
            left_at: holder.and_then(|holder| holder.left_at),
            flags: Vec::new(),
            monthly,
        };
        seat.notice(unused_since);
        if !user.active {
            seat.flags.push(Flag::Inactive);
        }
        Some(seat)
    }

    fn notice(&mut self, unused_since: Timestamp) {
        match self.state {
            None => self.flags.push(Flag::Orphaned),
            Some(Lifecycle::Left | Lifecycle::Withdrawn) => self.flags.push(Flag::HolderLeft),
            Some(_) => {}
        }
        let last = self.last_visit_at.as_deref();
        let seen = last.and_then(|text| moment::to_timestamp(&serde_json::Value::from(text)));
        if seen.is_some_and(|at| at < unused_since) {
            self.flags.push(Flag::Unused);
        }
    }

    /// Can its user use the application? If not, only licences are left.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.flags.contains(&Flag::Inactive)
    }

    /// Could it be had back?
    #[must_use]
    pub fn is_reclaimable(&self) -> bool {
        self.flags.iter().any(|flag| flag.is_reclaimable())
    }
}

/// Where a page of the review ended: in which account, and where in its roster.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The definition.
    pub definition: Slug,
    /// The account's name.
    pub name: Slug,
    /// Where in the roster; none at its beginning.
    pub cursor: Option<String>,
}

/// Since when a user must not have been seen to count as one who does not use it.
#[must_use]
pub fn unused_since(now: Timestamp, days: u32) -> Timestamp {
    let time = SignedDuration::from_hours(i64::from(days).saturating_mul(24));
    now.saturating_sub(time).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests;
