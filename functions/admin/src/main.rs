//! The function `admin` on AWS: the API behind an HTTP API of the gateway.

use axum::Extension;
use lambda_http::{Error, run};
use sando_admin::{Api, InParts, router};
use sando_core::ports::{RemoteError, Secrets};
use sando_infra::aws;

/// Whose secret the administrator's token is: `<prefix>admin`, credential `token`.
const OWNER: &str = "admin";
/// A shorter token could be guessed.
const SHORTEST: usize = 32;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let connected = aws::connect(&aws::start()?)?;
    let admin_token = admin_token(&*connected.secrets).await?;
    let api = router(Api {
        ports: connected.ports,
        secrets: connected.secrets,
        tokens: connected.tokens,
        admin_token,
    });
    run(api.layer(Extension(InParts))).await
}

/// The token with which the first API key is made. Without the secret there is none, which is how it should be once
/// there are keys.
async fn admin_token(secrets: &dyn Secrets) -> Result<Option<String>, RemoteError> {
    let values = secrets.read(OWNER, true).await?.unwrap_or_default();
    let token = values.credentials.get("token").cloned();
    let (long, short): (Vec<_>, Vec<_>) =
        token.into_iter().partition(|token| token.len() >= SHORTEST);
    if !short.is_empty() {
        tracing::error!(
            "the administrator's token has less than {SHORTEST} characters and is not used"
        );
    }
    Ok(long.into_iter().next())
}
