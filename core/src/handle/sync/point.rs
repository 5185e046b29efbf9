//! Where a reading stands, as it is kept for another worker to go on with.

use super::desk::Desk;
use crate::definition::{Checkpoint, MappedUser};
use crate::handle::HandleError;
use crate::store::{PartKind, as_json};
use crate::sync::{Content, Point};

/// A larger checkpoint is kept in parts.
const HERE: usize = 100 * 1024;
/// The bytes of one part.
const STRETCH: usize = 150 * 1024;
/// The largest checkpoint.
const LARGEST: usize = 64 << 20;

/// The checkpoint that was kept last.
pub(super) async fn kept(desk: &Desk<'_>) -> Result<Option<Checkpoint>, HandleError> {
    let (first, parts) = match &desk.sync.entity.point {
        None => return Ok(None),
        Some(Point::Here(checkpoint)) => return Ok(Some((**checkpoint).clone())),
        Some(Point::Apart { first, parts }) => (*first, *parts),
    };
    let mut text = String::new();
    for place in first..first.saturating_add(parts) {
        if let Content::Point(stretch) = desk.part(PartKind::Point, place).await? {
            text.push_str(&stretch);
        }
    }
    // One that cannot be read is none: the list is read anew.
    Ok(serde_json::from_str(&text).ok())
}

/// Keeps a checkpoint; false if it is too large for that.
pub(super) async fn keep(desk: &mut Desk<'_>, checkpoint: Checkpoint) -> Result<bool, HandleError> {
    let text = as_json(&checkpoint);
    if text.len() <= HERE {
        desk.sync.entity.point = Some(Point::Here(Box::new(checkpoint)));
        return Ok(true);
    }
    if text.len() > LARGEST {
        return Ok(false);
    }
    let first = match &desk.sync.entity.point {
        Some(Point::Apart { first, parts }) => first.saturating_add(*parts),
        _ => 0,
    };
    let mut place = first;
    for stretch in stretches(&text) {
        let content = Content::Point(stretch.to_owned());
        desk.put_part(place, content).await?;
        place = place.saturating_add(1);
    }
    let parts = place.saturating_sub(first);
    desk.sync.entity.point = Some(Point::Apart { first, parts });
    Ok(true)
}

/// Keeps users who are held, after those who were kept before: whoever is held is written once, and again if they change.
pub(super) async fn keep_held(
    desk: &mut Desk<'_>,
    users: &[MappedUser],
) -> Result<(), HandleError> {
    let mut text = String::new();
    for user in users {
        text.push_str(&as_json(user));
        text.push('\n');
    }
    for stretch in stretches(&text) {
        let place = desk.sync.entity.held_parts;
        let content = Content::Held(stretch.to_owned());
        desk.put_part(place, content).await?;
        desk.sync.entity.held_parts = place.saturating_add(1);
    }
    Ok(())
}

/// Users who are held, in the order in which they were kept; none if any of them cannot be read.
pub(super) async fn held(desk: &Desk<'_>) -> Result<Option<Vec<MappedUser>>, HandleError> {
    let mut users = Vec::new();
    let mut rest = String::new();
    for place in 0..desk.sync.entity.held_parts {
        let Content::Held(stretch) = desk.part(PartKind::Held, place).await? else {
            return Ok(None);
        };
        let text = std::mem::take(&mut rest) + &stretch;
        for line in text.split_inclusive('\n') {
            if !line.ends_with('\n') {
                line.clone_into(&mut rest);
                continue;
            }
            match serde_json::from_str(line) {
                Ok(user) => users.push(user),
                Err(_) => return Ok(None),
            }
        }
    }
    Ok(Some(users))
}

/// A text in portions.
fn stretches(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (stretch, more) = rest.split_at(rest.floor_char_boundary(STRETCH));
        rest = more;
        (!stretch.is_empty()).then_some(stretch)
    })
}
