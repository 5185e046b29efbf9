//! Days off out of the text of an iCalendar file (RFC 5545): the days of its events, those that come every year, too.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};

/// How large the text may be.
const MOST_BYTES: usize = 256 * 1024;
/// How many days off there may be.
const MOST_DAYS: usize = 5000;
/// For how many years what comes every year is known.
const YEARS: i16 = 60;

/// Why a calendar cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// It is something else, such as the name of a file.
    #[error(
        "this is not the text of an iCalendar file (it begins with BEGIN:VCALENDAR); over the API the text itself is given"
    )]
    NoCalendar,
    /// Too large.
    #[error("a calendar has at most 256 KiB and 5000 days")]
    TooLarge,
    /// A day that is none.
    #[error("event {event}: `{name}` is no day such as 20261225")]
    Day {
        /// Which event of the file, counted from 1.
        event: usize,
        /// Which property.
        name: &'static str,
    },
    /// A length other than days or weeks.
    #[error("event {event}: only a `DURATION` of days or weeks such as P2D can be read")]
    Length {
        /// Which event of the file, counted from 1.
        event: usize,
    },
    /// A repetition other than every year.
    #[error(
        "event {event}: only `FREQ=YEARLY` with BYMONTH, BYMONTHDAY, BYDAY, INTERVAL, COUNT and UNTIL can be read"
    )]
    Rule {
        /// Which event of the file, counted from 1.
        event: usize,
    },
}

/// One event as it is read.
#[derive(Default)]
struct Event {
    start: Option<Date>,
    end: Option<Date>,
    length: Option<usize>,
    rule: Option<Rule>,
    off: BTreeSet<Date>,
    also: BTreeSet<Date>,
    cancelled: bool,
}

/// A repetition: every year, on a day or on a weekday of a month.
#[derive(Clone, Copy, Default)]
struct Rule {
    interval: i16,
    count: Option<u32>,
    until: Option<Date>,
    month: Option<i8>,
    day: Option<i8>,
    weekday: Option<(i8, Weekday)>,
}

/// The days off of a calendar.
///
/// # Errors
/// [`CalendarError`]: what cannot be read is never left out in silence.
pub fn days_off(text: &str) -> Result<BTreeSet<Date>, CalendarError> {
    if text.len() > MOST_BYTES {
        return Err(CalendarError::TooLarge);
    }
    let unfolded = unfold(text);
    let mut lines = unfolded.lines().map(str::trim_end);
    if !lines.next().is_some_and(|first| {
        first
            .trim_start_matches('\u{feff}')
            .eq_ignore_ascii_case("BEGIN:VCALENDAR")
    }) {
        return Err(CalendarError::NoCalendar);
    }
    let mut days = BTreeSet::new();
    let mut event: Option<Event> = None;
    let (mut number, mut in_alarm) = (0, false);
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let name = name
            .split(';')
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        match (name.as_str(), &mut event) {
            ("BEGIN", None) if value.eq_ignore_ascii_case("VEVENT") => {
                number += 1;
                in_alarm = false;
                event = Some(Event::default());
            }
            ("END", Some(read)) if value.eq_ignore_ascii_case("VEVENT") => {
                read.days(number, &mut days)?;
                event = None;
            }
            // What reminds of an event has a length of its own.
            ("BEGIN" | "END", Some(_)) if value.eq_ignore_ascii_case("VALARM") => {
                in_alarm = name == "BEGIN";
            }
            (_, Some(_)) if in_alarm => {}
            (name, Some(event)) => event.take(name, value, number)?,
            _ => {}
        }
    }
    Ok(days)
}

/// Long lines are folded: a line that begins with a blank continues the one before.
fn unfold(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace("\n ", "")
        .replace("\n\t", "")
}

