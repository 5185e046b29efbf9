//! API keys: what they may, and the hash that proves them. The secret itself is never kept.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::handle::ledger;
use crate::ids::KeyId;
use crate::ports::Ports;
use crate::store::{Entity, Group, Key, Loaded};

use super::{AdminError, Who, deciding};

/// What a key may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See.
    Read,
    /// Start something.
    Operate,
    /// Decide approvals.
    Approve,
    /// Everything, the others included.
    Admin,
}

impl Scope {
    /// The word in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Approve => "approve",
            Self::Admin => "admin",
        }
    }
}

/// What somebody with these roles may; roles that only approvals know give nothing here.
#[must_use]
pub fn scopes_of(roles: &BTreeSet<String>) -> BTreeSet<Scope> {
    roles
        .iter()
        .flat_map(|role| match role.as_str() {
            "viewer" => &[Scope::Read][..],
            "operator" => &[Scope::Read, Scope::Operate],
            "approver" => &[Scope::Approve],
            "administrator" => &[Scope::Admin],
            _ => &[],
        })
        .copied()
        .collect()
}

/// An API key as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id; no secret.
    pub id: KeyId,
    /// What people call it.
    pub name: String,
    /// What it may.
    pub scopes: BTreeSet<Scope>,
    /// Who it is for approvals.
    pub roles: BTreeSet<String>,
    /// SHA-256 of the secret. The secret has 256 bits of chance, so a slow hash would add nothing.
    pub hash: String,
    /// Since when.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiKey({}, {:?})", self.id, self.scopes)
    }
}

impl Entity for ApiKey {
    const KIND: &'static str = "api_key";

    fn key(&self) -> Key {
        Key::ApiKey(self.id.clone())
    }
}

/// A bearer token that has the shape of an API key: `sk_<key id>_<secret>`. Never printed.
pub struct Token {
    id: KeyId,
    secret: String,
}

impl Token {
    /// Takes a token apart; none if it is no API key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("sk_")?.rsplit_once('_')?;
        let id = KeyId::parse(id).ok()?;
        Some(Self {
            id,
            secret: secret.to_owned(),
        })
    }

    /// The key that this token proves; none if there is none.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn prove(&self, ports: &Ports) -> Result<Option<ApiKey>, AdminError> {
        let stored = ports
            .store
            .find::<ApiKey>(&Key::ApiKey(self.id.clone()))
            .await?;
        Ok(stored
            .map(|stored| stored.entity)
            .filter(|key| is_same(&key.hash, &hash(&self.secret))))
    }
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Are two secrets the same? Takes the same time wherever they differ.
#[must_use]
pub fn is_same(left: &str, right: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    digest(left)
        .as_slice()
        .ct_eq(digest(right).as_slice())
        .into()
}

/// What a key shall be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What people call it.
    pub name: String,
    /// What it may.
    pub scopes: BTreeSet<Scope>,
    /// Who it is for approvals.
    pub roles: BTreeSet<String>,
}

/// Makes a key; answers it with the token, which is never seen again.
///
/// # Errors
/// `Invalid` without a name or scope.
pub async fn make(
    ports: &Ports,
    who: &Who,
    wanted: Wanted,
) -> Result<(Loaded<ApiKey>, String), AdminError> {
    if wanted.name.trim().is_empty() || wanted.name.chars().count() > 100 {
        return Err(AdminError::mistake("name", "1 to 100 characters"));
    }
    if wanted.scopes.is_empty() {
        return Err(AdminError::mistake(
            "scopes",
            "at least one of read, operate, approve, admin",
        ));
    }
    let (mut id, mut secret) = ([0_u8; 16], [0_u8; 32]);
    ports.chance.fill(&mut id);
    ports.chance.fill(&mut secret);
    let secret = hex::encode(secret);
    let key = ApiKey {
        id: KeyId::derived(&[&hex::encode(id)]),
        name: wanted.name,
        scopes: wanted.scopes,
        roles: wanted.roles,
        hash: hash(&secret),
        created_at: who.at,
        created_by: who.actor.clone(),
    };
    let mut changes = Changes::new(who.clone());
    changes.insert(&key);
    let line = Line::new(
        StreamId::Config,
        "API key made",
        format!("api_key/{}", key.id),
    );
    changes.say(line.after(shown(&key)));
    ledger::commit(ports, changes).await?;
    let token = format!("sk_{}_{secret}", key.id);
    let loaded = Loaded {
        entity: key,
        version: crate::store::Version::ABSENT.next(),
        due: None,
    };
    Ok((loaded, token))
}

fn shown(key: &ApiKey) -> serde_json::Value {
    json!({ "name": key.name, "scopes": key.scopes, "roles": key.roles })
}

/// All keys.
///
/// # Errors
/// If the store cannot be read.
pub async fn all(ports: &Ports) -> Result<Vec<ApiKey>, AdminError> {
    let keys = ports.store.all::<ApiKey>(&Group::ApiKeys).await?;
    Ok(keys.into_iter().map(|key| key.entity).collect())
}

/// Forgets a key: its token proves nothing any more.
///
/// # Errors
/// `NotFound` if there is none.
pub async fn forget(ports: &Ports, who: &Who, id: &KeyId) -> Result<(), AdminError> {
    deciding!(forget_once(ports, who, id).await)
}

async fn forget_once(ports: &Ports, who: &Who, id: &KeyId) -> Result<(), AdminError> {
    let stored = ports.store.find::<ApiKey>(&Key::ApiKey(id.clone())).await?;
    let stored = stored.ok_or(AdminError::NotFound("API key"))?;
    let mut changes = Changes::new(who.clone());
    changes.delete(stored.entity.key(), stored.version);
    let line = Line::new(
        StreamId::Config,
        "API key forgotten",
        format!("api_key/{id}"),
    );
    changes.say(line.before(shown(&stored.entity)));
    Ok(ledger::commit(ports, changes).await?)
}
