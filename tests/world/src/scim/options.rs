//! What a SCIM application can be told before it starts.

use std::net::SocketAddr;
use std::time::Duration;

use crate::server::any_port;

/// How a SCIM application behaves.
#[derive(Clone, Debug)]
pub struct ScimOptions {
    /// Where it listens; a free port on loopback unless given.
    pub address: SocketAddr,
    /// Below which path its endpoints are.
    pub path: String,
    /// The bearer token it wants.
    pub token: String,
    /// Makes ids repeatable.
    pub seed: u64,
    /// How long a new account or group is not found by lists, filters and reads;
    /// `Duration::MAX` hides it until [`super::ScimApp::reveal`].
    pub invisible_for: Duration,
    /// Before every answer.
    pub latency: Duration,
    /// Whether a `userName` that is taken is refused with 409.
    pub unique: bool,
    /// Whether a group's `displayName` that is taken is refused with 409.
    pub unique_groups: bool,
    /// Whether `filter` is supported.
    pub filter: bool,
    /// Whether `PATCH` is supported.
    pub patch: bool,
    /// Whether there are ETags, and `If-Match` is looked at.
    pub etags: bool,
    /// The quirk of wanting `active` as `"True"` or `"False"` in a patch.
    pub active_as_text: bool,
    /// Whether lists come by cursor (RFC 9865) and not by index.
    pub cursors: bool,
    /// The largest page of a list.
    pub max_page: usize,
    /// The most members one patch may name.
    pub members_per_patch: usize,
}

impl Default for ScimOptions {
    fn default() -> Self {
        Self {
            address: any_port(),
            path: "/scim/v2".to_owned(),
            token: "scim-token".to_owned(),
            seed: 2,
            invisible_for: Duration::ZERO,
            latency: Duration::ZERO,
            unique: true,
            unique_groups: false,
            filter: true,
            patch: true,
            etags: true,
            active_as_text: false,
            cursors: false,
            max_page: 100,
            members_per_patch: 1_000,
        }
    }
}
