//! What happens under a seed: who is hired, withdrawn, deleted, terminated, and when.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use sando_core::ids::LeverId;

use super::chance::Chance;
use super::clock::after;

/// A human of the plan.
#[derive(Clone, Debug)]
pub struct Human {
    /// The Lever contact.
    pub contact: LeverId,
    /// The Lever opportunity.
    pub opportunity: LeverId,
    /// The name; not unique.
    pub name: String,
    /// The personal address.
    pub email: String,
    /// The department.
    pub department: String,
    /// The first day.
    pub starts_on: Date,
}

/// Something that happens.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Archived as hired.
    Hire,
    /// Taken out of the archive.
    Unhire,
    /// Archived for another reason.
    Reject,
    /// Deleted.
    Delete,
    /// Terminated by hand, over the API.
    Terminate,
    /// A webhook whose data lies about somebody.
    Lie,
    /// The first day moves by so many days; no webhook tells.
    Move(i64),
    /// Moved to another stage; a webhook may tell.
    Advance,
}

/// Something that happens to one human at a moment.
#[derive(Clone, Debug)]
pub struct Planned {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub human: usize,
    /// What.
    pub deed: Deed,
}

/// Something that an administrator does.
#[derive(Clone, Debug)]
pub enum Order {
    /// Everything is paused.
    Pause,
    /// Nothing is paused any more.
    Resume,
    /// The policy of an application is edited, and applied to everybody.
    Edit,
}

/// Everything that happens.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whom it happens to.
    pub humans: Vec<Human>,
    /// What happens to them, in order.
    pub deeds: Vec<Planned>,
    /// What administrators do, in order.
    pub orders: Vec<(Timestamp, Order)>,
}

const HOUR: Duration = Duration::from_secs(3600);

/// A Lever id.
///
/// # Panics
/// If the text is none.
#[must_use]
pub fn lever_id(text: impl Into<String>) -> LeverId {
    LeverId::parse(text).expect("ids in the simulation are ids")
}

/// Draws a plan that begins at `start`.
#[must_use]
pub fn drawn(chance: &Chance, start: Timestamp) -> Plan {
    let count = 2 + chance.place(5);
    let humans: Vec<Human> = (0..count)
        .map(|place| human(place, chance, start))
        .collect();
    let mut deeds: Vec<Planned> = humans
        .iter()
        .enumerate()
        .flat_map(|(place, human)| life(place, human, chance, start))
        .collect();
    deeds.sort_by_key(|planned| planned.at);
    let orders = orders(chance, start);
    Plan {
        humans,
        deeds,
        orders,
    }
}

fn orders(chance: &Chance, start: Timestamp) -> Vec<(Timestamp, Order)> {
    let mut orders = Vec::new();
    if chance.happens(250) {
        let at = after(start, chance.up_to(HOUR * 20));
        let until = after(at, chance.up_to(HOUR * 8));
        orders.push((at, Order::Pause));
        orders.push((until, Order::Resume));
    }
    if chance.happens(300) {
        orders.push((after(start, chance.up_to(HOUR * 40)), Order::Edit));
    }
    orders.sort_by_key(|(at, _)| *at);
    orders
}

fn human(place: usize, chance: &Chance, start: Timestamp) -> Human {
    let first = *chance.one_of(&["Ada", "Grace", "Ada"]);
    let last = *chance.one_of(&["Park", "Hopper"]);
    let today = start.to_zoned(jiff::tz::TimeZone::UTC).date();
    let days = i64::try_from(chance.below(6)).unwrap_or(0) - 1;
    let starts_on = today
        .checked_add(jiff::Span::new().days(days))
        .unwrap_or(today);
    Human {
        contact: lever_id(format!("contact-{place}")),
        opportunity: lever_id(format!("opportunity-{place}")),
        name: format!("{first} {last}"),
        email: format!("{}{place}@mail.example", first.to_lowercase()),
        department: (*chance.one_of(&["Engineering", "Sales"])).to_owned(),
        starts_on,
    }
}

fn life(human: usize, who: &Human, chance: &Chance, start: Timestamp) -> Vec<Planned> {
    let mut life = Vec::new();
    let mut does = |at: Timestamp, deed: Deed| life.push(Planned { at, human, deed });
    let applying = chance.up_to(HOUR * 12);
    let hired = after(start, applying);
    let later = |from: Timestamp| {
        let most = *chance.one_of(&[HOUR / 60, HOUR / 4, HOUR * 12]);
        after(from, chance.between(Duration::from_secs(1), most))
    };
    let begins = who
        .starts_on
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_or(start, |day| day.timestamp());
    match chance.below(20) {
        0..=5 => does(hired, Deed::Hire),
        6..=10 => {
            does(hired, Deed::Hire);
            let unhired = later(hired);
            does(unhired, Deed::Unhire);
            if chance.happens(600) {
                does(later(unhired), Deed::Hire);
            }
        }
        11..=12 => {
            does(hired, Deed::Hire);
            does(later(hired), Deed::Delete);
        }
        13..=14 => {
            does(hired, Deed::Hire);
            let at = after(begins.max(hired), chance.between(HOUR, HOUR * 10));
            does(at, chance.one_of(&[Deed::Delete, Deed::Unhire]).clone());
        }
        15..=17 => {
            does(hired, Deed::Hire);
            let left = later(hired);
            does(left, Deed::Terminate);
            if chance.happens(400) {
                let unhired = later(left);
                does(unhired, Deed::Unhire);
                does(later(unhired), Deed::Hire);
            }
        }
        18 => does(hired, Deed::Reject),
        _ => {}
    }
    if chance.happens(200) {
        does(after(start, chance.up_to(HOUR * 20)), Deed::Lie);
    }
    if chance.happens(300) {
        let days = *chance.one_of(&[-2, -1, 1, 2, 3]);
        does(later(hired), Deed::Move(days));
    }
    while chance.happens(300) {
        does(after(start, chance.up_to(applying)), Deed::Advance);
    }
    life
}
