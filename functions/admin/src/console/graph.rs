//! The picture of a run: its steps in columns by what they need, as links in reading order. The list below it says the
//! same, and is the page on a narrow screen.

use std::collections::BTreeMap;

use maud::{Markup, html};
use sando_core::ids::StepId;
use sando_core::run::{Run, Step, StepState};

use super::assets::Asset;
use super::parts::anchor;
use super::states;
use super::words;

const WIDTH: usize = 200;
const HEIGHT: usize = 44;
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
        let is_in = |node: &&Node| node.steps.iter().any(|other| other.id == step.id);
        nodes.iter().find(is_in)
    };
    html! {
        svg width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } role="group" {
            @for node in &nodes {
                @for need in node.steps.iter().take(1).flat_map(|step| needs_of(run, &leaves, step)) {
                    @if let Some(from) = of(need) { (edge(from, node)) }
                }
            }
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
    let (x, y) = (node.x(), node.y());
    let class = if step.state == StepState::Planned {
        "node planned"
    } else {
        "node"
    };
    html! {
        // Named by what it shows: the blank keeps the two texts apart for who hears them.
        a href={ "#step-" (anchor(step.id.as_str())) } {
            g class=(class) {
                rect x=(x) y=(y) width=(WIDTH) height=(HEIGHT) rx="6" {}
                svg class={ "d-" (shape.tone()) } x=(x + 12) y=(y + 13) width="18" height="18" aria-hidden="true" {
                    use href={ (Asset::Icons.url()) "#" (shape.icon()) } {}
                }
                text.name x=(x + 40) y=(y + 19) { (name) } " "
                text.state x=(x + 40) y=(y + 35) { (state) }
            }
        }
    }
}
