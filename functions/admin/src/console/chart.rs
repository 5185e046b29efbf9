//! Charts, drawn on the server. A bar stands in a table beside the number that it shows; a line has a title, says in words
//! what it shows, and its numbers as a table below it.

use maud::{Markup, html};

/// The part of `of` that `value` is, in percent.
pub(super) fn percent(value: u64, of: u64) -> u64 {
    let part = value.saturating_mul(100).checked_div(of);
    part.unwrap_or(0).min(100)
}

/// A bar of so many percent, beside a number that says the same.
pub(super) fn bar(percent: u64) -> Markup {
    html! {
        svg.share viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.ground width="100" height="10" {}
            rect.part width=(percent) height="10" {}
        }
    }
}

const WIDTH: i64 = 240;
const HEIGHT: i64 = 56;
const EDGE: i64 = 4;

/// Where the points of a line lie; between them may be some of which nothing is known.
fn places(points: &[Option<i64>]) -> Vec<Option<(i64, i64)>> {
    let most = points.iter().flatten().copied().max().unwrap_or(0).max(1);
    let steps = i64::try_from(points.len())
        .unwrap_or(i64::MAX)
        .saturating_sub(1)
        .max(1);
    let place = |(number, point): (usize, &Option<i64>)| {
        let number = i64::try_from(number).unwrap_or(0);
        let value = (*point)?.clamp(0, most);
        let x = EDGE + (WIDTH - 2 * EDGE).saturating_mul(number) / steps;
        let y = HEIGHT - EDGE - (HEIGHT - 2 * EDGE).saturating_mul(value) / most;
        Some((x, y))
    };
    points.iter().enumerate().map(place).collect()
}

/// The path of a line, with a gap where nothing is known.
fn path(places: &[Option<(i64, i64)>]) -> String {
    let mut path = String::new();
    let mut is_drawing = false;
    for place in places {
        if let Some((x, y)) = place {
            let pen = if is_drawing { 'L' } else { 'M' };
            path += &format!("{pen}{x} {y}");
        }
        is_drawing = place.is_some();
    }
    path
}

/// A line over time, from nothing at the bottom to its largest value at the top. `says` is what it shows, in words; `id`
/// is its own in the page.
pub(super) fn line(id: &str, title: &str, says: &str, points: &[Option<i64>]) -> Markup {
    let places = places(points);
    html! {
        svg.line width=(WIDTH) height=(HEIGHT) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby={ (id) "-title " (id) "-says" } {
            title id={ (id) "-title" } { (title) }
            desc id={ (id) "-says" } { (says) }
            path d=(path(&places)) {}
            @for (x, y) in places.iter().flatten() { circle cx=(x) cy=(y) r="2" {} }
        }
    }
}

const WIDE: i64 = 360;
const TALL: i64 = 84;
/// Above the line there is room for a label.
const HEAD: i64 = 16;

/// The places of steps between the lowest and the highest value: left edges, and heights.
struct Steps {
    lowest: i64,
    highest: i64,
    count: i64,
}

impl Steps {
    fn of(need: &[i64], bought: Option<i64>) -> Self {
        let all = || need.iter().copied().chain(bought);
        Self {
            lowest: all().min().unwrap_or(0).saturating_sub(1).max(0),
            highest: all().max().unwrap_or(0).saturating_add(1),
            count: i64::try_from(need.len()).unwrap_or(i64::MAX).max(1),
        }
    }

    fn x(&self, place: usize) -> i64 {
        let place = i64::try_from(place).unwrap_or(0);
        EDGE + (WIDE - 2 * EDGE).saturating_mul(place) / self.count
    }

    fn y(&self, value: i64) -> i64 {
        let part = value.saturating_sub(self.lowest);
        let all = self.highest.saturating_sub(self.lowest).max(1);
        TALL - EDGE - (TALL - EDGE - HEAD).saturating_mul(part) / all
    }

    fn path(&self, need: &[i64]) -> String {
        let mut path = String::new();
        for (place, value) in need.iter().enumerate() {
            let (pen, y) = (if place == 0 { 'M' } else { 'L' }, self.y(*value));
            let (from, to) = (self.x(place), self.x(place.saturating_add(1)));
            path += &format!("{pen}{from} {y}L{to} {y}");
        }
        path
    }
}

/// What is needed, step by step, against a dashed line of what there is; what is missing is filled, and its most labelled.
/// `says` is what it shows, in words; `id` is its own in the page.
pub(super) fn steps(
    id: &str,
    title: &str,
    says: &str,
    need: &[i64],
    bought: Option<i64>,
) -> Markup {
    let steps = Steps::of(need, bought);
    let missing = |value: i64| bought.map_or(0, |bought| value.saturating_sub(bought).max(0));
    let short = need
        .iter()
        .enumerate()
        .filter(|(_, value)| missing(**value) > 0);
    let most = need.iter().copied().max().unwrap_or(0);
    let label = need.iter().position(|value| *value == most);
    let label = label.filter(|_| missing(most) > 0);
    html! {
        svg.ahead width=(WIDE) height=(TALL) viewBox={ "0 0 " (WIDE) " " (TALL) } role="img" aria-labelledby={ (id) "-title " (id) "-says" } {
            title id={ (id) "-title" } { (title) }
            desc id={ (id) "-says" } { (says) }
            @if let Some(bought) = bought {
                @for (place, value) in short {
                    rect.short x=(steps.x(place)) y=(steps.y(*value)) width=(steps.x(place.saturating_add(1)) - steps.x(place))
                        height=(steps.y(bought) - steps.y(*value)) {}
                }
                path.bought d={ "M" (EDGE) " " (steps.y(bought)) "L" (WIDE - EDGE) " " (steps.y(bought)) } {}
            }
            path.need d=(steps.path(need)) {}
            @if let Some(place) = label {
                @let is_left = place < need.len() / 2;
                text x=(if is_left { steps.x(place) } else { steps.x(place.saturating_add(1)) }) y=(steps.y(most) - 4)
                    text-anchor=(if is_left { "start" } else { "end" }) { (missing(most)) " short" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_gap_where_nothing_is_known() {
        let places = places(&[Some(0), Some(10), None, Some(5)]);

        assert_eq!(path(&places), "M4 52L81 4M236 28");
    }

    #[test]
    fn a_line_of_nothing_is_nothing() {
        assert_eq!(path(&places(&[])), "");
        assert_eq!(path(&places(&[None])), "");
        assert_eq!(path(&places(&[Some(0)])), "M4 52");
    }

    #[test]
    fn what_is_missing_is_filled_and_labelled() {
        let chart = steps("a", "Seats", "one is missing", &[1, 3], Some(2)).into_string();

        assert!(
            chart.contains("class=\"need\" d=\"M4 64L180 64L180 32L356 32\""),
            "{chart}"
        );
        assert_eq!(chart.matches("class=\"short\"").count(), 1);
        assert!(
            chart.contains("x=\"180\" y=\"32\" width=\"176\" height=\"16\""),
            "{chart}"
        );
        assert!(chart.contains(">1 short</text>"), "{chart}");
        let enough = steps("a", "Seats", "all is well", &[1, 2], Some(2)).into_string();
        assert!(!enough.contains("short"), "{enough}");
    }

    #[test]
    fn a_part_of_nothing_is_nothing() {
        assert_eq!(percent(1, 0), 0);
        assert_eq!(percent(1, 3), 33);
        assert_eq!(percent(7, 3), 100);
    }
}