impl Event {
    fn take(&mut self, name: &str, value: &str, event: usize) -> Result<(), CalendarError> {
        let day = |name: &'static str| day(value).ok_or(CalendarError::Day { event, name });
        let all = |name: &'static str| {
            let days = value.split(',').map(self::day);
            days.collect::<Option<BTreeSet<Date>>>()
                .ok_or(CalendarError::Day { event, name })
        };
        match name {
            "DTSTART" => self.start = Some(day("DTSTART")?),
            "DTEND" => self.end = Some(day("DTEND")?),
            "DURATION" => {
                let length = length(value).ok_or(CalendarError::Length { event })?;
                self.length = Some(length);
            }
            "EXDATE" => self.off.extend(all("EXDATE")?),
            "RDATE" => self.also.extend(all("RDATE")?),
            "RRULE" => self.rule = Some(rule(value).ok_or(CalendarError::Rule { event })?),
            "STATUS" => self.cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            _ => {}
        }
        Ok(())
    }

    /// Adds the days of the event; its end is the day after the last one. Whether it blocks time (`TRANSP`) says nothing:
    /// calendars of public holidays call theirs transparent.
    fn days(&self, event: usize, days: &mut BTreeSet<Date>) -> Result<(), CalendarError> {
        if self.cancelled {
            return Ok(());
        }
        let name = "DTSTART";
        let start = self.start.ok_or(CalendarError::Day { event, name })?;
        let until = self.end.map(|end| days_between(start, end));
        let length = until.or(self.length).unwrap_or(1).max(1);
        let firsts = match &self.rule {
            Some(rule) => rule.days(start),
            None => vec![start],
        };
        for first in firsts.into_iter().chain(self.also.iter().copied()) {
            if self.off.contains(&first) {
                continue;
            }
            for day in first.series(jiff::Span::new().days(1)).take(length) {
                days.insert(day);
                if days.len() > MOST_DAYS {
                    return Err(CalendarError::TooLarge);
                }
            }
        }
        Ok(())
    }
}

fn days_between(start: Date, end: Date) -> usize {
    let days = start.until(end).map_or(1, |span| span.get_days());
    usize::try_from(days).unwrap_or(1)
}

/// `P2D` or `P1W`, in days.
fn length(value: &str) -> Option<usize> {
    let value = value.trim();
    let number = value.strip_prefix('+').unwrap_or(value).strip_prefix('P')?;
    let (number, days) = match number.strip_suffix('W') {
        Some(weeks) => (weeks, 7),
        None => (number.strip_suffix('D')?, 1),
    };
    let number: usize = number.parse().ok()?;
    number.checked_mul(days)
}

/// `20261225`, also with a time behind it.
fn day(value: &str) -> Option<Date> {
    let (digits, rest) = value.trim().split_at_checked(8)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit())
        || !(rest.is_empty() || rest.starts_with('T'))
    {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to);
    Date::new(
        part(0, 4)?.parse().ok()?,
        part(4, 6)?.parse().ok()?,
        part(6, 8)?.parse().ok()?,
    )
    .ok()
}

fn rule(value: &str) -> Option<Rule> {
    let mut rule = Rule {
        interval: 1,
        ..Rule::default()
    };
    let mut yearly = false;
    for part in value.split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=')?;
        match name.to_ascii_uppercase().as_str() {
            "FREQ" => yearly = value.eq_ignore_ascii_case("YEARLY"),
            "INTERVAL" => rule.interval = value.parse().ok().filter(|interval| *interval > 0)?,
            "COUNT" => rule.count = Some(value.parse().ok()?),
            "UNTIL" => rule.until = Some(day(value)?),
            "BYMONTH" => {
                rule.month = Some(
                    value
                        .parse()
                        .ok()
                        .filter(|month| (1..=12).contains(month))?,
                )
            }
            "BYMONTHDAY" => {
                rule.day = Some(value.parse().ok().filter(|day| (1..=31).contains(day))?)
            }
            "BYDAY" => rule.weekday = Some(nth_weekday(value)?),
            "WKST" => {}
            _ => return None,
        }
    }
    yearly.then_some(rule)
}

/// `4TH`, `-1MO`.
fn nth_weekday(value: &str) -> Option<(i8, Weekday)> {
    let (number, name) = value.split_at_checked(value.len().checked_sub(2)?)?;
    let number: i8 = number.parse().ok()?;
    let weekday = match name.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    let fits = (1..=5).contains(&number) || (-5..=-1).contains(&number);
    fits.then_some((number, weekday))
}

