//! Why there are no credentials for a request.

use sando_core::auth::AuthError;
use sando_core::ports::RemoteError;

/// Why there are no credentials for a request. Texts are masked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuthFailure {
    /// Something was not given, or makes no request: nothing was sent.
    #[error(transparent)]
    Wrong(#[from] AuthError),
    /// What was given is not accepted: only a human can help.
    #[error("{remote}: {why}")]
    Refused {
        /// Whose token endpoint.
        remote: String,
        /// Its status.
        status: Option<u16>,
        /// Its own words, or ours.
        why: String,
    },
    /// No answer, or none that can be used; perhaps later.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

impl AuthFailure {
    /// As the error of the request that needed the credentials.
    #[must_use]
    pub fn into_remote(self, remote: &str) -> RemoteError {
        match self {
            Self::Wrong(error) => RemoteError::Forbidden {
                remote: remote.to_owned(),
                why: error.to_string(),
            },
            Self::Refused { status, why, .. } => RemoteError::Refused {
                remote: remote.to_owned(),
                status: status.unwrap_or(401),
                message: why,
            },
            Self::Remote(error) => error,
        }
    }
}
