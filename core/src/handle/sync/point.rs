//! Where a reading stands, as it is kept for another worker to go on with.

use std::ops::Range;

use super::desk::Desk;
use crate::definition::{Checkpoint, MappedUser};
use crate::handle::HandleError;
use crate::store::{PartKind, as_json};
use crate::sync::packed::{Packed, pack};
use crate::sync::{Content, Point};

/// A larger checkpoint is kept in parts.
const HERE: usize = 100 * 1024;
/// The bytes of the largest checkpoint.
const LARGEST: u64 = 64 << 20;

/// The checkpoint that was kept last.
pub(super) async fn kept(desk: &Desk<'_>) -> Result<Option<Checkpoint>, HandleError> {
    let (first, parts) = match &desk.sync.entity.point {
        None => return Ok(None),
        Some(Point::Here(checkpoint)) => return Ok(Some((**checkpoint).clone())),
        Some(Point::Apart { first, parts }) => (*first, *parts),
    };
    let places = first..first.saturating_add(parts);
    let packed = packed(desk, PartKind::Point, places).await?;
    // One that cannot be read is none: the list is read anew.
    let checkpoints = packed.and_then(|packed| packed.unpack(LARGEST));
    Ok(checkpoints.and_then(|mut all: Vec<Checkpoint>| all.pop()))
}

/// Keeps a checkpoint; false if it is too large for that.
pub(super) async fn keep(desk: &mut Desk<'_>, checkpoint: Checkpoint) -> Result<bool, HandleError> {
    let text = as_json(&checkpoint);
    if text.len() <= HERE {
        desk.sync.entity.point = Some(Point::Here(Box::new(checkpoint)));
        return Ok(true);
    }
    let (stretches, bytes) = pack(&[checkpoint]);
    if bytes > LARGEST {
        return Ok(false);
    }
    let first = match &desk.sync.entity.point {
        Some(Point::Apart { first, parts }) => first.saturating_add(*parts),
        _ => 0,
    };
    let mut place = first;
    for stretch in stretches {
        desk.put_part(place, Content::Point(stretch)).await?;
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
    let (stretches, bytes) = pack(users);
    for stretch in stretches {
        let place = desk.sync.entity.held_parts;
        desk.put_part(place, Content::Held(stretch)).await?;
        desk.sync.entity.held_parts = place.saturating_add(1);
    }
    let sync = &mut desk.sync.entity;
    sync.held_bytes = sync.held_bytes.saturating_add(bytes);
    Ok(())
}

/// Users who are held, in the order in which they were kept; none if any of them cannot be read.
pub(super) async fn held(desk: &Desk<'_>) -> Result<Option<Vec<MappedUser>>, HandleError> {
    let (parts, bytes) = (desk.sync.entity.held_parts, desk.sync.entity.held_bytes);
    let packed = packed(desk, PartKind::Held, 0..parts).await?;
    Ok(packed.and_then(|packed| packed.unpack(bytes)))
}

/// What parts hold; none if one of them holds something else.
async fn packed(
    desk: &Desk<'_>,
    kind: PartKind,
    places: Range<u32>,
) -> Result<Option<Packed>, HandleError> {
    let mut packed = Packed::default();
    for place in places {
        let is_packed = match desk.part(kind, place).await? {
            Content::Point(stretch) | Content::Held(stretch) => packed.append(&stretch),
            Content::Seen(_) | Content::Lost(_) => false,
        };
        if !is_packed {
            return Ok(None);
        }
    }
    Ok(Some(packed))
}
