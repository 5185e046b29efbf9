//! What is read of a page of users: the rest of it need not be made.

use crate::{
    definition::file::{
        Definition,
        pagination::{CursorFrom, NextUrl, Style},
    },
    path::{Needs, Path},
};

/// What is read of a page of users. `None` where all of it is: to explain it, to remember details by it, to look for signs of paging.
pub(super) fn of_users(definition: &Definition, explain: bool) -> Option<Needs> {
    let users = &definition.users;
    let paging = &users.list.pagination;
    let is_lowered = definition.limits().max_depth < 128;
    if explain || is_lowered || users.details.is_some() || paging.style == Style::None {
        return None;
    }
    let mut needs = Needs::default();
    let mut top: Vec<&Path> = [&paging.has_more, &paging.total, &paging.total_pages]
        .into_iter()
        .flatten()
        .collect();
    let mut row: Vec<&Path> = Vec::new();
    match &paging.style {
        Style::NextUrl(NextUrl::Body(path)) => top.push(path),
        Style::Cursor {
            from: CursorFrom::Body(path),
            ..
        } => top.push(path),
        Style::Cursor {
            from: CursorFrom::LastItem(path),
            ..
        } => row.push(path),
        Style::Cursor {
            from: CursorFrom::Header(_),
            ..
        }
        | Style::NextUrl(NextUrl::Link { .. })
        | Style::None
        | Style::Offset { .. }
        | Style::Page { .. } => {}
    }
    top.extend(users.list.keep.iter().map(|(_, path)| path));
    for rule in &definition.rules {
        top.extend(rule.when.paths().chain(&rule.message));
    }
    let errors = Path::parse("errors").ok();
    top.extend(&errors);
    row.extend(users.filter.paths());
    row.extend(users.joins.iter().map(|join| &join.user));
    row.extend(definition.mapping.paths());
    top.into_iter().for_each(|path| needs.add(path));
    needs.add_rows(&users.list.response_path, row);
    Some(needs)
}
