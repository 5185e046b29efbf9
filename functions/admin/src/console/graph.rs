//! The picture of a run: its steps in columns by what they need, as links in reading order. The list below it says the
//! same, and is the page on a narrow screen.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use sando_core::ids::StepId;
use sando_core::run::{Run, Step, StepState};

use super::assets::Asset;
use super::parts::anchor;
use super::states;
use super::words;

const WIDTH: usize = 200;
const HEIGHT: usize = 60;
const GAP_X: usize = 48;
const GAP_Y: usize = 12;
const EDGE: usize = 2;
/// From so many steps side by side on, equal states become one node.
const FOLD: usize = 12;

/// One node: a step, or several that stand alike.
struct Node<'a> {
    column: usize,
    row: usize,
    steps: Vec<&'a Step>,
}

impl Node<'_> {
    fn x(&self) -> usize {
        self.column * (WIDTH + GAP_X) + EDGE
    }

    fn y(&self) -> usize {
        self.row * (HEIGHT + GAP_Y) + EDGE
    }
}

/// The steps that a step waits for, with steps that only hold others replaced by those.
fn needs_of<'a>(run: &'a Run, leaves: &[&'a Step], step: &Step) -> Vec<&'a Step> {
    let parent = step.id.parent().and_then(|parent| run.step(&parent));
    let inherited = parent
        .map(|parent| parent.needs.as_slice())
        .unwrap_or_default();
    let wanted: Vec<&StepId> = step.needs.iter().chain(inherited).collect();
    let is_wanted = |leaf: &&&Step| {
        let parent = leaf.id.parent();
        wanted
            .iter()
            .any(|id| **id == leaf.id || parent.as_ref() == Some(*id))
    };
    leaves.iter().filter(is_wanted).copied().collect()
}

/// The longest way to each step.
fn depths<'a>(run: &'a Run, leaves: &[&'a Step]) -> BTreeMap<&'a str, usize> {
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    // Needs are acyclic; the bound keeps it finite whatever is stored.
    for _ in 0..leaves.len() {
        let mut moved = false;
        for step in leaves {
            let needs = needs_of(run, leaves, step);
            let deepest = needs
                .iter()
                .map(|need| depths.get(need.id.as_str()).map_or(1, |depth| depth + 1));
            let depth = deepest.max().unwrap_or(0);
            moved |= depths.insert(step.id.as_str(), depth) != Some(depth);
        }
        if !moved {
            break;
        }
    }
    depths
}

fn nodes<'a>(run: &'a Run, leaves: &[&'a Step]) -> Vec<Node<'a>> {
    let depths = depths(run, leaves);
    let mut columns: BTreeMap<usize, Vec<&Step>> = BTreeMap::new();
    for step in leaves {
        let depth = depths.get(step.id.as_str()).copied().unwrap_or(0);
        columns
            .entry(depth.min(leaves.len()))
            .or_default()
            .push(step);
    }
    let mut nodes = Vec::new();
    for (column, steps) in columns {
        let groups: Vec<Vec<&Step>> = if steps.len() < FOLD {
            steps.into_iter().map(|step| vec![step]).collect()
        } else {
            folded(steps)
        };
        let placed = groups.into_iter().enumerate();
        nodes.extend(placed.map(|(row, steps)| Node { column, row, steps }));
    }
    nodes
}

fn folded(steps: Vec<&Step>) -> Vec<Vec<&Step>> {
    let mut groups: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        groups.entry(states::step(step).1).or_default().push(step);
    }
    groups.into_values().collect()
}

/// Draws it.
pub(super) fn draw(run: &Run) -> Markup {
    let leaves = words::leaves(run);
    let nodes = nodes(run, &leaves);
    let columns = nodes
        .iter()
        .map(|node| node.column)
        .max()
        .map_or(0, |most| most + 1);
    let rows = nodes
        .iter()
        .map(|node| node.row)
        .max()
        .map_or(0, |most| most + 1);
    let (width, height) = (
        (columns * (WIDTH + GAP_X)).saturating_sub(GAP_X) + 2 * EDGE,
        (rows * (HEIGHT + GAP_Y)).saturating_sub(GAP_Y) + 2 * EDGE,
    );
    let of = |step: &Step| {
        let is_in = |node: &Node| node.steps.iter().any(|other| other.id == step.id);
        nodes.iter().position(is_in)
    };
    // Steps that stand as one node may need the same: each line is drawn once.
    let mut lines = BTreeSet::new();
    for (to, node) in nodes.iter().enumerate() {
        for step in &node.steps {
            let needs = needs_of(run, &leaves, step);
            lines.extend(needs.into_iter().filter_map(of).map(|from| (from, to)));
        }
    }
    let ends = |(from, to): (usize, usize)| Some((nodes.get(from)?, nodes.get(to)?));
    html! {
        svg width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } role="group" {
            @for (from, to) in lines.into_iter().filter_map(ends) { (edge(from, to)) }
            @for node in &nodes { (shape(node)) }
        }
    }
}

fn edge(from: &Node<'_>, to: &Node<'_>) -> Markup {
    let (x1, y1) = (from.x() + WIDTH, from.y() + HEIGHT / 2);
    let (x2, y2) = (to.x(), to.y() + HEIGHT / 2);
    let middle = usize::midpoint(x1, x2);
    html! {
        path.edge d={ "M" (x1) " " (y1) "C" (middle) " " (y1) " " (middle) " " (y2) " " (x2) " " (y2) } {}
    }
}

fn shape(node: &Node<'_>) -> Markup {
    let Some(step) = node.steps.first() else {
        return html! {};
    };
    let (shape, state) = states::step(step);
    let name = match node.steps.as_slice() {
        [one] => words::label(one),
        many => format!("{} steps", many.len()),
    };
    let name: String = if name.chars().count() > 20 {
        name.chars().take(19).chain(['…']).collect()
    } else {
        name
    };
    let moment = words::moment(&node.steps);
    let (x, y) = (node.x(), node.y());
    let class = if step.state == StepState::Planned {
        "node planned"
    } else {
        "node"
    };
    html! {
        // Named by what it shows: the blanks keep the texts apart for who hears them.
        a href={ "#step-" (anchor(step.id.as_str())) } {
            g class=(class) {
                rect x=(x) y=(y) width=(WIDTH) height=(HEIGHT) rx="6" {}
                svg class={ "d-" (shape.tone()) } x=(x + 12) y=(y + 21) width="18" height="18" aria-hidden="true" {
                    use href={ (Asset::Icons.url()) "#" (shape.icon()) } {}
                }
                text.name x=(x + 40) y=(y + 19) { (name) } " "
                text.state x=(x + 40) y=(y + 35) { (state) @if moment.is_some() { " " } }
                @if let Some(moment) = &moment { text.state x=(x + 40) y=(y + 51) { (moment) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sando_core::audit::Cause;
    use sando_core::ids::{AppSlug, RunId};
    use sando_core::intake::run_of;
    use sando_core::run::{Expanded, StepWork, WaitsFor};
    use sando_core::testing::a_person;
    use sando_core::workflow::{StepKind, Workflow};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn step(id: &str, needs: &[&str]) -> Step {
        let work = StepWork::Workflow {
            kind: StepKind::Grant {},
            expanded: Expanded::All,
        };
        let needs = needs.iter().map(|need| StepId::from(*need));
        Step::new(StepId::from(id), work, needs.collect())
    }

    fn run(steps: Vec<Step>) -> Run {
        let workflows = Workflow::built_in();
        let (id, cause) = (RunId::derived(&["test"]), Cause::of("test", "test"));
        let begun = at("2027-01-04T09:00:00Z");
        let mut run = run_of(
            id,
            &workflows[0],
            &a_person().build(),
            cause,
            begun,
            false,
            begun,
        );
        run.steps = steps;
        run
    }

    /// The nodes, by their addresses, with what each says.
    fn nodes_of(picture: &str) -> Vec<(String, Vec<String>)> {
        let node = |text: &str| {
            let (place, rest) = text.split_once('"').unwrap();
            let says = rest.split("<text").skip(1);
            let says = says.map(|text| {
                let (_, text) = text.split_once('>').unwrap();
                text.split('<').next().unwrap().trim().to_owned()
            });
            (place.to_owned(), says.collect())
        };
        picture
            .split("<a href=\"#step-")
            .skip(1)
            .map(node)
            .collect()
    }

    fn lines(picture: &str) -> usize {
        picture.matches("class=\"edge\"").count()
    }

    #[test]
    fn a_node_says_what_it_is_how_it_stands_and_when() {
        let mut first = step("first", &[]);
        first.enter(StepState::Verified, "");
        first.tried(at("2027-01-04T09:12:31Z"), "create", "done".to_owned());
        let mut second = step("second", &["first"]);
        let due = at("2027-01-08T09:00:00Z");
        second.wait(WaitsFor::Time, Some(due), "");
        let third = step("third", &["first", "second"]);

        let picture = draw(&run(vec![first, second, third])).into_string();

        let says = nodes_of(&picture);
        let says: Vec<(&str, Vec<&str>)> = says
            .iter()
            .map(|(place, says)| (place.as_str(), says.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(
            says,
            [
                ("first", vec!["first", "verified", "ended 4 Jan, 09:12 UTC"]),
                (
                    "second",
                    vec!["second", "waits for its time", "next 8 Jan, 09:00 UTC"]
                ),
                ("third", vec!["third", "waits for other steps"]),
            ]
        );
        assert_eq!(lines(&picture), 3, "{picture}");
    }

    #[test]
    fn what_needs_a_step_that_holds_others_needs_each_of_them() {
        let app = |app: &str| StepId::from("access").inside(&AppSlug::parse(app).unwrap());
        let (figma, mail) = (app("figma"), app("mail"));
        let steps = vec![
            step("access", &[]),
            step(figma.as_str(), &[]),
            step(mail.as_str(), &[]),
            step("hello", &["access"]),
        ];

        let picture = draw(&run(steps)).into_string();

        let places: Vec<String> = nodes_of(&picture).into_iter().map(|node| node.0).collect();
        assert_eq!(places, ["access-figma", "access-mail", "hello"]);
        assert_eq!(lines(&picture), 2, "{picture}");
    }

    #[test]
    fn many_alike_are_one_node_with_the_lines_of_all_of_them() {
        let mut steps = vec![step("one", &[]), step("other", &[])];
        for number in 0..FOLD {
            // Only the last one needs the other as well.
            let needs: &[&str] = if number + 1 == FOLD {
                &["one", "other"]
            } else {
                &["one"]
            };
            steps.push(step(&format!("many-{number}"), needs));
        }

        let picture = draw(&run(steps)).into_string();

        let nodes = nodes_of(&picture);
        assert_eq!(nodes.len(), 3, "{picture}");
        assert_eq!(nodes[2].1[0], format!("{FOLD} steps"));
        assert_eq!(lines(&picture), 2, "each line once: {picture}");
    }
}
