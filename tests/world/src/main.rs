//! Starts a Lever, two SCIM applications and one without SCIM, and prints where they are as JSON.

use std::io::Write;

use sando_world::{HttpApp, HttpAppOptions, LeverOptions, LeverSim, ScimApp, ScimOptions};
use serde_json::json;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let lever = LeverSim::start(LeverOptions::default()).await?;
    let first = ScimApp::start(ScimOptions::default()).await?;
    let second = ScimApp::start(ScimOptions {
        seed: 20,
        ..ScimOptions::default()
    })
    .await?;
    let http = HttpApp::start(HttpAppOptions::default()).await?;
    let places = json!({
        "lever": { "api_url": lever.api_url(), "control_url": lever.control_url(), "key": "lever-key" },
        "scim": [
            { "base_url": first.base_url(), "token": first.token() },
            { "base_url": second.base_url(), "token": second.token() },
        ],
        "http": { "base_url": http.base_url(), "api_key": http.api_key() },
    });
    writeln!(std::io::stdout(), "{places:#}")?;
    tokio::signal::ctrl_c().await
}
