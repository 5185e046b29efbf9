//! What a sync changes in a roster, user by user. Pure: what is kept and what was read in, what is to be written out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Entry, Face, Next};
use crate::definition::{IdHash, MappedUser, User};
use crate::ids::RosterId;

/// The sync that compares, and what counts until it does.
#[derive(Clone, Debug)]
pub struct Comparing {
    /// Whose users.
    pub roster: RosterId,
    /// The sync.
    pub sync: u64,
    /// The last sync that counts.
    pub applied: u64,
    /// Now.
    pub at: Timestamp,
}

/// What is to be done with an entry.
#[derive(Clone, PartialEq, Debug)]
pub enum Write {
    /// Nothing: it is as it should be.
    Nothing,
    /// This is to be there.
    Put(Box<Entry>),
    /// It was only ever seen by syncs that do not count.
    Delete,
}

/// What a user is, compared with before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Not there before, or deleted.
    New,
    /// Something differs.
    Changed,
    /// Nothing does.
    Unchanged,
}

/// What somebody loses.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    /// The user is not in the list any more.
    Vanished,
    /// The user is not active any more.
    Inactive,
    /// The user has these licences no more.
    Licenses(Vec<String>),
}

/// A user who loses something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Loss {
    /// The hash of the application's id.
    pub id: IdHash,
    /// The application's id.
    pub external_id: String,
    /// The name that people know the user by.
    pub name: Option<String>,
    /// What is lost.
    pub lost: Lost,
}

/// What follows from a user who was read.
#[derive(Clone, PartialEq, Debug)]
pub struct Seen {
    /// What is to be done.
    pub write: Write,
    /// What the user is.
    pub change: Change,
    /// What the user loses.
    pub loss: Option<Loss>,
}

/// What follows from a user who was read: what is not known of them stays as it was.
#[must_use]
pub fn seen(
    entry: Option<&Entry>,
    mapped: MappedUser,
    why: Vec<String>,
    comparing: &Comparing,
) -> Seen {
    let before = entry.and_then(|entry| entry.visible(comparing.applied));
    let there = before.filter(|face| !face.deleted);
    let (user, unknown) = filled(mapped, there);
    let is_same = there.is_some_and(|face| face.user == user && face.unknown == unknown);
    let id = IdHash::of(&user.external_id);
    let change = match there {
        None => Change::New,
        Some(_) if is_same => Change::Unchanged,
        Some(_) => Change::Changed,
    };
    let loss = there
        .and_then(|face| lost(&face.user, &user))
        .map(|lost| loss(id, &user, lost));
    let write = match entry {
        Some(entry) if is_same => settled(entry, comparing),
        _ => {
            let face = Face {
                user,
                unknown,
                why,
                deleted: false,
                sync: comparing.sync,
                at: comparing.at,
            };
            put(entry, id, face, comparing)
        }
    };
    Seen {
        write,
        change,
        loss,
    }
}

/// What follows for an entry after the list was read to its end; `is_seen`: its id was in the list.
#[must_use]
pub fn unseen(entry: &Entry, is_seen: bool, comparing: &Comparing) -> (Write, Option<Loss>) {
    let wrote = entry.next.as_ref().map(|next| next.sync);
    if is_seen {
        // Written by this sync, or seen as a record that is no user: then it stays as it was.
        let fresh = wrote == Some(comparing.sync);
        let write = if fresh {
            Write::Nothing
        } else {
            settled(entry, comparing)
        };
        return (write, None);
    }
    match entry.visible(comparing.applied) {
        Some(face) if !face.deleted => {
            let gone = Face {
                deleted: true,
                why: vec!["deleted: it is not in the list any more".to_owned()],
                sync: comparing.sync,
                at: comparing.at,
                ..face.clone()
            };
            let loss = loss(entry.id, &face.user, Lost::Vanished);
            let done = entry
                .next
                .as_ref()
                .is_some_and(|next| next.sync == comparing.sync && next.face.deleted);
            let write = if done {
                Write::Nothing
            } else {
                put(Some(entry), entry.id, gone, comparing)
            };
            (write, Some(loss))
        }
        _ => (settled(entry, comparing), None),
    }
}

/// Takes back what a sync that does not count yet wrote about a user: they stay as they were.
#[must_use]
pub fn revert(entry: &Entry, comparing: &Comparing) -> Write {
    settled(entry, comparing)
}

/// Without what was written by syncs that do not count.
fn settled(entry: &Entry, comparing: &Comparing) -> Write {
    if !entry.is_stale(comparing.applied) {
        return Write::Nothing;
    }
    if entry.now.is_none() {
        return Write::Delete;
    }
    Write::Put(Box::new(Entry {
        next: None,
        ..entry.clone()
    }))
}

fn put(entry: Option<&Entry>, id: IdHash, face: Face, comparing: &Comparing) -> Write {
    let is_there = entry
        .and_then(|entry| entry.next.as_ref())
        .is_some_and(|next| {
            let Face { user, deleted, .. } = &next.face;
            next.sync == comparing.sync && *user == face.user && *deleted == face.deleted
        });
    if is_there {
        return Write::Nothing;
    }
    Write::Put(Box::new(Entry {
        roster: comparing.roster.clone(),
        id,
        first_seen_at: entry.map_or(comparing.at, |entry| entry.first_seen_at),
        now: entry.and_then(|entry| entry.visible(comparing.applied).cloned()),
        next: Some(Next {
            sync: comparing.sync,
            face,
        }),
    }))
}

fn loss(id: IdHash, user: &User, lost: Lost) -> Loss {
    let name = user.full_name.as_ref().or(user.email.as_ref());
    Loss {
        id,
        external_id: user.external_id.clone(),
        name: name.cloned(),
        lost,
    }
}

/// What somebody loses who was one and is the other now.
fn lost(before: &User, after: &User) -> Option<Lost> {
    if before.active && !after.active {
        return Some(Lost::Inactive);
    }
    let gone = before
        .licenses
        .iter()
        .filter(|license| !after.licenses.contains(license));
    let gone: Vec<String> = gone.cloned().collect();
    (!gone.is_empty()).then_some(Lost::Licenses(gone))
}

/// The user with what was known before in the place of what could not be read now; and what was never known.
fn filled(mapped: MappedUser, before: Option<&Face>) -> (User, Vec<String>) {
    let MappedUser { mut user, unknown } = mapped;
    let Some(before) = before else {
        return (user, unknown);
    };
    let mut never = Vec::new();
    for field in unknown {
        carry(&field, &before.user, &mut user);
        if before.unknown.contains(&field) {
            never.push(field);
        }
    }
    (user, never)
}

fn carry(field: &str, from: &User, to: &mut User) {
    match field {
        "email" => to.email.clone_from(&from.email),
        "username" => to.username.clone_from(&from.username),
        "full_name" => to.full_name.clone_from(&from.full_name),
        "role" => to.role.clone_from(&from.role),
        "created_at" => to.created_at.clone_from(&from.created_at),
        "last_visit_at" => to.last_visit_at.clone_from(&from.last_visit_at),
        "active" => to.active = from.active,
        "status" => to.status.clone_from(&from.status),
        "licenses" => to.licenses.clone_from(&from.licenses),
        "kind" => to.kind = from.kind,
        "custom_fields" => to.custom_fields.clone_from(&from.custom_fields),
        other => {
            if let Some(name) = other.strip_prefix("custom_fields.") {
                let value = from.custom_fields.get(name);
                let value = value.cloned().unwrap_or(Value::Null);
                to.custom_fields.insert(name.to_owned(), value);
            }
        }
    }
}
