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
    fn a_part_of_nothing_is_nothing() {
        assert_eq!(percent(1, 0), 0);
        assert_eq!(percent(1, 3), 33);
        assert_eq!(percent(7, 3), 100);
    }
}
