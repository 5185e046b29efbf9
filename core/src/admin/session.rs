//! Sessions of the console: opened by a link that counts once, by an API key, or by a provider of OpenID Connect.
//!
//! A session is an item under the hash of its token, which only the browser has. It lies in the store and not sealed in
//! the cookie, so that any process can answer, signing out ends it everywhere, and a forgotten API key ends the sessions
//! that it opened.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::audit::{Cause, StreamId};
use crate::changes::{Changes, Line};
use crate::handle::ledger;
use crate::ids::{KeyId, derive};
use crate::ports::Ports;
use crate::store::{Entity, Key, Loaded};

use super::api_key::{ApiKey, Scope, scopes_of};
use super::{AdminError, Who};

/// How long somebody is signed in.
const OPEN: SignedDuration = SignedDuration::from_hours(12);
/// How long a link can be used.
const LINK: SignedDuration = SignedDuration::from_hours(1);
/// The actor of whoever runs the process.
pub const LOCAL: &str = "local-admin";

/// Who signed in, as far as it does not change while they are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Signed {
    /// Whoever runs the process: by the link of its start, or by the administrator's token.
    Local,
    /// Somebody with an API key; what it may is asked anew every time.
    Key {
        /// Which one.
        id: KeyId,
    },
    /// Somebody whom a provider named.
    Provider {
        /// As the audit names them.
        actor: String,
        /// Their roles and their address, marked if nobody has verified it.
        names: BTreeSet<String>,
    },
}

/// What an item is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Opens one session, once.
    Link,
    /// Is one.
    Open,
}

/// A session, or a link that opens one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The hash of its token.
    name: String,
    kind: Kind,
    signed: Signed,
    until: Timestamp,
}

impl Entity for Session {
    const KIND: &'static str = "session";

    fn key(&self) -> Key {
        Key::Session(self.name.clone())
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

/// Somebody who is signed in, as they are now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// As the audit names them.
    pub actor: String,
    /// What to call them.
    pub name: String,
    /// What they may.
    pub scopes: BTreeSet<Scope>,
    /// Who they are for approvals.
    pub names: BTreeSet<String>,
}

fn hashed(token: &str) -> String {
    derive(&["session", token])
}

fn key(token: &str) -> Key {
    Key::Session(hashed(token))
}

fn token(ports: &Ports) -> String {
    let mut bytes = [0_u8; 32];
    ports.chance.fill(&mut bytes);
    hex::encode(bytes)
}

fn made(kind: Kind, signed: Signed, token: &str, now: Timestamp) -> Session {
    let long = match kind {
        Kind::Link => LINK,
        Kind::Open => OPEN,
    };
    Session {
        name: hashed(token),
        kind,
        signed,
        until: now.saturating_add(long).unwrap_or(Timestamp::MAX),
    }
}

async fn find(
    ports: &Ports,
    token: &str,
    kind: Kind,
) -> Result<Option<Loaded<Session>>, AdminError> {
    let now = ports.clock.now();
    let stored = ports.store.find::<Session>(&key(token)).await?;
    Ok(stored.filter(|stored| stored.entity.kind == kind && stored.entity.until > now))
}

fn line(action: &str) -> Line {
    Line::new(StreamId::Config, action, "session")
}

/// A token for a link that signs in whoever runs the process: for an hour, once.
///
/// # Errors
/// If the store did not do it.
pub async fn link(ports: &Ports) -> Result<String, AdminError> {
    let (token, now) = (token(ports), ports.clock.now());
    let who = Who {
        actor: LOCAL.to_owned(),
        cause: Cause::of("start", "link"),
        correlation_id: "start".to_owned(),
        at: now,
    };
    let mut changes = Changes::new(who);
    changes.insert(&made(Kind::Link, Signed::Local, &token, now));
    changes.say(line("link to sign in made"));
    ledger::commit(ports, changes).await?;
    Ok(token)
}

/// Uses a link up; answers the token of the session, or none if the link is used, too old or none of ours.
///
/// # Errors
/// If the store did not do it.
pub async fn redeem(ports: &Ports, who: &Who, link: &str) -> Result<Option<String>, AdminError> {
    let Some(found) = find(ports, link, Kind::Link).await? else {
        return Ok(None);
    };
    let token = token(ports);
    let who = Who {
        actor: LOCAL.to_owned(),
        ..who.clone()
    };
    let session = made(Kind::Open, found.entity.signed.clone(), &token, who.at);
    let mut changes = Changes::new(who);
    // Of two who have the link one is first; the other one meets a conflict.
    changes.delete(found.entity.key(), found.version);
    changes.insert(&session);
    changes.say(line("signed in"));
    ledger::commit(ports, changes).await?;
    Ok(Some(token))
}

/// Opens a session for somebody who has proved who they are; answers its token.
///
/// # Errors
/// If the store did not do it.
pub async fn open(ports: &Ports, who: &Who, signed: Signed) -> Result<String, AdminError> {
    let token = token(ports);
    let mut changes = Changes::new(who.clone());
    changes.insert(&made(Kind::Open, signed, &token, who.at));
    changes.say(line("signed in"));
    ledger::commit(ports, changes).await?;
    Ok(token)
}

/// Who has this session, as they are now; none if it is over.
///
/// # Errors
/// If the store cannot be read.
pub async fn known(ports: &Ports, token: &str) -> Result<Option<Known>, AdminError> {
    let Some(found) = find(ports, token, Kind::Open).await? else {
        return Ok(None);
    };
    Ok(match found.entity.signed {
        Signed::Local => Some(Known {
            actor: LOCAL.to_owned(),
            name: "Local administrator".to_owned(),
            scopes: BTreeSet::from([Scope::Admin]),
            names: BTreeSet::new(),
        }),
        Signed::Key { id } => {
            let key = ports.store.find::<ApiKey>(&Key::ApiKey(id)).await?;
            key.map(|key| Known {
                actor: format!("key:{}", key.entity.id),
                name: key.entity.name,
                scopes: key.entity.scopes,
                names: key.entity.roles,
            })
        }
        Signed::Provider { actor, names } => {
            let address = names.iter().find(|name| name.contains('@'));
            Some(Known {
                name: address.cloned().unwrap_or_else(|| actor.clone()),
                scopes: scopes_of(&names),
                actor,
                names,
            })
        }
    })
}

/// Ends a session.
///
/// # Errors
/// If the store did not do it.
pub async fn close(ports: &Ports, who: &Who, token: &str) -> Result<(), AdminError> {
    let Some(found) = find(ports, token, Kind::Open).await? else {
        return Ok(());
    };
    let mut changes = Changes::new(who.clone());
    changes.delete(found.entity.key(), found.version);
    changes.say(line("signed out"));
    Ok(ledger::commit(ports, changes).await?)
}
