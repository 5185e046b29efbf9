//! How pages of users are read: what of them is made, and as what.

use std::sync::Arc;

use super::{answer, signs};
use crate::{
    condition::Conditions,
    definition::{
        file::{
            Definition,
            pagination::{CursorFrom, NextUrl, Style},
        },
        map::{Explain, Mapping},
    },
    path::{Columns, Needs, Path},
};

/// How pages of users are read.
#[derive(Clone)]
pub(super) struct Reading {
    /// What of a page is made. `None` where all of it is: to show it, to remember details by it.
    pub(super) needs: Option<Arc<Needs>>,
    /// Who is a user, asked of rows as they are made.
    pub(super) filter: Conditions,
    /// How a row becomes a user, as rows are made.
    pub(super) mapping: Mapping,
}

impl Reading {
    pub(super) fn of(definition: &Definition, explain: Explain) -> Self {
        let mut reading = Self {
            needs: None,
            filter: definition.users.filter.clone(),
            mapping: definition.mapping.clone(),
        };
        if let Some(mut needs) = of_pages(definition, explain) {
            reading.read_rows(definition, explain, &mut needs);
            if definition.users.list.pagination.style == Style::None {
                needs.add_signs(&signs::KEYS);
            }
            reading.needs = Some(Arc::new(needs));
        }
        reading
    }

    /// Rows become lists where nothing but the mapping and the filter reads them: reasons tell what is null from what is not
    /// there.
    fn read_rows(&mut self, definition: &Definition, explain: Explain, needs: &mut Needs) {
        let rows = &definition.users.list.response_path;
        let more = of_rows(definition);
        let mut reads = self.mapping.reads();
        reads.extend(self.filter.reads());
        if more.is_empty()
            && explain == Explain::Nothing
            && let Some(columns) = Columns::of(&reads)
            && needs.add_columns(rows, columns.clone())
        {
            let paths = self.mapping.paths_mut().into_iter();
            for path in paths.chain(self.filter.paths_mut()) {
                *path = columns.within(path);
            }
            return;
        }
        let read = reads.into_iter().map(|(path, _)| path);
        needs.add_rows(rows, read.chain(more));
    }
}

/// What is read of a page beside its rows.
fn of_pages(definition: &Definition, explain: Explain) -> Option<Needs> {
    let users = &definition.users;
    let paging = &users.list.pagination;
    let is_lowered = definition.limits().max_depth < 128;
    if explain == Explain::Whole || is_lowered || users.details.is_some() {
        return None;
    }
    let mut needs = Needs::default();
    let mut top: Vec<&Path> = [&paging.has_more, &paging.total, &paging.total_pages]
        .into_iter()
        .flatten()
        .collect();
    match &paging.style {
        Style::NextUrl(NextUrl::Body(path)) => top.push(path),
        Style::Cursor {
            from: CursorFrom::Body(path),
            ..
        } => top.push(path),
        Style::Cursor {
            from: CursorFrom::Header(_) | CursorFrom::LastItem(_),
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
    let said = answer::SAID.map(|key| Path::parse(key).ok());
    top.extend(said.iter().flatten());
    let signs = signs::paths(&paging.style);
    top.extend(&signs);
    top.into_iter().for_each(|path| needs.add(path));
    Some(needs)
}

/// What is read of rows beside what users are made of.
fn of_rows(definition: &Definition) -> Vec<&Path> {
    let users = &definition.users;
    let mut paths: Vec<&Path> = users.joins.iter().map(|join| &join.user).collect();
    if let Style::Cursor {
        from: CursorFrom::LastItem(path),
        ..
    } = &users.list.pagination.style
    {
        paths.push(path);
    }
    paths
}