impl Rule {
    /// The days on which it comes, for some decades.
    fn days(&self, start: Date) -> Vec<Date> {
        let month = self.month.unwrap_or(start.month());
        let of_year = |year: i16| match self.weekday {
            Some((number, weekday)) => {
                let first = Date::new(year, month, 1).ok()?;
                first.nth_weekday_of_month(number, weekday).ok()
            }
            None => Date::new(year, month, self.day.unwrap_or(start.day())).ok(),
        };
        let steps = usize::try_from(self.interval).unwrap_or(1);
        let last = start.year().saturating_add(YEARS);
        let all = (start.year()..last).step_by(steps).filter_map(of_year);
        all.filter(|day| *day >= start && self.until.is_none_or(|until| *day <= until))
            .take(self.count.map_or(usize::MAX, |count| {
                usize::try_from(count).unwrap_or(usize::MAX)
            }))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn calendar(events: &[&str]) -> String {
        let events: Vec<String> = events
            .iter()
            .map(|event| {
                format!(
                    "BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n",
                    event.replace('\n', "\r\n")
                )
            })
            .collect();
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n",
            events.concat()
        )
    }

    #[track_caller]
    fn check(event: &str, expect: &[&str]) {
        let days: Vec<String> = days_off(&calendar(&[event]))
            .unwrap()
            .into_iter()
            .filter(|day| day.year() < 2029)
            .map(|day| day.to_string())
            .collect();
        assert_eq!(days, expect, "{event}");
    }

    #[test]
    fn events_are_days_off() {
        check(
            "SUMMARY:Christmas\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227",
            &["2026-12-25", "2026-12-26"],
        );
        check("DTSTART:20260501T000000Z", &["2026-05-01"]);
        check(
            "SUMMARY:a long\n  line\nDTSTART;VALUE=DA\n TE:20261003",
            &["2026-10-03"],
        );
        check("DTSTART;VALUE=DATE:20261225\nSTATUS:CANCELLED", &[]);
        check(
            "DTSTART;VALUE=DATE:20261225\nDURATION:P2D\nTRANSP:TRANSPARENT",
            &["2026-12-25", "2026-12-26"],
        );
        check(
            "DTSTART:20260501\nBEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:PT5M\nEND:VALARM",
            &["2026-05-01"],
        );
    }

    #[test]
    fn an_event_lasts_as_many_days_as_it_says() {
        for (length, days) in [("P1D", 1), ("+P3D", 3), ("P2W", 14), ("P0D", 1)] {
            let event = format!("DTSTART;VALUE=DATE:20261225\nDURATION:{length}");
            let off = days_off(&calendar(&[&event])).unwrap();
            assert_eq!(off.len(), days, "{length}");
        }
        for length in ["PT8H", "P1DT12H", "-P1D", "2D", "P", ""] {
            let event = format!("DTSTART;VALUE=DATE:20261225\nDURATION:{length}");
            let refused = days_off(&calendar(&[&event])).unwrap_err();
            assert_eq!(refused, CalendarError::Length { event: 1 }, "{length}");
        }
    }

    #[test]
    fn what_comes_every_year_comes_every_year() {
        check(
            "DTSTART;VALUE=DATE:20270101\nRRULE:FREQ=YEARLY",
            &["2027-01-01", "2028-01-01"],
        );
        check(
            "DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY",
            &["2024-02-29", "2028-02-29"],
        );
        check(
            "DTSTART;VALUE=DATE:20261126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=2",
            &["2026-11-26", "2027-11-25"],
        );
        check(
            "DTSTART;VALUE=DATE:20260525\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;UNTIL=20270601\nEXDATE;VALUE=DATE:20260525",
            &["2027-05-31"],
        );
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let refused = |text: &str| days_off(text).unwrap_err();
        assert_eq!(refused("de-BE.ics"), CalendarError::NoCalendar);
        assert_eq!(refused(""), CalendarError::NoCalendar);
        assert_eq!(
            refused(&calendar(&["SUMMARY:x"])),
            CalendarError::Day {
                event: 1,
                name: "DTSTART"
            }
        );
        assert_eq!(
            refused(&calendar(&[
                "DTSTART:20260101",
                "DTSTART:20260101\nRRULE:FREQ=WEEKLY"
            ])),
            CalendarError::Rule { event: 2 }
        );
        assert_eq!(
            refused(&calendar(&["DTSTART:20260101\nDTEND:20500101"])),
            CalendarError::TooLarge
        );
    }

    proptest! {
        #[test]
        fn nothing_that_is_given_panics(text in "(BEGIN:VCALENDAR\n)?(BEGIN:VEVENT\n|END:VEVENT\n|DTSTART:[0-9T]{0,9}\n|DURATION:[-+PTWD0-9]{0,25}\n|RRULE:[A-Z0-9=;-]{0,30}\n|[ -~]{0,20}\n){0,12}") {
            let _ = days_off(&text);
        }
    }
}
